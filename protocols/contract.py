"""What every protocol is made of: events and acks, operations, requirements, and the gate that checks payloads."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar, Self, TypeAlias, TypeVar, cast

import jsonschema_rs
import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import TypeAliasType

from protocols.errors import Fault, InvalidPayload, UnknownEvent

Json = TypeAliasType("Json", "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None")
JsonSchema: TypeAlias = dict[str, Any]
"""A schema as jsonschema-rs takes it; its keywords are the subset that the lint allows."""


class Payload(BaseModel):
    """A shape of the contract. Fields carry the wire's own names; an absent optional field is `MISSING`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_value: ClassVar[bool] = False
    """Whether it is no object of its own but one value, such as a string, which then stands in the field `value`."""

    def to_json(self) -> dict[str, Json]:
        """Return its fields as JSON, which is what templates speak of; absent fields stay absent."""
        fields = cast("dict[str, Json]", self.model_dump(mode="json"))
        if self.is_value and isinstance(value := fields["value"], dict):
            return value  # one of several objects
        return fields

    def to_args(self) -> list[Json]:
        """Return the arguments that go on the wire: one object, or the value."""
        return [self.model_dump(mode="json")["value"]] if self.is_value else [self.to_json()]

    @classmethod
    def from_wire(cls, argument: object) -> Self:
        """Return the typed view of the argument that came; raises pydantic's ValidationError."""
        return cls.model_validate({"value": argument} if cls.is_value else argument)


class Event(Payload):
    """A message that either side may emit: a wire name and a typed payload."""

    event_name: ClassVar[str]
    is_object: ClassVar[bool] = False
    """Whether it carries an object even though that has no fields, as a heartbeat's `{}`."""
    _has_argument: ClassVar[bool] = False

    @classmethod
    def __pydantic_init_subclass__(cls, **_options: object) -> None:
        cls._has_argument = bool(cls.model_fields) or cls.is_object

    def to_args(self) -> list[Json]:
        """Return the arguments that follow the name: one, or none where the event has no payload."""
        return super().to_args() if self._has_argument else []


class Ack(Payload):
    """The typed answer to one event."""


class Action(StrEnum):
    """Who emits, seen from the server as AsyncAPI does: it receives (C→S) or sends (S→C)."""

    RECEIVE = "receive"
    SEND = "send"


class Audience(StrEnum):
    """Who hears a triggered event. All but `namespace` and `user(s)` are relative to who caused it."""

    SENDER = "sender"
    ROOM = "room"
    OTHERS = "others"
    USER = "user"
    USERS = "users"
    PEERS = "peers"
    """Every socket of every other user; the sender's own other sockets hear nothing."""
    NAMESPACE = "namespace"


