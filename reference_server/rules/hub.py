"""How a correct server of hub answers: events in, effects out. No I/O, no await, no clock, no randomness.

What is said in a room goes to the sockets that joined it. What is said of a user is said once for all its sockets: with
the first that comes, and with the last that goes. Who is present is therefore a function of the open sockets, and
nothing about it is remembered beside them.
"""

from collections.abc import Iterator
from typing import ClassVar, assert_never, cast

from protocols import contract, hub
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
    Reply,
    Rules,
    Said,
    Stamp,
)
from reference_server.mode import Mode
from reference_server.rules.hub_commands import PostNotification
from reference_server.rules.hub_conditions import REFUSALS, Situation
from reference_server.rules.hub_mailbox import Mailbox
from reference_server.rules.hub_state import EVERYBODY, Socket, User, moment, room_of
from reference_server.world import World


class Hub(Rules):
    """All users of one running server who are connected, and what waits for those who are not."""

    protocol: ClassVar[contract.Protocol] = hub.PROTOCOL

    def __init__(self, _world: World, _mode: Mode) -> None:
        """Begin with nobody connected. A valid token says all that there is to know of its holder."""
        self._sockets: dict[str, Socket] = {}  # sid -> socket
        self._users: dict[str, User] = {}  # id -> user, of whom at least one socket is open
        self._mailbox = Mailbox()

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        """Change the state, and yield what is to be done, in the order of the wire.

        A socket that has not connected or is gone is not answered: nobody is there to hear it.
        """
        match entry:
            case Connected():
                yield from self._connected(entry)
            case Said():
                if socket := self._sockets.get(entry.sid):
                    yield from self._said(socket, cast("hub.Inbound", entry.event), stamp)
            case Garbled():
                if socket := self._sockets.get(entry.sid):
                    yield from _garbled(socket, entry)
            case Gone():
                yield from self._gone(entry.sid, stamp)
            case Command():
                yield from self._notify(cast("PostNotification", entry), stamp)
            case _:
                assert_never(entry)

    # ---- coming and going -------------------------------------------------------------------------------------------

    def _connected(self, connected: Connected) -> Iterator[Effect]:
        """Let a socket in; with the first of its user, everybody else hears so and what waited is handed out."""
        if connected.sid in self._sockets:
            return
        user_id = str(connected.claims["id"])
        is_first = user_id not in self._users
        user = self._users.setdefault(user_id, User(user_id))
        socket = Socket(connected.sid, user, str(connected.claims["nickname"]))
        self._sockets[socket.sid] = user.sockets[socket.sid] = socket
        yield Enter(socket.sid, EVERYBODY)
        yield Enter(socket.sid, user.room)
        if is_first:
            yield Note("info", "came online", context=_context(socket))
            yield Emit(hub.PresenceUpdate(userId=user.id, status="online"), EVERYBODY, skip=socket.sid)
            yield from (Emit(notification, socket.sid) for notification in self._mailbox.take(user.id))

    def _gone(self, sid: str, stamp: Stamp) -> Iterator[Effect]:
        """Let the rooms of a socket know, and with the last of its user everybody."""
        socket = self._sockets.pop(sid, None)
        if socket is None:
            return
        user = socket.user
        del user.sockets[sid]
        for room_id in list(socket.rooms):
            yield from _leave(socket, room_id)
        if not user.sockets:
            del self._users[user.id]
            offline = hub.PresenceUpdate(userId=user.id, status="offline", lastSeen=moment(stamp.now_ms))
            yield Emit(offline, EVERYBODY, skip=sid)
            yield Note("info", "went offline", context=_context(socket))

    # ---- events -----------------------------------------------------------------------------------------------------

    def _said(self, socket: Socket, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        if refused := REFUSALS.first(event, Situation(event, socket)):
            yield Emit(refused.event, socket.sid)
            yield Note("info", refused.reason, refused.code, _context(socket))
            return
        user_id, nickname = socket.user.id, socket.nickname
        match event:
            case hub.JoinRoom():
                yield from _join(socket, event.roomId)
            case hub.LeaveRoom():
                yield from _leave(socket, event.roomId)
            case hub.SendMessage():
                yield from _say(socket, event, stamp)
            case hub.TypingRequest():
                typing = hub.TypingEvent(userId=user_id, nickname=nickname, isTyping=event.isTyping)
                yield Emit(typing, room_of(event.roomId), skip=socket.sid)
            case hub.ReadMessage():
                read = hub.MessageRead(userId=user_id, messageId=event.messageId)
                yield Emit(read, room_of(event.roomId), skip=socket.sid)
            case hub.UpdatePresence():
                yield from _tell_peers(socket, hub.PresenceUpdate(userId=user_id, status=event.value))
            case _:
                assert_never(event)

    def _notify(self, command: PostNotification, stamp: Stamp) -> Iterator[Effect]:
        """Tell every socket of a user, or keep it for the next one."""
        notification = hub.Notification(
            id=stamp.fresh("notification"),
            type=command.type,
            title=command.title,
            content=command.content,
            createdAt=moment(stamp.now_ms),
            isRead=False,
        )
        user = self._users.get(command.user_id)
        if user is not None:
            yield Emit(notification, user.room)
        else:
            self._mailbox.put(command.user_id, notification)
        yield Reply({"id": notification.id, "delivered": user is not None}, status=201)


def _join(socket: Socket, room_id: str) -> Iterator[Effect]:
    """Let a socket into a room. Joining twice changes nothing (`hub/join/2`)."""
    if room_id in socket.rooms:
        return
    is_first = socket.enter(room_id)
    yield Enter(socket.sid, room_of(room_id))
    if is_first:
        joined = hub.UserJoined(userId=socket.user.id, nickname=socket.nickname)
        yield Emit(joined, room_of(room_id), skip=socket.sid)


def _leave(socket: Socket, room_id: str) -> Iterator[Effect]:
    """Take a socket out of a room it is in, before those in it hear so."""
    is_last = socket.leave(room_id)
    yield Leave(socket.sid, room_of(room_id))
    if is_last:
        yield Emit(hub.UserLeft(userId=socket.user.id, nickname=socket.nickname), room_of(room_id))


def _say(socket: Socket, request: hub.SendMessage, stamp: Stamp) -> Iterator[Effect]:
    """Say something in a room, and tell the sender under which id."""
    message = hub.Message(
        id=stamp.fresh("message"),
        roomId=request.roomId,
        senderId=socket.user.id,
        senderNickname=socket.nickname,
        content=request.content,
        type="image" if request.type == "image" else "text",
        createdAt=moment(stamp.now_ms),
    )
    yield Emit(message, room_of(request.roomId))
    yield Emit(hub.MessageSent(success=True, messageId=message.id), socket.sid)


def _tell_peers(socket: Socket, event: hub.PresenceUpdate) -> Iterator[Effect]:
    """Tell every other user, and no socket of the sender's own.

    The others of its own step out for the moment: so one broadcast reaches thousands, rather than one a user.
    """
    others = [sid for sid in socket.user.sockets if sid != socket.sid]
    yield from (Leave(sid, EVERYBODY) for sid in others)
    yield Emit(event, EVERYBODY, skip=socket.sid)
    yield from (Enter(sid, EVERYBODY) for sid in others)


def _garbled(socket: Socket, garbled: Garbled) -> Iterator[Effect]:
    """Tell the sender, and nobody else, what was wrong (`hub/all/1`, `hub/all/2`)."""
    reason = garbled.reason.encode(errors="replace").decode()[:500] or "this breaks the contract"
    yield Emit(hub.Error(code="INVALID_EVENT", message=reason), socket.sid)
    yield Note("info", f"refused {garbled.event_name}", "E3001", _context(socket))


def _context(socket: Socket) -> dict[str, Json]:
    """Say in the log's words who it was."""
    return {"socketId": socket.sid, "userId": socket.user.id}
