"""Servers of dongne that are wrong in one thing that somebody says, each named for what it breaks.

Each is the whole server with one small patch: an entry that is treated otherwise, or an effect that is changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from protocols import dongne
from protocols.contract import Json
from reference_server.effects import (
    Command,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Later,
    Leave,
    Said,
    Stamp,
)
from reference_server.rules.dongne import POINTS, Dongne
from reference_server.rules.dongne_people import EVERYBODY
from reference_server.rules.dongne_state import Socket
from tests.faults.fault import breaks


class Faulty(Dongne):
    """A server of dongne with something wrong."""


def said(entry: Entry, event: type[Any]) -> bool:
    """Say whether somebody has said such an event."""
    return isinstance(entry, Said) and isinstance(entry.event, event)


def tells(effect: Effect, event: type[Any]) -> bool:
    """Say whether an effect tells such an event."""
    return isinstance(effect, Emit) and isinstance(effect.event, event)


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


# ---- coming and going --------------------------------------------------------------------------------------------


@breaks("dongne/handshake/2", "unauthorised")
class AnybodyComesIn(Faulty):
    """Whoever holds a good token comes in, whether they exist or not."""

    def admits(self, claims: Mapping[str, Json]) -> str:
        return ""


@breaks("dongne/presence/1", "dropped")
class OnlineUntold(Retold):
    """Nobody hears who comes."""

    event = dongne.UserOnline


@breaks("dongne/presence/2", "wrong value")
class OfflineWithAnySocket(Faulty):
    """A user is offline as soon as one of their sockets is gone."""

    def _gone(self, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        yield from super()._gone(socket, stamp)
        if self._people.is_online(socket.user.id):
            yield Emit(dongne.UserOffline(userId=socket.user.id, timestamp="2026-11-21T00:00:00Z"), EVERYBODY)


@breaks("dongne/presence/2", "dropped")
class OfflineUntold(Retold):
    """Nobody hears who goes."""

    event = dongne.UserOffline


@breaks("dongne/all/8", "forgotten clean-up")
class GhostsInRooms(Faulty):
    """Who has disconnected is in the room still."""

    def _gone(self, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        rooms = list(socket.rooms.values())
        yield from super()._gone(socket, stamp)
        for question in rooms:
            question.present[socket.sid] = socket


# ---- rooms -------------------------------------------------------------------------------------------------------


@breaks("dongne/join/1", "wrong value")
class UnknownQuestionInOtherWords(Retold):
    """Who opens a question that nobody asked is told something else."""

    event = dongne.Error

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield changed(emit, message="No such question") if said(entry, dongne.JoinQuestion) else emit


@breaks("dongne/join/2", "duplicated")
class UsersBySocket(Retold):
    """A user is in the room once for each of their sockets."""

    event = dongne.RoomUsers

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        question = self._archive.questions[cast("dongne.RoomUsers", emit.event).questionId]
        yield changed(emit, users=[socket.user.ref for socket in question.present.values()])


@breaks("dongne/join/2", "missing field")
class NewcomerMissing(Retold):
    """Who opens a question is not among its users yet."""

    event = dongne.RoomUsers

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        users = cast("dongne.RoomUsers", emit.event).users
        yield changed(emit, users=users[:-1] or users)


@breaks("dongne/join/3", "misordered")
class NewestAnswersFirst(Retold):
    """The history begins at its end."""

    event = dongne.QuestionMessages

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield changed(emit, messages=cast("dongne.QuestionMessages", emit.event).messages[::-1])


@breaks("dongne/join/3", "off by one")
class LastTenAnswers(Retold):
    """The history forgets what is older."""

    event = dongne.QuestionMessages

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield changed(emit, messages=cast("dongne.QuestionMessages", emit.event).messages[-10:])


@breaks("dongne/leave/1", "forgotten clean-up")
class LeftAndHears(Changed):
    """Who has left a question goes on hearing it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (isinstance(effect, Leave) and said(entry, dongne.LeaveQuestion)):
            yield effect


@breaks("dongne/leave/2", "forgotten clean-up")
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


@breaks("dongne/ask/1", "wrong value")
class EverythingIsUrgent(RetoldQuestion):
    """A question that can wait is told as urgent."""

    fields: ClassVar[Mapping[str, object]] = {"urgency": "urgent"}


@breaks("dongne/ask/2", "dropped")
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


@breaks("dongne/ask/3", "accepted invalid")
class SpamInDisguise(Lax):
    """Advertising passes with a character of no width in it."""

    def passes(self, event: dongne.Inbound) -> bool:
        return isinstance(event, dongne.CreateQuestion) and "\u200b" in event.title


@breaks("dongne/ask/3", "misdirected")
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


@breaks("dongne/ask/4", "accepted invalid")
class MarkupOfQuestions(Raw):
    """A question is told with its markup."""

    event = dongne.QuestionCreated
    said = dongne.CreateQuestion
    within = "question"
    names = ("title",)


