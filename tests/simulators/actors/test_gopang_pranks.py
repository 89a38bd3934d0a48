"""Pranks of gopang: each breaks what it says it breaks, and nothing of the transport's."""

from random import Random

import pytest

from protocols.contract import Action
from protocols.errors import PayloadError
from protocols.gopang import PROTOCOL, ConsentRequest, MessageNew
from simulators import wire
from simulators.actor import Emit, EmitRaw
from simulators.actors.gopang import Heckler
from simulators.actors.gopang_pranks import INVALID, PRANKS, Prank
from simulators.people import Identity

ME = Identity(token="a.b.c", id="me", nickname="Me", details={"email": "me@example.org"})


@pytest.mark.parametrize(("name", "arguments", "prank"), INVALID, ids=[prank for *_, prank in INVALID])
def test_what_is_invalid_breaks_the_contract_and_keeps_to_the_wire(
    name: str, arguments: tuple[object, ...], prank: str
) -> None:
    with pytest.raises(PayloadError):
        PROTOCOL.parse(Action.RECEIVE, name, arguments)
    decoder = wire.PacketDecoder(wire.Limits())
    *_, whole = [decoder.receive(part) for part in wire.encode_packet(wire.Event.of(name, *arguments))]
    assert isinstance(whole, wire.Event)


@pytest.mark.parametrize("prank", dict.fromkeys(PRANKS), ids=lambda prank: prank.__name__)
def test_what_is_said_as_an_event_keeps_to_its_schema(prank: Prank) -> None:
    heckler = Heckler("heckler-1", "plaza", Random(1))
    heckler.standing.connected(ME)
    heckler.connected(ME, 0.0)
    message = {"messageId": "m", "conversationId": "plaza", "senderId": "you", "senderEmail": "you@example.org"}
    heckler.standing.heard(MessageNew.model_validate(message | {"content": "x", "messageType": "text", "timestamp": 1}))
    request = {"consentId": "c", "requesterId": "you", "requesterName": "You", "dataType": "MEDICAL", "purpose": "x"}
    heckler.standing.heard(ConsentRequest.model_validate(request | {"expiresAt": 1}))
    done = [act for _ in range(50) for act in prank(heckler)]
    assert done
    for act in done:
        assert isinstance(act, Emit | EmitRaw)
        if isinstance(act, Emit):
            schema = PROTOCOL.operation(act.event).schema
            assert schema is not None
            assert PROTOCOL.faults(schema, act.event.to_args()[0]) == []
