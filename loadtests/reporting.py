"""Puts what was measured into Locust's statistics, where its console, web page, CSV and master find it."""

import locust.stats
from locust.stats import RequestStats, StatsEntry

from loadtests.samples import Batch


def report(stats: RequestStats, batch: Batch) -> None:
    """Add a batch to the statistics of this process.

    Deliveries come by the thousand a second, and an `events.request` for each would cost three times as much.
    """
    for label, times_ms in batch.times_ms.items():
        entry = StatsEntry(stats, label.name, label.kind)
        for time_ms in times_ms:
            entry.log(time_ms, 0)  # type: ignore[arg-type]  # it says int, and takes what events.request takes
        _add(stats, entry)
    for failure, count in batch.failures.items():
        label = failure.label
        if not failure.timed:
            entry = StatsEntry(stats, label.name, label.kind)
            for _ in range(count):
                entry.log(None, 0)  # type: ignore[arg-type]  # it says int, and counts None as untimed
            _add(stats, entry)
        for _ in range(count):
            stats.log_error(label.kind, label.name, failure.error)


def _add(stats: RequestStats, entry: StatsEntry) -> None:
    stats.entries[entry.name, entry.method].extend(entry)
    stats.total.extend(entry)


def three_digits(time_ms: float) -> float:
    """Round a time to three digits; Locust's own way makes 0 of half a millisecond."""
    return float(f"{time_ms:.3g}")


def keep_three_digits() -> None:
    """Have Locust keep three digits of each time; its documentation offers this function for replacing."""
    locust.stats.bucket_response_time = three_digits  # type: ignore[assignment]  # it says int, any number will do
