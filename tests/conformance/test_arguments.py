"""Every wrong argument list is refused by the contract, and can be sent."""

import pytest

from conformance.arguments import DEPTH, LARGE, arguments
from protocols.contract import Action, Operation
from protocols.errors import PayloadError
from protocols.space import PROTOCOL
from simulators import wire
from simulators.strict_json import depth

every_operation = pytest.mark.parametrize("operation", PROTOCOL.inbound.values(), ids=lambda operation: operation.id)


@every_operation
def test_each_is_refused(operation: Operation) -> None:
    for wrong in arguments(PROTOCOL, operation):
        with pytest.raises(PayloadError):
            PROTOCOL.parse(Action.RECEIVE, operation.name, wrong.values)


@every_operation
def test_each_goes_through_the_wire_and_arrives_as_it_was(operation: Operation) -> None:
    for wrong in arguments(PROTOCOL, operation):
        decoder = wire.PacketDecoder(wire.Limits())
        messages = wire.encode_packet(wire.Event.of(operation.name, *wrong.values))
        *_, packet = [decoder.receive(message) for message in messages]
        assert isinstance(packet, wire.Event)
        assert packet.arguments() == list(wrong.values), wrong.label


@every_operation
def test_every_kind_is_there_once(operation: Operation) -> None:
    labels = [wrong.label for wrong in arguments(PROTOCOL, operation)]
    assert len(set(labels)) == len(labels)
    kinds = {"null", "true", "number", "string", "empty array", "bytes", f"arrays {DEPTH} deep"}
    assert kinds | {f"string of {LARGE} characters"} <= set(labels)
    if operation.schema is not None:
        assert {"no argument", "the payload twice", "an extra null", "the payload in an array"} <= set(labels)


def test_the_base_is_what_surrounds_the_fault() -> None:
    base = {"targetId": "ann", "content": "psst"}
    lists = {wrong.label: wrong.values for wrong in arguments(PROTOCOL, PROTOCOL.inbound["whisper:send"], base)}
    assert lists["the payload twice"] == (base, base)
    assert lists["bytes in /content"] == ({"targetId": "ann", "content": b"\x00\xff"},)


def test_what_is_deep_is_deep_and_within_the_wire() -> None:
    lists = {wrong.label: wrong.values for wrong in arguments(PROTOCOL, PROTOCOL.inbound["whisper:send"])}
    assert depth(lists[f"arrays {DEPTH} deep"][0]) == depth(lists[f"objects {DEPTH} deep"][0]) == DEPTH
    assert depth(lists[f"arrays {DEPTH} deep in /content"][0]) == DEPTH + 1
