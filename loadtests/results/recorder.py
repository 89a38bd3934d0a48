"""Adds up what all processes of a load test measured, into the record of one run."""

from datetime import UTC, datetime
from typing import Final

from loadtests.results.record import (
    Asked,
    Delivery,
    FailureCount,
    LabelMoment,
    Moment,
    Record,
    Total,
)
from loadtests.workers.share import Second, Share, add
from simulators.tally import MAX_EXAMPLES, Times

KEPT_OPEN_S: Final = 8
"""How long after its end a second may still be added to: workers report every three."""
_KINDS: Final = ("connect", "ack", "deliver", "across", "contract")


class Recorder:
    """Keeps the record of one run while it lasts; `at_s` are seconds of the clock on the wall, since the epoch."""

    def __init__(self, asked: Asked, began_s: float) -> None:
        self.asked = asked
        self._began_s = began_s
        self._shares: dict[str, Share] = {}  # the last of each process, without its seconds
        self._open: dict[int, Second] = {}
        self._closed: list[Moment] = []
        self._lost = 0  # until the last closed second
        self._whole = Second()

    def include(self, process: str, share: Share) -> None:
        """Add what a process has sent."""
        for at_s, second in share.seconds.items():
            self._whole.include(second)
            if not self._closed or at_s - self._first_s > self._closed[-1].at_s:
                self._open.setdefault(at_s, Second()).include(second)
        self._shares[process] = share.model_copy(update={"seconds": {}})
        newest = max(self._open, default=0)
        for at_s in sorted(second for second in self._open if second < newest - KEPT_OPEN_S):
            self._close(at_s)

    @property
    def processes(self) -> int:
        """How many have sent something."""
        return len(self._shares)

    @property
    def lag_p99_ms(self) -> float | None:
        """How late the generator was with one thing in a hundred, so far."""
        return Times(self._whole.lag).percentile_ms(99)

    def latest(self) -> Moment | None:
        """Return the last second that is over; None before the first."""
        if not self._open:
            return None
        return self._moment(max(self._open), self._lost + sum(second.lost for second in self._open.values()))

    def latest_ms(self, kind: str, percent: float) -> float | None:
        """Return a percentile of all rows of a kind in that second; None where nothing was timed."""
        together: dict[int, int] = {}
        if self._open:
            for label, counts in self._open[max(self._open)].times.items():
                if label.startswith(f"{kind} "):
                    add(together, counts)
        return Times(together).percentile_ms(percent)

    def elapsed_s(self, now_s: float) -> float:
        """Return how long the run has lasted."""
        return max(0.0, now_s - self._began_s)

    def moments(self) -> list[Moment]:
        """Return every second so far; the last few may grow yet."""
        moments, lost = list(self._closed), self._lost
        for at_s in sorted(self._open):
            lost += self._open[at_s].lost
            moments.append(self._moment(at_s, lost))
        return moments

    def totals(self) -> list[Total]:
        """Return the rows of the statistics so far, in the order of the kinds, then by name."""
        whole = self._whole
        labels = [label.split(" ", 1) for label in {*whole.times, *whole.untimed}]
        return [
            Total(
                kind=kind,
                name=name,
                count=Times(whole.times.get(f"{kind} {name}")).count + whole.untimed.get(f"{kind} {name}", 0),
                failures=whole.failures.get(f"{kind} {name}", 0),
                times=Times(whole.times.get(f"{kind} {name}")).histogram(),
            )
            for kind, name in sorted(labels, key=_order)
        ]

    def deliveries(self) -> list[Delivery]:
        """Return what became of each event because of each other, over all processes."""
        rows: dict[tuple[str, str], Delivery] = {}
        for row in (row for share in self._shares.values() for row in share.deliveries):
            before = rows.get((row.cause, row.heard))
            rows[row.cause, row.heard] = row if before is None else _sum(before, row)
        return [rows[key] for key in sorted(rows)]

    def record(self, now_s: float, *, aborted: str = "") -> Record:
        """Return the record as it stands at a moment."""
        sent: dict[str, int] = {}
        failures: dict[tuple[str, str, str], int] = {}
        for share in self._shares.values():
            for name, count in share.sent.items():
                sent[name] = sent.get(name, 0) + count
            for failed in share.failures:
                key = (failed.kind, failed.name, failed.error)
                failures[key] = failures.get(key, 0) + failed.count
        return Record(
            began=datetime.fromtimestamp(self._began_s, UTC),
            lasted_s=round(self.elapsed_s(now_s), 3),
            asked=self.asked.model_copy(update={"processes": max(1, self.processes)}),
            moments=self.moments(),
            totals=self.totals(),
            failures=[FailureCount(kind=k, name=n, error=e, count=count) for (k, n, e), count in failures.items()],
            sent=dict(sorted(sent.items())),
            deliveries=self.deliveries(),
            lag=Times(self._whole.lag).histogram(),
            examples=[example for share in self._shares.values() for example in share.examples][:MAX_EXAMPLES],
            slo=[],
            aborted=aborted,
        )

    @property
    def _first_s(self) -> int:
        return int(self._began_s)

    def _close(self, at_s: int) -> None:
        self._lost += self._open[at_s].lost
        self._closed.append(self._moment(at_s, self._lost))
        del self._open[at_s]

    def _moment(self, at_s: int, lost: int) -> Moment:
        second = self._open[at_s]
        return Moment(
            at_s=at_s - self._first_s,
            users=second.users,
            sent=second.sent,
            heard=second.heard,
            lost=lost,
            lag_p99_ms=Times(second.lag).percentile_ms(99),
            labels={label: _label_moment(second, label) for label in sorted({*second.times, *second.untimed})},
        )


def _label_moment(second: Second, label: str) -> LabelMoment:
    times = Times(second.times.get(label))
    return LabelMoment(
        count=times.count + second.untimed.get(label, 0),
        failures=second.failures.get(label, 0),
        p50_ms=times.percentile_ms(50),
        p99_ms=times.percentile_ms(99),
    )


def _sum(one: Delivery, other: Delivery) -> Delivery:
    counts = {name: getattr(one, name) + getattr(other, name) for name in Delivery.model_fields if name not in _NAMES}
    return one.model_copy(update=counts)


def _order(label: list[str]) -> tuple[int, str, str]:
    kind, name = label
    return _KINDS.index(kind) if kind in _KINDS else len(_KINDS), kind, name


_NAMES: Final = frozenset({"cause", "heard"})
