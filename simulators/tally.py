"""What has been counted and timed, event by event: the rows of the table that a simulation ends with."""

from dataclasses import dataclass, field
from typing import Final

from hdrh.histogram import HdrHistogram

MAX_EXAMPLES: Final = 20
_LONGEST_US: Final = 3_600_000_000
_BITS: Final = 11  # as many keep three digits, and HDR histograms of three digits keep no more
_FINE_US: Final = 1 << _BITS


class Times:
    """Durations from 1 µs to an hour, counted to three digits: what an HDR histogram keeps, at a tenth of the price."""

    def __init__(self, counts: dict[int, int] | None = None) -> None:
        self.counts: dict[int, int] = {} if counts is None else counts
        """Microseconds, all but the first eleven bits zero -> how often."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Times) and self.counts == other.counts

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"Times({self.counts})"

    def add(self, due_ns: int, at_ns: int) -> None:
        """Take in how long after the moment it was due something happened."""
        us = (at_ns - due_ns) // 1000
        if us >= _FINE_US:
            coarse = min(us, _LONGEST_US).bit_length() - _BITS
            us = min(us, _LONGEST_US) >> coarse << coarse
        elif us < 1:
            us = 1
        counts = self.counts
        counts[us] = counts.get(us, 0) + 1

    def include(self, other: "Times") -> None:
        """Take in all that another holds."""
        for us, count in other.counts.items():
            self.counts[us] = self.counts.get(us, 0) + count

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    def histogram(self) -> HdrHistogram:
        """Return them as an HDR histogram of microseconds, to be written, merged and asked for percentiles."""
        histogram = HdrHistogram(1, _LONGEST_US, 3)
        for us, count in self.counts.items():
            histogram.record_value(us, count)
        return histogram

    def percentile_ms(self, percent: float) -> float | None:
        """Return below how many milliseconds this many percent are; None where there are none."""
        if not self.counts:
            return None
        due = max(1, int(percent / 100 * self.count + 0.5))  # as HDR histograms count, from the first on
        for us in sorted(self.counts):
            due -= self.counts[us]
            if due <= 0:
                break
        return _greatest_like(us) / 1000


def _greatest_like(us: int) -> int:
    """Return the greatest time that is counted as this one is."""
    return us | (1 << max(0, us.bit_length() - _BITS)) - 1


@dataclass(slots=True)
class Row:
    """What became of one event because of another: `chat:message` said, `chat:message` heard."""

    cause: str
    """What was said; empty for what nobody of ours is known to have caused."""
    heard: str
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0
    misordered: int = 0
    misheard: int = 0
    """Heard by somebody who should not have."""
    late: int = 0
    """Of those delivered, how many after the promised time, patience included."""
    excluded: int = 0
    """Deliveries that nobody can demand: who should hear came or went meanwhile, or the promise is a SHOULD."""
    times: Times = field(default_factory=Times)

    @property
    def expected(self) -> int:
        """Deliveries that were due and are settled: delivered or lost."""
        return self.delivered + self.lost

    @property
    def faults(self) -> int:
        """How many deliveries went wrong."""
        return self.lost + self.duplicated + self.misordered + self.misheard


class Tally:
    """All rows of one run, and what was seen going wrong."""

    def __init__(self) -> None:
        self.sent: dict[str, int] = {}
        """What was said -> how often."""
        self.rows: dict[tuple[str, str], Row] = {}
        self.acks: dict[str, Times] = {}
        """What was said -> how long its acks took."""
        self.lag = Times()
        """How late this side was with what it had to do: all that was said, and a look at the clock every 10 ms.

        Where this is long, durations are those of the machine that measured, and say little of the target.
        """
        self.violations = 0
        """Messages that break their schema."""
        self.dropped = 0
        """Connections that the target ended without a reason that the contract knows."""
        self.shut_out: set[str] = set()
        """Places into which somebody was not let who is to be there."""
        self.refused = 0
        """Attempts to connect that came to nothing."""
        self._latest_from = Times()  # of all deliveries, when the latest were taken
        self.examples: list[str] = []
        """The first few things that went wrong, in words."""

    def take_latest(self) -> Times:
        """Return how long those deliveries took that were not there when this was asked last."""
        times, before = self.times(), self._latest_from.counts
        self._latest_from = times
        return Times({us: new for us, count in times.counts.items() if (new := count - before.get(us, 0)) > 0})

    def row(self, cause: str, heard: str) -> Row:
        """Return the row of what was heard because of what was said."""
        row = self.rows.get((cause, heard))
        if row is None:
            row = self.rows[cause, heard] = Row(cause, heard)
        return row

    def say(self, name: str) -> None:
        """Count something said."""
        self.sent[name] = self.sent.get(name, 0) + 1

    def acknowledged(self, name: str, due_ns: int, at_ns: int, *, is_late: bool = False) -> None:
        """Take in how long an ack took since its event was due, and whether that was too long."""
        self.acks.setdefault(name, Times()).add(due_ns, at_ns)

    def unanswered(self, name: str, due_ns: int, at_ns: int, text: str) -> None:
        """Take in that no ack of an event came until the last moment for it."""
        self.violated(text)

    def violated(self, text: str) -> None:
        """Count a message that breaks its schema."""
        self.violations += 1
        self.complain(text)

    def lose_connection(self, text: str) -> None:
        """Count a connection that the target should not have ended."""
        self.dropped += 1
        self.complain(text)

    def shut_out_of(self, room: str, text: str) -> None:
        """Count somebody whom the target does not let in where they are to be."""
        self.shut_out.add(room)
        self.complain(text)

    def complain(self, text: str) -> None:
        """Keep what went wrong, in words, while there are few."""
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(text)

    @property
    def faults(self) -> int:
        """How much went wrong, all in all."""
        return sum(row.faults for row in self.rows.values()) + self.violations + self.dropped + len(self.shut_out)

    def times(self) -> Times:
        """Return how long all deliveries took."""
        times = Times()
        for row in self.rows.values():
            times.include(row.times)
        return times

    def total(self, column: str) -> int:
        """Return the sum of a column over all rows."""
        return sum(getattr(row, column) for row in self.rows.values())
