"""What the rules of hub remember: users by their open sockets, and the rooms that each socket has joined."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

ROOMS_PER_SOCKET = 100
"""As the contract's condition `rooms-full` says: a client names rooms as it likes, and could name millions."""
EVERYBODY = "everybody"
"""The room of all sockets. Neither a room of the contract nor one of a user is called so."""


@dataclass(eq=False, slots=True)
class User:
    """Somebody with at least one open socket; forgotten with the last."""

    id: str
    sockets: dict[str, "Socket"] = field(default_factory=dict)  # sid -> socket, in the order of connecting
    present: Counter[str] = field(default_factory=Counter)  # id of a room -> how many of its sockets are in it; never 0

    @property
    def room(self) -> str:
        """The room its sockets are in."""
        return f"user:{self.id}"


@dataclass(eq=False, slots=True)
class Socket:
    """One connection of a user, under the nickname of its own token."""

    sid: str
    user: User
    nickname: str
    rooms: dict[str, None] = field(default_factory=dict)  # ids of the rooms it has joined, in that order

    def enter(self, room_id: str) -> bool:
        """Join a room that it is not in; say whether it is the first of its user's sockets there."""
        self.rooms[room_id] = None
        self.user.present[room_id] += 1
        return self.user.present[room_id] == 1

    def leave(self, room_id: str) -> bool:
        """Leave a room that it is in; say whether it was the last of its user's sockets there."""
        del self.rooms[room_id]
        self.user.present[room_id] -= 1
        if self.user.present[room_id]:
            return False
        del self.user.present[room_id]
        return True


def room_of(room_id: str) -> str:
    """Return the room that the sockets are in which joined this one."""
    return f"room:{room_id}"


def moment(ms: int) -> str:
    """Write milliseconds since the epoch as the contract's `Moment`: ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
