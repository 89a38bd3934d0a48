"""Counts what goes through one server, for Prometheus; every server has a registry of its own.

What is counted with every event is plain integers: Prometheus' own counters take a lock for each, and there is one
thread here.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from protocols.contract import Protocol


class ProtocolMeter:
    """The counts of one protocol. Their labels are names of the contract, never what a client chose."""

    def __init__(self, protocol: Protocol) -> None:
        """Begin with 0 for each of its events, so that all of them show."""
        self.name = protocol.name
        self.received = dict.fromkeys(protocol.inbound, 0)
        self.emitted = dict.fromkeys(protocol.outbound, 0)
        self.garbled = 0
        self.crashed = 0


class Meter(Collector):
    """The counts of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._protocols: list[ProtocolMeter] = []
        self._lines: Counter[str] = Counter()  # level -> lines of the log
        self.registry.register(self)

    def of(self, protocol: Protocol) -> ProtocolMeter:
        """Return what counts for one protocol."""
        meter = ProtocolMeter(protocol)
        self._protocols.append(meter)
        return meter

    def line(self, level: str) -> None:
        """Count a line of the log."""
        self._lines[level] += 1

    def gauge(self, read: Callable[[], Mapping[str, float]]) -> None:
        """Show what `read` returns whenever somebody looks: description by name of the gauge."""
        self.registry.register(_Gauges(read))

    def text(self) -> bytes:
        """Write everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Give Prometheus' client what has been counted so far."""
        events = ["protocol", "event"]
        received = CounterMetricFamily("rehearsal_events_received", "Valid events that came in.", labels=events)
        emitted = CounterMetricFamily(
            "rehearsal_events_emitted", "Events that went out, each broadcast counted once.", labels=events
        )
        garbled = CounterMetricFamily(
            "rehearsal_events_garbled", "Events that broke the contract.", labels=["protocol"]
        )
        crashes = CounterMetricFamily(
            "rehearsal_crashes", "Entries that the rules failed to handle.", labels=["protocol"]
        )
        lines = CounterMetricFamily("rehearsal_log_lines", "Lines of the log, also unwritten.", labels=["level"])
        for meter in self._protocols:
            for family, counts in ((received, meter.received), (emitted, meter.emitted)):
                for event, count in counts.items():
                    family.add_metric([meter.name, event], count)
            garbled.add_metric([meter.name], meter.garbled)
            crashes.add_metric([meter.name], meter.crashed)
        for level, count in self._lines.items():
            lines.add_metric([level], count)
        return received, emitted, garbled, crashes, lines


class _Gauges(Collector):
    def __init__(self, read: Callable[[], Mapping[str, float]]) -> None:
        self._read = read

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for name, value in self._read().items():
            yield GaugeMetricFamily(f"rehearsal_{name}", f"Current {name.replace('_', ' ')}.", value=value)
