"""Events that have come and wait to be expected, and those who wait for events to come."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from protocols.contract import Event
from simulators.received import E, Received, Where


class Mailbox:
    """What one connection heard and nobody has consumed; each event is consumed once."""

    def __init__(self) -> None:
        self._unheard: list[Received] = []
        self._listeners: list[_Listener] = []

    def __len__(self) -> int:
        return len(self._unheard)

    def put(self, received: Received) -> None:
        """Hand an event to the first who waits for it, or keep it."""
        if not any(listener.takes(received) for listener in self._listeners):
            self._unheard.append(received)

    def take(self, event_type: type[E], where: Where[E]) -> E | None:
        """Consume the first event that has come and is meant, if there is one."""
        for index, received in enumerate(self._unheard):
            if (event := received.is_a(event_type, where)) is not None:
                del self._unheard[index]
                return event
        return None

    async def wait(self, event_type: type[E], where: Where[E]) -> E:
        """Consume the first event that comes from now on and is meant; raises what `fail` is given."""
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        listener = _Listener(lambda received: received.is_a(event_type, where), future)
        self._listeners.append(listener)
        try:
            return cast("E", await future)
        finally:
            self._listeners.remove(listener)

    def heard(self) -> list[Received]:
        """Return the events that came and were not consumed, oldest first."""
        return list(self._unheard)

    def drain(self) -> list[Received]:
        """Consume and return them."""
        events = self.heard()
        self._unheard.clear()
        return events

    def fail(self, error: Exception) -> None:
        """Tell everybody who waits that nothing more will come."""
        for listener in self._listeners:
            if not listener.future.done():
                listener.future.set_exception(error)


@dataclass(frozen=True, slots=True, eq=False)
class _Listener:
    """Somebody who waits for an event."""

    match: Callable[[Received], Event | None]
    future: asyncio.Future[Event]

    def takes(self, received: Received) -> bool:
        if self.future.done():
            return False
        try:
            event = self.match(received)
        except Exception as error:  # noqa: BLE001 -- the predicate is another's: it fails there, not in the reader
            self.future.set_exception(error)
            return False
        if event is not None:
            self.future.set_result(event)
        return event is not None
