"""Plays one part of gopang's rules in virtual time: its timers ring when they are due, and what users hear is kept."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from protocols.contract import Event
from protocols.gopang import PROTOCOL
from reference_server.effects import Command, Effect, Emit, Later, Reply, Stamp

E = TypeVar("E", bound=Event)
R = TypeVar("R")

START_MS = 1_700_000_000_000


class Clockwork:
    """Time, the timers that were set, and the ears of every user."""

    def __init__(self, handle: Callable[[Command, Stamp], Iterator[Effect]]) -> None:
        self.now_ms = START_MS
        self.replies: list[Reply] = []
        self._handle = handle
        self._heard: defaultdict[str, list[Event]] = defaultdict(list)  # room -> events
        self._later: list[tuple[int, int, Command]] = []  # heap of (due, number, command)
        self._entries = self._timers = 0

    @property
    def stamp(self) -> Stamp:
        """A stamp that no other entry has."""
        self._entries += 1
        return Stamp(self.now_ms, self._entries.to_bytes(8, "big"))

    def run(self, effects: Generator[Effect, None, R] | Iterator[Effect]) -> R | None:
        """Carry out what a part asks for; return what it returns. What is heard must keep to the contract."""
        iterator = iter(effects)
        while True:
            try:
                effect = next(iterator)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # what a generator returns is untyped here
            match effect:
                case Emit(event=event, room=room):
                    schema = PROTOCOL.operation(event).schema
                    assert schema is not None
                    assert PROTOCOL.faults(schema, event.to_args()[0]) == []
                    self._heard[room].append(event)
                case Later(after_ms=after_ms, command=command):
                    self._timers += 1
                    heapq.heappush(self._later, (self.now_ms + after_ms, self._timers, command))
                case Reply():
                    self.replies.append(effect)
                case _:
                    raise AssertionError(effect)

    def order(self, command: Command) -> None:
        """Have a command handled now."""
        self.run(self._handle(command, self.stamp))

    def wait(self, ms: int) -> None:
        """Let time pass; each timer rings at its moment."""
        until = self.now_ms + ms
        while self._later and self._later[0][0] <= until:
            self.now_ms, _, command = heapq.heappop(self._later)
            self.order(command)
        self.now_ms = until

    @property
    def timers(self) -> list[Command]:
        """What is still to ring, the next one first."""
        return [command for _, _, command in sorted(self._later, key=lambda each: each[:2])]

    def heard(self, user_id: str) -> list[Event]:
        """Return, and forget, what the sockets of a user heard."""
        return self.heard_in(f"user:{user_id}")

    def heard_in(self, room: str) -> list[Event]:
        """Return, and forget, what was heard in a room."""
        return self._heard.pop(room, [])

    def only(self, user_id: str, kind: type[E]) -> list[E]:
        """Return, and forget, what a user heard, as far as it is of one kind."""
        return [event for event in self.heard(user_id) if isinstance(event, kind)]
