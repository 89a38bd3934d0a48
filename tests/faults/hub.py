"""Servers of hub that are wrong in one thing, each named for the requirement that it breaks.

Each is the whole server with one small patch: an entry that is treated otherwise, or an effect that is changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from protocols import hub
from reference_server.effects import (
    Command,
    Drop,
    Effect,
    Emit,
    Entry,
    Garbled,
    Gone,
    Later,
    Leave,
    Said,
    Stamp,
)
from reference_server.rules.hub import Hub
from reference_server.rules.hub_state import EVERYBODY, room_of
from tests.faults.fault import breaks


class Faulty(Hub):
    """A server of hub with something wrong."""


def said(entry: Entry, event: type[Any]) -> bool:
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


class Lenient(Faulty):
    """A server that does what is refused to whoever is not in the room."""

    event: ClassVar[type[Any]]

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        room_id = getattr(event, "roomId", "")
        if not isinstance(event, self.event) or room_id in socket.rooms:
            yield from super()._said(socket, event, stamp)
            return
        socket.rooms[room_id] = None
        yield from super()._said(socket, event, stamp)
        del socket.rooms[room_id]


# ---- rooms -------------------------------------------------------------------------------------------------------


@breaks("hub/join/1", "dropped")
class JoinUntold(Retold):
    """Nobody hears who joins."""

    event = hub.UserJoined


@breaks("hub/join/1", "wrong value")
class JoinToldUnderNickname(Retold):
    """Who joins is told with the nickname for an id."""

    event = hub.UserJoined

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        joined = cast("hub.UserJoined", emit.event)
        yield replace(emit, event=hub.UserJoined(userId=joined.nickname, nickname=joined.nickname))


@breaks("hub/join/2", "duplicated")
class JoinedTwiceToldTwice(Faulty):
    """Joining a room that one is in is announced again."""

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(event, hub.JoinRoom) and event.roomId in socket.rooms:
            joined = hub.UserJoined(userId=socket.user.id, nickname=socket.nickname)
            yield Emit(joined, room_of(event.roomId), skip=socket.sid)
        yield from super()._said(socket, event, stamp)


@breaks("hub/join/2", "duplicated")
class JoinedTwiceHeardTwice(Changed):
    """Who has joined twice gets what is said in the room twice."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.again: set[tuple[str, str]] = set()

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Said) and isinstance(entry.event, hub.JoinRoom):
            socket = self._sockets.get(entry.sid)
            if socket is not None and entry.event.roomId in socket.rooms:
                self.again.add((entry.sid, room_of(entry.event.roomId)))
        yield from super().handle(entry, stamp)

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if isinstance(effect, Leave):
            self.again.discard((effect.sid, effect.room))
        if isinstance(effect, Emit) and isinstance(effect.event, hub.Message):
            yield from (Emit(effect.event, sid) for sid, room in self.again if room == effect.room)


@breaks("hub/join/3", "duplicated")
class EverySocketAnnounced(Faulty):
    """A user is announced with each of its sockets."""

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        is_twin = (
            isinstance(event, hub.JoinRoom) and socket.user.present[event.roomId] and event.roomId not in socket.rooms
        )
        yield from super()._said(socket, event, stamp)
        if is_twin and isinstance(event, hub.JoinRoom):
            joined = hub.UserJoined(userId=socket.user.id, nickname=socket.nickname)
            yield Emit(joined, room_of(event.roomId), skip=socket.sid)


@breaks("hub/join/4", "off by one")
class AnyNumberOfRooms(Faulty):
    """A socket may be in as many rooms as it likes."""

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        others = dict(socket.rooms) if isinstance(event, hub.JoinRoom) and event.roomId not in socket.rooms else {}
        for room_id in others:
            del socket.rooms[room_id]
        yield from super()._said(socket, event, stamp)
        socket.rooms.update(others)


@breaks("hub/leave/1", "dropped")
class LeftUntold(Retold):
    """Nobody hears who leaves."""

    event = hub.UserLeft

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not said(entry, hub.LeaveRoom):
            yield emit


