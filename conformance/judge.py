"""Compares what people heard because of one step with what the contract says they hear."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from conformance.expectation import AckDue, Expectation, Heard, Outlook, differing, fits, told
from conformance.person import Person
from conformance.verdict import Broken
from protocols.contract import Event, Json, Level, Protocol
from protocols.errors import UnknownEvent
from simulators.received import Answer, Received
from simulators.target import Target

Finding: TypeAlias = tuple[Broken, Level]
Floats: TypeAlias = Callable[[Person, Received], bool]
"""Says whether somebody may hear something at this time whatever the step is."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that one person did, or that nobody did while time passed."""

    who: Person | None
    event: Event | None
    """None where it was no valid event."""
    event_name: str
    outlook: Outlook
    began_ns: int
    ack_id: int | None = None
    """The id of the ack that was asked for."""


@dataclass(frozen=True, slots=True)
class Extra:
    """Something heard that nothing explains so far, and what is wrong if nothing does."""

    who: Person
    received: Received
    broken: Broken


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong with a step; a missing event says more of the cause than an extra one, so they are apart."""

    findings: list[Finding] = field(default_factory=list)
    extras: list[Extra] = field(default_factory=list)


def _never(who: Person, received: Received) -> bool:
    return False


def judge(protocol: Protocol, step: Step, heard: Heard, target: Target, floats: Floats = _never) -> Judgement:
    """Return every promise that this step broke, with its level; nothing when all is as the contract says."""
    judgement = Judgement()
    for person, events in heard.by.items():
        listener = _Listener(protocol, step, person, target, floats)
        judgement.findings.extend(listener.findings(events))
        judgement.extras.extend(listener.extras)
    judgement.findings.extend((broken, Level.MUST) for broken in _acks(protocol, step, heard, target))
    return judgement


class _Listener:
    """One person's part of the comparison."""

    def __init__(self, protocol: Protocol, step: Step, person: Person, target: Target, floats: Floats) -> None:
        self.protocol = protocol
        self.step = step
        self.person = person
        self.target = target
        self.floats = floats
        mine = [item for item in step.outlook.expectations if item.receiver is person]
        self.pending = sorted(mine, key=lambda item: item.level is not Level.MUST)
        self.met: list[Expectation] = []
        self.extras: list[Extra] = []

    def findings(self, events: Sequence[Received]) -> Iterator[Finding]:
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
        if self.floats(self.person, received):
            return None
        if near := next((i for i in self.pending if i.operation.name == received.name and i.level is Level.MUST), None):
            self.pending.remove(near)
            return self._different(near, received)
        self.extras.append(Extra(self.person, received, self._unexplained(received)))
        return None

    def _violation(self, received: Received) -> Broken:
        if isinstance(received.violation, UnknownEvent):
            return Broken(self._all(3), "only events that the contract knows", f"{self.person} heard {received}")
        return Broken(self._all(3), f"a {received.name} that is valid against its schema", str(received))

    def _late(self, expectation: Expectation, received: Received) -> Broken | None:
        if expectation.level is Level.MAY:
            return None
        return _late(expectation, received, self.step, self.target)

    def _different(self, near: Expectation, received: Received) -> Broken:
        wrong = differing(near.where, _fields(received))
        claims = list(self.step.outlook.claimed.values())
        forged = any(value in claims for value in wrong.values())
        return Broken(near.requirement, str(near), f"{received.name}{told(wrong)}", (self._all(4),) if forged else ())

    def _unexplained(self, received: Received) -> Broken:
        if again := next((item for item in self.met if fits(item, received)), None):
            came = f"{self.person} heard it again: {received}"
            return Broken(again.requirement, f"{again}, once", came, (self._all(7),))
        outlook = self.step.outlook
        came = f"{self.person} heard {received}"
        if outlook.refusal is not None or outlook.requirement:
            address = outlook.requirement or outlook.expectations[0].requirement
            return Broken(
                address, f"{self.step.event_name} is refused and nobody else hears of it", came, (self._all(5),)
            )
        promised = {item.operation.name: item.requirement for item in reversed(outlook.expectations)}
        for trigger in (*(outlook.operation.triggers if outlook.operation else ()), *outlook.triggers):
            promised.setdefault(self.protocol.by_id[trigger.operation].name, trigger.requirement)
        if received.name in promised:
            expected = f"{received.name} is heard by those alone whom the contract names"
            return Broken(promised[received.name], expected, came, (self._all(5),))
        return Broken(self._all(5), f"{self.person} hears no {received.name} because of {self.step.event_name}", came)

    def _missing(self, expectation: Expectation, events: Sequence[Received]) -> Broken:
        came = ", ".join(sorted({received.name for received in events})) or "nothing"
        return Broken(expectation.requirement, str(expectation), _instead(self.person, came))

    def _all(self, number: int) -> str:
        return f"{self.protocol.name}/all/{number}"


def _acks(protocol: Protocol, step: Step, heard: Heard, target: Target) -> Iterator[Broken]:
    """Yield what is wrong with the acks: exactly one comes where one was asked for and is promised, and no other."""
    due = step.outlook.ack
    address = due.requirement if due is not None else f"{protocol.name}/all/3"
    asked: list[Answer] = []
    for person, answers in heard.answers.items():
        for answer in answers:
            if due is not None and person is step.who and answer.packet.ack_id == step.ack_id:
                asked.append(answer)
            else:
                yield Broken(address, f"{step.event_name} is not acknowledged to {person}", f"{person} got {answer}")
    if due is None or step.who is None:
        return
    if not asked:
        came = ", ".join(sorted({received.name for received in heard.by.get(step.who, ())})) or "nothing"
        yield Broken(address, str(due), _instead(step.who, came))
        return
    first, *again = asked
    if (wrong := _wrong_ack(protocol, due, first, step, target)) is not None:
        yield wrong
    if again:
        yield Broken(address, f"{due}, once", f"{step.who} got it again: {again[0]}")


def _wrong_ack(protocol: Protocol, due: AckDue, answer: Answer, step: Step, target: Target) -> Broken | None:
    if answer.violation is not None or answer.ack is None:
        return Broken(f"{protocol.name}/all/3", f"an {answer} that is valid against its schema", str(answer))
    if wrong := differing(due.where, answer.ack.to_json()):
        return Broken(due.requirement, str(due), f"an ack{told(wrong)}")
    return _late(due, answer, step, target)


def _late(due: Expectation | AckDue, arrival: Received | Answer, step: Step, target: Target) -> Broken | None:
    took_s = (arrival.at_ns - step.began_ns) / 1e9
    if took_s <= target.deadline_s(due.within_ms):
        return None
    promise = f"{due} within {due.within_ms} ms (× patience {target.patience:g})"
    return Broken(due.requirement, promise, f"it came after {took_s * 1000:.0f} ms")


def _instead(who: Person, came: str) -> str:
    if who.connection is not None and who.connection.closed is not None:
        came = f"disconnected ({who.connection.closed})"
    return f"{who} heard {came}"


def _fields(received: Received) -> dict[str, Json]:
    return {} if received.event is None else received.event.to_json()
