"""The same movers as a crowd that accounts for every delivery: `python -m benchmarks.crowd URL --load JSON`."""

import argparse
import asyncio
import json
import math
import time
from collections.abc import Iterable
from dataclasses import asdict
from random import Random

import uvloop

from benchmarks.movers import WARM_UP_S, Figures, Load
from protocols.space import PlayerMove
from simulators.actor import Act, Emit
from simulators.actors.space import SpaceActor
from simulators.crowd import Crowd
from simulators.people import People
from simulators.scenario import Scenario
from simulators.target import Target


class Mover(SpaceActor):
    """Moves at even intervals."""

    kind = "mover"
    first_s = 0.0
    period_s = 0.1

    def live(self, now_s: float) -> None:
        """Begin when all others have come."""
        self.plan(self.first_s, self._move)

    def _move(self, due_s: float) -> Iterable[Act]:
        yield Emit(PlayerMove(x=due_s, y=0, direction="left", isMoving=True))
        self.plan(due_s + self.period_s, self._move)


def cast(load: Load) -> list[Mover]:
    """Return everybody, each with a turn of its own in every period."""
    movers = []
    for n in range(load.clients):
        mover = Mover(f"mover-{n}", f"bench-{n // load.per_room}", Random(n))
        mover.period_s = load.clients / load.moves_per_s
        mover.first_s = WARM_UP_S + n / load.moves_per_s
        mover.come(n * 0.01)
        movers.append(mover)
    return movers


async def play(url: str, load: Load) -> Figures:
    """Let everybody come, warm up, and measure the rest."""
    target = Target.at(url, namespace="/")
    crowd = Crowd(target, Scenario(cast(load), {}), People(target), outsiders=False)
    begin_s = 2 * WARM_UP_S
    life = asyncio.create_task(crowd.play(begin_s + load.seconds))
    await asyncio.sleep(begin_s)
    sent, heard, cpu_s = _sent(crowd), _heard(crowd), time.process_time()
    await life
    cpu_s = time.process_time() - cpu_s
    if crowd.tally.faults:
        raise RuntimeError(f"the server lost something: {crowd.tally.examples}")
    times = crowd.tally.row("player:move", "player:moved").times
    p50_ms, p99_ms = (times.percentile_ms(percent) or math.nan for percent in (50, 99))
    return Figures(_sent(crowd) - sent, _heard(crowd) - heard, cpu_s, p50_ms, p99_ms)


def _sent(crowd: Crowd) -> int:
    return crowd.tally.sent.get("player:move", 0)


def _heard(crowd: Crowd) -> int:
    return crowd.tally.row("player:move", "player:moved").delivered


def main() -> None:
    """Measure a generator of this kind, and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--load", type=json.loads, required=True, help="a Load as JSON")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(play(options.url, Load(**options.load))))))


if __name__ == "__main__":
    main()
