"""What hecklers do in dongne: each prank breaks one promise of the contract, or sails close to it."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

from protocols.dongne import (
    AcceptAnswer,
    CreateAnswer,
    CreateQuestion,
    JoinQuestion,
    LeaveQuestion,
    Location,
    MessageRead,
    SyncUnreadMessages,
    TypingStart,
    TypingStop,
)
from simulators.actor import Act, Emit, EmitRaw
from simulators.actors.dongne_standing import NOTHING, SPAM

if TYPE_CHECKING:
    from simulators.actors.dongne import Heckler

Prank: TypeAlias = Callable[["Heckler"], Iterable[Act]]

_HERE: Final = {"lat": 33.4996, "lng": 126.5312}
_ASK: Final = {"title": "여기 어디예요?", "location": _HERE}
_ANSWER: Final = {"questionId": NOTHING, "content": "몰라요"}

INVALID: Final[tuple[tuple[str, tuple[object, ...], str], ...]] = (
    ("create_question", ({**_ASK, "title": ""},), "a question without words"),
    ("create_question", ({**_ASK, "title": " \t "},), "a blank question"),
    ("create_question", ({**_ASK, "title": "길" * 101},), "a title that is too long"),
    ("create_question", ({**_ASK, "content": "길" * 1001},), "a question that is too long"),
    ("create_question", ({**_ASK, "content": "x" * 200_000},), "200 kB of question"),
    ("create_question", ({**_ASK, "hashtags": list("abcdef")},), "six hashtags"),
    ("create_question", ({**_ASK, "hashtags": "주차"},), "hashtags that are text"),
    ("create_question", ({**_ASK, "urgency": "immediate"},), "an urgency that does not exist"),
    ("create_question", ({**_ASK, "location": {"lat": 91, "lng": 0}},), "a place north of the pole"),
    ("create_question", ({**_ASK, "location": {"lat": "33.5", "lng": "126.5"}},), "a place that is text"),
    ("create_question", ({**_ASK, "location": {"latitude": 33.5, "longitude": 126.5}},), "a place in other words"),
    ("create_question", ({"title": "어디예요?"},), "a question from nowhere"),
    ("create_question", ({**_ASK, "userId": "admin-halla"},), "a question in somebody else's name"),
    ("create_question", ({**_ASK, "createdAt": "1970-01-01T00:00:00Z"},), "a question of long ago"),
    ("create_answer", ({**_ANSWER, "content": ""},), "an answer without words"),
    ("create_answer", ({**_ANSWER, "content": "와" * 1001},), "an answer that is too long"),
    ("create_answer", ({**_ANSWER, "content": {"$ne": None}},), "a query for an answer"),
    ("create_answer", ({**_ANSWER, "images": ["javascript:alert(1)"]},), "a script for a picture"),
    ("create_answer", ({**_ANSWER, "images": ["https://example.com/a.png"] * 6},), "six pictures"),
    ("create_answer", ({**_ANSWER, "isAccepted": True},), "an answer that accepts itself"),
    ("create_answer", ({"content": "여기요"},), "an answer to nothing"),
    ("join_question", ({},), "joining nothing"),
    ("join_question", (None,), "joining null"),
    ("join_question", (), "joining without a payload"),
    ("join_question", ({"questionId": ["a", "b"]},), "joining two at once"),
    ("join_question", ({"questionId": "x" * 65},), "an id that is too long"),
    ("update_location", ({"latitude": 33.5},), "half a position"),
    ("update_location", ({"latitude": 33.5, "longitude": 181},), "a position beyond the world's end"),
    ("update_location", ({"latitude": 33.5, "longitude": 126.5, "accuracy": -1},), "a position better than exact"),
    ("update_location", ({"lat": 33.5, "lng": 126.5},), "a position in other words"),
    ("sync_unread_messages", ({"lastSyncTimestamp": "yesterday"},), "a moment in words"),
    ("sync_unread_messages", ({},), "a sync since nothing"),
    ("message_read", ({"answerId": 7},), "a number for an id"),
    ("accept_answer", ({"answerId": b"\x00\x01"},), "bytes for an id"),
    ("typing_start", ({"questionId": NOTHING, "username": "관리자"},), "typing under another name"),
    ("user_typing", ({"userId": "x", "username": "x", "questionId": "x"},), "an event of the server's"),
    ("metrics-update", ({},), "an event for admins"),
    ("Create_Question", (_ASK,), "an event in the wrong case"),
    ("", (), "an event without a name"),
    ("create_question", (_ASK, _ASK), "two questions in one"),
)  # fmt: skip

_MARKUP: Final = ("<b>길</b> 좀", "<img src=x onerror=alert(1)> 길?", "&lt;script&gt;alert(1)&lt;/script&gt; 길?")


def _invalid(heckler: "Heckler") -> Iterable[Act]:
    name, arguments, prank = heckler.random.choice(INVALID)
    yield EmitRaw(name, arguments, prank)


def _advertise(heckler: "Heckler") -> Iterable[Act]:
    """Advertise in a question, or in the answer to one; nobody is to hear of it."""
    words = f"오늘만 {heckler.random.choice(SPAM)} 하세요"
    if heckler.random.random() < 0.5:
        yield Emit(CreateQuestion(title=words, location=_here(heckler)))
    else:
        yield Emit(CreateAnswer(questionId=heckler.some_question(), content=words))


def _mark_up(heckler: "Heckler") -> Iterable[Act]:
    """Answer in HTML; the text alone may come through."""
    yield Emit(CreateAnswer(questionId=heckler.some_question(), content=heckler.random.choice(_MARKUP)))


def _look_for_nothing(heckler: "Heckler") -> Iterable[Act]:
    """Speak of questions and answers that do not exist."""
    yield Emit(
        heckler.random.choice(
            (
                JoinQuestion(questionId=NOTHING),
                LeaveQuestion(questionId=NOTHING),
                CreateAnswer(questionId=NOTHING, content="여기 아무도 없나요"),
                TypingStart(questionId=NOTHING),
                TypingStop(questionId=NOTHING),
                AcceptAnswer(answerId=NOTHING),
                MessageRead(answerId=NOTHING),
            )
        )
    )


def _accept_for_others(heckler: "Heckler") -> Iterable[Act]:
    """Accept an answer to somebody else's question, twice: neither counts."""
    answer = next(iter(heckler.place.answers), NOTHING)
    yield Emit(AcceptAnswer(answerId=answer))
    yield Emit(AcceptAnswer(answerId=answer))


