"""What others may read of a protocol for a while: keys with an end, in this process or in a Redis that others share."""

from collections.abc import Mapping
from typing import Protocol

from protocols.contract import Json
from reference_server.clock import Clock


class Board(Protocol):
    """Where rules put what others may read. Nothing here is ever waited for, and what was asked for first comes first.

    A key holds one value, or a hash of fields, never now this and now that; all of a key goes when its time is up.
    Times are seconds of the protocol's own time.
    """

    def publish(self, key: str, value: Json, ttl_s: int, field: str = "") -> None:
        """Put a value under a key or in one field of it, and let the key last so long from now on."""
        ...

    def withdraw(self, key: str, field: str = "") -> None:
        """Take a key back, or one field of it; a hash goes with its last field."""
        ...

    def renew(self, key: str, ttl_s: int) -> None:
        """Let a key last so long from now on, if it is still there."""
        ...

    def start(self) -> None:
        """Begin to write, on the running event loop; what was asked for before is not lost."""
        ...

    async def stop(self, grace_s: float) -> None:
        """Give what is still to be written so many seconds of the wall clock, then give up."""
        ...

    async def answers(self) -> bool:
        """Say whether others can read it now. Never raises."""
        ...


class MemoryBoard:
    """A board in this process: what is on it ends by this server's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[int, dict[str, Json]]] = {}  # key -> (its end in ms, its fields; "" is the value)

    def publish(self, key: str, value: Json, ttl_s: int, field: str = "") -> None:
        """Put a value under a key or in one field of it, and let the key last so long from now on."""
        fields = self._fields(key) if field else {}
        self._keep(key, ttl_s, {**fields, field: value})

    def withdraw(self, key: str, field: str = "") -> None:
        """Take a key back, or one field of it; a hash goes with its last field."""
        fields = self._fields(key)
        if field:
            fields.pop(field, None)
        else:
            fields.clear()

    def renew(self, key: str, ttl_s: int) -> None:
        """Let a key last so long from now on, if it is still there."""
        if fields := self._fields(key):
            self._keep(key, ttl_s, fields)

    def read(self, key: str) -> Mapping[str, Json]:
        """Return the fields of a key, the value of one without fields under the empty name; empty once it has gone."""
        return dict(self._fields(key))

    def start(self) -> None:
        """Nothing is to be begun."""

    async def stop(self, grace_s: float) -> None:
        """Nothing is to be written."""

    async def answers(self) -> bool:
        """Whoever is in this process can read it."""
        return True

    def _keep(self, key: str, ttl_s: int, fields: dict[str, Json]) -> None:
        awaited = key in self._kept
        self._kept[key] = self._clock.now_ms() + ttl_s * 1000, fields
        if not awaited:
            self._clock.later(ttl_s * 1000, lambda: self._ring(key))

    def _ring(self, key: str) -> None:
        """Forget a key that has gone, or come back when it will have: one timer a key, however often it is renewed."""
        if self._fields(key):
            self._clock.later(self._kept[key][0] - self._clock.now_ms(), lambda: self._ring(key))
        else:
            del self._kept[key]

    def _fields(self, key: str) -> dict[str, Json]:
        """Return what a key holds now, to be changed in place; nothing once its time is up."""
        end_ms, fields = self._kept.get(key, (0, {}))
        return fields if self._clock.now_ms() < end_ms else {}
