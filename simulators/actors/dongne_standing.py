"""Where somebody stands in dongne: the questions they are at, have asked and may hear of, and the answers in them."""

from collections import Counter, deque
from collections.abc import Sequence
from typing import ClassVar, Final, TypeVar

from protocols.contract import Condition, Event
from protocols.dongne import (
    AcceptAnswer,
    AnswerAccepted,
    AnswerCreated,
    AnswerNotification,
    CreateAnswer,
    CreateQuestion,
    JoinQuestion,
    LeaveQuestion,
    MessageRead,
    MetricsUpdate,
    NearbyQuestionsUpdate,
    NewAnswer,
    NewQuestionNotification,
    Notification,
    QuestionCreated,
    QuestionMessages,
    RoomUsers,
    SlowResponseAlert,
    TypingStart,
    TypingStop,
    UnreadMessages,
    UpdateLocation,
    UserOffline,
    UserOnline,
    UserStopTyping,
    UserTyping,
)
from simulators.actor import Standing
from simulators.actors.dongne_island import Place, distance_m
from simulators.people import Identity

NOTHING: Final = "nothing-of-this-id"
"""An id that no target gives to a question or an answer."""
SPAM: Final = ("광고", "홍보", "할인", "무료", "클릭")
NEARBY_M: Final = 3000.0
NOTED: Final[frozenset[type[Event]]] = frozenset(
    {
        AnswerAccepted,
        AnswerCreated,
        AnswerNotification,
        NearbyQuestionsUpdate,
        NewAnswer,
        NewQuestionNotification,
        QuestionCreated,
        QuestionMessages,
        RoomUsers,
        UnreadMessages,
        UserStopTyping,
        UserTyping,
    }
)
"""What is heard about one's own place, and what one may do about it."""
_REMEMBERED: Final = 500
"""Questions and answers that somebody remembers, each; a long run has more than anybody can keep in mind."""

_POSITIONS: Final = 100
"""Positions that may be under way at once; a target that is so late has other troubles."""
Value = TypeVar("Value")


