"""Typing begins when somebody says so, and ends exactly once, whatever ends it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import dongne

from .dongne_stage import Stage, answer

END: dict[str, Callable[[Stage, str], object]] = {
    "stop": lambda stage, question_id: stage.say("jun", dongne.TypingStop(questionId=question_id)),
    "answer": lambda stage, question_id: stage.say("jun", answer(question_id)),
    "leave": lambda stage, question_id: stage.say("jun", dongne.LeaveQuestion(questionId=question_id)),
    "disconnect": lambda stage, _: stage.go("jun"),
    "time": lambda stage, _: stage.wait(3000),
    "elsewhere": lambda stage, question_id: stage.say("jun-2", dongne.TypingStop(questionId=question_id)),
    "answer elsewhere": lambda stage, question_id: stage.say("jun-2", answer(question_id)),
}


def typing(stage: Stage, sid: str) -> list[str]:
    """Return, and forget, what a socket heard of typing, in letters."""
    letters = {dongne.UserTyping: "+", dongne.UserStopTyping: "-"}
    return [letters[type(event)] for event in stage.heard(sid) if type(event) in letters]


def opened() -> tuple[Stage, str]:
    """Let mina ask, and jun and sora open the question."""
    stage = Stage("mina", "jun", "jun-2", "sora", "hana")
    question_id = stage.ask("mina")
    stage.join(question_id, "jun", "sora")
    return stage, question_id


def test_the_others_in_the_room_hear_who_types_and_who_stops() -> None:
    stage, question_id = opened()
    for _ in range(2):
        stage.say("jun", dongne.TypingStart(questionId=question_id))
        started = dongne.UserTyping(userId="jun", username="Jun", questionId=question_id)
        assert [stage.heard(sid) for sid in ("mina", "sora", "jun", "hana")] == [[started], [started], [], []]
    stage.say("jun", dongne.TypingStop(questionId=question_id))
    stopped = dongne.UserStopTyping(userId="jun", questionId=question_id)
    assert [stage.heard(sid) for sid in ("mina", "sora", "jun", "hana")] == [[stopped], [stopped], [], []]


@pytest.mark.parametrize("end", END)
def test_whatever_ends_it_ends_it_once(end: str) -> None:
    stage, question_id = opened()
    stage.say("jun", dongne.TypingStart(questionId=question_id))
    stage.wait(2999)
    assert typing(stage, "sora") == ["+"]
    END[end](stage, question_id)
    assert typing(stage, "sora") == ["-"]
    stage.say("jun", dongne.TypingStop(questionId=question_id))
    stage.wait(10_000)
    assert typing(stage, "sora") == []


def test_a_new_start_restarts_the_time() -> None:
    stage, question_id = opened()
    for _ in range(3):
        stage.say("jun", dongne.TypingStart(questionId=question_id))
        stage.wait(2999)
    assert typing(stage, "sora") == ["+", "+", "+"]
    stage.wait(1)
    assert typing(stage, "sora") == ["-"]


def test_typing_in_one_question_is_not_typing_in_another() -> None:
    stage, first = opened()
    second = stage.ask("mina")
    stage.join(second, "sora")
    for question_id in (first, second):
        stage.say("jun", dongne.TypingStart(questionId=question_id))
    stage.hush()
    stage.say("jun", dongne.TypingStop(questionId=first))
    stage.go("jun")
    stopped = [event for event in stage.heard("sora") if isinstance(event, dongne.UserStopTyping)]
    assert [event.questionId for event in stopped] == [first, second]


def test_another_socket_that_goes_on_typing_keeps_it_up() -> None:
    stage, question_id = opened()
    for sid in ("jun", "jun-2"):
        stage.say(sid, dongne.TypingStart(questionId=question_id))
    stage.go("jun")
    assert typing(stage, "sora") == ["+", "+"]
    stage.go("jun-2")
    assert typing(stage, "sora") == ["-"]


def test_however_often_somebody_begins_there_is_one_timer() -> None:
    stage, question_id = opened()
    before = stage.timers
    for _ in range(50):
        stage.say("jun", dongne.TypingStart(questionId=question_id))
        stage.say("jun", dongne.TypingStop(questionId=question_id))
    assert stage.timers == before + 1


_STEPS = st.one_of(
    st.tuples(
        st.sampled_from(("start", "stop", "answer", "leave", "join", "go", "come")), st.sampled_from(("jun", "jun-2"))
    ),
    st.tuples(st.just("wait"), st.sampled_from((1, 1500, 2999, 3000))),
)


@given(st.lists(_STEPS, max_size=30))
def test_who_listens_always_knows_who_types(steps: list[tuple[str, str | int]]) -> None:
    stage, question_id = opened()
    begun_ms, through = 0, ""  # when jun said last that he types, and with which socket; none while he does not
    for step, detail in steps:
        sid, was = str(detail), bool(through)
        if step == "wait":
            stage.wait(int(detail))
            through = through if stage.now_ms < begun_ms + 3000 else ""
        elif step == "come":
            stage.connect(*({sid} - stage.rooms.keys()))
        elif sid in stage.rooms:
            _say(stage, step, sid, question_id)
            if step == "start":
                begun_ms, through = stage.now_ms, sid
            elif step in ("stop", "answer") or (step in ("leave", "go") and through == sid):
                through = ""
        heard = typing(stage, "sora")
        began = step == "start" and sid in stage.rooms
        assert heard == (["+"] if began else ["-"] if was and not through else [])


def _say(stage: Stage, step: str, sid: str, question_id: str) -> None:
    match step:
        case "start":
            stage.say(sid, dongne.TypingStart(questionId=question_id))
        case "stop":
            stage.say(sid, dongne.TypingStop(questionId=question_id))
        case "answer":
            stage.say(sid, answer(question_id))
        case "leave":
            stage.say(sid, dongne.LeaveQuestion(questionId=question_id))
        case "join":
            stage.say(sid, dongne.JoinQuestion(questionId=question_id))
        case "go":
            stage.go(sid)
