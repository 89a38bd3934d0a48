"""Laws of the rules of space: whatever comes in whatever order, the state stays sound and the effects are the same."""

from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import space
from reference_server.effects import Answer, Connected, Drop, Effect, Emit, Entry, Garbled, Gone, Said
from reference_server.mode import Mode
from reference_server.rules.space_commands import Census, FlushMove
from reference_server.rules.space_state import Place

from .stage import Stage, join

SIDS = ("s1", "s2", "s3", "s4")
SPACES = ("plaza", "studio")
TOKENS = ("auth-mina", "auth-jun", "auth-sora", "auth-far", "dev-x", "auth-nobody", "")
IDS = ("user-mina", "user-jun", "user-sora", "p-far", "me")
# Not only what is said in earnest: blank by one definition and not by the other, and the ends of every range.
CONTENT = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip())) | st.just("\x1c\ufeffx\x85")
VOUCHED = Answer(valid=True, claims={"participantId": "p-far", "nickname": "Far", "role": "STAFF"})
Rooms: TypeAlias = dict[str, frozenset[str]]
"""sid -> the rooms it is in."""


class Names:
    """Stands for ids of parties that exist only once they were founded: the n-th party of the whole play."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __getitem__(self, number: int) -> str:
        founded = [
            effect.event.partyId
            for effect in self._stage.effects
            if isinstance(effect, Emit) and isinstance(effect.event, space.PartyJoined)
        ]
        parties = list(dict.fromkeys(founded)) or ["none"]
        return parties[number % len(parties)]


ids = st.sampled_from(IDS)
party_numbers = st.integers(0, 3).map(str)
numbers = st.integers(-5, 5)
joins = st.builds(
    lambda space_id, token, player_id: join(space_id, token, player_id),
    st.sampled_from(SPACES),
    st.sampled_from(TOKENS),
    ids,
)
events: st.SearchStrategy[space.Inbound] = st.one_of(
    joins,
    joins,
    st.builds(space.LeaveSpace),
    st.builds(lambda x: space.PlayerMove(x=x, y=0, direction="up", isMoving=True), numbers),
    st.builds(lambda x: space.PlayerJump(x=x, y=0), numbers),
    st.builds(
        lambda content, kind: space.ChatMessageRequest(content=content, type=kind),
        CONTENT,
        st.sampled_from(("message", "party")),
    ),
    st.builds(lambda target, content: space.WhisperSend(targetId=target, content=content), ids, CONTENT),
    st.builds(lambda name: space.PartyCreate(name=name), st.just("P")),
    st.builds(lambda party, target: space.PartyInvite(partyId=party, targetId=target), party_numbers, ids),
    st.builds(lambda party: space.PartyAccept(partyId=party), party_numbers),
    st.builds(lambda party: space.PartyDecline(partyId=party), party_numbers),
    st.builds(lambda party: space.PartyLeave(partyId=party), party_numbers),
    st.builds(lambda party, content: space.PartyMessageRequest(partyId=party, content=content), party_numbers, CONTENT),
    st.builds(lambda enabled: space.ProximitySet(enabled=enabled), st.booleans()),
    st.builds(lambda zone: space.JoinParty(partyId=zone, partyName="Z"), st.sampled_from(("a", "b"))),
    st.builds(space.LeaveParty),
)
sids = st.sampled_from(SIDS)
entries: st.SearchStrategy[Entry | int] = st.one_of(
    st.builds(Connected, sids),
    *[st.builds(lambda sid, event: Said(sid, event, VOUCHED), sids, events)] * 6,
    st.builds(lambda sid, reason: Garbled(sid, "player:move", reason), sids, st.text(max_size=5)),
    st.builds(Gone, sids),
    st.builds(FlushMove, st.sampled_from(SPACES), ids),
    st.just(Census()),
    st.integers(0, 3_000),  # milliseconds that pass
)
modes = st.sampled_from(Mode)
plays = st.lists(entries, min_size=10, max_size=80)


def play(stage: Stage, entry: Entry | int) -> list[Effect]:
    """Enter what was drawn; parties are named by number, and so need the id that the play has given them."""
    if isinstance(entry, int):
        return stage.wait(entry)
    if isinstance(entry, Said) and isinstance(
        entry.event,
        space.PartyInvite | space.PartyAccept | space.PartyDecline | space.PartyLeave | space.PartyMessageRequest,
    ):
        party = Names(stage)[int(entry.event.partyId)]
        return stage.say(entry.sid, entry.event.model_copy(update={"partyId": party}))
    return stage.enter(entry)


def started(mode: Mode) -> Stage:
    """A stage on which everybody has a seat and two share a party, so that a play has something to break."""
    stage = Stage(mode, external=True)
    stage.seat("mina", "jun")
    stage.connect(*SIDS)
    for sid, token in zip(SIDS, ("auth-mina", "auth-jun", "auth-sora", "auth-far"), strict=True):
        stage.say(sid, join("plaza", token), VOUCHED)
    stage.say("s1", space.PartyCreate(name="P"))
    stage.say("s1", space.PartyInvite(partyId=Names(stage)[0], targetId="user-jun"))
    stage.hush()
    return stage


@settings(max_examples=150, deadline=None)
@given(modes, plays)
def test_no_order_of_entries_breaks_the_state(mode: Mode, entries: list[Entry | int]) -> None:
    stage = started(mode)
    for entry in entries:
        before = rooms_of(stage)
        effects = play(stage, entry)  # every event is checked against its schema as it is delivered
        check_state(stage)
        if isinstance(entry, Said | Garbled | Gone):
            check_audience(entry.sid, effects, before, rooms_of(stage))


@settings(max_examples=50, deadline=None)
@given(modes, plays)
def test_the_same_entries_give_the_same_effects(mode: Mode, entries: list[Entry | int]) -> None:
    first, second = started(mode), started(mode)
    for entry in entries:
        assert spelled(play(first, entry)) == spelled(play(second, entry))


def rooms_of(stage: Stage) -> Rooms:
    return {sid: frozenset(rooms) for sid, rooms in stage.rooms.items()}


def spelled(effects: list[Effect]) -> list[str]:
    return [repr(effect) for effect in effects]


def check_state(stage: Stage) -> None:
    """Compare what the rules remember with what a server that carried out their effects would know."""
    rules = stage.rules
    assert set(rules._sockets) == stage.connected
    seated = {sid: player for sid, player in rules._sockets.items() if player is not None}
    assert {sid: {*player.rooms} for sid, player in seated.items()} == {
        sid: rooms for sid, rooms in stage.rooms.items() if rooms
    }
    present = [player for place in rules._places.values() for player in place.players.values()]
    assert sorted(map(id, present)) == sorted(map(id, seated.values())), "a player without a socket is a ghost"
    assert all(player.sid == sid for sid, player in seated.items())
    assert rules._verified == {player.id: player for player in present if player.identity.verified}
    rooms = [place.room for place in rules._places.values()]
    rooms += [party.room for place in rules._places.values() for party in place.parties.values()]
    rooms += [zone.room for place in rules._places.values() for zone in place.zones.values()]
    assert len(set(rooms)) == len(rooms), "two things share a room"
    for place in rules._places.values():
        check_place(place)


def check_place(place: Place) -> None:
    assert place.players, "an empty space is forgotten"
    for player_id, player in place.players.items():
        assert player.id == player_id
        assert player.place is place
        assert player.party is None or place.parties[player.party.id] is player.party
        assert player.zone is None or place.zones[player.zone.id] is player.zone
    for party in place.parties.values():
        assert party.members, "an empty party is forgotten"
        assert all(place.players[member].party is party for member in party.members)
        assert party.invited <= place.players.keys()
        assert not party.invited & party.members.keys()
    for zone in place.zones.values():
        assert zone.visitors, "an empty zone is forgotten"
        assert all(place.players[visitor].zone is zone for visitor in zone.visitors)


def check_audience(speaker: str, effects: list[Effect], before: Rooms, after: Rooms) -> None:
    """What somebody causes is heard in the rooms it is or was in, and in those of a socket that it replaced.

    Together with `check_state`, which holds the rooms against the state, this keeps every event inside its room.
    """
    dropped = {effect.sid for effect in effects if isinstance(effect, Drop)}
    rooms = {room for sid in {speaker} | dropped for known in (before, after) for room in known.get(sid, ())}
    for effect in effects:
        match effect:
            case Emit(space.WhisperReceived() | space.PartyInvited(), room):
                shared = before.get(room, frozenset()) & before[speaker]
                assert any(name.startswith("space:") for name in shared)
            case Emit(space.Error(), room):
                assert room in {speaker} | dropped
            case Emit(_, room):
                assert room == speaker or room in rooms
