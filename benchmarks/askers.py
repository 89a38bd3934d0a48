"""Many people in one process who ask something once a second each: `python -m benchmarks.askers URL --users 2000`.

Prints, as JSON, how soon they were all connected, what each took of memory, and how late their acks were, which at a
server that answers at once is what the generator itself adds.
"""

import argparse
import asyncio
import gc
import json
import math
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Final

import uvloop

from benchmarks.ack_server import raise_file_limit
from protocols.gateway import SendMessage
from simulators.actor import Act, Emit
from simulators.actors.gateway import LINES, GatewayActor
from simulators.crowd import Crowd
from simulators.people import Identity, People
from simulators.scenario import PER_SCOPE, Scenario
from simulators.tally import Tally, Times
from simulators.target import Target

WARM_UP_S: Final = 2.0
CONNECT_S: Final = 120.0
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
FIRST: Final = 200
"""Connected before memory is looked at, so that what is needed once does not count."""


@dataclass(slots=True)
class Figures:
    """How it went."""

    users: int
    connected_per_s: float
    kb_each: float
    """Of memory, for each user beyond the first two hundred."""
    acks: int
    p50_ms: float
    p99_ms: float
    """From when something was due to be said to when its ack was heard."""
    lag_p99_ms: float
    cpu: float
    """The part of a core that this process used while they talked."""


class Asker(GatewayActor):
    """Says something once a second, from a given moment on."""

    kind = "asker"
    first_s = math.inf

    def live(self, now_s: float) -> None:
        """Wait for the moment."""
        self._agenda.clear()

    def begin(self, first_s: float) -> None:
        """Talk from that moment on."""
        self.plan(first_s, self._ask)

    def _ask(self, due_s: float) -> Iterable[Act]:
        yield Emit(SendMessage(roomId=self.scope, clientMsgId=self.new_id(), content=self.random.choice(LINES)))
        self.plan(due_s + 1.0, self._ask)


class Askers(Crowd):
    """A crowd that is told when to begin to talk."""

    def begin(self, askers: Iterable[Asker]) -> None:
        """Have everybody talk, spread over a second."""
        now_s = self.elapsed_s
        for asker in askers:
            asker.begin(now_s + asker.random.random())
            self._turns.put(asker)

    async def arrive(self, users: int, life: "asyncio.Task[Tally]") -> None:
        """Wait until so many are connected, and tell meanwhile."""
        begin_s, told_s = time.monotonic(), 0.0
        while (there := len(self._connections)) < users:
            took_s = time.monotonic() - begin_s
            if took_s - told_s >= 1.0:
                told_s = took_s
                print(f"{there} of {users} connected", flush=True)
            if took_s > CONNECT_S or life.done():
                raise RuntimeError(f"{there} of {users} connected: {self.tally.examples}")
            await asyncio.sleep(0.01)


def _asker(n: int) -> Asker:
    asker = Asker(f"asker-{n}", f"room-{n // PER_SCOPE}", Random(n))
    asker.identity = Identity(token="t", id=f"asker-{n}", nickname=f"asker-{n}")
    asker.come(0.0)
    return asker


async def ask(url: str, users: int, seconds: float) -> Figures:
    """Connect everybody at once, and have them talk."""
    target = Target.at(
        url, protocol="gateway", namespace="/gateway", patience=60
    )  # a late ack is a figure, and no fault
    first = min(FIRST, users // 2)
    askers = [_asker(n) for n in range(first)]
    crowd = Askers(target, Scenario(askers, {}), People(target), outsiders=False)
    life = asyncio.create_task(crowd.play(math.inf))
    await crowd.arrive(first, life)
    gc.collect()
    memory, begin_s = _memory(), time.monotonic()
    for n in range(first, users):
        askers.append(_asker(n))
        crowd.admit(askers[-1])
    await crowd.arrive(users, life)
    connected_per_s = (users - first) / (time.monotonic() - begin_s)
    gc.collect()
    kb_each = (_memory() - memory) / (users - first) / 1000
    crowd.begin(askers)
    await asyncio.sleep(WARM_UP_S)
    crowd.tally.acks.clear()
    crowd.tally.lag = Times()
    cpu_s = time.process_time()
    await asyncio.sleep(seconds)
    cpu_s = time.process_time() - cpu_s
    acks, lag = crowd.tally.acks["sendMessage"], crowd.tally.lag
    crowd.stop()
    tally: Tally = await life
    if tally.faults:
        raise RuntimeError(f"something went wrong: {tally.examples}")
    p50_ms, p99_ms = (acks.percentile_ms(percent) or math.nan for percent in (50, 99))
    return Figures(
        users,
        connected_per_s,
        kb_each,
        acks.count,
        p50_ms,
        p99_ms,
        lag.percentile_ms(99) or math.nan,
        cpu_s / seconds,
    )


def _memory() -> int:
    """Return the bytes of memory that this process has in use."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def main() -> None:
    """Measure once, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            print(json.dumps(asdict(runner.run(ask(options.url, options.users, options.seconds)))))
        except RuntimeError as error:
            print(error, flush=True)
            sys.exit(1)


if __name__ == "__main__":
    main()
