"""Servers of dongne that are wrong in what comes by itself, by where people are, or for all protocols alike."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, cast

from protocols import dongne
from reference_server.effects import (
    Connected,
    Effect,
    Emit,
    Entry,
    Garbled,
    Gone,
    Later,
    Leave,
    Publish,
    Said,
    Stamp,
)
from reference_server.rules.dongne_commands import MetricsDue, StageDue, TypingLapse
from reference_server.rules.dongne_people import ADMINS, EVERYBODY
from reference_server.rules.dongne_stages import Stages
from reference_server.rules.dongne_state import Question, Socket, User
from tests.faults.dongne import Changed, Faulty, Retold, changed, said, tells
from tests.faults.fault import breaks

# ---- typing ------------------------------------------------------------------------------------------------------


@breaks("dongne/typing/1", "dropped")
class TypingToldOnce(Faulty):
    """Who types on is not told of again."""

    def _act(self, socket: Socket, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        is_again = isinstance(event, dongne.TypingStart) and self._typing.is_typing(socket.user, event.questionId)
        for effect in super()._act(socket, event, stamp):
            if not (is_again and tells(effect, dongne.UserTyping)):
                yield effect


@breaks("dongne/typing/2", "forgotten clean-up", time_scale=3.0)
class TypingNeverEnds(Changed):
    """Who types and vanishes in thought types for ever."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (isinstance(effect, Later) and isinstance(effect.command, TypingLapse)):
            yield effect


