"""What a load test must see at each of the three servers, and whether it did."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from loadtests.population import ACK_LIMIT_S
from loadtests.results.record import Record, Total, percentile_ms
from loadtests.self_test.server import Freezing, Little, Losing, Silent

USERS: Final = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that had to be seen."""

    wanted: str
    seen: str
    is_right: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """A server that is wrong in one way, and what must be seen of it."""

    name: str
    server: type[Little]
    for_s: float
    """How long it is loaded."""
    exit_code: int
    read: Callable[[Record], list[Finding]]

    def judge(self, record: Record, exit_code: int) -> list[Finding]:
        """Return what was to be seen, and what was."""
        ended = Finding(f"exit code {self.exit_code}", str(exit_code), exit_code == self.exit_code)
        return [*self.read(record), ended]


def _slow(record: Record) -> list[Finding]:
    return [
        Finding(f"p99 of {kind} {name} at least 5,500 ms", f"{ms:,.0f} ms", ms >= 5500)
        for kind, name in (("ack", "sendMessage"), ("deliver", "newMessage"))
        for ms in [_percentile(record, kind, name, 99)]
    ]


def _unanswered(record: Record) -> list[Finding]:
    row = _row(record, "ack", "joinRoom")
    count, failures = (0, 0) if row is None else (row.count, row.failures)
    ms, limit_ms = _percentile(record, "ack", "joinRoom", 1), ACK_LIMIT_S * 1000
    return [
        Finding(f"{USERS} acks, all failed", f"{count} acks, {failures} failed", count == failures == USERS),
        # Three digits are kept of each; a busy machine looks a moment later whether the time is over.
        Finding(f"each timed at its limit of {limit_ms:,.0f} ms", f"p1 {ms:,.0f} ms", 0 <= ms / limit_ms - 0.999 < 0.2),
    ]


def _lossy(record: Record) -> list[Finding]:
    expected = sum(row.expected for row in record.deliveries)
    percent = 100 * (record.lost_share() or 0.0)
    return [
        Finding("at least 2,000 deliveries due", f"{expected:,}", expected >= 2000),
        Finding("3.0 ± 0.1 % of them lost", f"{percent:.2f} %", abs(percent - 3.0) <= 0.1),
    ]


PROOFS: Final = (
    # So short that more than one in a hundred is due in the first half second of the freeze.
    Proof("freezes for 6 s", Freezing, 12.0, 1, _slow),
    Proof("never acknowledges", Silent, ACK_LIMIT_S + 4, 1, _unanswered),
    # So long that three in a hundred are many.
    Proof("drops 3 % of its deliveries", Losing, 16.0, 1, _lossy),
)


def _row(record: Record, kind: str, name: str) -> Total | None:
    return next((row for row in record.totals if (row.kind, row.name) == (kind, name)), None)


def _percentile(record: Record, kind: str, name: str, percent: float) -> float:
    row = _row(record, kind, name)
    return (None if row is None else percentile_ms(row.times, percent)) or 0.0
