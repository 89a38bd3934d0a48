"""Who is in which room, and hears what."""

import pytest

from protocols.contract import Audience, Trigger
from protocols.space import JoinParty, JoinSpace, LeaveSpace, PartyJoined, RoomJoined
from simulators.actors.space_standing import SpaceStanding
from simulators.expectation import EVERYWHERE, IN_PERSON, IN_ROOMS, MUST
from simulators.membership import Member, Membership
from simulators.people import Identity

ROOM = "space:plaza"
FACTS = {"payload": {"targetId": "id-ben", "all": ["id-ann", "id-ben", "id-nobody"]}, "sender": {}, "session": {}}


@pytest.fixture
def members() -> Membership:
    """Ann and Ben are in the plaza; Cho is on the way in."""
    members = Membership()
    for name in ("ann", "ben", "cho"):
        standing = SpaceStanding(production=True)
        members.add(name, standing)
        standing.connected(Identity(token=name, id=f"id-{name}", nickname=name))
        members.connect(members[name], 0)
        standing.said(JoinSpace(spaceId="plaza", playerId="x", nickname="x", avatarColor="red", sessionToken=name))
        if name != "cho":
            standing.heard(RoomJoined(spaceId="plaza", players=[], yourPlayerId=f"id-{name}"))
        members.follow(members[name], 0)
    return members


def hearers(members: Membership, to: Audience, *, user: str = "", since_ns: int = 0) -> dict[str, bool]:
    trigger = Trigger(operation="emitX", to=to, within_ms=1000, room=ROOM, user=user)
    audience = members.audience(members["ann"], trigger, ROOM, FACTS, since_ns)
    return {who.name: state == MUST for _, hearers in audience for who, state in hearers.items()}


def test_audiences(members: Membership) -> None:
    assert hearers(members, Audience.SENDER) == {"ann": True}
    assert hearers(members, Audience.ROOM) == {"ann": True, "ben": True, "cho": False}
    assert hearers(members, Audience.OTHERS) == {"ben": True, "cho": False}
    assert hearers(members, Audience.USER, user="{payload.targetId}") == {"ben": True}
    assert hearers(members, Audience.USERS, user="{payload.all}") == {"ann": True, "ben": True}
    assert hearers(members, Audience.PEERS) == {"ben": True, "cho": False}
    assert hearers(members, Audience.NAMESPACE) == {"ann": True, "ben": True, "cho": False}


def test_who_left_may_hear_for_a_while(members: Membership) -> None:
    ben = members["ben"]
    ben.standing.said(LeaveSpace())
    members.follow(ben, 100)
    assert hearers(members, Audience.OTHERS, since_ns=100) == {"cho": False, "ben": False}
    assert hearers(members, Audience.OTHERS, since_ns=101) == {"cho": False}
    assert (ben.left_ns[ROOM], ben.moved_ns) == (100, 100)


def test_who_left_is_reached_where_they_were_until_that_is_forgotten(members: Membership) -> None:
    def reached() -> list[str]:
        return [place.name for place in members.reached(members["ben"], IN_ROOMS)]

    assert reached() == [ROOM]
    members["ben"].standing.said(LeaveSpace())
    members.follow(members["ben"], 100)
    assert reached() == [ROOM]
    members.forget(99)
    assert reached() == [ROOM]
    members.forget(100)
    assert reached() == []
    assert hearers(members, Audience.OTHERS) == {"cho": False}


def test_everybody_is_reached_in_person_and_everywhere(members: Membership) -> None:
    ann, ben = members["ann"], members["ben"]
    assert members.reached(ann, IN_PERSON) == (ann.place,)
    assert members.reached(ann, EVERYWHERE) == members.reached(ben, EVERYWHERE)
    assert len(members.reached(ann, IN_PERSON | IN_ROOMS | EVERYWHERE)) == 3


def test_who_is_disconnected_hears_nothing_and_is_still_known(members: Membership) -> None:
    members.disconnect(members["ben"], 100)
    assert hearers(members, Audience.OTHERS) == {"cho": False}
    assert hearers(members, Audience.USER, user="{payload.targetId}") == {}
    assert members.is_ours("id-ben")
    assert not members.is_ours("id-nobody")


def test_rooms_that_nobody_is_in_are_forgotten(members: Membership) -> None:
    ben: Member = members["ben"]
    ben.standing.said(JoinParty(partyId="z", partyName="Z"))
    ben.standing.heard(PartyJoined(partyId="z", members=["id-ben"]))
    members.follow(ben, 5)
    assert ben.rooms == {ROOM: True, "zone:plaza/z": True}
    for name in ("ann", "ben", "cho"):
        members.disconnect(members[name], 10)
    assert hearers(members, Audience.OTHERS) == {}
    assert ben.rooms == {}


def test_a_user_hears_on_each_device_and_only_under_the_session_it_has_now(members: Membership) -> None:
    cho = members["cho"]
    ben_again = Identity(token="ben", id="id-ben", nickname="ben")
    members.disconnect(cho, 100)
    cho.standing.connected(ben_again)
    members.connect(cho, 100)
    assert hearers(members, Audience.USER, user="{payload.targetId}") == {"ben": True, "cho": False}
    members.disconnect(cho, 200)
    cho.standing.connected(Identity(token="cho", id="id-cho", nickname="cho"))
    members.connect(cho, 200)
    assert hearers(members, Audience.USER, user="{payload.targetId}") == {"ben": True}
