"""What is drawn as valid is valid, what is drawn as invalid is not, and both reach the borders."""

import importlib
import json
import math
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import protocols
from conformance.arguments import refused
from conformance.payloads.formats import FORMATS
from conformance.strategies import garbage, invalid, valid
from protocols import space
from protocols.contract import Json, Operation, Protocol
from simulators import wire

RICH = Protocol(
    name="rich",
    title="",
    namespace="/",
    operations=[],
    requirements=[],
    conditions={},
    schemas=json.loads((Path(__file__).parent / "rich.json").read_text("utf-8")),
)
MODULES = [importlib.import_module(f"protocols.{module.name}") for module in pkgutil.iter_modules(protocols.__path__)]
PROTOCOLS: list[Protocol] = [RICH, *(module.PROTOCOL for module in MODULES if hasattr(module, "PROTOCOL"))]
SCHEMAS = [
    pytest.param(protocol, name, id=f"{protocol.name}-{name}") for protocol in PROTOCOLS for name in protocol.schemas
]
every_schema = pytest.mark.parametrize(("protocol", "schema"), SCHEMAS)
# How long drawing takes depends on who else uses the machine.
few = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SAME = settings(database=None, derandomize=True, max_examples=3000)


@every_schema
@few
@given(data=st.data())
def test_what_is_valid_passes_the_gate_and_survives_json(protocol: Protocol, schema: str, data: st.DataObject) -> None:
    payload = data.draw(valid(protocol, schema))
    assert not protocol.faults(schema, payload)
    assert repr(orjson.loads(orjson.dumps(payload))) == repr(payload)


@every_schema
@few
@given(data=st.data())
def test_what_is_invalid_does_not_and_says_why(protocol: Protocol, schema: str, data: st.DataObject) -> None:
    example = data.draw(invalid(protocol, schema))
    assert protocol.faults(schema, example.payload)
    assert not example.valid
    assert example.label.startswith(f"{example.keyword}:{example.pointer}")
    assert repr(orjson.loads(orjson.dumps(example.payload))) == repr(example.payload)


Drawn = Callable[[Any], bool]

REACHED: list[tuple[Protocol, str, Drawn]] = [
    (space.PROTOCOL, "Content", lambda text: len(text) == 1000),
    (space.PROTOCOL, "Content", lambda text: text == "🚀" * 1000),
    (space.PROTOCOL, "Content", lambda text: "\x00" in text),
    (space.PROTOCOL, "Content", lambda text: "가" in text and text != text.strip()),
    (space.PROTOCOL, "Content", lambda text: "א" <= text[0] <= "ת"),
    (space.PROTOCOL, "SessionToken", lambda text: text == ""),
    (space.PROTOCOL, "EpochMilliseconds", lambda number: number == 2**53 - 1),
    (space.PROTOCOL, "PlayerMove", lambda move: "id" in move),
    (space.PROTOCOL, "PlayerMove", lambda move: "id" not in move),
    (space.PROTOCOL, "PlayerMove", lambda move: move["x"] == 0 and math.copysign(1, move["x"]) < 0),
    (space.PROTOCOL, "PlayerMove", lambda move: move["x"] > 1e308),
    (space.PROTOCOL, "PlayerMove", lambda move: 0 < move["x"] < 1e-300),
    (space.PROTOCOL, "PlayerMove", lambda move: isinstance(move["x"], int) and isinstance(move["y"], float)),
    (space.PROTOCOL, "PlayerMove", lambda move: move["direction"] == "right" and move["isMoving"]),
    (RICH, "Tag", lambda text: len(text) == 31),
    (RICH, "Rich", lambda rich: len(rich["tags"]) == 5),
    (RICH, "Rich", lambda rich: rich.get("note", 0) is None),
    (RICH, "Rich", lambda rich: rich["ratio"] == 0.5),
    (RICH, "Rich", lambda rich: rich["shape"]["kind"] == "square" and isinstance(rich["either"], int)),
    (RICH, "Rich", lambda rich: len(rich["labels"]) > 1),
    (RICH, "Rich", lambda rich: "points" in rich and len(rich["points"]) > 1),
    (RICH, "Tree", lambda tree: any(child["children"] for child in tree["children"])),
]


@pytest.mark.parametrize(("protocol", "schema", "condition"), REACHED)
def test_valid_payloads_reach(protocol: Protocol, schema: str, condition: Drawn) -> None:
    assert condition(find(valid(protocol, schema), condition, settings=settings(SAME, phases=[Phase.generate])))


def simplest(strategy: st.SearchStrategy[Any]) -> Any:
    return find(strategy, lambda drawn: True, settings=settings(SAME, max_examples=20))


def test_the_simplest_payload_is_short_and_readable() -> None:
    assert simplest(valid(space.PROTOCOL, "JoinSpace")) == {
        "spaceId": "a",
        "playerId": "a",
        "nickname": "a",
        "avatarColor": "default",
    }
    assert simplest(valid(space.PROTOCOL, "PlayerMove")) == {"x": 0, "y": 0, "direction": "up", "isMoving": False}
    assert simplest(valid(space.PROTOCOL, "PartyJoined")) == {"partyId": "a", "members": ["a"]}


def test_a_failure_shrinks_to_what_matters() -> None:
    chats: st.SearchStrategy[Any] = valid(space.PROTOCOL, "ChatMessageRequest")
    chat = find(chats, lambda chat: len(chat["content"].encode()) > 3, settings=SAME)
    assert chat in ({"content": "aaaa"}, {"content": "0000"})
    fault = find(invalid(space.PROTOCOL, "WhisperSend"), lambda example: example.keyword == "maxLength", settings=SAME)
    payload: Any = fault.payload
    assert fault.label.endswith(" ascii")
    assert sorted(map(len, payload.values())) in ([1, 65], [1, 1001])


@few
@given(data=st.data())
def test_overrides_take_the_place_of_members(data: st.DataObject) -> None:
    present: st.SearchStrategy[Json] = st.sampled_from(["ann", "bob"])
    whisper: Any = data.draw(valid(space.PROTOCOL, "WhisperSend", overrides={"targetId": present}))
    assert whisper["targetId"] in ("ann", "bob")
    move: Any = data.draw(valid(space.PROTOCOL, "PlayerMove", overrides={"id": present}))
    assert move.get("id", "ann") in ("ann", "bob")
    square: Any = data.draw(valid(RICH, "Shape", overrides={"side": st.just(7)}))
    assert square.get("side", 7) == 7


def test_an_override_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="WhisperSend has no member target"):
        valid(space.PROTOCOL, "WhisperSend", overrides={"target": st.just("ann")})


@pytest.mark.parametrize("operation", space.PROTOCOL.inbound.values(), ids=lambda operation: operation.id)
@few
@given(data=st.data())
def test_garbage_is_refused_and_fits_the_wire(operation: Operation, data: st.DataObject) -> None:
    arguments = data.draw(garbage(space.PROTOCOL, operation))
    assert refused(space.PROTOCOL, operation, arguments)
    assert wire.encode_packet(wire.Event.of("/", operation.name, *arguments.values))


@pytest.mark.parametrize("name", FORMATS)
@few
@given(data=st.data())
def test_every_format_has_a_strategy(name: str, data: st.DataObject) -> None:
    protocol = Protocol(
        name="toy",
        title="",
        namespace="/",
        operations=[],
        requirements=[],
        conditions={},
        schemas={"Text": {"type": "string", "format": name}},
    )
    assert isinstance(data.draw(valid(protocol, "Text")), str)
