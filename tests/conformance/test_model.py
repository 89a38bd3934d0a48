"""What the model of space foresees: who hears what, who is refused, and what becomes of the seats."""

from collections.abc import Sequence
from typing import Literal

import pytest

from conformance.expectation import Expectation, Heard, Outlook
from conformance.models.space import NOBODY, SpaceModel
from conformance.person import Person
from conformance.verdict import Broken
from protocols import space
from protocols.contract import Event, Level
from simulators.people import Identity
from simulators.target import Target

from .hearsay import came

HERE, THERE = "plaza", "garden"


class World:
    """ana, ben and cho in the plaza, dee in the garden, eve at the door; nobody has a connection."""

    def __init__(self, mode: Literal["production", "development"] = "production") -> None:
        self.model = SpaceModel(Target.at("http://127.0.0.1:1", mode=mode))
        self.model.scopes[:] = [HERE, THERE]
        self.ana, self.ben, self.cho, self.dee, self.eve = map(Person, ("ana", "ben", "cho", "dee", "eve"))
        for who, scope in ((self.ana, HERE), (self.ben, HERE), (self.cho, HERE), (self.dee, THERE)):
            self.join(who, scope)

    def ticket(self, who: Person, scope: str, *, of: str = "") -> space.JoinSpace:
        """Return a join with a session that the target has given to somebody."""
        name = of or who.name
        token = f"guest-{name}"
        self.model.identities[token] = Identity(token=token, id=f"{name}-id", nickname=name.title())
        return space.JoinSpace(spaceId=scope, playerId="me", nickname="Liar", avatarColor="blue", sessionToken=token)

    def join(self, who: Person, scope: str, *, of: str = "") -> None:
        event = self.ticket(who, scope, of=of)
        others = [seat for person, seat in self.model.seats.items() if seat.scope == scope and person is not who]
        mine = self.model.session(who, event)
        players = [_listed(seat.id, seat.nickname) for seat in others if seat.id != mine["id"]]
        players.append(_listed(str(mine["id"]), str(mine["nickname"])))
        room = space.RoomJoined(spaceId=scope, players=players, yourPlayerId=str(mine["id"]))
        self.does(who, event, {who: [room]})

    def does(self, who: Person, event: Event, heard: dict[Person, Sequence[Event]] | None = None) -> None:
        """Let an accepted event change the state."""
        assert self.model.foresee(who, event).refusal is None
        self.model.apply(who, event, said_to(heard or {}))

    def found(self, who: Person, party_id: str = "p-1") -> None:
        joined = space.PartyJoined(partyId=party_id, members=[f"{who.name}-id"])
        self.does(who, space.PartyCreate(name="walkers"), {who: [joined]})

    def party_of(self, host: Person, *guests: Person) -> None:
        self.found(host)
        for guest in guests:
            self.does(host, space.PartyInvite(partyId="p-1", targetId=f"{guest.name}-id"))
            self.does(guest, space.PartyAccept(partyId="p-1"))

    def zone(self, *people: Person, zone: str = "fountain") -> None:
        for who in people:
            self.does(who, space.JoinParty(partyId=zone, partyName="By the fountain"))


@pytest.fixture
def world() -> World:
    return World()


def _listed(user_id: str, nickname: str) -> space.PlayerPosition:
    return space.PlayerPosition(id=user_id, nickname=nickname, x=0, y=0, direction="down", isMoving=False)


def said_to(heard: dict[Person, Sequence[Event]]) -> Heard:
    return Heard({who: [came(event) for event in events] for who, events in heard.items()})


def hears(outlook: Outlook) -> list[str]:
    """Return who hears what, MUST unless said otherwise: `ben player:moved`."""
    return sorted(map(_line, outlook.expectations))


def _line(item: Expectation) -> str:
    level = "" if item.level is Level.MUST else f" ({item.level})"
    return f"{item.receiver} {item.operation.name}{level}"


