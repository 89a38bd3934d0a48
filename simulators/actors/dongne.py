"""The people of dongne: Asker, Answerer and Admin, who behave, and Heckler, who does not."""

import math
from abc import abstractmethod
from collections.abc import Iterable
from random import Random
from typing import ClassVar, Final

from protocols.contract import Event
from protocols.dongne import (
    AcceptAnswer,
    AnswerNotification,
    CreateAnswer,
    CreateQuestion,
    JoinQuestion,
    LeaveQuestion,
    Location,
    MessageRead,
    MetricsUpdate,
    NearbyQuestionsUpdate,
    NewQuestionNotification,
    QuestionCreated,
    SlowResponseAlert,
    SyncUnreadMessages,
    TypingStart,
    TypingStop,
    UnreadMessages,
    UpdateLocation,
)
from simulators.actor import Act, Actor, Cut, Emit, Intent
from simulators.actors.dongne_island import MATTERS, REPLIES, distance_m, region_of, somewhere
from simulators.actors.dongne_pranks import PRANKS
from simulators.actors.dongne_standing import NOTED, NOTHING, DongneStanding
from simulators.people import Identity

STEP_M: Final = 100.0
"""So far somebody goes before saying where they are; positions in dongne are good to 100 m."""
SPEED: Final = 5.0
"""Metres in a second: on a bicycle."""
STEP_S: Final = STEP_M / SPEED
TUNNEL_S: Final = 600.0
"""Between two losses of the signal, on average. Everybody hears of each, twice."""
OPEN_QUESTIONS: Final = 3
"""So many questions of its own somebody keeps open; with one more the oldest is closed."""
_REMEMBERED: Final = 500


class DongneActor(Actor):
    """Somebody on the island: says where it is on arrival, and catches up after a drop."""

    cares: ClassVar[frozenset[type[Event]]] = NOTED

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        self.place = DongneStanding()
        super().__init__(name, scope, random, self.place)
        self.region = region_of(scope)
        self.at = somewhere(self.region, random)

    def connected(self, identity: Identity, now_s: float) -> None:
        """Say where one is, and live there."""
        self.identity = identity
        self._agenda.clear()
        self.plan(now_s, lambda _: [self.tell_position()])
        self.live(now_s)

    @abstractmethod
    def live(self, now_s: float) -> None:
        """Plan what is done from now on."""

    def hear(self, event: Event, now_s: float) -> None:
        """Take in what was heard; most do nothing about it."""

    def disconnected(self, now_s: float) -> None:
        """Come back soon."""
        self.come(now_s + self.random.uniform(1.0, 3.0))

    def tell_position(self) -> Emit:
        """Return the act of saying where one is."""
        return Emit(UpdateLocation(latitude=self.at.lat, longitude=self.at.lng))

    def lose_signal(self, due_s: float) -> Iterable[Act]:
        """Drive into a tunnel: the connection breaks off without a word."""
        yield Cut()

    def once(self, at_s: float, act: Act) -> None:
        """Plan one act."""
        self.plan(at_s, lambda _: [act])


class Asker(DongneActor):
    """Asks where it is, waits at its questions, reads the answers and accepts the first."""

    kind: ClassVar[str] = "asker"

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        super().__init__(name, scope, random, production=production)
        self._synced_at: str | None = None
        """Until when it has surely heard every answer; the target's own time."""

    def live(self, now_s: float) -> None:
        """Catch up if there was something before, and ask now and then."""
        if (since := self._synced_at) is not None:
            for question in list(self.place.asked)[-OPEN_QUESTIONS:]:
                self.once(now_s, Emit(JoinQuestion(questionId=question)))
            self.once(now_s, Emit(SyncUnreadMessages(lastSyncTimestamp=since)))
        self.plan(now_s + self.random.uniform(0.5, 4.0), self._ask)
        self.now_and_then(now_s, 25.0, self._ask)
        self.now_and_then(now_s, TUNNEL_S, self.lose_signal)

    def _ask(self, due_s: float) -> Iterable[Act]:
        own = [question for question in self.place.here if question in self.place.asked]
        yield from (Emit(LeaveQuestion(questionId=question)) for question in own[: 1 - OPEN_QUESTIONS])
        matter = self.random.choice(MATTERS)
        at = somewhere(self.region, self.random, within_m=600.0)
        yield Emit(
            CreateQuestion(
                title=matter.title,
                content=matter.content,
                location=Location(lat=at.lat, lng=at.lng),
                hashtags=list(matter.hashtags),
                category=matter.category,
                urgency="urgent" if self.random.random() < 0.15 else "normal",
            )
        )

    def hear(self, event: Event, now_s: float) -> None:
        """Read what is answered, and accept one after some thought."""
        match event:
            case QuestionCreated():
                self._synced_at = self._synced_at or event.question.createdAt
            case UnreadMessages():
                self._synced_at = event.syncedAt
                for answer in event.messages:
                    self._read(answer.id, now_s)
            case AnswerNotification():
                self._read(event.answer.id, now_s)
                self.plan(now_s + self.random.lognormvariate(math.log(8.0), 0.5), self._acceptance(event))
            case _:
                pass

    def _read(self, answer: str, now_s: float) -> None:
        self.once(now_s + self.random.uniform(0.5, 4.0), Emit(MessageRead(answerId=answer)))

    def _acceptance(self, event: AnswerNotification) -> Intent:
        def accept(due_s: float) -> Iterable[Act]:
            if self.place.asked.get(event.questionId) is False:  # and no other answer was better
                yield Emit(AcceptAnswer(answerId=event.answer.id))

        return accept


