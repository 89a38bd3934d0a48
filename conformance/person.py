"""Somebody whom the judge plays: a name for the conversation, a connection, and what it has heard."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from protocols.contract import Operation
from simulators.connection import Connection
from simulators.people import Identity
from simulators.received import Answer, Received

_BELOW_LIMIT = 0.8  # of a rate that the contract promises to serve, so that no event of ours is surplus


@dataclass(eq=False)
class Person:
    """One actor of a case; compared by being the same one."""

    name: str
    connection: Connection | None = None
    is_here: bool = False
    """Whether the connection is meant to live: it was opened, and nobody was told to end it."""
    identity: Identity | None = None
    """Whom the target takes them for since the handshake; two sockets of one user are two people with one identity."""
    identities: dict[str, Identity] = field(default_factory=dict)
    """Scope (such as a space) -> the credentials that open it, where a place asks for them and not the handshake."""
    arrivals: list[Received | Answer] = field(default_factory=list)
    """What came since the last step ended, events and acks, in the order of its arrival."""
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

    @property
    def inbox(self) -> list[Received]:
        """The events among what came since the last step ended."""
        return [arrival for arrival in self.arrivals if isinstance(arrival, Received)]

    def take(self, arrival: Received | Answer) -> None:
        """Take what the connection hears."""
        self.arrivals.append(arrival)
        self.stirred.set()

    def forget(self) -> None:
        """Begin a new step with nothing heard."""
        self.arrivals.clear()

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
