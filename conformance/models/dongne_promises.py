"""What `dongne` promises in words of rooms, questions, answers, typing and places, as scenes."""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, cast

from conformance.checks import Check
from conformance.models.dongne import UNKNOWN, Question
from conformance.models.dongne_cast import FAR, DongneCast
from conformance.models.dongne_texts import MARKUP, NOTHING_LEFT, SPAM, has_markup
from conformance.person import Person
from conformance.reproduce.unshown import IN_DIFFERENCES
from conformance.scene import Scenes, attributed, require, unseen
from conformance.symptom import Symptom, Test, misplaced
from conformance.verdict import Broken
from protocols import dongne
from protocols.contract import Json
from simulators.received import Received

SCENES: Final[Scenes[DongneCast]] = Scenes("dongne")
shows = SCENES.shows

AT_ONCE: Final = 25


# ---- rooms -------------------------------------------------------------------------------------------------------


@shows("join/2", "leave/1", "all/8", "all/5")
async def join__room_users(cast: DongneCast) -> None:
    """The room is who has the question open now: once each, however many sockets, and not who has left or vanished."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    second = await cast.come("ben-again", like=ben)
    question = cast.question()
    for _ in range(2):
        await cast.enter(second, 0)
    await cast.answer(ana, question, "두 번 들리나요?")
    await cast.stage.say(ben, dongne.LeaveQuestion(questionId=question.id))
    with attributed("dongne/leave/1"):
        await cast.answer(cho, question, "아직 들리나요?")
        await cast.enter(ana, 0)
    await cast.stage.say(second, dongne.LeaveQuestion(questionId=question.id))
    with attributed("dongne/leave/1"):
        await cast.answer(ana, question, "이제는요?")
        await cast.enter(cho, 0)
    await cast.stage.leave(cho, politely=False)
    with attributed("dongne/all/8"):
        await cast.enter(ana, 0)
        await cast.settle()


@shows("join/3")
async def join__history(cast: DongneCast) -> None:
    """Whoever opens a question gets all answers to it in their order, of whomever, and which of them is accepted."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    question = cast.question()
    for number in range(12):
        await cast.answer((ana, ben, cho)[number % 3], question, f"{number}번째 답변")
    await cast.stage.say(ana, dongne.AcceptAnswer(answerId=str(question.answers[4]["id"])))
    await cast.answer(ben, cast.question(1), "다른 질문에도")
    await cast.settle()


@shows("leave/2", "typing/6")
async def leave__ends_typing(cast: DongneCast) -> None:
    """Who leaves stops typing, unless another socket of theirs said so last; then that one's departure does."""
    await cast.assemble()
    _, ben, _ = cast.people_here()
    question = cast.question()
    second = await cast.come("ben-again", like=ben)
    await cast.enter(second, 0)
    for typist, leaver in ((ben, ben), (second, ben), (second, second)):
        for who in (ben, second):
            await cast.enter(who, 0)
        await cast.stage.say(typist, dongne.TypingStart(questionId=question.id))
        with attributed("dongne/leave/2"):
            await cast.stage.say(leaver, dongne.LeaveQuestion(questionId=question.id))
        await cast.stage.say(typist, dongne.TypingStop(questionId=question.id))


# ---- presence ----------------------------------------------------------------------------------------------------


@shows("presence/1", "presence/2", "all/8")
async def presence__first_and_last_socket(cast: DongneCast) -> None:
    """Everybody hears who comes with the first of their sockets, and who goes with the last, however they go."""
    await cast.assemble()
    ben = cast.person("ben")
    second = await cast.come("ben-again", like=ben)
    with attributed("dongne/presence/2"):
        await cast.stage.leave(ben)
        await cast.answer(second, cast.question(), "아직 있어요")
        await cast.stage.leave(second, politely=False)
    await cast.reconnect(ben)
    with attributed("dongne/presence/2"):
        await cast.stage.leave(ben)


# ---- asking ------------------------------------------------------------------------------------------------------


