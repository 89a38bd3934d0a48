"""`python -m benchmarks [NAME…]`: measure, and print tables. Wants a machine with two cores and nothing else to do."""

import argparse
import os
import sys
import time
from pathlib import Path

from rich.console import Console

from benchmarks import bare, capacity, charts, endless, fan_out, generators, growth, many, neighbours, virtual_time
from simulators.scenario import Cast

NAMES = ("server", "capacity", "neighbours", "growth", "state", "generator", "many", "virtual")


def main() -> int:
    """Run what is asked for; the exit status is 2 where the machine cannot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(NAMES)}; all by default")
    parser.add_argument("--runs", type=int, default=3, help="how often; the median counts")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is measured")
    parser.add_argument("--images", type=Path, metavar="DIR", help="write charts of growth and state there")
    options = parser.parse_args()
    console = Console(width=120)
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(NAMES)}")
    if len(os.sched_getaffinity(0)) < 2:
        console.print("two cores are needed: one for the server, one for the generator")
        return 2
    console.print(f"{time.strftime('%Y-%m-%d')}, {_cpu()}, load before {os.getloadavg()[0]:.1f}", markup=False)
    names = options.names or NAMES
    if "server" in names:
        console.print(fan_out.compare(runs=options.runs, seconds=options.seconds))
    if "capacity" in names:
        console.print(capacity.compare(seconds=options.seconds / 2))
    if "neighbours" in names:
        console.print(neighbours.compare(seconds=2 * options.seconds))
    if "growth" in names:
        users, rooms = growth.idle_users(), growth.rooms(runs=options.runs, seconds=options.seconds / 2)
        console.print(growth.idle_table(users), growth.room_table(rooms))
        if options.images is not None:
            charts.write(options.images, {**charts.of_users(users), **charts.of_rooms(rooms)})
    if "state" in names:
        states = endless.compare()
        console.print(endless.table(states))
        if options.images is not None:
            charts.write(options.images, charts.of_states(states))
    if "generator" in names:
        if not bare.can_compile():
            console.print(f"no C compiler (cc): without {generators.BARE}")
        console.print(generators.compare(runs=options.runs, seconds=options.seconds))
    if "many" in names:
        console.print(many.compare(runs=options.runs, seconds=options.seconds, tell=console.print))
    if "virtual" in names:
        console.print("Virtual time")
        for _ in range(options.runs):
            virtual_time.run(Cast.parse("player=1000", "space"), seed=1, for_s=60)
    return 0


def _cpu() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return f"{len(models)} × {models[0]}" if models else "unknown CPU"


if __name__ == "__main__":
    sys.exit(main())
