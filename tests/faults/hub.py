"""Servers of hub that are wrong in one thing, each named for the requirement that it breaks.

Each is the whole server with one small patch: an entry that is treated otherwise, or an effect that is changed.
"""

from collections.abc import Callable, Iterator
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
from reference_server.http.hub import HubApi
from reference_server.rules.hub import Hub
from reference_server.rules.hub_state import EVERYBODY, room_of

FAULTS: "list[type[Faulty]]" = []


class Faulty(Hub):
    """A server of hub with something wrong."""

    requirement: ClassVar[str]
    api: ClassVar[type[HubApi]] = HubApi
    """Its HTTP, which may be what is wrong."""


def breaks(requirement: str) -> "Callable[[type[Faulty]], type[Faulty]]":
    """Name the requirement that a faulty server breaks."""

    def register(fault: type[Faulty]) -> type[Faulty]:
        fault.requirement = f"hub/{requirement}"
        FAULTS.append(fault)
        return fault

    return register


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


@breaks("join/1")
class JoinUntold(Retold):
    """Nobody hears who joins."""

    event = hub.UserJoined


@breaks("join/1")
class JoinToldUnderNickname(Retold):
    """Who joins is told with the nickname for an id."""

    event = hub.UserJoined

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        joined = cast("hub.UserJoined", emit.event)
        yield replace(emit, event=hub.UserJoined(userId=joined.nickname, nickname=joined.nickname))


@breaks("join/2")
class JoinedTwiceToldTwice(Faulty):
    """Joining a room that one is in is announced again."""

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(event, hub.JoinRoom) and event.roomId in socket.rooms:
            joined = hub.UserJoined(userId=socket.user.id, nickname=socket.nickname)
            yield Emit(joined, room_of(event.roomId), skip=socket.sid)
        yield from super()._said(socket, event, stamp)


@breaks("join/2")
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


@breaks("join/3")
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


@breaks("join/4")
class AnyNumberOfRooms(Faulty):
    """A socket may be in as many rooms as it likes."""

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        others = dict(socket.rooms) if isinstance(event, hub.JoinRoom) and event.roomId not in socket.rooms else {}
        for room_id in others:
            del socket.rooms[room_id]
        yield from super()._said(socket, event, stamp)
        socket.rooms.update(others)


@breaks("leave/1")
class LeftUntold(Retold):
    """Nobody hears who leaves."""

    event = hub.UserLeft

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not said(entry, hub.LeaveRoom):
            yield emit


@breaks("leave/2")
class LeftWithAnySocket(Faulty):
    """A user has left a room as soon as one of its sockets has."""

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        leaves = isinstance(event, hub.LeaveRoom) and event.roomId in socket.rooms
        yield from super()._said(socket, event, stamp)
        if leaves and isinstance(event, hub.LeaveRoom) and socket.user.present[event.roomId]:
            yield Emit(hub.UserLeft(userId=socket.user.id, nickname=socket.nickname), room_of(event.roomId))


@breaks("leave/3")
class AnybodyLeaves(Faulty):
    """Who leaves a room that they have not joined is announced there all the same."""

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(event, hub.LeaveRoom) and event.roomId not in socket.rooms:
            yield Emit(hub.UserLeft(userId=socket.user.id, nickname=socket.nickname), room_of(event.roomId))
        else:
            yield from super()._said(socket, event, stamp)


@breaks("all/5")
class LeftAndHears(Changed):
    """Who has left a room goes on hearing it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (isinstance(effect, Leave) and said(entry, hub.LeaveRoom)):
            yield effect


# ---- going away --------------------------------------------------------------------------------------------------


@breaks("disconnect/1")
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


@breaks("disconnect/1")
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


@breaks("all/8")
class GoneLateOnly(Faulty):
    """Nobody hears of a departure until much later."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        match entry:
            case Gone():
                yield Later(3000, GoneLate(entry))
            case GoneLate(gone):
                yield from super().handle(gone, stamp)
            case _:
                yield from super().handle(entry, stamp)