@breaks("dongne/typing/2", "wrong value", time_scale=3.0)
class TypingEndsTooSoon(Faulty):
    """Typing ends 3 s after the first start, whatever was said since."""

    def _ordered(self, command: Any, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(command, TypingLapse):
            yield from self._typing.lapse(command, stamp.now_ms + 3000)
        else:
            yield from super()._ordered(command, stamp)


@breaks("dongne/typing/3", "dropped")
class StoppedInSilence(Retold):
    """The others are not told that somebody stopped."""

    event = dongne.UserStopTyping

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not said(entry, dongne.TypingStop):
            yield emit


@breaks("dongne/typing/4", "forgotten clean-up")
class AnswersAndTypes(Retold):
    """Who has answered types still."""

    event = dongne.UserStopTyping

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not said(entry, dongne.CreateAnswer):
            yield emit


@breaks("dongne/typing/5", "forgotten clean-up")
class GoneAndTypes(Retold):
    """Who has disconnected types still."""

    event = dongne.UserStopTyping

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not isinstance(entry, Gone):
            yield emit


@breaks("dongne/typing/6", "duplicated")
class StopsTwice(Retold):
    """A stop is told twice when somebody answers."""

    event = dongne.UserStopTyping

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield emit
        if said(entry, dongne.CreateAnswer):
            yield emit


# ---- places ------------------------------------------------------------------------------------------------------


@breaks("dongne/location/1", "misdirected")
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


@breaks("dongne/location/2", "misordered")
class FarthestFirst(RetoldNearby):
    """The farthest questions stand first."""

    def questions(self, listed: list[dongne.NearbyQuestion]) -> list[dongne.NearbyQuestion]:
        return listed[::-1]


@breaks("dongne/location/2", "off by one")
class NearestMissing(RetoldNearby):
    """Of several questions nearby the nearest is left out."""

    def questions(self, listed: list[dongne.NearbyQuestion]) -> list[dongne.NearbyQuestion]:
        return listed[1:] if len(listed) > 1 else listed


@breaks("dongne/stage/12", "wrong value")
class EquatorialEarth(RetoldNearby):
    """Distances are those of a sphere with the radius of the equator."""

    def questions(self, listed: list[dongne.NearbyQuestion]) -> list[dongne.NearbyQuestion]:
        return [one.model_copy(update={"distance": one.distance * 6_378_137 / 6_371_000}) for one in listed]


@breaks("dongne/location/3", "forgotten clean-up", time_scale=3.0)
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


@breaks("dongne/sync/1", "misordered")
class UnreadByQuestion(RetoldUnread):
    """What was missed comes question by question, not in the order of time."""

    def messages(self, messages: list[dongne.Answer]) -> list[dongne.Answer]:
        return sorted(messages, key=lambda answer: answer.questionId)


@breaks("dongne/sync/1", "dropped")
class UnreadOfOneQuestion(RetoldUnread):
    """What was missed is that of the last question alone."""

    def messages(self, messages: list[dongne.Answer]) -> list[dongne.Answer]:
        return [answer for answer in messages if answer.questionId == messages[-1].questionId]


@breaks("dongne/sync/1", "duplicated")
class ReadAgain(Faulty):
    """What was told up to `syncedAt` is told again."""

    def _act(self, socket: Socket, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(event, dongne.SyncUnreadMessages):
            event = dongne.SyncUnreadMessages(lastSyncTimestamp=0)
        yield from super()._act(socket, event, stamp)


@breaks("dongne/read/1", "misdirected")
class ReadToldInRoom(Retold):
    """Everybody online hears what was read."""

    event = dongne.MessageStatus

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=EVERYBODY)


# ---- stages ------------------------------------------------------------------------------------------------------


class Staged(Faulty):
    """A server with other stages."""

    stages: ClassVar[type[Stages]]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._stages = self.stages(self._people, self._archive, self._center)


@breaks("dongne/stage/1", "misdirected")
class StrangersNotified(Staged):
    """Everybody near enough is notified at once, verified or not."""

    class stages(Stages):
        def _nearest_first(self, question: Question, stage: int) -> list[User]:
            if stage > 1:
                return super()._nearest_first(question, stage)
            near = [self._people.users[name] for _, name in sorted(self._people.near(question.draft.point, 2000))]
            return [user for user in near if user is not question.asker]


@breaks("dongne/stage/1", "misdirected")
class QuietAlerted(Staged):
    """Who wants no alerts is alerted too."""

    class stages(Stages):
        def _wants_alerts(self, user: User) -> bool:
            return True


@breaks("dongne/stage/1", "wrong value")
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


@breaks("dongne/stage/2", "late")
class SecondStageAtOnce(Delayed):
    """The second stage follows the first at once."""

    stage, after_ms = 2, 0


@breaks("dongne/stage/2", "dropped", time_scale=3.0)
class SecondStageForgotten(Delayed):
    """The second stage comes after a minute."""

    stage, after_ms = 2, 60_000


@breaks("dongne/stage/3", "misdirected", time_scale=60.0)
class ExpertsOfAnything(Staged):
    """Experts are asked about whatever has hashtags."""

    class stages(Stages):
        def _nearest_first(self, question: Question, stage: int) -> list[User]:
            if stage != 3 or not question.draft.hashtags:
                return super()._nearest_first(question, stage)
            online = self._people.online.values()
            return [user for user in online if user.known.expert_tags and user is not question.asker]


@breaks("dongne/stage/4", "misdirected", time_scale=150.0)
class AnsweredAndAsked(Staged):
    """The whole island hears of questions that have been answered."""

    class stages(Stages):
        def _stage(self, question: Question, stage: int, stamp: Stamp) -> Iterator[Effect]:
            answers = dict(question.answers)
            question.answers.clear()
            yield from super()._stage(question, stage, stamp)
            question.answers.update(answers)


@breaks("dongne/stage/4", "misdirected", time_scale=150.0)
class AdminsAsked(Staged):
    """Admins are answerers too."""

    class stages(Stages):
        def _nearest_first(self, question: Question, stage: int) -> list[User]:
            if stage != 4:
                return super()._nearest_first(question, stage)
            online = self._people.online.values()
            return [user for user in online if user.on_island and user is not question.asker]


@breaks("dongne/stage/5", "duplicated", time_scale=3.0)
class NotifiedAgain(Staged):
    """Whom an early stage has named, a later one names again."""

    class stages(Stages):
        def _stage(self, question: Question, stage: int, stamp: Stamp) -> Iterator[Effect]:
            question.named.clear()
            yield from super()._stage(question, stage, stamp)


@breaks("dongne/stage/6", "misordered", time_scale=3.0)
class FarthestTen(Staged):
    """Of those near enough the farthest hear of a question first."""

    class stages(Stages):
        def _nearest_first(self, question: Question, stage: int) -> list[User]:
            if stage > 1:
                return super()._nearest_first(question, stage)
            near = [self._people.users[name] for _, name in sorted(self._people.near(question.draft.point, 2000))]
            return [user for user in near if user.known.local_verified and user is not question.asker][-10:]


@breaks("dongne/stage/7", "misdirected")
class AskerNotified(Staged):
    """Who asks nearby is notified of their own question."""

    class stages(Stages):
        def _nearest_first(self, question: Question, stage: int) -> list[User]:
            return [*super()._nearest_first(question, stage), *([question.asker] if stage == 1 else [])]


@breaks("dongne/stage/9", "wrong value")
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


@breaks("dongne/metrics/1", "late", time_scale=3.0)
class SeldomUpdates(Changed):
    """Admins hear every two minutes how the service does."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if isinstance(effect, Later) and isinstance(effect.command, MetricsDue):
            effect = replace(effect, after_ms=120_000)
        yield effect


@breaks("dongne/metrics/2", "leaked", time_scale=5.0)
class UpdatesForAll(Retold):
    """Everybody hears how the service does."""

    event = dongne.MetricsUpdate

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=EVERYBODY)


@breaks("dongne/time/1", "wrong value", time_scale=5.0)
class EveryAnswerCounted(Faulty):
    """The first answers to urgent questions are not counted as such."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        answered = self._statistics.answered
        self._statistics.answered = lambda region, urgent, after_ms: answered(region, False, after_ms)  # type: ignore[method-assign]


@breaks("dongne/time/2", "duplicated", time_scale=300.0)
class AlarmTwice(Retold):
    """The admins hear twice that nobody answers."""

    event = dongne.SlowResponseAlert

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield emit
        yield emit


@breaks("dongne/metrics/2", "leaked", time_scale=300.0)
class AlarmForAll(Retold):
    """Everybody hears that nobody answers."""

    event = dongne.SlowResponseAlert

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        assert emit.room == ADMINS
        yield replace(emit, room=EVERYBODY)


# ---- the notification centre, and what others read -----------------------------------------------------------------


@breaks("dongne/notice/1", "misdirected")
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


@breaks("dongne/notice/2", "dropped", time_scale=60.0)
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


@breaks("dongne/notice/3", "forgotten clean-up")
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


@breaks("dongne/cache/1", "forgotten clean-up", in_redis=True)
class SessionsLast(Lasting):
    """Sessions can be read for a day."""

    prefix = "session:"


@breaks("dongne/cache/3", "forgotten clean-up", in_redis=True)
class StatisticsLast(Lasting):
    """The figures of a region can be read for hours."""

    prefix = "stats:"


# ---- what holds for all protocols --------------------------------------------------------------------------------


@breaks("dongne/all/1", "disconnected")
class InvalidClosesRooms(Faulty):
    """Who sends something invalid has nothing open any more."""

    def _garbled(self, socket: Socket, garbled: Garbled) -> Iterator[Effect]:
        yield from super()._garbled(socket, garbled)
        for question in list(socket.rooms.values()):
            del socket.rooms[question.id], question.present[socket.sid]
            yield Leave(socket.sid, question.room)


@breaks("dongne/all/2", "dropped")
class UnknownSwallowed(Faulty):
    """An event that nobody knows is dropped without a word."""

    def _garbled(self, socket: Socket, garbled: Garbled) -> Iterator[Effect]:
        if garbled.event_name in self.protocol.inbound:
            yield from super()._garbled(socket, garbled)


@breaks("dongne/all/6", "misordered")
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


@breaks("dongne/all/7", "duplicated")
class AskerHearsTwice(Retold):
    """The asker hears an answer in the room, and once more for being the asker."""

    event = dongne.NewAnswer

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        assert isinstance(entry, Said)
        yield emit
        asker = self._archive.questions[cast("dongne.CreateAnswer", entry.event).questionId].asker
        yield Emit(emit.event, asker.room, skip=emit.skip)


@breaks("dongne/all/4", "forged")
class IdentityFromHandshake(Faulty):
    """Somebody is whom the handshake says they are, beside the token."""

    def _connected(self, connected: Connected, stamp: Stamp) -> Iterator[Effect]:
        claimed = connected.auth.get("userId") if isinstance(connected.auth, Mapping) else None
        claims = {**connected.claims, **({"userId": claimed} if isinstance(claimed, str) else {})}
        yield from super()._connected(replace(connected, claims=claims), stamp)
