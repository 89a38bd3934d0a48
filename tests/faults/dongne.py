"""Servers of dongne that are wrong in one thing each, named for what they break.

Each is the whole server with one small patch: an entry that is treated otherwise, or an effect that is changed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from protocols import dongne
from protocols.contract import Json
from reference_server.effects import (
    Command,
    Connected,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Gone,
    Later,
    Leave,
    Publish,
    Said,
    Stamp,
)
from reference_server.rules.dongne import POINTS, Dongne
from reference_server.rules.dongne_commands import MetricsDue, StageDue, TypingLapse
from reference_server.rules.dongne_people import ADMINS, EVERYBODY
from reference_server.rules.dongne_stages import Stages
from reference_server.rules.dongne_state import Question, Socket, User

FAULTS: "list[type[Faulty]]" = []


class Faulty(Dongne):
    """A server of dongne with something wrong."""

    requirement: ClassVar[str]
    scale: ClassVar[float] = 1.0
    """How fast its time must pass for the fault to show soon."""
    in_redis: ClassVar[bool] = False
    """Whether it shows in what others read."""


def breaks(requirement: str, *, scale: float = 1.0, in_redis: bool = False) -> "Callable[[type[Faulty]], type[Faulty]]":
    """Name the requirement that a faulty server breaks."""

    def register(fault: type[Faulty]) -> type[Faulty]:
        fault.requirement, fault.scale, fault.in_redis = f"dongne/{requirement}", scale, in_redis
        FAULTS.append(fault)
        return fault

    return register


def said(entry: Entry, event: type[Any]) -> bool:
    """Say whether somebody has said such an event."""
    return isinstance(entry, Said) and isinstance(entry.event, event)


class Changed(Faulty):
    """A server whose effects pass through `change` before they are carried out."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        for effect in super().handle(entry, stamp):
            yield from self.change(effect, entry)

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        raise NotImplementedError


class Retold(Changed):
    """A server that tells one event otherwise."""

    event: ClassVar[type[Any]]

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if isinstance(effect, Emit) and isinstance(effect.event, self.event):
            yield from self.retell(effect, entry)
        else:
            yield effect

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        """Tell it not at all, unless a fault says how."""
        yield from ()


def changed(emit: Emit, **fields: object) -> Emit:
    """Return what is told, with other fields."""
    return replace(emit, event=emit.event.model_copy(update=fields))


class Staged(Faulty):
    """A server with other stages."""

    stages: ClassVar[type[Stages]]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._stages = self.stages(self._people, self._archive, self._center)


# ---- coming and going --------------------------------------------------------------------------------------------


@breaks("handshake/2")
class AnybodyComesIn(Faulty):
    """Whoever holds a good token comes in, whether they exist or not."""

    def admits(self, claims: Mapping[str, Json]) -> str:
        return ""


@breaks("presence/1")
class OnlineUntold(Retold):
    """Nobody hears who comes."""

    event = dongne.UserOnline


