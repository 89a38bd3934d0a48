"""Where somebody stands in hub: in which rooms its socket is, by what it said and heard itself."""

from collections import deque
from typing import ClassVar, Final

from protocols.contract import Condition, Event
from protocols.hub import JoinRoom, LeaveRoom, MessageSent, SendMessage
from simulators.actor import Standing
from simulators.people import Identity

MATTERS: Final[frozenset[type[Event]]] = frozenset({MessageSent})
"""What is heard about one's own place."""
MOST_ROOMS: Final = 100
"""As the contract's condition `rooms-full` says."""


class HubStanding(Standing):
    """One user's only socket.

    What it says counts at once, since the target handles it in order. Nobody is told that a join has been handled, so
    only the answer to a message of its own makes a room sure: a later one, by the same order.
    """

    notes: ClassVar[frozenset[type[Event]] | None] = MATTERS
    notes_said: ClassVar[frozenset[type[Event]] | None] = frozenset({JoinRoom, LeaveRoom, SendMessage})

    def __init__(self) -> None:
        super().__init__()
        self._identity: Identity | None = None
        self._comes_back = False  # under a token whose last socket the target may still take for open
        self._stays: dict[str, int] = {}  # id of a room that it is in -> the number of this stay
        self._joins = 0
        self._unanswered: deque[tuple[str, int]] = deque()  # room and stay of each message said and not answered

    def is_in(self, room_id: str) -> bool:
        """Say whether it is in a room, though the target may not know yet."""
        return room_id in self._stays

    @property
    def room_ids(self) -> list[str]:
        """The ids of the rooms it is in, in the order of joining."""
        return list(self._stays)

    def connected(self, identity: Identity) -> None:
        """Begin anew, with a session on a new connection."""
        self._comes_back = self._identity is not None and self._identity.id == identity.id
        self._identity = identity
        self.expelled = False
        self.session = {"id": identity.id, "nickname": identity.nickname}
        self.disconnected()

    def disconnected(self) -> None:
        """Note that the connection is gone, and all rooms with it."""
        self._stays.clear()
        self._unanswered.clear()
        self._follow()

    def said(self, event: Event) -> None:
        """Note what was said, where it has an effect."""
        match event:
            case JoinRoom() if not self.is_in(event.roomId) and not self._is_full:
                self._joins += 1
                self._stays[event.roomId] = self._joins
                self.rooms[_room(event.roomId)] = False
                self._follow()
            case LeaveRoom() if self.is_in(event.roomId):
                del self._stays[event.roomId]
                self._follow()
            case SendMessage() if self.is_in(event.roomId):
                self._unanswered.append((event.roomId, self._stays[event.roomId]))
            case _:
                pass

    def heard(self, event: Event) -> None:
        """Note what was heard, where it is about its own place."""
        if not isinstance(event, MessageSent) or not self._unanswered:
            return
        room_id, stay = self._unanswered.popleft()
        if self._stays.get(room_id) == stay and not self.rooms[_room(room_id)]:
            self.rooms[_room(room_id)] = True
            self.version += 1

    def holds(self, condition: Condition, event: Event) -> bool | None:
        """Say whether a condition holds for what is about to be said."""
        truth = self._truth(condition.name, event)
        return None if truth is None else truth != condition.negated

    def _truth(self, name: str, event: Event) -> bool | None:
        room_id = getattr(event, "roomId", "")
        match name:
            case "in-room":
                return self.is_in(room_id)
            case "rooms-full":
                return self._is_full and not self.is_in(room_id)
            case "other-socket" | "user-in-room":
                return None if self._comes_back else False
            case "image":
                return isinstance(event, SendMessage) and event.type == "image"
            case _:
                return False  # `invalid`: what is invalid is not said as an event

    @property
    def _is_full(self) -> bool:
        return len(self._stays) >= MOST_ROOMS

    def _follow(self) -> None:
        """Bring what others may know of its place up to its stays."""
        self.rooms = {_room(room_id): self.rooms.get(_room(room_id), False) for room_id in self._stays}
        self.facts = {**self.session, "soleRooms": list(self.rooms)}
        self.version += 1


def _room(room_id: str) -> str:
    return f"room:{room_id}"
