"""The gate: what breaks the contract is named, and what passes it is a typed event that says the same again."""

import math
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import MISSING, ValidationError

from conformance.strategies import valid
from protocols import PROTOCOLS, gopang, space
from protocols.contract import Ack, Action, Condition, Event, Operation, Protocol
from protocols.errors import InvalidPayload, UnknownEvent, shorten

MOVE = {"x": 1, "y": 2, "direction": "up", "isMoving": True}
OPERATIONS = [operation for protocol in PROTOCOLS.values() for operation in protocol.operations if operation.schema]


class Ask(Event):
    event_name: ClassVar[str] = "ask"

    text: str


class AskAck(Ack):
    ok: bool


ASK = Operation(
    id="onAsk", action=Action.RECEIVE, event=Ask, schema="Ask", ack=AskAck, ack_schema="AskAck", ack_required=True
)
TOY = Protocol(
    name="toy",
    title="Asks and answers.",
    namespace="/toy",
    operations=[ASK],
    requirements=[],
    conditions={},
    schemas={
        "Ask": {
            "type": "object",
            "additionalProperties": False,
            "required": ["text"],
            "properties": {"text": {"type": "string", "maxLength": 5}},
        },
        "AskAck": {
            "type": "object",
            "additionalProperties": False,
            "required": ["ok"],
            "properties": {"ok": {"type": "boolean"}},
        },
    },
)


def test_valid_arguments_become_a_typed_event() -> None:
    event = space.PROTOCOL.parse(Action.RECEIVE, "player:move", [MOVE])

    assert event == space.PlayerMove(x=1, y=2, direction="up", isMoving=True)
    assert isinstance(event, space.PlayerMove)
    assert event.id is MISSING
    assert event.to_args() == [{"x": 1.0, "y": 2.0, "direction": "up", "isMoving": True}]


def test_an_event_without_payload_has_no_arguments() -> None:
    assert space.PROTOCOL.parse(Action.RECEIVE, "leave:space", []).to_args() == []
    with pytest.raises(InvalidPayload, match="0 arguments expected, 1 came"):
        space.PROTOCOL.parse(Action.RECEIVE, "leave:space", [None])


def test_events_are_frozen() -> None:
    event = space.PlayerJump(x=1, y=2)
    with pytest.raises(ValidationError, match="frozen"):
        event.x = 3  # type: ignore[misc]  # what is tested


@pytest.mark.parametrize(("action", "name"), [(Action.RECEIVE, "player:moved"), (Action.SEND, "join:space")])
def test_a_name_of_the_other_direction_is_unknown(action: Action, name: str) -> None:
    with pytest.raises(UnknownEvent, match=f"unknown event '{name}'"):
        space.PROTOCOL.parse(action, name, [{}])


def test_the_same_name_in_both_directions_is_two_events() -> None:
    said = space.PROTOCOL.parse(Action.RECEIVE, "chat:message", [{"content": "hi"}])
    assert isinstance(said, space.ChatMessageRequest)
    with pytest.raises(InvalidPayload):
        space.PROTOCOL.parse(Action.SEND, "chat:message", [{"content": "hi"}])


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [MOVE, MOVE],
        [None],
        [[MOVE]],
        ["text"],
        [b"\x00"],
        [{**MOVE, "x": "1"}],
        [{**MOVE, "x": True}],
        [{**MOVE, "x": math.nan}],
        [{**MOVE, "x": math.inf}],
        [{**MOVE, "x": 10**400}],
        [{**MOVE, "x": b"\x00"}],
        [{**MOVE, "id": "a\ud800"}],
        [{**MOVE, "id": ""}],
        [{**MOVE, "id": "x" * 65}],
        [{**MOVE, "extra": 1}],
        [{**MOVE, "a\udfff": 1}],
        [{1: 2}],
    ],
    ids=repr,
)
def test_what_breaks_the_schema_is_refused_with_its_faults(arguments: list[object]) -> None:
    with pytest.raises(InvalidPayload, match=r"^invalid player:move: ") as refused:
        space.PROTOCOL.parse(Action.RECEIVE, "player:move", arguments)
    assert refused.value.faults


@pytest.mark.parametrize("within", [b"\x00", [b"\x00"], {"deep": {"er": [b"\x00"]}}, "\ud800", {"\udfff": 1}])
def test_what_json_cannot_say_is_refused_where_anything_else_may_stand(within: object) -> None:
    payload = {"conversationId": "plaza", "content": "hi", "metadata": {"anything": within}}
    with pytest.raises(InvalidPayload, match=r"^invalid message:send: "):
        gopang.PROTOCOL.parse(Action.RECEIVE, "message:send", [payload])


def test_a_fault_names_place_and_keyword() -> None:
    (fault,) = space.PROTOCOL.faults("PlayerMove", {**MOVE, "id": "x" * 65})

    assert (fault.pointer, fault.keyword) == ("/id", "maxLength")
    assert str(fault).startswith("/id: ")
    assert len(fault.message) <= 160


def test_an_ack_passes_the_same_gate() -> None:
    assert TOY.parse_ack(ASK, [{"ok": True}]) == AskAck(ok=True)
    for wrong in ([], [{"ok": 1}], [{"ok": True}, None], [{"ok": True, "more": 1}]):
        with pytest.raises(InvalidPayload, match="ack of ask"):
            TOY.parse_ack(ASK, wrong)
    with pytest.raises(InvalidPayload, match="has no ack"):
        space.PROTOCOL.parse_ack(space.PROTOCOL.inbound["player:move"], [{}])


class Verdict(Ack):
    is_value: ClassVar[bool] = True

    value: AskAck | bool


def test_an_ack_that_is_one_of_several_shapes_is_on_the_wire_what_it_is() -> None:
    """Templates speak of the fields of an object, and of `value` where it is none."""
    for argument, fields in (({"ok": True}, {"ok": True}), (False, {"value": False})):
        verdict = Verdict.from_wire(argument)
        assert (verdict.to_args(), verdict.to_json()) == ([argument], fields)


def test_a_lost_connection_causes_what_leaving_does_where_leaving_is_possible() -> None:
    leave = space.PROTOCOL.by_id[space.PROTOCOL.disconnect]
    joined = Condition.parse("joined")

    assert [replace(trigger, when=(joined, *trigger.when)) for trigger in leave.triggers] == [
        *space.PROTOCOL.disconnected
    ]
    assert TOY.disconnected == ()


def test_conditions_read_as_they_are_written() -> None:
    assert Condition.parse("not joined") == Condition(name="joined", negated=True)
    for text in ("joined", "not joined"):
        assert str(Condition.parse(text)) == text


def test_somebody_elses_text_is_shortened_and_escaped() -> None:
    assert shorten("a\nb") == r"'a\nb'"
    assert len(shorten("x" * 10_000)) < 100
    assert "10000 characters" in shorten("x" * 10_000)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_passes_the_gate_is_an_event_that_passes_again(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(OPERATIONS))
    protocol = next(p for p in PROTOCOLS.values() if operation in p.operations)
    payload = data.draw(valid(protocol, str(operation.schema)))

    event = protocol.parse(operation.action, operation.name, [payload])

    assert protocol.parse(operation.action, operation.name, event.to_args()) == event
