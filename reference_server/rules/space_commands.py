"""What reaches the rules of space from beside the socket: HTTP requests, and the timer of a held-back move.

HTTP checks the shape of what was asked, the rules whether who asks may have it. Each but `FlushMove` is answered by one
`Reply`: its value is the JSON body, `{"error": {"code", "message"}}` where its status is 400 or above.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from protocols.contract import Json
from reference_server.effects import Command

EventType: TypeAlias = Literal["ENTER", "EXIT", "CHAT"]


@dataclass(frozen=True, slots=True)
class CreateGuest(Command):
    """Make a guest session; 201 `{sessionToken, participantId, nickname}`, 400 for a nickname that nobody can be told.

    The avatar that a front end may send along is not kept: `join:space` says what a player wears.
    """

    space_id: str
    nickname: str


@dataclass(frozen=True, slots=True)
class VerifyGuest(Command):
    """Say whose session a token is; 200 `{valid: true, participantId, nickname, role}` or `{valid: false, error}`."""

    session_token: str
    space_id: str


@dataclass(frozen=True, slots=True)
class LogGuestEvent(Command):
    """Log what a guest says of itself; 201 `{event}`, 401 for a session that is not valid in that space."""

    session_token: str
    space_id: str
    event_type: EventType
    payload: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeaveVisit(Command):
    """Log the EXIT of a signed-in user; 200 `{event}`, 401 without a user's token."""

    space_id: str
    bearer: str


@dataclass(frozen=True, slots=True)
class ReadEvents(Command):
    """Read the last `limit` entries of a space's log, oldest first; 200 `{spaceId, events, statistics}`.

    401 without a user's token, 404 for a space that is not in the world, 403 for who is neither OWNER nor STAFF there.
    """

    space_id: str
    bearer: str
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Census(Command):
    """Count; 200 `{rooms: [{spaceId, connections}], parties}`."""


@dataclass(frozen=True, slots=True)
class FlushMove(Command):
    """Tell the others where a player is whose last moves were held back; answered by nothing."""

    space_id: str
    player_id: str


SpaceCommand: TypeAlias = CreateGuest | VerifyGuest | LogGuestEvent | LeaveVisit | ReadEvents | Census | FlushMove
