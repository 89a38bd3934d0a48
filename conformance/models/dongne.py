"""What a user of `dongne` may rely on: who has which question open and types there, what was asked, and who is where.

The contract says who hears what; here stands only what it cannot say by itself, from the client's side. What the judge
cannot know of a user (nobody said where they are, or whether they are a verified local) it holds against nobody.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, cast

import hypothesis.strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.expectation import Expectation, Heard, Outlook
from conformance.model import Model
from conformance.models import dongne_laws as laws
from conformance.models import dongne_texts as texts
from conformance.models.dongne_places import Point, distance_m
from conformance.models.dongne_stages import AFTER_MS, ALARM, MANNERS, Neighbour, Notices, tag_of
from conformance.models.dongne_typing import Typing
from conformance.person import Person
from conformance.strategies import valid
from conformance.verdict import Broken
from protocols import dongne
from protocols.contract import Event, Json, Operation, Protocol
from simulators.received import Received
from simulators.target import Target

UNKNOWN: Final = "nobody-asked-this"
MOST_ROOMS: Final = 500
"""As the contract's condition `rooms-full` says."""
MOST_ANSWERS: Final = 500
"""As the contract's condition `full` says."""
NEAR_M: Final = 3000
"""`dongne/location/1`."""
NEAR_ITS_TIME_S: Final = 0.5
"""So long before a stage begins, of our seconds, nobody can tell any more whether a change comes in time for it."""


@dataclass(eq=False, slots=True)
class Question:
    """One question that the cast has asked."""

    told: Mapping[str, Any]
    """As `question_created` told it."""
    asked_at: float
    """`time.monotonic()`."""
    notices: Notices
    members: list[Person] = field(default_factory=list)
    """The sockets that have it open."""
    answers: list[dict[str, Any]] = field(default_factory=list)
    """As `answer_created` told them, accepted or not by now."""
    planned: dict[int, list[Expectation]] = field(default_factory=dict)
    """Stage -> what it is to bring, while that is still to come."""

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.told["id"])

    @property
    def at(self) -> Point:
        """The place it is about."""
        return self.notices.at

    @property
    def summary(self) -> Mapping[str, Json]:
        """What a notification says of it."""
        names = ("id", "title", "location", "hashtags", "urgency", "createdAt")
        return {name: self.told[name] for name in names}

    @property
    def accepted(self) -> bool:
        """Whether one of its answers is accepted."""
        return any(answer["isAccepted"] for answer in self.answers)


