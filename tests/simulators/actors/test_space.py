"""What the people of a space do, on paper."""

import itertools
from collections.abc import Iterator
from random import Random

import pytest

from protocols.contract import Event
from protocols.space import (
    PROTOCOL,
    ChatMessageRequest,
    JoinParty,
    JoinSpace,
    LeaveParty,
    LeaveSpace,
    PartyAccept,
    PartyDecline,
    PartyInvited,
    PlayerJoined,
    PlayerLeft,
    PlayerMove,
    PlayerPosition,
    ProximitySet,
    RoomJoined,
    WhisperSend,
)
from simulators.actor import Act, Connect, Cut, Emit, EmitRaw, Leave
from simulators.actors.space import ACTORS, SPEED, STEP_S, Guest, Heckler, Player, SpaceActor, Staff
from simulators.actors.space_map import LINES, PARTY_NAMES, WAYPOINTS, ZONES, zone_at
from simulators.people import Identity

ME = Identity(token="guest-me", id="me", nickname="Me", scope="plaza")


def started(kind: type[SpaceActor], seed: str = "1") -> SpaceActor:
    """Return somebody who has connected with a session and joined, among two others."""
    actor = kind("me-1", "plaza", Random(seed))
    actor.standing.connected(ME)
    actor.connected(ME, 0.0)
    return actor


def live(actor: SpaceActor, for_s: float) -> Iterator[tuple[float, Act]]:
    """Yield what somebody does, on a target that confirms every join and nothing else."""
    while actor.due_s < for_s:
        for due_s, act in actor.act(actor.due_s):
            if isinstance(act, Emit):
                actor.standing.said(act.event)
                if isinstance(act.event, JoinSpace):
                    hear(actor, roster(), due_s)
            yield due_s, act


def hear(actor: SpaceActor, event: Event, now_s: float = 0.0) -> None:
    actor.standing.heard(event)
    actor.hear(event, now_s)


def roster() -> RoomJoined:
    players = [
        PlayerPosition(id=id_, nickname=id_, x=0, y=0, direction="down", isMoving=False) for id_ in ("me", "you")
    ]
    return RoomJoined(spaceId="plaza", players=players, yourPlayerId="me")


def events(actor: SpaceActor, for_s: float) -> list[Event]:
    return [act.event for _, act in live(actor, for_s) if isinstance(act, Emit)]


@pytest.mark.parametrize("kind", ACTORS.values())
def test_one_seed_one_life(kind: type[SpaceActor]) -> None:
    first, same, other = (list(live(started(kind, seed), 60.0)) for seed in ("1", "1", "2"))
    assert first == same
    assert first != other


@pytest.mark.parametrize("kind", [Player, Guest, Staff])
def test_who_behaves_says_nothing_that_breaks_the_contract(kind: type[SpaceActor]) -> None:
    said = events(started(kind), 300.0)
    assert len(said) > 100 or kind is Guest
    for event in said:
        schema = PROTOCOL.operation(event).schema
        assert schema is None or PROTOCOL.faults(schema, event.to_json()) == []


def test_a_player_joins_first_and_with_its_session() -> None:
    first = events(started(Player), 30.0)[0]
    assert isinstance(first, JoinSpace)
    assert (first.spaceId, first.sessionToken, first.nickname) == ("plaza", "guest-me", "Me")


def test_a_player_waits_until_it_has_been_let_in() -> None:
    actor = Player("me-1", "plaza", Random(1))
    actor.standing.connected(ME)
    actor.connected(ME, 0.0)
    said = [act for _ in range(100) for _, act in actor.act(actor.due_s)]
    assert [type(act.event) for act in said if isinstance(act, Emit)] == [JoinSpace]


def test_a_player_walks_no_faster_than_it_can_and_stops_at_its_goal() -> None:
    moves = [
        (due_s, act.event)
        for due_s, act in live(started(Player), 120.0)
        if isinstance(act, Emit) and isinstance(act.event, PlayerMove)
    ]
    assert any(not move.isMoving for _, move in moves)
    for (before_s, before), (after_s, after) in itertools.pairwise(moves):
        step = ((after.x - before.x) ** 2 + (after.y - before.y) ** 2) ** 0.5
        assert step <= SPEED * STEP_S + 0.01
        assert after_s - before_s >= STEP_S - 1e-9


