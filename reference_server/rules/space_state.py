"""What the rules of space remember: places, the players in them, their parties, and the zones of the map."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from protocols import space
from reference_server.world import Role

CAPACITY = 500
"""Players in a space, as the contract's condition `full` says."""
PARTY_CAPACITY = 50
"""Members of a party, as the contract's condition `party-full` says."""
MOVES_PER_SECOND = space.PROTOCOL.operation(space.PlayerMove).rate_per_second

_Position = TypeVar("_Position", bound=space.PlayerPosition)


class Kind(StrEnum):
    """How a player's identity is known; verified ones are logged, each by its own path."""

    GUEST = "guest"
    USER = "user"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is: by its session, or in development by its own word."""

    kind: Kind
    id: str
    nickname: str
    role: Role
    token: str = field(default="", repr=False)
    """The session's secret, so that the end of a stay counts as use of it; empty where nothing needs that."""

    @property
    def verified(self) -> bool:
        """Whether a session vouches for it."""
        return self.kind is not Kind.UNVERIFIED


class MoveBudget:
    """A bucket of as many moves as a second may see, refilled at that rate; in integers, so that it is exact."""

    _COST = 1000  # of one move, in the unit of which MOVES_PER_SECOND flow in each millisecond

    def __init__(self, now_ms: int) -> None:
        self._filled_ms = now_ms
        self._level = MOVES_PER_SECOND * self._COST

    def take(self, now_ms: int) -> int:
        """Take one move, and return 0; or take nothing, and return the milliseconds until there is one to take."""
        elapsed = max(0, now_ms - self._filled_ms)  # a clock that was set back refills nothing
        self._filled_ms = now_ms
        self._level = min(MOVES_PER_SECOND * self._COST, self._level + elapsed * MOVES_PER_SECOND)
        if self._level < self._COST:
            return -((self._level - self._COST) // MOVES_PER_SECOND)  # rounded up
        self._level -= self._COST
        return 0


@dataclass(eq=False, slots=True)
class Player:
    """One player in one place. A takeover gives the seat to another socket and keeps all the rest."""

    sid: str
    identity: Identity
    avatar: space.AvatarColor
    place: "Place"
    entered_ms: int
    moves: MoveBudget
    x: float = 0.0
    y: float = 0.0
    direction: space.Direction = "down"
    is_moving: bool = False
    party: "Party | None" = None
    zone: "Zone | None" = None
    untold: bool = False
    """Whether the others do not know yet where it is now."""
    flush_due: bool = False
    """Whether a `FlushMove` is under way."""

    @property
    def id(self) -> str:
        """The id that every event about it carries."""
        return self.identity.id

    @property
    def nickname(self) -> str:
        """What others call it."""
        return self.identity.nickname

    @property
    def rooms(self) -> list[str]:
        """The rooms its socket is in."""
        rooms = [self.place.room]
        rooms += [self.party.room] if self.party else []
        rooms += [self.zone.room] if self.zone else []
        return rooms

    def position(self) -> space.PlayerPosition:
        """Where it is, as a newcomer learns it."""
        return self._positioned(space.PlayerPosition)

    def joined(self) -> space.PlayerJoined:
        """Where it is, as those hear it whom it joins."""
        return self._positioned(space.PlayerJoined)

    def moved(self) -> space.PlayerMoved:
        """Where it is, as the others hear it."""
        return self._positioned(space.PlayerMoved)

    def _positioned(self, shape: type[_Position]) -> _Position:
        return shape(
            id=self.id,
            nickname=self.nickname,
            x=self.x,
            y=self.y,
            direction=self.direction,
            isMoving=self.is_moving,
            avatarColor=self.avatar,
        )


@dataclass(eq=False, slots=True)
class Party:
    """Players of one place who talk among themselves."""

    id: str
    name: str
    members: dict[str, Player] = field(default_factory=dict)  # player id -> member, in the order of entering
    invited: set[str] = field(default_factory=set)
    """Ids of players of the same place who hold an unused invitation."""

    @property
    def room(self) -> str:
        """The room its members are in."""
        return f"party:{self.id}"


@dataclass(eq=False, slots=True)
class Zone:
    """A region of the map whose visitors talk among themselves; clients name its id, so no party may be found by it."""

    id: str
    name: str
    place_id: str
    visitors: dict[str, Player] = field(default_factory=dict)  # player id -> visitor, in the order of entering

    @property
    def room(self) -> str:
        """The room its visitors are in."""
        # Both ids may hold any character; the length keeps zone `c` of space `a/b` apart from zone `b/c` of space `a`.
        return f"zone:{len(self.place_id)}:{self.place_id}/{self.id}"


@dataclass(eq=False, slots=True)
class Place:
    """One space and everything in it. Made by its first player, forgotten with its last."""

    id: str
    players: dict[str, Player] = field(default_factory=dict)  # player id -> player, in the order of joining
    parties: dict[str, Party] = field(default_factory=dict)  # party id -> party
    zones: dict[str, Zone] = field(default_factory=dict)  # the clients' id of a zone -> zone
    proximity: bool = False

    @property
    def room(self) -> str:
        """The room its players are in."""
        return f"space:{self.id}"
