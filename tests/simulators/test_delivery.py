"""The account of deliveries: what is expected of whom, and what is made of what came and did not."""

from dataclasses import replace

import pytest

from protocols.space import (
    PROTOCOL,
    ChatMessageRequest,
    Error,
    JoinParty,
    JoinSpace,
    LeaveSpace,
    PartyAccept,
    PartyCreate,
    PartyInvited,
    PartyJoined,
    PlayerLeft,
    PlayerMoved,
    WhisperReceived,
    WhisperSend,
)
from simulators.delivery import DISCONNECT, NOBODY, UNKNOWN_EVENT, Ledger

from .play import SYSTEM, Play, chat, move, moved


@pytest.fixture
def play() -> Play:
    """Ann, Ben and Cho are in the plaza, and everything about that has been heard."""
    play = Play()
    play.join("ann")
    play.join("ben", "ann")
    play.join("cho", "ann", "ben")
    assert play.ledger.pending == 0
    play.wait(10)
    assert play.tally.faults == 0
    return play


def test_what_came_to_all_who_should_hear_it_is_well(play: Play) -> None:
    play.say("ann", move(1))
    assert play.ledger.pending == 2
    play.hear("ben", moved("ann", 1), after_ms=3)
    play.hear("cho", moved("ann", 1), after_ms=5)
    row = play.row("player:move", "player:moved")
    assert (row.expected, row.delivered, row.lost, row.late) == (2, 2, 0, 0)
    assert row.times.percentile_ms(100) == pytest.approx(5, rel=0.01)
    assert play.ledger.pending == 0


def test_what_did_not_come_is_lost(play: Play) -> None:
    play.say("ann", move(1))
    play.hear("ben", moved("ann", 1))
    play.wait(10)
    row = play.row("player:move", "player:moved")
    assert (row.expected, row.delivered, row.lost) == (2, 1, 1)
    assert play.tally.examples == ["cho never heard player:moved because of ann's player:move"]


def test_what_somebody_knows_to_be_right_needs_no_cause(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play.standings["ben"], "may_hear", lambda event: isinstance(event, PlayerMoved))
    play.hear("ben", moved("ann", 7))
    assert play.tally.faults == 0
    play.hear("ben", chat("ann", "hi"))
    play.hear("cho", moved("ann", 7))
    assert play.row(NOBODY, "chat:message").misheard == play.row(NOBODY, "player:moved").misheard == 1


def test_what_is_wrong_in_itself_is_no_outsider_s_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(outsiders=True)
    play.join("ann")
    play.join("ben", "ann")
    play.hear("ann", moved("stranger", 1))
    assert play.tally.faults == 0
    monkeypatch.setattr(play.standings["ann"], "must_not_hear", lambda event: isinstance(event, PlayerMoved))
    play.hear("ann", moved("stranger", 2))
    play.hear("ben", moved("stranger", 2))
    assert play.row(NOBODY, "player:moved").misheard == 1


def test_what_does_not_tell_whose_doing_it_was_is_no_duplicate_where_others_may_have_done_the_same() -> None:
    play = Play(outsiders=True)
    play.join("ann")
    play.join("ben", "ann")
    play.wait(1)
    for _ in range(2):  # somebody else comes in
        play.hear("ben", SYSTEM)
    play.say("ann", move(1))
    for _ in range(2):
        play.hear("ben", moved("ann", 1))
    assert [(row.heard, row.duplicated) for row in play.tally.rows.values() if row.faults] == [("player:moved", 1)]


def test_what_came_with_other_fields_did_not_come(play: Play) -> None:
    play.say("ann", move(1))
    play.hear("ben", moved("ann", 1))
    play.hear("cho", moved("ann", 2))
    play.wait(10)
    assert play.row("player:move", "player:moved").lost == 1
    assert play.row(NOBODY, "player:moved").misheard == 1


def test_what_came_after_its_deadline_is_late_and_not_lost(play: Play) -> None:
    play.say("ann", move(1))
    play.hear("ben", moved("ann", 1), after_ms=199)
    play.hear("cho", moved("ann", 1), after_ms=201)
    row = play.row("player:move", "player:moved")
    assert (row.delivered, row.late, play.tally.faults) == (2, 1, 0)


