"""What must happen next, derived from the contract: who hears what, or how an event is refused.

A protocol's model keeps the little that the contract cannot say by itself: who is where, and what each named condition
means. It states the promise from the client's side and never shares code with the rules of our own server.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final

from hypothesis.strategies import SearchStrategy

from conformance.checks import Check
from conformance.expectation import AckDue, Expectation, Heard, Outlook
from conformance.owed import Owed
from conformance.person import Person
from conformance.strategies import valid
from conformance.template import Scopes, Unknown, render, render_known
from conformance.verdict import Broken
from protocols.contract import (
    Action,
    Audience,
    Condition,
    Event,
    Json,
    Level,
    Operation,
    Protocol,
    Refusal,
    Trigger,
)
from simulators.received import Received
from simulators.target import Target

INVALID: Final = "invalid"
REFUSED_WITHIN_MS: Final = 1000
ACK_WITHIN_MS: Final = 1000
"""How long an ack may take where the contract does not say."""


class Model(ABC):
    """What a client of one protocol may rely on. One model lives as long as one cast of people."""

    protocol: ClassVar[Protocol]
    one_order: ClassVar[str] = ""
    """The requirement that all who hear a room hear it in one order; empty where the contract has none."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.present: list[Person] = []
        """Everybody connected, in the order in which they came; the stage keeps it."""
        self.owed: list[Owed] = []
        """What timers of the target will cause; the stage takes out what has come, and misses what has not."""
        self.moment = 0.0
        """`time.monotonic()` when the present step began; the stage keeps it."""

    # ---- what only the protocol knows --------------------------------------------------------------------------

    @abstractmethod
    def facts(self, who: Person) -> Mapping[str, Json]:
        """Return what `{sender.…}` means: the facts that the server has verified about this person."""

    def session(self, who: Person, event: Event | None) -> Mapping[str, Json]:
        """Return what `{session.…}` means: the facts behind the credentials that this event carries.

        Where the handshake carries them these are the same as the sender's.
        """
        return self.facts(who)

    @abstractmethod
    def holds(self, condition: str, who: Person, event: Event | None) -> bool:
        """Say whether one of the contract's named conditions holds for this sender and payload.

        There is no event where it is asked because somebody comes or goes; who comes is `present` by then, and who
        goes is so still.
        """

    @abstractmethod
    def members(self, room: str) -> Collection[Person]:
        """Return who is in a room, named as the contract's templates name it."""

    @abstractmethod
    def apply(self, who: Person, event: Event, heard: Heard) -> None:
        """Change the state as this accepted event does; what only the server can choose is read from `heard`."""

    @abstractmethod
    def leave(self, who: Person) -> None:
        """Change the state as the end of this person's connection does."""

    @abstractmethod
    def describe(self) -> str:
        """Say in one line who is where, for the conversation that shows a fault."""

    def arrive(self, who: Person, heard: Heard) -> None:
        """Change the state as somebody's connection does."""
        return

    def user_id(self, who: Person) -> Json:
        """Return which user somebody is; None where nobody can know yet. Two sockets may be of one user."""
        return None if who.identity is None else who.identity.id

    def sockets(self, user_id: Json) -> Collection[Person]:
        """Return everybody connected who is this user, for what goes `to: user`."""
        return [who for who in self.present if self.user_id(who) == user_id]

    def enters(self, who: Person, room: str, event: Event | None) -> bool:
        """Say whether somebody who is not in a room is so by what they do, and hears what is said `to: room`."""
        return True

    def readable(self, operation: Operation, arguments: Sequence[object]) -> Mapping[str, Json]:
        """Return what a refusal can repeat of invalid arguments: `{payload.…}` of its `where`; the rest is open."""
        return {}

    def possible(self, who: Person, received: Received) -> bool:
        """Say whether somebody may hear this at any time, as what comes every second or because of strangers.

        Asked of what nothing else explains, before and after the step's event is applied.
        """
        return False

    def payloads(self, operation: Operation, who: Person) -> SearchStrategy[Json]:
        """Return valid payloads that speak, as far as they can, of people and rooms which exist."""
        assert operation.schema is not None
        return valid(self.protocol, operation.schema)

    def promises(self, who: Person, event: Event, heard: Heard) -> Iterator[Broken]:
        """Yield what is wrong with an accepted event beyond what the contract's templates can say."""
        return iter(())

    @property
    def claimed(self) -> list[Operation]:
        """What clients may emit, as far as the target claims to know it."""
        return [one for one in self.protocol.inbound.values() if not self.target.scope.reason(one.name)]

    # ---- what comes later --------------------------------------------------------------------------------------

    def owe(self, expectation: Expectation, after_ms: float) -> None:
        """Expect something of a timer that the present step has started: not before its time, and then in time.

        `after_ms` are milliseconds of the target's time; the expectation's own `within_ms` counts from then on.
        """
        not_before = self.moment + after_ms / 1000 / self.target.time_scale
        by = not_before + self.target.deadline_s(expectation.within_ms)
        self.owed.append(Owed(expectation, not_before, by))

    def forgive(self, which: Callable[[Expectation], bool]) -> None:
        """Expect these no longer, as when a timer is stopped or begins anew."""
        self.owed[:] = [owed for owed in self.owed if not which(owed.expectation)]

    # ---- what the contract says --------------------------------------------------------------------------------

    def foresee(self, who: Person, event: Event, *, asked: bool | None = None) -> Outlook:
        """Say who is to hear what when this person emits this valid event now.

        `asked` says whether they want an ack of it; they do where there is one unless said otherwise.
        """
        operation = self.protocol.operation(event)
        asked = operation.ack is not None if asked is None else asked
        scopes = self._scopes(who, event)
        claimed = {key: value for key, value in scopes["payload"].items() if key in operation.server_derived}
        if (refusal := self._refusal(operation, who, event)) is not None:
            return self._refused(operation, refusal, who, scopes, claimed, asked=asked)
        return Outlook(
            list(self._caused(operation.triggers, who, event)),
            operation=operation,
            claimed=claimed,
            ack=self._ack(operation, operation.ack_where, scopes, "") if asked else None,
        )

    def foresee_invalid(
        self, who: Person, event_name: str, arguments: Sequence[object] = (), *, asked: bool = False
    ) -> Outlook:
        """Say how something that breaks its schema is refused.

        A name that nobody knows is refused likewise, where the protocol has an event to say so; nothing can tell it
        where it has not.
        """
        operation = self.protocol.inbound.get(event_name)
        if operation is None:
            requirement = f"{self.protocol.name}/all/2"
            told = (refusal for known in self.protocol.inbound.values() for refusal in known.refusals)
            unknown = next((refusal for refusal in told if _is_of_invalid(refusal) and not refusal.by_ack), None)
            if unknown is None:
                return Outlook(requirement=requirement, refused_as=Check.REFUSED_UNKNOWN)
            outlook = self._refused(None, unknown, who, self._scopes(who, None), {}, requirement=requirement)
            return replace(outlook, refused_as=Check.REFUSED_UNKNOWN)
        refusal = next(filter(_is_of_invalid, operation.refusals))
        scopes = {**self._scopes(who, None), "payload": self.readable(operation, arguments)}
        outlook = self._refused(operation, refusal, who, scopes, {}, asked=asked)
        return replace(outlook, refused_as=Check.REFUSED_INVALID)

    def foresee_connect(self, who: Person) -> Outlook:
        """Say who is to hear what because this person has been admitted."""
        return Outlook(list(self._caused(self.protocol.connect, who, None)), triggers=self.protocol.connect)

    def foresee_end(self, who: Person) -> Outlook:
        """Say who is to hear what when this person's connection ends; they themselves hear nothing any more."""
        caused = self._caused(self.protocol.disconnected, who, None)
        others = [expectation for expectation in caused if expectation.receiver is not who]
        return Outlook(others, triggers=self.protocol.disconnected)

    def _scopes(self, who: Person, event: Event | None) -> dict[str, Mapping[str, Json]]:
        payload = {} if event is None else event.to_json()
        return {"payload": payload, "sender": self.facts(who), "session": self.session(who, event)}

    def _hold(self, conditions: Iterable[Condition], who: Person, event: Event | None) -> bool:
        return all(self.holds(condition.name, who, event) is not condition.negated for condition in conditions)

    def _refusal(self, operation: Operation, who: Person, event: Event) -> Refusal | None:
        """Return how a valid event is refused, if it is."""
        for refusal in operation.refusals:
            if not _is_of_invalid(refusal) and self._hold(refusal.when, who, event):
                return refusal
        if not self._hold(operation.requires, who, event):
            raise LookupError(f"{operation.id} requires something that none of its x-errors is about")
        return None

    def _refused(
        self,
        operation: Operation | None,
        refusal: Refusal,
        who: Person,
        scopes: Scopes,
        claimed: Mapping[str, Json],
        *,
        asked: bool = False,
        requirement: str = "",
    ) -> Outlook:
        address = requirement or refusal.requirement
        outlook = Outlook(refusal=refusal, operation=operation, claimed=claimed, requirement=address)
        if refusal.by_ack:
            assert operation is not None  # an unknown event has no ack that could be promised
            if asked:
                return replace(outlook, ack=self._ack(operation, refusal.where, scopes, address))
            # Nobody asked for the ack that would tell it; the protocol's error event may do so in its stead.
            return replace(outlook, expectations=list(self._errors(who, address)))
        told = self.protocol.by_id[refusal.operation]
        where = render_known(refusal.where, scopes)
        expectation = Expectation(who, told, where, REFUSED_WITHIN_MS, address, disconnects=refusal.disconnects)
        return replace(outlook, expectations=[expectation])

    def _errors(self, who: Person, requirement: str) -> Iterator[Expectation]:
        refusals = (refusal for operation in self.protocol.inbound.values() for refusal in operation.refusals)
        for name in dict.fromkeys(refusal.operation for refusal in refusals if not refusal.by_ack):
            yield Expectation(who, self.protocol.by_id[name], {}, REFUSED_WITHIN_MS, requirement, Level.MAY)

    def _ack(self, operation: Operation, where: Mapping[str, Json], scopes: Scopes, requirement: str) -> AckDue | None:
        if operation.ack is None:
            return None
        address = requirement or operation.ack_requirement or f"{self.protocol.name}/all/3"
        return AckDue(operation, render_known(where, scopes), operation.ack_timeout_ms or ACK_WITHIN_MS, address)

    def _caused(self, triggers: Iterable[Trigger], who: Person, event: Event | None) -> Iterator[Expectation]:
        scopes = self._scopes(who, event)
        for trigger in triggers:
            if self._hold(trigger.when, who, event):
                yield from self._expectations(trigger, who, event, scopes)

    def _expectations(
        self, trigger: Trigger, who: Person, event: Event | None, scopes: Scopes
    ) -> Iterator[Expectation]:
        operation = self.protocol.by_id[trigger.operation]
        assert operation.action is Action.SEND
        where = render_known(trigger.where, scopes)
        is_claimed = not self.target.scope.reason(operation.name, trigger.requirement)
        level = trigger.level if is_claimed else Level.MAY
        for receiver, room in self._audience(trigger, who, event, scopes):
            yield Expectation(
                receiver, operation, where, trigger.within_ms, trigger.requirement, level, trigger.disconnects, room
            )

    def _audience(
        self, trigger: Trigger, who: Person, event: Event | None, scopes: Scopes
    ) -> Iterator[tuple[Person, str]]:
        """Yield who is meant, once for each delivery, and in which room. It has its members from before the event."""
        match trigger.to:
            case Audience.SENDER:
                yield who, ""
            case Audience.USER | Audience.USERS:
                for user_id in dict.fromkeys(_each(trigger.user, scopes)):
                    yield from ((socket, "") for socket in self.sockets(user_id))
            case Audience.NAMESPACE:
                yield from ((somebody, "") for somebody in self.present)
            case Audience.PEERS:
                yield from ((peer, "") for peer in self.present if self.user_id(peer) != self.user_id(who))
            case Audience.ROOM | Audience.OTHERS:
                for name in _each(trigger.room, scopes):
                    room = str(name)
                    members = dict.fromkeys(self.members(room))
                    if trigger.to is Audience.OTHERS:
                        members.pop(who, None)
                    elif who not in members and self.enters(who, room, event):
                        members[who] = None
                    yield from ((member, room) for member in members)


def _each(template: str, scopes: Scopes) -> list[Json]:
    """Return the rooms or users that a template means: one, those of a list, or none where nobody knows it."""
    try:
        meant = render(template, scopes)
    except Unknown:
        return []
    return list(meant) if isinstance(meant, list | tuple) else [meant]


def _is_of_invalid(refusal: Refusal) -> bool:
    return any(condition.name == INVALID for condition in refusal.when)
