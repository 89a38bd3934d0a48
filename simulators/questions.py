"""What a crowd has asked and has had no ack of: who asked, what a right ack says, and until when it is waited for."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from protocols.contract import Event, Operation
from simulators.acks import Acks
from simulators.actor import Actor

Key: TypeAlias = tuple[str, int, int]
"""The name of an actor, which of its connections it is, and the ack's id there."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Something said that wants an ack."""

    actor: Actor
    visit: int
    """Which connection of the actor's it went over."""
    operation: Operation
    due_ns: int
    deadline_ns: int
    until_ns: int
    """When it is given up; from the deadline on, an ack is late."""
    due: Acks
    """What the ack may be."""
    event: Event | None
    """What was said; None where it broke the contract."""


class Questions:
    """All that are open."""

    def __init__(self) -> None:
        self._open: dict[Key, Question] = {}
        self._waiting: dict[int, deque[Key]] = {}  # how long an ack is waited for -> oldest first

    def is_one_open(self, visits: Mapping[str, int]) -> bool:
        """Say whether somebody waits whose connection is still that which counts: name of an actor -> which it is."""
        return any(visits[question.actor.name] == question.visit for question in self._open.values())

    def put(self, ack_id: int, question: Question, within_ns: int) -> None:
        """Wait for an ack."""
        key = question.actor.name, question.visit, ack_id
        self._open[key] = question
        self._waiting.setdefault(within_ns, deque()).append(key)

    def take(self, key: Key) -> Question | None:
        """Return what an ack answers, and wait no longer; None where nothing waits for it."""
        return self._open.pop(key, None)

    def overdue(self, now_ns: int) -> Iterator[Question]:
        """Take out what has had no ack and is given up."""
        for queue in self._waiting.values():
            while queue:
                question = self._open.get(queue[0])
                if question is not None:
                    if question.until_ns > now_ns:
                        break
                    del self._open[queue[0]]
                    yield question
                queue.popleft()