class Level(StrEnum):
    """How strongly something is promised (RFC 2119)."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A named state of the sender or the payload, `joined` or `not joined`; the protocol explains the names."""

    name: str
    negated: bool = False

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Read `joined` or `not joined`."""
        return cls(name=text.removeprefix("not "), negated=text.startswith("not "))

    def __str__(self) -> str:
        return f"not {self.name}" if self.negated else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What somebody hears because of an event, of being admitted or of vanishing.

    These are `x-triggers`, `x-connect` and `x-disconnect`. `room`, `user` and the values of `where` are templates:
    `{payload.x}` is a field of the event that caused it, `{sender.id}` a fact about its verified sender; a template
    that is nothing else keeps the type of its value. A room that so becomes a list means each of these rooms in turn.
    """

    operation: str
    to: Audience
    within_ms: int
    room: str = ""
    user: str = ""
    when: tuple[Condition, ...] = ()
    where: Mapping[str, Json] = field(default_factory=dict)
    level: Level = Level.MUST
    disconnects: bool = False
    """Whether whoever hears it is disconnected after it."""
    requirement: str = ""
    """Address of the requirement that is broken when this does not happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How a refused event is answered (`x-errors`): the first whose conditions hold.

    The condition `invalid` is built in: the payload breaks its schema.
    """

    operation: str
    """What the sender hears; empty where the failing ack tells it."""
    code: str
    by_ack: bool = False
    when: tuple[Condition, ...] = ()
    where: Mapping[str, Json] = field(default_factory=dict)
    """Fields of the event or ack that tells it, as in a trigger."""
    disconnects: bool = False
    """Whether the sender is disconnected after it."""
    requirement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """Who may connect (`x-handshake`): the bearer of an HS256 JWT in `auth.token` whose claims fit a schema."""

    claims: str
    """Name of the claims' schema."""
    missing: str
    """The connect error's message where no token came."""
    expired: str
    """Likewise, where its `exp` has passed."""
    invalid: str
    """Likewise, where it is not signed by whom it should be, or its claims break their schema."""
    header: bool = False
    """Whether the token may stand in `Authorization: Bearer` too; `auth.token` goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One MUST or SHOULD with its address, such as `space/join/2`."""

    address: str
    level: Level
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One event in one direction, and everything the contract says of it."""

    id: str
    action: Action
    event: type[Event]
    schema: str | None
    """Name of the payload's schema; None where the event carries no argument."""
    summary: str = ""
    ack: type[Ack] | None = None
    ack_schema: str | None = None
    ack_required: bool = False
    ack_timeout_ms: int = 0
    ack_where: Mapping[str, Json] = field(default_factory=dict)
    """Fields of the ack of an accepted event, as in a trigger."""
    ack_requirement: str = ""
    requires: tuple[Condition, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    server_derived: tuple[str, ...] = ()
    """Fields of the payload that the server overrides with what it knows."""
    rate_per_second: int = 0
    """Above this, a sender's surplus is dropped silently, the last one winning; 0 means no such limit."""
    rate_requirement: str = ""
    requirements: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The event's name on the wire."""
        return self.event.event_name


class Protocol:
    """One protocol: its operations both ways, its requirements, and the gate for every payload."""

    def __init__(
        self,
        *,
        name: str,
        title: str,
        namespace: str,
        operations: Sequence[Operation],
        requirements: Sequence[Requirement],
        conditions: Mapping[str, str],
        schemas: Mapping[str, JsonSchema],
        handshake: Handshake | None = None,
        connect: Sequence[Trigger] = (),
        disconnect: str = "",
        disconnected: Sequence[Trigger] = (),
    ) -> None:
        """Take the tables of one protocol; either `disconnect` or `disconnected` says what a lost connection causes."""
        self.name = name
        self.title = title
        self.namespace = namespace
        self.operations = tuple(operations)
        self.requirements = {requirement.address: requirement for requirement in requirements}
        self.conditions = conditions
        self.schemas = schemas
        self.handshake = handshake
        self.connect = tuple(connect)  # who hears what because somebody was admitted
        self.disconnect = disconnect  # id of the operation that a client's vanishing is the same as, if it is one
        self.by_id = {operation.id: operation for operation in operations}
        # who hears what because somebody vanished, in whichever way the contract says it
        self.disconnected = tuple(disconnected) or self._as_vanishing(disconnect)
        # wire name -> operation, one table a direction: the same name may stand in both
        self.inbound = {op.name: op for op in operations if op.action is Action.RECEIVE}
        self.outbound = {op.name: op for op in operations if op.action is Action.SEND}
        self._by_event = {operation.event: operation for operation in operations}

    def __repr__(self) -> str:
        return f"<Protocol {self.name}>"

    def _as_vanishing(self, operation_id: str) -> tuple[Trigger, ...]:
        """Return an operation's triggers as a lost connection causes them: only where it would be accepted."""
        operation = self.by_id.get(operation_id)
        if operation is None:
            return ()
        return tuple(replace(trigger, when=operation.requires + trigger.when) for trigger in operation.triggers)

    def operation(self, event: Event | type[Event]) -> Operation:
        """Return the operation that carries this event."""
        return self._by_event[event if isinstance(event, type) else type(event)]

    def faults(self, schema: str, value: object) -> list[Fault]:
        """Return every way in which `value` breaks the named schema; empty when it does not.

        Anything is a value here, also what JSON cannot say (bytes, non-finite numbers, lone surrogates).
        """
        validator = self._validators[schema]
        try:
            if validator.is_valid(value) and not _has_surrogate(value):
                return []
            errors = [_fault(error) for error in validator.iter_errors(value)]
        except (TypeError, ValueError, UnicodeError, RecursionError) as error:
            return [Fault("", "type", f"not JSON: {error}")]
        return errors or [Fault("", "type", "not Unicode: a lone surrogate")]

    def parse(self, action: Action, name: str, args: Sequence[object]) -> Event:
        """Return the typed event behind a wire name and its arguments.

        Raises UnknownEvent for a name that does not exist in this direction, InvalidPayload for a wrong number of
        arguments or a payload that breaks its schema.
        """
        table = self.inbound if action is Action.RECEIVE else self.outbound
        operation = table.get(name)
        if operation is None:
            raise UnknownEvent(name)
        expected = 0 if operation.schema is None else 1
        if len(args) != expected:
            message = f"{expected} argument{'' if expected == 1 else 's'} expected, {len(args)} came"
            raise InvalidPayload(name, [Fault("", "arguments", message)])
        if operation.schema is None:
            return operation.event()
        if faults := self.faults(operation.schema, args[0]):
            raise InvalidPayload(name, faults)
        return _typed(operation.event, name, args[0])

    def parse_ack(self, operation: Operation, args: Sequence[object]) -> Ack:
        """Return the typed ack of an operation; raises InvalidPayload."""
        name = f"ack of {operation.name}"
        if operation.ack is None or operation.ack_schema is None:
            raise InvalidPayload(name, [Fault("", "arguments", "this event has no ack")])
        if len(args) != 1:
            raise InvalidPayload(name, [Fault("", "arguments", f"1 argument expected, {len(args)} came")])
        if faults := self.faults(operation.ack_schema, args[0]):
            raise InvalidPayload(name, faults)
        return _typed(operation.ack, name, args[0])

    def schema(self, name: str) -> JsonSchema:
        """Return one schema that stands alone, the others beside it under `$defs`."""
        return {"$ref": f"#/$defs/{name}", "$defs": dict(self.schemas)}

    @cached_property
    def _validators(self) -> dict[str, jsonschema_rs.Draft202012Validator]:
        return {
            name: jsonschema_rs.Draft202012Validator(self.schema(name), validate_formats=True) for name in self.schemas
        }


Shape = TypeVar("Shape", bound=Payload)


def _typed(shape: type[Shape], name: str, value: object) -> Shape:
    """View a value that has passed its schema as its class.

    Only one thing passes a schema and not its class: a number beyond what a double can hold.
    """
    try:
        return shape.from_wire(value)
    except ValidationError as error:
        skip = 1 if shape.is_value else 0  # that field is not on the wire
        faults = [Fault("".join(f"/{part}" for part in e["loc"][skip:]), e["type"], e["msg"]) for e in error.errors()]
        raise InvalidPayload(name, faults) from None


def _has_surrogate(value: object) -> bool:
    """Whether a string in a JSON value cannot be written as Unicode; orjson refuses those, and some large integers."""
    try:
        orjson.dumps(value)
    except TypeError:
        return _SURROGATE.search(json.dumps(value, ensure_ascii=False)) is not None
    return False


_SURROGATE = re.compile("[\ud800-\udfff]")


def _fault(error: Any) -> Fault:
    """Translate a `jsonschema_rs.ValidationError`, which its stubs leave loosely typed."""
    pointer = "".join(f"/{part}" for part in error.instance_path)
    keyword = str(error.schema_path[-1]) if error.schema_path else "schema"
    message = str(error.message)
    return Fault(pointer, keyword, message if len(message) <= 160 else message[:159] + "…")
