"""What every report is written from: the circumstances of a run, and what it found out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from conformance.playground import Options
from conformance.reproduce.files import Reproducer
from conformance.runner import RunEvent
from conformance.tally import Tally
from conformance.verdict import Key
from simulators.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The circumstances of a run."""

    target: Target
    """With the namespace in which the protocol was found."""
    options: Options
    addresses: tuple[str, ...]
    """What was asked for; empty for everything."""
    started: datetime
    repeat: Callable[[str], str]
    """Gives the command that plays one case again, by its address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run that has ended."""

    run: Run
    tally: Tally
    took_s: float
    stopped: str = ""
    """Why it ended before its last case; empty when it did not."""
    reproducers: Mapping[Key, Reproducer] = field(default_factory=dict)
    """How others can see its defects, by the keys of their verdicts; nothing where no folder was asked for."""


class Listener(Protocol):
    """Hears of a run as it goes, and writes one kind of report."""

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Take in what has just happened; the tally knows of it already."""

    def end(self, report: Report) -> None:
        """Tell of the whole; called once, also when the run was cut short."""
