"""What is measured is handed over once, whole."""

from loadtests.samples import Batch, Failure, Label, Samples
from tests.loadtests.timing import times

MOVED = Label("deliver", "player:moved")
JOIN = Label("ack", "join:space")


def test_times_are_kept_by_row() -> None:
    samples = Samples()
    samples.time(MOVED, 1_000_000, 1_500_000)
    samples.time(JOIN, 0, 2_000_000)
    samples.time(MOVED, 1_000_000, 4_000_000)
    assert samples.take().times == {MOVED: times(0.5, 3.0), JOIN: times(2.0)}


def test_failures_are_counted_by_row_and_words() -> None:
    samples = Samples()
    samples.fail(MOVED, "lost", count=3)
    samples.fail(MOVED, "lost")
    samples.fail(MOVED, "late", timed=True)
    assert samples.take().failures == {Failure(MOVED, "lost", False): 4, Failure(MOVED, "late", True): 1}


def test_nothing_is_handed_over_twice() -> None:
    samples = Samples()
    samples.time(MOVED, 0, 1)
    samples.fail(MOVED, "lost")
    samples.take()
    assert samples.take() == Batch()
