"""A small protocol with acks and a timer, and its model: whoever asks at the desk is answered, and the others hear."""

from collections.abc import Collection, Mapping
from typing import ClassVar

from conformance.expectation import Expectation, Heard
from conformance.model import Model
from conformance.person import Person
from protocols.contract import (
    Ack,
    Action,
    Audience,
    Condition,
    Event,
    Json,
    Operation,
    Protocol,
    Refusal,
    Trigger,
)
from simulators.received import Received


class Ask(Event):
    event_name: ClassVar[str] = "ask"
    text: str


class Greet(Event):
    event_name: ClassVar[str] = "greet"
    is_value: ClassVar[bool] = True
    value: str


class Asked(Event):
    event_name: ClassVar[str] = "asked"
    text: str


class Bell(Event):
    event_name: ClassVar[str] = "bell"


class Tick(Event):
    event_name: ClassVar[str] = "tick"


class Error(Event):
    event_name: ClassVar[str] = "error"


class Answer(Ack):
    success: bool
    text: str | None = None


TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string", "maxLength": 9}},
    "additionalProperties": False,
}
ANSWER = {
    "type": "object",
    "required": ["success"],
    "properties": {"success": {"type": "boolean"}, "text": {"type": "string"}},
    "additionalProperties": False,
}
INVALID = Condition(name="invalid")
SHUT = Condition(name="shut")

DESK = Protocol(
    name="desk",
    title="Desk",
    namespace="/",
    operations=[
        Operation(
            id="onAsk",
            action=Action.RECEIVE,
            event=Ask,
            schema="Text",
            ack=Answer,
            ack_schema="Answer",
            ack_timeout_ms=1000,
            ack_where={"success": True, "text": "{payload.text}"},
            ack_requirement="desk/ask/1",
            requires=(Condition(name="shut", negated=True),),
            triggers=(
                Trigger(
                    operation="emitAsked",
                    to=Audience.OTHERS,
                    room="desk",
                    within_ms=1000,
                    where={"text": "{payload.text}"},
                    requirement="desk/ask/2",
                ),
            ),
            refusals=(
                Refusal(
                    operation="",
                    code="E3001",
                    by_ack=True,
                    when=(INVALID,),
                    where={"success": False, "text": "{payload.text}"},
                    requirement="desk/all/1",
                ),
                Refusal(
                    operation="",
                    code="E3002",
                    by_ack=True,
                    when=(SHUT,),
                    where={"success": False},
                    requirement="desk/ask/3",
                ),
            ),
        ),
        Operation(
            id="onGreet",
            action=Action.RECEIVE,
            event=Greet,
            schema="Word",
            refusals=(Refusal(operation="emitError", code="E3001", when=(INVALID,), requirement="desk/all/1"),),
        ),
        Operation(id="emitAsked", action=Action.SEND, event=Asked, schema="Text"),
        Operation(id="emitBell", action=Action.SEND, event=Bell, schema=None),
        Operation(id="emitTick", action=Action.SEND, event=Tick, schema=None),
        Operation(id="emitError", action=Action.SEND, event=Error, schema=None),
    ],
    requirements=[],
    conditions={},
    schemas={"Text": TEXT, "Answer": ANSWER, "Word": {"type": "string"}},
)
BELL_MS = 3000


class DeskModel(Model):
    """Everybody is at the desk; a while after a greeting the bell rings for who greeted, and clocks may tick."""

    protocol: ClassVar[Protocol] = DESK

    is_shut = False

    def facts(self, who: Person) -> Mapping[str, Json]:
        return {}

    def holds(self, condition: str, who: Person, event: Event | None) -> bool:
        return self.is_shut

    def members(self, room: str) -> Collection[Person]:
        return list(self.present)

    def readable(self, operation: Operation, arguments: object) -> Mapping[str, Json]:
        return {"text": ""}

    def apply(self, who: Person, event: Event, heard: Heard) -> None:
        if isinstance(event, Greet):
            bell = self.protocol.operation(Bell)
            self.forgive(lambda owed: owed.receiver is who)
            self.owe(Expectation(who, bell, {}, 1000, "desk/greet/1"), BELL_MS)

    def leave(self, who: Person) -> None:
        return

    def describe(self) -> str:
        return "at the desk"

    def possible(self, who: Person, received: Received) -> bool:
        return isinstance(received.event, Tick)
