"""What reaches the rules of gateway over HTTP, which has checked its shape and whose token it came with.

Each is answered by one `Reply`: its value is the JSON body, `{"error": {"code", "message"}}` where its status is 400 or
above. Passwords never come here, only what was made of them, in hexadecimal.
"""

from dataclasses import dataclass
from typing import TypeAlias

from reference_server.effects import Command


@dataclass(frozen=True, slots=True)
class FindAccount(Command):
    """Look up an account to log in to; 200 `{id, email, salt, digest}`, 404. Never to be answered to a client.

    For somebody of the world whose password nobody has digested yet: `{id, email, password}`.
    """

    email: str


@dataclass(frozen=True, slots=True)
class KeepDigest(Command):
    """Keep what was made of the password of somebody of the world; 200 `{}`, 404."""

    email: str
    salt: str
    digest: str


@dataclass(frozen=True, slots=True)
class Register(Command):
    """Make an account; 201 `{id, email}`, 409 when the email is taken, 503 when there are too many accounts."""

    email: str
    salt: str
    digest: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who asks, as its verified token says."""

    id: str
    email: str


@dataclass(frozen=True, slots=True)
class MakeRoom(Command):
    """Make a room with the bearer in it; 201 `{id, name}`, 409 when the bearer or the server has too many."""

    bearer: Bearer
    name: str


@dataclass(frozen=True, slots=True)
class EnterRoom(Command):
    """Make the bearer a member, again or for the first time; 200 `{id, name}`, 404, 409 when there is no room left."""

    bearer: Bearer
    room_id: str


@dataclass(frozen=True, slots=True)
class ListRooms(Command):
    """List the rooms that the bearer is a member of; 200 `{rooms: [{id, name}]}`."""

    bearer: Bearer


@dataclass(frozen=True, slots=True)
class ListMembers(Command):
    """List the members of a room; 200 `{members: [{id, email}]}`, 404, 403 to non-members."""

    bearer: Bearer
    room_id: str


@dataclass(frozen=True, slots=True)
class ReadMessages(Command):
    """Read a page of a room's messages, rising; 200 `{messages: [...]}` as newMessage has them, 404, 403.

    `after` and `before` are messageIds, of whatever room, or empty; with both the page begins behind `after`.
    """

    bearer: Bearer
    room_id: str
    after: str
    before: str
    limit: int


@dataclass(frozen=True, slots=True)
class MarkRead(Command):
    """Record how far the bearer has read; 200 `{lastReadMessageId}`, 403, 404 where the room has no such message.

    It never goes back: the answer is the furthest that the bearer has read.
    """

    bearer: Bearer
    room_id: str
    message_id: str


AccountCommand: TypeAlias = FindAccount | KeepDigest | Register
RoomCommand: TypeAlias = MakeRoom | EnterRoom | ListRooms | ListMembers | ReadMessages | MarkRead
GatewayCommand: TypeAlias = AccountCommand | RoomCommand