@breaks("hub/leave/2", "wrong value")
class LeftWithAnySocket(Faulty):
    """A user has left a room as soon as one of its sockets has."""

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        leaves = isinstance(event, hub.LeaveRoom) and event.roomId in socket.rooms
        yield from super()._said(socket, event, stamp)
        if leaves and isinstance(event, hub.LeaveRoom) and socket.user.present[event.roomId]:
            yield Emit(hub.UserLeft(userId=socket.user.id, nickname=socket.nickname), room_of(event.roomId))


@breaks("hub/leave/3", "unauthorised")
class AnybodyLeaves(Faulty):
    """Who leaves a room that they have not joined is announced there all the same."""

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(event, hub.LeaveRoom) and event.roomId not in socket.rooms:
            yield Emit(hub.UserLeft(userId=socket.user.id, nickname=socket.nickname), room_of(event.roomId))
        else:
            yield from super()._said(socket, event, stamp)


@breaks("hub/all/5", "forgotten clean-up")
class LeftAndHears(Changed):
    """Who has left a room goes on hearing it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (isinstance(effect, Leave) and said(entry, hub.LeaveRoom)):
            yield effect


# ---- going away --------------------------------------------------------------------------------------------------


@breaks("hub/disconnect/1", "dropped")
class OnlyOneRoomLeft(Changed):
    """Who disconnects is missed in one of its rooms alone."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        self.told = 0
        yield from super().handle(entry, stamp)

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if isinstance(entry, Gone) and isinstance(effect, Emit) and isinstance(effect.event, hub.UserLeft):
            self.told += 1
            if self.told > 1:
                return
        yield effect


@breaks("hub/disconnect/1", "dropped")
class GhostsStay(Retold):
    """Nobody in a room hears who has disconnected."""

    event = hub.UserLeft

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not isinstance(entry, Gone):
            yield emit


@dataclass(frozen=True, slots=True)
class GoneLate(Command):
    """Somebody who has disconnected some time ago."""

    gone: Gone


@breaks("hub/all/8", "late")
class GoneLateOnly(Faulty):
    """Nobody hears of a departure until much later."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        match entry:
            case Gone():
                yield Later(6000, GoneLate(entry))
            case GoneLate(gone):
                yield from super().handle(gone, stamp)
            case _:
                yield from super().handle(entry, stamp)


# ---- talk --------------------------------------------------------------------------------------------------------


@breaks("hub/send/1", "dropped")
class SenderDoesNotHear(Retold):
    """Who says something does not hear it."""

    event = hub.Message

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        assert isinstance(entry, Said)
        yield replace(emit, skip=entry.sid)


@breaks("hub/send/1", "wrong value")
class ContentTrimmed(Retold):
    """What is said loses the blanks around it."""

    event = hub.Message

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        content = cast("hub.Message", emit.event).content
        yield replace(emit, event=emit.event.model_copy(update={"content": content.strip() or content}))


@breaks("hub/all/7", "duplicated")
class SenderHearsTwice(Retold):
    """Who says something hears it with the room, and once more for itself."""

    event = hub.Message

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        assert isinstance(entry, Said)
        yield emit
        yield Emit(emit.event, entry.sid)


@breaks("hub/send/2", "duplicated")
class AllSocketsToldSent(Retold):
    """Every socket of the sender is told that its message was sent."""

    event = hub.MessageSent

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=self._sockets[emit.room].user.room)


@breaks("hub/send/3", "wrong value")
class AnotherId(Retold):
    """A sender is told an id that its message does not have."""

    event = hub.MessageSent

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        message_id = cast("hub.MessageSent", emit.event).messageId
        yield replace(emit, event=hub.MessageSent(success=True, messageId=message_id[::-1]))


@breaks("hub/send/3", "wrong value")
class IdsByContent(Changed):
    """Two messages of the same words have the same id."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if isinstance(effect, Emit) and isinstance(entry, Said) and isinstance(entry.event, hub.SendMessage):
            name = {hub.Message: "id", hub.MessageSent: "messageId"}.get(type(effect.event))
            if name is not None:
                message_id = f"{entry.event.roomId[:20]}-{entry.sid}-{hash(entry.event.content)}"
                yield replace(effect, event=effect.event.model_copy(update={name: message_id}))
                return
        yield effect