@breaks("presence/2")
class OfflineWithAnySocket(Faulty):
    """A user is offline as soon as one of their sockets is gone."""

    def _gone(self, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        yield from super()._gone(socket, stamp)
        if self._people.is_online(socket.user.id):
            yield Emit(dongne.UserOffline(userId=socket.user.id, timestamp="2026-11-21T00:00:00Z"), EVERYBODY)


@breaks("presence/2")
class OfflineUntold(Retold):
    """Nobody hears who goes."""

    event = dongne.UserOffline


@breaks("all/8")
class GhostsInRooms(Faulty):
    """Who has disconnected is in the room still."""

    def _gone(self, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        rooms = list(socket.rooms.values())
        yield from super()._gone(socket, stamp)
        for question in rooms:
            question.present[socket.sid] = socket


# ---- rooms -------------------------------------------------------------------------------------------------------


@breaks("join/1")
class UnknownQuestionInOtherWords(Retold):
    """Who opens a question that nobody asked is told something else."""

    event = dongne.Error

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield changed(emit, message="No such question") if said(entry, dongne.JoinQuestion) else emit


@breaks("join/2")
class UsersBySocket(Retold):
    """A user is in the room once for each of their sockets."""

    event = dongne.RoomUsers

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        question = self._archive.questions[cast("dongne.RoomUsers", emit.event).questionId]
        yield changed(emit, users=[socket.user.ref for socket in question.present.values()])


@breaks("join/2")
class NewcomerMissing(Retold):
    """Who opens a question is not among its users yet."""

    event = dongne.RoomUsers

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        users = cast("dongne.RoomUsers", emit.event).users
        yield changed(emit, users=users[:-1] or users)


@breaks("join/3")
class NewestAnswersFirst(Retold):
    """The history begins at its end."""

    event = dongne.QuestionMessages

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield changed(emit, messages=cast("dongne.QuestionMessages", emit.event).messages[::-1])


@breaks("join/3")
class LastTenAnswers(Retold):
    """The history forgets what is older."""

    event = dongne.QuestionMessages

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield changed(emit, messages=cast("dongne.QuestionMessages", emit.event).messages[-10:])


@breaks("leave/1")
class LeftAndHears(Changed):
    """Who has left a question goes on hearing it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (isinstance(effect, Leave) and said(entry, dongne.LeaveQuestion)):
            yield effect


@breaks("leave/2")
class LeftAndTypes(Faulty):
    """Who leaves while typing goes on typing for the others."""

    def _act(self, socket: Socket, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(event, dongne.LeaveQuestion):
            typing, socket.typing = socket.typing, set()
            yield from super()._act(socket, event, stamp)
            socket.typing = typing
        else:
            yield from super()._act(socket, event, stamp)


# ---- asking ------------------------------------------------------------------------------------------------------


class RetoldQuestion(Retold):
    """A server that is wrong about a new question."""

    event = dongne.QuestionCreated
    fields: ClassVar[Mapping[str, object]]

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        question = cast("dongne.QuestionCreated", emit.event).question
        yield changed(emit, question=question.model_copy(update=dict(self.fields)))


@breaks("ask/1")
class EverythingIsUrgent(RetoldQuestion):
    """A question that can wait is told as urgent."""

    fields: ClassVar[Mapping[str, object]] = {"urgency": "urgent"}


@breaks("ask/2")
class TooMuchIsSwallowed(Retold):
    """A question that is too long is neither kept nor refused."""

    event = dongne.Error

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not isinstance(entry, Garbled):
            yield emit


class Lax(Faulty):
    """A server that lets something pass which it should refuse."""

    def passes(self, event: dongne.Inbound) -> bool:
        """Say whether an event is not looked at."""
        raise NotImplementedError

    def _said(self, socket: Socket, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        if self.passes(event):
            yield from self._act(socket, event, stamp)
        else:
            yield from super()._said(socket, event, stamp)


@breaks("ask/3")
class SpamInDisguise(Lax):
    """Advertising passes with a character of no width in it."""

    def passes(self, event: dongne.Inbound) -> bool:
        return isinstance(event, dongne.CreateQuestion) and "\u200b" in event.title


@breaks("ask/3")
class SpamNotified(Faulty):
    """Advertising is refused to its author, and the neighbours hear of it all the same."""

    def _said(self, socket: Socket, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        effects = list(super()._said(socket, event, stamp))
        if isinstance(event, dongne.CreateQuestion) and any(
            isinstance(effect, Emit) and isinstance(effect.event, dongne.Error) for effect in effects
        ):
            for effect in self._act(socket, event, stamp):
                if isinstance(effect, Emit) and isinstance(effect.event, dongne.NewQuestionNotification):
                    yield effect
        yield from effects


class Raw(Retold):
    """A server that tells texts as they were said."""

    said: ClassVar[type[Any]]
    within: ClassVar[str]
    names: ClassVar[tuple[str, ...]]

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if isinstance(entry, Said) and isinstance(entry.event, self.said):
            event = entry.event.to_json()
            raw = {name: event[name] for name in self.names if name in event}
            emit = changed(emit, **{self.within: getattr(emit.event, self.within).model_copy(update=raw)})
        yield emit


@breaks("ask/4")
class MarkupOfQuestions(Raw):
    """A question is told with its markup."""

    event = dongne.QuestionCreated
    said = dongne.CreateQuestion
    within = "question"
    names = ("title",)


@breaks("ask/4")
class MarkupOfNotices(Raw):
    """The neighbours are notified with the markup of a title."""

    event = dongne.NewQuestionNotification
    said = dongne.CreateQuestion
    within = "question"
    names = ("title",)


@breaks("ask/5")
class AskerOutside(Changed):
    """Who asks has to open their own question first."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (isinstance(effect, Enter) and said(entry, dongne.CreateQuestion)):
            yield effect


# ---- answering ---------------------------------------------------------------------------------------------------


@breaks("answer/1")
class AnswerEchoed(Retold):
    """Who answers hears it once more with the room."""

    event = dongne.NewAnswer

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, skip="")


@breaks("answer/1")
class AnswerEverywhere(Retold):
    """An answer is heard by whoever is online."""

    event = dongne.NewAnswer

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=EVERYBODY)