def test_what_came_when_it_had_been_given_up_is_lost_and_nothing_else(play: Play) -> None:
    play.say("ann", ChatMessageRequest(content="hi"))
    for name in ("ann", "ben"):
        play.hear(name, chat("ann", "hi"))
    play.wait(10)
    play.hear("cho", chat("ann", "hi"))
    row = play.row("chat:message", "chat:message")
    assert (row.lost, row.late, play.tally.faults) == (1, 1, 1)


def test_what_came_twice_is_a_duplicate(play: Play) -> None:
    play.say("ann", ChatMessageRequest(content="hi"))
    for name in ("ann", "ben", "cho", "cho"):
        play.hear(name, chat("ann", "hi"))
    play.wait(10)
    row = play.row("chat:message", "chat:message")
    assert (row.delivered, row.duplicated, play.tally.faults) == (3, 1, 1)


def test_who_says_the_same_twice_is_heard_twice(play: Play) -> None:
    for _ in range(2):
        play.say("ann", ChatMessageRequest(content=" hi"))
        for name in ("ann", "ben", "cho"):
            play.hear(name, chat("ann", "hi"))
    play.wait(10)
    assert play.row("chat:message", "chat:message").delivered == 6
    assert play.tally.faults == 0


def test_what_came_in_another_order_than_it_was_said_is_out_of_order(play: Play) -> None:
    play.say("ann", move(1))
    play.say("ann", ChatMessageRequest(content="hi"))
    play.hear("ann", chat("ann", "hi"))
    play.hear("ben", moved("ann", 1))
    play.hear("ben", chat("ann", "hi"))
    play.hear("cho", chat("ann", "hi"))
    play.hear("cho", moved("ann", 1))
    assert play.row("player:move", "player:moved").misordered == 1
    assert play.tally.faults == 1


def test_what_two_say_may_come_in_any_order(play: Play) -> None:
    play.say("ann", move(1))
    play.say("ben", move(2))
    play.hear("cho", moved("ben", 2))
    play.hear("cho", moved("ann", 1))
    play.hear("ann", moved("ben", 2))
    play.hear("ben", moved("ann", 1))
    assert play.tally.faults == 0


def test_an_echo_was_not_for_the_sender(play: Play) -> None:
    play.say("ann", move(1))
    for name in ("ann", "ben", "cho"):
        play.hear(name, moved("ann", 1))
    assert play.row(NOBODY, "player:moved").misheard == 1
    assert "ann heard player:moved" in play.tally.examples[0]


def test_a_whisper_is_for_one(play: Play) -> None:
    play.say("ann", WhisperSend(targetId="id-ben", content="psst"))
    whisper = WhisperReceived(senderId="id-ann", senderName="ann", content="psst")
    play.hear("ben", whisper)
    assert play.tally.faults == 0
    play.hear("cho", whisper)
    assert play.row(NOBODY, "whisper:received").misheard == 1


def test_a_whisper_that_the_target_refuses_is_not_lost_since_only_the_target_knows_who_is_there(play: Play) -> None:
    play.say("ann", WhisperSend(targetId="id-ben", content="psst"))
    play.hear("ann", Error(message="there is nobody of that id"))
    play.wait(10)
    assert play.tally.faults == 0
    assert play.row("whisper:send", "whisper:received").excluded == 1


def test_a_whisper_to_oneself_must_be_refused(play: Play) -> None:
    play.say("ann", WhisperSend(targetId="id-ann", content="psst"))
    play.wait(10)
    assert play.row("whisper:send", "error").lost == 1


def test_what_is_said_before_a_join_must_be_refused_and_reach_nobody(play: Play) -> None:
    play.connect("dan")
    play.say("dan", move(1))
    play.hear("ann", PlayerMoved(id="id-dan", nickname="dan", x=1, y=0, direction="up", isMoving=True))
    assert play.row(NOBODY, "player:moved").misheard == 1
    play.wait(10)
    assert play.row("player:move", "error").lost == 1


