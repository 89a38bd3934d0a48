"""The people of gateway, played on paper: what they do, where they stand, and the pranks that they play."""

from collections.abc import Iterator
from random import Random

import pytest

from protocols.contract import Action, Condition, Event
from protocols.errors import PayloadError
from protocols.gateway import (
    PROTOCOL,
    Heartbeat,
    HeartbeatAck,
    JoinRoom,
    JoinRoomAck,
    NewMessage,
    SendMessage,
    SendMessageAck,
)
from simulators import wire
from simulators.actor import Act, Connect, Cut, Emit, EmitRaw, Leave, Post
from simulators.actors.gateway import ACTORS, Chatter, Commuter, GatewayActor, Heckler
from simulators.actors.gateway_pranks import INVALID, PRANKS, Prank
from simulators.actors.gateway_standing import NOWHERE, REMEMBERED, GatewayStanding
from simulators.people import Identity

ME = Identity(token="t", id="me", nickname="Me")
ROOM = "00000000-0000-4000-9000-000000000001"
JOIN = JoinRoom(roomId=ROOM)
LET_IN = JoinRoomAck(success=True)


def started(kind: type[GatewayActor], seed: str = "1") -> GatewayActor:
    """Somebody who is connected with a session."""
    actor = kind("me-1", ROOM, Random(seed))
    actor.standing.connected(ME)
    actor.connected(ME, 0.0)
    return actor


def live(actor: GatewayActor, for_s: float) -> Iterator[tuple[float, Act]]:
    """Yield what somebody does, where all that is said is accepted at once and nobody else speaks."""
    while actor.due_s < for_s:
        for due_s, act in actor.act(actor.due_s):
            if isinstance(act, Emit):
                actor.standing.said(act.event)
                match act.event:
                    case JoinRoom(roomId=room_id):
                        ack = JoinRoomAck(success=room_id == ROOM)
                        actor.standing.answered(act.event, ack)
                        actor.answered(act.event, ack, due_s)
                    case SendMessage() as message:
                        accepted = SendMessageAck(clientMsgId=message.clientMsgId, status="ACCEPTED")
                        actor.standing.answered(message, accepted)
                    case _:
                        pass
            yield due_s, act


def events(actor: GatewayActor, for_s: float) -> list[Event]:
    return [act.event for _, act in live(actor, for_s) if isinstance(act, Emit)]


def message(message_id: str) -> NewMessage:
    return NewMessage(
        messageId=message_id,
        roomId=ROOM,
        senderId="you",
        clientMsgId="9b2f1a34-5f0f-4d7e-8d61-0f6a3b1c2d4e",
        type="TEXT",
        content="hi",
        createdAt="2026-11-21T09:30:00.000Z",
    )


# --- what they do ---


@pytest.mark.parametrize("kind", ACTORS.values())
def test_one_seed_one_life(kind: type[GatewayActor]) -> None:
    first, same, other = (list(live(started(kind, seed), 60.0)) for seed in ("1", "1", "2"))
    assert first == same
    assert first != other


def test_a_chatter_asks_to_be_taken_in_then_to_hear_and_only_then_talks() -> None:
    acts = [act for _, act in live(started(Chatter), 300.0)]
    assert acts[0] == Post(f"/rooms/{ROOM}/join", {})
    said = [act.event for act in acts if isinstance(act, Emit)]
    assert said[0] == JOIN
    assert said.count(JOIN) == 1
    talk = [event for event in said if isinstance(event, SendMessage)]
    assert len(talk) > 40
    assert {event.type for event in talk} >= {"TEXT", "IMAGE"}
    assert len({event.clientMsgId for event in talk}) < len(talk)  # some of it is said again
    for event in said:
        schema = PROTOCOL.operation(event).schema
        assert schema is not None
        assert PROTOCOL.faults(schema, event.to_args()[0]) == []


def test_hearts_beat_every_twenty_seconds() -> None:
    beats = [due_s for due_s, act in live(started(Chatter), 100.0) if act == Emit(Heartbeat())]
    assert beats == [20.0, 40.0, 60.0, 80.0]


def test_who_is_not_let_in_tries_again_and_says_nothing_meanwhile() -> None:
    actor = started(Chatter)
    tries = 0
    while actor.due_s < 10.0:
        for due_s, act in actor.act(actor.due_s):
            assert act in (Post(f"/rooms/{ROOM}/join", {}), Emit(JOIN))
            if isinstance(act, Emit):
                tries += 1
                actor.answered(act.event, JoinRoomAck(success=False, error="not yet"), due_s)
    assert tries == 8  # each takes 0.3 s from door to door, and 1 s of patience


def test_what_was_read_is_marked_once() -> None:
    actor = started(Chatter)
    next(live(actor, 0.1))
    actor.standing.said(JOIN)
    for message_id in ("01JD7K3V4S8Z6Y5X4W3V2T1S0R", "01JD7K3V4S8Z6Y5X4W3V2T1S0T"):
        actor.standing.heard(message(message_id))
    marks = [act for _, act in live(actor, 200.0) if isinstance(act, Post) and act.path.endswith("/read")]
    assert marks == [Post(f"/rooms/{ROOM}/read", {"lastReadMessageId": "01JD7K3V4S8Z6Y5X4W3V2T1S0T"})]


