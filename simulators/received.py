"""What one connection heard: an event or the ack of one, with the time of its arrival, read when somebody looks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, TypeVar

from protocols.contract import Ack, Action, Event, Json, Operation, Protocol
from protocols.errors import PayloadError, WireError
from simulators import wire
from simulators.history import describe
from simulators.strict_json import Value

E = TypeVar("E", bound=Event)
Where: TypeAlias = Callable[[E], bool] | Mapping[str, Json] | None
"""Which events are meant: those a predicate holds for, those with these fields, or all."""
Violation: TypeAlias = PayloadError | WireError
"""How a message breaks the contract: its name, its payload, or already its JSON."""


@dataclass(eq=False)  # not frozen: one is made for each event under load, and that would double its price
class Received:
    """An event that the target emitted."""

    name: str
    at_ns: int
    """`time.monotonic_ns()` of its arrival, taken before anything was read."""
    packet: wire.Event
    protocol: Protocol
    can_end_in_offset: bool = False
    """Whether the target can recover the session, and so may say behind an event how far it has been heard."""

    @cached_property
    def arguments(self) -> list[Value]:
        """What followed the name, bytes in their places; raises WireError where that is no JSON."""
        arguments = self.packet.arguments()
        return arguments[:-1] if self.can_end_in_offset and self._ends_in_offset(arguments) else arguments

    @cached_property
    def has_form(self) -> bool:
        """Whether it is JSON, of a name that the contract knows, with as many arguments as that has."""
        operation = self.protocol.outbound.get(self.name)
        try:
            return operation is not None and len(self.arguments) == (operation.schema is not None)
        except WireError:
            return False

    @property
    def keeps_schema(self) -> bool:
        """Whether it keeps to its schema: what there is no violation of, found out without reading it as its class."""
        if not self.has_form:
            return False
        schema = self.protocol.outbound[self.name].schema
        return schema is None or not self.protocol.faults(schema, self.arguments[0])

    def _ends_in_offset(self, arguments: list[Value]) -> bool:
        """Say whether there is one text too many, "stored at the end of the data array" (socket.io-adapter)."""
        operation = self.protocol.outbound.get(self.name)
        takes = 0 if operation is None or operation.schema is None else 1
        return operation is not None and len(arguments) == takes + 1 and isinstance(arguments[-1], str)

    @property
    def event(self) -> Event | None:
        """The typed event; None where the message breaks the contract."""
        return self._outcome[0]

    @property
    def violation(self) -> Violation | None:
        """How the message breaks the contract; None where it does not."""
        return self._outcome[1]

    @cached_property
    def _outcome(self) -> tuple[Event | None, Violation | None]:
        try:
            return self.protocol.parse(Action.SEND, self.name, self.arguments), None
        except (PayloadError, WireError) as error:
            return None, error

    def is_a(self, event_type: type[E], where: Where[E]) -> E | None:
        """Return the event if it is of this type and is meant, else None."""
        if self.name != event_type.event_name or not isinstance(self.event, event_type):
            return None
        if where is None:
            return self.event
        if callable(where):
            return self.event if where(self.event) else None
        fields = self.event.to_json()
        return self.event if all(key in fields and fields[key] == value for key, value in where.items()) else None

    def __str__(self) -> str:
        if isinstance(self.violation, WireError):
            return f"{self.name} ({self.violation})"
        text = describe(self.name, self.arguments)
        return text if self.violation is None else f"{text} ({self.violation})"


@dataclass(frozen=True)
class Answer:
    """The ack that the target gave to one event."""

    name: str
    """The event that it answers; empty where nothing waits for it."""
    sent_ns: int
    at_ns: int
    packet: wire.Ack
    protocol: Protocol
    operation: Operation | None
    """The operation of the event; None for a name that the protocol does not know."""

    @cached_property
    def arguments(self) -> list[Value]:
        """The values of the ack, bytes in their places; raises WireError where they are no JSON."""
        return self.packet.arguments()

    @property
    def ack(self) -> Ack | None:
        """The typed ack; None where it breaks the contract, or where there is no contract about it."""
        return self._outcome[0]

    @property
    def violation(self) -> Violation | None:
        """How the ack breaks the contract; None where it does not."""
        return self._outcome[1]

    @cached_property
    def _outcome(self) -> tuple[Ack | None, Violation | None]:
        try:
            arguments = self.arguments
            return (None if self.operation is None else self.protocol.parse_ack(self.operation, arguments)), None
        except (PayloadError, WireError) as error:
            return None, error

    def __str__(self) -> str:
        if isinstance(self.violation, WireError):
            return f"an ack ({self.violation})"
        text = describe(f"ack of {self.name}" if self.name else "an ack", self.arguments)
        return text if self.violation is None else f"{text} ({self.violation})"
