"""Neighbours of dongne at the pace of a real evening: they come and go, ask seldom, and answer some of what they hear.

The other people of dongne are hurried, so that a test of seconds sees everything happen; these take hours, so that the
figures of an evening mean something.
"""

import math
from collections.abc import Iterable, Mapping
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
    NearbyQuestionsUpdate,
    NewQuestionNotification,
    QuestionCreated,
    TypingStart,
)
from simulators.actor import Act, Emit, Intent, Leave
from simulators.actors.dongne import DongneActor
from simulators.actors.dongne_island import MATTERS, REPLIES, somewhere
from simulators.actors.dongne_standing import NOTED
from simulators.people import Identity

STAY_S: Final = 45 * 60.0
"""How long somebody stays; half of them are gone by then."""
AWAY_S: Final = 40 * 60.0
"""How long somebody who comes back was away, on average."""
COMES_BACK: Final = 0.6
"""The part of those who leave that looks in again."""
ASK_S: Final = 100 * 60.0
"""Between two questions of somebody who is there, on average."""
WALK_S: Final = 120.0
"""Between two positions of somebody who is about, on average; who is at home stays there."""
IS_ABOUT: Final = 0.3
"""The part that is out of doors."""
ANSWERS: Final[Mapping[str, float]] = {"IMMEDIATE": 0.06, "QUICK": 0.02, "EXTENDED": 0.25, "FINAL": 0.004}
"""By how loudly somebody is told of a question, how likely they answer it; an urgent one twice as likely."""
BROWSES: Final = 0.04
"""How likely somebody who looks in answers one of the questions nearby."""
NOTICE_S: Final = 25.0
"""Until somebody looks at a notification: half of them have by then."""
WRITE_S: Final = 35.0
"""For writing an answer, likewise."""


class Neighbour(DongneActor):
    """Looks in for some of the evening, asks something now and then, and answers what it knows."""

    kind: ClassVar[str] = "neighbour"
    # Of all that its standing may note, it needs no more; what everybody hears of everybody would cost the most.
    cares: ClassVar[frozenset[type[Event]]] = NOTED & {
        QuestionCreated,
        AnswerNotification,
        NewQuestionNotification,
        NearbyQuestionsUpdate,
    }

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        super().__init__(name, scope, random, production=production)
        self._is_about = random.random() < IS_ABOUT
        self._writing = False
        self._looks_around = False  # at what was asked nearby while it was away
        self._leaves = False  # politely, so that it stays away for longer than who lost the signal

    def live(self, now_s: float) -> None:
        """Stay for a log-normal while."""
        self._writing = self._leaves = False
        self._looks_around = True
        self.plan(now_s + self.random.lognormvariate(math.log(STAY_S), 0.7), self._go)
        self.now_and_then(now_s, ASK_S, self._ask)
        if self._is_about:
            self.now_and_then(now_s, WALK_S, self._walk)

    def disconnected(self, now_s: float) -> None:
        """Look in again later, or not; who lost the signal is back in a moment."""
        if not self._leaves:
            super().disconnected(now_s)
        elif self.random.random() < COMES_BACK:
            self.come(now_s + self.random.expovariate(1 / AWAY_S))
        else:
            self.come(math.inf)

    def hear(self, event: Event, now_s: float) -> None:
        """Answer some questions, and read and accept answers."""
        match event:
            case NewQuestionNotification():
                interest = ANSWERS[event.priority] * (2 if event.question.urgency == "urgent" else 1)
                self._consider(event.question.id, interest, now_s)
            case NearbyQuestionsUpdate() if self._looks_around:
                self._looks_around = False
                for question in event.questions:
                    self._consider(question.id, BROWSES, now_s)
            case AnswerNotification():
                self.plan(now_s + self.random.expovariate(1 / 20.0), self._reading(event))
            case _:
                pass

    def _consider(self, question: str, interest: float, now_s: float) -> None:
        if not self._writing and self.random.random() < interest:
            self._writing = True
            self.plan(now_s + self.random.lognormvariate(math.log(NOTICE_S), 0.9), self._work(question))

    def _go(self, due_s: float) -> Iterable[Act]:
        self._leaves = True
        yield Leave()

    def _walk(self, due_s: float) -> Iterable[Act]:
        self.at = somewhere(self.region, self.random)
        yield self.tell_position()

    def _ask(self, due_s: float) -> Iterable[Act]:
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

    def _work(self, question: str) -> Intent:
        """Open a question, write for a while, answer, and leave it."""

        def begin(due_s: float) -> Iterable[Act]:
            yield Emit(JoinQuestion(questionId=question))
            yield Emit(TypingStart(questionId=question))
            self.plan(due_s + self.random.lognormvariate(math.log(WRITE_S), 0.6), answer)

        def answer(due_s: float) -> Iterable[Act]:
            self._writing = False
            yield Emit(CreateAnswer(questionId=question, content=self.random.choice(REPLIES)))
            yield Emit(LeaveQuestion(questionId=question))

        return begin

    def _reading(self, event: AnswerNotification) -> Intent:
        def read(due_s: float) -> Iterable[Act]:
            yield Emit(MessageRead(answerId=event.answer.id))
            if self.place.asked.get(event.questionId) is False and self.random.random() < 0.5:
                yield Emit(AcceptAnswer(answerId=event.answer.id))

        return read


def neighbour(number: int, region: str, identity: Identity, seed: int, evening_s: float) -> Neighbour:
    """Return somebody who lives in a region and comes some time in the first two thirds of the evening."""
    name = f"{Neighbour.kind}-{number}"
    someone = Neighbour(name, region, Random(f"{seed}/{name}"))
    someone.identity = identity
    # A quarter is there when the evening begins; of the others more come early than late.
    early = someone.random.random() < 0.25
    someone.come(someone.random.uniform(0, 60.0) if early else someone.random.triangular(0, evening_s * 0.8, 0))
    return someone
