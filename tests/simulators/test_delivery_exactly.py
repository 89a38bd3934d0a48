"""Whatever a target does to deliveries, the account says how often it did it: no more, no less, and to whom."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.contract import Event
from protocols.space import ChatMessageRequest, WhisperReceived, WhisperSend

from .play import MS, Play, chat, move, moved

PEOPLE: Final = ("ann", "ben", "cho", "dan")
KINDS: Final = {
    "player:move": ("player:moved", 200),
    "chat:message": ("chat:message", 1000),
    "whisper:send": ("whisper:received", 1000),
}
"""What is said -> what is heard of it, and within how many milliseconds."""


@dataclass
class Deed:
    """Something that somebody says, and what the target makes of it."""

    cause: str
    author: str
    at_ms: int
    heard_ms: dict[str, list[int]] = field(default_factory=dict)
    """Who is to hear it -> how long after they do, as often as they do; a second time is one too many."""


@st.composite
def deeds(draw: st.DrawFn) -> list[Deed]:
    made: list[Deed] = []
    at_ms = 0
    for _ in range(draw(st.integers(1, 15))):
        at_ms += draw(st.integers(50, 1500))  # slower than the contract's limit of 30 moves a second
        cause, author = draw(st.sampled_from(list(KINDS))), draw(st.sampled_from(PEOPLE))
        others = [person for person in PEOPLE if person != author]
        receivers = {"player:move": others, "chat:message": list(PEOPLE), "whisper:send": others[:1]}[cause]
        fates = {receiver: draw(st.lists(st.integers(0, 4000), max_size=2)) for receiver in receivers}
        made.append(Deed(cause, author, at_ms, fates))
    return made


def said(deed: Deed, number: int) -> Event:
    match deed.cause:
        case "player:move":
            return move(number)
        case "chat:message":
            return ChatMessageRequest(content=f"{number}")
        case _:
            return WhisperSend(targetId=f"id-{next(iter(deed.heard_ms))}", content=f"{number}")


def heard(deed: Deed, number: int) -> Event:
    match deed.cause:
        case "player:move":
            return moved(deed.author, number)
        case "chat:message":
            return chat(deed.author, f"{number}")
        case _:
            return WhisperReceived(senderId=f"id-{deed.author}", senderName=deed.author, content=f"{number}")


def wanted(deeds: list[Deed]) -> Counter[tuple[str, str]]:
    """Count the plain way what is to stand in the account: cause and column -> how many."""
    counts: Counter[tuple[str, str]] = Counter()
    arrivals: dict[tuple[str, str], list[tuple[int, int, str]]] = {}  # hearer, author -> when, which deed, its cause
    for number, deed in enumerate(deeds):
        for hearer, after_ms in deed.heard_ms.items():
            counts[deed.cause, "delivered" if after_ms else "lost"] += 1
            counts[deed.cause, "duplicated"] += len(after_ms) == 2
            if after_ms:
                counts[deed.cause, "late"] += min(after_ms) > KINDS[deed.cause][1]
                arrivals.setdefault((hearer, deed.author), []).append((deed.at_ms + min(after_ms), number, deed.cause))
    for came in arrivals.values():
        for at_ms, number, cause in came:
            counts[cause, "misordered"] += any(
                later > number and (when, later) < (at_ms, number) for when, later, _ in came
            )
    return +counts


@settings(max_examples=100, deadline=None)
@given(deeds())
def test_losses_duplicates_disorder_and_lateness_are_counted_exactly(deeds: list[Deed]) -> None:
    play = Play()
    for number, person in enumerate(PEOPLE):
        play.join(person, *PEOPLE[:number])
    play.wait(10)
    assert play.tally.faults == 0
    before = {key: row.delivered for key, row in play.tally.rows.items()}

    lines = [(deed.at_ms, 0, number, deed.author) for number, deed in enumerate(deeds)]
    for number, deed in enumerate(deeds):
        lines.extend((deed.at_ms + ms, 1, number, who) for who, after in deed.heard_ms.items() for ms in after)
    begin_ns = play.now_ns
    for at_ms, is_heard, number, person in sorted(lines):
        play.now_ns = begin_ns + at_ms * MS
        play.ledger.settle(play.now_ns)
        if is_heard:
            play.hear(person, heard(deeds[number], number), after_ms=0)
        else:
            play.say(person, said(deeds[number], number))
    play.wait(60)

    counts: Counter[tuple[str, str]] = Counter()
    for key, row in play.tally.rows.items():
        for column in ("delivered", "lost", "duplicated", "misordered", "late", "misheard"):
            counts[row.cause, column] += getattr(row, column)
        counts[row.cause, "delivered"] -= before.get(key, 0)
        assert row.expected == row.delivered + row.lost
        assert row.times.count == row.delivered, "all of it was demanded, and timed"
    assert +counts == wanted(deeds)
    assert play.ledger.pending == 0
