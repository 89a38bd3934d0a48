"""The rooms of gateway, and who is a member of which. Nobody leaves one and none ends: gateway has no word for it."""

from dataclasses import dataclass, field

from reference_server.rules.gateway_history import Conversation
from reference_server.worlds.gateway import GatewayWorld

MAX_ROOMS = 50_000
"""Of the server; an empty one takes 2 KB or so."""
MAX_ROOMS_OF_USER = 10_000
"""Bounds the answer of GET /rooms; a judge that makes a room for each of its cases has enough of them for days."""
MAX_MEMBERS = 5_000
"""Of one room; bounds the answer of GET members, and how many hear one message."""
MAX_MEMBERSHIPS = 1_000_000
"""Of all rooms together; a membership takes 300 bytes or so."""


@dataclass(slots=True)
class Member:
    """Somebody in one room."""

    id: str
    email: str
    read_up_to: str = ""
    """The furthest message that it says it has read."""


@dataclass(slots=True)
class Room:
    """A room, its members and what they said."""

    id: str
    name: str
    members: dict[str, Member] = field(default_factory=dict)
    conversation: Conversation = field(default_factory=Conversation)

    @property
    def channel(self) -> str:
        """The Socket.IO room in which its members hear it."""
        return f"room:{self.id}"


class Full(Exception):
    """There are too many of something; the message says of what."""


class Rooms:
    """All rooms of one server."""

    def __init__(self, world: GatewayWorld) -> None:
        self._rooms: dict[str, Room] = {}
        self._of_user: dict[str, list[Room]] = {}  # id of a user -> its rooms, in the order in which it came in
        self._memberships = 0
        for known in world.rooms:
            room = self._rooms[known.id] = Room(known.id, known.name)
            members = None if known.members is None else {email.casefold() for email in known.members}
            for user in world.users:
                if members is None or user.email.casefold() in members:
                    self.enter(room, user.id, user.email)

    def found(self, room_id: str, name: str, user_id: str, email: str) -> Room:
        """Make a room with its founder in it. Raises Full."""
        if len(self._rooms) >= MAX_ROOMS:
            raise Full(f"there are {MAX_ROOMS} rooms, and no more can be made")
        room = Room(room_id, name)
        self.enter(room, user_id, email)
        self._rooms[room_id] = room
        return room

    def enter(self, room: Room, user_id: str, email: str) -> None:
        """Make somebody a member, unless it is one already. Raises Full."""
        if user_id in room.members:
            return
        if len(room.members) >= MAX_MEMBERS:
            raise Full(f"the room has {MAX_MEMBERS} members, and no more may come")
        if len(self._of_user.get(user_id, ())) >= MAX_ROOMS_OF_USER:
            raise Full(f"you are a member of {MAX_ROOMS_OF_USER} rooms, and of no more")
        if self._memberships >= MAX_MEMBERSHIPS:
            raise Full("the rooms have as many members as this server can remember")
        room.members[user_id] = Member(user_id, email)
        self._of_user.setdefault(user_id, []).append(room)
        self._memberships += 1

    def get(self, room_id: str) -> Room | None:
        """Return a room."""
        return self._rooms.get(room_id)

    def of_member(self, room_id: str, user_id: str) -> Room | None:
        """Return a room that this user is a member of; None where it is not, or there is no such room."""
        room = self._rooms.get(room_id)
        return room if room is not None and user_id in room.members else None

    def of(self, user_id: str) -> list[Room]:
        """Return the rooms of a user, in the order in which it came in."""
        return self._of_user.get(user_id, [])
