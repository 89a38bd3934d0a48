"""Where somebody stands in dongne, line by line."""

import pytest

from protocols.contract import Condition, Event
from protocols.dongne import (
    AcceptAnswer,
    Answer,
    AnswerAccepted,
    AnswerCreated,
    AnswerNotification,
    AnswerPreview,
    CreateAnswer,
    CreateQuestion,
    HeardAnswer,
    JoinQuestion,
    LeaveQuestion,
    Location,
    LocationData,
    MessageRead,
    NearbyQuestion,
    NearbyQuestionsUpdate,
    NewAnswer,
    NewQuestionNotification,
    Question,
    QuestionCreated,
    QuestionMessages,
    QuestionSummary,
    RoomUsers,
    SlowResponseAlert,
    TypingStart,
    TypingStop,
    UnreadMessages,
    UpdateLocation,
    UserOnline,
    UserRef,
    UserStopTyping,
    UserTyping,
)
from simulators.actors.dongne_island import REGIONS
from simulators.actors.dongne_standing import NOTHING, DongneStanding
from simulators.people import Identity, Role

NOW = "2026-11-21T09:30:00.000Z"
YOU = UserRef(id="you", nickname="너")
JEJU = Location(lat=33.5, lng=126.5)


def identity(id_: str = "me", role: Role = "PARTICIPANT") -> Identity:
    return Identity(token="t", id=id_, nickname="나", role=role)


def asked(question: str = "mine") -> QuestionCreated:
    kept = Question(
        id=question, userId="me", title="T", content="", location=JEJU, hashtags=[], urgency="normal", createdAt=NOW
    )
    return QuestionCreated(question=kept)


def answer(id_: str = "a", question: str = "q") -> Answer:
    return Answer(
        id=id_, questionId=question, userId="you", user=YOU, content="A", images=[], isAccepted=False, createdAt=NOW
    )


def overheard(id_: str = "a") -> NewAnswer:
    return NewAnswer(answer=HeardAnswer(id=id_, content="A", user=YOU, createdAt=NOW, images=[]))


def answered(id_: str = "a", question: str = "mine") -> AnswerNotification:
    return AnswerNotification(questionId=question, answer=AnswerPreview(id=id_, preview="A", user=YOU, createdAt=NOW))


def notified(question: str = "q") -> NewQuestionNotification:
    summary = QuestionSummary(id=question, title="T", location=JEJU, hashtags=[], urgency="normal", createdAt=NOW)
    return NewQuestionNotification(question=summary, priority="QUICK", sound="normal", vibration="light")


def near(lat: float, lng: float, *questions: str) -> NearbyQuestionsUpdate:
    found = [NearbyQuestion(id=each, title="T", distance=1, urgency="normal", createdAt=NOW) for each in questions]
    return NearbyQuestionsUpdate(location=LocationData(latitude=lat, longitude=lng), questions=found)


def truth(standing: DongneStanding, condition: str, event: Event) -> bool | None:
    return standing.holds(Condition.parse(condition), event)


def go(standing: DongneStanding, question: str = "q", *answers: Answer) -> None:
    standing.said(JoinQuestion(questionId=question))
    standing.heard(RoomUsers(questionId=question, users=[YOU]))
    standing.heard(QuestionMessages(questionId=question, messages=answers))


def rooms(standing: DongneStanding) -> dict[str, bool]:
    """Return the rooms of questions and answers that it is in, and whether it surely is."""
    return {room: sure for room, sure in standing.rooms.items() if not room.startswith("user:")}


@pytest.fixture
def me() -> DongneStanding:
    me = DongneStanding()
    me.connected(identity())
    return me


def test_who_hears_something_has_been_let_in(me: DongneStanding) -> None:
    assert me.rooms == {"user:me": False}
    me.heard(UserOnline(userId="you", timestamp=NOW))
    assert me.rooms == {"user:me": True}


def test_who_comes_back_may_be_there_twice_for_a_moment(me: DongneStanding) -> None:
    anything = TypingStop(questionId="q")
    assert truth(me, "elsewhere", anything) is False
    me.disconnected()
    me.connected(identity())
    assert truth(me, "not elsewhere", anything) is None