@dataclass(frozen=True, slots=True)
class ToldLate(Command):
    """Something that was to be told some time ago."""

    emit: Emit


@breaks("answer/2")
class AskerNotifiedLate(Retold):
    """The asker hears of an answer after three seconds."""

    event = dongne.AnswerNotification

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, ToldLate):
            yield entry.emit
        else:
            yield from super().handle(entry, stamp)

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield Later(3000, ToldLate(emit))


@breaks("answer/2")
class OneSocketNotified(Retold):
    """The asker hears of an answer through their first socket alone."""

    event = dongne.AnswerNotification

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        user = self._people.users[emit.room.removeprefix("user:")]
        yield from (replace(emit, room=sid) for sid in list(user.sockets)[:1])


@breaks("answer/2")
class ShortPreview(Retold):
    """The preview ends too soon."""

    event = dongne.AnswerNotification

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        answer = cast("dongne.AnswerNotification", emit.event).answer
        yield changed(emit, answer=answer.model_copy(update={"preview": answer.preview[:80]}))


@breaks("answer/3")
class AnswerUntrimmed(Raw):
    """An answer keeps the blanks around it."""

    event = dongne.AnswerCreated
    said = dongne.CreateAnswer
    within = "answer"
    names = ("content",)


@breaks("answer/4")
class TooLongAnswersSwallowed(TooMuchIsSwallowed):
    """An answer that is too long is neither kept nor refused."""


@breaks("answer/5")
class SpamInLongAnswers(Lax):
    """Advertising passes at the end of a long answer."""

    def passes(self, event: dongne.Inbound) -> bool:
        return isinstance(event, dongne.CreateAnswer) and 100 < len(event.content) < 300


@breaks("answer/6")
class MarkupOfAnswers(Raw):
    """The room hears an answer with its markup."""

    event = dongne.NewAnswer
    said = dongne.CreateAnswer
    within = "answer"
    names = ("content",)


# ---- accepting ---------------------------------------------------------------------------------------------------


@breaks("accept/1")
class AnybodyAccepts(Lax):
    """Whoever knows an answer may accept it."""

    def passes(self, event: dongne.Inbound) -> bool:
        answer = self._archive.answers.get(getattr(event, "answerId", ""))
        return isinstance(event, dongne.AcceptAnswer) and answer is not None and answer.question.accepted is None


@breaks("accept/2")
class SecondAnswerAccepted(Lax):
    """Another answer may be accepted in place of the first."""

    def passes(self, event: dongne.Inbound) -> bool:
        answer = self._archive.answers.get(getattr(event, "answerId", ""))
        return isinstance(event, dongne.AcceptAnswer) and answer is not None and answer.question.accepted is not None