# ---- talk --------------------------------------------------------------------------------------------------------


@breaks("send/1")
class SenderDoesNotHear(Retold):
    """Who says something does not hear it."""

    event = hub.Message

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        assert isinstance(entry, Said)
        yield replace(emit, skip=entry.sid)


@breaks("send/1")
class ContentTrimmed(Retold):
    """What is said loses the blanks around it."""

    event = hub.Message

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        content = cast("hub.Message", emit.event).content
        yield replace(emit, event=emit.event.model_copy(update={"content": content.strip() or content}))


@breaks("all/7")
class SenderHearsTwice(Retold):
    """Who says something hears it with the room, and once more for itself."""

    event = hub.Message

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        assert isinstance(entry, Said)
        yield emit
        yield Emit(emit.event, entry.sid)


@breaks("send/2")
class AllSocketsToldSent(Retold):
    """Every socket of the sender is told that its message was sent."""

    event = hub.MessageSent

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=self._sockets[emit.room].user.room)


@breaks("send/3")
class AnotherId(Retold):
    """A sender is told an id that its message does not have."""

    event = hub.MessageSent

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        message_id = cast("hub.MessageSent", emit.event).messageId
        yield replace(emit, event=hub.MessageSent(success=True, messageId=message_id[::-1]))


@breaks("send/3")
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


@breaks("send/4")
class EverythingIsAnImage(Retold):
    """A message without a type is taken for an image."""

    event = hub.Message

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        assert isinstance(entry, Said)
        request = cast("hub.SendMessage", entry.event)
        kind = request.to_json().get("type", "image")
        yield replace(emit, event=emit.event.model_copy(update={"type": kind}))


@breaks("send/5")
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


@breaks("send/6")
class SpokenFromOutside(Lenient):
    """Who is not in a room may speak there."""

    event = hub.SendMessage


@breaks("typing/2")
class TypedFromOutside(Lenient):
    """Who is not in a room may type there."""

    event = hub.TypingRequest


@breaks("read/2")
class ReadFromOutside(Lenient):
    """Who is not in a room may read there."""

    event = hub.ReadMessage


@breaks("typing/1")
class TypingEchoed(Retold):
    """Who types hears of it."""

    event = hub.TypingEvent

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, skip="")


@breaks("read/1")
class ReadEverywhere(Retold):
    """What somebody has read is told in every room."""

    event = hub.MessageRead

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=EVERYBODY)


# ---- the rest ----------------------------------------------------------------------------------------------------


@breaks("all/4")
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


@breaks("all/1")
class InvalidSwallowed(Faulty):
    """Something invalid is dropped without a word."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not (isinstance(entry, Garbled) and entry.event_name in self.protocol.inbound):
            yield from super().handle(entry, stamp)


@breaks("all/1")
class InvalidDisconnects(Faulty):
    """Who sends something invalid is thrown out."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        if isinstance(entry, Garbled):
            yield Drop(entry.sid)


@breaks("all/2")
class UnknownSwallowed(Faulty):
    """An event that nobody knows is dropped without a word."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not (isinstance(entry, Garbled) and entry.event_name not in self.protocol.inbound):
            yield from super().handle(entry, stamp)


@dataclass(frozen=True, slots=True)
class ReadLater(Command):
    """A message that somebody has read, told in a while."""

    emit: Emit


@breaks("all/6")
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


@breaks("all/6")
class LeavingIsSlow(Faulty):
    """Leaving takes a while, and what is said meanwhile is heard."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, LeaveLater):
            yield from super().handle(entry.said, stamp)
        elif isinstance(entry, Said) and isinstance(entry.event, hub.LeaveRoom):
            yield Later(20, LeaveLater(entry))
        else:
            yield from super().handle(entry, stamp)