def refusal(outlook: Outlook) -> str:
    """Return how a step is refused: by which event, at which address, and whether the connection ends."""
    assert outlook.refusal is not None
    [item] = outlook.expectations
    return f"{item.operation.name} {item.requirement}{' and cut off' if item.disconnects else ''}"


MOVE = space.PlayerMove(x=1, y=2, direction="left", isMoving=True, id="forged")
JUMP = space.PlayerJump(x=1, y=2)
TALK = space.ChatMessageRequest(content="  hello ")
ZONE_TALK = space.ChatMessageRequest(content="psst", type="party")


def whisper(target_id: str) -> space.WhisperSend:
    return space.WhisperSend(targetId=target_id, content="psst")


def invite(target_id: str, party_id: str = "p-1") -> space.PartyInvite:
    return space.PartyInvite(partyId=party_id, targetId=target_id)


# ---- before joining ----------------------------------------------------------------------------------------------

TOO_EARLY: list[Event] = [
    MOVE,
    JUMP,
    TALK,
    ZONE_TALK,
    whisper("ana-id"),
    space.PartyCreate(name="x"),
    invite("ana-id"),
    space.PartyAccept(partyId="p-1"),
    space.PartyDecline(partyId="p-1"),
    space.PartyLeave(partyId="p-1"),
    space.PartyMessageRequest(partyId="p-1", content="x"),
    space.ProximitySet(enabled=True),
    space.JoinParty(partyId="fountain", partyName="x"),
    space.LeaveParty(),
    space.LeaveSpace(),
]


@pytest.mark.parametrize("event", TOO_EARLY, ids=lambda event: event.event_name)
def test_too_early(world: World, event: Event) -> None:
    assert refusal(world.model.foresee(world.eve, event)) == "error space/join/6"
    assert world.model.foresee(world.eve, event).expectations[0].receiver is world.eve


def test_every_other_event_is_too_early() -> None:
    assert {type(event) for event in TOO_EARLY} == {
        operation.event for operation in space.PROTOCOL.inbound.values()
    } - {space.JoinSpace}


# ---- joining and leaving -----------------------------------------------------------------------------------------


def test_join(world: World) -> None:
    outlook = world.model.foresee(world.eve, world.ticket(world.eve, HERE))
    assert hears(outlook) == [
        "ana chat:system",
        "ana player:joined",
        "ben chat:system",
        "ben player:joined",
        "cho chat:system",
        "cho player:joined",
        "eve chat:system",
        "eve proximity:changed (SHOULD)",
        "eve room:joined",
    ]
    by_name = {item.operation.name: item.where for item in outlook.expectations}
    assert by_name["player:joined"] == {"id": "eve-id", "nickname": "Eve", "avatarColor": "blue"}
    assert by_name["room:joined"] == {"spaceId": HERE, "yourPlayerId": "eve-id"}
    assert outlook.claimed == {"playerId": "me", "nickname": "Liar"}


def test_join_without_a_session_is_refused_and_cut_off(world: World) -> None:
    for changes in ({"sessionToken": "guest-unknown"}, {"sessionToken": "dev-me"}):
        event = world.ticket(world.eve, HERE).model_copy(update=changes)
        assert refusal(world.model.foresee(world.eve, event)) == "error space/session/1 and cut off"
    without = space.JoinSpace(spaceId=HERE, playerId="me", nickname="Eve", avatarColor="red")
    assert refusal(world.model.foresee(world.eve, without)) == "error space/session/1 and cut off"


def test_a_session_of_another_space_is_none_here(world: World) -> None:
    event = world.ticket(world.eve, THERE)
    assert event.sessionToken == "guest-eve"
    world.model.identities["guest-eve"] = Identity(token="guest-eve", id="eve-id", nickname="Eve", scope=HERE)
    assert refusal(world.model.foresee(world.eve, event)) == "error space/session/1 and cut off"