@breaks("accept/3")
class AskerOutsideUntold(Changed):
    """The asker hears nothing of their accepting once they have left the room."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        is_own = isinstance(effect, Emit) and isinstance(entry, Said) and effect.room == entry.sid
        if not (is_own and said(entry, dongne.AcceptAnswer) and tells(effect, dongne.AnswerAccepted)):
            yield effect


def tells(effect: Effect, event: type[Any]) -> bool:
    """Say whether an effect tells such an event."""
    return isinstance(effect, Emit) and isinstance(effect.event, event)


@breaks("accept/4")
class PointsTwice(Faulty):
    """The author gets the points again when the same answer is accepted again."""

    def _said(self, socket: Socket, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        answer = self._archive.answers.get(getattr(event, "answerId", ""))
        if isinstance(event, dongne.AcceptAnswer) and answer is not None and answer.question.accepted is answer:
            answer.author.points += POINTS
        yield from super()._said(socket, event, stamp)


@breaks("accept/5")
class AuthorUntold(Retold):
    """Nobody tells the author that the answer was accepted."""

    event = dongne.Notification


@breaks("accept/5")
class PointsUntold(Retold):
    """The author is not told how many points it gave."""

    event = dongne.Notification

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        data = cast("dongne.Notification", emit.event).data
        yield changed(emit, data=dongne.NotificationData(questionId=data.questionId, answerId=data.answerId))


# ---- typing ------------------------------------------------------------------------------------------------------


@breaks("typing/1")
class TypingToldOnce(Faulty):
    """Who types on is not told of again."""

    def _act(self, socket: Socket, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        is_again = isinstance(event, dongne.TypingStart) and self._typing.is_typing(socket.user, event.questionId)
        for effect in super()._act(socket, event, stamp):
            if not (is_again and tells(effect, dongne.UserTyping)):
                yield effect


@breaks("typing/2", scale=3.0)
class TypingNeverEnds(Changed):
    """Who types and vanishes in thought types for ever."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (isinstance(effect, Later) and isinstance(effect.command, TypingLapse)):
            yield effect


