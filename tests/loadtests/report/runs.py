"""A record of a run that never was, for who writes about runs."""

from datetime import UTC, datetime

from hdrh.histogram import HdrHistogram

from loadtests.results.record import Asked, Delivery, LabelMoment, Moment, Record, Total, new_histogram

ACK = "ack chat:message"


def histogram(*times_us: int) -> HdrHistogram:
    made = new_histogram()
    for time_us in times_us:
        made.record_value(time_us)
    return made


def moment(at_s: int, *, p99_ms: float | None = 20.0, lost: int = 0) -> Moment:
    return Moment(
        at_s=at_s,
        users=min(20, at_s),
        sent=40,
        heard=380,
        lost=lost,
        lag_p99_ms=0.2,
        labels={ACK: LabelMoment(count=40, failures=0, p50_ms=5.0, p99_ms=p99_ms)},
    )


def run(*, seconds: int = 30, lag_us: int = 200, target: str = "http://127.0.0.1:3001") -> Record:
    """Return the record of a run in which one delivery was lost."""
    return Record(
        began=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        lasted_s=seconds,
        asked=Asked(
            target=target,
            protocols=["space"],
            cast={"player": 20, "guest": 5},
            shape="steady",
            seed=1,
            users=20,
            rate=10,
            for_s=seconds,
        ),
        moments=[moment(at_s, lost=at_s // 10) for at_s in range(seconds)],
        totals=[
            Total(
                kind="ack", name="chat:message", count=5, failures=0, times=histogram(900, 5000, 5100, 6000, 250_000)
            ),
            Total(kind="across", name="player:moved", count=7, failures=0, times=histogram()),
        ],
        failures=[],
        sent={"chat:message": 1200},
        deliveries=[Delivery(cause="chat:message", heard="chat:message", expected=2000, delivered=1999, lost=1)],
        lag=histogram(lag_us),
        examples=[],
        slo=[],
    )
