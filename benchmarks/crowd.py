"""The same movers as a crowd that accounts for every delivery: `python -m benchmarks.crowd URL --load JSON`."""

import asyncio
import json
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from random import Random
from typing import Final

import uvloop

from benchmarks.movers import WARM_UP_S, Figures, Load, asked
from protocols.space import PlayerMove
from simulators.actor import Act, Emit
from simulators.actors.space import SpaceActor
from simulators.crowd import Crowd
from simulators.people import People
from simulators.scenario import Scenario
from simulators.tally import Times
from simulators.target import Target

ARRIVE_S: Final = 60.0


class Mover(SpaceActor):
    """Moves at even intervals, from a given moment on."""

    kind = "mover"
    period_s = 0.1

    def live(self, now_s: float) -> None:
        """Wait for the moment."""

    def begin(self, first_s: float) -> None:
        """Move from that moment on."""
        self.plan(first_s, self._move)

    def _move(self, due_s: float) -> Iterable[Act]:
        yield Emit(PlayerMove(x=due_s, y=0, direction="left", isMoving=True))
        self.plan(due_s + self.period_s, self._move)


class Movers(Crowd):
    """A crowd that is told when to begin to move."""

    def begin(self, movers: Sequence[Mover], moves_per_s: float) -> None:
        """Have everybody move, one after the other."""
        now_s = self.elapsed_s
        for n, mover in enumerate(movers):
            mover.period_s = len(movers) / moves_per_s
            mover.begin(now_s + n / moves_per_s)
            self._turns.put(mover)

    def account_for_all(self) -> None:
        """Count what has been said and heard so far."""
        self._backlog.catch_up()


async def play(url: str, load: Load) -> Figures:
    """Let everybody come, warm up, and measure the rest."""
    target = Target.at(url, namespace="/")
    movers = [Mover(f"mover-{n}", f"bench-{n // load.per_room}", Random(n)) for n in range(load.clients)]
    for n, mover in enumerate(movers):
        mover.come(n * 0.01)
    crowd = Movers(target, Scenario(movers, {}), People(target), outsiders=False)
    life = asyncio.create_task(crowd.play(math.inf))
    async with asyncio.timeout(ARRIVE_S):
        while not all(mover.place.confirmed for mover in movers):  # noqa: ASYNC110 -- nobody is told when the last is in
            await asyncio.sleep(0.05)
    crowd.begin(movers, load.moves_per_s)
    await asyncio.sleep(WARM_UP_S)
    crowd.account_for_all()
    sent, heard, cpu_s = _sent(crowd), _heard(crowd), time.process_time()
    row = crowd.tally.row("player:move", "player:moved")
    row.times = Times()
    await asyncio.sleep(load.seconds)
    crowd.stop()
    await life
    cpu_s = time.process_time() - cpu_s
    if crowd.tally.faults:
        raise RuntimeError(f"the server lost something: {crowd.tally.examples}")
    p50_ms, p99_ms = (row.times.percentile_ms(percent) or math.nan for percent in (50, 99))
    return Figures(_sent(crowd) - sent, _heard(crowd) - heard, cpu_s, p50_ms, p99_ms)


def _sent(crowd: Crowd) -> int:
    return crowd.tally.sent.get("player:move", 0)


def _heard(crowd: Crowd) -> int:
    return crowd.tally.row("player:move", "player:moved").delivered


def main() -> None:
    """Measure a generator of this kind, and print its figures as JSON."""
    url, load = asked(__doc__)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(play(url, load)))))


if __name__ == "__main__":
    main()
