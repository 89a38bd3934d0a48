"""What somebody is to hear, and what the speaker is to get as the ack: the units in which the contract is judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from conformance.checks import Check
from conformance.person import Person
from protocols.contract import Ack, Json, Level, Operation, Refusal, Trigger
from simulators.received import Answer, Received


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
    room: str = ""
    """The room in which it is said; empty where it is for somebody in particular, or for everybody."""

    def __str__(self) -> str:
        return f"{self.receiver.name} hears {self.operation.name}{told(self.where)}"


@dataclass(frozen=True, slots=True)
class AckDue:
    """The speaker is to get one ack with these fields within some time."""

    operation: Operation
    where: Mapping[str, Json]
    within_ms: int
    requirement: str

    def __str__(self) -> str:
        return f"{self.operation.name} is acknowledged{told(self.where)}"


@dataclass(frozen=True, slots=True)
class Outlook:
    """All that may be heard because of one step."""

    expectations: Sequence[Expectation] = ()
    refusal: Refusal | None = None
    operation: Operation | None = None
    claimed: Mapping[str, Json] = field(default_factory=dict)
    """What the client claimed in fields that the server derives by itself."""
    ack: AckDue | None = None
    """The ack that the speaker asked for and is to get; None where none may come."""
    requirement: str = ""
    """What is kept by a refusal, and broken by whatever happens in spite of it."""
    refused_as: Check = Check.STATE_REQUIRED
    """The kind of check that such a refusal passes."""
    triggers: Sequence[Trigger] = ()
    """What coming or going causes at other times; an operation has its own."""
    otherwise: "Outlook | None" = None
    """What is to be heard instead where something has come before that only the target can time, such as a timer."""

    @property
    def is_refusal(self) -> bool:
        """Whether what was done is to be refused."""
        return self.refusal is not None or bool(self.requirement)

    def decided(self, by: "Mapping[Person, Sequence[Received]]") -> "Outlook":
        """Return which of the two it is by what was heard: this one, until anything of the other has come."""
        other = self.otherwise
        if other is None:
            return self
        came = any(fits(item, received) for item in other.expectations for received in by.get(item.receiver, ()))
        return other if came else self


@dataclass(frozen=True)
class Heard:
    """What each person heard because of one step, in the order of its arrival."""

    arrivals: Mapping[Person, Sequence[Received | Answer]]
    asked: tuple[Person, int] | None = None
    """Who asked for an ack in this step, and its id."""

    @cached_property
    def by(self) -> Mapping[Person, Sequence[Received]]:
        """The events alone."""
        return {who: [one for one in came if isinstance(one, Received)] for who, came in self.arrivals.items()}

    @cached_property
    def answers(self) -> Mapping[Person, Sequence[Answer]]:
        """The acks alone, also those that nobody asked for."""
        return {who: [one for one in came if isinstance(one, Answer)] for who, came in self.arrivals.items()}

    @property
    def ack(self) -> Ack | None:
        """The ack that the speaker asked for; None where none came, or one that breaks its schema."""
        if self.asked is None:
            return None
        who, ack_id = self.asked
        mine = (answer for answer in self.answers.get(who, ()) if answer.packet.ack_id == ack_id)
        return next((answer.ack for answer in mine), None)

    def payloads(self, who: Person, event_name: str) -> list[Mapping[str, Json]]:
        """Return the payloads of the valid events of one name that one person heard."""
        events = [received.event for received in self.by.get(who, ()) if received.name == event_name]
        return [event.to_json() for event in events if event is not None]


def fits(expectation: Expectation, received: Received) -> bool:
    """Say whether what was heard is what was expected."""
    if expectation.operation.name != received.name:
        return False
    fields = {} if received.event is None else received.event.to_json()
    return not differing(expectation.where, fields)


def differing(where: Mapping[str, Json], fields: Mapping[str, Json]) -> dict[str, Json]:
    """Return the fields that are not what they are to be, with what they are; None for those that are absent."""
    return {key: fields.get(key) for key, value in where.items() if key not in fields or fields[key] != value}


def told(fields: Mapping[str, Json]) -> str:
    """Return fields for people: ` with x=1, y=2`; empty where there are none."""
    return " with " + ", ".join(f"{key}={value!r}" for key, value in fields.items()) if fields else ""
