"""What is asked about most, over the last hour and the last day."""

import heapq
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from reference_server.effects import Publish

RANGES_MS: Final[Mapping[str, int]] = {"1h": 3_600_000, "24h": 86_400_000}
TOP: Final = 10
QUESTIONS: Final = 2000
"""Questions counted in each range; beyond these the oldest are left out, though their time is not over."""
TTL_S: Final = 900


class Trends:
    """The hashtags of the latest questions."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        # range -> (when, hashtags) of each question in it, the oldest first
        self._asked: dict[str, deque[tuple[int, tuple[str, ...]]]] = {name: deque() for name in RANGES_MS}
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in RANGES_MS}  # range -> hashtag -> questions

    def asked(self, hashtags: Sequence[str], now_ms: int) -> Iterator[Publish]:
        """Count a question, and tell others: `trending:{range}` is `[{tag, count}]`, the most first, at most ten."""
        tags = tuple(dict.fromkeys(hashtags))
        for name, range_ms in RANGES_MS.items():
            asked, counts = self._asked[name], self._counts[name]
            asked.append((now_ms, tags))
            counts.update(tags)
            while asked[0][0] < now_ms - range_ms or len(asked) > QUESTIONS:
                for tag in asked.popleft()[1]:
                    counts[tag] -= 1
                    if not counts[tag]:
                        del counts[tag]
            top = heapq.nsmallest(TOP, counts.items(), key=lambda item: (-item[1], item[0]))
            yield Publish(f"trending:{name}", [{"tag": tag, "count": count} for tag, count in top], TTL_S)
