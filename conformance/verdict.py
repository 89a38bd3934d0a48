"""What is said of one requirement, and the exception that carries a broken promise from where it was seen."""

from dataclasses import dataclass
from enum import IntEnum

from protocols.errors import Nonconformance


class Outcome(IntEnum):
    """The worse outweighs the better; a check that was skipped says less than one that passed."""

    SKIP = 0
    PASS = 1
    UNKNOWN = 2
    """The check itself could not tell: it crashed, or the target went away."""
    FAIL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one case found out about one requirement."""

    requirement: str
    outcome: Outcome
    case: str
    """Address of the case that found it."""
    reason: str = ""
    """Why it was skipped, or why nobody can tell."""
    expected: str = ""
    came: str = ""
    conversation: tuple[str, ...] = ()
    """The shortest conversation that shows it, one line each."""
    also: tuple[str, ...] = ()
    """Addresses of further requirements that the same finding breaks."""


class Broken(Nonconformance):
    """The target broke a promise: what was expected, and what came instead."""

    def __init__(self, requirement: str, expected: str, came: str, also: tuple[str, ...] = ()) -> None:
        self.requirement = requirement
        self.expected = expected
        self.came = came
        self.also = also
        super().__init__(f"{requirement}: expected {expected}; came {came}")
