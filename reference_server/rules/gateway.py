"""How a correct server of gateway answers: events in, effects out. No I/O, no await, no clock, no randomness.

A message that is ACKed stands in the history already, and its room hears it right after the ack: whoever crashes, and
whenever, no ACK was given for what nobody remembers, as long as the journal does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, assert_never, cast

from pydantic import MISSING
from ulid import ULID

from protocols import contract, gateway
from protocols.contract import Ack, Json
from reference_server.effects import (
    Command,
    Connected,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Gone,
    Note,
    Publish,
    Rules,
    Said,
    Stamp,
    Withdraw,
    acknowledge,
)
from reference_server.mode import Mode
from reference_server.rules.gateway_accounts import Accounts
from reference_server.rules.gateway_commands import GatewayCommand
from reference_server.rules.gateway_desk import Desk
from reference_server.rules.gateway_history import MAX_CHARACTERS, MAX_MESSAGES, Conversation, History
from reference_server.rules.gateway_rooms import Rooms
from reference_server.world import World

PRESENCE_S: Final = 60
"""How long a user stays online without a heartbeat."""


@dataclass(frozen=True, slots=True)
class Socket:
    """A connection of a user; he may have several."""

    sid: str
    user_id: str
    connected_at: str
    """ISO 8601."""


class Gateway(Rules):
    """The users and rooms of one running server, and the sockets in front of them."""

    protocol: ClassVar[contract.Protocol] = gateway.PROTOCOL

    def __init__(
        self,
        world: World,
        mode: Mode,
        *,
        server_id: str = "rehearsal",
        max_messages: int = MAX_MESSAGES,
        max_characters: int = MAX_CHARACTERS,
    ) -> None:
        """Begin with nobody connected; `server_id` is what others read of where somebody is."""
        self._server_id = server_id
        self._sockets: dict[str, Socket] = {}  # sid of every connected socket
        self._rooms = Rooms(world.gateway)
        self._history = History(max_messages=max_messages, max_characters=max_characters)
        self._desk = Desk(Accounts(world.gateway), self._rooms)

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        """Change the state, and yield what is to be done, in the order of the wire.

        A socket that has not connected or is gone is not answered: nobody is there to hear it.
        """
        match entry:
            case Connected():
                arrived = Socket(entry.sid, str(entry.claims["sub"]), _iso(stamp.now_ms))
                self._sockets[entry.sid] = arrived
                yield self._online(arrived)
            case Said():
                if socket := self._sockets.get(entry.sid):
                    yield from self._said(entry, socket, stamp)
            case Garbled():
                if socket := self._sockets.get(entry.sid):
                    yield from _garbled(entry, socket)
            case Gone():
                if left := self._sockets.pop(entry.sid, None):
                    yield Withdraw(_presence(left), left.sid)
            case Command():
                yield self._desk.answer(cast("GatewayCommand", entry), stamp)
            case _:
                assert_never(entry)

    def _said(self, said: Said, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        event = cast("gateway.Inbound", said.event)  # the gate lets nothing else in
        match event:
            case gateway.JoinRoom():
                yield from self._join(said, event, socket)
            case gateway.SendMessage():
                yield from self._send(said, event, socket, stamp)
            case gateway.Heartbeat():
                # The field is written anew, not only renewed: it may have ended, or a Redis that began anew lack it.
                yield self._online(socket)
                yield from acknowledge(said, gateway.HeartbeatAck(success=True))
            case _:
                assert_never(event)

    def _join(self, said: Said, event: gateway.JoinRoom, socket: Socket) -> Iterator[Effect]:
        room = self._rooms.of_member(event.roomId, socket.user_id)
        if room is None:
            yield from _refuse(said, gateway.JoinRoomAck(success=False, error=NOT_MEMBER), socket)
            return
        yield Enter(socket.sid, room.channel)  # again changes nothing
        yield from acknowledge(said, gateway.JoinRoomAck(success=True))

    def _send(self, said: Said, event: gateway.SendMessage, socket: Socket, stamp: Stamp) -> Iterator[Effect]:
        """Accept a message, and tell the room; one that was accepted before is only accepted again (`gateway/send/9`).

        Whatever a retry says besides, the first content stays.
        """
        room = self._rooms.of_member(event.roomId, socket.user_id)
        if room is None:
            ack = gateway.SendMessageAck(clientMsgId=event.clientMsgId, status="FAILED", error=NOT_MEMBER)
            yield from _refuse(said, ack, socket)
            return
        accepted = gateway.SendMessageAck(clientMsgId=event.clientMsgId, status="ACCEPTED")
        if room.conversation.has(socket.user_id, event.clientMsgId):
            yield from acknowledge(said, accepted)
            return
        message = gateway.NewMessage(
            messageId=_next_id(room.conversation, stamp),
            roomId=room.id,
            senderId=socket.user_id,
            clientMsgId=event.clientMsgId,
            type="TEXT" if event.type is MISSING else event.type,
            content=event.content,
            createdAt=_iso(stamp.now_ms),
        )
        self._history.accept(room.conversation, message)
        yield from acknowledge(said, accepted)
        yield Emit(message, room.channel)

    def _online(self, socket: Socket) -> Publish:
        place: dict[str, Json] = {"serverId": self._server_id, "connectedAt": socket.connected_at}
        return Publish(_presence(socket), place, PRESENCE_S, field=socket.sid)


NOT_MEMBER: Final = "you are not a member of this room; POST /rooms/{roomId}/join makes you one"


def _refuse(said: Said, ack: Ack, socket: Socket) -> Iterator[Effect]:
    """Refuse what only members may do: the contract's only refusal beside that of an invalid payload."""
    yield from acknowledge(said, ack)
    refusal = gateway.PROTOCOL.operation(said.event).refusals[-1]
    yield Note("info", f"refused {said.event.event_name}: not a member", refusal.code, _context(socket))


def _garbled(garbled: Garbled, socket: Socket) -> Iterator[Effect]:
    """Tell the sender, if it waits for an ack, and nobody else, what was wrong (`gateway/all/1`, `gateway/all/2`).

    An event that gateway does not know has no ack of its own; who asks for one reads the same as of a bad joinRoom.
    """
    reason = garbled.reason.encode(errors="replace").decode()[:500] or "this breaks the contract"
    ack: Ack
    match garbled.event_name:
        case gateway.SendMessage.event_name:
            ack = gateway.SendMessageAck(
                clientMsgId=garbled.texts.get("clientMsgId", ""), status="FAILED", error=reason
            )
        case gateway.Heartbeat.event_name:
            ack = gateway.HeartbeatAck(success=False, error=reason)
        case _:
            ack = gateway.JoinRoomAck(success=False, error=reason)
    yield from acknowledge(garbled, ack)
    yield Note("info", f"refused {garbled.event_name}", "E3001", _context(socket))


def _next_id(conversation: Conversation, stamp: Stamp) -> str:
    """Return a ULID above all of the conversation: within one millisecond, or when the clock goes back, by counting."""
    drawn = stamp.now_ms << 80 | int.from_bytes(stamp.chance("message", 10))
    last = conversation.last_id
    conversation.last_id = drawn if drawn >> 80 > last >> 80 else last + 1
    return str(ULID.from_int(conversation.last_id))


def _presence(socket: Socket) -> str:
    return f"presence:user:{socket.user_id}"


def _iso(now_ms: int) -> str:
    return f"{datetime.fromtimestamp(now_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{now_ms % 1000:03}Z"


def _context(socket: Socket) -> dict[str, Json]:
    """Say in the log's words who it was."""
    return {"socketId": socket.sid, "userId": socket.user_id}
