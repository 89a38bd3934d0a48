"""What OpenTelemetry is told of a batch is what was in it."""

from argparse import Namespace

from locust.env import Environment
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint

from loadtests.results.telemetry import Telemetry
from loadtests.samples import Batch, Failure, Label
from simulators.tally import Times


def test_every_time_and_every_failure_of_a_batch_is_told() -> None:
    reader = InMemoryMetricReader()
    label = Label("deliver", "chat:message")
    batch = Batch(times={label: Times({2000: 3, 40_000: 1})})
    batch.failures[Failure(label, "late", timed=True)] += 2
    Telemetry(MeterProvider([reader]).get_meter("rehearsal")).record(batch)

    data = reader.get_metrics_data()
    assert data is not None
    metrics = {one.name: one for one in data.resource_metrics[0].scope_metrics[0].metrics}
    (times,) = metrics["rehearsal.load.duration"].data.data_points
    assert isinstance(times, HistogramDataPoint)
    assert (times.count, round(times.sum, 3), times.min, times.max) == (4, 0.046, 0.002, 0.04)
    assert dict(times.attributes or {}) == {"type": "deliver", "name": "chat:message"}
    assert sum(times.bucket_counts[:3]) == 3, "in seconds: 2 ms are in the third bucket"
    (failures,) = metrics["rehearsal.load.failures"].data.data_points
    assert isinstance(failures, NumberDataPoint)
    assert (failures.value, (failures.attributes or {})["error"]) == (2, "late")


def test_only_who_asks_for_it_has_it() -> None:
    assert Telemetry.wanted(Environment(parsed_options=Namespace(otel=False))) is None
    assert Telemetry.wanted(Environment(parsed_options=Namespace(otel=True))) is not None