def _fidget(heckler: "Heckler") -> Iterable[Act]:
    """Begin and stop to type many times at once; each stop ends one typing."""
    question = heckler.some_question()
    for _ in range(3):
        yield Emit(TypingStart(questionId=question))
        yield Emit(TypingStart(questionId=question))
        yield Emit(TypingStop(questionId=question))
        yield Emit(TypingStop(questionId=question))


def _come_and_go(heckler: "Heckler") -> Iterable[Act]:
    """Join twice, leave twice, and join again."""
    question = heckler.some_question()
    for event in (JoinQuestion, JoinQuestion, LeaveQuestion, LeaveQuestion, JoinQuestion):
        yield Emit(event(questionId=question))


def _sync_everything(heckler: "Heckler") -> Iterable[Act]:
    """Ask for all that was ever written, and for what is yet to come."""
    since = heckler.random.choice((0, 4_102_444_800_000, "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"))
    yield Emit(SyncUnreadMessages(lastSyncTimestamp=since))


def _here(heckler: "Heckler") -> Location:
    return Location(lat=heckler.at.lat, lng=heckler.at.lng)


PRANKS: Final[tuple[Prank, ...]] = (
    *(_invalid,) * 8,
    *(_advertise,) * 2,
    *(_look_for_nothing,) * 2,
    _mark_up,
    _accept_for_others,
    _fidget,
    _come_and_go,
    _sync_everything,
)
"""All pranks, the more frequent ones more often."""