def test_what_breaks_the_contract_must_be_refused(play: Play) -> None:
    play.ledger.said_wrong("ann", "player:move", 0, play.now_ns)
    play.ledger.said_wrong("ann", "player:fly", 0, play.now_ns)
    play.hear("ann", Error(message="no"))
    play.wait(10)
    assert play.row("player:move", "error").delivered == 1
    assert play.row(UNKNOWN_EVENT, "error").lost == 1


def test_an_error_that_nothing_explains(play: Play) -> None:
    play.hear("ann", Error(message="no"))
    assert play.row(NOBODY, "error").misheard == 1


def test_who_leaves_meanwhile_is_not_counted(play: Play) -> None:
    play.say("ann", move(1))
    play.say("ben", LeaveSpace())
    play.ledger.hung_up("cho", play.now_ns, play.now_ns, politely=True)
    play.wait(10)
    row = play.row("player:move", "player:moved")
    assert (row.expected, row.lost, row.excluded) == (0, 0, 2)


def test_who_has_just_left_may_still_hear_and_later_may_not(play: Play) -> None:
    play.say("ben", LeaveSpace())
    for name in ("ann", "cho"):
        play.hear(name, PlayerLeft(id="id-ben"))
        play.hear(name, SYSTEM)
    play.say("ann", move(1))
    play.hear("ben", moved("ann", 1))
    play.hear("cho", moved("ann", 1))
    assert play.tally.faults == 0
    play.wait(10)
    play.say("ann", move(2))
    play.hear("ben", moved("ann", 2))
    assert play.row(NOBODY, "player:moved").misheard == 1


def test_who_is_on_the_way_in_may_hear(play: Play) -> None:
    play.connect("dan")
    play.say(
        "dan",
        JoinSpace(spaceId="plaza", playerId="me", nickname="x", avatarColor="red", sessionToken="guest-dan"),
    )
    play.say("ann", move(1))
    play.say("ann", move(2))
    play.hear("dan", moved("ann", 2))
    play.wait(10)
    moves = play.row("player:move", "player:moved")
    assert moves.lost == 4  # of ben and cho, whom the test told nothing
    assert moves.excluded == 1


def test_who_comes_in_may_hear_what_was_said_just_before_and_nothing_older(play: Play) -> None:
    play.say("ann", move(1))
    for name in ("ben", "cho"):
        play.hear(name, moved("ann", 1))
    play.wait(1)
    play.join("dan", "ann", "ben", "cho")
    play.hear("dan", moved("ann", 1))  # the target read the join first
    assert play.tally.faults == 0
    play.wait(10)
    play.hear("dan", moved("ann", 1))
    assert play.row(NOBODY, "player:moved").misheard == 1


def test_a_slow_target_is_given_more_time(play: Play) -> None:
    play.say("ann", move(1))
    play.hear("ben", moved("ann", 1))
    play.hear("cho", moved("ann", 1), after_ms=4900)
    play.say("ann", move(2))
    play.hear("ben", moved("ann", 2))
    play.wait(9)
    assert play.tally.faults == 0
    play.wait(1)
    assert play.row("player:move", "player:moved").lost == 1


def test_a_join_that_a_cut_swallows_leaves_nothing_to_hear_of(play: Play) -> None:
    play.connect("dan")
    play.say(
        "dan",
        JoinSpace(spaceId="plaza", playerId="me", nickname="x", avatarColor="red", sessionToken="guest-dan"),
    )
    play.ledger.hung_up("dan", play.now_ns, play.now_ns, politely=False)
    play.wait(10)
    assert play.tally.faults == 0


def test_disconnecting_is_heard_as_leaving_is(play: Play) -> None:
    play.ledger.hung_up("ben", play.now_ns, play.now_ns, politely=False)
    play.hear("ann", PlayerLeft(id="id-ben"))
    play.hear("ann", SYSTEM)
    play.wait(10)
    assert play.tally.sent[DISCONNECT] == 1
    row = play.row(DISCONNECT, "player:left")
    assert (row.delivered, row.lost) == (1, 1)


