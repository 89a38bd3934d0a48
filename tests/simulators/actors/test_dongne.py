"""The people of dongne: what they do, and that they keep to the contract doing it."""

import itertools
import math
from collections.abc import Iterator
from random import Random
from typing import get_args

import pytest

from protocols.contract import Event
from protocols.dongne import (
    PROTOCOL,
    AcceptAnswer,
    AnswerNotification,
    AnswerPreview,
    CreateAnswer,
    CreateQuestion,
    JoinQuestion,
    LeaveQuestion,
    Location,
    MessageRead,
    NewQuestionNotification,
    Question,
    QuestionCreated,
    QuestionSummary,
    RegionCode,
    SlowResponseAlert,
    SyncUnreadMessages,
    TypingStart,
    TypingStop,
    UnreadMessages,
    UpdateLocation,
    UserRef,
)
from simulators.actor import Act, Connect, Emit, EmitRaw
from simulators.actors.dongne import (
    ACTORS,
    OPEN_QUESTIONS,
    STEP_M,
    STEP_S,
    Admin,
    Answerer,
    Asker,
    DongneActor,
    Heckler,
)
from simulators.actors.dongne_island import MATTERS, REGIONS, REPLIES, Place, distance_m, region_of, somewhere
from simulators.actors.dongne_standing import SPAM
from simulators.people import Identity

ME = Identity(token="t", id="me", nickname="나", role="OWNER")
YOU = UserRef(id="you", nickname="너")
NOW = "2026-11-21T09:30:00.000Z"


def started(kind: type[DongneActor], seed: str = "1") -> DongneActor:
    actor = kind("me-1", "성산", Random(seed))
    actor.standing.connected(ME)
    actor.connected(ME, 0.0)
    return actor


def live(actor: DongneActor, for_s: float) -> Iterator[tuple[float, Act]]:
    """Yield what somebody does, at a target that answers each question that is asked after a second."""
    while actor.due_s < for_s:
        for due_s, act in actor.act(actor.due_s):
            if isinstance(act, Emit):
                actor.standing.said(act.event)
                if isinstance(act.event, CreateQuestion) and isinstance(actor, Asker):
                    question = f"q{len(actor.place.asked)}"
                    hear(actor, created(question, act.event), due_s)
                    hear(actor, answered(f"a-{question}", question), due_s + 1)
            yield due_s, act


def hear(actor: DongneActor, event: Event, now_s: float = 0.0) -> None:
    actor.standing.heard(event)
    actor.hear(event, now_s)


def created(question: str, event: CreateQuestion) -> QuestionCreated:
    assert isinstance(event.content, str)
    kept = Question(
        id=question,
        userId="me",
        title=event.title,
        content=event.content,
        location=event.location,
        hashtags=[],
        urgency="normal",
        createdAt=NOW,
    )
    return QuestionCreated(question=kept)


def answered(answer: str, question: str) -> AnswerNotification:
    preview = AnswerPreview(id=answer, preview="A", user=YOU, createdAt=NOW)
    return AnswerNotification(questionId=question, answer=preview)


def notified(question: str) -> NewQuestionNotification:
    summary = QuestionSummary(
        id=question, title="T", location=Location(lat=33.4, lng=126.9), hashtags=[], urgency="urgent", createdAt=NOW
    )
    return NewQuestionNotification(question=summary, priority="IMMEDIATE", sound="urgent", vibration="strong")


def events(actor: DongneActor, for_s: float) -> list[Event]:
    return [act.event for _, act in live(actor, for_s) if isinstance(act, Emit)]


@pytest.mark.parametrize("kind", [Asker, Answerer, Heckler])
def test_one_seed_one_life(kind: type[DongneActor]) -> None:
    first, same, other = (list(live(started(kind, seed), 120.0)) for seed in ("1", "1", "2"))
    assert first == same
    assert first != other


