"""What is heard is read once, and checked as far as was asked for."""

from collections.abc import Mapping

import pytest

from protocols.contract import Json
from protocols.space import PROTOCOL
from simulators import wire
from simulators.delivery import Ledger
from simulators.hearing import Reader, Validate
from simulators.received import Received
from simulators.tally import Tally

JUMP: Mapping[str, Json] = {"id": "ann", "x": 1, "y": 2}
WRONG: Mapping[str, Json] = {"id": "ann", "x": "east", "y": 2}


def reader(validate: Validate = Validate.ALL) -> Reader:
    ledger = Ledger(PROTOCOL, Tally(), deadline_s=lambda ms: ms / 1000)
    return Reader(PROTOCOL, "/space", ledger, validate)


def received(*arguments: object, name: str = "player:jumped", ack_id: int | None = None) -> Received:
    return Received(name, 1, wire.Event.of(name, *arguments, namespace="/space", ack_id=ack_id), PROTOCOL)


def test_who_hears_the_same_afterwards_finds_it_read() -> None:
    ears = reader()
    heard = ears.read(received(JUMP))
    frame = b'42/space,["player:jumped",{"id":"ann","x":1,"y":2}]'
    assert ears.known == {frame: heard}
    assert heard.notice is not None
    assert heard.notice.payload == JUMP
    assert heard.notice.event is heard.received.event


def test_what_is_for_one_alone_or_long_is_not_remembered() -> None:
    ears = reader()
    ears.read(received(JUMP, ack_id=1))
    ears.read(received({**JUMP, "x": b"1"}))
    ears.read(received({**JUMP, "id": "a" * 20_000}))
    assert ears.known == {}


def test_what_is_known_is_bounded() -> None:
    ears = reader()
    for x in range(2500):
        ears.read(received({**JUMP, "x": x}))
    assert 0 < len(ears.known) <= 1000


@pytest.mark.parametrize(
    "message",
    [received(JUMP, name="player:flew"), received(), received(JUMP, JUMP), received({}, name="Player:Jumped")],
)
@pytest.mark.parametrize("validate", Validate)
def test_names_and_numbers_of_arguments_are_always_looked_at(message: Received, validate: Validate) -> None:
    assert reader(validate).read(message).notice is None


def test_json_is_always_looked_at() -> None:
    packet = wire.Event(b'["player:jumped",{"x":NaN}]', "/space")
    assert reader(Validate.NONE).read(Received("player:jumped", 1, packet, PROTOCOL)).notice is None


@pytest.mark.parametrize(("validate", "checked"), [("all", 1200), ("sample", 200), ("none", 0)])
def test_schemas_are_looked_at_as_often_as_is_asked_for(validate: Validate, checked: int) -> None:
    ears = reader(Validate(validate))
    breaches = [ears.read(received({**WRONG, "y": y})).notice is None for y in range(1200)]
    assert sum(breaches) == checked
    assert all(breaches[:100]) is (validate != "none")


def test_what_is_no_object_is_told_as_the_contract_s_value() -> None:
    heard = reader(Validate.NONE).read(received("up"))
    assert heard.notice is not None
    assert heard.notice.payload == {"value": "up"}
    assert heard.notice.event is None