class DongneStanding(Standing):
    """One person's place. What one asked and wrote stays one's own over every connection of the same user."""

    notes_said: ClassVar[frozenset[type[Event]] | None] = frozenset(
        {JoinQuestion, LeaveQuestion, TypingStart, TypingStop, CreateAnswer, AcceptAnswer, UpdateLocation}
    )

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, None] = {}
        """The questions that it has heard of, latest last."""
        self.asked: dict[str, bool] = {}
        """Its own questions, latest last -> whether it has accepted an answer, or has tried to."""
        self.answers: dict[str, str] = {}
        """Answer id -> the question that it belongs to."""
        self._identity: Identity | None = None
        # Where the target may take it to be: where it was last known to be, and all that it has said since.
        self._positions: deque[Place] = deque(maxlen=_POSITIONS)
        self._is_placed = False  # whether the first of these is sure; else it may be where only the target knows
        self._written: dict[str, None] = {}
        self._notified: dict[str, None] = {}
        self._visited: dict[str, None] = {}  # every question that it ever went to
        self._joins: Counter[str] = Counter()  # question -> joins said and not confirmed
        self._joins_said = self._joins_heard = 0
        self._left_after = -1  # the number of joins said before it last left a room
        self._typing: set[str] = set()
        self._stopped: set[tuple[str, str]] = set()  # question and user: stopped typing, and has not begun again
        self._is_in = False  # whether the target has let it in, for all it knows
        self._comes_back = False  # while the target may still take its last connection for open

    @property
    def here(self) -> list[str]:
        """The questions whose rooms it is in, confirmed or not."""
        return [room.removeprefix("question:") for room in self.rooms if room.startswith("question:")]

    def connected(self, identity: Identity) -> None:
        """Begin anew, with a session on a new connection."""
        self._comes_back = self._identity is not None and self._identity.id == identity.id
        if not self._comes_back:
            for memory in (self.known, self.asked, self.answers, self._written, self._notified, self._visited):
                memory.clear()
        self._identity = identity
        self.session = {"id": identity.id, "nickname": identity.nickname}
        self.disconnected()
        self._enter(f"user:{identity.id}", sure=False)
        for question in self.asked:
            self._enter(f"asker:{question}", sure=False)
        for answer in self._written:
            self._enter(f"author:{answer}", sure=False)

    def disconnected(self) -> None:
        """Note that the connection is gone, and every room with it."""
        if self.rooms:
            self.rooms.clear()
            self.version += 1
        self._joins.clear()
        self._typing.clear()
        self._stopped.clear()
        self._is_in = False
        self._positions.clear()
        self._is_placed = False
        self._joins_said = self._joins_heard = 0
        self._left_after = -1
        # Whether its three seconds are over, the target alone knows, so nobody can count on hearing that typing ends.
        self.facts = {**self.session, "typingRooms": []}

    # ---- what it says ------------------------------------------------------------------------------------------------

    def said(self, event: Event) -> None:
        """Note what was said, where it has an effect."""
        match event:
            case JoinQuestion() if event.questionId != NOTHING:
                self._joins[event.questionId] += 1
                self._joins_said += 1
                _remember(self._visited, event.questionId, None)
                self._forget_stops(event.questionId)
                self._enter(f"question:{event.questionId}", sure=False)
            case LeaveQuestion():
                self._leave(event.questionId)
            case TypingStart() if event.questionId != NOTHING:
                self._typing.add(event.questionId)
            case TypingStop() | CreateAnswer():
                self._typing.discard(event.questionId)
            case AcceptAnswer() if self.answers.get(event.answerId) in self.asked:
                self.asked[self.answers[event.answerId]] = True
            case UpdateLocation():
                self._positions.append(Place(event.latitude, event.longitude))
            case _:
                pass

    def _leave(self, question: str) -> None:
        self._typing.discard(question)
        self._forget_stops(question)
        self._left_after = self._joins_said
        self._exit(f"question:{question}")
        if question not in self.asked:
            for answer, place in self.answers.items():
                if place == question:
                    self._exit(f"answer:{answer}")

    # ---- what it hears -----------------------------------------------------------------------------------------------

    def heard(self, event: Event) -> None:
        """Note what was heard, where it is about its own place."""
        self._be_in()
        match event:
            case RoomUsers():
                self._joins_heard += 1
                self._joins[event.questionId] -= 1
                if self._joins[event.questionId] <= 0 and f"question:{event.questionId}" in self.rooms:
                    self._enter(f"question:{event.questionId}", sure=True)
            case QuestionMessages():
                for each in event.messages:
                    self._learn(each.id, event.questionId)
            case QuestionCreated():
                self._ask(event.question.id)
            case NewAnswer():
                self._overhear(event.answer.id)
            case AnswerNotification():
                self._learn(event.answer.id, event.questionId)
            case AnswerCreated():
                self._exit(f"author:{_remember(self._written, event.answer.id, None)}")
                self._enter(f"author:{event.answer.id}", sure=True)
                self._learn(event.answer.id, event.answer.questionId)
            case AnswerAccepted() if event.questionId in self.asked:
                self.asked[event.questionId] = True
            case NewQuestionNotification():
                _remember(self.known, event.question.id, None)
                _remember(self._notified, event.question.id, None)
            case NearbyQuestionsUpdate():
                self._settle(Place(event.location.latitude, event.location.longitude))
                for question in event.questions:
                    _remember(self.known, question.id, None)
            case UnreadMessages():
                for each in event.messages:
                    self._learn(each.id, each.questionId)
            case UserTyping():
                self._stopped.discard((event.questionId, event.userId))
            case UserStopTyping():
                self._stopped.add((event.questionId, event.userId))
            case _:
                pass

    def _be_in(self) -> None:
        """Whoever hears something has been let in, and with that into the rooms of what is its own."""
        if not self._is_in:
            self._is_in = True
            for room in [room for room in self.rooms if room.startswith(("user:", "asker:", "author:"))]:
                self._enter(room, sure=True)

    def _ask(self, question: str) -> None:
        _remember(self.known, question, None)
        _remember(self._visited, question, None)
        self._exit(f"asker:{_remember(self.asked, question, False)}")
        self._enter(f"question:{question}", sure=True)
        self._enter(f"asker:{question}", sure=True)

    def _learn(self, answer: str, question: str) -> None:
        """Note that there is an answer, and hear of its acceptance where that is told."""
        _remember(self.known, question, None)
        self._exit(f"answer:{_remember(self.answers, answer, question)}")
        if question in self.asked:
            self._enter(f"answer:{answer}", sure=True)
        elif f"question:{question}" in self.rooms:
            self._enter(f"answer:{answer}", sure=self.rooms[f"question:{question}"])

    def _overhear(self, answer: str) -> None:
        """Note an answer to one of the questions here; which one, it does not say.

        What was said in a room that it has left may still be under way, until a later join has been handled.
        """
        here = self.here
        if answer in self.answers:
            return
        if len(here) == 1 and self._joins_heard > self._left_after:
            self._learn(answer, here[0])
        else:
            self._exit(f"answer:{_remember(self.answers, answer, '')}")
            self._enter(f"answer:{answer}", sure=False)

    def _settle(self, at: Place) -> None:
        """Hear that the target knows a position, and with that none before it."""
        if at in self._positions:
            self._is_placed = True
            while self._positions[0] != at:
                self._positions.popleft()

    def must_not_hear(self, event: Event) -> bool:
        """Say whether it is wrong, whoever else there may be: told twice, told of oneself, or from too far away."""
        return isinstance(event, NewQuestionNotification | NearbyQuestionsUpdate) and not self.may_hear(event)

    def may_hear(self, event: Event) -> bool:
        """Say whether something can be right to hear that nobody here is known to have caused: timers, and others."""
        match event:
            case UserOnline() | UserOffline() | Notification():
                return True
            case NewQuestionNotification():
                return event.question.id not in self._notified and event.question.id not in self.asked
            case NearbyQuestionsUpdate():
                at = Place(event.location.latitude, event.location.longitude)
                return not self._is_placed or any(distance_m(each, at) <= NEARBY_M + 1 for each in self._positions)
            case UserStopTyping():
                return event.questionId in self._visited and (event.questionId, event.userId) not in self._stopped
            case MetricsUpdate() | SlowResponseAlert():
                return self._identity is not None and self._identity.role != "PARTICIPANT"
            case _:
                return False

    # ---- the contract's conditions -----------------------------------------------------------------------------------

    def holds(self, condition: Condition, event: Event) -> bool | None:
        """Say whether a condition holds for what is about to be said."""
        truth = self._truth(condition.name, event)
        return None if truth is None else truth != condition.negated

    def _truth(self, name: str, event: Event) -> bool | None:
        match name, event:
            case "known", JoinQuestion() | LeaveQuestion() | CreateAnswer() | TypingStart() | TypingStop():
                return True if event.questionId in self.known else False if event.questionId == NOTHING else None
            case "answer-known", AcceptAnswer() | MessageRead():
                return True if event.answerId in self.answers else False if event.answerId == NOTHING else None
            case "elsewhere", _:
                return None if self._comes_back else False
            case "full" | "invalid", _:
                return False  # casts are smaller than that, and what is invalid is not said as an event
            case "spam", CreateQuestion() | CreateAnswer():
                return any(word in text for text in _texts(event) for word in SPAM)
            case "blank", CreateQuestion() | CreateAnswer():
                first = _texts(event)[0]
                return None if "<" in first or "&" in first else not first.strip()
            case "asker", CreateAnswer():
                return True if event.questionId in self.asked else None  # it may have asked before this run
            case "typing", LeaveQuestion() | CreateAnswer() | TypingStop():
                return None if event.questionId in self._typing else False
            case "answer-asker", AcceptAnswer():
                question = self.answers.get(event.answerId)
                return question in self.asked if question else None
            case "author", AcceptAnswer() | MessageRead():
                return True if event.answerId in self._written else None
            case "accepted", AcceptAnswer():
                return self.asked.get(self.answers.get(event.answerId, NOTHING))
            case _:
                return None

    def _enter(self, room: str, *, sure: bool) -> None:
        if self.rooms.get(room) is not sure:
            self.rooms[room] = sure
            self.version += 1

    def _exit(self, room: str) -> None:
        if self.rooms.pop(room, None) is not None:
            self.version += 1

    def _forget_stops(self, question: str) -> None:
        self._stopped = {stop for stop in self._stopped if stop[0] != question}


def _remember(memory: dict[str, Value], key: str, value: Value) -> str:
    """Put something last, and return what is forgotten for it; the empty string where there was room."""
    memory[key] = value
    if len(memory) <= _REMEMBERED:
        return ""
    first = next(iter(memory))
    del memory[first]
    return first


def _texts(event: CreateQuestion | CreateAnswer) -> list[str]:
    """Return the words of something, the ones that may not be blank first."""
    if isinstance(event, CreateAnswer):
        return [event.content]
    hashtags = event.hashtags if isinstance(event.hashtags, Sequence) else ()
    return [event.title, *([event.content] if isinstance(event.content, str) else []), *hashtags]
