"""What the conditions of the contract's `x-errors` mean, asked of what the rules of hub remember."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from protocols import hub
from reference_server.rules.hub_state import ROOMS_PER_SOCKET, Socket
from reference_server.rules.refusals import Refusals


@dataclass(frozen=True, slots=True)
class Situation:
    """Who says what."""

    event: hub.Inbound
    socket: Socket

    @property
    def in_room(self) -> bool:
        """Whether the sender's socket is in the room that the event names."""
        return getattr(self.event, "roomId", None) in self.socket.rooms


CONDITIONS: Mapping[str, Callable[[Situation], bool]] = {
    "in-room": lambda situation: situation.in_room,
    "rooms-full": lambda situation: len(situation.socket.rooms) >= ROOMS_PER_SOCKET and not situation.in_room,
}

REASONS: Mapping[str, str] = {
    "not in-room": "join that room first",
    "rooms-full": f"you are in {ROOMS_PER_SOCKET} rooms; leave one of them first",
}

REFUSALS = Refusals(hub.PROTOCOL, CONDITIONS, REASONS)
