"""Somebody whom the judge plays: a name for the conversation, a connection, and what it has heard."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from protocols.contract import Operation
from simulators.connection import Connection
from simulators.people import Identity
from simulators.received import Received

_BELOW_LIMIT = 0.8  # of a rate that the contract promises to serve, so that no event of ours is surplus


@dataclass(eq=False)
class Person:
    """One actor of a case; compared by being the same one."""

    name: str
    connection: Connection | None = None
    is_here: bool = False
    """Whether the connection is meant to live: it was opened, and nobody was told to end it."""
    identities: dict[str, Identity] = field(default_factory=dict)
    """Scope (such as a space) -> the credentials that open it."""
    inbox: list[Received] = field(default_factory=list)
    """What came since the last step ended."""
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something comes."""
    _sent: dict[str, deque[float]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.name

    @property
    def is_connected(self) -> bool:
        """Whether the connection lives."""
        return self.connection is not None and self.connection.closed is None

    @property
    def can_be_cut_off(self) -> bool:
        """Whether a target can notice at once that the connection is cut; over long polling it is mere silence."""
        return self.connection is not None and self.connection.endpoint.transport != "polling"

    def on_event(self, received: Received) -> None:
        """Take what the connection hears."""
        self.inbox.append(received)
        self.stirred.set()

    async def pace(self, operation: Operation | None) -> None:
        """Wait until one more event of this kind stays below the rate that the contract promises to serve."""
        if operation is None or operation.rate_per_second == 0:
            return
        limit = max(1, int(operation.rate_per_second * _BELOW_LIMIT))
        sent = self._sent.setdefault(operation.name, deque(maxlen=limit))
        now = asyncio.get_running_loop().time()
        if len(sent) == limit and now - sent[0] < 1.0:
            await asyncio.sleep(1.0 - (now - sent[0]))
        sent.append(asyncio.get_running_loop().time())
