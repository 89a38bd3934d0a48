"""The same movers as bare clients in Python, who count what they hear: `python -m benchmarks.counting URL --load JSON`.

What our engine costs beyond this is the account.
"""

import asyncio
import json
import math
import time
from dataclasses import asdict
from typing import Final

import uvloop

from benchmarks.bare import sessions
from benchmarks.flock import Member, enter
from benchmarks.movers import LISTEN_S, WARM_UP_S, Figures, Load, asked
from protocols.space import JoinSpace, PlayerMove

JOIN_S: Final = 30.0


class Counters:
    """All of them, on one loop; they look at nothing but the first bytes of what comes."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._joined = 0
        self.heard = self.sent = 0

    async def enter(self, url: str) -> list[Member]:
        """Connect everybody, and have them join."""
        members = []
        for line in (await sessions(url, self._load)).splitlines():
            space, name, token = line.split()
            member = await enter(url, self._hear)
            member.emit(JoinSpace(spaceId=space, playerId="me", nickname=name, avatarColor="blue", sessionToken=token))
            members.append(member)
        async with asyncio.timeout(JOIN_S):
            while self._joined < len(members):  # noqa: ASYNC110 -- nobody is told when the last is in
                await asyncio.sleep(0.05)
        return members

    async def move(self, members: list[Member], seconds: float) -> None:
        """Have everybody move at even intervals for so long."""
        begin_s, count = time.monotonic(), 0
        while (due_s := begin_s + count / self._load.moves_per_s) < begin_s + seconds:
            # uvloop counts whole milliseconds, as in our own engine.
            if (early_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(math.ceil(early_s * 1000) / 1000)
            members[count % len(members)].emit(PlayerMove(x=due_s, y=0, direction="left", isMoving=True))
            count += 1
            self.sent += 1

    def _hear(self, event: bytes) -> None:
        if event.startswith(b'["player:moved"'):
            self.heard += 1
        elif event.startswith(b'["room:joined"'):
            self._joined += 1


async def play(url: str, load: Load) -> Figures:
    """Let everybody come, warm up, and measure the rest."""
    counters = Counters(load)
    members = await counters.enter(url)
    await counters.move(members, WARM_UP_S)
    sent, heard, cpu_s = counters.sent, counters.heard, time.process_time()
    await counters.move(members, load.seconds)
    await asyncio.sleep(LISTEN_S)
    cpu_s = time.process_time() - cpu_s
    for member in members:
        member.leave()
    return Figures(counters.sent - sent, counters.heard - heard, cpu_s, math.nan, math.nan)


def main() -> None:
    """Measure a generator of this kind, and print its figures as JSON."""
    url, load = asked(__doc__)
    print(json.dumps(asdict(uvloop.run(play(url, load)))))


if __name__ == "__main__":
    main()
