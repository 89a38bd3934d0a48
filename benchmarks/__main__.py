"""`python -m benchmarks [NAME…]`: measure, and print tables. Wants a machine with two cores and nothing else to do."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks import bare, capacity, charts, endless, fan_out, generators, growth, many, neighbours, virtual_time
from simulators.scenario import Cast


def _server(console: Console, options: argparse.Namespace) -> None:
    for moves_per_s in fan_out.MOVES_PER_S:
        console.print(fan_out.compare(moves_per_s, runs=options.runs, seconds=options.seconds))


def _capacity(console: Console, options: argparse.Namespace) -> None:
    console.print(capacity.compare(seconds=options.seconds / 2))


def _neighbours(console: Console, options: argparse.Namespace) -> None:
    console.print(neighbours.compare(seconds=2 * options.seconds))


def _growth(console: Console, options: argparse.Namespace) -> None:
    users, rooms = growth.idle_users(), growth.rooms(runs=options.runs, seconds=options.seconds / 2)
    console.print(growth.idle_table(users), growth.room_table(rooms))
    if options.images is not None:
        charts.write(options.images, {**charts.of_users(users), **charts.of_rooms(rooms)})


def _state(console: Console, options: argparse.Namespace) -> None:
    states = endless.compare()
    console.print(endless.table(states))
    if options.images is not None:
        charts.write(options.images, charts.of_states(states))


def _generator(console: Console, options: argparse.Namespace) -> None:
    if not bare.can_compile():
        console.print(f"no C compiler (cc): without {generators.BARE}")
    console.print(generators.compare(runs=options.runs, seconds=options.seconds))


def _many(console: Console, options: argparse.Namespace) -> None:
    console.print(many.compare(runs=options.runs, seconds=options.seconds, tell=console.print))


def _virtual(console: Console, options: argparse.Namespace) -> None:
    console.print("Virtual time")
    for _ in range(options.runs):
        virtual_time.run(Cast.parse("player=1000", "space"), seed=1, for_s=60)


MEASURED: Final[dict[str, Callable[[Console, argparse.Namespace], None]]] = {
    "server": _server,
    "capacity": _capacity,
    "neighbours": _neighbours,
    "growth": _growth,
    "state": _state,
    "generator": _generator,
    "many": _many,
    "virtual": _virtual,
}
"""What is measured, in this order -> what measures it and prints a table."""


def main() -> int:
    """Run what is asked for; the exit status is 2 where the machine cannot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = ", ".join(MEASURED)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {names}; all by default")
    parser.add_argument("--runs", type=int, default=3, help="how often; the median counts")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is measured")
    parser.add_argument("--images", type=Path, metavar="DIR", help="write charts of growth and state there")
    options = parser.parse_args()
    console = Console(width=120)
    if unknown := set(options.names) - set(MEASURED):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is {names}")
    if len(os.sched_getaffinity(0)) < 2:
        console.print("two cores are needed: one for the server, one for the generator")
        return 2
    console.print(f"{time.strftime('%Y-%m-%d')}, {_cpu()}, load before {os.getloadavg()[0]:.1f}", markup=False)
    chosen = [name for name in MEASURED if name in (options.names or MEASURED)]
    for number, name in enumerate(chosen, 1):
        console.print(f"{time.strftime('%H:%M:%S')} {name}, {number} of {len(chosen)}", markup=False)
        MEASURED[name](console, options)
    return 0


def _cpu() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return f"{len(models)} × {models[0]}" if models else "unknown CPU"


if __name__ == "__main__":
    sys.exit(main())
