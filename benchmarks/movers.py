"""People who only move, evenly: the load that all peers get. As a process: `python -m benchmarks.movers URL`.

Each move carries the moment at which it was due, so that whoever hears it knows how long it took.
"""

import argparse
import asyncio
import json
import math
import time
from dataclasses import asdict, dataclass
from typing import Final, Self

import uvloop

from protocols import space
from simulators.connection import Connection
from simulators.people import People
from simulators.received import Received
from simulators.tally import Times
from simulators.target import Target

WARM_UP_S: Final = 2.0
LISTEN_S: Final = 0.5
PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many there are, and what they do."""

    clients: int
    per_room: int
    moves_per_s: float
    """By all of them together."""
    seconds: float


@dataclass(slots=True)
class Figures:
    """What was sent and heard while it was measured."""

    sent: int
    heard: int
    cpu_s: float
    """CPU that this process used for it."""
    p50_ms: float
    """From when a move was due to when somebody heard it."""
    p99_ms: float

    @property
    def us_per_message(self) -> float:
        """CPU of this process for each message that it sent or heard, in microseconds."""
        return self.cpu_s / (self.sent + self.heard) * 1e6


class Movers:
    """All of them, connected and in their rooms; belongs to one loop."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._connections: list[Connection] = []
        self._awaited = load.clients  # who have not heard that they are in
        self._all_in = asyncio.Event()
        self.heard = 0
        self._times = Times()

    @classmethod
    async def gather(cls, url: str, load: Load, *, sessions: bool) -> Self:
        """Connect everybody, one room after the other; with `sessions` each has one of the target's guests'."""
        movers = cls(load)
        target = Target.at(url, namespace="/")
        async with People(target) as people:
            for n in range(load.clients):
                scope = f"bench-{n // load.per_room}"
                token = (await people.guest(scope, f"mover-{n}")).token if sessions else "none"
                connection = await Connection.open(
                    target.endpoint(), space.PROTOCOL, f"mover-{n}", patience_s=PATIENCE_S, on_event=movers._on_event
                )
                movers._connections.append(connection)
                connection.emit(
                    space.JoinSpace(
                        spaceId=scope, playerId="me", nickname=f"mover-{n}", avatarColor="blue", sessionToken=token
                    )
                )
        async with asyncio.timeout(PATIENCE_S):
            await movers._all_in.wait()
        return movers

    async def move(self, seconds: float) -> int:
        """Have everybody move at even intervals; return how many moves that were."""
        period_s = 1 / self._load.moves_per_s
        begin_s = time.monotonic()
        sent = 0
        while (due_s := begin_s + sent * period_s) < begin_s + seconds:
            if (early_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(early_s)
            elif sent % 20 == 0:
                await asyncio.sleep(0)  # what has arrived is read also when everything is late
            position = space.PlayerMove(x=due_s, y=0, direction="left", isMoving=True)
            self._connections[sent % len(self._connections)].emit(position)
            sent += 1
        return sent

    async def warm_up(self) -> None:
        """Move for a while, which counts for nothing."""
        await self.move(WARM_UP_S)
        await asyncio.sleep(LISTEN_S)

    async def measure(self) -> Figures:
        """Move for the whole time, and hear the last of it."""
        self.heard, self._times = 0, Times()
        cpu_s = time.process_time()
        sent = await self.move(self._load.seconds)
        await asyncio.sleep(LISTEN_S)
        p50_ms, p99_ms = (self._times.percentile_ms(percent) or math.nan for percent in (50, 99))
        return Figures(sent, self.heard, time.process_time() - cpu_s, p50_ms, p99_ms)

    async def close(self) -> None:
        """Disconnect everybody."""
        await asyncio.gather(*(connection.close() for connection in self._connections))

    def _on_event(self, received: Received) -> None:
        match received.event:
            case space.PlayerMoved() as moved:
                self.heard += 1
                self._times.add(int(moved.x * 1e9), received.at_ns)
            case space.RoomJoined():
                self._awaited -= 1
                if not self._awaited:
                    self._all_in.set()
            case _:
                pass


def main() -> None:
    """Measure a generator of this kind, and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--load", type=json.loads, required=True, help="a Load as JSON")
    options = parser.parse_args()
    load = Load(**options.load)

    async def run() -> Figures:
        movers = await Movers.gather(options.url, load, sessions=True)
        try:
            await movers.warm_up()
            return await movers.measure()
        finally:
            await movers.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(run()))))


if __name__ == "__main__":
    main()
