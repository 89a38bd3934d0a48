"""What a simulated person is: it decides what to do and remembers where it stands, and does no I/O.

Whoever plays it (`crowd.py` on connections, `rehearsal/virtual.py` on paper) asks it to act when something is due, does
what it says, and tells it what is heard. Times are seconds since the run began; all chance comes from its own `Random`.
"""

import heapq
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import ClassVar, TypeAlias

from protocols.contract import Ack, Condition, Event, Json, Protocol
from simulators.people import Identity


@dataclass(frozen=True, slots=True)
class Connect:
    """Connect to the target, with a session of its own."""


@dataclass(frozen=True, slots=True)
class Emit:
    """Say something that the contract knows."""

    event: Event


@dataclass(frozen=True, slots=True)
class EmitRaw:
    """Say something that the contract does not allow."""

    name: str
    arguments: tuple[object, ...]
    prank: str
    """What is wrong with it, for people."""


@dataclass(frozen=True, slots=True)
class Post:
    """Ask the target for something over HTTP, with one's token as bearer; what comes of it is heard on connections."""

    path: str
    body: Mapping[str, Json]
    room: str = field(default="", compare=False)
    """The place that it lets one into, where it is for nothing else: a target may have ways of its own for that."""


@dataclass(frozen=True, slots=True)
class Leave:
    """End the connection politely."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Break the connection off without a word."""


Act: TypeAlias = Connect | Emit | EmitRaw | Post | Leave | Cut
Intent: TypeAlias = Callable[[float], Iterable[Act]]
"""What somebody means to do at a moment; it is given that moment."""


class Standing(ABC):
    """What somebody knows of its own place, by what it said and heard itself: the ground of all accounting."""

    enters: ClassVar[bool] = True
    """Whether saying something that a room hears brings one into that room, where one was not in it."""
    notes: ClassVar[frozenset[type[Event]] | None] = None
    """What it is told when it is heard, since nothing else changes its place; None where all of it must be told."""
    notes_said: ClassVar[frozenset[type[Event]] | None] = None
    """The same of what is said."""

    def __init__(self) -> None:
        self.version = 0
        """Goes up whenever `rooms` changes."""
        self.rooms: dict[str, bool] = {}
        """The rooms it is in, by the names of the contract's triggers; False where the target has yet to confirm."""
        self.facts: dict[str, Json] = {}
        """`{sender.x}` of the contract's triggers."""
        self.session: dict[str, Json] = {}
        """`{session.x}` of the contract's triggers."""
        self.expelled = False
        """Whether it has done what the target disconnects people for."""

    @abstractmethod
    def connected(self, identity: Identity) -> None:
        """Begin anew, with a session on a new connection."""

    @abstractmethod
    def said(self, event: Event) -> None:
        """Note what was said."""

    @abstractmethod
    def heard(self, event: Event) -> None:
        """Note what was heard."""

    def answered(self, event: Event, ack: Ack) -> None:  # noqa: B027  # most are told all they need by events
        """Note how something that was said was acknowledged."""

    @abstractmethod
    def disconnected(self) -> None:
        """Note that the connection is gone."""

    def may_hear(self, event: Event) -> bool:
        """Say whether something heard can be right although nobody of ours is known to have caused it.

        So it is with what timers tell, and what the target tells of others. What cannot be right was heard by somebody
        who should not have.
        """
        return False

    def must_not_hear(self, event: Event) -> bool:
        """Say whether it is wrong to hear something that nobody of ours caused, whoever else there may be."""
        return False

    @abstractmethod
    def holds(self, condition: Condition, event: Event) -> bool | None:
        """Say whether a condition of the contract holds for what is about to be said; None where only others know."""


