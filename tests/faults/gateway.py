"""Servers of gateway that are wrong in one thing each, each named for the requirement that it breaks.

Each is the whole server with one small patch: an entry that is treated otherwise, or an effect that is changed.
`gateway_surroundings` has those that are wrong beside the socket.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from protocols import gateway
from reference_server.effects import (
    Acknowledge,
    Command,
    Connected,
    Drop,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Later,
    Reply,
    Said,
    Stamp,
    acknowledge,
)
from reference_server.rules.gateway import Gateway, Socket
from reference_server.rules.gateway_rooms import Room
from tests.faults.fault import breaks


class Faulty(Gateway):
    """A server of gateway with something wrong."""


def said(entry: Entry, event: type[Any]) -> bool:
    return isinstance(entry, Said) and isinstance(entry.event, event)


def told(effect: Effect) -> bool:
    return isinstance(effect, Emit) and isinstance(effect.event, gateway.NewMessage)


def changed(effect: Effect, **fields: object) -> Emit:
    emit = cast("Emit", effect)
    return replace(emit, event=emit.event.model_copy(update=fields))


@dataclass(frozen=True, slots=True)
class Belated(Command):
    """What is done only now."""

    effects: tuple[Effect, ...]


class Changed(Faulty):
    """A server whose effects pass through `change` before they are carried out."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Belated):
            yield from entry.effects
            return
        for effect in super().handle(entry, stamp):
            yield from self.change(effect, entry)

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        raise NotImplementedError


