"""How fast the rules and simulated people are without a network: 1,000 players for ten minutes of their time.

    python benchmarks/virtual_time.py [--cast player=1000] [--for-s 600] [--seed 1] [--runs 2]

Prints, for each run, how many of their seconds passed in one of ours, and ends with status 1 when two runs differ.
"""

import argparse
import sys
import time

from rehearsal.virtual import Outcome, rehearse
from simulators.scenario import Cast


def main() -> int:
    """Run it as often as asked, and compare the histories."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cast", default="player=1000")
    parser.add_argument("--for-s", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=2)
    options = parser.parse_args()
    people = Cast.parse(options.cast, "space")
    print(f"{people} for {options.for_s:g} s of their time, seed {options.seed}")
    digests = {run(people, options.seed, options.for_s).digest for _ in range(options.runs)}
    if len(digests) > 1:
        print("the runs differ")
        return 1
    print(f"all runs the same, byte for byte: {digests.pop()}")
    return 0


def run(people: Cast, seed: int, for_s: float) -> Outcome:
    """Play once, and print how it went."""
    wall_s, cpu_s = time.monotonic(), time.process_time()
    outcome = rehearse(people, seed=seed, for_s=for_s)
    wall_s, cpu_s = time.monotonic() - wall_s, time.process_time() - cpu_s
    print(
        f"{for_s / cpu_s:6.2f} s of theirs in 1 s of CPU  ({wall_s:.1f} s by the clock, {cpu_s:.1f} s of CPU)  "
        f"{outcome.sent:,} events  {outcome.deliveries:,} deliveries  "
        f"{cpu_s / outcome.deliveries * 1e6:.1f} µs of CPU each",
        flush=True,
    )
    return outcome


if __name__ == "__main__":
    sys.exit(main())
