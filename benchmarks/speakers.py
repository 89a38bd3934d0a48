"""People in rooms who say one thing, evenly, as bare clients: the load that servers get.

Whatever is said carries the moment at which it was due, so that whoever hears it knows how long it took.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, Self

import jwt

from benchmarks.flock import Member, enter
from benchmarks.movers import Load
from protocols.hub import JoinRoom
from protocols.space import JoinSpace
from reference_server.gate import ALGORITHM, DEVELOPMENT_SECRET
from simulators.people import People
from simulators.tally import Times
from simulators.target import Target

SILENCE_S: Final = 5.0
"""What has not been heard so long after all else was lost."""


class Speech(Protocol):
    """How the members of a room speak."""

    joined: bytes
    """How what begins that shows that somebody is in the room."""
    said: bytes
    """How what begins that the others hear."""
    mark: bytes
    """After which in it the moment stands, in seconds, up to a comma."""

    async def join(self, people: People, url: str, hear: Callable[[bytes], None], room: str, name: str) -> Member:
        """Connect somebody and have them join a room."""
        ...

    def joins(self, load: Load) -> int:
        """How often `joined` is heard until everybody is in."""
        ...

    def say(self, due_s: float, room: str) -> bytes:
        """Return the packet."""
        ...


class Moves:
    """Players of space who move; `sessions` says whether each has one of the target's guests'."""

    joined, said, mark = b'["room:joined"', b'["player:moved"', b'"x":'

    def __init__(self, *, sessions: bool) -> None:
        self._sessions = sessions

    async def join(self, people: People, url: str, hear: Callable[[bytes], None], room: str, name: str) -> Member:
        """Connect somebody and have them join a space."""
        token = (await people.guest(room, name)).token if self._sessions else "none"
        member = await enter(url, hear)
        member.emit(JoinSpace(spaceId=room, playerId="me", nickname=name, avatarColor="blue", sessionToken=token))
        return member

    def joins(self, load: Load) -> int:
        """Each is told so itself."""
        return load.clients

    def say(self, due_s: float, room: str) -> bytes:
        """Move."""
        return b'42["player:move",{"x":%.6f,"y":0,"direction":"left","isMoving":true}]' % due_s


class Reads:
    """Members of hub's rooms, of which any number has place, who have read something."""

    joined, said, mark = b'["user_joined"', b'["message_read"', b'"messageId":"due,'

    async def join(self, people: People, url: str, hear: Callable[[bytes], None], room: str, name: str) -> Member:
        """Connect somebody and have them join a room."""
        claims = {"id": name, "email": f"{name}@example.org", "nickname": name}
        member = await enter(url, hear, token=jwt.encode(claims, DEVELOPMENT_SECRET, ALGORITHM))
        member.emit(JoinRoom(roomId=room))
        return member

    def joins(self, load: Load) -> int:
        """Those hear it who are in the room."""
        return load.clients // load.per_room * load.per_room * (load.per_room - 1) // 2

    def say(self, due_s: float, room: str) -> bytes:
        """Have read a message, whose id is the moment."""
        return b'42["read_message",{"roomId":"%s","messageId":"due,%.6f,"}]' % (room.encode(), due_s)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of what was said for some time."""

    sent: int
    heard: int
    p50_ms: float
    """From when something was due to when somebody heard it."""
    p99_ms: float


class Speakers:
    """All of them, connected and in their rooms; belongs to one loop."""

    def __init__(self, load: Load, speech: Speech) -> None:
        self._load, self._speech = load, speech
        self._members: list[Member] = []
        self._joined = 0
        self._heard = 0
        self._times = Times()

    @classmethod
    async def gather(cls, url: str, load: Load, speech: Speech) -> Self:
        """Connect everybody, one room after the other."""
        speakers = cls(load, speech)
        async with People(Target.at(url, namespace="/")) as people:
            for n in range(load.clients):
                member = await speech.join(people, url, speakers._hear, speakers._room(n), f"speaker-{n}")
                speakers._members.append(member)
        await speakers._until(lambda: speakers._joined, speech.joins(load))
        return speakers

    async def measure(self, seconds: float) -> Heard:
        """Have everybody speak at even intervals, and wait until all is heard, or for so long that it is lost."""
        self._heard, self._times = 0, Times()
        sent = await self._speak(seconds)
        await self._until(lambda: self._heard, sent * (self._load.per_room - 1))
        p50_ms, p99_ms = (self._times.percentile_ms(percent) or math.nan for percent in (50, 99))
        return Heard(sent, self._heard, p50_ms, p99_ms)

    async def close(self) -> None:
        """Disconnect everybody."""
        for member in self._members:
            member.leave()

    async def _speak(self, seconds: float) -> int:
        period_s = 1 / self._load.moves_per_s
        begin_s = time.monotonic()
        sent = 0
        while (due_s := begin_s + sent * period_s) < begin_s + seconds:
            if (early_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(early_s)
            elif sent % 20 == 0:
                await asyncio.sleep(0)  # what has arrived is read also when everything is late
            n = sent % len(self._members)
            self._members[n].send(self._speech.say(due_s, self._room(n)))
            sent += 1
        return sent

    def _room(self, n: int) -> str:
        return f"bench-{n // self._load.per_room}"

    async def _until(self, count: Callable[[], int], wanted: int) -> None:
        """Wait until so many have been counted, or nobody hears anything any more."""
        counted, deadline_s = count(), time.monotonic() + SILENCE_S
        while counted < wanted and time.monotonic() < deadline_s:
            await asyncio.sleep(0.01)
            if count() > counted:
                counted, deadline_s = count(), time.monotonic() + SILENCE_S

    def _hear(self, event: bytes) -> None:
        if event.startswith(self._speech.said):
            self._heard += 1
            at_ns, begin = time.monotonic_ns(), event.index(self._speech.mark) + len(self._speech.mark)
            self._times.add(int(float(event[begin : event.index(b",", begin)]) * 1e9), at_ns)
        elif event.startswith(self._speech.joined):
            self._joined += 1
