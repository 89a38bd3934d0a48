"""Players of space who only move, evenly, as bare clients: the load that servers get.

Each move carries the moment at which it was due, so that whoever hears it knows how long it took.
"""

import asyncio
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from benchmarks.flock import Member, enter
from benchmarks.movers import Load
from protocols.space import JoinSpace
from simulators.people import People
from simulators.tally import Times
from simulators.target import Target

SILENCE_S: Final = 5.0
"""What has not been heard so long after all else was lost."""

_MOVED: Final = b'["player:moved"'
_JOINED: Final = b'["room:joined"'
_X: Final = b'"x":'


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of the moves of some time."""

    sent: int
    heard: int
    p50_ms: float
    """From when a move was due to when somebody heard it."""
    p99_ms: float


class Players:
    """All of them, connected and in their rooms; belongs to one loop."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._members: list[Member] = []
        self._joined = 0
        self._heard = 0
        self._times = Times()

    @classmethod
    async def gather(cls, url: str, load: Load, *, sessions: bool) -> Self:
        """Connect everybody, one room after the other; with `sessions` each has one of the target's guests'."""
        players = cls(load)
        async with People(Target.at(url, namespace="/")) as people:
            for n in range(load.clients):
                scope, name = f"bench-{n // load.per_room}", f"player-{n}"
                token = (await people.guest(scope, name)).token if sessions else "none"
                member = await enter(url, players._hear)
                players._members.append(member)
                member.emit(
                    JoinSpace(spaceId=scope, playerId="me", nickname=name, avatarColor="blue", sessionToken=token)
                )
        await players._until(lambda: players._joined, load.clients)
        return players

    async def measure(self, seconds: float) -> Heard:
        """Have everybody move at even intervals, and wait until all of it is heard, or for so long that it is lost."""
        self._heard, self._times = 0, Times()
        sent = await self._move(seconds)
        await self._until(lambda: self._heard, sent * (self._load.per_room - 1))
        p50_ms, p99_ms = (self._times.percentile_ms(percent) or math.nan for percent in (50, 99))
        return Heard(sent, self._heard, p50_ms, p99_ms)

    async def close(self) -> None:
        """Disconnect everybody."""
        for member in self._members:
            member.leave()

    async def _move(self, seconds: float) -> int:
        period_s = 1 / self._load.moves_per_s
        begin_s = time.monotonic()
        sent = 0
        while (due_s := begin_s + sent * period_s) < begin_s + seconds:
            if (early_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(early_s)
            elif sent % 20 == 0:
                await asyncio.sleep(0)  # what has arrived is read also when everything is late
            x = json.dumps(due_s)
            move = f'42["player:move",{{"x":{x},"y":0,"direction":"left","isMoving":true}}]'
            self._members[sent % len(self._members)].send(move.encode())
            sent += 1
        return sent

    async def _until(self, count: Callable[[], int], wanted: int) -> None:
        """Wait until so many have been counted, or nobody hears anything any more."""
        counted, deadline_s = count(), time.monotonic() + SILENCE_S
        while counted < wanted and time.monotonic() < deadline_s:
            await asyncio.sleep(0.01)
            if count() > counted:
                counted, deadline_s = count(), time.monotonic() + SILENCE_S

    def _hear(self, event: bytes) -> None:
        if event.startswith(_MOVED):
            self._heard += 1
            at_ns, begin = time.monotonic_ns(), event.index(_X) + len(_X)
            self._times.add(int(float(event[begin : event.index(b",", begin)]) * 1e9), at_ns)
        elif event.startswith(_JOINED):
            self._joined += 1