class OpenRooms(Faulty):
    """A server that for one kind of event takes everybody for a member."""

    event: ClassVar[type[Any]]

    def _said(self, said: Said, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        before = self._rooms.of_member
        if isinstance(said.event, self.event):
            self._rooms.of_member = lambda room_id, user_id: self._rooms.get(room_id)  # type: ignore[method-assign]
        yield from super()._said(said, socket, stamp)
        self._rooms.of_member = before  # type: ignore[method-assign]


# ---- who one is --------------------------------------------------------------------------------------------------


@breaks("gateway/all/4", "forged")
class ClientIdTrusted(Faulty):
    """Who sends a `userId` along with the token is taken for that user."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Connected) and isinstance(entry.auth, dict) and "userId" in entry.auth:
            entry = replace(entry, claims={**entry.claims, "sub": entry.auth["userId"]})
        yield from super().handle(entry, stamp)


@breaks("gateway/handshake/3", "disconnected")
class ExpiredAreDropped(Changed):
    """A connection ends with the token that opened it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if isinstance(entry, Connected) and entry.expires_in_ms is not None:
            yield Later(entry.expires_in_ms, Belated((Drop(entry.sid),)))


@breaks("gateway/all/8", "forgotten clean-up")
class RoomsFollowTheUser(Faulty):
    """Who comes back hears the rooms of the connection before, without joining them."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        if isinstance(entry, Connected):
            for room in self._rooms.of(str(entry.claims["sub"])):
                if any(message.senderId for message in room.conversation.page(limit=1)):
                    yield Enter(entry.sid, room.channel)


@breaks("gateway/all/1", "disconnected")
class GarbledAreDropped(Changed):
    """Whoever sends something invalid is disconnected."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if isinstance(entry, Garbled) and isinstance(effect, Acknowledge):
            yield Drop(entry.sid)


@breaks("gateway/all/2", "disconnected")
class UnknownEventsDrop(Changed):
    """Whoever sends an event that nobody knows is disconnected."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if isinstance(entry, Garbled) and entry.event_name not in self.protocol.inbound:
            yield Drop(entry.sid)


# ---- joining -----------------------------------------------------------------------------------------------------


@breaks("gateway/join/1", "dropped")
class SecondSocketIsDeaf(Changed):
    """Only the first socket of a user enters a room, though each is told that it does."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if isinstance(effect, Enter):
            mine = [s.sid for s in self._sockets.values() if s.user_id == self._sockets[effect.sid].user_id]
            if mine[0] != effect.sid:
                return
        yield effect


@breaks("gateway/join/2", "unauthorised")
class AnybodyListens(OpenRooms):
    """joinRoom does not ask who is a member."""

    event = gateway.JoinRoom


@breaks("gateway/join/3", "unauthorised")
class KnockingMakesMembers(Changed):
    """Who is refused by joinRoom is a member from then on."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if isinstance(entry, Said) and isinstance(entry.event, gateway.JoinRoom) and isinstance(effect, Acknowledge):
            room = self._rooms.get(entry.event.roomId)
            if room is not None:
                self._rooms.enter(room, self._sockets[entry.sid].user_id, "knocks@example.org")


@breaks("gateway/join/4", "duplicated")
class JoinedTwiceHearsTwice(Changed):
    """Each joinRoom is a subscription of its own."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.subscriptions: dict[str, list[str]] = {}

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if isinstance(effect, Enter):
            self.subscriptions.setdefault(effect.room, []).append(effect.sid)
        if told(effect):
            emit = cast("Emit", effect)
            sids = self.subscriptions.get(emit.room, [])
            for sid in dict.fromkeys(sids):
                yield from (replace(emit, room=sid) for _ in range(sids.count(sid) - 1))


# ---- speaking ----------------------------------------------------------------------------------------------------


@breaks("gateway/send/1", "unauthorised")
class AnybodySpeaks(OpenRooms):
    """sendMessage does not ask who is a member."""

    event = gateway.SendMessage


@breaks("gateway/send/2", "dropped")
class GarbledUnanswered(Changed):
    """An invalid message is dropped without a word."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not isinstance(entry, Garbled) or entry.event_name != "sendMessage":
            yield effect


@breaks("gateway/send/3", "missing field")
class EchoForgotten(Faulty):
    """A refused message is not called by its clientMsgId."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(replace(entry, texts={}) if isinstance(entry, Garbled) else entry, stamp)


class Careless(Changed):
    """A server that does something with what a non-member says, although it says FAILED."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if isinstance(entry, Said) and isinstance(effect, Acknowledge) and "FAILED" in effect.value.to_json().values():
            event = cast("gateway.SendMessage", entry.event)
            if (room := self._rooms.get(event.roomId)) is not None:
                yield from self.keep(room, event, self._sockets[entry.sid])

    def keep(self, room: Room, event: gateway.SendMessage, socket: Socket) -> Iterator[Effect]:
        raise NotImplementedError


@breaks("gateway/send/4", "unauthorised")
class FailedIsStored(Careless):
    """What a non-member says stands in the history."""

    def keep(self, room: Room, event: gateway.SendMessage, socket: Socket) -> Iterator[Effect]:
        message = gateway.NewMessage(
            messageId="01JD7K3V4S8Z6Y5X4W3V2T1S0R",
            roomId=room.id,
            senderId=socket.user_id,
            clientMsgId=event.clientMsgId,
            type="TEXT",
            content=event.content,
            createdAt="2026-11-21T10:00:00.000Z",
        )
        self._history.accept(room.conversation, message)
        return iter(())


@breaks("gateway/send/4", "dropped")
class FailedCountsAsSent(Careless):
    """What FAILED once is taken for a retry when it is sent again, and never told."""

    def keep(self, room: Room, event: gateway.SendMessage, socket: Socket) -> Iterator[Effect]:
        room.conversation._accepted.add((socket.user_id, event.clientMsgId))
        return iter(())


@breaks("gateway/send/5", "late")
class AckAwaitsTheStore(Changed):
    """The ack comes when a slow store has the message."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if said(entry, gateway.SendMessage) and isinstance(effect, Acknowledge):
            yield Later(600, Belated((effect,)))
        else:
            yield effect


@breaks("gateway/send/6", "dropped")
class SenderLeftOut(Changed):
    """A message is told to everybody but the socket that said it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if told(effect) and isinstance(entry, Said):
            yield replace(cast("Emit", effect), skip=entry.sid)
        else:
            yield effect


@breaks("gateway/send/6", "wrong value")
class ContentCleaned(Changed):
    """What is said is told without the blanks around it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if told(effect):
            content = cast("gateway.NewMessage", cast("Emit", effect).event).content
            yield changed(effect, content=content.strip() or content)
        else:
            yield effect


@breaks("gateway/all/5", "misdirected")
class MembersHearWithoutJoining(Changed):
    """A message is told to every socket of every member."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not told(effect):
            yield effect
            return
        emit = cast("Emit", effect)
        room = self._rooms.get(cast("gateway.NewMessage", emit.event).roomId)
        for socket in self._sockets.values():
            if room is not None and socket.user_id in room.members:
                yield replace(emit, room=socket.sid)


@breaks("gateway/send/7", "dropped")
class PicturesForgotten(Faulty):
    """Only TEXT is kept."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        for effect in super().handle(entry, stamp):
            if isinstance(effect, Reply) and "messages" in effect.value:
                kept = [one for one in cast("list[Any]", effect.value["messages"]) if one["type"] == "TEXT"]
                yield replace(effect, value={"messages": kept})
            else:
                yield effect


# ---- retries -----------------------------------------------------------------------------------------------------


@breaks("gateway/send/8", "refused valid")
class RetryRefused(Faulty):
    """A clientMsgId that is there already is an error, as a unique index would have it."""

    def _send(self, said: Said, event: gateway.SendMessage, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        room = self._rooms.of_member(event.roomId, socket.user_id)
        if room is not None and room.conversation.has(socket.user_id, event.clientMsgId):
            ack = gateway.SendMessageAck(clientMsgId=event.clientMsgId, status="FAILED", error="duplicate key")
            yield from acknowledge(said, ack)
            return
        yield from super()._send(said, event, socket, stamp)


@breaks("gateway/send/9", "duplicated")
class RetryToldAgain(Faulty):
    """Whoever sends a message again says it again."""

    def _send(self, said: Said, event: gateway.SendMessage, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        if (room := self._rooms.get(event.roomId)) is not None:
            room.conversation._accepted.clear()
        yield from super()._send(said, event, socket, stamp)


@breaks("gateway/send/9", "duplicated")
class RetriesKnownBySocket(Faulty):
    """What was sent is remembered for each socket: after a reconnection, a retry is something new."""

    def _send(self, said: Said, event: gateway.SendMessage, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        room, key = self._rooms.get(event.roomId), (socket.user_id, event.clientMsgId)
        if room is not None and key in room.conversation._accepted and (said.sid, *key) not in self._sent:
            room.conversation._accepted.discard(key)
        self._sent.add((said.sid, *key))
        yield from super()._send(said, event, socket, stamp)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._sent: set[tuple[str, str, str]] = set()


@breaks("gateway/send/6", "dropped")
class RetriesKnownByIdAlone(Faulty):
    """A clientMsgId that anybody has used in the room counts as sent already."""

    def _send(self, said: Said, event: gateway.SendMessage, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        room = self._rooms.get(event.roomId)
        if room is not None and any(sent == event.clientMsgId for _, sent in room.conversation._accepted):
            room.conversation._accepted.add((socket.user_id, event.clientMsgId))
        yield from super()._send(said, event, socket, stamp)


# ---- order -------------------------------------------------------------------------------------------------------


@breaks("gateway/order/1", "misordered")
class IdsOfChance(Faulty):
    """Within one millisecond the messageIds are in no order."""

    def _send(self, said: Said, event: gateway.SendMessage, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        if (room := self._rooms.get(event.roomId)) is not None:
            room.conversation.last_id = 0
        yield from super()._send(said, event, socket, stamp)


@breaks("gateway/order/2", "misordered")
class SenderHearsFirst(Changed):
    """A sender hears itself at once, the others when a queue has passed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._queue: list[Effect] = []

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Belated):
            yield self._queue.pop(0)
        else:
            yield from super().handle(entry, stamp)

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if told(effect) and isinstance(entry, Said):
            emit = cast("Emit", effect)
            yield replace(emit, room=entry.sid)
            self._queue.append(replace(emit, skip=entry.sid))
            yield Later(30, Belated(()))
        else:
            yield effect


@breaks("gateway/all/6", "misordered")
class Overtaking(Changed):
    """Two workers tell what is said, and one of them is slower."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if told(effect) and cast("gateway.NewMessage", cast("Emit", effect).event).clientMsgId[-1] in "02468ace":
            yield Later(10, Belated((effect,)))
        else:
            yield effect
