"""How a correct server of dongne answers: events in, effects out. No I/O, no await, no clock, no randomness.

What is allowed when stands in the contract's `x-errors`, and is asked before anything changes; here stands what each
allowed event does. Whatever comes later than its cause (the stages of a question, the end of typing, a retry) is a
command that comes when it is due, and does what the state of then asks for.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, assert_never, cast

from protocols import contract, dongne
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
    Leave,
    Note,
    Publish,
    Reply,
    Rules,
    Said,
    Stamp,
    Withdraw,
)
from reference_server.mode import Mode
from reference_server.rules import dongne_drafts as drafts
from reference_server.rules import dongne_text as text
from reference_server.rules.dongne_archive import Archive
from reference_server.rules.dongne_center import Center, CenterCommand, Priority, Recipient
from reference_server.rules.dongne_commands import (
    AnswerOverdue,
    BatchDue,
    ChangeSettings,
    DongneCommand,
    MetricsDue,
    ReadNotifications,
    ReadSettings,
    StageDue,
    TypingLapse,
)
from reference_server.rules.dongne_conditions import REFUSALS, Situation
from reference_server.rules.dongne_metrics import Metrics
from reference_server.rules.dongne_moment import milliseconds, moment
from reference_server.rules.dongne_people import ADMINS, EVERYBODY, People, session
from reference_server.rules.dongne_places import Point
from reference_server.rules.dongne_stages import Stages
from reference_server.rules.dongne_state import Answer, Question, Socket, User
from reference_server.rules.dongne_statistics import Statistics
from reference_server.rules.dongne_trends import Trends
from reference_server.rules.dongne_typing import Typing
from reference_server.world import World

POINTS: Final = 50
"""For an accepted answer."""
NEAR_M: Final = 3000.0
"""`location/1`: who hears of somebody's moving."""

SESSION_TTL_S: Final = 3600
SESSION_REFRESH_MS: Final = 60_000
"""How seldom activity alone renews a session for its readers; far less than it lives."""
QUESTION_TTL_S: Final = 1800
STATISTICS_TTL_S: Final = 900

_UNKNOWN: Final = "Authentication failed"