def test_in_development_everybody_may_enter_as_whom_they_say() -> None:
    world = World("development")
    without = space.JoinSpace(spaceId=HERE, playerId="me", nickname="Eve", avatarColor="red")
    outlook = world.model.foresee(world.eve, without)
    assert outlook.refusal is None
    [entered] = [item for item in outlook.expectations if item.operation.name == "room:joined"]
    assert entered.where["yourPlayerId"] == "me"


def test_another_space_is_entered_and_the_first_left_with_party_and_zone(world: World) -> None:
    world.party_of(world.ana, world.ben)
    world.zone(world.ana, world.cho)
    outlook = world.model.foresee(world.ana, world.ticket(world.ana, THERE))
    assert hears(outlook) == [
        "ana chat:system",
        "ana proximity:changed (SHOULD)",
        "ana room:joined",
        "ben chat:system",
        "ben party:member_left",
        "ben player:left",
        "cho chat:system",
        "cho party:member_left",
        "cho player:left",
        "dee chat:system",
        "dee player:joined",
    ]
    left = {item.receiver: item.where for item in outlook.expectations if item.operation.name == "party:member_left"}
    assert left[world.ben] == {"partyId": "p-1", "memberId": "ana-id"}
    assert left[world.cho] == {"partyId": "fountain", "memberId": "ana-id"}
    world.join(world.ana, THERE)
    assert world.model.seats[world.ana].scope == THERE
    assert world.model.parties["p-1"].members == [world.ben]
    assert world.ana not in world.model.members(f"zone:{HERE}/fountain")


def test_takeover(world: World) -> None:
    again = Person("ana-again")
    event = world.ticket(again, HERE, of="ana")
    outlook = world.model.foresee(again, event)
    assert hears(outlook) == [
        "ana error",
        "ana player:joined (MAY)",
        "ana player:left (MAY)",
        "ana-again proximity:changed (SHOULD)",
        "ana-again room:joined",
        "ben player:joined (MAY)",
        "ben player:left (MAY)",
        "cho player:joined (MAY)",
        "cho player:left (MAY)",
    ]
    assert [item.receiver for item in outlook.expectations if item.disconnects] == [world.ana]
    world.join(again, HERE, of="ana")
    assert world.ana not in world.model.seats
    assert world.model.seats[again].id == "ana-id"


@pytest.mark.parametrize("how", ["leaves", "vanishes"])
def test_leaving_and_vanishing_are_told_alike(world: World, how: str) -> None:
    world.party_of(world.ana, world.ben)
    world.zone(world.ana, world.cho)
    model = world.model
    outlook = model.foresee(world.ana, space.LeaveSpace()) if how == "leaves" else model.foresee_end(world.ana)
    assert hears(outlook) == [
        "ben chat:system",
        "ben party:member_left",
        "ben player:left",
        "cho chat:system",
        "cho party:member_left",
        "cho player:left",
    ]
    model.leave(world.ana)
    assert world.ana not in model.seats
    assert model.parties["p-1"].members == [world.ben]


def test_nobody_hears_of_somebody_who_was_nowhere(world: World) -> None:
    assert hears(world.model.foresee_end(world.eve)) == []


def test_a_departure_takes_parties_invitations_and_settings_with_it(world: World) -> None:
    model = world.model
    world.found(world.ana)
    world.does(world.ana, invite("ben-id"))
    model.leave(world.ben)
    assert model.parties["p-1"].invited == []
    model.leave(world.ana)
    assert model.parties == {}
    model.proximity[HERE] = True
    model.leave(world.cho)
    assert HERE not in model.proximity
    assert model.describe() == "dee in garden"
    model.leave(world.dee)
    assert model.describe() == "nobody is in a space"


# ---- moving and talking ------------------------------------------------------------------------------------------