@shows("ask/1", "ask/5")
async def ask__as_it_is_kept(cast: DongneCast) -> None:
    """A question is kept as it was said but for the blanks around it; its asker is in its room, and its id is new."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    sayings: list[tuple[str, dict[str, Json]]] = [
        ("  어디에 주차하나요?\n", {"content": "\t애월입니다  "}),
        ("3 > 2 👩‍👩‍👧", {"content": "", "urgency": "urgent", "category": "교통"}),
        ("x" * 100, {"content": "y" * 1000, "hashtags": ["주차", "카페", "a", "b", "c"], "urgency": "normal"}),
    ]
    for title, more in sayings:
        question = await cast.ask(ana, title, more=more)
        require(question.told["title"] == title.strip(), "dongne/ask/1", "the title trimmed", question.told["title"])
        with attributed("dongne/ask/5"):
            await cast.stage.say(ben, dongne.TypingStart(questionId=question.id))
            await cast.stage.say(ben, dongne.TypingStop(questionId=question.id))


@shows("ask/2")
async def ask__limits(cast: DongneCast) -> None:
    """1000 characters and 5 hashtags may be; one more is refused, and nobody is notified."""
    await cast.assemble()
    ana, here = cast.person("ana"), cast.origin
    plain = {"title": "질문", "location": {"lat": here.lat, "lng": here.lng}}
    with attributed("dongne/ask/2"):
        await cast.ask(ana, more={"content": "가" * 1000, "hashtags": ["a", "b", "c", "d", "e"]})
        for wrong in ({"content": "가" * 1001}, {"hashtags": list("abcdef")}, {"title": "가" * 101}):
            await cast.stage.say_invalid(ana, "create_question", [{**plain, **wrong}])


@shows("ask/3")
async def ask__spam(cast: DongneCast) -> None:
    """Advertising is refused wherever in a question it stands, in whatever disguise, and nobody hears of it."""
    await cast.assemble()
    ana, here = cast.person("ana"), cast.origin
    plain: dict[str, Json] = {"title": "질문", "location": {"lat": here.lat, "lng": here.lng}}
    places: list[dict[str, Json]] = [{"title": word} for word in SPAM]
    places += [{"content": SPAM[0]}, {"hashtags": ["맛집", "무료"]}, {"title": "광고", "urgency": "urgent"}]
    with attributed("dongne/ask/3"):
        for said in places:
            await cast.stage.say(ana, dongne.CreateQuestion.model_validate({**plain, **said}))
        await cast.ask(ana, "광 고 없는 질문")


@shows("ask/4", "stage/1")
async def ask__markup(cast: DongneCast) -> None:
    """No markup of a question reaches anybody, not in a list of questions nearby either; its text does."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    with attributed("dongne/ask/4"):
        for said, left in MARKUP.items():
            more: dict[str, Json] = {"content": said, "hashtags": ["<b>길</b>"], "category": "<i>길</i>"}
            question = await cast.ask(ana, said, more=more)
            for name in ("title", "content"):
                _is_left(question.told, name, left, "dongne/ask/4")
        await cast.move(ben, cast.model.at[cast.model.user_id(ben)])
        here = dongne.Location(lat=cast.origin.lat, lng=cast.origin.lng)
        for title in NOTHING_LEFT:
            await cast.stage.say(ana, dongne.CreateQuestion(title=title, location=here))


def _is_left(told: Mapping[str, Any], name: str, left: str, requirement: str) -> None:
    text = str(told.get(name, ""))
    is_right = left in text and not has_markup(text)
    require(is_right, requirement, f"a {name} with the text {left!r}, and no markup", repr(text))


# ---- answering ---------------------------------------------------------------------------------------------------


@shows("answer/1", "answer/3", "all/5")
async def answer__reaches_the_room(cast: DongneCast) -> None:
    """An answer, trimmed, reaches everybody else in the room, and nobody elsewhere, whoever gives it from wherever."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    question = cast.question()
    second = await cast.come("ben-again", like=ben)
    await cast.enter(second, 0)
    for who in (ben, second, cast.person("eve"), ana):
        await cast.answer(who, question, "  공영주차장에\n자리가 있어요 ")
    pictures: list[str] = [f"https://example.com/{number}.jpg" for number in range(5)]
    await cast.stage.say(ben, dongne.CreateAnswer(questionId=question.id, content="사진", images=pictures))
    answer = question.answers[0]["content"]
    require(answer == "공영주차장에\n자리가 있어요", "dongne/answer/3", "the content trimmed", repr(answer))


@shows("answer/2")
async def answer__notifies_the_asker(cast: DongneCast) -> None:
    """The asker hears of an answer at once through every socket, in the room or not, with how it begins."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    question = cast.question()
    await cast.come("ana-again", like=ana)
    for content in ("x" * 100, "가" * 101, "y" * 1000, "👍" * 120):
        await cast.answer(ben, question, content)
    await cast.stage.say(ana, dongne.LeaveQuestion(questionId=question.id))
    with attributed("dongne/answer/2"):
        await cast.answer(ben, question, "들리나요?")
        await cast.answer(ana, question, "내 질문에 내가")


