"""How the service does, told to the admins every second while one of them is there (`metrics/1`)."""

from collections.abc import Iterator
from typing import Final

from protocols import dongne
from protocols.contract import Json
from reference_server.effects import Effect, Emit, Later
from reference_server.rules.dongne_commands import MetricsDue
from reference_server.rules.dongne_moment import moment
from reference_server.rules.dongne_people import ADMINS, People
from reference_server.rules.dongne_statistics import REGIONS, Statistics

EVERY_MS: Final = 1000


class Metrics:
    """Counts what clients say, and how much of it is refused."""

    def __init__(self, people: People, statistics: Statistics) -> None:
        """Take who is online, and how soon they answer."""
        self._people = people
        self._statistics = statistics
        self._received = self._refused = 0
        self._told_ms = 0  # when the admins heard of it last
        self._told_received = 0  # and how much had been received by then
        self._is_due = False  # whether a MetricsDue is on its way

    def received(self) -> None:
        """Count something that a client said."""
        self._received += 1

    def refused(self) -> None:
        """Count that it was refused."""
        self._refused += 1

    def admin_came(self, now_ms: int) -> Iterator[Effect]:
        """Begin to tell, if nobody has been told so far."""
        if not self._is_due:
            self._is_due = True
            self._told_ms, self._told_received = now_ms, self._received
            yield Later(EVERY_MS, MetricsDue())

    def due(self, now_ms: int) -> Iterator[Effect]:
        """Tell the admins, and go on; or end it where no admin is left."""
        self._is_due = any(user.known.admin for user in self._people.online.values())
        if self._is_due:
            yield Emit(self._update(now_ms), ADMINS)
            self._told_ms, self._told_received = now_ms, self._received
            yield Later(EVERY_MS, MetricsDue())

    def _update(self, now_ms: int) -> dongne.MetricsUpdate:
        snapshot = self._statistics.snapshot()
        figures: dict[str, Json] = {name: snapshot[name] for name in _OVERALL}
        elapsed_ms = max(1, now_ms - self._told_ms)
        return dongne.MetricsUpdate.model_validate(
            {
                **figures,
                "locationBasedResponseTime": {region: self._statistics.region(region) for region in REGIONS},
                "connectedUsers": len(self._people.online),
                "totalMessages": self._received,
                "messageRate": round(1000 * (self._received - self._told_received) / elapsed_ms, 1),
                "errorRate": round(100 * self._refused / self._received, 1) if self._received else 0.0,
                "activeRooms": len({name for socket in self._people.sockets.values() for name in socket.rooms}),
                "timestamp": moment(now_ms),
            }
        )


_OVERALL: Final = (
    "averageResponseTime",
    "under10MinuteResponseRate",
    "under5MinuteResponseRate",
    "under1MinuteResponseRate",
    "urgentQuestionResponseTime",
    "overall",
    "urgent",
)
