"""Counts what goes through one server, for Prometheus; every server has a registry of its own."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from protocols.contract import Protocol


class Meter:
    """The counters. Their labels are names of the contract, never what a client chose."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._received = Counter(
            "rehearsal_events_received", "Valid events that came in.", ["protocol", "event"], registry=self.registry
        )
        self._emitted = Counter(
            "rehearsal_events_emitted",
            "Events that went out, each broadcast counted once.",
            ["protocol", "event"],
            registry=self.registry,
        )
        self._garbled = Counter(
            "rehearsal_events_garbled", "Events that broke the contract.", ["protocol"], registry=self.registry
        )
        self._crashes = Counter(
            "rehearsal_crashes", "Entries that the rules failed to handle.", ["protocol"], registry=self.registry
        )
        self._lines = Counter(
            "rehearsal_log_lines", "Lines of the log, also unwritten.", ["level"], registry=self.registry
        )

    def of(self, protocol: Protocol) -> "ProtocolMeter":
        """Return the counters of one protocol; each of its events shows from the start, with 0."""
        name = protocol.name
        return ProtocolMeter(
            received={event: self._received.labels(name, event).inc for event in protocol.inbound},
            emitted={event: self._emitted.labels(name, event).inc for event in protocol.outbound},
            garbled=self._garbled.labels(name).inc,
            crashed=self._crashes.labels(name).inc,
        )

    def line(self, level: str) -> None:
        """Count a line of the log."""
        self._lines.labels(level).inc()

    def gauge(self, read: Callable[[], Mapping[str, float]]) -> None:
        """Show what `read` returns whenever somebody looks: description by name of the gauge."""
        self.registry.register(_Gauges(read))

    def text(self) -> bytes:
        """Write everything in Prometheus' text format."""
        return generate_latest(self.registry)


class ProtocolMeter:
    """The counters of one protocol, looked up once."""

    def __init__(
        self,
        *,
        received: Mapping[str, Callable[[], None]],
        emitted: Mapping[str, Callable[[], None]],
        garbled: Callable[[], None],
        crashed: Callable[[], None],
    ) -> None:
        self.received, self.emitted, self.garbled, self.crashed = received, emitted, garbled, crashed


class _Gauges(Collector):
    def __init__(self, read: Callable[[], Mapping[str, float]]) -> None:
        self._read = read

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for name, value in self._read().items():
            yield GaugeMetricFamily(f"rehearsal_{name}", f"Current {name.replace('_', ' ')}.", value=value)
