"""What was measured, for OpenTelemetry: Locust sets it up where `--otel` is given, and knows single requests alone."""

from typing import TYPE_CHECKING, Self

from locust.env import Environment

from loadtests.results.metrics import BUCKETS_S
from loadtests.samples import Batch

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter


class Telemetry:
    """Puts batches into two instruments, where the exporters that Locust set up find them."""

    def __init__(self, meter: "Meter") -> None:
        self._durations = meter.create_histogram(
            "rehearsal.load.duration",
            unit="s",
            description="How long it took from when it was due",
            explicit_bucket_boundaries_advisory=BUCKETS_S,
        )
        self._failures = meter.create_counter("rehearsal.load.failures", description="What failed, and how")

    @classmethod
    def wanted(cls, environment: Environment) -> Self | None:
        """Return it where it was asked for and is installed; Locust has said so where it is not."""
        if not getattr(environment.parsed_options, "otel", False):
            return None
        try:
            from opentelemetry import metrics  # comes with locust[otel]
        except ImportError:
            return None
        return cls(metrics.get_meter("rehearsal"))

    def record(self, batch: Batch) -> None:
        """Take in what was measured, time by time, which takes some microseconds each."""
        for label, times in batch.times.items():
            attributes = {"type": label.kind, "name": label.name}
            for us, number in times.counts.items():
                for _ in range(number):
                    self._durations.record(us / 1e6, attributes)
        for failure, number in batch.failures.items():
            kind, name = failure.label
            self._failures.add(number, {"type": kind, "name": name, "error": failure.error})