@breaks("hub/send/4", "wrong value")
class EverythingIsAnImage(Retold):
    """A message without a type is taken for an image."""

    event = hub.Message

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        assert isinstance(entry, Said)
        request = cast("hub.SendMessage", entry.event)
        kind = request.to_json().get("type", "image")
        yield replace(emit, event=emit.event.model_copy(update={"type": kind}))


@breaks("hub/send/5", "unauthorised")
class AnybodyIsTheSystem(Faulty):
    """Clients may speak as the system."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Garbled) and entry.texts.get("type") == "system":
            request = hub.SendMessage(roomId=entry.texts["roomId"], content=entry.texts["content"])
            for effect in super().handle(Said(entry.sid, request), stamp):
                if isinstance(effect, Emit) and isinstance(effect.event, hub.Message):
                    yield replace(effect, event=effect.event.model_copy(update={"type": "system"}))
                else:
                    yield effect
        else:
            yield from super().handle(entry, stamp)


@breaks("hub/send/6", "unauthorised")
class SpokenFromOutside(Lenient):
    """Who is not in a room may speak there."""

    event = hub.SendMessage


@breaks("hub/typing/2", "unauthorised")
class TypedFromOutside(Lenient):
    """Who is not in a room may type there."""

    event = hub.TypingRequest


@breaks("hub/read/2", "unauthorised")
class ReadFromOutside(Lenient):
    """Who is not in a room may read there."""

    event = hub.ReadMessage


@breaks("hub/typing/1", "misdirected")
class TypingEchoed(Retold):
    """Who types hears of it."""

    event = hub.TypingEvent

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, skip="")


@breaks("hub/read/1", "misdirected")
class ReadEverywhere(Retold):
    """What somebody has read is told in every room."""

    event = hub.MessageRead

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=EVERYBODY)


# ---- the rest ----------------------------------------------------------------------------------------------------


@breaks("hub/all/4", "forged")
class ClientIdTrusted(Faulty):
    """Whoever claims a `senderId` speaks under the id of somebody else."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Garbled) and entry.event_name == "send_message" and "senderId" in entry.reason:
            request = hub.SendMessage(roomId=entry.texts["roomId"], content=entry.texts["content"])
            others = [user_id for user_id, user in self._users.items() if entry.sid not in user.sockets]
            for effect in super().handle(Said(entry.sid, request), stamp):
                if isinstance(effect, Emit) and isinstance(effect.event, hub.Message):
                    yield replace(effect, event=effect.event.model_copy(update={"senderId": others[0]}))
                else:
                    yield effect
        else:
            yield from super().handle(entry, stamp)


@breaks("hub/all/1", "dropped")
class InvalidSwallowed(Faulty):
    """Something invalid is dropped without a word."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not (isinstance(entry, Garbled) and entry.event_name in self.protocol.inbound):
            yield from super().handle(entry, stamp)


@breaks("hub/all/1", "disconnected")
class InvalidDisconnects(Faulty):
    """Who sends something invalid is thrown out."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        if isinstance(entry, Garbled):
            yield Drop(entry.sid)


@breaks("hub/all/2", "dropped")
class UnknownSwallowed(Faulty):
    """An event that nobody knows is dropped without a word."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not (isinstance(entry, Garbled) and entry.event_name not in self.protocol.inbound):
            yield from super().handle(entry, stamp)


@dataclass(frozen=True, slots=True)
class ReadLater(Command):
    """A message that somebody has read, told in a while."""

    emit: Emit


@breaks("hub/all/6", "misordered")
class ReadingIsSlow(Retold):
    """What somebody has read is told after what they said later."""

    event = hub.MessageRead

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, ReadLater):
            yield entry.emit
        else:
            yield from super().handle(entry, stamp)

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield Later(20, ReadLater(emit))


@dataclass(frozen=True, slots=True)
class LeaveLater(Command):
    """Somebody who has said a while ago that they leave a room."""

    said: Said


@breaks("hub/all/6", "misordered")
class LeavingIsSlow(Faulty):
    """Leaving takes a while, and what is said meanwhile is heard."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, LeaveLater):
            yield from super().handle(entry.said, stamp)
        elif isinstance(entry, Said) and isinstance(entry.event, hub.LeaveRoom):
            yield Later(200, LeaveLater(entry))
        else:
            yield from super().handle(entry, stamp)
