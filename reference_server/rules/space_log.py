"""Who came, went and spoke in a space, and for how long they stayed; for its OWNER and STAFF to read."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from protocols.contract import Json
from reference_server.effects import Notify
from reference_server.rules.space_commands import EventType
from reference_server.rules.space_state import Identity, Kind
from reference_server.world import World

ENTRIES = 10_000
"""Entries kept of each space; the oldest go first. The statistics count every stay, also those whose entries went."""
LONGEST_STAY_MS = 24 * 3600 * 1000
"""`space/log/4`: stays over 24 hours are left out of the statistics."""

LogEntry = Mapping[str, Json]


@dataclass(slots=True)
class _Pages:
    """The log of one space."""

    entries: deque[LogEntry] = field(default_factory=lambda: deque(maxlen=ENTRIES))
    stays: int = 0
    total_ms: int = 0
    longest_ms: int = 0
    left_out: int = 0


class EventLog:
    """The logs of all spaces that somebody may read.

    A log is readable by OWNER and STAFF alone, so a space that is not in the world keeps none: otherwise anybody could
    fill the memory by naming new spaces. An external log hears of those too.
    """

    def __init__(self, world: World) -> None:
        self._pages = {known.id: _Pages() for known in world.spaces}

    def record(
        self,
        event_type: EventType,
        space_id: str,
        identity: Identity,
        now_ms: int,
        *,
        stay_ms: int | None = None,
        payload: Mapping[str, Json] | None = None,
    ) -> Notify:
        """Log one event, and return it for the external log, if the server has one.

        Guests are logged by the guest path under their participant id, users by the visit path under their user id.
        Only a stay measured on a socket counts in the statistics; what comes over HTTP is somebody's own word.
        """
        path, key = ("visit", "userId") if identity.kind is Kind.USER else ("guest", "participantId")
        entry: dict[str, Json] = {"spaceId": space_id, "eventType": event_type, "timestamp": now_ms, "path": path}
        entry |= {key: identity.id, "nickname": identity.nickname}
        entry |= {} if stay_ms is None else {"stayMs": stay_ms}
        entry |= {"payload": payload} if payload else {}
        if pages := self._pages.get(space_id):
            pages.entries.append(entry)
            if stay_ms is not None:
                _count(pages, stay_ms)
        return Notify("event-log", entry)

    def knows(self, space_id: str) -> bool:
        """Whether a space keeps a log."""
        return space_id in self._pages

    def last(self, space_id: str, limit: int) -> list[LogEntry]:
        """Return the latest entries of a known space, oldest first."""
        entries = self._pages[space_id].entries
        return list(islice(entries, max(0, len(entries) - limit), None))

    def statistics(self, space_id: str) -> dict[str, Json]:
        """Return how many stays a known space has seen, and in milliseconds how long they were."""
        pages = self._pages[space_id]
        return {
            "stays": pages.stays,
            "totalMs": pages.total_ms,
            "meanMs": pages.total_ms // pages.stays if pages.stays else 0,
            "longestMs": pages.longest_ms,
            "leftOut": pages.left_out,
        }


def _count(pages: _Pages, stay_ms: int) -> None:
    if stay_ms > LONGEST_STAY_MS:
        pages.left_out += 1
        return
    pages.stays += 1
    pages.total_ms += stay_ms
    pages.longest_ms = max(pages.longest_ms, stay_ms)
