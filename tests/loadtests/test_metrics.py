"""A run as Prometheus reads it: whatever the record says, in its types, names and buckets."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from loadtests.results.metrics import BUCKETS_S, families
from loadtests.results.record import FailureCount, Record

from .report.runs import run


def scrape(record: Record) -> dict[str, Metric]:
    class One(Collector):
        def collect(self) -> list[Metric]:
            return list(families(record))

    registry = CollectorRegistry()
    registry.register(One())
    return {family.name: family for family in text_string_to_metric_families(generate_latest(registry).decode())}


def value(family: Metric, sample: str, **labels: str) -> float:
    (found,) = [one.value for one in family.samples if one.name == sample and labels.items() <= one.labels.items()]
    return float(found)


def test_everything_that_a_record_counts_is_scraped() -> None:
    failure = FailureCount(kind="ack", name="chat:message", error='no "ack"', count=3)
    found = scrape(run().model_copy(update={"failures": [failure]}))
    assert value(found["rehearsal_load_users"], "rehearsal_load_users") == 20
    assert value(found["rehearsal_load_sent"], "rehearsal_load_sent_total", event="chat:message") == 1200
    deliveries = found["rehearsal_load_deliveries"]
    for outcome, number in (("delivered", 1999), ("lost", 1), ("duplicated", 0)):
        assert value(deliveries, "rehearsal_load_deliveries_total", heard="chat:message", outcome=outcome) == number
    assert value(found["rehearsal_load_failures"], "rehearsal_load_failures_total", error='no "ack"') == 3


def test_times_are_in_buckets_of_seconds_each_of_which_holds_those_before() -> None:
    durations = scrape(run())["rehearsal_load_duration_seconds"]
    name, row = "rehearsal_load_duration_seconds", {"type": "ack", "name": "chat:message"}
    counts = {edge: value(durations, f"{name}_bucket", **row, le=str(edge)) for edge in BUCKETS_S}
    assert [counts[edge] for edge in (0.001, 0.0025, 0.005, 0.01, 0.1, 0.25, 10.0)] == [1, 1, 2, 4, 4, 5, 5]
    assert value(durations, f"{name}_bucket", **row, le="+Inf") == value(durations, f"{name}_count", **row) == 5
    assert value(durations, f"{name}_sum", **row) == pytest.approx(0.267, rel=0.001)


def test_before_anything_has_come_there_is_nothing_to_scrape_and_no_error() -> None:
    found = scrape(run().model_copy(update={"moments": [], "totals": [], "sent": {}, "deliveries": []}))
    assert value(found["rehearsal_load_users"], "rehearsal_load_users") == 0
    assert found["rehearsal_load_lag_seconds"].type == "histogram"