def test_move_and_jump_reach_the_others_under_the_verified_identity(world: World) -> None:
    outlook = world.model.foresee(world.ana, MOVE)
    assert hears(outlook) == ["ben player:moved", "cho player:moved"]
    assert outlook.claimed == {"id": "forged"}
    for item in outlook.expectations:
        assert item.within_ms == 200
        assert item.where == {
            "id": "ana-id",
            "nickname": "Ana",
            "avatarColor": "blue",
            "x": 1,
            "y": 2,
            "direction": "left",
            "isMoving": True,
        }
    assert hears(world.model.foresee(world.ana, JUMP)) == ["ben player:jumped", "cho player:jumped"]
    assert hears(world.model.foresee(world.dee, MOVE)) == []


def test_talk_reaches_the_space_and_comes_trimmed(world: World) -> None:
    outlook = world.model.foresee(world.ana, TALK)
    assert hears(outlook) == ["ana chat:message", "ben chat:message", "cho chat:message"]
    assert {str(item.where["content"]) for item in outlook.expectations} == {"hello"}


def test_whisper(world: World) -> None:
    assert hears(world.model.foresee(world.ana, whisper("ben-id"))) == ["ben whisper:received"]


@pytest.mark.parametrize("target_id", ["ana-id", "dee-id", "eve-id", NOBODY])
def test_whisper_to_oneself_elsewhere_outside_or_nobody(world: World, target_id: str) -> None:
    assert refusal(world.model.foresee(world.ana, whisper(target_id))) == "error space/whisper/2"


# ---- parties -----------------------------------------------------------------------------------------------------


def test_a_party_is_founded(world: World) -> None:
    [item] = world.model.foresee(world.ana, space.PartyCreate(name="x")).expectations
    assert (item.receiver, item.operation.name, item.where) == (world.ana, "party:joined", {"members": ["ana-id"]})


def test_a_member_may_invite_and_the_invited_hear_it_alone(world: World) -> None:
    world.found(world.ana)
    outlook = world.model.foresee(world.ana, invite("ben-id"))
    assert hears(outlook) == ["ben party:invited"]
    assert outlook.expectations[0].where == {"partyId": "p-1", "partyName": "walkers", "inviterId": "ana-id"}


def test_who_may_not_do_what_to_a_party(world: World) -> None:
    world.party_of(world.ana, world.ben)
    model = world.model
    accept, talk = space.PartyAccept(partyId="p-1"), space.PartyMessageRequest(partyId="p-1", content="x")
    refusals: list[tuple[Person, Event, str]] = [
        (world.ana, space.PartyCreate(name="y"), "error space/party/5"),
        (world.cho, invite("ana-id"), "error space/party/1"),
        (world.ana, invite("dee-id"), "error space/party/4"),
        (world.ana, invite("ana-id"), "error space/party/4"),
        (world.ana, invite("ben-id"), "error space/party/5"),
        (world.ana, invite("cho-id", "p-2"), "error space/party/1"),
        (world.cho, accept, "error space/party/2"),
        (world.ben, accept, "error space/party/5"),
        (world.cho, space.PartyDecline(partyId="p-1"), "error space/party/7"),
        (world.cho, space.PartyLeave(partyId="p-1"), "error space/party/3"),
        (world.cho, talk, "error space/party/3"),
        (world.dee, talk, "error space/party/3"),
    ]
    assert [refusal(model.foresee(who, event)) for who, event, _ in refusals] == [told for *_, told in refusals]


def test_an_invitation_is_used_up_by_accepting_and_by_declining(world: World) -> None:
    world.found(world.ana)
    accept, decline = space.PartyAccept(partyId="p-1"), space.PartyDecline(partyId="p-1")
    world.does(world.ana, invite("ben-id"))
    world.does(world.ana, invite("ben-id"))
    assert world.model.parties["p-1"].invited == [world.ben]
    assert hears(world.model.foresee(world.ben, decline)) == []
    world.does(world.ben, decline)
    assert refusal(world.model.foresee(world.ben, accept)) == "error space/party/2"
    world.does(world.ana, invite("ben-id"))
    assert hears(world.model.foresee(world.ben, accept)) == ["ana party:joined", "ben party:joined"]
    world.does(world.ben, accept)
    world.does(world.ben, space.PartyLeave(partyId="p-1"))
    assert refusal(world.model.foresee(world.ben, accept)) == "error space/party/2"


