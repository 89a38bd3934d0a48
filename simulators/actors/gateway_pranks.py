"""What hecklers of gateway do: each prank breaks one promise of the contract, or sails close to it."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

from protocols.gateway import Heartbeat, JoinRoom, SendMessage
from simulators.actor import Act, Emit, EmitRaw
from simulators.actors.gateway_standing import NOWHERE

if TYPE_CHECKING:
    from simulators.actors.gateway import Heckler

Prank: TypeAlias = Callable[["Heckler"], Iterable[Act]]

_ROOM: Final = {"roomId": NOWHERE}
_TALK: Final = {**_ROOM, "clientMsgId": "9b2f1a34-5f0f-4d7e-8d61-0f6a3b1c2d4e", "content": "hi"}

INVALID: Final[tuple[tuple[str, tuple[object, ...], str], ...]] = (
    ("sendMessage", ({**_TALK, "type": "VIDEO"},), "a type that does not exist"),
    ("sendMessage", ({**_TALK, "type": "text"},), "a type in the wrong case"),
    ("sendMessage", ({**_TALK, "senderId": "admin"},), "talk under another id"),
    ("sendMessage", ({**_TALK, "messageId": "01JD7K3V4S8Z6Y5X4W3V2T1S0R"},), "talk with an id of its own"),
    ("sendMessage", ({**_TALK, "createdAt": "1970-01-01T00:00:00Z"},), "talk from long ago"),
    ("sendMessage", ({**_TALK, "clientMsgId": "1"},), "a message called 1"),
    ("sendMessage", ({**_TALK, "clientMsgId": "é" * 300},), "a message with a name too long"),
    ("sendMessage", ({**_TALK, "clientMsgId": 7},), "a number for a name"),
    ("sendMessage", ({**_TALK, "content": ""},), "empty talk"),
    ("sendMessage", ({**_TALK, "content": "와" * 5001},), "talk that is too long"),
    ("sendMessage", ({**_TALK, "content": "x" * 200_000},), "200 kB of talk"),
    ("sendMessage", ({**_TALK, "content": {"$ne": None}},), "a query for talk"),
    ("sendMessage", ({**_TALK, "content": b"\x00\x01"},), "bytes for talk"),
    ("sendMessage", ({**_ROOM, "content": "hi"},), "a message without a name"),
    ("sendMessage", (), "a message without a payload"),
    ("sendMessage", (_TALK, _TALK), "two messages in one"),
    ("joinRoom", (NOWHERE,), "a room that is text"),
    ("joinRoom", ({"roomId": "lobby"},), "a room that is no UUID"),
    ("joinRoom", ({"roomId": f"{NOWHERE}' OR 1=1"},), "a query for a room"),
    ("joinRoom", ({"roomId": [NOWHERE]},), "several rooms in one"),
    ("joinRoom", ({**_ROOM, "userId": "admin"},), "a room for somebody else"),
    ("joinRoom", (None,), "null for a room"),
    ("heartbeat", (), "no heartbeat at all"),
    ("heartbeat", ("ping",), "a heartbeat that is text"),
    ("heartbeat", ({"userId": "admin"},), "a heartbeat for somebody else"),
    ("newMessage", (_TALK,), "an event of the gateway's"),
    ("send_message", (_TALK,), "an event in the wrong case"),
    ("leaveRoom", (_ROOM,), "an event that does not exist"),
    ("", (), "an event without a name"),
)


def _invalid(heckler: "Heckler") -> Iterable[Act]:
    name, arguments, prank = heckler.random.choice(INVALID)
    yield EmitRaw(name, arguments, prank)


def _intrude(heckler: "Heckler") -> Iterable[Act]:
    """Join a room that one is no member of, and speak there."""
    yield Emit(JoinRoom(roomId=NOWHERE))
    yield Emit(SendMessage(roomId=NOWHERE, clientMsgId=heckler.new_id(), content="let me in"))


def _speak_unasked(heckler: "Heckler") -> Iterable[Act]:
    """Speak in the room, whether one is a member yet or not, and hears it or not."""
    yield Emit(SendMessage(roomId=heckler.scope, clientMsgId=heckler.new_id(), content="am I in?"))


def _join_again(heckler: "Heckler") -> Iterable[Act]:
    """Join twice in a row, which must not double what is heard."""
    if heckler.place.is_member(heckler.scope):
        yield Emit(JoinRoom(roomId=heckler.scope))
        yield Emit(JoinRoom(roomId=heckler.scope))


def _repeat(heckler: "Heckler") -> Iterable[Act]:
    """Say three things under one name, of which the first alone may be heard."""
    name = heckler.new_id()
    for content in ("the first", "the second", "the third"):
        yield Emit(SendMessage(roomId=heckler.scope, clientMsgId=name, type="TEXT", content=content))


def _shout(heckler: "Heckler") -> Iterable[Act]:
    """Say as much as there may be in a message, and markup that no front end should believe."""
    content = "<img src=x onerror=alert(1)>" + "아" * 4900
    yield Emit(SendMessage(roomId=heckler.scope, clientMsgId=heckler.new_id(), content=content))


def _flutter(heckler: "Heckler") -> Iterable[Act]:
    """Let the heart beat far too fast."""
    yield from (Emit(Heartbeat()) for _ in range(6))


PRANKS: Final[tuple[Prank, ...]] = (
    *(_invalid,) * 8,
    *(_intrude,) * 3,
    *(_join_again,) * 2,
    _speak_unasked,
    _repeat,
    _shout,
    _flutter,
)
"""All pranks, the more frequent ones more often."""