@shows("answer/4")
async def answer__limits(cast: DongneCast) -> None:
    """1000 characters and 5 images may be; one more is refused."""
    await cast.assemble()
    ben, question = cast.person("ben"), cast.question()
    plain = {"questionId": question.id, "content": "답변"}
    pictures = [f"https://example.com/{number}.jpg" for number in range(6)]
    with attributed("dongne/answer/4"):
        await cast.answer(ben, question, "가" * 1000)
        for wrong in ({"content": "가" * 1001}, {"images": pictures}):
            await cast.stage.say_invalid(ben, "create_answer", [{**plain, **wrong}])
        await cast.settle()


@shows("answer/5")
async def answer__spam(cast: DongneCast) -> None:
    """Advertising is refused in whatever disguise, nobody hears of it, and it is not kept."""
    await cast.assemble()
    ben, question = cast.person("ben"), cast.question()
    with attributed("dongne/answer/5"):
        for content in (*SPAM, "좋은 글입니다. " * 20 + "클릭"):
            await cast.stage.say(ben, dongne.CreateAnswer(questionId=question.id, content=content))
        await cast.answer(ben, question, "무 료가 아닌 답변")
        await cast.settle()


@shows("answer/6")
async def answer__markup(cast: DongneCast) -> None:
    """No markup of an answer reaches anybody, its text does; where nothing else is left it is refused."""
    await cast.assemble()
    ben, question = cast.person("ben"), cast.question()
    with attributed("dongne/answer/6"):
        for said, left in MARKUP.items():
            await cast.answer(ben, question, said)
            _is_left(question.answers[-1], "content", left, "dongne/answer/6")
        for content in NOTHING_LEFT:
            await cast.stage.say(ben, dongne.CreateAnswer(questionId=question.id, content=content))
        await cast.settle()


# ---- accepting ---------------------------------------------------------------------------------------------------


@shows("accept/1")
async def accept__by_others(cast: DongneCast) -> None:
    """Nobody but the asker may accept: not the author, not somebody in the room; any socket of the asker's may."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    answer_id = await cast.answer(ben, cast.question())
    for who in (ben, cho, cast.person("dee"), cast.person("eve")):
        await cast.stage.say(who, dongne.AcceptAnswer(answerId=answer_id))
    await cast.settle()
    second = await cast.come("ana-again", like=ana)
    with attributed("dongne/accept/1"):
        await cast.stage.say(second, dongne.AcceptAnswer(answerId=answer_id))


@shows("accept/2", "accept/4")
async def accept__once(cast: DongneCast) -> None:
    """One answer of a question is accepted, once; neither it again nor another, and nobody gets points for that."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    question = cast.question()
    one, other = await cast.answer(ben, question), await cast.answer(cho, question)
    await cast.stage.say(ana, dongne.AcceptAnswer(answerId=one))
    with attributed("dongne/accept/2"):
        for answer_id in (one, other, one):
            await cast.stage.say(ana, dongne.AcceptAnswer(answerId=answer_id))
        await cast.settle()
    another = await cast.answer(cho, await cast.ask(ana))
    await cast.stage.say(ana, dongne.AcceptAnswer(answerId=another))