def test_party_talk_and_departure_stay_in_the_party(world: World) -> None:
    world.party_of(world.ana, world.ben)
    talk = world.model.foresee(world.ben, space.PartyMessageRequest(partyId="p-1", content=" x "))
    assert hears(talk) == ["ana party:message", "ben party:message"]
    assert talk.expectations[0].where["content"] == "x"
    leave = world.model.foresee(world.ana, space.PartyLeave(partyId="p-1"))
    assert hears(leave) == ["ben party:member_left"]
    world.does(world.ana, space.PartyLeave(partyId="p-1"))
    world.does(world.ben, space.PartyLeave(partyId="p-1"))
    assert world.model.parties == {}


# ---- zones -------------------------------------------------------------------------------------------------------


def test_a_zone_is_no_party_of_the_same_name(world: World) -> None:
    world.party_of(world.ana, world.ben)
    world.zone(world.cho, zone="p-1")
    model = world.model
    talk = space.PartyMessageRequest(partyId="p-1", content="x")
    assert refusal(model.foresee(world.cho, talk)) == "error space/party/3"
    assert hears(model.foresee(world.ana, talk)) == ["ana party:message", "ben party:message"]
    assert refusal(model.foresee(world.ana, ZONE_TALK)) == "error space/zone/3"
    assert hears(model.foresee(world.cho, ZONE_TALK)) == ["cho chat:message"]


def test_a_zone_of_the_same_name_elsewhere_is_another(world: World) -> None:
    world.zone(world.ana, world.dee)
    assert hears(world.model.foresee(world.ana, ZONE_TALK)) == ["ana chat:message"]


def test_changing_and_leaving_zones(world: World) -> None:
    world.zone(world.ana, world.ben)
    model = world.model
    bridge = space.JoinParty(partyId="bridge", partyName="Bridge")
    assert hears(model.foresee(world.ana, bridge)) == ["ana party:joined", "ben party:member_left"]
    assert hears(model.foresee(world.ana, space.LeaveParty())) == ["ben party:member_left"]
    assert hears(model.foresee(world.cho, space.JoinParty(partyId="fountain", partyName="x"))) == [
        "ana party:joined",
        "ben party:joined",
        "cho party:joined",
    ]
    world.does(world.ana, space.LeaveParty())
    assert refusal(model.foresee(world.ana, space.LeaveParty())) == "error space/zone/3"


# ---- proximity ---------------------------------------------------------------------------------------------------


def test_proximity_is_for_staff(world: World) -> None:
    event = space.ProximitySet(enabled=True)
    assert refusal(world.model.foresee(world.ana, event)) == "proximity:error space/proximity/1"
    world.model.seats[world.ana].is_staff = True
    assert hears(world.model.foresee(world.ana, event)) == [
        f"{name} proximity:changed" for name in ("ana", "ben", "cho")
    ]
    world.does(world.ana, event)
    assert world.model.proximity == {HERE: True}


# ---- what is invalid ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*space.PROTOCOL.inbound, "player:moved", "no:such"])
def test_what_is_invalid_is_refused_in_any_state(world: World, name: str) -> None:
    address = "space/all/1" if name in space.PROTOCOL.inbound else "space/all/2"
    for who in (world.ana, world.eve):
        assert refusal(world.model.foresee_invalid(who, name)) == f"error {address}"


# ---- beyond the templates ----------------------------------------------------------------------------------------


def broken(world: World, who: Person, event: Event, heard: dict[Person, Sequence[Event]]) -> list[Broken]:
    return list(world.model.promises(who, event, said_to(heard)))