def test_a_room_is_sure_when_it_is_confirmed_as_often_as_it_was_joined(me: DongneStanding) -> None:
    join = JoinQuestion(questionId="q")
    me.said(join)
    me.said(join)
    assert rooms(me) == {"question:q": False}
    me.heard(RoomUsers(questionId="q", users=[YOU]))
    assert rooms(me) == {"question:q": False}
    me.heard(RoomUsers(questionId="q", users=[YOU]))
    assert rooms(me) == {"question:q": True}
    me.said(LeaveQuestion(questionId="q"))
    assert rooms(me) == {}
    me.heard(RoomUsers(questionId="q", users=[YOU]))
    assert rooms(me) == {}


def test_who_asks_is_at_the_question_and_hears_of_answers_for_ever(me: DongneStanding) -> None:
    me.heard(asked())
    assert rooms(me) == {"question:mine": True, "asker:mine": True}
    me.heard(answered())
    me.said(LeaveQuestion(questionId="mine"))
    assert rooms(me) == {"asker:mine": True, "answer:a": True}
    me.disconnected()
    assert rooms(me) == {}
    me.connected(identity())
    assert rooms(me) == {"asker:mine": False}
    me.heard(UserOnline(userId="me", timestamp=NOW))
    assert rooms(me) == {"asker:mine": True}
    me.connected(identity("somebody else"))
    assert rooms(me) == {}
    assert truth(me, "asker", CreateAnswer(questionId="mine", content="x")) is None


def test_who_answers_hears_what_becomes_of_it(me: DongneStanding) -> None:
    go(me)
    me.heard(AnswerCreated(answer=answer("a", "q")))
    assert rooms(me) == {"question:q": True, "author:a": True, "answer:a": True}
    me.said(LeaveQuestion(questionId="q"))
    assert rooms(me) == {"author:a": True}


def test_answers_in_the_room_are_known_by_their_question(me: DongneStanding) -> None:
    go(me, "q", answer("old", "q"))
    me.heard(overheard("new"))
    assert me.answers == {"old": "q", "new": "q"}
    assert rooms(me) == {"question:q": True, "answer:old": True, "answer:new": True}
    me.said(LeaveQuestion(questionId="q"))
    assert rooms(me) == {}


def test_between_two_questions_an_answer_may_be_to_either(me: DongneStanding) -> None:
    me.heard(asked("mine"))
    me.heard(asked("other"))
    me.heard(overheard())
    assert me.rooms["answer:a"] is False
    assert truth(me, "answer-asker", AcceptAnswer(answerId="a")) is None
    me.heard(answered("a", "other"))
    assert me.rooms["answer:a"] is True
    assert truth(me, "answer-asker", AcceptAnswer(answerId="a")) is True


def test_an_answer_that_was_under_way_when_one_left_may_be_to_that_question(me: DongneStanding) -> None:
    go(me, "p")
    go(me, "q")
    me.said(LeaveQuestion(questionId="p"))
    me.heard(overheard("a"))
    assert me.rooms["answer:a"] is False
    me.said(LeaveQuestion(questionId="q"))
    go(me, "r")
    me.heard(overheard("b"))
    assert me.answers["b"] == "r"
    assert me.rooms["answer:b"] is True


def test_answers_to_the_questions_of_others_are_not_for_one_to_accept(me: DongneStanding) -> None:
    accept = AcceptAnswer(answerId="a")
    assert truth(me, "answer-asker", accept) is None
    go(me, "q", answer("a", "q"))
    assert truth(me, "answer-asker", accept) is False


def test_only_an_asker_knows_what_is_accepted(me: DongneStanding) -> None:
    accept = AcceptAnswer(answerId="a")
    assert truth(me, "accepted", accept) is None
    me.heard(asked())
    me.heard(answered())
    assert truth(me, "not accepted", accept) is True
    me.said(accept)
    assert truth(me, "accepted", accept) is True


def test_an_acceptance_elsewhere_counts_too(me: DongneStanding) -> None:
    me.heard(asked())
    me.heard(UnreadMessages(messages=[answer("a", "mine")], syncedAt=NOW))
    me.heard(AnswerAccepted(answerId="a", questionId="mine"))
    assert truth(me, "accepted", AcceptAnswer(answerId="a")) is True


@pytest.mark.parametrize("event", [JoinQuestion, LeaveQuestion, TypingStart, TypingStop])
def test_a_question_is_known_that_was_heard_of(
    me: DongneStanding, event: type[JoinQuestion | LeaveQuestion | TypingStart | TypingStop]
) -> None:
    assert truth(me, "known", event(questionId="q")) is None
    me.heard(notified("q"))
    me.heard(near(33.5, 126.5, "r"))
    assert [truth(me, "known", event(questionId=each)) for each in ("q", "r", NOTHING)] == [True, True, False]
    me.said(event(questionId=NOTHING))
    assert rooms(me) == {}