def test_a_commuter_goes_one_way_or_another_and_comes_back_as_the_same_member() -> None:
    ends = set()
    for seed in range(10):
        actor = started(Commuter, str(seed))
        ends.add(next(type(act) for _, act in live(actor, 1000.0) if isinstance(act, Leave | Cut)))
        actor.standing.disconnected()
        actor.disconnected(10.0)
        assert [act for _, act in actor.act(13.0)] == [Connect()]
        assert actor.identity == ME
        actor.standing.connected(ME)
        actor.connected(ME, 13.0)
        assert [act for _, act in actor.act(13.0)] == [Emit(JOIN)]  # taken in already
    assert ends == {Leave, Cut}


# --- where they stand ---


@pytest.fixture
def me() -> GatewayStanding:
    me = GatewayStanding()
    me.connected(ME)
    return me


def truth(me: GatewayStanding, condition: str, event: Event = JOIN) -> bool | None:
    return me.holds(Condition.parse(condition), event)


def test_a_room_is_heard_for_sure_when_the_join_was_acked(me: GatewayStanding) -> None:
    me.said(JOIN)
    assert me.rooms == {f"room:{ROOM}": False}
    me.answered(JOIN, JoinRoomAck(success=False, error="no"))
    assert me.rooms == {f"room:{ROOM}": False}
    version = me.version
    me.answered(JOIN, LET_IN)
    assert me.rooms == {f"room:{ROOM}": True}
    assert me.version > version
    me.disconnected()
    assert me.rooms == {}


def test_only_the_target_knows_who_is_a_member_until_it_says_so(me: GatewayStanding) -> None:
    assert (truth(me, "member"), truth(me, "not member")) == (None, None)
    me.answered(JOIN, LET_IN)
    me.connected(ME)
    assert truth(me, "member") is True  # membership outlives a connection
    me.connected(Identity(token="u", id="you", nickname="You"))
    assert truth(me, "member") is None
    assert truth(me, "member", JoinRoom(roomId=NOWHERE)) is False


def test_what_was_accepted_is_a_retry_when_said_again_and_what_was_not_may_be_one(me: GatewayStanding) -> None:
    talk = SendMessage(roomId=ROOM, clientMsgId="9b2f1a34-5f0f-4d7e-8d61-0f6a3b1c2d4e", content="hi")
    assert truth(me, "retried", talk) is False
    me.said(talk)
    assert truth(me, "retried", talk) is None
    me.answered(talk, SendMessageAck(clientMsgId=talk.clientMsgId, status="FAILED", error="no"))
    assert truth(me, "not retried", talk) is None
    me.answered(talk, SendMessageAck(clientMsgId=talk.clientMsgId, status="ACCEPTED"))
    assert truth(me, "retried", talk) is True
    assert (truth(me, "typed", talk), truth(me, "invalid", talk)) == (False, False)
    for n in range(REMEMBERED):
        me.said(talk.model_copy(update={"clientMsgId": str(n)}))
    assert truth(me, "retried", talk) is False


def test_other_acks_say_nothing(me: GatewayStanding) -> None:
    me.answered(Heartbeat(), HeartbeatAck(success=True))
    assert me.rooms == {}


# --- their pranks ---


@pytest.mark.parametrize(("name", "arguments", "prank"), INVALID, ids=[prank for *_, prank in INVALID])
def test_what_is_invalid_breaks_the_contract_and_keeps_to_the_wire(
    name: str, arguments: tuple[object, ...], prank: str
) -> None:
    with pytest.raises(PayloadError):
        PROTOCOL.parse(Action.RECEIVE, name, arguments)
    decoder = wire.PacketDecoder(wire.Limits())
    *_, whole = [decoder.receive(part) for part in wire.encode_packet(wire.Event.of(name, *arguments))]
    assert isinstance(whole, wire.Event)
    assert sum(len(str(argument)) for argument in arguments) < 1_000_000


@pytest.mark.parametrize("prank", dict.fromkeys(PRANKS), ids=lambda prank: prank.__name__)
def test_what_is_said_as_an_event_keeps_to_its_schema(prank: Prank) -> None:
    heckler = Heckler("heckler-1", ROOM, Random(1))
    heckler.standing.connected(ME)
    heckler.standing.answered(JOIN, LET_IN)
    done = [act for _ in range(50) for act in prank(heckler)]
    assert done
    for act in done:
        assert isinstance(act, Emit | EmitRaw)
        if isinstance(act, Emit):
            schema = PROTOCOL.operation(act.event).schema
            assert schema is not None
            assert PROTOCOL.faults(schema, act.event.to_args()[0]) == []


def test_a_heckler_begins_before_it_is_in_and_has_many_pranks() -> None:
    acts = [act for _, act in live(started(Heckler), 60.0)]
    assert acts.index(Emit(JOIN)) > 0
    assert len({act.prank for act in acts if isinstance(act, EmitRaw)}) > 10
