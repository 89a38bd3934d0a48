"""Where somebody stands in a space, line by line."""

import pytest

from protocols.contract import Condition, Event
from protocols.space import (
    ChatMessageRequest,
    Error,
    JoinParty,
    JoinSpace,
    LeaveParty,
    LeaveSpace,
    PartyAccept,
    PartyCreate,
    PartyDecline,
    PartyInvite,
    PartyInvited,
    PartyJoined,
    PartyLeave,
    PartyMessageRequest,
    PlayerMove,
    ProximitySet,
    RoomJoined,
    WhisperSend,
)
from simulators.actors.space_standing import SpaceStanding
from simulators.people import Identity, Role

MOVE = PlayerMove(x=0, y=0, direction="up", isMoving=False)


def identity(role: Role = "PARTICIPANT") -> Identity:
    return Identity(token="guest-me", id="me", nickname="Me", role=role, scope="plaza")


def join(space: str = "plaza", token: str = "guest-me") -> JoinSpace:
    return JoinSpace(spaceId=space, playerId="x", nickname="x", avatarColor="red", sessionToken=token)


def joined(space: str = "plaza") -> RoomJoined:
    return RoomJoined(spaceId=space, players=[], yourPlayerId="me")


@pytest.fixture
def me() -> SpaceStanding:
    me = SpaceStanding(production=True)
    me.connected(identity())
    return me


@pytest.fixture
def inside(me: SpaceStanding) -> SpaceStanding:
    me.said(join())
    me.heard(joined())
    return me


def truth(standing: SpaceStanding, condition: str, event: Event = MOVE) -> bool | None:
    return standing.holds(Condition.parse(condition), event)


def test_a_join_counts_at_once_and_is_sure_when_confirmed(me: SpaceStanding) -> None:
    assert truth(me, "joined") is False
    me.said(join())
    assert truth(me, "joined") is True
    assert me.facts == {"id": "me", "nickname": "Me", "spaceId": "plaza", "avatarColor": "red"}
    assert me.rooms == {"space:plaza": False}
    assert not me.confirmed
    me.heard(joined())
    assert me.rooms == {"space:plaza": True}
    assert me.confirmed


def test_of_two_joins_the_second_must_be_confirmed(me: SpaceStanding) -> None:
    me.said(join())
    me.said(join())
    me.heard(joined())
    assert not me.confirmed
    me.heard(joined())
    assert me.confirmed


@pytest.mark.parametrize("event", [join(token="auth-x"), join(space="studio"), join(token="")])
def test_who_joins_without_a_session_for_that_space_will_be_expelled(me: SpaceStanding, event: JoinSpace) -> None:
    assert truth(me, "admitted", event) is False
    me.said(event)
    assert me.expelled
    assert me.space is None


def test_in_development_everybody_is_admitted() -> None:
    me = SpaceStanding(production=False)
    me.connected(identity())
    assert truth(me, "admitted", join(token="nonsense")) is True


def test_leaving_ends_everything(inside: SpaceStanding) -> None:
    inside.said(JoinParty(partyId="z", partyName="Z"))
    inside.said(PartyCreate(name="Owls"))
    inside.heard(PartyJoined(partyId="p", members=["me"]))
    assert set(inside.rooms) == {"space:plaza", "zone:plaza/z", "party:p"}
    version = inside.version
    inside.said(LeaveSpace())
    assert inside.rooms == {}
    assert inside.version > version
    assert inside.facts == {"id": "me", "nickname": "Me"}
    assert truth(inside, "not joined") is True


def test_a_party_is_one_s_own_when_it_is_confirmed(inside: SpaceStanding) -> None:
    assert truth(inside, "in-party") is False
    inside.said(PartyCreate(name="Owls"))
    assert inside.waits_for_party
    assert truth(inside, "in-party") is None
    assert truth(inside, "party-member", PartyLeave(partyId="p")) is None
    inside.heard(PartyJoined(partyId="p", members=["me"]))
    assert (inside.party, inside.facts["partyName"]) == ("p", "Owls")
    assert truth(inside, "party-member", PartyMessageRequest(partyId="p", content="hi")) is True
    assert truth(inside, "party-member", PartyInvite(partyId="q", targetId="you")) is False
    inside.said(PartyLeave(partyId="p"))
    assert truth(inside, "in-party") is False
    assert "party:p" not in inside.rooms


