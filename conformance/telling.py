"""How a conversation is told in a few lines: what matters least of it is left out."""

import itertools
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from conformance.verdict import Broken

LONGEST_CONVERSATION: Final = 8


def shortened(lines: Sequence[str], deeds: Iterable[int], broken: Broken) -> tuple[str, ...]:
    """Leave out what matters least of a long conversation: how it begins, what was done and what came last stay."""
    room = LONGEST_CONVERSATION - 1
    kept = set(range(len(lines)))
    if len(lines) > room:
        kept = {0, *(max(deed, 0) for deed in deeds)}
        while len(kept) + _gaps(kept) < room:
            kept.add(max(set(range(len(lines))) - kept))
    shown: list[str] = []
    after = 0
    for index in sorted(kept):
        if index > after:
            shown.append(f"… {index - after} more lines")
        shown.append(lines[index])
        after = index + 1
    return (*shown, f"! {broken.came}")


def _gaps(kept: Collection[int]) -> int:
    """Count where something is left out between the lines that are kept."""
    ordered = sorted(kept)
    return sum(after - before > 1 for before, after in itertools.pairwise(ordered))