def roster(*players: space.PlayerPosition) -> space.RoomJoined:
    return space.RoomJoined(spaceId=HERE, players=list(players), yourPlayerId="eve-id")


def test_a_roster_is_complete_and_true(world: World) -> None:
    world.does(world.ana, MOVE)
    join = world.ticket(world.eve, HERE)
    eve, ben, cho = (_listed(f"{name}-id", name.title()) for name in ("eve", "ben", "cho"))
    stale = _listed("ana-id", "Ana")
    ana = stale.model_copy(update={"x": 1.0, "y": 2.0, "direction": "left", "isMoving": True})
    seats = [player.model_copy(update={"avatarColor": "blue"}) for player in (ana, ben, cho)]
    assert broken(world, world.eve, join, {world.eve: [roster(eve, *seats)]}) == []
    for wrong in ([*seats], [eve, *seats[:2]], [eve, *seats, _listed("dee-id", "Dee")], [eve, eve, *seats]):
        [found] = broken(world, world.eve, join, {world.eve: [roster(*wrong)]})
        assert found.requirement == "space/join/2"
        assert found.expected == "players are exactly ana-id, ben-id, cho-id, eve-id"
    moved = stale.model_copy(update={"avatarColor": "blue"})
    [found] = broken(world, world.eve, join, {world.eve: [roster(eve, moved, *seats[1:])]})
    assert found.came == "it is listed with {'x': 0.0, 'y': 0.0, 'direction': 'down', 'isMoving': False}"


def test_where_a_jump_ends_is_not_known(world: World) -> None:
    world.does(world.ana, MOVE)
    world.does(world.ana, JUMP)
    assert world.model.seats[world.ana].position is None


def test_a_newcomer_learns_the_setting_that_is_known(world: World) -> None:
    join = world.ticket(world.eve, HERE)
    everybody = [_listed(f"{name}-id", name.title()) for name in ("ana", "ben", "cho", "eve")]
    players = [player.model_copy(update={"avatarColor": "blue"}) for player in everybody]
    told = [roster(*players), space.ProximityChanged(spaceId=HERE, enabled=False)]
    assert broken(world, world.eve, join, {world.eve: told}) == []
    world.model.proximity[HERE] = True
    [found] = broken(world, world.eve, join, {world.eve: told})
    assert found.requirement == "space/proximity/3"


@pytest.mark.parametrize("what", ["party", "zone"])
def test_everybody_hears_all_members(world: World, what: str) -> None:
    event: Event
    if what == "party":
        world.found(world.ana)
        world.does(world.ana, invite("ben-id"))
        event, where, requirement = space.PartyAccept(partyId="p-1"), "p-1", "space/party/6"
    else:
        world.zone(world.ana)
        event, where = space.JoinParty(partyId="fountain", partyName="x"), "fountain"
        requirement = "space/zone/2"
    whole = space.PartyJoined(partyId=where, members=["ana-id", "ben-id"])
    part = space.PartyJoined(partyId=where, members=["ben-id"])
    assert broken(world, world.ben, event, {world.ana: [whole], world.ben: [whole]}) == []
    [found] = broken(world, world.ben, event, {world.ana: [whole], world.ben: [part]})
    assert (found.requirement, found.came) == (requirement, "members ben-id")


def test_the_contract_names_no_room_that_the_model_does_not_know(world: World) -> None:
    with pytest.raises(LookupError, match="'queue:1'"):
        world.model.members("queue:1")


@pytest.mark.parametrize("condition", space.PROTOCOL.conditions)
def test_every_condition_of_the_contract_has_a_meaning(world: World, condition: str) -> None:
    for event in (*TOO_EARLY, world.ticket(world.eve, HERE)):
        for who in (world.ana, world.eve):
            assert isinstance(world.model.holds(condition, who, event), bool)