def test_a_party_that_is_refused_is_none(inside: SpaceStanding) -> None:
    inside.said(PartyCreate(name="Owls"))
    inside.heard(Error(message="no"))
    assert truth(inside, "in-party") is False


def test_an_invitation_is_used_up_by_either_answer(inside: SpaceStanding) -> None:
    accept = PartyAccept(partyId="p")
    assert truth(inside, "invited", accept) is False
    inside.heard(PartyInvited(partyId="p", partyName="Owls", inviterId="you"))
    # It may have ended meanwhile; only the target knows.
    assert truth(inside, "invited", accept) is None
    inside.said(accept)
    inside.heard(PartyJoined(partyId="p", members=["you", "me"]))
    assert (inside.party, inside.facts["partyName"]) == ("p", "Owls")
    assert truth(inside, "invited", accept) is False
    inside.heard(PartyInvited(partyId="q", partyName="Larks", inviterId="you"))
    inside.said(PartyDecline(partyId="q"))
    assert truth(inside, "invited", PartyDecline(partyId="q")) is False


def test_others_who_enter_a_party_change_nothing_about_one_s_own_place(inside: SpaceStanding) -> None:
    version = inside.version
    inside.heard(PartyJoined(partyId="p", members=["you", "they"]))
    assert (inside.party, inside.version) == (None, version)


def test_a_zone_is_entered_at_once_and_one_at_a_time(inside: SpaceStanding) -> None:
    inside.said(JoinParty(partyId="a", partyName="A"))
    assert truth(inside, "in-other-zone", JoinParty(partyId="b", partyName="B")) is True
    assert truth(inside, "in-other-zone", JoinParty(partyId="a", partyName="A")) is False
    inside.said(JoinParty(partyId="b", partyName="B"))
    assert inside.rooms == {"space:plaza": True, "zone:plaza/b": False}
    inside.heard(PartyJoined(partyId="a", members=["me"]))
    assert inside.rooms["zone:plaza/b"] is False
    inside.heard(PartyJoined(partyId="b", members=["me"]))
    assert inside.rooms["zone:plaza/b"] is True
    inside.said(LeaveParty())
    assert truth(inside, "in-zone") is False


def test_a_zone_s_word_is_not_taken_for_a_party_s(inside: SpaceStanding) -> None:
    inside.said(JoinParty(partyId="z", partyName="Z"))
    inside.said(LeaveParty())
    inside.said(PartyCreate(name="Owls"))
    inside.heard(PartyJoined(partyId="z", members=["me"]))
    assert inside.party is None
    inside.heard(PartyJoined(partyId="p", members=["me"]))
    assert inside.party == "p"


def test_talk(inside: SpaceStanding) -> None:
    assert truth(inside, "zone-talk", ChatMessageRequest(content="hi", type="party")) is True
    assert truth(inside, "zone-talk", ChatMessageRequest(content="hi")) is False
    assert truth(inside, "target-here", WhisperSend(targetId="me", content="hi")) is False
    assert truth(inside, "target-here", WhisperSend(targetId="you", content="hi")) is None


@pytest.mark.parametrize(("role", "may"), [("PARTICIPANT", False), ("STAFF", True), ("OWNER", True)])
def test_staff(role: Role, may: bool) -> None:
    me = SpaceStanding(production=True)
    me.connected(identity(role))
    assert truth(me, "staff", ProximitySet(enabled=True)) is may


def test_who_comes_back_with_the_same_session_may_find_it_in_use(inside: SpaceStanding) -> None:
    assert truth(inside, "taking-over", join()) is False
    inside.disconnected()
    inside.connected(identity())
    assert truth(inside, "taking-over", join()) is None
    inside.connected(Identity(token="guest-2", id="me2", nickname="Me"))
    assert truth(inside, "taking-over", join()) is False


def test_what_it_has_never_heard_of_only_others_know(inside: SpaceStanding) -> None:
    assert truth(inside, "in-good-mood") is None