@pytest.mark.parametrize("kind", [Asker, Answerer, Admin])
def test_who_behaves_says_where_it_is_first_and_nothing_that_breaks_the_contract(kind: type[DongneActor]) -> None:
    actor = started(kind)
    hear(actor, notified("q-other"))
    said = events(actor, 300.0)
    assert isinstance(said[0], UpdateLocation)
    for event in said:
        schema = PROTOCOL.operation(event).schema
        assert schema is not None
        assert PROTOCOL.faults(schema, event.to_json()) == []


def test_an_asker_asks_where_it_lives_and_some_of_it_is_urgent() -> None:
    asked = [e for seed in range(8) for e in events(started(Asker, str(seed)), 300.0) if isinstance(e, CreateQuestion)]
    assert 50 < len(asked) < 200
    assert all(
        min(distance_m(Place(e.location.lat, e.location.lng), place) for place in REGIONS["성산"]) < 700 for e in asked
    )
    urgent = sum(event.urgency == "urgent" for event in asked)
    assert 0 < urgent < len(asked) / 2
    assert {str(event.hashtags) for event in asked} == {str(list(matter.hashtags)) for matter in MATTERS}


def test_an_asker_keeps_few_questions_open() -> None:
    actor = started(Asker)
    most = max(len(actor.place.here) for _ in live(actor, 400.0))
    assert most == OPEN_QUESTIONS


def test_an_asker_reads_each_answer_and_accepts_one() -> None:
    actor = started(Asker)
    acts = list(live(actor, 200.0))
    read = [act.event.answerId for _, act in acts if isinstance(act, Emit) and isinstance(act.event, MessageRead)]
    accepted = [act.event.answerId for _, act in acts if isinstance(act, Emit) and isinstance(act.event, AcceptAnswer)]
    assert len(set(read)) == len(read) > 3
    assert len(set(accepted)) == len(accepted) > 3
    hear(actor, answered("too-late", "q0"), 200.0)
    assert not [e for e in events(actor, 300.0) if isinstance(e, AcceptAnswer) and e.answerId == "too-late"]


def test_an_asker_who_comes_back_goes_to_its_questions_and_catches_up() -> None:
    actor = started(Asker)
    for _ in live(actor, 100.0):
        pass
    asked = list(actor.place.asked)[-OPEN_QUESTIONS:]
    actor.standing.disconnected()
    actor.disconnected(100.0)
    assert 101.0 <= actor.due_s <= 103.0
    assert [act for _, act in actor.act(103.0)] == [Connect()]
    assert actor.identity == ME
    actor.standing.connected(ME)
    actor.connected(ME, 103.0)
    [_, *back] = [act.event for _, act in actor.act(103.0) if isinstance(act, Emit)]
    assert back == [*(JoinQuestion(questionId=each) for each in asked), SyncUnreadMessages(lastSyncTimestamp=NOW)]
    hear(actor, UnreadMessages(messages=[], syncedAt="2026-11-21T10:00:00.000Z"), 104.0)
    actor.connected(ME, 110.0)
    last = [act.event for _, act in actor.act(110.0) if isinstance(act, Emit)][-1]
    assert last == SyncUnreadMessages(lastSyncTimestamp="2026-11-21T10:00:00.000Z")


def test_an_answerer_rides_no_faster_than_it_can_and_stays_in_its_region() -> None:
    acts = [(due_s, act.event) for due_s, act in live(started(Answerer), 2400.0) if isinstance(act, Emit)]
    rides = [(due_s, Place(e.latitude, e.longitude)) for due_s, e in acts if isinstance(e, UpdateLocation)]
    assert len(rides) > 80
    for (before_s, before), (after_s, after) in itertools.pairwise(rides[1:]):
        assert distance_m(before, after) <= STEP_M + 3
        assert after_s - before_s >= 0.8 * STEP_S - 1e-9
    assert all(min(distance_m(at, place) for place in REGIONS["성산"]) < 4000 for _, at in rides)