@pytest.mark.parametrize("event", [AcceptAnswer, MessageRead])
def test_an_answer_is_known_that_was_heard_of(me: DongneStanding, event: type[AcceptAnswer | MessageRead]) -> None:
    me.heard(answered("a", "mine"))
    assert [truth(me, "answer-known", event(answerId=each)) for each in ("a", "b", NOTHING)] == [True, None, False]
    assert truth(me, "author", event(answerId="a")) is None
    me.heard(AnswerCreated(answer=answer("mine")))
    assert truth(me, "author", event(answerId="mine")) is True


@pytest.mark.parametrize(
    ("event", "spam", "blank"),
    [
        (CreateAnswer(questionId="q", content="여기요"), False, False),
        (CreateAnswer(questionId="q", content="무료예요"), True, False),
        (CreateQuestion(title="T", content="광고", location=JEJU), True, False),
        (CreateQuestion(title="T", hashtags=["할인"], location=JEJU), True, False),
        (CreateQuestion(title="T", location=JEJU), False, False),
        (CreateAnswer(questionId="q", content="<b></b>"), False, None),
    ],
)
def test_what_may_not_be_written(me: DongneStanding, event: Event, spam: bool, blank: bool | None) -> None:
    assert (truth(me, "spam", event), truth(me, "blank", event)) == (spam, blank)


def test_typing_that_was_begun_may_be_over(me: DongneStanding) -> None:
    stop = TypingStop(questionId="q")
    assert truth(me, "typing", stop) is False
    me.said(TypingStart(questionId="q"))
    assert truth(me, "typing", stop) is None
    assert me.facts == {"id": "me", "nickname": "나", "typingRooms": []}
    me.said(CreateAnswer(questionId="q", content="x"))
    assert truth(me, "typing", stop) is False


def test_a_stop_of_typing_may_come_once_for_each_start(me: DongneStanding) -> None:
    stop = UserStopTyping(userId="you", questionId="q")
    assert not me.may_hear(stop)
    go(me)
    assert me.may_hear(stop)
    me.heard(stop)
    assert not me.may_hear(stop)
    me.heard(UserTyping(userId="you", username="너", questionId="q"))
    assert me.may_hear(stop)


def test_a_question_is_notified_of_once_and_never_to_its_asker(me: DongneStanding) -> None:
    assert me.may_hear(notified("q"))
    me.heard(notified("q"))
    me.disconnected()
    me.connected(identity())
    assert not me.may_hear(notified("q"))
    assert me.must_not_hear(notified("q"))
    assert not me.must_not_hear(notified("r"))
    me.heard(asked("mine"))
    assert not me.may_hear(notified("mine"))


def test_what_is_near_is_within_three_kilometres(me: DongneStanding) -> None:
    (aewol, *_), (jeju, *_) = REGIONS["애월"], REGIONS["제주시"]
    assert me.may_hear(near(*jeju))
    me.said(UpdateLocation(latitude=aewol.lat, longitude=aewol.lng))
    assert me.may_hear(near(*jeju))  # the target may not have heard of it yet
    me.heard(near(*aewol))
    assert me.may_hear(near(*aewol.moved(2990, 1.0)))
    assert not me.may_hear(near(*aewol.moved(3010, 1.0)))
    me.said(UpdateLocation(latitude=jeju.lat, longitude=jeju.lng))
    assert me.may_hear(near(*aewol))
    assert me.may_hear(near(*jeju))
    me.heard(near(*jeju))
    assert me.must_not_hear(near(*aewol))


@pytest.mark.parametrize(("role", "may"), [("PARTICIPANT", False), ("STAFF", True), ("OWNER", True)])
def test_alerts_are_for_admins(role: Role, may: bool) -> None:
    me = DongneStanding()
    me.connected(identity(role=role))
    alert = SlowResponseAlert(questionId="q", responseTime=600_001, message="m", urgency="high")
    assert me.may_hear(alert) is may


def test_memory_is_bounded_and_what_is_forgotten_leaves_its_rooms(me: DongneStanding) -> None:
    for n in range(600):
        me.heard(asked(f"q{n}"))
        me.heard(answered(f"a{n}", f"q{n}"))
    assert len(me.known) == len(me.asked) == len(me.answers) == 500
    assert {room for room in rooms(me) if not room.startswith("question:")} == {
        f"{kind}{n}" for n in range(100, 600) for kind in ("asker:q", "answer:a")
    }
