"""Whose turn is next: actors by the moments at which they have something to do."""

import heapq
import math

from simulators.actor import Actor


class Schedule:
    """A queue of actors. Put one in again whenever its next moment may have changed; that costs little."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Actor]] = []
        self._due: dict[str, float] = {}  # name -> the moment that stands in the heap for it
        self._count = 0

    def put(self, actor: Actor) -> None:
        """See to it that an actor's turn comes when it has something to do."""
        due_s = actor.due_s
        if due_s != self._due.get(actor.name, math.inf):
            self._due[actor.name] = due_s
            # The number makes equal moments come in the order in which they were put in.
            heapq.heappush(self._heap, (due_s, self._count, actor))
            self._count += 1

    @property
    def next_s(self) -> float:
        """The moment of the next turn; infinite when nobody has anything to do."""
        while self._heap and self._due.get(self._heap[0][2].name) != self._heap[0][0]:
            heapq.heappop(self._heap)  # a moment that was moved
        return self._heap[0][0] if self._heap else math.inf

    def pop(self) -> Actor:
        """Take out whose turn is next; only while `next_s` is finite."""
        _, _, actor = heapq.heappop(self._heap)
        del self._due[actor.name]
        return actor