def test_an_answerer_goes_types_answers_and_leaves() -> None:
    delays: list[float] = []
    pauses: set[type[Event]] = set()
    for seed in range(60):
        actor = started(Answerer, str(seed))
        hear(actor, notified("q"), 10.0)
        work = [
            (due_s, act.event)
            for due_s, act in live(actor, 200.0)
            if isinstance(act, Emit) and not isinstance(act.event, UpdateLocation)
        ]
        if not work:
            continue  # it was not interested
        kinds = [type(event) for _, event in work]
        assert kinds[0] is JoinQuestion
        assert kinds[-1] is LeaveQuestion
        assert kinds.count(CreateAnswer) == 1
        assert kinds.index(TypingStart) < kinds.index(CreateAnswer)
        assert {getattr(event, "questionId", "") for _, event in work} == {"q"}
        delays.append(work[kinds.index(CreateAnswer)][0] - 10.0)
        pauses |= set(kinds)
    assert len(delays) > 40
    assert TypingStop in pauses
    delays.sort()
    assert 5 < delays[len(delays) // 2] < 20  # log-normal: most soon, a few much later
    assert delays[-1] > 1.5 * delays[len(delays) // 2]


def test_an_answerer_is_at_one_question_at_a_time_and_thinks_about_each_once() -> None:
    actor = started(Answerer, "3")
    for n in range(20):
        hear(actor, notified(f"q{n % 10}"), 1.0)
    assert len({e.questionId for e in events(actor, 100.0) if isinstance(e, JoinQuestion)}) == 1


def test_an_answerer_who_lost_the_connection_goes_back_to_work() -> None:
    actor = started(Answerer, "3")
    hear(actor, notified("q"), 1.0)
    assert any(isinstance(event, JoinQuestion) for event in events(actor, 8.0))
    actor.connected(ME, 20.0)
    assert [e for e in events(actor, 100.0) if isinstance(e, CreateAnswer)]


def test_an_admin_looks_at_what_nobody_answers() -> None:
    actor = started(Admin)
    hear(actor, SlowResponseAlert(questionId="slow", responseTime=600_001, message="m", urgency="high"), 5.0)
    assert [(due_s, act) for due_s, act in live(actor, 100.0)][1:] == [
        (6.0, Emit(JoinQuestion(questionId="slow"))),
        (15.0, Emit(LeaveQuestion(questionId="slow"))),
    ]


def test_a_heckler_never_does_the_same_twice_in_the_same_way() -> None:
    acts = [act for _, act in live(started(Heckler), 120.0)]
    assert len({act.prank for act in acts if isinstance(act, EmitRaw)}) > 20
    assert len({type(act.event) for act in acts if isinstance(act, Emit)}) > 6


def test_the_island_holds_together() -> None:
    assert tuple(REGIONS) == get_args(RegionCode.__value__.__origin__)
    everywhere = [place for places in REGIONS.values() for place in places]
    assert all(33.1 < place.lat < 33.6 and 126.1 < place.lng < 127.0 for place in everywhere)
    one = REGIONS["애월"][0]
    for metres, bearing in ((0, 0), (500, 1), (2999, 4)):
        assert math.isclose(distance_m(one, one.moved(metres, bearing)), metres, abs_tol=1.5)
    assert {region_of(region) for region in REGIONS} == set(REGIONS)
    assert region_of("rehearsal-1-1") == region_of("rehearsal-1-1") in REGIONS
    assert all(distance_m(somewhere("표선", Random(n)), REGIONS["표선"][0]) < 1201 for n in range(100))


def test_nobody_advertises() -> None:
    words = [*REPLIES, *(text for matter in MATTERS for text in (matter.title, matter.content, *matter.hashtags))]
    assert not [text for text in words if any(spam in text for spam in SPAM)]
    assert all(text == text.strip() and "<" not in text for text in words)


def test_who_may_stand_in_a_cast() -> None:
    assert list(ACTORS) == ["asker", "answerer", "admin", "heckler"]
    assert [kind for kind, actor in ACTORS.items() if actor.is_staff] == ["admin"]
