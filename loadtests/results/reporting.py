"""Puts what was measured into Locust's statistics, where its console, web page, CSV and master find it."""

import time

import locust.stats
from locust.stats import RequestStats, StatsEntry

from loadtests.samples import Batch, Label


def report(stats: RequestStats, batch: Batch) -> None:
    """Add a batch to the statistics of this process.

    Deliveries come by the thousand a second, and an `events.request` for each would cost three times as much.
    """
    for label, times in batch.times.items():
        entry = StatsEntry(stats, label.name, label.kind)
        for us, count in times.counts.items():
            _log(entry, us / 1000, count)
        _add(stats, entry)
    for label, count in batch.untimed.items():
        _add_untimed(stats, label, count)
    for failure, count in batch.failures.items():
        label = failure.label
        if not failure.timed:
            _add_untimed(stats, label, count)
        for _ in range(count):
            stats.log_error(label.kind, label.name, failure.error)


def _add_untimed(stats: RequestStats, label: Label, count: int) -> None:
    entry = StatsEntry(stats, label.name, label.kind)
    _log(entry, None, count)
    _add(stats, entry)


def _log(entry: StatsEntry, time_ms: float | None, count: int) -> None:
    """Do what `entry.log` does, for many that took the same time; None counts as untimed."""
    entry.log(time_ms, 0)  # type: ignore[arg-type]  # it says int, and takes what events.request takes
    more = count - 1
    entry.num_requests += more
    entry.num_reqs_per_sec[int(entry.last_request_timestamp or time.time())] += more
    if time_ms is None:
        entry.num_none_requests += more
    else:
        entry.total_response_time += time_ms * more  # type: ignore[assignment]
        entry.response_times[locust.stats.bucket_response_time(time_ms)] += more


def _add(stats: RequestStats, entry: StatsEntry) -> None:
    stats.entries[entry.name, entry.method].extend(entry)
    stats.total.extend(entry)


def three_digits(time_ms: float) -> float:
    """Round a time to three digits; Locust's own way makes 0 of half a millisecond."""
    return float(f"{time_ms:.3g}")


def keep_three_digits() -> None:
    """Have Locust keep three digits of each time; its documentation offers this function for replacing."""
    locust.stats.bucket_response_time = three_digits  # type: ignore[assignment]  # it says int, any number will do
