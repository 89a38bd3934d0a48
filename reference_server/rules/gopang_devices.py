"""Who is connected: users, and the up to three devices of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocols.contract import Json

DEVICES_PER_USER = 3
"""As the contract's condition `fourth-device` says."""


@dataclass(frozen=True, slots=True)
class Device:
    """One connected socket, and what its token says of who holds it."""

    sid: str
    user_id: str
    email: str
    user_type: str

    @property
    def context(self) -> dict[str, Json]:
        """Say in the log's words who it is."""
        return {"socketId": self.sid, "userId": self.user_id}


@dataclass(slots=True)
class Devices:
    """All devices that are connected, at most as many as `capacity`."""

    capacity: int
    _by_sid: dict[str, Device] = field(default_factory=dict)
    _by_user: dict[str, dict[str, Device]] = field(default_factory=dict)
    # user id -> sid -> device, the oldest first; only users who have one

    @property
    def is_full(self) -> bool:
        """Whether nobody else can connect."""
        return len(self._by_sid) >= self.capacity

    def get(self, sid: str) -> Device | None:
        """Return the device behind a socket, if it is connected."""
        return self._by_sid.get(sid)

    def of(self, user_id: str) -> list[Device]:
        """Return the devices of a user, the oldest first."""
        return list(self._by_user.get(user_id, {}).values())

    def is_connected(self, user_id: str) -> bool:
        """Say whether a user has any device here."""
        return user_id in self._by_user

    def add(self, device: Device) -> None:
        """Let a device in."""
        self._by_sid[device.sid] = self._by_user.setdefault(device.user_id, {})[device.sid] = device

    def remove(self, sid: str) -> None:
        """Forget a device, if it is here."""
        if (device := self._by_sid.pop(sid, None)) is None:
            return
        rest = self._by_user[device.user_id]
        del rest[sid]
        if not rest:
            del self._by_user[device.user_id]

    def statistics(self) -> Mapping[str, Json]:
        """Count users and connections, as `getConnectionStats` does (`gopang/stats/1`)."""
        return {"totalUsers": len(self._by_user), "totalConnections": len(self._by_sid)}
