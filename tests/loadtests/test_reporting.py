"""Statistics that come in batches are those that one request at a time would have given."""

from collections.abc import Iterator

import locust.stats
import pytest
from hypothesis import given
from hypothesis import strategies as st
from locust.stats import RequestStats

from loadtests.results.reporting import keep_three_digits, report, three_digits
from loadtests.samples import Batch, Failure, Label
from tests.loadtests.timing import times

MOVED = Label("deliver", "player:moved")
JOIN = Label("ack", "join:space")

durations = st.lists(st.sampled_from([0.25, 1.0, 1.5, 65.536, 524.288]), max_size=20)


@pytest.fixture(autouse=True)
def _locust_as_it_was() -> Iterator[None]:
    before = locust.stats.bucket_response_time
    yield
    locust.stats.bucket_response_time = before


def figures(stats: RequestStats) -> dict[tuple[str, str], tuple[object, ...]]:
    """Everything about each row that does not depend on when it was measured."""
    return {
        (entry.method, entry.name): (
            entry.num_requests,
            entry.num_none_requests,
            entry.num_failures,
            entry.min_response_time,
            entry.max_response_time,
            pytest.approx(entry.total_response_time),
            dict(entry.response_times),
            entry.get_response_time_percentile(0.5),
            entry.get_response_time_percentile(0.99),
            sum(entry.num_reqs_per_sec.values()),
            sum(entry.num_fail_per_sec.values()),
        )
        for entry in (*stats.entries.values(), stats.total)
    }


@given(batches=st.lists(st.dictionaries(st.sampled_from([MOVED, JOIN]), durations, max_size=2), max_size=4))
def test_batches_add_up_to_what_single_requests_give(batches: list[dict[Label, list[float]]]) -> None:
    batched, single = RequestStats(), RequestStats()
    for times_ms in batches:
        report(batched, Batch({label: times(*values) for label, values in times_ms.items()}))
        for label, values in times_ms.items():
            for value in values:
                single.log_request(label.kind, label.name, value, 0)  # type: ignore[arg-type]  # it says int
    assert figures(batched).items() >= figures(single).items()


def test_what_was_never_heard_is_a_request_without_a_time_and_a_failure() -> None:
    stats, batch = RequestStats(), Batch()
    batch.failures[Failure(MOVED, "lost", False)] = 3
    report(stats, batch)
    for entry in (stats.entries["player:moved", "deliver"], stats.total):
        assert (entry.num_requests, entry.num_none_requests, entry.num_failures) == (3, 3, 3)
        assert not entry.response_times
    assert [(error.name, error.error, error.occurrences) for error in stats.errors.values()] == [
        ("player:moved", "lost", 3)
    ]


def test_what_came_late_is_one_request_and_a_failure() -> None:
    stats = RequestStats()
    report(stats, Batch({MOVED: times(2000)}))
    late = Batch()
    late.failures[Failure(MOVED, "late", True)] = 1
    report(stats, late)
    entry = stats.entries["player:moved", "deliver"]
    assert (entry.num_requests, entry.num_none_requests, entry.num_failures) == (1, 0, 1)


def test_half_a_millisecond_stays_half_a_millisecond() -> None:
    keep_three_digits()
    stats = RequestStats()
    report(stats, Batch({MOVED: times(0.4321, 0.4321, 12.34567)}))
    entry = stats.entries["player:moved", "deliver"]
    assert dict(entry.response_times) == {0.432: 2, 12.3: 1}
    assert entry.get_response_time_percentile(0.5) == 0.432


@given(st.floats(0.001, 3_600_000.0))
def test_rounding_loses_at_most_half_a_percent(time_ms: float) -> None:
    assert abs(three_digits(time_ms) - time_ms) <= 0.005 * time_ms
