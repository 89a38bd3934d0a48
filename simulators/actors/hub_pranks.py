"""What hecklers of hub do: each prank breaks one promise of the contract, or sails close to it."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

from protocols.hub import JoinRoom, LeaveRoom, ReadMessage, SendMessage, TypingRequest, UpdatePresence
from simulators.actor import Act, Emit, EmitRaw

if TYPE_CHECKING:
    from simulators.actors.hub import Heckler

Prank: TypeAlias = Callable[["Heckler"], Iterable[Act]]

_ROOM: Final = {"roomId": "lounge"}
_TALK: Final = {**_ROOM, "content": "hi"}

INVALID: Final[tuple[tuple[str, tuple[object, ...], str], ...]] = (
    ("send_message", ({**_TALK, "type": "system"},), "talk in the hub's own name"),
    ("send_message", ({**_TALK, "type": "TEXT"},), "a type in the wrong case"),
    ("send_message", ({**_TALK, "senderId": "admin"},), "talk under another id"),
    ("send_message", ({**_TALK, "createdAt": "1970-01-01T00:00:00Z"},), "talk from long ago"),
    ("send_message", ({**_TALK, "content": ""},), "empty talk"),
    ("send_message", ({**_TALK, "content": "와" * 5001},), "talk that is too long"),
    ("send_message", ({**_TALK, "content": "x" * 200_000},), "200 kB of talk"),
    ("send_message", ({**_TALK, "content": {"$ne": None}},), "a query for talk"),
    ("send_message", ({**_TALK, "content": b"\x00\x01"},), "bytes for talk"),
    ("send_message", (_ROOM,), "half a message"),
    ("send_message", (), "a message without a payload"),
    ("send_message", (_TALK, _TALK), "two messages in one"),
    ("join_room", ("lounge",), "a room that is text"),
    ("join_room", ({"roomId": ""},), "a room without a name"),
    ("join_room", ({"roomId": "r" * 65},), "a room with a name too long"),
    ("join_room", ({"roomId": ["lounge", "attic"]},), "two rooms in one"),
    ("join_room", (None,), "null for a room"),
    ("typing", ({**_ROOM, "isTyping": "yes"},), "a switch that is text"),
    ("typing", ({**_ROOM, "isTyping": 1},), "a switch that is a number"),
    ("read_message", (_ROOM,), "reading nothing"),
    ("update_presence", ("offline",), "a presence that only the hub may tell"),
    ("update_presence", ("busy",), "a presence that does not exist"),
    ("update_presence", ({"status": "away"},), "an object for a presence"),
    ("update_presence", (), "no presence at all"),
    ("presence_update", ({"userId": "admin", "status": "offline"},), "an event of the hub's"),
    ("joinRoom", (_ROOM,), "an event in the wrong case"),
    ("delete_room", (_ROOM,), "an event that does not exist"),
    ("", (), "an event without a name"),
)


def _invalid(heckler: "Heckler") -> Iterable[Act]:
    name, arguments, prank = heckler.random.choice(INVALID)
    yield EmitRaw(name, arguments, prank)


def _intrude(heckler: "Heckler") -> Iterable[Act]:
    """Speak, type, read and leave in a room that one has not joined, though others are in it."""
    room_id = heckler.side_room
    yield Emit(
        heckler.random.choice(
            (
                SendMessage(roomId=room_id, content="let me in"),
                TypingRequest(roomId=room_id, isTyping=True),
                ReadMessage(roomId=room_id, messageId="m"),
                LeaveRoom(roomId=room_id),
            )
        )
    )


def _join_again(heckler: "Heckler") -> Iterable[Act]:
    """Join twice in a row, which must be announced once."""
    yield Emit(JoinRoom(roomId=heckler.scope))
    yield Emit(JoinRoom(roomId=heckler.scope))


def _slip_out(heckler: "Heckler") -> Iterable[Act]:
    """Leave, talk on, and come back, all at once."""
    yield Emit(LeaveRoom(roomId=heckler.scope))
    yield Emit(SendMessage(roomId=heckler.scope, content="still here?"))
    yield Emit(JoinRoom(roomId=heckler.scope))


def _flicker(heckler: "Heckler") -> Iterable[Act]:
    """Type and stop typing faster than any finger."""
    if heckler.place.is_in(heckler.scope):
        for is_typing in (True, False) * 3:
            yield Emit(TypingRequest(roomId=heckler.scope, isTyping=is_typing))


def _read_what_nobody_said(heckler: "Heckler") -> Iterable[Act]:
    if heckler.place.is_in(heckler.scope):
        yield Emit(ReadMessage(roomId=heckler.scope, messageId="no-such-message"))


def _shout(heckler: "Heckler") -> Iterable[Act]:
    """Say as much as there may be in a message, and markup that no front end should believe."""
    if heckler.place.is_in(heckler.scope):
        yield Emit(SendMessage(roomId=heckler.scope, content="<img src=x onerror=alert(1)>" + "아" * 4900))


def _pretend(heckler: "Heckler") -> Iterable[Act]:
    yield Emit(UpdatePresence(value="online"))


PRANKS: Final[tuple[Prank, ...]] = (
    *(_invalid,) * 8,
    *(_intrude,) * 4,
    *(_join_again,) * 2,
    _slip_out,
    _flicker,
    _read_what_nobody_said,
    _shout,
    _pretend,
)
"""All pranks, the more frequent ones more often."""
