"""What must happen next, derived from the contract: who hears what, or how an event is refused.

A protocol's model keeps the little that the contract cannot say by itself: who is where, and what each named condition
means. It states the promise from the client's side and never shares code with the rules of our own server.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from hypothesis.strategies import SearchStrategy

from conformance.person import Person
from conformance.template import Scopes, Unknown, render, render_known
from conformance.verdict import Broken
from protocols.contract import Action, Audience, Condition, Event, Json, Level, Operation, Protocol, Refusal, Trigger
from simulators.received import Received

INVALID: Final = "invalid"
REFUSED_WITHIN_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Expectation:
    """One person is to hear one event with these fields within some time."""

    receiver: Person
    operation: Operation
    where: Mapping[str, Json]
    within_ms: int
    requirement: str
    level: Level = Level.MUST
    disconnects: bool = False
    """Whether its receiver is disconnected after it."""

    def __str__(self) -> str:
        fields = ", ".join(f"{key}={value!r}" for key, value in self.where.items())
        return f"{self.receiver.name} hears {self.operation.name}" + (f" with {fields}" if fields else "")


@dataclass(frozen=True, slots=True)
class Outlook:
    """All that may be heard because of one step."""

    expectations: Sequence[Expectation] = ()
    refusal: Refusal | None = None
    operation: Operation | None = None
    claimed: Mapping[str, Json] = field(default_factory=dict)
    """What the client claimed in fields that the server derives by itself."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What each person heard because of one step, in the order of its arrival."""

    by: Mapping[Person, Sequence[Received]]

    def payloads(self, who: Person, event_name: str) -> list[Mapping[str, Json]]:
        """Return the payloads of the valid events of one name that one person heard."""
        events = [received.event for received in self.by.get(who, ()) if received.name == event_name]
        return [event.to_json() for event in events if event is not None]


class Model(ABC):
    """What a client of one protocol may rely on. One model lives as long as one cast of people."""

    protocol: ClassVar[Protocol]

    # ---- what only the protocol knows --------------------------------------------------------------------------

    @abstractmethod
    def facts(self, who: Person) -> Mapping[str, Json]:
        """Return what `{sender.…}` means: the facts that the server has verified about this person."""

    @abstractmethod
    def session(self, who: Person, event: Event) -> Mapping[str, Json]:
        """Return what `{session.…}` means: the facts behind the credentials that this event carries."""

    @abstractmethod
    def holds(self, condition: str, who: Person, event: Event | None) -> bool:
        """Say whether one of the contract's named conditions holds for this sender and payload."""

    @abstractmethod
    def members(self, room: str) -> Collection[Person]:
        """Return who is in a room, named as the contract's templates name it."""

    @abstractmethod
    def user(self, user_id: str, who: Person) -> Person | None:
        """Return the person whom the sender can reach under this id."""

    @abstractmethod
    def apply(self, who: Person, event: Event, heard: Heard) -> None:
        """Change the state as this accepted event does; what only the server can choose is read from `heard`."""

    @abstractmethod
    def leave(self, who: Person) -> None:
        """Change the state as the end of this person's connection does."""

    @abstractmethod
    def describe(self) -> str:
        """Say in one line who is where, for the conversation that shows a fault."""

    @abstractmethod
    def payloads(self, operation: Operation, who: Person) -> SearchStrategy[Json]:
        """Return valid payloads that speak, as far as they can, of people and rooms which exist."""

    def promises(self, who: Person, event: Event, heard: Heard) -> Iterator[Broken]:
        """Yield what is wrong with an accepted event beyond what the contract's templates can say."""
        return iter(())

    # ---- what the contract says --------------------------------------------------------------------------------

    def foresee(self, who: Person, event: Event) -> Outlook:
        """Say who is to hear what when this person emits this valid event now."""
        operation = self.protocol.operation(event)
        scopes = self._scopes(who, event)
        claimed = {key: value for key, value in scopes["payload"].items() if key in operation.server_derived}
        if (refusal := self._refusal(operation, who, event)) is not None:
            return self._refused(operation, refusal, who, claimed)
        expectations = [
            expectation
            for trigger in operation.triggers
            if self._hold(trigger.when, who, event)
            for expectation in self._expectations(trigger, who, scopes)
        ]
        return Outlook(expectations, operation=operation, claimed=claimed)

    def foresee_invalid(self, who: Person, event_name: str) -> Outlook:
        """Say how something that breaks its schema is refused; a name that nobody knows is refused likewise."""
        operation = self.protocol.inbound.get(event_name)
        known = operation or next(iter(self.protocol.inbound.values()))
        refusal = next(r for r in known.refusals if any(c.name == INVALID for c in r.when))
        return self._refused(operation, refusal, who, {}, "" if operation else f"{self.protocol.name}/all/2")

    def foresee_end(self, who: Person) -> Outlook:
        """Say who is to hear what when this person's connection ends."""
        operation = self.protocol.by_id[self.protocol.disconnect]
        event = operation.event()
        if not self._hold(operation.requires, who, event):
            return Outlook(operation=operation)
        return self.foresee(who, event)

    def _scopes(self, who: Person, event: Event) -> Scopes:
        return {"payload": event.to_json(), "sender": self.facts(who), "session": self.session(who, event)}

    def _hold(self, conditions: Iterable[Condition], who: Person, event: Event) -> bool:
        return all(self.holds(condition.name, who, event) is not condition.negated for condition in conditions)

    def _refusal(self, operation: Operation, who: Person, event: Event) -> Refusal | None:
        """Return how a valid event is refused, if it is."""
        for refusal in operation.refusals:
            names = {condition.name for condition in refusal.when}
            if INVALID not in names and self._hold(refusal.when, who, event):
                return refusal
        if not self._hold(operation.requires, who, event):
            raise LookupError(f"{operation.id} requires something that none of its x-errors is about")
        return None

    def _refused(
        self,
        operation: Operation | None,
        refusal: Refusal,
        who: Person,
        claimed: Mapping[str, Json],
        requirement: str = "",
    ) -> Outlook:
        told = self.protocol.by_id[refusal.operation]
        address = requirement or refusal.requirement
        expectation = Expectation(who, told, {}, REFUSED_WITHIN_MS, address, disconnects=refusal.disconnects)
        return Outlook([expectation], refusal=refusal, operation=operation, claimed=claimed)

    def _expectations(self, trigger: Trigger, who: Person, scopes: Scopes) -> Iterator[Expectation]:
        operation = self.protocol.by_id[trigger.operation]
        assert operation.action is Action.SEND
        where = render_known(trigger.where, scopes)
        for receiver in self._audience(trigger, who, scopes):
            yield Expectation(
                receiver, operation, where, trigger.within_ms, trigger.requirement, trigger.level, trigger.disconnects
            )

    def _audience(self, trigger: Trigger, who: Person, scopes: Scopes) -> Collection[Person]:
        """Return who is meant. A room has its members from before the event, and the sender where it is entering."""
        if trigger.to is Audience.SENDER:
            return [who]
        try:
            if trigger.to is Audience.USER:
                user = self.user(str(render(trigger.user, scopes)), who)
                return [] if user is None else [user]
            present = dict.fromkeys(self.members(str(render(trigger.room, scopes))))
        except Unknown:
            return []
        if trigger.to is Audience.OTHERS:
            present.pop(who, None)
        elif trigger.to is Audience.ROOM:
            present[who] = None
        return list(present)
