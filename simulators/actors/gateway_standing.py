"""Where somebody stands in gateway: the rooms that its socket hears, and what it said there, by what it was told."""

from typing import ClassVar, Final

from pydantic import MISSING

from protocols.contract import Ack, Condition, Event
from protocols.gateway import JoinRoom, JoinRoomAck, NewMessage, SendMessage, SendMessageAck
from simulators.actor import Standing
from simulators.people import Identity

NOWHERE: Final = "ffffffff-ffff-4fff-8fff-ffffffffffff"
"""The id of a room that no target has."""
MATTERS: Final[frozenset[type[Event]]] = frozenset({NewMessage})
"""What is heard about one's own place."""
REMEMBERED: Final = 200
"""How many messages of its own somebody keeps in mind; nobody repeats an older one."""


class GatewayStanding(Standing):
    """One socket of a user. The user is a member of rooms for good; the socket hears those that it has joined."""

    notes: ClassVar[frozenset[type[Event]] | None] = MATTERS
    notes_said: ClassVar[frozenset[type[Event]] | None] = frozenset({JoinRoom, SendMessage})
    enters: ClassVar[bool] = False  # who speaks without having joined is heard, and hears nothing

    def __init__(self) -> None:
        super().__init__()
        self.latest: dict[str, str] = {}
        """Id of a room -> messageId of the last that was heard there."""
        self._identity: Identity | None = None
        self._is_member: dict[str, None] = {}  # ids of the rooms that took it in, on this connection or before
        self._said: dict[tuple[str, str], bool] = {}  # room and clientMsgId -> whether it was ACKed ACCEPTED

    def hears(self, room_id: str) -> bool:
        """Say whether the target has let this socket into a room."""
        return self.rooms.get(_room(room_id), False)

    def is_member(self, room_id: str) -> bool:
        """Say whether a room is known to have taken this user in."""
        return room_id in self._is_member

    def connected(self, identity: Identity) -> None:
        """Begin anew, with a session on a new connection."""
        if self._identity is not None and self._identity.id != identity.id:
            self._is_member.clear()
            self._said.clear()
        self._identity = identity
        self.expelled = False
        self.session = self.facts = {"id": identity.id}
        self.disconnected()

    def disconnected(self) -> None:
        """Note that the connection is gone, and that nothing is heard any more."""
        self.rooms.clear()
        self.latest.clear()
        self.version += 1

    def said(self, event: Event) -> None:
        """Note what was said, where it has an effect."""
        match event:
            case JoinRoom() if event.roomId != NOWHERE and _room(event.roomId) not in self.rooms:
                self._enter(event.roomId, sure=False)
            case SendMessage():
                self._said.setdefault((event.roomId, event.clientMsgId), False)
                if len(self._said) > REMEMBERED:
                    del self._said[next(iter(self._said))]
            case _:
                pass

    def answered(self, event: Event, ack: Ack) -> None:
        """Note what came of a joinRoom or a sendMessage."""
        match event, ack:
            case JoinRoom(), JoinRoomAck(success=True):
                self._is_member[event.roomId] = None
                self._enter(event.roomId, sure=True)
            case SendMessage(), SendMessageAck(status="ACCEPTED") if (event.roomId, event.clientMsgId) in self._said:
                self._said[event.roomId, event.clientMsgId] = True
            case _:
                pass

    def heard(self, event: Event) -> None:
        """Note the latest message of each room that it hears."""
        if isinstance(event, NewMessage) and _room(event.roomId) in self.rooms:
            self.latest[event.roomId] = event.messageId

    def holds(self, condition: Condition, event: Event) -> bool | None:
        """Say whether a condition holds for what is about to be said."""
        truth = self._truth(condition.name, event)
        return None if truth is None else truth != condition.negated

    def _truth(self, name: str, event: Event) -> bool | None:
        match name, event:
            case "member", JoinRoom() | SendMessage():
                # Whether a room has taken it in is for HTTP to say; the target may have known it long before.
                return self.is_member(event.roomId) or (False if event.roomId == NOWHERE else None)
            case "retried", SendMessage():
                accepted = self._said.get((event.roomId, event.clientMsgId))
                return False if accepted is None else accepted or None
            case "typed", SendMessage():
                return event.type is not MISSING
            case _:
                return False  # `invalid`: what is invalid is not said as an event

    def _enter(self, room_id: str, *, sure: bool) -> None:
        self.rooms[_room(room_id)] = sure
        self.version += 1


def _room(room_id: str) -> str:
    return f"room:{room_id}"