class DongneModel(Model):
    """The questions of one cast, and everybody who has to do with them."""

    protocol: ClassVar[Protocol] = dongne.PROTOCOL

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.questions: dict[str, Question] = {}
        self.at: dict[Json, Point] = {}  # user id -> where they said they are, while they are online
        self.known: set[Json] = set()
        """Ids of everybody who was ever here."""
        self.typing: dict[tuple[str, Json], Typing] = {}  # question id, user id -> who types
        self._said_at: dict[Point, None] = {}  # places that the cast spoke of, the same order whatever they are
        self._missed: set[str] = set()  # answers that were accepted while their authors were away

    # ---- facts -------------------------------------------------------------------------------------------------

    def facts(self, who: Person) -> Mapping[str, Json]:
        """Return who the token names, and the rooms in which they type, said so last through this socket."""
        assert who.identity is not None  # nobody is let in without
        rooms: list[Json] = [f"question:{t.question_id}" for t in self.typing.values() if self._is_on(t, who)]
        return {"id": who.identity.id, "nickname": who.identity.nickname, "typingRooms": rooms}

    def twins(self, who: Person) -> list[Person]:
        """Return the other open sockets of the same user."""
        return [socket for socket in self.sockets(self.user_id(who)) if socket is not who]

    def question_of(self, answer_id: str) -> Question | None:
        """Return the question that an answer answers."""
        every = self.questions.values()
        return next((one for one in every if any(answer["id"] == answer_id for answer in one.answers)), None)

    def answer(self, answer_id: str) -> dict[str, Any] | None:
        """Return an answer."""
        question = self.question_of(answer_id)
        answers = () if question is None else question.answers
        return next((answer for answer in answers if answer["id"] == answer_id), None)

    def holds(self, condition: str, who: Person, event: Event | None) -> bool:
        """Say whether a condition of the contract holds."""
        question_id, answer_id = str(getattr(event, "questionId", "")), str(getattr(event, "answerId", ""))
        question, answered = self.questions.get(question_id), self.question_of(answer_id)
        answer, user_id = self.answer(answer_id), self.user_id(who)
        typing = self.typing.get((question_id, user_id))
        match condition:
            case "elsewhere":
                return bool(self.twins(who))
            case "known":
                return question is not None
            case "full":
                return question is not None and len(question.answers) >= MOST_ANSWERS
            case "asker":
                return question is not None and question.notices.asker_id == user_id
            case "typing":
                return typing is not None and self._is_on(typing)
            case "typing-here":
                return typing is not None and self._is_on(typing, who)
            case "rooms-full":
                opened = [one for one in self.questions.values() if who in one.members]
                return question is not None and question not in opened and len(opened) >= MOST_ROOMS
            case "spam":
                return any(map(texts.is_spam, _written(event)))
            case "blank":
                return texts.is_blank(next(_written(event)))
            case "answer-known":
                return answered is not None
            case "answer-asker":
                return answered is not None and answered.notices.asker_id == user_id
            case "author":
                return answer is not None and answer["userId"] == user_id
            case "author-listens":
                return answer is not None and self._listens(answer["userId"])
            case "accepted":
                return answered is not None and answered.accepted
        raise LookupError(f"the contract speaks of a condition {condition!r} that the model does not know")

    def _listens(self, user_id: Json) -> bool:
        """Say whether somebody's settings allow notifications by socket; they do unless `channels` says otherwise."""
        details = next((who.identity.details for who in self.sockets(user_id) if who.identity is not None), {})
        return "socket" in details.get("channels", "socket").split(",")

    def members(self, room: str) -> Collection[Person]:
        """Return who is in a room of the contract's."""
        kind, _, name = room.partition(":")
        match kind:
            case "question":
                return list(self.questions[name].members)
            case "asker":
                return self.sockets(self.questions[name].notices.asker_id)
            case "answer" if (question := self.question_of(name)) is not None:
                return list(question.members)
            case "author" if (answer := self.answer(name)) is not None:
                return self.sockets(answer["userId"])
            case "near":
                here = Point(*map(float, name.split(",")))
                return [who for who in self.present if self._is_near(who, here)]
        raise LookupError(f"the contract speaks of a room {room!r} that the model does not know")

    def _is_near(self, who: Person, here: Point) -> bool:
        there = self.at.get(self.user_id(who))
        return there is not None and distance_m(there, here) <= NEAR_M

    def possible(self, who: Person, received: Received) -> bool:
        """Allow what strangers and the cases before cause, and what depends on things that nobody here can know."""
        match received.event:
            case dongne.UserOnline(userId=user_id) | dongne.UserOffline(userId=user_id):
                return user_id not in self.known | set(map(self.user_id, self.present))
            case dongne.NewQuestionNotification(question=question):
                if (known := self.questions.get(question.id)) is not None:
                    return self.user_id(who) in known.notices.doubtful
                there = Point(question.location.lat, question.location.lng)
                return all(distance_m(there, here) > 2 * NEAR_M for here in self._said_at)
            case dongne.NearbyQuestionsUpdate(location=location):
                is_ours = Point(location.latitude, location.longitude) in self._said_at
                return not is_ours or self.user_id(who) not in self.at
            case dongne.Notification(data=data):
                return self.answer(str(data.answerId)) is None or data.answerId in self._missed
            case dongne.MetricsUpdate():
                return self._neighbour(who).admin is not False
            case dongne.SlowResponseAlert(questionId=question_id):
                return self._neighbour(who).admin is not False and (
                    question_id not in self.questions
                    or self.user_id(who) in self.questions[question_id].notices.doubtful
                )
            case dongne.UserStopTyping(userId=user_id, questionId=question_id):
                typing = self.typing.get((question_id, user_id))
                return typing is not None and who in typing.doubtful
        return False

    def describe(self) -> str:
        """Say who has what open, and who is whose other socket."""
        rooms = [f"{', '.join(map(str, q.members))} in {q.id}" for q in self.questions.values() if q.members]
        users: dict[Json, list[Person]] = {}
        for who in self.present:
            users.setdefault(self.user_id(who), []).append(who)
        twins = [" and ".join(map(str, sockets)) + " are one user" for sockets in users.values() if len(sockets) > 1]
        return "; ".join([*rooms, *twins]) or "nobody has a question open"

    # ---- what is heard besides ---------------------------------------------------------------------------------

    def foresee(self, who: Person, event: Event, *, asked: bool | None = None) -> Outlook:
        """Add the first stage to what the contract says of a question; who moves is near with all their sockets."""
        match event:
            case dongne.CreateQuestion():
                here = Point(event.location.lat, event.location.lng)
                self._said_at[here] = None
                outlook = super().foresee(who, event, asked=asked)
                if outlook.refusal is not None:
                    return outlook
                named = self._notices(who, event).named(1, self._neighbours())
                first = [self._notice(socket, 1, {}) for one in named for socket in one.sockets]
                return replace(outlook, expectations=[*outlook.expectations, *first])
            case dongne.UpdateLocation():
                user_id = self.user_id(who)
                before, here = self.at.get(user_id), Point(event.latitude, event.longitude)
                self._said_at[here] = None
                self.at[user_id] = here
                outlook = super().foresee(who, event, asked=asked)
                if before is None:
                    del self.at[user_id]
                else:
                    self.at[user_id] = before
                return outlook
        return super().foresee(who, event, asked=asked)

    def _notices(self, who: Person, event: dongne.CreateQuestion) -> Notices:
        tags = event.hashtags if isinstance(event.hashtags, list | tuple) else ()
        here = Point(event.location.lat, event.location.lng)
        return Notices(self.user_id(who), here, frozenset(map(tag_of, tags)))

    def _neighbour(self, who: Person) -> Neighbour:
        assert who.identity is not None
        user_id = who.identity.id
        return Neighbour.of(who.identity, self.sockets(user_id), self.at.get(user_id))

    def _neighbours(self) -> list[Neighbour]:
        """Return everybody online, each user once."""
        return list({one.user_id: one for one in map(self._neighbour, self.present)}.values())

    def _notice(self, socket: Person, stage: int, where: Mapping[str, Json]) -> Expectation:
        if stage == ALARM:
            operation = self.protocol.operation(dongne.SlowResponseAlert)
            return Expectation(socket, operation, where, 1000, "dongne/time/2")
        operation = self.protocol.operation(dongne.NewQuestionNotification)
        within_ms = 3000 if stage == 1 else 1000
        return Expectation(socket, operation, {**MANNERS[stage], **where}, within_ms, f"dongne/stage/{stage}")

    # ---- changes -----------------------------------------------------------------------------------------------

    def arrive(self, who: Person, heard: Heard) -> None:
        """Know somebody, who is somewhere."""
        self.known.add(self.user_id(who))
        self._replan(who)

    def leave(self, who: Person) -> None:
        """Take a socket out of its rooms; where somebody is offline, nobody knows where they are."""
        for question in self.questions.values():
            self._close(who, question)
        if not self.sockets(self.user_id(who)):
            self.at.pop(self.user_id(who), None)
        self._replan(who)

    def apply(self, who: Person, event: Event, heard: Heard) -> None:
        """Change the state as this accepted event does."""
        user_id = self.user_id(who)
        match event:
            case dongne.JoinQuestion():
                self._open(who, self.questions[event.questionId])
            case dongne.LeaveQuestion():
                self._close(who, self.questions[event.questionId])
            case dongne.CreateQuestion():
                told = heard.payloads(who, dongne.QuestionCreated.event_name)[0]["question"]
                self._ask(who, event, cast("Mapping[str, Any]", told))
            case dongne.CreateAnswer():
                self._stop(event.questionId, user_id)
                told = heard.payloads(who, dongne.AnswerCreated.event_name)[0]["answer"]
                question = self.questions[event.questionId]
                question.answers.append(dict(cast("Mapping[str, Any]", told)))
                question.notices.answered = True
                self._plan(question)
            case dongne.AcceptAnswer():
                answer = self.answer(event.answerId)
                assert answer is not None
                answer["isAccepted"] = True
                if not self.sockets(answer["userId"]):
                    self._missed.add(event.answerId)
            case dongne.TypingStart():
                self._type(who, self.questions[event.questionId])
            case dongne.TypingStop():
                self._stop(event.questionId, user_id)
            case dongne.UpdateLocation():
                self.at[user_id] = Point(event.latitude, event.longitude)
                self._replan(who)

    # ---- typing ------------------------------------------------------------------------------------------------

    def _is_on(self, typing: Typing, socket: Person | None = None) -> bool:
        """Say whether a stop is still to come, through this socket or any; a timer ends it as well."""
        if socket is not None and typing.socket is not socket:
            return False
        if not typing.owed:
            return typing.left_ms(self.moment, self.target) > 0
        still = {id(owed.expectation) for owed in self.owed}
        return all(id(expectation) in still for expectation in typing.owed)

    def _type(self, who: Person, question: Question) -> None:
        """Begin anew; everybody who has the question open now is to hear when it ends."""
        self._stop(question.id, self.user_id(who))
        typing = Typing(question.id, self.user_id(who), who, self.moment)
        self.typing[question.id, typing.user_id] = typing
        for listener in question.members:
            if listener is not who:
                self._owe_end(typing, listener)

    def _stop(self, question_id: str, user_id: Json) -> None:
        """End typing, if it has not ended by itself."""
        typing = self.typing.get((question_id, user_id))
        if typing is not None and self._is_on(typing):
            self._forgive(typing.owed)
            del self.typing[question_id, user_id]

    def _owe_end(self, typing: Typing, listener: Person) -> None:
        operation = self.protocol.operation(dongne.UserStopTyping)
        where = {"userId": typing.user_id, "questionId": typing.question_id}
        expectation = Expectation(listener, operation, where, 1000, "dongne/typing/2")
        typing.owed.append(expectation)
        self.owe(expectation, typing.left_ms(self.moment, self.target))

    def _open(self, who: Person, question: Question) -> None:
        if who in question.members:
            return
        question.members.append(who)
        for typing in self._typing_in(question):
            left_s = typing.left_ms(self.moment, self.target) / 1000 / self.target.time_scale
            if typing.socket is not who and left_s > NEAR_ITS_TIME_S:
                self._owe_end(typing, who)
            elif left_s > -self.target.deadline_s(1000):
                typing.doubtful.append(who)

    def _close(self, who: Person, question: Question) -> None:
        if who in question.members:
            question.members.remove(who)
        for typing in self._typing_in(question):
            self._forgive([expectation for expectation in typing.owed if expectation.receiver is who])
            typing.owed[:] = [expectation for expectation in typing.owed if expectation.receiver is not who]
            if typing.socket is who:
                self._stop(question.id, typing.user_id)

    def _typing_in(self, question: Question) -> list[Typing]:
        return [typing for typing in self.typing.values() if typing.question_id == question.id]

    def _forgive(self, expectations: list[Expectation]) -> None:
        forgiven = set(map(id, expectations))
        self.forgive(lambda expectation: id(expectation) in forgiven)

    # ---- stages ------------------------------------------------------------------------------------------------

    def _ask(self, who: Person, event: dongne.CreateQuestion, told: Mapping[str, Any]) -> None:
        question = Question(told, self.moment, self._notices(who, event))
        question.members.append(who)
        question.notices.notified.update(one.user_id for one in question.notices.named(1, self._neighbours()))
        self.questions[question.id] = question
        self._plan(question)

    def _due_in_s(self, question: Question, stage: int) -> float:
        """Return how many of our seconds are left until a stage begins."""
        return question.asked_at + AFTER_MS[stage] / 1000 / self.target.time_scale - self.moment

    def _replan(self, who: Person) -> None:
        """Plan again, now that somebody is somewhere else; whom a stage may just have named is in doubt."""
        user_id = self.user_id(who)
        for question in self.questions.values():
            for stage in (2, 3, 4):
                left_s = self._due_in_s(question, stage)
                if -self.target.deadline_s(1000) < left_s < NEAR_ITS_TIME_S:
                    self._doubt(question, stage, user_id)
            self._plan(question)

    def _doubt(self, question: Question, stage: int, user_id: Json) -> None:
        question.notices.doubtful.add(user_id)
        mine = [one for one in question.planned.get(stage, ()) if self.user_id(one.receiver) == user_id]
        self._forgive(mine)

    def _plan(self, question: Question) -> None:
        """Owe what the stages to come are to bring, as far as it can be known by now."""
        notices, earlier = question.notices, set(question.notices.notified)
        for stage in (2, 3, 4, ALARM):
            left_s = self._due_in_s(question, stage)
            planned = question.planned.get(stage, [])
            if left_s > NEAR_ITS_TIME_S or stage not in question.planned:
                self._forgive(planned)
                named = notices.named(stage, self._neighbours(), () if stage == ALARM else earlier)
                where = _about(question, stage)
                planned = [self._notice(socket, stage, where) for one in list(named) for socket in one.sockets]
                question.planned[stage] = planned
                for expectation in planned:
                    self.owe(expectation, left_s * 1000 * self.target.time_scale)
            elif stage in {4, ALARM} and notices.answered and left_s > -self.target.deadline_s(1000):
                for expectation in planned:
                    self._doubt(question, stage, self.user_id(expectation.receiver))
            if stage != ALARM:
                earlier |= {self.user_id(expectation.receiver) for expectation in planned}

    # ---- beyond the templates ----------------------------------------------------------------------------------

    def promises(self, who: Person, event: Event, heard: Heard) -> Iterator[Broken]:
        """Check what was told of questions and answers: lists, texts, and that all hear of the same."""
        return laws.broken(self, who, event, heard)

    # ---- payloads ----------------------------------------------------------------------------------------------

    def payloads(self, operation: Operation, who: Person) -> SearchStrategy[Json]:
        """Return valid payloads about questions and answers that exist, and places that are near or anywhere."""
        assert operation.schema is not None
        question_id = st.sampled_from([*self.questions, UNKNOWN])
        answer_id = st.sampled_from([*(str(a["id"]) for q in self.questions.values() for a in q.answers), UNKNOWN])
        overrides: dict[str, SearchStrategy[Json]]
        match operation.event:
            case dongne.CreateQuestion:
                near: list[Json] = [{"lat": point.lat, "lng": point.lng} for point in self._said_at]
                anywhere = valid(self.protocol, "Location")
                overrides = {
                    "title": texts.WRITTEN,
                    "content": texts.WRITTEN,
                    "category": texts.TEXTS,
                    "hashtags": st.lists(texts.TEXTS, max_size=5),
                    "location": st.sampled_from(near) | anywhere if near else anywhere,
                }
            case dongne.CreateAnswer:
                overrides = {"questionId": question_id, "content": texts.WRITTEN}
            case dongne.AcceptAnswer | dongne.MessageRead:
                overrides = {"answerId": answer_id}
            case dongne.UpdateLocation:
                here = list(self._said_at) or [Point(0, 0)]
                overrides = {
                    "latitude": st.sampled_from([point.lat for point in here]),
                    "longitude": st.sampled_from([point.lng for point in here]),
                }
            case dongne.SyncUnreadMessages:
                times = [str(answer["createdAt"]) for q in self.questions.values() for answer in q.answers]
                overrides = {"lastSyncTimestamp": st.sampled_from([0, *times])}
            case _:
                overrides = {"questionId": question_id}
        return valid(self.protocol, operation.schema, overrides=overrides)


def _about(question: Question, stage: int) -> Mapping[str, Json]:
    return {"questionId": question.id} if stage == ALARM else {"question": question.summary}


def _written(event: Event | None) -> Iterator[str]:
    """Yield the texts of a question or an answer; that which may not be blank is the first."""
    match event:
        case dongne.CreateQuestion():
            yield event.title
            yield from (text for text in (event.content, event.category) if isinstance(text, str))
            yield from event.hashtags if isinstance(event.hashtags, list | tuple) else ()
        case dongne.CreateAnswer():
            yield event.content