class Answerer(DongneActor):
    """Rides around its region, hears of questions, goes to one at a time, types for a while and answers."""

    kind: ClassVar[str] = "answerer"

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        super().__init__(name, scope, random, production=production)
        self._goal = somewhere(self.region, random)
        self._at_work: str | None = None  # the question that it means to answer
        self._considered: dict[str, None] = {}  # questions that it has thought about once, latest last

    def live(self, now_s: float) -> None:
        """Ride on, and go back to the question that it was at."""
        self.plan(now_s + self.random.uniform(0.5, STEP_S), self._ride)
        self.now_and_then(now_s, TUNNEL_S, self.lose_signal)
        if self._at_work is not None:
            self.plan(now_s, self._work(self._at_work))

    def _ride(self, due_s: float) -> Iterable[Act]:
        far = distance_m(self.at, self._goal)
        if far <= STEP_M:
            self.at, self._goal = self._goal, somewhere(self.region, self.random)
        else:
            north, east = self._goal.lat - self.at.lat, self._goal.lng - self.at.lng
            bearing = math.atan2(east * math.cos(math.radians(self.at.lat)), north)
            self.at = self.at.moved(STEP_M, bearing)
        yield self.tell_position()
        self.plan(due_s + STEP_S * self.random.uniform(0.8, 1.2), self._ride)

    def hear(self, event: Event, now_s: float) -> None:
        """Think about each question once, sooner about those that one is asked directly."""
        match event:
            case NewQuestionNotification():
                interest = 0.9 if event.question.urgency == "urgent" else 0.6
                self._consider(event.question.id, interest, now_s)
            case NearbyQuestionsUpdate():
                for question in event.questions:
                    self._consider(question.id, 0.15, now_s)
            case _:
                pass

    def _consider(self, question: str, interest: float, now_s: float) -> None:
        if question in self._considered or question in self.place.asked:
            return
        self._considered[question] = None
        if len(self._considered) > _REMEMBERED:
            del self._considered[next(iter(self._considered))]
        if self._at_work is None and self.random.random() < interest:
            self._at_work = question
            self.plan(now_s + self.random.lognormvariate(math.log(1.5), 0.6), self._work(question))

    def _work(self, question: str) -> Intent:
        """Go to a question, write for a log-normal while, answer, stay a little, and leave."""

        def go(due_s: float) -> Iterable[Act]:
            yield Emit(JoinQuestion(questionId=question))
            ready_s = due_s + self.random.uniform(0.5, 2.0)
            done_s = ready_s + self.random.lognormvariate(math.log(6.0), 0.6)
            self.plan(ready_s, lambda now_s: write(now_s, done_s))

        def write(due_s: float, done_s: float) -> Iterable[Act]:
            if due_s >= done_s:
                yield Emit(self._reply(question))
                self.plan(due_s + self.random.lognormvariate(math.log(8.0), 0.6), leave)
                return
            yield Emit(TypingStart(questionId=question))
            match self.random.random():
                case chance if chance < 0.15:
                    self.once(due_s + 1.0, Emit(TypingStop(questionId=question)))
                    pause_s = self.random.uniform(1.5, 3.0)
                case chance if chance < 0.3:
                    pause_s = self.random.uniform(3.5, 5.0)  # so long that typing stops by itself
                case _:
                    pause_s = self.random.uniform(1.0, 2.5)
            self.plan(due_s + pause_s, lambda now_s: write(now_s, done_s))

        def leave(due_s: float) -> Iterable[Act]:
            self._at_work = None
            yield Emit(LeaveQuestion(questionId=question))

        return go

    def _reply(self, question: str) -> CreateAnswer:
        content = self.random.choice(REPLIES)
        if self.random.random() < 0.1:
            return CreateAnswer(questionId=question, content=content, images=["https://example.com/here.jpg"])
        return CreateAnswer(questionId=question, content=content)


class Admin(DongneActor):
    """Watches how the service does, and looks at each question that nobody answers."""

    kind: ClassVar[str] = "admin"
    is_staff: ClassVar[bool] = True
    cares: ClassVar[frozenset[type[Event]]] = NOTED | {MetricsUpdate, SlowResponseAlert}

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        super().__init__(name, scope, random, production=production)
        self.metrics: MetricsUpdate | None = None
        """What it saw last."""

    def live(self, now_s: float) -> None:
        """Listen, and nothing else."""

    def hear(self, event: Event, now_s: float) -> None:
        """See the figures, and go to what takes too long."""
        match event:
            case MetricsUpdate():
                self.metrics = event
            case SlowResponseAlert():
                self.once(now_s + 1.0, Emit(JoinQuestion(questionId=event.questionId)))
                self.once(now_s + 10.0, Emit(LeaveQuestion(questionId=event.questionId)))
            case _:
                pass


class Heckler(DongneActor):
    """Breaks every rule of the conversation, but none of the transport's: a correct target keeps it connected."""

    kind: ClassVar[str] = "heckler"

    def live(self, now_s: float) -> None:
        """Play a prank about three times a second."""
        self.now_and_then(now_s, 0.35, self._prank)

    def some_question(self) -> str:
        """Return one of the questions that it has heard of lately."""
        return self.random.choice(list(self.place.known)[-10:] or [NOTHING])

    def _prank(self, due_s: float) -> Iterable[Act]:
        yield from self.random.choice(PRANKS)(self)


ACTORS: Final[dict[str, type[DongneActor]]] = {actor.kind: actor for actor in (Asker, Answerer, Admin, Heckler)}
"""Who may stand in a cast."""
