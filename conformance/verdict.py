"""What is said of one requirement, and the exception that carries a broken promise from where it was seen."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self, TypeAlias

from conformance.checks import Check
from conformance.reproduce.evidence import Evidence
from conformance.reproduce.tape import Tape
from conformance.reproduce.trace import Trace
from conformance.symptom import Symptom
from protocols.errors import Nonconformance

Key: TypeAlias = tuple[str, str, str]
"""What tells defects apart: the kind of check, the requirement of the step that failed, and what it failed on."""


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
    check: Check | None = None
    """What kind of check failed; None where none did."""
    about: str = ""
    """What it failed on: `player:move > player:moved` for what somebody heard of a move, `player:move` for its ack."""
    origin: str = ""
    """The requirement that the failed step was about, where a scene has named another."""
    trace: Trace | None = None
    """How others can see it; None where it was not seen by people on a stage."""
    tape: Tape | None = None
    """The same of what was seen below the events."""
    times: int = 1
    """How often the case met it."""

    @property
    def key(self) -> Key:
        """What is the same of all findings of one defect."""
        return (self.check or "", self.origin or self.requirement, self.about)


class Broken(Nonconformance):
    """The target broke a promise: what was expected, and what came instead.

    `about` names what it broke it on: findings of one kind about the same are one defect.
    """

    def __init__(
        self,
        requirement: str,
        expected: str,
        came: str,
        also: tuple[str, ...] = (),
        *,
        check: Check = Check.LAW,
        about: str = "",
    ) -> None:
        self.requirement = requirement
        self.expected = expected
        self.came = came
        self.also = also
        self.check = check
        self.about = about
        self.origin = requirement
        self.symptoms: tuple[Symptom, ...] = ()
        """What shows it to anybody who does the same; nothing where nobody has said so."""
        self.unshown = ""
        """Why nobody who does the same with a stock client could see it; empty where they can."""
        self.evidence: Evidence | None = None
        """What was done and heard until it was seen; None where no stage has seen it."""
        super().__init__(f"{requirement}: expected {expected}; came {came}")

    @property
    def key(self) -> Key:
        """What is the same of all findings of one defect."""
        return (self.check, self.origin, self.about)

    def at(self, requirement: str) -> Self:
        """Return the same finding as one of another requirement; what it was found at is broken, too."""
        also = tuple(one for one in dict.fromkeys((self.requirement, *self.also)) if one != requirement)
        moved = type(self)(requirement, self.expected, self.came, also, check=self.check, about=self.about)
        moved.origin = self.origin
        moved.symptoms, moved.unshown, moved.evidence = self.symptoms, self.unshown, self.evidence
        return moved

    def shown(self, *symptoms: Symptom) -> Self:
        """Say what shows it to anybody who does the same, and return it."""
        self.symptoms = symptoms
        return self

    def hidden(self, why: str) -> Self:
        """Say why nobody who does the same with a stock client could see it, and return it."""
        self.unshown = why
        return self
