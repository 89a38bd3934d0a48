"""Where somebody stands in hub, line by line."""

import pytest

from protocols.contract import Condition, Event
from protocols.hub import JoinRoom, LeaveRoom, MessageSent, SendMessage, UpdatePresence
from simulators.actors.hub_standing import MOST_ROOMS, HubStanding
from simulators.people import Identity

ME = Identity(token="t", id="me", nickname="Me")
JOIN, LEAVE = JoinRoom(roomId="lounge"), LeaveRoom(roomId="lounge")
TALK = SendMessage(roomId="lounge", content="hi")
SENT = MessageSent(success=True, messageId="m")
NOTHING = UpdatePresence(value="away")


@pytest.fixture
def me() -> HubStanding:
    me = HubStanding()
    me.connected(ME)
    return me


def truth(standing: HubStanding, condition: str, event: Event = TALK) -> bool | None:
    return standing.holds(Condition.parse(condition), event)


def test_a_join_counts_at_once_and_is_sure_when_a_later_message_is_answered(me: HubStanding) -> None:
    assert truth(me, "in-room") is False
    me.said(JOIN)
    assert truth(me, "in-room") is True
    assert (me.rooms, me.facts) == (
        {"room:lounge": False},
        {"id": "me", "nickname": "Me", "soleRooms": ["room:lounge"]},
    )
    me.heard(SENT)  # of nothing that was said
    assert me.rooms == {"room:lounge": False}
    me.said(TALK)
    version = me.version
    me.heard(SENT)
    assert me.rooms == {"room:lounge": True}
    assert me.version > version


def test_an_answer_from_before_one_left_says_nothing_of_having_come_back(me: HubStanding) -> None:
    for event in (JOIN, TALK, LEAVE, JOIN, TALK):
        me.said(event)
    me.heard(SENT)
    assert me.rooms == {"room:lounge": False}
    me.heard(SENT)
    assert me.rooms == {"room:lounge": True}


def test_what_will_be_refused_is_not_waited_for(me: HubStanding) -> None:
    for event in (TALK, LEAVE, JOIN):
        me.said(event)
    me.heard(SENT)
    assert me.rooms == {"room:lounge": False}


def test_joining_twice_is_joining_once(me: HubStanding) -> None:
    for event in (JOIN, TALK):
        me.said(event)
    me.heard(SENT)
    version = me.version
    me.said(JOIN)
    assert (me.rooms, me.version) == ({"room:lounge": True}, version)


@pytest.mark.parametrize("way", ["leaving", "disconnecting"])
def test_going_ends_a_stay(me: HubStanding, way: str) -> None:
    me.said(JOIN)
    me.said(JoinRoom(roomId="attic"))
    me.said(LEAVE)
    assert (me.rooms, me.facts["soleRooms"]) == ({"room:attic": False}, ["room:attic"])
    if way == "leaving":
        me.said(LeaveRoom(roomId="attic"))
    else:
        me.disconnected()
    assert (me.rooms, me.facts["soleRooms"], me.room_ids) == ({}, [], [])
    assert truth(me, "not in-room") is True


def test_who_comes_back_may_have_another_socket_open_and_only_the_target_knows(me: HubStanding) -> None:
    assert truth(me, "other-socket", NOTHING) is False
    assert truth(me, "user-in-room") is False
    me.disconnected()
    me.connected(ME)
    assert truth(me, "not other-socket", NOTHING) is None
    assert truth(me, "user-in-room") is None
    me.connected(Identity(token="u", id="you", nickname="You"))
    assert truth(me, "other-socket", NOTHING) is False


def test_a_socket_is_in_so_many_rooms_and_no_more(me: HubStanding) -> None:
    for n in range(MOST_ROOMS):
        assert truth(me, "rooms-full", JoinRoom(roomId=str(n))) is False
        me.said(JoinRoom(roomId=str(n)))
    assert truth(me, "rooms-full", JOIN) is True
    assert truth(me, "rooms-full", JoinRoom(roomId="0")) is False
    me.said(JOIN)
    assert not me.is_in("lounge")


def test_pictures_are_told_from_words(me: HubStanding) -> None:
    assert truth(me, "image") is False
    assert truth(me, "image", SendMessage(roomId="lounge", content="x", type="image")) is True
    assert truth(me, "not image", SendMessage(roomId="lounge", content="x", type="text")) is True
