"""Every promise of the contract that the rules of space keep, by plain calls."""

from itertools import pairwise

import pytest

from protocols import space
from reference_server.effects import Answer, Connected, Emit, Gone, Later, Question, Said
from reference_server.mode import Mode
from reference_server.rules import space_conditions
from reference_server.rules.space_commands import Census
from reference_server.rules.space_conditions import CONDITIONS, REASONS
from reference_server.rules.space_state import CAPACITY, PARTY_CAPACITY
from reference_server.world import User, World

from .stage import Stage, join, move


@pytest.fixture
def stage() -> Stage:
    return Stage()


def error(stage: Stage, sid: str) -> str:
    """Return the one `error` that a socket heard, and nothing else."""
    (event,) = stage.only(sid, space.Error)
    return event.message


def party_of(stage: Stage, founder: str, *others: str, name: str = "Climbers") -> str:
    """Have somebody found a party and others enter it; return its id."""
    stage.say(founder, space.PartyCreate(name=name))
    (founded,) = stage.only(founder, space.PartyJoined)
    for other in others:
        stage.say(founder, space.PartyInvite(partyId=founded.partyId, targetId=f"user-{other}"))
        stage.say(other, space.PartyAccept(partyId=founded.partyId))
    stage.hush()
    return founded.partyId


# ---- sessions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "auth-nobody", "guest-nobody", "dev-me", "rubbish"])
def test_production_refuses_and_disconnects_who_has_no_session(stage: Stage, token: str | None) -> None:
    stage.seat("mina")
    stage.connect("s")
    stage.say("s", join(token=token))
    assert "session" in error(stage, "s")
    assert "s" not in stage.connected
    assert stage.heard("mina") == []
    assert [note.level for note in stage.notes("E1001")] == ["warn"]