@breaks("typing/2", scale=3.0)
class TypingEndsTooSoon(Faulty):
    """Typing ends 3 s after the first start, whatever was said since."""

    def _ordered(self, command: Any, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(command, TypingLapse):
            yield from self._typing.lapse(command, stamp.now_ms + 3000)
        else:
            yield from super()._ordered(command, stamp)


@breaks("typing/3")
class StoppedInSilence(Retold):
    """The others are not told that somebody stopped."""

    event = dongne.UserStopTyping

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not said(entry, dongne.TypingStop):
            yield emit


@breaks("typing/4")
class AnswersAndTypes(Retold):
    """Who has answered types still."""

    event = dongne.UserStopTyping

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not said(entry, dongne.CreateAnswer):
            yield emit


@breaks("typing/5")
class GoneAndTypes(Retold):
    """Who has disconnected types still."""

    event = dongne.UserStopTyping

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not isinstance(entry, Gone):
            yield emit


@breaks("typing/6")
class StopsTwice(Retold):
    """A stop is told twice when somebody answers."""

    event = dongne.UserStopTyping

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield emit
        if said(entry, dongne.CreateAnswer):
            yield emit


# ---- places ------------------------------------------------------------------------------------------------------


@breaks("location/1")
class MoveHeardByAll(Changed):
    """Whoever moves is heard all over the island."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, dongne.NearbyQuestionsUpdate) and isinstance(entry, Said):
            if cast("Emit", effect).room == self._people.sockets[entry.sid].user.room:
                yield replace(cast("Emit", effect), room=EVERYBODY)
        else:
            yield effect


class RetoldNearby(Retold):
    """A server that is wrong about what is nearby."""

    event = dongne.NearbyQuestionsUpdate

    def questions(self, listed: list[dongne.NearbyQuestion]) -> list[dongne.NearbyQuestion]:
        """Return what is listed instead."""
        raise NotImplementedError

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        listed = list(cast("dongne.NearbyQuestionsUpdate", emit.event).questions)
        yield changed(emit, questions=self.questions(listed))


@breaks("location/2")
class FarthestFirst(RetoldNearby):
    """The farthest questions stand first."""

    def questions(self, listed: list[dongne.NearbyQuestion]) -> list[dongne.NearbyQuestion]:
        return listed[::-1]


@breaks("location/2")
class NearestMissing(RetoldNearby):
    """Of several questions nearby the nearest is left out."""

    def questions(self, listed: list[dongne.NearbyQuestion]) -> list[dongne.NearbyQuestion]:
        return listed[1:] if len(listed) > 1 else listed


@breaks("stage/12")
class EquatorialEarth(RetoldNearby):
    """Distances are those of a sphere with the radius of the equator."""

    def questions(self, listed: list[dongne.NearbyQuestion]) -> list[dongne.NearbyQuestion]:
        return [one.model_copy(update={"distance": one.distance * 6_378_137 / 6_371_000}) for one in listed]


@breaks("location/3", scale=3.0)
class PositionsStay(Faulty):
    """The stages find people where they were when they came."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.moved: set[str] = set()

    def _move(self, user: User, event: dongne.UpdateLocation, stamp: Stamp) -> Iterator[Effect]:
        before = user.point
        yield from super()._move(user, event, stamp)
        if user.id in self.moved and before is not None:
            self._people.move(user, before)
        self.moved.add(user.id)


# ---- catching up -------------------------------------------------------------------------------------------------


class RetoldUnread(Retold):
    """A server that is wrong about what somebody missed."""

    event = dongne.UnreadMessages

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        messages = list(cast("dongne.UnreadMessages", emit.event).messages)
        yield changed(emit, messages=self.messages(messages))

    def messages(self, messages: list[dongne.Answer]) -> list[dongne.Answer]:
        """Return what is told instead."""
        raise NotImplementedError


@breaks("sync/1")
class UnreadByQuestion(RetoldUnread):
    """What was missed comes question by question, not in the order of time."""

    def messages(self, messages: list[dongne.Answer]) -> list[dongne.Answer]:
        return sorted(messages, key=lambda answer: answer.questionId)


@breaks("sync/1")
class UnreadOfOneQuestion(RetoldUnread):
    """What was missed is that of the last question alone."""

    def messages(self, messages: list[dongne.Answer]) -> list[dongne.Answer]:
        return [answer for answer in messages if answer.questionId == messages[-1].questionId]


@breaks("sync/1")
class ReadAgain(Faulty):
    """What was told up to `syncedAt` is told again."""

    def _act(self, socket: Socket, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(event, dongne.SyncUnreadMessages):
            event = dongne.SyncUnreadMessages(lastSyncTimestamp=0)
        yield from super()._act(socket, event, stamp)


@breaks("read/1")
class ReadToldInRoom(Retold):
    """Everybody online hears what was read."""

    event = dongne.MessageStatus

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=EVERYBODY)


# ---- stages ------------------------------------------------------------------------------------------------------


@breaks("stage/1")
class StrangersNotified(Staged):
    """Everybody near enough is notified at once, verified or not."""

    class stages(Stages):
        def _nearest_first(self, question: Question, stage: int) -> list[User]:
            if stage > 1:
                return super()._nearest_first(question, stage)
            near = [self._people.users[name] for _, name in sorted(self._people.near(question.draft.point, 2000))]
            return [user for user in near if user is not question.asker]


@breaks("stage/1")
class QuietAlerted(Staged):
    """Who wants no alerts is alerted too."""

    class stages(Stages):
        def _wants_alerts(self, user: User) -> bool:
            return True


@breaks("stage/1")
class GentleAlarm(Retold):
    """The first stage sounds like the others."""

    event = dongne.NewQuestionNotification

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield changed(emit, sound="normal")


class Delayed(Changed):
    """A server with a stage at another time."""

    stage: ClassVar[int]
    after_ms: ClassVar[int]

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if isinstance(effect, Later) and isinstance(effect.command, StageDue) and effect.command.stage == self.stage:
            effect = replace(effect, after_ms=self.after_ms)
        yield effect


@breaks("stage/2")
class SecondStageAtOnce(Delayed):
    """The second stage follows the first at once."""

    stage, after_ms = 2, 0


@breaks("stage/2", scale=3.0)
class SecondStageForgotten(Delayed):
    """The second stage comes after a minute."""

    stage, after_ms = 2, 60_000


@breaks("stage/3", scale=60.0)
class ExpertsOfAnything(Staged):
    """Experts are asked about whatever has hashtags."""

    class stages(Stages):
        def _nearest_first(self, question: Question, stage: int) -> list[User]:
            if stage != 3 or not question.draft.hashtags:
                return super()._nearest_first(question, stage)
            online = self._people.online.values()
            return [user for user in online if user.known.expert_tags and user is not question.asker]


@breaks("stage/4", scale=150.0)
class AnsweredAndAsked(Staged):
    """The whole island hears of questions that have been answered."""

    class stages(Stages):
        def _stage(self, question: Question, stage: int, stamp: Stamp) -> Iterator[Effect]:
            answers = dict(question.answers)
            question.answers.clear()
            yield from super()._stage(question, stage, stamp)
            question.answers.update(answers)


@breaks("stage/4", scale=150.0)
class AdminsAsked(Staged):
    """Admins are answerers too."""

    class stages(Stages):
        def _nearest_first(self, question: Question, stage: int) -> list[User]:
            if stage != 4:
                return super()._nearest_first(question, stage)
            online = self._people.online.values()
            return [user for user in online if user.on_island and user is not question.asker]


@breaks("stage/5", scale=3.0)
class NotifiedAgain(Staged):
    """Whom an early stage has named, a later one names again."""

    class stages(Stages):
        def _stage(self, question: Question, stage: int, stamp: Stamp) -> Iterator[Effect]:
            question.named.clear()
            yield from super()._stage(question, stage, stamp)


@breaks("stage/6", scale=3.0)
class FarthestTen(Staged):
    """Of those near enough the farthest hear of a question first."""

    class stages(Stages):
        def _nearest_first(self, question: Question, stage: int) -> list[User]:
            if stage > 1:
                return super()._nearest_first(question, stage)
            near = [self._people.users[name] for _, name in sorted(self._people.near(question.draft.point, 2000))]
            return [user for user in near if user.known.local_verified and user is not question.asker][-10:]


@breaks("stage/7")
class AskerNotified(Staged):
    """Who asks nearby is notified of their own question."""

    class stages(Stages):
        def _nearest_first(self, question: Question, stage: int) -> list[User]:
            return [*super()._nearest_first(question, stage), *([question.asker] if stage == 1 else [])]


@breaks("stage/9")
class WholeTitlePushed(Faulty):
    """What goes out by push has the whole title."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        push_alarm = self._center.push_alarm

        def whole(user_id: str, kind: str, title: str, message: str, data: Any, stamp: Stamp) -> Iterator[Effect]:
            question = self._archive.questions[str(data.questionId)]
            yield from push_alarm(user_id, kind, title, question.draft.title, data, stamp)

        self._center.push_alarm = whole  # type: ignore[assignment]


# ---- how the service does ----------------------------------------------------------------------------------------


@breaks("metrics/1", scale=3.0)
class SeldomUpdates(Changed):
    """Admins hear every ten seconds how the service does."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if isinstance(effect, Later) and isinstance(effect.command, MetricsDue):
            effect = replace(effect, after_ms=10_000)
        yield effect


@breaks("metrics/2", scale=5.0)
class UpdatesForAll(Retold):
    """Everybody hears how the service does."""

    event = dongne.MetricsUpdate

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=EVERYBODY)


