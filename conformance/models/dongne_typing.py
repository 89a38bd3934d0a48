"""Somebody who types, and to whom the end of that is owed (`dongne/typing/2`, `dongne/typing/6`)."""

from dataclasses import dataclass, field
from typing import Final

from conformance.expectation import Expectation
from conformance.person import Person
from protocols.contract import Json
from simulators.target import Target

LAPSE_MS: Final = 3000


@dataclass(eq=False, slots=True)
class Typing:
    """A user who has said that they type in a question, and not said otherwise."""

    question_id: str
    user_id: Json
    socket: Person
    """The one that said so last."""
    began: float
    """`time.monotonic()` of that."""
    owed: list[Expectation] = field(default_factory=list)
    """That each of those who listen hears of its end, once; some of it may have come."""
    doubtful: list[Person] = field(default_factory=list)
    """Sockets that began to listen when it was about to end by itself: they may hear of it."""

    def left_ms(self, now: float, target: Target) -> float:
        """Return how many of the target's milliseconds are left until it ends by itself; negative when it is over."""
        return LAPSE_MS - (now - self.began) * 1000 * target.time_scale
