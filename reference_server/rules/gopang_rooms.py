"""How a user is reached: every socket of one is in the room `user:{userId}`."""

from collections.abc import Iterator

from protocols.contract import Event
from reference_server.effects import Emit


def room_of(user_id: str) -> str:
    """Return the room in which all sockets of a user are."""
    return f"user:{user_id}"


def tell(event: Event, *user_ids: str) -> Iterator[Emit]:
    """Tell several users one thing, on all their sockets, each user once, in the order named."""
    yield from (Emit(event, room_of(user_id)) for user_id in dict.fromkeys(user_ids))
