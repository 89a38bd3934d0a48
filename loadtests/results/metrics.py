"""A run that is under way, as Prometheus scrapes it at /metrics of Locust's web page; each run counts from 0."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from hdrh.histogram import HdrHistogram
from locust.env import Environment
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from loadtests.results.record import Record
from loadtests.results.recorder import Recorder

BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OUTCOMES: Final = ("delivered", "lost", "duplicated", "misordered", "misheard", "late", "excluded")


def serve(environment: Environment, recorder: Callable[[], Recorder | None]) -> None:
    """Answer /metrics on the web page, where there is one, with the run that is under way, or was last."""
    web = environment.web_ui
    if web is None or web.app is None:
        return
    registry = CollectorRegistry()
    registry.register(_Runs(recorder))

    def metrics() -> tuple[bytes, dict[str, str]]:
        return generate_latest(registry), {"Content-Type": CONTENT_TYPE_LATEST}

    web.app.add_url_rule("/metrics", "rehearsal_metrics", web.auth_required_if_enabled(metrics))


class _Runs(Collector):
    def __init__(self, recorder: Callable[[], Recorder | None]) -> None:
        self._recorder = recorder

    def describe(self) -> Iterator[Metric]:
        return iter(())  # else it is collected once to find out

    def collect(self) -> Iterator[Metric]:
        if (recorder := self._recorder()) is not None:
            yield from families(recorder.record(time.time()))


def families(record: Record) -> Iterator[Metric]:
    """Yield what a record says, as metrics."""
    last = record.moments[-1] if record.moments else None
    yield GaugeMetricFamily("rehearsal_load_users", "Users who are there.", value=0 if last is None else last.users)

    sent = CounterMetricFamily("rehearsal_load_sent", "Events sent.", labels=("event",))
    for name, number in record.sent.items():
        sent.add_metric((name,), number)
    yield sent

    deliveries = CounterMetricFamily(
        "rehearsal_load_deliveries", "What became of deliveries.", labels=("cause", "heard", "outcome")
    )
    for row in record.deliveries:
        for outcome in _OUTCOMES:
            deliveries.add_metric((row.cause, row.heard, outcome), getattr(row, outcome))
    yield deliveries

    failures = CounterMetricFamily("rehearsal_load_failures", "What failed, and how.", labels=("type", "name", "error"))
    for failure in record.failures:
        failures.add_metric((failure.kind, failure.name, failure.error), failure.count)
    yield failures

    durations = HistogramMetricFamily(
        "rehearsal_load_duration_seconds", "How long it took from when it was due.", labels=("type", "name")
    )
    for total in record.totals:
        durations.add_metric((total.kind, total.name), *_buckets(total.times))
    yield durations
    lag = HistogramMetricFamily("rehearsal_load_lag_seconds", "How late the generator itself was.")
    lag.add_metric((), *_buckets(record.lag))
    yield lag


def _buckets(times: HdrHistogram) -> tuple[list[tuple[str, float]], float]:
    """Return how many took at most how long, and the sum of all in seconds, to three digits."""
    counts = dict.fromkeys((*BUCKETS_S, float("inf")), 0)
    total_s = 0.0
    for item in times.get_recorded_iterator():
        # The least of those that are counted as one, or what took 5 ms would not be among what took at most 5 ms.
        took_s = times.get_lowest_equivalent_value(item.value_iterated_to) / 1e6
        number = item.count_added_in_this_iter_step
        total_s += took_s * number
        for bucket_s in counts:
            if took_s <= bucket_s:
                counts[bucket_s] += number
    return [
        ("+Inf" if bucket_s == float("inf") else str(bucket_s), number) for bucket_s, number in counts.items()
    ], total_s
