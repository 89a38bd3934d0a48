"""Everybody in dongne: the users of the world, who of them is online, and where."""

from collections.abc import Iterator
from typing import Final

from protocols.contract import Json
from reference_server.rules.dongne_moment import moment
from reference_server.rules.dongne_places import Near, PlaceIndex, Point, region_of
from reference_server.rules.dongne_state import Socket, User
from reference_server.worlds.dongne import DongneUser, DongneWorld

EVERYBODY: Final = "everybody"
"""The room of all sockets."""
ADMINS: Final = "admins"
"""The room of the admins' sockets."""


class People:
    """The users of one world. Nobody is added to them, and positions are remembered after somebody has gone."""

    def __init__(self, world: DongneWorld) -> None:
        """Begin with nobody online."""
        self.users = {known.id: _user(known) for known in world.users}
        self.sockets: dict[str, Socket] = {}  # sid -> socket of everybody who is connected
        self.online: dict[str, User] = {}  # id -> user with at least one socket, in the order of coming
        self._places = PlaceIndex()  # of those online who are somewhere

    def come(self, sid: str, user: User, now_ms: int) -> Socket:
        """Let a socket of a user in."""
        socket = Socket(sid, user, now_ms)
        self.sockets[sid] = user.sockets[sid] = socket
        self.online[user.id] = user
        if user.point is not None:
            self._places.put(user.id, user.point)
        return socket

    def go(self, socket: Socket) -> None:
        """Let a socket go; with the last its user is offline."""
        del self.sockets[socket.sid]
        del socket.user.sockets[socket.sid]
        if not socket.user.sockets:
            del self.online[socket.user.id]
            self._places.remove(socket.user.id)

    def move(self, user: User, point: Point) -> None:
        """Take down where somebody online is now."""
        user.point, user.on_island = point, region_of(point) is not None
        self._places.put(user.id, point)

    def is_online(self, user_id: str) -> bool:
        """Whether a socket of this user is connected."""
        return user_id in self.online

    def near(self, point: Point, radius_m: float) -> Iterator[Near]:
        """Yield the ids of those online within a radius, in no order."""
        return self._places.within(point, radius_m)


def session(user: User, now_ms: int) -> dict[str, Json]:
    """Say what others may read of a user online, in `session:{userId}`; `socketId` is that of the first socket."""
    first = next(iter(user.sockets.values()))
    return {
        "userId": user.id,
        "socketId": first.sid,
        "sockets": len(user.sockets),
        "connectedAt": moment(first.connected_ms),
        "lastActivity": moment(now_ms),
        "isOnline": True,
    }


def _user(known: DongneUser) -> User:
    if known.position is None:
        return User(known, on_island=known.region is not None)
    point = Point(known.position.lat, known.position.lng)
    return User(known, point, region_of(point) is not None)