@shows("accept/3", "accept/5", "notice/4")
async def accept__is_told(cast: DongneCast) -> None:
    """Those in the room hear which answer was accepted, the asker too from outside; its author is notified anywhere."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    question = cast.question()
    second = await cast.come("ben-again", like=ben)
    await cast.stage.say(ana, dongne.LeaveQuestion(questionId=question.id))
    answer_id = await cast.answer(ben, question)
    await cast.stage.say(ben, dongne.LeaveQuestion(questionId=question.id))
    heard = await cast.stage.say(ana, dongne.AcceptAnswer(answerId=answer_id))
    for socket in (ben, second):
        [notice] = heard.payloads(socket, "notification")
        is_right = notice["priority"] in (1, 2, 3, 4)
        require(is_right, "dongne/notice/4", "a priority from 1 to 4", notice["priority"])
    own = await cast.ask(ana)
    with attributed("dongne/accept/5"):
        await cast.stage.say(ana, dongne.AcceptAnswer(answerId=await cast.answer(ana, own)))


@shows("accept/4", "accept/5")
async def accept__points(cast: DongneCast) -> None:
    """Each accepted answer gives its author the points that the notification names, and no more."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    totals: list[int] = []
    given: list[int] = []
    for _ in range(3):
        question = await cast.ask(ana)
        answer_id = await cast.answer(ben, question)
        for _ in range(2):
            heard = await cast.stage.say(ana, dongne.AcceptAnswer(answerId=answer_id))
            for notice in heard.payloads(ben, "notification"):
                data = _data(notice)
                given.append(int(data.get("points", 0)))
                totals.append(int(data.get("totalPoints", -1)))
    require(all(points > 0 for points in given), "dongne/accept/5", "points with each notification", given)
    if -1 not in totals:
        grown = [after - before for before, after in itertools.pairwise(totals)]
        with unseen(IN_DIFFERENCES):
            require(grown == given[1:], "dongne/accept/4", f"{given[1:]} points more each time", grown)


def _data(notice: Mapping[str, Json]) -> Mapping[str, Any]:
    """Return what a notification is about."""
    return cast("Mapping[str, Any]", notice["data"])


# ---- typing ------------------------------------------------------------------------------------------------------


@contextmanager
def _stopped_once() -> Iterator[None]:
    """Say that one stop too many is what breaks `typing/6`, whatever stopped it."""
    try:
        yield
    except Broken as broken:
        # A second one is heard again, or for the end that is owed after 3 s.
        if "dongne/all/7" in broken.also or broken.requirement == "dongne/typing/2":
            raise broken.at("dongne/typing/6") from broken
        raise


@shows("typing/1", "typing/3", "typing/6")
async def typing__begins_and_stops(cast: DongneCast) -> None:
    """The others hear each start, and one stop however often it is said, also from somebody outside the room."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    question = cast.question()
    second = await cast.come("ben-again", like=ben)
    await cast.enter(second, 0)
    start, stop = dongne.TypingStart(questionId=question.id), dongne.TypingStop(questionId=question.id)
    said: list[tuple[Person, dongne.TypingStart | dongne.TypingStop]]
    said = [(ben, start), (cho, start), (second, start), (ben, start), (ben, stop), (second, stop), (cho, stop)]
    said += [(cho, stop), (ana, stop), (cast.person("eve"), start), (cast.person("eve"), stop)]
    with _stopped_once():
        for who, event in said:
            await cast.stage.say(who, event)


@shows("typing/4", "typing/6")
async def typing__ends_with_an_answer(cast: DongneCast) -> None:
    """Whoever answers has stopped typing there, and goes on typing elsewhere."""
    await cast.assemble()
    _, ben, _ = cast.people_here()
    question, other = cast.question(), cast.question(1)
    await cast.enter(ben, 1)
    for where in (question, other):
        await cast.stage.say(ben, dongne.TypingStart(questionId=where.id))
    with _stopped_once():
        await cast.answer(ben, question)
    for where in (question, other):
        await cast.stage.say(ben, dongne.TypingStop(questionId=where.id))
    await cast.stage.say(ben, dongne.TypingStart(questionId=question.id))
    spam = dongne.CreateAnswer(questionId=question.id, content=SPAM[0])
    await cast.stage.say(ben, spam)
    await cast.stage.say(ben, dongne.TypingStop(questionId=question.id))


@shows("typing/5", "typing/6", "all/8")
async def typing__ends_with_the_connection(cast: DongneCast) -> None:
    """Who disconnects, politely or not, has stopped typing everywhere; another socket of theirs ends nothing."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    second = await cast.come("ben-again", like=ben)
    for place in range(2):
        await cast.enter(ben, place)
        await cast.enter(cho, place)
        await cast.stage.say(ben, dongne.TypingStart(questionId=cast.places[place]))
        await cast.stage.say(cho, dongne.TypingStart(questionId=cast.places[place]))
    with _stopped_once():
        await cast.stage.leave(second)
        await cast.stage.leave(ben, politely=False)
        await cast.stage.leave(cho)
    await cast.answer(ana, cast.question(), "아무도 없나요?")