def test_a_player_keeps_below_the_rate_limit_of_moves() -> None:
    limit = PROTOCOL.operation(PlayerMove).rate_per_second
    assert limit / 2 > 1 / STEP_S


def test_a_player_does_all_that_there_is_to_do() -> None:
    done = {type(event).__name__ for seed in range(10) for event in events(started(Player, str(seed)), 200.0)}
    assert done >= {
        "JoinSpace", "PlayerMove", "PlayerJump", "ChatMessageRequest", "WhisperSend", "PartyCreate", "JoinParty",
        "LeaveParty",
    }  # fmt: skip


def test_a_player_whispers_to_those_it_has_seen() -> None:
    actor = started(Player)
    targets = {event.targetId for event in events(actor, 300.0) if isinstance(event, WhisperSend)}
    assert targets == {"you"}
    hear(actor, PlayerLeft(id="you"))
    assert not [event for event in events(actor, 600.0) if isinstance(event, WhisperSend)]
    hear(actor, PlayerJoined(id="they", nickname="They", x=0, y=0, direction="up", isMoving=False))
    assert actor.seen == {"they": "They"}


def test_a_player_answers_an_invitation_after_a_moment() -> None:
    answers = []
    for seed in range(20):
        actor = started(Player, str(seed))
        next(live(actor, 1.0))
        hear(actor, PartyInvited(partyId="p", partyName="Owls", inviterId="you"), 10.0)
        answers += [
            (due_s, type(act.event))
            for due_s, act in live(actor, 14.0)
            if isinstance(act, Emit) and isinstance(act.event, PartyAccept | PartyDecline)
        ]
    assert {kind for _, kind in answers} == {PartyAccept, PartyDecline}
    assert all(10.5 <= due_s <= 13.0 for due_s, _ in answers)


def test_zones_are_entered_and_left_on_foot() -> None:
    for seed in range(20):
        at: PlayerMove | None = None
        for event in events(started(Player, str(seed)), 120.0):
            match event:
                case PlayerMove():
                    at = event
                case JoinParty():
                    assert at is not None
                    zone = zone_at(at.x, at.y)
                    assert zone is not None
                    assert zone.id == event.partyId
                case LeaveParty():
                    assert at is not None
                    assert zone_at(at.x, at.y) is None
                case _:
                    pass


def test_a_guest_stays_for_a_while_and_goes_one_way_or_another() -> None:
    ends: set[type] = set()
    stays: list[float] = []
    for seed in range(60):
        actor = started(Guest, str(seed))
        for due_s, act in live(actor, 1000.0):
            if isinstance(act, Leave | Cut):
                stays.append(due_s)
                ends.add(type(act))
                break
            if isinstance(act, Emit) and isinstance(act.event, LeaveSpace):
                ends.add(LeaveSpace)
        assert actor.identity is None  # the next one comes with a session of their own
    assert ends == {Leave, Cut, LeaveSpace}
    stays.sort()
    assert 7 < stays[30] < 20


def test_who_lost_the_connection_comes_back_soon_and_with_the_same_session() -> None:
    actor = started(Player)
    actor.disconnected(10.0)
    assert 11.0 <= actor.due_s <= 13.0
    assert [act for _, act in actor.act(13.0)] == [Connect()]
    assert actor.identity == ME


def test_staff_switches_proximity() -> None:
    switched = {event.enabled for event in events(started(Staff), 200.0) if isinstance(event, ProximitySet)}
    assert switched == {True, False}


def test_a_heckler_speaks_before_it_joins_and_never_twice_the_same_way() -> None:
    acts = [act for _, act in live(started(Heckler), 60.0)]
    first_join = next(n for n, act in enumerate(acts) if isinstance(act, Emit) and isinstance(act.event, JoinSpace))
    assert first_join > 0
    assert len({act.prank for act in acts if isinstance(act, EmitRaw)}) > 10


def test_the_map_holds_together() -> None:
    assert all(zone_at(*zone.center) is zone for zone in ZONES)
    assert {zone_at(*point) for point in WAYPOINTS} >= {None, *ZONES}
    for line in LINES:
        assert PROTOCOL.faults("ChatMessageRequest", ChatMessageRequest(content=line).to_json()) == []
        assert line == line.strip()
    assert all(PROTOCOL.faults("PartyCreate", {"name": name}) == [] for name in PARTY_NAMES)
    assert all(PROTOCOL.faults("JoinParty", {"partyId": z.id, "partyName": z.name}) == [] for z in ZONES)