@breaks("time/1", scale=5.0)
class EveryAnswerCounted(Faulty):
    """The first answers to urgent questions are not counted as such."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        answered = self._statistics.answered
        self._statistics.answered = lambda region, urgent, after_ms: answered(region, False, after_ms)  # type: ignore[method-assign]


@breaks("time/2", scale=300.0)
class AlarmTwice(Retold):
    """The admins hear twice that nobody answers."""

    event = dongne.SlowResponseAlert

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield emit
        yield emit


@breaks("metrics/2", scale=300.0)
class AlarmForAll(Retold):
    """Everybody hears that nobody answers."""

    event = dongne.SlowResponseAlert

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        assert emit.room == ADMINS
        yield replace(emit, room=EVERYBODY)


# ---- the notification centre, and what others read -----------------------------------------------------------------


@breaks("notice/1")
class SocketInAnyCase(Changed):
    """Who wants letters alone is notified by socket too."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if said(entry, dongne.AcceptAnswer) and tells(effect, dongne.AnswerAccepted):
            accepted = cast("dongne.AnswerAccepted", cast("Emit", effect).event)
            author = self._archive.answers[accepted.answerId].author
            if "socket" not in author.known.notification_settings.channels:
                history = self._center.history(author.id)[-1]
                fields = {name: value for name, value in history.items() if name != "deliveries"}
                yield Emit(dongne.Notification.model_validate(fields), author.room)


