"""Neighbours at the pace of an evening: how often they act, and what they do about what they hear."""

import math

import pytest

from protocols.contract import Event
from protocols.dongne import (
    PROTOCOL,
    CreateAnswer,
    CreateQuestion,
    JoinQuestion,
    LeaveQuestion,
    Location,
    NewQuestionNotification,
    QuestionSummary,
    TypingStart,
    UpdateLocation,
)
from simulators.actor import Act, Connect, Emit, Leave
from simulators.actors.dongne_evening import Neighbour, neighbour
from simulators.people import Identity

ME = Identity(token="t", id="me", nickname="Me")
EVENING_S = 3 * 3600.0


def started(seed: int) -> Neighbour:
    """Somebody who has just come."""
    someone = neighbour(1, "애월", ME, seed, EVENING_S)
    someone.standing.connected(ME)
    someone.connected(ME, 0.0)
    return someone


def visit(someone: Neighbour) -> list[tuple[float, Act]]:
    """What somebody does until they leave, hearing nothing more."""
    acts: list[tuple[float, Act]] = []
    while not acts or not isinstance(acts[-1][1], Leave):
        acts.extend(someone.act(someone.due_s))
    return acts


def urgent(number: int) -> NewQuestionNotification:
    question = QuestionSummary(
        id=f"q{number}",
        title="주차",
        location=Location(lat=33.46, lng=126.31),
        hashtags=[],
        urgency="urgent",
        createdAt="2026-11-21T09:30:00.000Z",
    )
    return NewQuestionNotification(question=question, priority="IMMEDIATE", sound="urgent", vibration="strong")


def test_they_come_in_the_course_of_the_evening_a_quarter_of_them_at_once() -> None:
    comings = [neighbour(n, "애월", ME, 1, EVENING_S).due_s for n in range(400)]
    assert all(0 <= at_s <= 0.8 * EVENING_S for at_s in comings)
    assert 60 < sum(at_s <= 60 for at_s in comings) < 160


def test_they_say_where_they_are_ask_seldom_and_within_the_contract_and_leave() -> None:
    questions, stayed_s = 0, 0.0
    for seed in range(60):
        acts = visit(started(seed))
        assert isinstance(acts[0][1], Emit)
        assert isinstance(acts[0][1].event, UpdateLocation)
        stayed_s += acts[-1][0]
        for _, act in acts[:-1]:
            assert isinstance(act, Emit)
            schema = PROTOCOL.operation(act.event).schema
            assert schema is not None
            assert PROTOCOL.faults(schema, act.event.to_args()[0]) == []
            questions += isinstance(act.event, CreateQuestion)
    assert 30 * 60 < stayed_s / 60 < 90 * 60
    assert questions / (stayed_s / 6000) == pytest.approx(1.0, abs=0.5)


def test_some_answer_one_question_at_a_time() -> None:
    said: list[list[type[Event]]] = []
    for seed in range(200):
        someone = started(seed)
        for number in range(3):
            someone.hear(urgent(number), 1.0)
        said.append([type(act.event) for _, act in visit(someone) if isinstance(act, Emit)])
    answered = [events for events in said if CreateAnswer in events]
    assert 20 < len(answered) < 120
    for events in answered:
        assert events.count(CreateAnswer) == 1
        assert [kind for kind in events if kind in (JoinQuestion, TypingStart, CreateAnswer, LeaveQuestion)] == [
            JoinQuestion,
            TypingStart,
            CreateAnswer,
            LeaveQuestion,
        ]


def test_who_left_may_look_in_again_and_who_lost_the_signal_is_back_at_once() -> None:
    later = []
    for seed in range(100):
        someone = started(seed)
        visit(someone)
        someone.disconnected(100.0)
        later.append(someone.due_s)
    assert 40 < sum(at_s < math.inf for at_s in later) < 80
    lost = started(1)
    lost.disconnected(100.0)
    assert [act for _, act in lost.act(103.0)] == [Connect()]
