"""What processes measured is added, second by second, and comes to the same as if one had measured it all."""

from collections import Counter

from loadtests.results.record import Asked, Delivery
from loadtests.results.recorder import KEPT_OPEN_S, Recorder
from loadtests.samples import Account, Batch, Failure, Label
from loadtests.workers.share import Meter, Share
from tests.loadtests.timing import times

MOVED = Label("deliver", "player:moved")
ACK = Label("ack", "chat:message")
ASKED = Asked(
    target="http://t", protocols=["space"], cast={"player": 1}, shape="steady", seed=1, users=2, rate=1, for_s=None
)
BEGAN_S = 1000.25


def batch(*moved_ms: float, sent: int = 0, delivered: int = 0, lost: int = 0, failures: int = 0) -> Batch:
    """What a process measured; sent, delivered and lost are since the beginning."""
    row = Delivery(cause="player:move", heard="player:moved", expected=delivered + lost, delivered=delivered, lost=lost)
    return Batch(
        times={MOVED: times(*moved_ms)} if moved_ms else {},
        failures=Counter({Failure(MOVED, "lost", timed=False): failures} if failures else {}),
        lag=times(0.1),
        account=Account({"player:move": sent}, [row], ["ann never heard it"] if lost else []),
    )


def test_seconds_are_handed_over_when_they_are_over_and_once() -> None:
    meter = Meter()
    meter.include("space", batch(1, sent=3, delivered=2), at_s=1000.9, users=1)
    meter.include("space", batch(2, 3, sent=5, delivered=7, lost=1, failures=1), at_s=1001.4, users=2)
    first = meter.take(until_s=1001.9)
    assert list(first.seconds) == [1000]
    assert (first.seconds[1000].sent, first.seconds[1000].heard) == (3, 2)
    rest = meter.take()
    assert list(rest.seconds) == [1001]
    second = rest.seconds[1001]
    assert (second.users, second.sent, second.heard, second.lost) == (2, 2, 5, 1)
    assert second.untimed == {"deliver player:moved": 1}
    assert not meter.take().seconds


def test_a_share_survives_the_way_to_the_master() -> None:
    meter = Meter()
    meter.include("space", batch(1, 2, sent=3, delivered=2, lost=1, failures=1), at_s=1000, users=1)
    share = meter.take()
    assert Share.model_validate(share.model_dump()) == share


def test_shares_of_two_processes_add_up() -> None:
    recorder = Recorder(ASKED, BEGAN_S)
    for process, slow_ms in (("a", 10.0), ("b", 20.0)):
        meter = Meter()
        meter.include("space", batch(1, sent=3, delivered=1), at_s=1000.4, users=1)
        meter.include("space", batch(slow_ms, sent=4, delivered=2, lost=1, failures=1), at_s=1001.4, users=2)
        recorder.include(process, meter.take())
    record = recorder.record(1002.25)
    assert record.lasted_s == 2.0
    assert record.asked.processes == 2
    assert [(m.at_s, m.users, m.sent, m.heard, m.lost) for m in record.moments] == [(0, 2, 6, 2, 0), (1, 4, 2, 2, 2)]
    assert record.moments[1].labels["deliver player:moved"].count == 4
    assert record.moments[1].labels["deliver player:moved"].failures == 2
    (moved,) = record.totals
    assert (moved.kind, moved.name, moved.count, moved.failures) == ("deliver", "player:moved", 6, 2)
    assert moved.times.get_total_count() == 4
    assert moved.max_ms is not None
    assert 20 <= moved.max_ms < 20.02
    assert record.sent == {"player:move": 8}
    assert record.deliveries == [Delivery(cause="player:move", heard="player:moved", expected=6, delivered=4, lost=2)]
    assert [(failure.error, failure.count) for failure in record.failures] == [("lost", 2)]
    assert record.lag.get_total_count() == 4
    assert record.examples == ["ann never heard it"] * 2


def test_a_second_that_comes_too_late_for_its_moment_still_counts_in_the_end() -> None:
    recorder = Recorder(ASKED, BEGAN_S)
    ahead, behind = Meter(), Meter()
    ahead.include("space", batch(1, sent=1, delivered=1), at_s=1000, users=1)
    ahead.include("space", batch(1, sent=2, delivered=2), at_s=1001 + KEPT_OPEN_S, users=1)
    recorder.include("ahead", ahead.take())
    behind.include("space", batch(5, sent=1, delivered=1), at_s=1000, users=1)
    recorder.include("behind", behind.take())
    record = recorder.record(1010)
    assert record.moments[0].heard == 1
    assert record.totals[0].count == 3


def test_rows_come_by_kind() -> None:
    recorder, meter = Recorder(ASKED, BEGAN_S), Meter()
    kinds = ("deliver", "contract", "ack", "connect")
    meter.include("space", Batch(times={Label(kind, "x y"): times(1) for kind in kinds}), at_s=1000, users=1)
    recorder.include("", meter.take())
    assert [(row.kind, row.name) for row in recorder.totals()] == [
        (kind, "x y") for kind in ("connect", "ack", "deliver", "contract")
    ]