@shows("typing/2", "typing/6")
async def typing__lapses(cast: DongneCast) -> None:
    """Typing ends 3 s after the last start by itself, once; for whoever opens the question meanwhile too."""
    await cast.assemble()
    _, ben, cho = cast.people_here()
    question, eve = cast.question(), cast.person("eve")
    start, stop = dongne.TypingStart(questionId=question.id), dongne.TypingStop(questionId=question.id)
    for who in (ben, cho, eve):
        await cast.stage.say(who, start)
    await cast.stage.say(eve, stop)
    await cast.stage.listen(600)
    await cast.stage.say(ben, start)
    await cast.enter(eve, 0)
    await cast.stage.collect()
    with attributed("dongne/typing/6"):
        for who in (ben, cho):
            await cast.stage.say(who, stop)


# ---- places ------------------------------------------------------------------------------------------------------


@shows("location/1", "location/2", "stage/12")
async def location__questions_nearby(cast: DongneCast) -> None:
    """Whoever is within 3 km hears the five nearest questions around a position, and how far they are; nobody else."""
    here = cast.origin
    ana = await cast.come("ana", at=here)
    ben = await cast.come("ben", at=here.moved(26))  # 2.9 km
    await cast.come("ben-again", like=ben)
    await cast.come("cho", at=here.moved(28))  # 3.1 km
    await cast.come("dee", at=here.moved(0, FAR))
    for north, east in ((20, 0), (0, 25), (-7, 3), (0, -29), (28, 0), (-26, 0), (1, 1)):
        await cast.ask(ana, at=here.moved(north, east))
        await cast.move(ana, here)
    await cast.move(ana, here.moved(2, 2))
    await cast.move(ben, here.moved(-28))
    await cast.move(ana, here.moved(FAR))
    await cast.move(ben, here.moved(-28))


@shows("location/3", "stage/1")
async def location__is_followed(cast: DongneCast) -> None:
    """A question finds people where they said last that they are."""
    ana, ben = await cast.come("ana"), await cast.come("ben", at=cast.origin.moved(FAR))
    with attributed("dongne/location/3"):
        await cast.ask(ana)
        await cast.move(ben, cast.origin.moved(10))
        await cast.ask(ana)
        await cast.move(ben, cast.origin.moved(-FAR))
        await cast.ask(ana)
        await cast.ask(ana, at=cast.origin.moved(-FAR, 5))


# ---- catching up -------------------------------------------------------------------------------------------------


@shows("sync/1")
async def sync__after_a_drop(cast: DongneCast) -> None:
    """What was answered while one was away is there afterwards: all of it, in order, once."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    question, other = cast.question(), await cast.ask(cast.person("ana"))
    await cast.answer(ben, question, "가기 전에")
    since = await _sync(cast, ana, 0)
    await cast.stage.leave(ana, politely=False)
    for number in range(8):
        await cast.answer((ben, cho)[number % 2], (question, other)[number // 2 % 2], f"없는 동안 {number}")
    await cast.answer(ben, cast.question(1), "남의 질문")
    await cast.reconnect(ana)
    until = await _sync(cast, ana, since, 8)
    until = await _sync(cast, ana, until, 0)
    await cast.answer(cho, question, "돌아온 뒤에")
    until = await _sync(cast, ana, until, 1)
    await cast.stage.say(ana, dongne.SyncUnreadMessages(lastSyncTimestamp=str(question.answers[-1]["createdAt"])))
    await _sync(cast, ben, 0, 0)


async def _sync(cast_: DongneCast, who: Person, since: str | int, number: int | None = None) -> str:
    """Let somebody ask for what came since, of which there are so many; return until when these are all."""
    heard = await cast_.stage.say(who, dongne.SyncUnreadMessages(lastSyncTimestamp=since))
    [payload] = heard.payloads(who, "unread_messages")
    messages = cast("Sequence[Mapping[str, Any]]", payload["messages"])
    ours = [one["content"] for one in messages if one["questionId"] in cast_.model.questions]
    if number is not None:
        require(
            len(ours) == number,
            "dongne/sync/1",
            f"{number} answers since {since}",
            ", ".join(ours) or "none",
            check=Check.HISTORY_KEPT,
        )
    return str(payload["syncedAt"])


@shows("read/1", "all/5")
async def read__is_told_to_the_author(cast: DongneCast) -> None:
    """Whoever reads an answer, its author hears so through every socket, and nobody else."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    await cast.come("ben-again", like=ben)
    answer_id = await cast.answer(ben, cast.question())
    for who in (ana, cho, ben, cast.person("eve")):
        await cast.stage.say(who, dongne.MessageRead(answerId=answer_id))
    await cast.stage.say(ana, dongne.MessageRead(answerId=UNKNOWN))