def test_a_cut_may_swallow_what_was_just_said(play: Play) -> None:
    play.say("ann", move(1))
    play.wait(1)
    play.ledger.lost("ann", play.now_ns)
    play.wait(10)
    assert play.row("player:move", "player:moved").excluded == 2
    assert play.tally.total("lost") == 0


def test_a_join_with_a_session_that_is_none_must_be_refused_and_ends_the_stay(play: Play) -> None:
    play.say("ann", JoinSpace(spaceId="plaza", playerId="x", nickname="x", avatarColor="red", sessionToken="auth-x"))
    assert play.standings["ann"].expelled
    play.hear("ann", Error(message="who are you?"))
    for name in ("ben", "cho"):
        play.hear(name, PlayerLeft(id="id-ann"))
        play.hear(name, SYSTEM)
    assert play.tally.faults == 0
    assert play.row("join:space", "error").delivered == 1


def test_a_party_is_heard_of_by_those_who_are_in_it_and_who_enters(play: Play) -> None:
    play.say("ann", PartyCreate(name="Owls"))
    play.hear("ann", PartyJoined(partyId="p", members=["id-ann"]))
    play.hear("ben", PartyInvited(partyId="p", partyName="Owls", inviterId="id-ann"))  # by whom, the test does not say
    assert play.tally.faults == 1
    play.say("ben", PartyAccept(partyId="p"))
    assert play.ledger.pending == 2
    joined = PartyJoined(partyId="p", members=["id-ann", "id-ben"])
    play.hear("ann", joined)
    play.hear("ben", joined)
    assert play.row("party:accept", "party:joined").delivered == 2
    assert play.standings["ben"].party == "p"


def test_a_zone_s_word_and_a_party_s_are_told_apart_by_which_was_asked_first(play: Play) -> None:
    play.say("ann", JoinParty(partyId="z", partyName="Z"))
    play.say("ann", PartyCreate(name="Owls"))
    play.hear("ann", PartyJoined(partyId="z", members=["id-ann"]))
    play.hear("ann", PartyJoined(partyId="p", members=["id-ann"]))
    play.wait(10)
    assert play.tally.faults == 0
    assert play.row("joinParty", "party:joined").delivered == 1
    assert play.standings["ann"].party == "p"


def test_who_is_quicker_than_the_limit_cannot_demand_to_be_heard(play: Play) -> None:
    for n in range(40):
        play.say("ann", move(n))
    play.wait(10)
    row = play.row("player:move", "player:moved")
    assert row.lost == 2 * 24
    assert row.excluded == 2 * 16


def test_strangers_are_nobody_s_fault_where_there_may_be_some() -> None:
    play = Play(outsiders=True)
    play.join("ann")
    play.hear("ann", moved("stranger", 1))
    play.hear("ann", SYSTEM)
    assert play.tally.total("misheard") == 0
    play.hear("ann", moved("ann", 1))
    assert play.row(NOBODY, "player:moved").misheard == 1


def test_the_end_settles_everything(play: Play) -> None:
    play.say("ann", move(1))
    play.ledger.finish()
    assert play.row("player:move", "player:moved").lost == 2
    assert play.ledger.pending == 0


@pytest.mark.parametrize("trigger", ["namespace", "users"])
def test_audiences_of_other_protocols(trigger: str) -> None:
    from protocols.contract import Audience, Operation, Protocol

    def changed(operation: Operation) -> Operation:
        if operation.event is not WhisperSend:
            return operation
        to = replace(operation.triggers[0], to=Audience(trigger), user="{payload.targetId}")
        return replace(operation, triggers=(to,))

    protocol = Protocol(
        name="space",
        title="",
        namespace="/",
        operations=[changed(operation) for operation in PROTOCOL.operations],
        requirements=[],
        conditions={},
        schemas=PROTOCOL.schemas,
    )
    play = Play()
    play.ledger = Ledger(protocol, play.tally, deadline_s=lambda within_ms: within_ms / 1000)
    play.join("ann")
    play.join("ben", "ann")
    play.say("ann", WhisperSend(targetId="id-ben", content="psst"))
    assert play.ledger.pending == (2 if trigger == "namespace" else 1)
