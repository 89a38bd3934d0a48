"""Counts and times."""

from random import Random

import pytest
from hdrh.histogram import HdrHistogram

from simulators.tally import MAX_EXAMPLES, Tally, Times


def test_times_are_kept_to_three_digits() -> None:
    times = Times()
    assert times.percentile_ms(50) is None
    for ms in range(1, 101):
        times.add(0, ms * 1_000_000)
    assert times.count == 100
    assert times.percentile_ms(50) == pytest.approx(50, rel=0.002)
    assert times.percentile_ms(99) == pytest.approx(99, rel=0.002)


def test_times_are_those_of_an_hdr_histogram() -> None:
    times, histogram, random = Times(), HdrHistogram(1, 3_600_000_000, 3), Random(1)
    for _ in range(2000):
        us = int(random.lognormvariate(8, 4)) + 1
        times.add(0, us * 1000)
        histogram.record_value(min(us, 3_600_000_000))
    other = Times()
    other.include(times)
    assert other.histogram().encode() == histogram.encode()
    for percent in (0, 1, 50, 99, 99.9, 100):
        assert times.percentile_ms(percent) == histogram.get_value_at_percentile(percent) / 1000


@pytest.mark.parametrize(("took_ns", "ms"), [(-5, 0.001), (0, 0.001), (10**18, 3_600_000)])
def test_times_that_no_clock_should_give_are_cut_to_what_fits(took_ns: int, ms: float) -> None:
    times = Times()
    times.add(0, took_ns)
    assert times.percentile_ms(100) == pytest.approx(ms, rel=0.002)


def test_every_kind_of_fault_counts() -> None:
    tally = Tally()
    row = tally.row("chat:message", "chat:message")
    assert tally.row("chat:message", "chat:message") is row
    row.delivered = row.late = row.excluded = 5
    assert tally.faults == 0
    row.lost, row.duplicated, row.misordered, row.misheard = 1, 10, 100, 1000
    tally.violated("a")
    tally.lose_connection("b")
    assert tally.faults == 1113
    assert tally.total("lost") == 1
    assert tally.examples == ["a", "b"]


def test_examples_are_few() -> None:
    tally = Tally()
    for n in range(100):
        tally.complain(str(n))
    assert tally.examples == [str(n) for n in range(MAX_EXAMPLES)]


def test_acks_are_timed_by_what_they_answer() -> None:
    tally = Tally()
    tally.acknowledged("ask", 0, 2_000_000)
    assert tally.acks["ask"].percentile_ms(50) == pytest.approx(2, rel=0.002)


def test_the_latest_times_are_those_since_they_were_taken_last() -> None:
    tally = Tally()
    row = tally.row("said", "heard")
    row.times.add(0, 5_000_000)
    assert tally.take_latest().counts == {5000 >> 2 << 2: 1}
    assert tally.take_latest().counts == {}
    row.times.add(0, 5_000_000)
    tally.row("said", "heard too").times.add(0, 7_000)
    assert tally.take_latest().counts == {5000 >> 2 << 2: 1, 7: 1}
