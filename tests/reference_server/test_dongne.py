"""dongne over real sockets: who may come in, a question and its answer, and what outlives a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocols import dongne
from protocols.contract import Json
from protocols.errors import ConnectRefused
from simulators.engine import Engine, SyncConnection

from .dongne_house import AEWOL, DongneHouse, open_dongne, token
from .house import WITHIN_S, answer, receiver


@pytest.fixture(scope="module")
def house(engine: Engine) -> Iterator[DongneHouse]:
    with open_dongne(engine) as house:
        yield house


@pytest.mark.parametrize(
    "auth",
    [
        None,
        {"token": ""},
        {"token": "rubbish"},
        {"token": token("local-aewol", secret="s" * 32)},
        {"token": token("local-aewol", lifetime_s=-1)},
        {"token": token("nobody")},
    ],
)
def test_who_is_no_user_with_a_valid_token_is_turned_away(house: DongneHouse, auth: dict[str, Json] | None) -> None:
    with pytest.raises(ConnectRefused) as refused:
        house.open(auth)
    assert refused.value.message == "Authentication failed"


def test_an_address_on_the_blacklist_is_turned_away(engine: Engine) -> None:
    with open_dongne(engine, blocked=frozenset({"127.0.0.1"})) as house:
        with pytest.raises(ConnectRefused) as refused:
            house.open({"token": token("local-aewol")})
        assert refused.value.message == "IP blocked"


def rest(connection: SyncConnection) -> list[str]:
    """Return the names of what else has been heard, nothing more being under way."""
    connection.fence(within_s=WITHIN_S)
    return [received.name for received in connection.drain()]


def test_a_question_finds_the_nearest_and_an_answer_the_asker(engine: Engine) -> None:
    with receiver(answer()) as pushed, open_dongne(engine, push_url=pushed.url) as house:
        mina, near, far = house.connect("visitor-mina", "local-aewol", "local-ilchul")
        rest(mina), rest(near)  # that others came
        asked = house.ask(mina, "<b>급해요</b>", hashtags=["주차"], urgency="urgent")
        assert (asked.title, asked.regionCode, asked.userId) == ("급해요", "애월", "visitor-mina")
        told = near.expect(dongne.NewQuestionNotification, within_s=WITHIN_S)
        assert (told.question.id, told.priority, told.vibration) == (asked.id, "IMMEDIATE", "strong")
        [push] = pushed.wait(1)
        assert (push["title"], push["body"], push["deviceToken"]) == (
            "🚨 긴급 질문이 도착했습니다!", "급해요", "device-aewol",
        )  # fmt: skip

        near.emit(dongne.JoinQuestion(questionId=asked.id))
        users = near.expect(dongne.RoomUsers, within_s=WITHIN_S).users
        assert [user.id for user in users] == ["visitor-mina", "local-aewol"]
        assert near.expect(dongne.QuestionMessages, within_s=WITHIN_S).messages == []
        near.emit(dongne.TypingStart(questionId=asked.id))
        assert mina.expect(dongne.UserTyping, within_s=WITHIN_S).username == "애월 해안"
        near.emit(dongne.CreateAnswer(questionId=asked.id, content="공영주차장요", images=["https://example.com/a"]))
        mina.expect(dongne.UserStopTyping, within_s=WITHIN_S)
        given = near.expect(dongne.AnswerCreated, within_s=WITHIN_S).answer
        assert mina.expect(dongne.NewAnswer, within_s=WITHIN_S).answer.id == given.id
        assert mina.expect(dongne.AnswerNotification, within_s=WITHIN_S).answer.preview == "공영주차장요"
        mina.emit(dongne.AcceptAnswer(answerId=given.id))
        for connection in (mina, near):
            connection.expect(dongne.AnswerAccepted, within_s=WITHIN_S)
        assert near.expect(dongne.Notification, within_s=WITHIN_S).data.totalPoints == 50
        assert (rest(mina), rest(near), rest(far)) == ([], [], [])


def test_who_was_away_catches_up(house: DongneHouse) -> None:
    mina, jun = house.connect("visitor-mina", "local-tapdong")
    asked = house.ask(mina)
    mina.abort()
    for content in ("하나", "둘"):
        jun.emit(dongne.CreateAnswer(questionId=asked.id, content=content))
        jun.expect(dongne.AnswerCreated, within_s=WITHIN_S)
    [mina] = house.connect("visitor-mina")
    mina.emit(dongne.SyncUnreadMessages(lastSyncTimestamp=asked.createdAt))
    unread = mina.expect(dongne.UnreadMessages, within_s=WITHIN_S)
    assert [message.content for message in unread.messages] == ["하나", "둘"]
    mina.emit(dongne.SyncUnreadMessages(lastSyncTimestamp=unread.syncedAt))
    assert mina.expect(dongne.UnreadMessages, within_s=WITHIN_S).messages == []
    for connection in (mina, jun):
        connection.close()


def test_what_is_refused_is_refused_alone(house: DongneHouse) -> None:
    [mina] = house.connect("visitor-mina")
    asked: dict[str, Json] = {"title": "ok", "location": AEWOL.to_json()}
    for name, payload in (
        ("create_question", {**asked, "content": "가" * 1001}),
        ("create_question", {**asked, "hashtags": ["a", "b", "c", "d", "e", "f"]}),
        ("create_question", {**asked, "content": "무료"}),
        ("create_question", {**asked, "location": {"lat": 90.1, "lng": 0}}),
        ("create_answer", {"questionId": "q", "content": "x", "images": ["javascript:alert(1)"]}),
        ("update_location", {"latitude": "33", "longitude": 126}),
        ("sync_unread_messages", {"lastSyncTimestamp": "yesterday"}),
        ("no_such_event", {}),
    ):
        mina.emit_raw(name, payload)
        assert mina.expect(dongne.Error, within_s=WITHIN_S).message
    assert rest(mina) == []
    mina.close()


def test_the_stages_of_a_question_outlive_the_server(engine: Engine, tmp_path: Path) -> None:
    # A minute a second: the last stage comes after two seconds, of which those between the servers do not count.
    journal = {"journal": tmp_path / "journal", "time_scale": 60.0}
    with open_dongne(engine, **journal) as house:
        mina, near = house.connect("visitor-mina", "local-aewol")
        asked = house.ask(mina)
        near.expect(dongne.NewQuestionNotification, within_s=WITHIN_S)
    with open_dongne(engine, **journal) as house:
        near, everybody = house.connect("local-aewol", "local-ilchul")
        told = everybody.expect(dongne.NewQuestionNotification, within_s=WITHIN_S)
        assert (told.question, told.priority) == (asked_of(asked), "FINAL")
        assert "new_question_notification" not in rest(near)


def asked_of(question: dongne.Question) -> dongne.QuestionSummary:
    """Return what a notification says of a question."""
    fields = {name: getattr(question, name) for name in dongne.QuestionSummary.model_fields}
    return dongne.QuestionSummary.model_validate(fields)