@breaks("notice/2", scale=60.0)
class NoRetries(Changed):
    """What cannot be delivered at once is given up after one more attempt."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.retries = 0

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if isinstance(effect, Later) and type(effect.command).__name__ == "Attempt":
            self.retries += 1
            if self.retries > 1:
                return
        yield effect


@breaks("notice/3")
class NoHistory(Faulty):
    """Nothing is remembered of what somebody was notified of."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._center.history = lambda user_id: []  # type: ignore[method-assign]


class Lasting(Changed):
    """A server whose keys live too long."""

    prefix: ClassVar[str]

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if isinstance(effect, Publish) and effect.key.startswith(self.prefix):
            effect = replace(effect, ttl_s=effect.ttl_s * 24)
        yield effect


@breaks("cache/1", in_redis=True)
class SessionsLast(Lasting):
    """Sessions can be read for a day."""

    prefix = "session:"


@breaks("cache/3", in_redis=True)
class StatisticsLast(Lasting):
    """The figures of a region can be read for hours."""

    prefix = "stats:"


# ---- what holds for all protocols --------------------------------------------------------------------------------


@breaks("all/1")
class InvalidClosesRooms(Faulty):
    """Who sends something invalid has nothing open any more."""

    def _garbled(self, socket: Socket, garbled: Garbled) -> Iterator[Effect]:
        yield from super()._garbled(socket, garbled)
        for question in list(socket.rooms.values()):
            del socket.rooms[question.id], question.present[socket.sid]
            yield Leave(socket.sid, question.room)


@breaks("all/2")
class UnknownSwallowed(Faulty):
    """An event that nobody knows is dropped without a word."""

    def _garbled(self, socket: Socket, garbled: Garbled) -> Iterator[Effect]:
        if garbled.event_name in self.protocol.inbound:
            yield from super()._garbled(socket, garbled)


@breaks("all/6")
class AnswersOvertake(Faulty):
    """Of two answers that come at once, the second may be told first."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.held: list[Effect] = []
        self.answers = 0

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        for effect in super().handle(entry, stamp):
            if tells(effect, dongne.NewAnswer) and self._is_odd():
                self.held.append(effect)
            else:
                yield effect
        if not said(entry, dongne.CreateAnswer) or self.answers % 4 != 3:
            held, self.held = self.held, []
            yield from held

    def _is_odd(self) -> bool:
        self.answers += 1
        return self.answers % 4 == 3


@breaks("all/7")
class AskerHearsTwice(Retold):
    """The asker hears an answer in the room, and once more for being the asker."""

    event = dongne.NewAnswer

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        assert isinstance(entry, Said)
        yield emit
        asker = self._archive.questions[cast("dongne.CreateAnswer", entry.event).questionId].asker
        yield Emit(emit.event, asker.room, skip=emit.skip)


@breaks("all/4")
class IdentityFromHandshake(Faulty):
    """Somebody is whom the handshake says they are, beside the token."""

    def _connected(self, connected: Connected, stamp: Stamp) -> Iterator[Effect]:
        claimed = connected.auth.get("userId") if isinstance(connected.auth, Mapping) else None
        claims = {**connected.claims, **({"userId": claimed} if isinstance(claimed, str) else {})}
        yield from super()._connected(replace(connected, claims=claims), stamp)