class Actor(ABC):
    """Somebody with a name, a space to be in and an agenda."""

    kind: ClassVar[str]
    """What it is called in a cast."""
    cares: ClassVar[frozenset[type[Event]]]
    """What it, or its standing, does something about when it is heard; all else need not be told to it."""
    is_staff: ClassVar[bool] = False
    """Whether it needs the session of somebody who is OWNER or STAFF in its scope."""
    is_known: ClassVar[bool] = False
    """Whether it needs the session of somebody whom the target knew before, also where guests may come."""
    shares: ClassVar[str] = ""
    """The kind of actor whose session it holds too, as another device does; empty where it has one of its own."""

    def __init__(self, name: str, scope: str, random: Random, standing: Standing) -> None:
        self.name = name
        self.scope = scope
        self.random = random
        self.standing = standing
        self.identity: Identity | None = None
        """The session that it holds; None while it needs another one."""
        self._agenda: list[tuple[float, int, Intent]] = []
        self._planned = 0

    @property
    def nickname(self) -> str:
        """What it wants to be called where it may choose."""
        return self.name

    @property
    def session_of(self) -> str:
        """The name of the actor whose session it holds: its own, or that of the same number of the kind it shares."""
        return f"{self.shares}-{self.name.rpartition('-')[2]}" if self.shares else self.name

    def unheeded(self, protocol: Protocol) -> frozenset[type[Event]]:
        """Return what of a protocol neither it nor its standing does anything about when it is heard."""
        return _unheeded(protocol, self.cares, self.standing.notes)

    @property
    def due_s(self) -> float:
        """When it next has something to do; infinite when it only listens."""
        return self._agenda[0][0] if self._agenda else math.inf

    def plan(self, at_s: float, intent: Intent) -> None:
        """Put something on the agenda."""
        # The number keeps equal moments in the order in which they were planned.
        heapq.heappush(self._agenda, (at_s, self._planned, intent))
        self._planned += 1

    def now_and_then(self, now_s: float, mean_s: float, intend: Callable[[float], Iterable[Act]]) -> None:
        """Do something again and again, at moments that do not depend on each other."""

        def again(due_s: float) -> Iterable[Act]:
            yield from intend(due_s)
            self.plan(due_s + self.random.expovariate(1 / mean_s), again)

        self.plan(now_s + self.random.expovariate(1 / mean_s), again)

    def come(self, at_s: float) -> None:
        """Plan to connect, and nothing else."""
        self._agenda.clear()
        self.plan(at_s, lambda _: [Connect()])

    def act(self, now_s: float) -> Iterator[tuple[float, Act]]:
        """Yield each thing that is due, with the moment it was due, which is earlier when whoever asks is late."""
        while self._agenda and self._agenda[0][0] <= now_s:
            due_s, _, intent = heapq.heappop(self._agenda)
            for act in intent(due_s):
                yield due_s, act

    @abstractmethod
    def connected(self, identity: Identity, now_s: float) -> None:
        """Begin, with a session on a new connection."""

    @abstractmethod
    def hear(self, event: Event, now_s: float) -> None:
        """Take in what was heard, and perhaps plan something because of it."""

    def answered(self, event: Event, ack: Ack, now_s: float) -> None:  # noqa: B027  # most do nothing about it
        """Take in how something that it said was acknowledged, and perhaps plan something because of it."""

    @abstractmethod
    def disconnected(self, now_s: float) -> None:
        """Take in that the connection is gone, by its own doing or not, and plan to come back."""


@cache  # the same set for all of a kind: of thousands, each would have its own
def _unheeded(
    protocol: Protocol, cares: frozenset[type[Event]], notes: frozenset[type[Event]] | None
) -> frozenset[type[Event]]:
    if notes is None:
        return frozenset()
    return frozenset(operation.event for operation in protocol.outbound.values()) - cares - notes


def expand(template: Json, facts: Mapping[str, Mapping[str, Json]]) -> Json:
    """Return a trigger's template with `{payload.x}`, `{sender.x}` and `{session.x}` filled in.

    One that is nothing else becomes the value itself; `|trim` takes the blanks off its ends.
    """
    match template:
        case str() if "{" in template:
            parts = template.split("{")
            if not parts[0] and template.endswith("}") and len(parts) == 2:
                return _fact(parts[1][:-1], facts)
            return parts[0] + "".join(
                f"{_fact(inner, facts)}{rest}" for inner, _, rest in (part.partition("}") for part in parts[1:])
            )
        case list() | tuple():
            return [expand(item, facts) for item in template]
        case _:
            return template


def _fact(path: str, facts: Mapping[str, Mapping[str, Json]]) -> Json:
    path, _, pipe = path.partition("|")
    source, _, name = path.partition(".")
    value = facts[source].get(name)
    return value.strip() if pipe == "trim" and isinstance(value, str) else value