def test_a_refused_join_gives_up_the_seat_that_the_socket_had(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.say("mina", join("studio", "auth-nobody"))
    assert stage.names("mina") == ["error"]
    assert stage.names("jun") == ["player:left", "chat:system"]


@pytest.mark.parametrize("token", [None, "", "auth-nobody", "dev-me"])
def test_development_lets_everybody_in_under_the_clients_id(token: str | None) -> None:
    stage = Stage(Mode.DEVELOPMENT)
    stage.connect("s")
    stage.say("s", join(token=token, player_id="me", nickname="Dev"))
    joined = stage.heard("s")[0]
    assert isinstance(joined, space.RoomJoined)
    assert joined.yourPlayerId == "me"
    assert joined.players[0].nickname == "Dev"
    warned = [(note.level, note.code) for note in stage.notes("E1001")]
    assert warned == ([] if token == "dev-me" else [("warn", "E1001")])
    assert stage.logged() == []


def test_development_believes_a_valid_session_more_than_the_client() -> None:
    stage = Stage(Mode.DEVELOPMENT)
    stage.connect("s")
    stage.say("s", join(token="auth-mina"))
    joined = stage.heard("s")[0]
    assert isinstance(joined, space.RoomJoined)
    assert joined.yourPlayerId == "user-mina"


def test_an_unverified_id_gives_no_privilege() -> None:
    stage = Stage(Mode.DEVELOPMENT)
    stage.connect("s")
    stage.say("s", join(token="dev-me", player_id="user-mina"))
    stage.hush()
    stage.say("s", space.ProximitySet(enabled=True))
    assert stage.names("s") == ["proximity:error"]


def test_a_guest_session_opens_its_own_space_and_no_other(stage: Stage) -> None:
    token, participant = stage.guest("plaza", "Gil")
    stage.connect("a", "b")
    stage.say("a", join("plaza", token))
    joined = stage.heard("a")[0]
    assert isinstance(joined, space.RoomJoined)
    assert joined.yourPlayerId == participant
    assert joined.players[0].nickname == "Gil"
    stage.say("b", join("studio", token))
    assert stage.names("b") == ["error"]


def test_a_question_is_asked_only_about_tokens_of_others() -> None:
    stage = Stage(external=True)
    guest, _ = stage.guest()
    stage.connect("s")
    for token in (None, "", "dev-me", "auth-mina", guest):
        assert stage.rules.question(Said("s", join(token=token))) is None
    assert stage.rules.question(Said("s", join("plaza", "auth-x"))) == Question("auth-x", "plaza")
    assert stage.rules.question(Said("nobody", join("plaza", "auth-x"))) is None
    assert stage.rules.question(Said("s", move(1))) is None
    assert stage.rules.question(Connected("t")) is None
    assert Stage().rules.question(Said("s", join(token="auth-x"))) is None


def test_an_external_answer_says_who_it_is() -> None:
    stage = Stage(external=True)
    stage.connect("s")
    claims = {"participantId": "p-7", "nickname": "Far", "role": "STAFF"}
    stage.say("s", join(token="auth-x"), Answer(valid=True, claims=claims))
    joined = stage.heard("s")[0]
    assert isinstance(joined, space.RoomJoined)
    assert (joined.yourPlayerId, joined.players[0].nickname) == ("p-7", "Far")
    stage.say("s", space.ProximitySet(enabled=True))
    assert stage.names("s") == ["proximity:changed"]


@pytest.mark.parametrize(
    ("answer", "e4001"),
    [
        (None, 0),
        (Answer(valid=False), 0),
        (Answer(valid=False, failed="no answer in 3 s"), 1),
        (Answer(valid=True), 1),
        (Answer(valid=True, claims={"participantId": "p" * 65, "nickname": "Far"}), 1),
        (Answer(valid=True, claims={"participantId": "p", "nickname": " "}), 1),
        (Answer(valid=True, claims={"participantId": "p", "nickname": "\x85"}), 1),
        (Answer(valid=True, claims={"participantId": 7, "nickname": "Far"}), 1),
    ],
)
def test_an_external_verifier_that_fails_counts_as_an_invalid_session(answer: Answer | None, e4001: int) -> None:
    stage = Stage(external=True)
    stage.connect("s")
    stage.say("s", join(token="auth-x"), answer)
    assert stage.names("s") == ["error"]
    assert "s" not in stage.connected
    assert [note.level for note in stage.notes("E4001")] == ["error"] * e4001
    development = Stage(Mode.DEVELOPMENT, external=True)
    development.connect("s")
    development.say("s", join(token="auth-x"), answer)
    assert development.names("s")[0] == "room:joined"


# ---- joining ---------------------------------------------------------------------------------------------------------


def test_a_join_answers_with_everybody_and_tells_everybody(stage: Stage) -> None:
    stage.seat("mina")
    stage.say("mina", move(3, 4))
    stage.connect("jun")
    stage.say("jun", join(token="auth-jun", avatarColor="red"))
    (newcomer,) = stage.heard("mina")[:1]
    joined, proximity, system = stage.heard("jun")
    position = {"id": "user-jun", "nickname": "Jun", "x": 0, "y": 0, "direction": "down", "isMoving": False}
    assert newcomer == space.PlayerJoined.model_validate(position | {"avatarColor": "red"})
    assert isinstance(joined, space.RoomJoined)
    assert (joined.spaceId, joined.yourPlayerId) == ("plaza", "user-jun")
    assert [(player.id, player.x, player.y) for player in joined.players] == [("user-mina", 3, 4), ("user-jun", 0, 0)]
    assert proximity == space.ProximityChanged(spaceId="plaza", enabled=False)
    assert isinstance(system, space.ChatSystem)
    assert (system.type, system.senderId, system.content) == ("system", "system", "Jun joined")


def test_the_roster_holds_exactly_those_who_are_here(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.seat("sora", space_id="studio")
    stage.say("jun", space.LeaveSpace())
    stage.connect("hana")
    stage.say("hana", join(token="auth-hana"))
    joined = stage.heard("hana")[0]
    assert isinstance(joined, space.RoomJoined)
    assert [player.id for player in joined.players] == ["user-mina", "user-hana"]


def test_every_later_event_carries_the_verified_id(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.say("mina", move(1))
    stage.say("mina", space.PlayerJump(id="somebody-else", x=1, y=1))
    moved, jumped = stage.heard("jun")
    assert isinstance(moved, space.PlayerMoved)
    assert isinstance(jumped, space.PlayerJumped)
    assert (moved.id, moved.nickname, jumped.id) == ("user-mina", "Mina", "user-mina")


def test_a_second_socket_of_a_session_takes_the_seat_and_others_hear_nothing(stage: Stage) -> None:
    stage.seat("mina", "jun")
    party = party_of(stage, "mina", "jun")
    stage.say("mina", space.JoinParty(partyId="fountain", partyName="Fountain"))
    stage.say("mina", move(5))
    stage.hush()
    stage.connect("again")
    stage.say("again", join(token="auth-mina", avatarColor="green"))
    assert stage.names("mina") == ["error"]
    assert "mina" not in stage.connected
    assert stage.heard("jun") == []
    joined, _ = stage.heard("again")
    assert isinstance(joined, space.RoomJoined)
    assert [(player.id, player.x, player.avatarColor) for player in joined.players] == [
        ("user-mina", 5, "green"),
        ("user-jun", 0, "blue"),
    ]
    stage.say("jun", space.PartyMessageRequest(partyId=party, content="still there?"))
    assert stage.names("again") == ["party:message"]
    stage.say("again", space.ChatMessageRequest(content="here", type="party"))
    assert stage.names("again") == ["chat:message"]
    assert len(stage.logged()) == 2  # the two ENTER; a takeover is neither EXIT nor ENTER


def test_a_session_that_goes_to_another_space_through_another_socket_leaves_the_first(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.connect("again")
    stage.say("again", join("studio", "auth-mina"))
    assert stage.names("mina") == ["error"]
    assert "mina" not in stage.connected
    assert stage.names("jun") == ["player:left", "chat:system"]
    assert stage.names("again") == ["room:joined", "proximity:changed", "chat:system"]


def test_in_development_an_id_is_one_player_in_one_space() -> None:
    stage = Stage(Mode.DEVELOPMENT)
    stage.connect("a", "b", "c")
    stage.say("a", join("plaza", player_id="me"))
    stage.say("b", join("studio", player_id="me"))
    assert "a" in stage.connected
    stage.say("c", join("plaza", player_id="me"))
    assert "a" not in stage.connected
    assert "b" in stage.connected


def test_who_claims_an_id_does_not_replace_its_session_in_another_space() -> None:
    stage = Stage(Mode.DEVELOPMENT)
    stage.seat("mina", space_id="studio")
    stage.connect("s")
    stage.say("s", join("plaza", player_id="user-mina"))
    assert stage.heard("mina") == []
    assert "mina" in stage.connected


def test_in_development_an_unverified_stay_ends_that_of_a_session_in_the_log() -> None:
    stage = Stage(Mode.DEVELOPMENT)
    stage.connect("a", "b")
    stage.say("a", join(token="auth-mina"))
    stage.say("b", join(token="dev-me", player_id="user-mina"))
    stage.enter(Gone("b"))
    assert [entry["eventType"] for entry in stage.logged()] == ["ENTER", "EXIT"]


@pytest.mark.parametrize("space_id", ["plaza", "studio"])
def test_joining_again_leaves_first_with_all_that_leaving_does(stage: Stage, space_id: str) -> None:
    stage.seat("mina", "jun")
    party_of(stage, "mina", "jun")
    for name in ("mina", "jun"):
        stage.say(name, space.JoinParty(partyId="fountain", partyName="Fountain"))
    stage.hush()
    stage.say("mina", join(space_id, "auth-mina"))
    left = ["player:left", "chat:system", "party:member_left", "party:member_left"]
    back = ["player:joined", "chat:system"] if space_id == "plaza" else []
    assert stage.names("jun") == left + back
    assert stage.names("mina") == ["room:joined", "proximity:changed", "chat:system"]


def test_two_chat_messages_of_one_entry_have_two_ids(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.say("mina", join("plaza", "auth-mina"))
    ids = [event.id for event in stage.heard("jun") if isinstance(event, space.ChatSystem)]
    assert len(set(ids)) == 2


BEFORE_A_JOIN = (
    space.LeaveSpace(),
    move(1),
    space.PlayerJump(x=1, y=1),
    space.ChatMessageRequest(content="hi"),
    space.WhisperSend(targetId="user-mina", content="hi"),
    space.PartyCreate(name="P"),
    space.PartyInvite(partyId="p", targetId="user-mina"),
    space.PartyAccept(partyId="p"),
    space.PartyDecline(partyId="p"),
    space.PartyLeave(partyId="p"),
    space.PartyMessageRequest(partyId="p", content="hi"),
    space.ProximitySet(enabled=True),
    space.JoinParty(partyId="p", partyName="P"),
    space.LeaveParty(),
)


@pytest.mark.parametrize("event", BEFORE_A_JOIN, ids=lambda event: event.event_name)
def test_nothing_is_done_before_a_join(stage: Stage, event: space.Inbound) -> None:
    stage.seat("mina")
    stage.connect("s")
    stage.say("s", event)
    assert "join" in error(stage, "s")
    assert stage.heard("mina") == []
    assert [note.code for note in stage.notes("E3002")] == ["E3002"]


def test_what_breaks_the_contract_is_told_to_its_sender_alone(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.garble("mina", "player:move", "x: '\ud800' is not a number" + "!" * 600)
    stage.garble("mina", "no:such", "")
    first, second = stage.only("mina", space.Error)
    assert len(first.message) == 500
    assert second.message
    assert stage.heard("jun") == []
    assert len(stage.notes("E3001")) == 2


def test_a_space_is_full_for_newcomers_but_not_for_those_in_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CAPACITY == 500
    monkeypatch.setattr(space_conditions, "CAPACITY", 2)
    stage.seat("mina", "jun")
    stage.connect("sora", "again")
    stage.say("sora", join(token="auth-sora"))
    assert "full" in error(stage, "sora")
    assert "sora" in stage.connected
    assert stage.heard("mina") == []
    stage.say("again", join(token="auth-mina"))
    assert stage.names("again") == ["room:joined", "proximity:changed"]
    stage.say("again", join(token="auth-mina"))
    assert stage.names("again") == ["room:joined", "proximity:changed", "chat:system"]
    stage.say("again", join(token="auth-sora"))  # another session, whose seat is the one this socket gives up
    assert stage.names("again") == ["room:joined", "proximity:changed", "chat:system"]


# ---- leaving ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("politely", [True, False])
def test_leaving_and_vanishing_are_heard_once(stage: Stage, politely: bool) -> None:
    stage.seat("mina", "jun")
    party_of(stage, "mina", "jun")
    for name in ("mina", "jun"):
        stage.say(name, space.JoinParty(partyId="fountain", partyName="Fountain"))
    stage.hush()
    if politely:
        stage.say("mina", space.LeaveSpace())
    stage.enter(Gone("mina"))
    left, system, party, zone = stage.heard("jun")
    assert left == space.PlayerLeft(id="user-mina")
    assert isinstance(system, space.ChatSystem)
    assert system.content == "Mina left"
    assert isinstance(party, space.PartyMemberLeft)
    assert zone == space.PartyMemberLeft(partyId="fountain", memberId="user-mina")
    assert stage.heard("mina") == []
    assert [entry["eventType"] for entry in stage.logged()] == ["ENTER", "ENTER", "EXIT"]


def test_who_left_hears_nothing_more_and_may_do_nothing_more(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.say("mina", space.LeaveSpace())
    stage.hush()
    stage.say("jun", space.ChatMessageRequest(content="gone?"))
    assert stage.heard("mina") == []
    stage.say("mina", move(1))
    assert stage.names("mina") == ["error"]


def test_an_empty_space_is_forgotten_with_its_parties_zones_and_setting(stage: Stage) -> None:
    stage.seat("mina")
    party = party_of(stage, "mina")
    stage.say("mina", space.JoinParty(partyId="fountain", partyName="Old name"))
    stage.say("mina", space.ProximitySet(enabled=True))
    assert stage.order(Census()).value == {"rooms": [{"spaceId": "plaza", "connections": 1}], "parties": 1}
    stage.enter(Gone("mina"))
    assert stage.order(Census()).value == {"rooms": [], "parties": 0}
    stage.seat("jun")
    stage.say("jun", space.PartyAccept(partyId=party))
    assert stage.names("jun") == ["error"]
    stage.connect("mina")
    stage.say("mina", join(token="auth-mina"))
    assert space.ProximityChanged(spaceId="plaza", enabled=False) in stage.heard("mina")


# ---- moving ----------------------------------------------------------------------------------------------------------


def test_a_move_is_heard_by_the_others_with_what_is_known_of_the_player(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.seat("sora", space_id="studio")
    stage.say("mina", move(1.5, -2))
    (moved,) = stage.only("jun", space.PlayerMoved)
    position = {"id": "user-mina", "nickname": "Mina", "x": 1.5, "y": -2, "direction": "left", "isMoving": True}
    assert moved == space.PlayerMoved.model_validate(position | {"avatarColor": "blue"})
    assert stage.heard("mina") == stage.heard("sora") == []


def test_a_jump_moves_the_player_too(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.say("mina", space.PlayerJump(x=7, y=8))
    assert stage.heard("jun") == [space.PlayerJumped(id="user-mina", x=7, y=8)]
    stage.connect("sora")
    stage.say("sora", join(token="auth-sora"))
    joined = stage.heard("sora")[0]
    assert isinstance(joined, space.RoomJoined)
    assert (joined.players[0].x, joined.players[0].y) == (7, 8)


def test_of_too_many_moves_the_last_always_wins(stage: Stage) -> None:
    stage.seat("mina", "jun")
    for x in range(100):
        stage.say("mina", move(x))
    told = [moved.x for moved in stage.only("jun", space.PlayerMoved)]
    assert told == list(range(30))
    assert stage.heard("mina") == []
    stage.wait(33)
    assert stage.heard("jun") == []
    stage.wait(1)
    assert [moved.x for moved in stage.only("jun", space.PlayerMoved)] == [99]
    stage.wait(60_000)
    assert stage.heard("jun") == []


def test_a_steady_stream_is_cut_to_thirty_a_second(stage: Stage) -> None:
    stage.seat("mina", "jun")
    seen: list[tuple[int, float]] = []
    for x in range(500):  # 100 a second, for five seconds
        stage.say("mina", move(x))
        stage.wait(10)
        seen += [(stage.now_ms, moved.x) for moved in stage.only("jun", space.PlayerMoved)]
    later = [x for at_ms, x in seen if at_ms > stage.now_ms - 4000]
    assert 119 <= len(later) <= 121
    assert all(before < after for before, after in pairwise(later))


def test_thirty_moves_a_second_all_arrive(stage: Stage) -> None:
    stage.seat("mina", "jun")
    for second in range(3):
        for x in range(30):
            stage.say("mina", move(second * 30 + x))
        stage.wait(1000)
    assert [moved.x for moved in stage.only("jun", space.PlayerMoved)] == list(range(90))


def test_a_jump_is_not_undone_by_a_move_that_was_held_back(stage: Stage) -> None:
    stage.seat("mina", "jun")
    for x in range(40):
        stage.say("mina", move(x))
    stage.say("mina", space.PlayerJump(x=-1, y=-1))
    stage.hush()
    stage.wait(1000)
    assert [(moved.x, moved.y) for moved in stage.only("jun", space.PlayerMoved)] == [(-1, -1)]


def test_a_move_held_back_is_not_told_of_who_left_or_came_back(stage: Stage) -> None:
    stage.seat("mina", "jun")
    for x in range(40):
        stage.say("mina", move(x))
    stage.say("mina", join("plaza", "auth-mina"))
    stage.hush()
    stage.wait(1000)
    assert stage.heard("jun") == []
    for x in range(40):
        stage.say("mina", move(x))
    stage.enter(Gone("mina"))
    stage.hush()
    stage.wait(1000)
    assert stage.heard("jun") == []


def test_a_clock_that_is_set_back_holds_nobody_up(stage: Stage) -> None:
    stage.seat("mina", "jun")
    for x in range(40):
        stage.say("mina", move(x))
    stage.now_ms -= 3_600_000
    stage.hush()
    later = [effect for effect in stage.say("mina", move(50)) if isinstance(effect, Later)]
    stage.now_ms += 40
    stage.say("mina", move(51))
    assert later == []  # one is under way already
    assert [moved.x for moved in stage.only("jun", space.PlayerMoved)] == [51]


# ---- talking ---------------------------------------------------------------------------------------------------------


def test_chat_reaches_everybody_in_the_space_trimmed(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.seat("sora", space_id="studio")
    stage.say("mina", space.ChatMessageRequest(content="\u3000\t 안녕 \r\n"))
    (said,) = stage.only("mina", space.ChatMessageEvent)
    assert stage.heard("jun") == [said]
    assert (said.senderId, said.senderNickname, said.content, said.type) == ("user-mina", "Mina", "안녕", "message")
    assert said.timestamp == stage.now_ms
    assert stage.heard("sora") == []


def test_trimming_never_leaves_nothing(stage: Stage) -> None:
    stage.seat("mina")
    stage.say("mina", space.ChatMessageRequest(content=" \x1c "))
    assert [said.content for said in stage.only("mina", space.ChatMessageEvent)] == ["\x1c"]


def test_a_whisper_is_heard_by_its_target_alone(stage: Stage) -> None:
    stage.seat("mina", "jun", "sora")
    stage.say("mina", space.WhisperSend(targetId="user-jun", content=" psst "))
    assert stage.heard("jun") == [space.WhisperReceived(senderId="user-mina", senderName="Mina", content="psst")]
    assert stage.heard("mina") == stage.heard("sora") == []


@pytest.mark.parametrize("target", ["nobody", "user-sora", "user-mina", "mina", "jun"])
def test_a_whisper_to_nobody_here_is_an_error(stage: Stage, target: str) -> None:
    stage.seat("mina", "jun")
    stage.seat("sora", space_id="studio")
    stage.say("mina", space.WhisperSend(targetId=target, content="psst"))
    assert error(stage, "mina")
    assert stage.heard("jun") == stage.heard("sora") == []


# ---- parties ---------------------------------------------------------------------------------------------------------


def test_a_party_is_founded_invited_to_and_entered(stage: Stage) -> None:
    stage.seat("mina", "jun", "sora")
    stage.say("mina", space.PartyCreate(name="Climbers"))
    (founded,) = stage.only("mina", space.PartyJoined)
    assert founded.members == ["user-mina"]
    stage.say("mina", space.PartyInvite(partyId=founded.partyId, targetId="user-jun"))
    assert stage.heard("jun") == [
        space.PartyInvited(partyId=founded.partyId, partyName="Climbers", inviterId="user-mina")
    ]
    stage.say("jun", space.PartyAccept(partyId=founded.partyId))
    entered = space.PartyJoined(partyId=founded.partyId, members=["user-mina", "user-jun"])
    assert stage.heard("mina") == stage.heard("jun") == [entered]
    stage.say("jun", space.PartyMessageRequest(partyId=founded.partyId, content=" hi "))
    said = space.PartyMessageEvent(partyId=founded.partyId, senderId="user-jun", senderName="Jun", content="hi")
    assert stage.heard("mina") == stage.heard("jun") == [said]
    stage.say("jun", space.PartyLeave(partyId=founded.partyId))
    assert stage.heard("mina") == [space.PartyMemberLeft(partyId=founded.partyId, memberId="user-jun")]
    assert stage.heard("jun") == stage.heard("sora") == []


def test_only_a_member_may_invite_speak_or_leave(stage: Stage) -> None:
    stage.seat("mina", "jun", "sora")
    party = party_of(stage, "mina")
    for event in (
        space.PartyInvite(partyId=party, targetId="user-sora"),
        space.PartyMessageRequest(partyId=party, content="hi"),
        space.PartyLeave(partyId=party),
        space.PartyLeave(partyId="nowhere"),
    ):
        stage.say("jun", event)
        assert "not a member" in error(stage, "jun")
    assert stage.heard("mina") == stage.heard("sora") == []


def test_an_invitation_is_used_up_by_accepting_and_by_declining(stage: Stage) -> None:
    stage.seat("mina", "jun")
    party = party_of(stage, "mina")
    stage.say("jun", space.PartyAccept(partyId=party))
    assert "invitation" in error(stage, "jun")
    stage.say("mina", space.PartyInvite(partyId=party, targetId="user-jun"))
    stage.hush()
    stage.say("jun", space.PartyDecline(partyId=party))
    assert stage.heard("mina") == stage.heard("jun") == []
    for event in (space.PartyDecline(partyId=party), space.PartyAccept(partyId=party)):
        stage.say("jun", event)
        assert "invitation" in error(stage, "jun")
    stage.say("mina", space.PartyInvite(partyId=party, targetId="user-jun"))
    stage.say("jun", space.PartyAccept(partyId=party))
    stage.say("jun", space.PartyLeave(partyId=party))
    stage.hush()
    stage.say("jun", space.PartyAccept(partyId=party))
    assert "invitation" in error(stage, "jun")


def test_inviting_again_is_heard_again_and_is_still_one_invitation(stage: Stage) -> None:
    stage.seat("mina", "jun")
    party = party_of(stage, "mina")
    for _ in range(2):
        stage.say("mina", space.PartyInvite(partyId=party, targetId="user-jun"))
    assert stage.names("jun") == ["party:invited"] * 2
    stage.say("jun", space.PartyDecline(partyId=party))
    stage.say("jun", space.PartyAccept(partyId=party))
    assert "invitation" in error(stage, "jun")


def test_an_invitation_ends_with_the_party_and_with_the_invited_players_stay(stage: Stage) -> None:
    stage.seat("mina", "jun", "sora")
    party = party_of(stage, "mina")
    for name in ("jun", "sora"):
        stage.say("mina", space.PartyInvite(partyId=party, targetId=f"user-{name}"))
    stage.say("jun", join("plaza", "auth-jun"))
    stage.hush()
    stage.say("jun", space.PartyAccept(partyId=party))
    assert "invitation" in error(stage, "jun")
    stage.say("mina", space.PartyLeave(partyId=party))
    stage.say("sora", space.PartyAccept(partyId=party))
    assert "invitation" in error(stage, "sora")


@pytest.mark.parametrize("target", ["user-sora", "user-mina", "nobody"])
def test_inviting_nobody_in_the_same_space_is_refused(stage: Stage, target: str) -> None:
    stage.seat("mina")
    stage.seat("sora", space_id="studio")
    party = party_of(stage, "mina")
    stage.say("mina", space.PartyInvite(partyId=party, targetId=target))
    assert error(stage, "mina")
    assert stage.heard("sora") == []


def test_a_player_is_in_at_most_one_party(stage: Stage) -> None:
    stage.seat("mina", "jun")
    party, other = party_of(stage, "mina"), party_of(stage, "jun")
    stage.say("mina", space.PartyCreate(name="Second"))
    assert "already" in error(stage, "mina")
    stage.say("mina", space.PartyInvite(partyId=party, targetId="user-jun"))
    stage.hush()
    stage.say("jun", space.PartyAccept(partyId=party))
    assert "already" in error(stage, "jun")
    stage.say("jun", space.PartyLeave(partyId=other))
    stage.say("jun", space.PartyAccept(partyId=party))
    assert stage.names("jun") == ["party:joined"]
    stage.hush()
    stage.say("mina", space.PartyInvite(partyId=party, targetId="user-jun"))
    assert "already" in error(stage, "mina")


def test_a_party_has_room_for_fifty() -> None:
    users = tuple(User(id=f"user-{n}", nickname=f"U{n}", token=f"auth-{n}") for n in range(PARTY_CAPACITY + 1))
    stage = Stage(world=World(users=users))
    names = [str(n) for n in range(PARTY_CAPACITY + 1)]
    stage.seat(*names)
    party = party_of(stage, *names[:-1])
    stage.say("0", space.PartyInvite(partyId=party, targetId=f"user-{names[-1]}"))
    stage.hush()
    stage.say(names[-1], space.PartyAccept(partyId=party))
    assert "full" in error(stage, names[-1])
    assert stage.heard("0") == []


# ---- proximity -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mina", "jun"])
def test_owner_and_staff_set_proximity_for_everybody(stage: Stage, name: str) -> None:
    stage.seat("mina", "jun", "sora")
    stage.say(name, space.ProximitySet(enabled=True))
    changed = space.ProximityChanged(spaceId="plaza", enabled=True)
    assert stage.heard("mina") == stage.heard("jun") == stage.heard("sora") == [changed]
    stage.connect("hana")
    stage.say("hana", join(token="auth-hana"))
    assert stage.heard("hana")[1] == changed


def test_a_participant_may_not_set_proximity(stage: Stage) -> None:
    stage.seat("mina", "sora")
    stage.say("sora", space.ProximitySet(enabled=True))
    assert stage.names("sora") == ["proximity:error"]
    assert stage.heard("mina") == []
    assert [note.code for note in stage.notes("E1003")] == ["E1003"]


def test_staff_of_one_space_are_participants_in_another(stage: Stage) -> None:
    stage.seat("mina", space_id="studio")
    stage.say("mina", space.ProximitySet(enabled=True))
    assert stage.names("mina") == ["proximity:error"]


# ---- zones -----------------------------------------------------------------------------------------------------------


def test_a_zone_hears_who_enters_who_speaks_and_who_leaves(stage: Stage) -> None:
    stage.seat("mina", "jun", "sora")
    stage.say("mina", space.JoinParty(partyId="fountain", partyName="By the fountain"))
    stage.say("jun", space.JoinParty(partyId="fountain", partyName="Another name"))
    both = space.PartyJoined(partyId="fountain", members=["user-mina", "user-jun"])
    assert stage.heard("mina") == [space.PartyJoined(partyId="fountain", members=["user-mina"]), both]
    assert stage.heard("jun") == [both]
    stage.say("jun", space.ChatMessageRequest(content="hi", type="party"))
    (said,) = stage.only("mina", space.ChatMessageEvent)
    assert stage.heard("jun") == [said]
    assert (said.type, said.partyId, said.partyName) == ("party", "fountain", "By the fountain")
    stage.say("jun", space.LeaveParty())
    assert stage.heard("mina") == [space.PartyMemberLeft(partyId="fountain", memberId="user-jun")]
    assert stage.heard("jun") == stage.heard("sora") == []


def test_outside_a_zone_there_is_nothing_to_say_and_nothing_to_leave(stage: Stage) -> None:
    stage.seat("mina", "jun")
    for event in (space.ChatMessageRequest(content="hi", type="party"), space.LeaveParty()):
        stage.say("mina", event)
        assert "zone" in error(stage, "mina")
    assert stage.heard("jun") == []


def test_entering_another_zone_leaves_the_first_and_entering_again_moves_nobody(stage: Stage) -> None:
    stage.seat("mina", "jun")
    for name in ("mina", "jun"):
        stage.say(name, space.JoinParty(partyId="fountain", partyName="F"))
    stage.hush()
    stage.say("mina", space.JoinParty(partyId="fountain", partyName="G"))
    assert stage.names("mina") == stage.names("jun") == ["party:joined"]
    stage.say("mina", space.JoinParty(partyId="gate", partyName="G"))
    assert stage.heard("jun") == [space.PartyMemberLeft(partyId="fountain", memberId="user-mina")]
    assert stage.heard("mina") == [space.PartyJoined(partyId="gate", members=["user-mina"])]


def test_a_zone_and_a_party_of_one_id_are_two_things(stage: Stage) -> None:
    stage.seat("mina", "jun")
    party = party_of(stage, "mina")
    stage.say("jun", space.JoinParty(partyId=party, partyName="Same id"))
    assert stage.heard("mina") == []
    stage.hush()
    stage.say("mina", space.PartyMessageRequest(partyId=party, content="hi"))
    assert stage.heard("jun") == []
    stage.say("jun", space.PartyMessageRequest(partyId=party, content="hi"))
    assert "not a member" in error(stage, "jun")
    stage.hush()
    stage.say("jun", space.ChatMessageRequest(content="hi", type="party"))
    assert stage.heard("mina") == []


def test_zones_of_one_id_in_two_spaces_are_two_zones(stage: Stage) -> None:
    stage.seat("mina", space_id="a/b")
    stage.seat("jun", "sora", space_id="a")
    stage.say("sora", space.JoinParty(partyId="c", partyName="C"))
    stage.say("mina", space.JoinParty(partyId="c", partyName="C"))
    stage.say("jun", space.JoinParty(partyId="b/c", partyName="C"))
    assert stage.heard("mina") == [space.PartyJoined(partyId="c", members=["user-mina"])]
    assert stage.heard("jun") == [space.PartyJoined(partyId="b/c", members=["user-jun"])]
    assert stage.heard("sora") == [space.PartyJoined(partyId="c", members=["user-sora"])]


# ---- hostile orders --------------------------------------------------------------------------------------------------


def test_sockets_that_are_not_there_are_not_answered_and_leave_no_ghost(stage: Stage) -> None:
    stage.seat("mina")
    assert stage.say("early", join(token="auth-jun")) == []
    assert stage.garble("early", "x", "y") == []
    assert stage.enter(Gone("early")) == []
    stage.connect("jun")
    stage.enter(Gone("jun"))
    assert stage.say("jun", join(token="auth-jun")) == []
    assert stage.enter(Gone("jun")) == []
    assert stage.heard("mina") == []


def test_connecting_twice_does_not_unseat(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.connect("mina")
    stage.say("mina", move(1))
    assert stage.names("jun") == ["player:moved"]


def test_the_last_word_of_a_replaced_socket_is_ignored(stage: Stage) -> None:
    stage.seat("mina", "jun")
    stage.connect("again")
    stage.say("again", join(token="auth-mina"))
    stage.hush()
    assert stage.say("mina", space.LeaveSpace()) == []
    assert stage.enter(Gone("mina")) == []
    stage.say("again", move(1))
    assert stage.names("jun") == ["player:moved"]


def test_every_condition_that_may_refuse_is_explained_and_no_other() -> None:
    asked = {
        str(refusal.when[-1])
        for operation in space.PROTOCOL.inbound.values()
        for refusal in operation.refusals
        if refusal.when[-1].name != "invalid"
    }
    assert set(REASONS) == asked
    assert set(CONDITIONS) <= set(space.PROTOCOL.conditions)


def test_whoever_hears_of_a_join_is_in_the_room_by_then(stage: Stage) -> None:
    stage.seat("mina")
    stage.connect("jun")
    effects = stage.say("jun", join(token="auth-jun"))
    emitted = [effect for effect in effects if isinstance(effect, Emit)]
    assert [(effect.event.event_name, effect.room, effect.skip) for effect in emitted] == [
        ("room:joined", "jun", ""),
        ("proximity:changed", "jun", ""),
        ("player:joined", "space:plaza", "jun"),
        ("chat:system", "space:plaza", ""),
    ]