# ---- what holds for all protocols --------------------------------------------------------------------------------


@shows("all/4", "answer/1", "typing/1")
async def all__identity(cast: DongneCast) -> None:
    """Somebody is whom the token names, whatever else the handshake or the payload says."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    assert ana.identity is not None
    assert ben.identity is not None
    shown = cast.stage.target.showing(ben.identity)["auth"] or {}
    claimed: dict[str, Json] = {**shown, "userId": ana.identity.id, "nickname": "누구"}
    second = await cast.stage.connect("ben-as-ana", ben.identity, auth=claimed)
    await cast.enter(second, 0)
    with attributed("dongne/all/4"):
        await cast.answer(second, cast.question(), "누구일까요?")
        await cast.stage.say(second, dongne.TypingStart(questionId=cast.places[0]))
        await cast.stage.say(second, dongne.AcceptAnswer(answerId=str(cast.question().answers[0]["id"])))
    forged: dict[str, Json] = {"questionId": cast.places[0], "content": "나는 누구?", "userId": ana.identity.id}
    await cast.stage.say_invalid(ben, "create_answer", [forged])
    await cast.settle()


@shows("all/6", "all/7", "join/3")
async def all__order(cast: DongneCast) -> None:
    """Two people answer at once; all hear each answer once, in the order of its author, and the history keeps it."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    question = cast.question()
    cast.stage.begin("ben and cho = answer at once")
    for number in range(AT_ONCE):
        for who in (ben, cho):
            assert who.connection is not None
            who.connection.emit(dongne.CreateAnswer(questionId=question.id, content=f"{who.name} {number}"))
    deadline = time.monotonic() + cast.stage.target.deadline_s(1000)
    await cast.stage.until(lambda: len(_answers(ana)) >= 2 * AT_ONCE, [ana], deadline)
    await cast.stage.fence()
    for listener in (ana, ben, cho):
        came = [str(answer["content"]) for answer in _answers(listener)]
        for speaker in (ben, cho):
            said = [content for content in came if content.startswith(speaker.name)]
            wanted = [f"{speaker.name} {number}" for number in range(AT_ONCE)] if speaker is not listener else []
            expected = f"{listener} hears {speaker}'s {len(wanted)} answers"
            shown = misplaced(wanted, said, partial(_answered, listener))
            require(
                sorted(said) == sorted(wanted),
                "dongne/all/7",
                f"{expected} once each",
                ", ".join(said),
                check=Check.DUPLICATE_DELIVERY,
                shown=shown,
            )
            require(
                said == wanted,
                "dongne/all/6",
                f"{expected} in the order they were given",
                ", ".join(said),
                check=Check.ORDER_PER_SENDER,
                shown=shown,
            )
    await _keep(cast, question, ana)


def _answers(who: Person) -> list[Mapping[str, Any]]:
    """Return the answers that somebody has heard of in the room."""
    return [_field(one, "answer") for one in who.inbox if one.name == "new_answer" and one.event is not None]


def _answered(listener: Person, content: str) -> Symptom:
    return Symptom.heard(listener, "new_answer", Test(("answer", "content"), "is", content), times=1)


def _field(received: Received, field: str) -> Mapping[str, Any]:
    """Return a field, which is an object, of what was heard."""
    assert received.event is not None
    return cast("Mapping[str, Any]", received.event.to_json()[field])


async def _keep(cast_: DongneCast, question: Question, ana: Person) -> None:
    """Take in what was answered, as its authors were told; what ana heard in the room is the order of all of it."""
    told = {
        str(answer["id"]): dict(answer)
        for who in cast_.people_here()
        for one in who.inbox
        if one.name == "answer_created" and one.event is not None
        for answer in [_field(one, "answer")]
    }
    question.answers.extend(told[str(answer["id"])] for answer in _answers(ana))
    question.notices.answered = True
    for who in cast_.stage.people:
        who.forget()
    with attributed("dongne/all/6"):
        await cast_.settle()