@breaks("dongne/ask/4", "accepted invalid")
class MarkupOfNotices(Raw):
    """The neighbours are notified with the markup of a title."""

    event = dongne.NewQuestionNotification
    said = dongne.CreateQuestion
    within = "question"
    names = ("title",)


@breaks("dongne/ask/5", "refused valid")
class AskerOutside(Changed):
    """Who asks has to open their own question first."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (isinstance(effect, Enter) and said(entry, dongne.CreateQuestion)):
            yield effect


# ---- answering ---------------------------------------------------------------------------------------------------


@breaks("dongne/answer/1", "duplicated")
class AnswerEchoed(Retold):
    """Who answers hears it once more with the room."""

    event = dongne.NewAnswer

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, skip="")


@breaks("dongne/answer/1", "misdirected")
class AnswerEverywhere(Retold):
    """An answer is heard by whoever is online."""

    event = dongne.NewAnswer

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=EVERYBODY)


@dataclass(frozen=True, slots=True)
class ToldLate(Command):
    """Something that was to be told some time ago."""

    emit: Emit


@breaks("dongne/answer/2", "late")
class AskerNotifiedLate(Retold):
    """The asker hears of an answer after twenty seconds, which no patience allows."""

    event = dongne.AnswerNotification

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, ToldLate):
            yield entry.emit
        else:
            yield from super().handle(entry, stamp)

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield Later(20_000, ToldLate(emit))


@breaks("dongne/answer/2", "misdirected")
class OneSocketNotified(Retold):
    """The asker hears of an answer through their first socket alone."""

    event = dongne.AnswerNotification

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        user = self._people.users[emit.room.removeprefix("user:")]
        yield from (replace(emit, room=sid) for sid in list(user.sockets)[:1])


@breaks("dongne/answer/2", "off by one")
class ShortPreview(Retold):
    """The preview ends too soon."""

    event = dongne.AnswerNotification

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        answer = cast("dongne.AnswerNotification", emit.event).answer
        yield changed(emit, answer=answer.model_copy(update={"preview": answer.preview[:80]}))


@breaks("dongne/answer/3", "wrong value")
class AnswerUntrimmed(Raw):
    """An answer keeps the blanks around it."""

    event = dongne.AnswerCreated
    said = dongne.CreateAnswer
    within = "answer"
    names = ("content",)


@breaks("dongne/answer/4", "dropped")
class TooLongAnswersSwallowed(TooMuchIsSwallowed):
    """An answer that is too long is neither kept nor refused."""


@breaks("dongne/answer/5", "accepted invalid")
class SpamInLongAnswers(Lax):
    """Advertising passes at the end of a long answer."""

    def passes(self, event: dongne.Inbound) -> bool:
        return isinstance(event, dongne.CreateAnswer) and 100 < len(event.content) < 300


@breaks("dongne/answer/6", "accepted invalid")
class MarkupOfAnswers(Raw):
    """The room hears an answer with its markup."""

    event = dongne.NewAnswer
    said = dongne.CreateAnswer
    within = "answer"
    names = ("content",)


# ---- accepting ---------------------------------------------------------------------------------------------------


@breaks("dongne/accept/1", "unauthorised")
class AnybodyAccepts(Lax):
    """Whoever knows an answer may accept it."""

    def passes(self, event: dongne.Inbound) -> bool:
        answer = self._archive.answers.get(getattr(event, "answerId", ""))
        return isinstance(event, dongne.AcceptAnswer) and answer is not None and answer.question.accepted is None


@breaks("dongne/accept/2", "accepted invalid")
class SecondAnswerAccepted(Lax):
    """Another answer may be accepted in place of the first."""

    def passes(self, event: dongne.Inbound) -> bool:
        answer = self._archive.answers.get(getattr(event, "answerId", ""))
        return isinstance(event, dongne.AcceptAnswer) and answer is not None and answer.question.accepted is not None


@breaks("dongne/accept/3", "dropped")
class AskerOutsideUntold(Changed):
    """The asker hears nothing of their accepting once they have left the room."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        is_own = isinstance(effect, Emit) and isinstance(entry, Said) and effect.room == entry.sid
        if not (is_own and said(entry, dongne.AcceptAnswer) and tells(effect, dongne.AnswerAccepted)):
            yield effect


@breaks("dongne/accept/4", "duplicated")
class PointsTwice(Faulty):
    """The author gets the points again when the same answer is accepted again."""

    def _said(self, socket: Socket, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        answer = self._archive.answers.get(getattr(event, "answerId", ""))
        if isinstance(event, dongne.AcceptAnswer) and answer is not None and answer.question.accepted is answer:
            answer.author.points += POINTS
        yield from super()._said(socket, event, stamp)


@breaks("dongne/accept/5", "dropped")
class AuthorUntold(Retold):
    """Nobody tells the author that the answer was accepted."""

    event = dongne.Notification


@breaks("dongne/accept/5", "missing field")
class PointsUntold(Retold):
    """The author is not told how many points it gave."""

    event = dongne.Notification

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        data = cast("dongne.Notification", emit.event).data
        yield changed(emit, data=dongne.NotificationData(questionId=data.questionId, answerId=data.answerId))
