"""The people of hub, played on paper."""

from collections.abc import Iterator
from random import Random

import pytest

from protocols.contract import Event
from protocols.hub import (
    PROTOCOL,
    JoinRoom,
    LeaveRoom,
    Message,
    ReadMessage,
    SendMessage,
    TypingRequest,
    UpdatePresence,
)
from simulators.actor import Act, Connect, Cut, Emit, EmitRaw, Leave
from simulators.actors.hub import ACTORS, Heckler, HubActor, Talker, Visitor
from simulators.people import Identity

ME = Identity(token="t", id="me", nickname="Me")


def started(kind: type[HubActor], seed: str = "1") -> HubActor:
    """Somebody who is connected with a session."""
    actor = kind("me-1", "lounge", Random(seed))
    actor.standing.connected(ME)
    actor.connected(ME, 0.0)
    return actor


def live(actor: HubActor, for_s: float) -> Iterator[tuple[float, Act]]:
    """Yield what somebody does, where all that is said arrives and nobody else speaks."""
    while actor.due_s < for_s:
        for due_s, act in actor.act(actor.due_s):
            if isinstance(act, Emit):
                actor.standing.said(act.event)
            yield due_s, act


def events(actor: HubActor, for_s: float) -> list[Event]:
    return [act.event for _, act in live(actor, for_s) if isinstance(act, Emit)]


def message(sender_id: str, message_id: str, room_id: str = "lounge") -> Message:
    return Message(
        id=message_id,
        roomId=room_id,
        senderId=sender_id,
        senderNickname="You",
        content="hi",
        type="text",
        createdAt="2026-11-21T09:30:00.000Z",
    )


@pytest.mark.parametrize("kind", ACTORS.values())
def test_one_seed_one_life(kind: type[HubActor]) -> None:
    first, same, other = (list(live(started(kind, seed), 60.0)) for seed in ("1", "1", "2"))
    assert first == same
    assert first != other


@pytest.mark.parametrize("kind", [Talker, Visitor])
def test_who_behaves_speaks_only_where_it_is_and_within_the_contract(kind: type[HubActor]) -> None:
    said = 0
    for seed in range(5):
        rooms: set[str] = set()
        for event in events(started(kind, str(seed)), 300.0):
            schema = PROTOCOL.operation(event).schema
            assert schema is not None
            assert PROTOCOL.faults(schema, event.to_args()[0]) == []
            match event:
                case JoinRoom():
                    assert event.roomId not in rooms
                    rooms.add(event.roomId)
                case LeaveRoom():
                    rooms.remove(event.roomId)
                case SendMessage() | TypingRequest() | ReadMessage():
                    assert event.roomId in rooms
                case _:
                    pass
            said += 1
    assert said > (500 if kind is Talker else 20)


def test_a_talker_joins_and_speaks_first_so_that_it_knows_it_is_in() -> None:
    first, second = events(started(Talker), 1.0)[:2]
    assert first == JoinRoom(roomId="lounge")
    assert isinstance(second, SendMessage)


def test_a_talker_does_all_that_there_is_to_do() -> None:
    done = [event for seed in range(5) for event in events(started(Talker, str(seed)), 300.0)]
    assert {type(event) for event in done} == {JoinRoom, LeaveRoom, SendMessage, TypingRequest, UpdatePresence}
    assert {event.type for event in done if isinstance(event, SendMessage)} >= {"image"}
    assert {event.roomId for event in done if isinstance(event, SendMessage)} == {"lounge", "lounge-side"}
    assert {event.value for event in done if isinstance(event, UpdatePresence)} == {"online", "away"}


def test_a_talker_reads_the_latest_that_others_said_and_once() -> None:
    actor = started(Talker)
    next(live(actor, 1.0))
    for heard in (message("you", "m1"), message("you", "m2"), message("me", "m3"), message("you", "m4", "elsewhere")):
        actor.hear(heard, 0.5)
    read = [event for event in events(actor, 120.0) if isinstance(event, ReadMessage)]
    assert read == [ReadMessage(roomId="lounge", messageId="m2")]


def test_a_talker_does_not_mind_that_its_connection_is_gone_before_it_is_told() -> None:
    actor = started(Talker)
    acts = [act for _ in range(50) for _, act in actor.act(actor.due_s)]  # none of it was said
    assert not [act for act in acts if isinstance(act, Emit) and isinstance(act.event, TypingRequest)]


def test_a_visitor_goes_one_way_or_another_and_somebody_else_comes() -> None:
    ends: set[type] = set()
    for seed in range(30):
        actor = started(Visitor, str(seed))
        for _, act in live(actor, 1000.0):
            if isinstance(act, Leave | Cut):
                ends.add(type(act))
                break
            if isinstance(act, Emit) and act.event == LeaveRoom(roomId="lounge"):
                ends.add(LeaveRoom)
        assert actor.identity is None
    assert ends == {Leave, Cut, LeaveRoom}


def test_who_lost_the_connection_comes_back_soon_and_with_the_same_session() -> None:
    actor = started(Talker)
    actor.disconnected(10.0)
    assert 11.0 <= actor.due_s <= 13.0
    assert [act for _, act in actor.act(13.0)] == [Connect()]
    assert actor.identity == ME


def test_a_heckler_speaks_before_it_joins_and_never_twice_the_same_way() -> None:
    acts = [act for _, act in live(started(Heckler), 60.0)]
    assert acts.index(Emit(JoinRoom(roomId="lounge"))) > 0
    assert len({act.prank for act in acts if isinstance(act, EmitRaw)}) > 10


def test_the_rooms_of_the_longest_scope_are_rooms_still() -> None:
    actor = Talker("t", "s" * 64, Random(1))
    assert PROTOCOL.faults("RoomRef", {"roomId": actor.side_room}) == []
    assert actor.side_room != actor.scope
