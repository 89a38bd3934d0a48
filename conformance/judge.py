"""Compares what people heard because of one step with what the contract says they hear."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from conformance.checks import Check
from conformance.expectation import AckDue, Expectation, Heard, Outlook, differing, fits, told
from conformance.person import Person
from conformance.symptom import ACK, STRAY_ACK, Symptom, broken_by, fields_are
from conformance.verdict import Broken
from protocols.contract import Audience, Event, Json, Level, Protocol
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

    @property
    def cause(self) -> str:
        """What a finding calls it: all names that the contract does not know are alike."""
        return "an unknown event" if self.outlook.refused_as is Check.REFUSED_UNKNOWN else self.event_name

    def on(self, name: str) -> str:
        """Say what a finding is about: something that was heard because of this step."""
        return f"{self.cause} > {name}"


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
    if _is_wrongly_refused(protocol, step, judgement.extras):
        for broken, _ in judgement.findings:
            if broken.check is Check.MISSING_DELIVERY:
                broken.check, broken.about = Check.ACCEPTED_VALID, step.cause
    return judgement


def _is_wrongly_refused(protocol: Protocol, step: Step, extras: Sequence[Extra]) -> bool:
    """Say whether the speaker was told of an error although all was right."""
    if step.outlook.is_refusal:
        return False
    return any(extra.who is step.who and extra.received.name in errors(protocol) for extra in extras)


def errors(protocol: Protocol) -> Collection[str]:
    """Return the names of the events that say no to somebody."""
    told = {refusal.operation for operation in protocol.inbound.values() for refusal in operation.refusals}
    return {protocol.by_id[operation].name for operation in told if operation}


def is_failing(answer: Answer) -> bool:
    """Say whether an ack says no to whoever asked for it."""
    if answer.operation is None or answer.ack is None:
        return False
    fields = answer.ack.to_json()
    return any(refusal.by_ack and _is_like(refusal.where, fields) for refusal in answer.operation.refusals)


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
            check = Check.WRONG_DIRECTION if received.name in self.protocol.inbound else Check.UNDOCUMENTED_EVENT
            expected, came = "only events that the contract knows", f"{self.person} heard {received}"
            broken = Broken(self._all(3), expected, came, check=check, about=received.name)
            return broken.shown(Symptom.heard(self.person, received.name))
        expected = f"a {received.name} that is valid against its schema"
        broken = Broken(self._all(3), expected, str(received), check=Check.PAYLOAD_SCHEMA, about=received.name)
        return broken.shown(Symptom.heard(self.person, received.name, *broken_by(received)))

    def _late(self, expectation: Expectation, received: Received) -> Broken | None:
        if expectation.level is Level.MAY:
            return None
        return _late(expectation, received, self.step, self.target, Check.LATE_DELIVERY)

    def _different(self, near: Expectation, received: Received) -> Broken:
        wrong = differing(near.where, _fields(received))
        claims = list(self.step.outlook.claimed.values())
        forged = any(value in claims for value in wrong.values())
        check = Check.SERVER_DERIVED_IDENTITY if forged else Check.WRONG_FIELDS
        if self.step.outlook.is_refusal:
            check = self.step.outlook.refused_as
        return Broken(
            near.requirement,
            str(near),
            f"{received.name}{told(wrong)}",
            (self._all(4),) if forged else (),
            check=check,
            about=f"{self.step.on(received.name)} {{{', '.join(wrong)}}}",
        ).shown(_unheard(near, self.target))

    def _unexplained(self, received: Received) -> Broken:
        about = self.step.on(received.name)
        if again := next((item for item in self.met if fits(item, received)), None):
            came = f"{self.person} heard it again: {received}"
            also = (self._all(7),)
            broken = Broken(
                again.requirement, f"{again}, once", came, also, check=Check.DUPLICATE_DELIVERY, about=about
            )
            return broken.shown(Symptom.heard(self.person, received.name, *fields_are(again.where)))
        return self._uncalled_for(received, about).shown(Symptom.heard(self.person, received.name))

    def _uncalled_for(self, received: Received, about: str) -> Broken:
        outlook = self.step.outlook
        came = f"{self.person} heard {received}"
        if outlook.is_refusal:
            address = outlook.requirement or outlook.expectations[0].requirement
            expected = f"{self.step.event_name} is refused and nobody else hears of it"
            about = self.step.cause
            return Broken(address, expected, came, (self._all(5),), check=outlook.refused_as, about=about)
        promised = {item.operation.name: item.requirement for item in reversed(outlook.expectations)}
        others: set[str] = set()
        for trigger in (*(outlook.operation.triggers if outlook.operation else ()), *outlook.triggers):
            name = self.protocol.by_id[trigger.operation].name
            promised.setdefault(name, trigger.requirement)
            if trigger.to in {Audience.OTHERS, Audience.PEERS}:
                others.add(name)
        if received.name in promised:
            expected = f"{received.name} is heard by those alone whom the contract names"
            is_echo = self.person is self.step.who and received.name in others
            check = Check.SENDER_EXCLUSION if is_echo else Check.ROOM_ISOLATION
            return Broken(promised[received.name], expected, came, (self._all(5),), check=check, about=about)
        expected = f"{self.person} hears no {received.name} because of {self.step.event_name}"
        return Broken(self._all(5), expected, came, check=Check.UNCAUSED_EVENT, about=about)

    def _missing(self, expectation: Expectation, events: Sequence[Received]) -> Broken:
        came = ", ".join(sorted({received.name for received in events})) or "nothing"
        outlook = self.step.outlook
        check, about = Check.MISSING_DELIVERY, self.step.on(expectation.operation.name)
        if outlook.is_refusal:
            check, about = outlook.refused_as, self.step.cause
        came = _instead(self.person, came)
        broken = Broken(expectation.requirement, str(expectation), came, check=check, about=about)
        return broken.shown(_unheard(expectation, self.target))

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
                expected, came = f"{step.event_name} is not acknowledged to {person}", f"{person} got {answer}"
                broken = Broken(address, expected, came, check=Check.ACK_FOR_NOBODY, about=step.cause)
                yield broken.shown(Symptom.heard(person, ACK if answer.name else STRAY_ACK))
    if due is None or step.who is None:
        return
    if not asked:
        came = ", ".join(sorted({received.name for received in heard.by.get(step.who, ())})) or "nothing"
        broken = Broken(address, str(due), _instead(step.who, came), check=Check.ACK_GIVEN, about=step.cause)
        yield broken.shown(_unacknowledged(step.who, due, target))
        return
    first, *again = asked
    if (wrong := _wrong_ack(protocol, due, first, step, target)) is not None:
        yield wrong
    if again:
        came = f"{step.who} got it again: {again[0]}"
        broken = Broken(address, f"{due}, once", came, check=Check.ACK_ONCE, about=step.cause)
        yield broken.shown(Symptom.heard(step.who, STRAY_ACK))


def _wrong_ack(protocol: Protocol, due: AckDue, answer: Answer, step: Step, target: Target) -> Broken | None:
    if answer.violation is not None or answer.ack is None:
        expected, about = f"an {answer} that is valid against its schema", step.cause
        broken = Broken(f"{protocol.name}/all/3", expected, str(answer), check=Check.ACK_SCHEMA, about=about)
        return broken.shown(Symptom.heard(step.who, ACK, *broken_by(answer)))
    fields = answer.ack.to_json()
    if wrong := differing(due.where, fields):
        check, about = Check.ACK_FIELDS, f"{step.cause} {{{', '.join(wrong)}}}"
        if step.outlook.is_refusal:
            check, about = step.outlook.refused_as, step.cause
        elif is_failing(answer):
            check, about = Check.ACCEPTED_VALID, step.cause
        broken = Broken(due.requirement, str(due), f"an ack{told(wrong)}", check=check, about=about)
        return broken.shown(_unacknowledged(step.who, due, target))
    return _late(due, answer, step, target, Check.ACK_IN_TIME)


def _is_like(where: Mapping[str, Json], fields: Mapping[str, Json]) -> bool:
    """Say whether fields have what is the same whenever this is said."""
    constant = {key: value for key, value in where.items() if "{" not in str(value)}
    return bool(constant) and not differing(constant, fields)


def _late(
    due: Expectation | AckDue, arrival: Received | Answer, step: Step, target: Target, check: Check
) -> Broken | None:
    took_s = (arrival.at_ns - step.began_ns) / 1e9
    if took_s <= target.deadline_s(due.within_ms):
        return None
    promise = f"{due} within {due.within_ms} ms (× patience {target.patience:g})"
    about = step.on(due.operation.name) if isinstance(due, Expectation) else step.cause
    broken = Broken(due.requirement, promise, f"it came after {took_s * 1000:.0f} ms", check=check, about=about)
    if isinstance(due, Expectation):
        return broken.shown(replace(_unheard(due, target), is_late=True))
    return broken.shown(replace(_unacknowledged(step.who, due, target), is_late=True))


def _unheard(due: Expectation, target: Target) -> Symptom:
    return Symptom.unheard(due.receiver, due.operation.name, due.where, target.deadline_s(due.within_ms))


def _unacknowledged(who: Person | None, due: AckDue, target: Target) -> Symptom:
    return Symptom.unheard(who, ACK, due.where, target.deadline_s(due.within_ms))


def _instead(who: Person, came: str) -> str:
    if who.connection is not None and who.connection.closed is not None:
        came = f"disconnected ({who.connection.closed})"
    return f"{who} heard {came}"


def _fields(received: Received) -> dict[str, Json]:
    return {} if received.event is None else received.event.to_json()
