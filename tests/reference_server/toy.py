"""A protocol as small as one can be, and rules for it that do whatever a test asks of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from protocols.contract import Ack, Action, Event, Handshake, Json, JsonSchema, Operation, Protocol
from reference_server.effects import Command, Effect, Emit, Entry, Garbled, Question, Stamp


class Say(Event):
    event_name: ClassVar[str] = "say"
    text: str


class Heard(Event):
    event_name: ClassVar[str] = "heard"
    text: str


class Wrong(Event):
    event_name: ClassVar[str] = "wrong"
    reason: str


class Done(Ack):
    ok: bool
    note: str = ""


_TEXT = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {"text": {"type": "string", "maxLength": 20}},
}

_OPERATIONS = [
    Operation(id="onSay", action=Action.RECEIVE, event=Say, schema="Text", ack=Done, ack_schema="Done"),
    Operation(id="emitHeard", action=Action.SEND, event=Heard, schema="Text"),
    Operation(id="emitWrong", action=Action.SEND, event=Wrong, schema="Wrong"),
]
_SCHEMAS: dict[str, JsonSchema] = {
    "Text": _TEXT,
    "Wrong": {"type": "object", "required": ["reason"], "properties": {"reason": {"type": "string"}}},
    "Done": {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}, "note": {"maxLength": 5}}},
    "Claims": {
        "type": "object",
        "required": ["userId"],
        "additionalProperties": True,
        "properties": {"userId": {"type": "string", "minLength": 1}, "exp": {"type": "integer"}},
    },
}
PROTOCOL = Protocol(
    name="toy",
    title="A toy",
    namespace="/toy",
    operations=_OPERATIONS,
    requirements=[],
    conditions={},
    schemas=_SCHEMAS,
)
GUARDED = Protocol(
    name="toy",
    title="The same, behind a gate",
    namespace="/toy",
    operations=_OPERATIONS,
    requirements=[],
    conditions={},
    schemas=_SCHEMAS,
    handshake=Handshake(claims="Claims", missing="who?", expired="too late", invalid="not ours", header=True),
)


@dataclass(frozen=True, slots=True)
class Ring(Command):
    """A timer, or a request from beside the socket."""

    name: str = ""


class Toy:
    """Notes every entry, and answers as `behaviour` says."""

    protocol: ClassVar[Protocol] = PROTOCOL

    def __init__(self, behaviour: Callable[[Entry, Stamp], Iterator[Effect]] = lambda _entry, _stamp: iter(())) -> None:
        self.entries: list[tuple[Entry, Stamp]] = []
        self.asks: Callable[[Entry], Question | None] = lambda _entry: None
        self._behaviour = behaviour

    def admits(self, claims: Mapping[str, Json]) -> str:
        return "not you" if claims.get("userId") == "nobody" else ""

    def health(self) -> Mapping[str, Json]:
        return {"entries": len(self.entries)}

    def question(self, entry: Entry) -> Question | None:
        return self.asks(entry)

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        self.entries.append((entry, stamp))
        if isinstance(entry, Garbled):
            yield Emit(Wrong(reason=entry.reason), entry.sid)
        yield from self._behaviour(entry, stamp)


class GuardedToy(Toy):
    """The same, for those who bring a token."""

    protocol: ClassVar[Protocol] = GUARDED
