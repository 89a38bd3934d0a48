"""What a load test has measured since somebody last looked: times and failures, by the row they belong to."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from loadtests.results.record import Delivery
from simulators.tally import Times


class Label(NamedTuple):
    """A row of the statistics: `deliver` and `player:moved`."""

    kind: str
    name: str


class Failure(NamedTuple):
    """One way in which a row can go wrong."""

    label: Label
    error: str
    timed: bool
    """Whether it happened to something that was timed all the same, as what comes late is."""


@dataclass(slots=True)
class Account:
    """How things stand for the people of one protocol in one process, from the beginning on."""

    sent: dict[str, int] = field(default_factory=dict)
    """What was said -> how often."""
    deliveries: list[Delivery] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    """The first few things that went wrong, in words."""


@dataclass(slots=True)
class Batch:
    """What one stretch of a run gave."""

    times: dict[Label, Times] = field(default_factory=dict)
    failures: Counter[Failure] = field(default_factory=Counter)
    untimed: Counter[Label] = field(default_factory=Counter)
    """What went well and was not timed."""
    lag: Times = field(default_factory=Times)
    """How late the generator itself was meanwhile."""
    account: Account | None = None
    """None in a batch that comes from nobody who keeps one."""


class Samples:
    """Where a run puts what it measures; belongs to one thread."""

    def __init__(self) -> None:
        self._batch = Batch()

    def time(self, label: Label, begin_ns: int, end_ns: int) -> None:
        """Take in how long something took."""
        times = self._batch.times.get(label)
        if times is None:
            times = self._batch.times[label] = Times()
        times.add(begin_ns, end_ns)

    def include(self, label: Label, times: Times) -> None:
        """Take in how long many things took."""
        if times.counts:
            self._batch.times.setdefault(label, Times()).include(times)

    def count(self, label: Label, count: int) -> None:
        """Take in that something went well that nobody can time."""
        self._batch.untimed[label] += count

    def fail(self, label: Label, error: str, *, count: int = 1, timed: bool = False) -> None:
        """Take in a failure; use few different words, since each makes a line of its own."""
        self._batch.failures[Failure(label, error, timed)] += count

    def take(self) -> Batch:
        """Return what came since the last time."""
        batch, self._batch = self._batch, Batch()
        return batch
