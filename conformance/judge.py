"""Compares what people heard because of one step with what the contract says they hear."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.model import Expectation, Heard, Outlook
from conformance.person import Person
from conformance.verdict import Broken
from protocols.contract import Event, Json, Level, Protocol
from protocols.errors import UnknownEvent
from simulators.received import Received
from simulators.target import Target


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that one person did."""

    who: Person
    event: Event | None
    """None where it was no valid event."""
    event_name: str
    outlook: Outlook
    began_ns: int


def judge(protocol: Protocol, step: Step, heard: Heard, target: Target) -> list[tuple[Broken, Level]]:
    """Return every promise that this step broke, with its level; nothing when all is as the contract says."""
    findings: list[tuple[Broken, Level]] = []
    for person, events in heard.by.items():
        findings += _Listener(protocol, step, person, target).findings(events)
    return findings


class _Listener:
    """One person's part of the comparison."""

    def __init__(self, protocol: Protocol, step: Step, person: Person, target: Target) -> None:
        self.protocol = protocol
        self.step = step
        self.person = person
        self.target = target
        mine = [item for item in step.outlook.expectations if item.receiver is person]
        self.pending = sorted(mine, key=lambda item: item.level is not Level.MUST)
        self.met: list[Expectation] = []

    def findings(self, events: Sequence[Received]) -> Iterator[tuple[Broken, Level]]:
        for received in events:
            if (broken := self._hear(received)) is not None:
                yield broken, Level.MUST
        for missing in self.pending:
            if missing.level is not Level.MAY:
                yield self._missing(missing, events), missing.level

    def _hear(self, received: Received) -> Broken | None:
        if received.violation is not None:
            return self._violation(received)
        if match := next((item for item in self.pending if fits(item, received)), None):
            self.pending.remove(match)
            self.met.append(match)
            return self._late(match, received)
        if near := next((i for i in self.pending if i.operation.name == received.name and i.level is Level.MUST), None):
            self.pending.remove(near)
            return self._different(near, received)
        if again := next((item for item in self.met if fits(item, received)), None):
            came = f"{self.person} heard it again: {received}"
            return Broken(again.requirement, f"{again}, once", came, (self._all(7),))
        return self._unexpected(received)

    def _violation(self, received: Received) -> Broken:
        if isinstance(received.violation, UnknownEvent):
            return Broken(self._all(3), "only events that the contract knows", f"{self.person} heard {received}")
        return Broken(self._all(3), f"a {received.name} that is valid against its schema", str(received))

    def _late(self, expectation: Expectation, received: Received) -> Broken | None:
        took_s = (received.at_ns - self.step.began_ns) / 1e9
        limit_s = self.target.deadline_s(expectation.within_ms)
        if expectation.level is Level.MAY or took_s <= limit_s:
            return None
        promise = f"{expectation} within {expectation.within_ms} ms (× patience {self.target.patience:g})"
        return Broken(expectation.requirement, promise, f"it came after {took_s * 1000:.0f} ms")

    def _different(self, near: Expectation, received: Received) -> Broken:
        fields = _fields(received)
        wrong = {key: fields.get(key) for key, value in near.where.items() if fields.get(key) != value}
        claims = list(self.step.outlook.claimed.values())
        forged = any(value in claims for value in wrong.values())
        came = ", ".join(f"{key}={value!r}" for key, value in wrong.items())
        return Broken(near.requirement, str(near), f"{received.name} with {came}", (self._all(4),) if forged else ())

    def _unexpected(self, received: Received) -> Broken:
        outlook = self.step.outlook
        came = f"{self.person} heard {received}"
        if outlook.refusal is not None:
            address = outlook.expectations[0].requirement
            return Broken(
                address, f"{self.step.event_name} is refused and nobody else hears of it", came, (self._all(5),)
            )
        promised = {item.operation.name: item.requirement for item in reversed(outlook.expectations)}
        for trigger in outlook.operation.triggers if outlook.operation else ():
            promised.setdefault(self.protocol.by_id[trigger.operation].name, trigger.requirement)
        if received.name in promised:
            expected = f"{received.name} is heard by those alone whom the contract names"
            return Broken(promised[received.name], expected, came, (self._all(5),))
        return Broken(self._all(5), f"{self.person} hears no {received.name} because of {self.step.event_name}", came)

    def _missing(self, expectation: Expectation, events: Sequence[Received]) -> Broken:
        connection = self.person.connection
        came = ", ".join(sorted({received.name for received in events})) or "nothing"
        if connection is not None and connection.closed is not None:
            came = f"disconnected ({connection.closed})"
        return Broken(expectation.requirement, str(expectation), f"{self.person} heard {came}")

    def _all(self, number: int) -> str:
        return f"{self.protocol.name}/all/{number}"


def _fields(received: Received) -> dict[str, Json]:
    return {} if received.event is None else received.event.to_json()


def fits(expectation: Expectation, received: Received) -> bool:
    """Say whether what was heard is what was expected."""
    if expectation.operation.name != received.name:
        return False
    fields = _fields(received)
    return all(key in fields and fields[key] == value for key, value in expectation.where.items())