class Dongne(Rules):
    """The neighbourhoods of one running server: everybody of its world, and all they ask and answer."""

    protocol: ClassVar[contract.Protocol] = dongne.PROTOCOL

    def __init__(self, world: World, _mode: Mode) -> None:
        """Begin with nobody connected and nothing asked."""
        self._people = People(world.dongne)
        self._archive = Archive()
        self._center = Center(map(Recipient.of, world.dongne.users), self._people.is_online)
        self._stages = Stages(self._people, self._archive, self._center)
        self._typing = Typing()
        self._statistics = Statistics()
        self._metrics = Metrics(self._people, self._statistics)
        self._trends = Trends()

    def admits(self, claims: Mapping[str, Json]) -> str:
        """Let in who exists (`handshake/2`)."""
        return "" if claims.get("userId") in self._people.users else _UNKNOWN

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        """Change the state, and yield what is to be done, in the order of the wire.

        A socket that has not connected or is gone is not answered: nobody is there to hear it.
        """
        match entry:
            case Connected():
                yield from self._connected(entry, stamp)
            case Said():
                if socket := self._people.sockets.get(entry.sid):
                    yield from self._said(socket, cast("dongne.Inbound", entry.event), stamp)
            case Garbled():
                if socket := self._people.sockets.get(entry.sid):
                    yield from self._garbled(socket, entry)
            case Gone():
                if socket := self._people.sockets.get(entry.sid):
                    yield from self._gone(socket, stamp)
            case Command():
                yield from self._ordered(cast("DongneCommand", entry), stamp)
            case _:
                assert_never(entry)

    # ---- coming and going -------------------------------------------------------------------------------------------

    def _connected(self, connected: Connected, stamp: Stamp) -> Iterator[Effect]:
        """Let a socket in; everybody hears so with the first of its user."""
        user = self._people.users.get(str(connected.claims.get("userId")))
        if user is None or connected.sid in self._people.sockets:
            return
        is_first = not self._people.is_online(user.id)
        socket = self._people.come(connected.sid, user, stamp.now_ms)
        yield Enter(socket.sid, EVERYBODY)
        yield Enter(socket.sid, user.room)
        if user.known.admin:
            yield Enter(socket.sid, ADMINS)
            yield from self._metrics.admin_came(stamp.now_ms)
        if is_first:
            yield Emit(dongne.UserOnline(userId=user.id, timestamp=moment(stamp.now_ms)), EVERYBODY)
            yield Note("info", "came online", context=_context(socket))
        yield from _publish_session(user, stamp.now_ms)

    def _gone(self, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        """End what a socket was doing; everybody hears so with the last of its user."""
        user = socket.user
        for question_id in sorted(socket.typing):
            yield from self._typing.stop(user, question_id, told_by=socket.sid)
        for question in list(socket.rooms.values()):
            yield from _close(socket, question)
        self._people.go(socket)
        if self._people.is_online(user.id):
            yield from _publish_session(user, stamp.now_ms)
            return
        gone = dongne.UserOffline(userId=user.id, timestamp=moment(stamp.now_ms))
        yield Emit(gone, EVERYBODY, skip=socket.sid)
        yield Withdraw(_session_key(user))
        yield Note("info", "went offline", context=_context(socket))

    # ---- events -----------------------------------------------------------------------------------------------------

    def _garbled(self, socket: Socket, garbled: Garbled) -> Iterator[Effect]:
        """Tell the sender, and nobody else, what was wrong (`all/1`, `all/2`)."""
        self._metrics.received()
        self._metrics.refused()
        reason = garbled.reason.encode(errors="replace").decode()[:500] or "this breaks the contract"
        yield Emit(dongne.Error(message=reason), socket.sid)
        yield Note("info", f"refused {garbled.event_name}", "E3001", _context(socket))

    def _said(self, socket: Socket, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        self._metrics.received()
        if stamp.now_ms - socket.user.cached_ms >= SESSION_REFRESH_MS:
            yield from _publish_session(socket.user, stamp.now_ms)
        if refused := REFUSALS.first(event, Situation(event, socket, self._archive)):
            self._metrics.refused()
            yield Emit(refused.event, socket.sid)
            yield Note("info", refused.reason, refused.code, _context(socket))
            return
        yield from self._act(socket, event, stamp)

    def _act(self, socket: Socket, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        """Do what an allowed event does."""
        questions, user = self._archive.questions, socket.user
        match event:
            case dongne.JoinQuestion():
                yield from _open(socket, question := questions[event.questionId])
                yield Emit(dongne.RoomUsers(questionId=question.id, users=question.users()), socket.sid)
                messages = [answer.told() for answer in question.answers.values()]
                yield Emit(dongne.QuestionMessages(questionId=question.id, messages=messages), socket.sid)
            case dongne.LeaveQuestion():
                if event.questionId in socket.typing:
                    yield from self._typing.stop(user, event.questionId, told_by=socket.sid)
                yield from _close(socket, questions[event.questionId])
            case dongne.CreateQuestion():
                yield from self._ask(socket, event, stamp)
            case dongne.CreateAnswer():
                yield from self._answer(socket, questions[event.questionId], event, stamp)
            case dongne.AcceptAnswer():
                yield from self._accept(socket, self._archive.answers[event.answerId], stamp)
            case dongne.TypingStart():
                yield from self._typing.start(socket, questions[event.questionId], stamp.now_ms)
            case dongne.TypingStop():
                yield from self._typing.stop(user, event.questionId, told_by=socket.sid)
            case dongne.UpdateLocation():
                yield from self._move(user, event, stamp)
            case dongne.SyncUnreadMessages():
                since_ms = milliseconds(event.lastSyncTimestamp)
                unread, until_ms = self._archive.unread(user, since_ms, stamp.now_ms)
                missed = [answer.told() for answer in unread]
                yield Emit(dongne.UnreadMessages(messages=missed, syncedAt=moment(until_ms)), socket.sid)
            case dongne.MessageRead():
                read = dongne.MessageStatus(answerId=event.answerId, status="read")
                yield Emit(read, self._archive.answers[event.answerId].author.room)
            case _:
                assert_never(event)

    def _ask(self, socket: Socket, event: dongne.CreateQuestion, stamp: Stamp) -> Iterator[Effect]:
        """Keep a question, and begin to tell of it (`ask/1` to `ask/5`)."""
        question = self._archive.ask(socket.user, drafts.question(event), stamp)
        yield from _open(socket, question)
        yield Emit(dongne.QuestionCreated(question=question.told()), socket.sid)
        yield from self._stages.begin(question, stamp)
        yield from self._forget_excess(question)
        yield _question_cache(question)
        if question.draft.hashtags:
            yield from self._trends.asked(question.draft.hashtags, stamp.now_ms)
        self._statistics.asked(question.region or "", question.urgent)
        yield from self._region_cache(question)

    def _answer(self, socket: Socket, question: Question, event: dongne.CreateAnswer, stamp: Stamp) -> Iterator[Effect]:
        """Keep an answer, and tell the room, the asker and its author of it (`answer/1` to `answer/3`)."""
        user, is_first = socket.user, not question.answers
        yield from self._typing.stop(user, question.id, told_by=socket.sid)
        answer = self._archive.answer(question, user, text.clean(event.content), drafts.images(event), stamp)
        yield Emit(dongne.NewAnswer(answer=answer.heard()), question.room, skip=socket.sid)
        told = dongne.AnswerNotification(questionId=question.id, answer=answer.preview())
        yield Emit(told, question.asker.room)
        yield Emit(dongne.AnswerCreated(answer=answer.told()), socket.sid)
        yield from self._forget_excess(question)
        yield _question_cache(question)
        if is_first:
            after_ms = max(0, stamp.now_ms - question.created_ms)
            self._statistics.answered(question.region or "", question.urgent, after_ms)
            yield from self._region_cache(question)

    def _accept(self, socket: Socket, answer: Answer, stamp: Stamp) -> Iterator[Effect]:
        """Accept an answer, the only one of its question, and reward its author (`accept/2` to `accept/5`)."""
        question, author = answer.question, answer.author
        question.accepted = answer
        author.points += POINTS
        accepted = dongne.AnswerAccepted(answerId=answer.id, questionId=question.id)
        yield Emit(accepted, question.room)
        if socket.sid not in question.present:
            yield Emit(accepted, socket.sid)
        data = dongne.NotificationData(
            questionId=question.id, answerId=answer.id, points=POINTS, totalPoints=author.points
        )
        title, message = "답변이 채택되었습니다", f"{question.draft.title} (+{POINTS}점)"
        yield from self._center.send(author.id, "answer_accepted", title, message, data, Priority.NORMAL, stamp)
        yield _question_cache(question)

    def _move(self, user: User, event: dongne.UpdateLocation, stamp: Stamp) -> Iterator[Effect]:
        """Take down where somebody is, and tell those around what was asked there (`location/1` to `location/3`)."""
        here = Point(event.latitude, event.longitude)
        self._people.move(user, here)
        update = dongne.NearbyQuestionsUpdate(
            location=dongne.LocationData(latitude=here.lat, longitude=here.lng, accuracy=event.accuracy),
            questions=[
                dongne.NearbyQuestion(
                    id=question.id,
                    title=question.draft.title,
                    distance=round(near.distance_m, 1),
                    urgency=question.draft.urgency,
                    createdAt=moment(question.created_ms),
                )
                for near, question in self._archive.nearby(here, stamp.now_ms)
            ],
        )
        for near in sorted(self._people.near(here, NEAR_M)):
            yield Emit(update, self._people.users[near.name].room)

    def _forget_excess(self, newest: Question) -> Iterator[Effect]:
        """Forget the questions that are too many; their rooms end, and nobody types there any longer."""
        for question in self._archive.excess(newest.asker, newest):
            for socket in list(question.present.values()):
                yield from _close(socket, question)
            yield Withdraw(_question_key(question))

    def _region_cache(self, question: Question) -> Iterator[Effect]:
        if question.region is not None:
            yield Publish(f"stats:{question.region}", self._statistics.region(question.region), STATISTICS_TTL_S)

    # ---- commands ---------------------------------------------------------------------------------------------------

    def _ordered(self, command: DongneCommand, stamp: Stamp) -> Iterator[Effect]:
        match command:
            case StageDue() | BatchDue() | AnswerOverdue():
                yield from self._stages.handle(command, stamp)
            case TypingLapse():
                yield from self._typing.lapse(command, stamp.now_ms)
            case MetricsDue():
                yield from self._metrics.due(stamp.now_ms)
            case ReadNotifications() | ReadSettings() | ChangeSettings():
                yield self._requested(command)
            case CenterCommand():
                yield from self._center.handle(command, stamp)
            case _:
                assert_never(command)

    def _requested(self, request: ReadNotifications | ReadSettings | ChangeSettings) -> Reply:
        """Answer what a user asks over HTTP about themselves."""
        if request.user_id not in self._people.users:
            return Reply({"error": {"code": "E1001", "message": _UNKNOWN}}, status=401)
        match request:
            case ReadNotifications(user_id):
                return Reply({"notifications": self._center.history(user_id)})
            case ReadSettings(user_id):
                return Reply(self._center.settings(user_id).to_json())
            case ChangeSettings(user_id, alerts, channels):
                settings = self._center.change_settings(user_id, immediate_alerts=alerts, channels=channels)
                return Reply(settings.to_json())


def _open(socket: Socket, question: Question) -> Iterator[Effect]:
    """Let a socket into the room of a question; nothing happens where it is there already."""
    if question.id not in socket.rooms:
        socket.rooms[question.id] = question
        question.present[socket.sid] = socket
        yield Enter(socket.sid, question.room)


def _close(socket: Socket, question: Question) -> Iterator[Effect]:
    """Take a socket out of the room of a question; nothing happens where it is not there."""
    if question.id in socket.rooms:
        del socket.rooms[question.id]
        del question.present[socket.sid]
        yield Leave(socket.sid, question.room)


def _publish_session(user: User, now_ms: int) -> Iterator[Effect]:
    user.cached_ms = now_ms
    yield Publish(_session_key(user), session(user, now_ms), SESSION_TTL_S)


def _question_cache(question: Question) -> Publish:
    return Publish(_question_key(question), question.cached(), QUESTION_TTL_S)


def _question_key(question: Question) -> str:
    return f"question:{question.id}"


def _session_key(user: User) -> str:
    return f"session:{user.id}"


def _context(socket: Socket) -> dict[str, Json]:
    """Say in the log's words who it was."""
    return {"socketId": socket.sid, "userId": socket.user.id}
