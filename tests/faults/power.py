"""`python -m tests.faults.power`: how many of the faulty servers the suite finds, how soon, and at what.

A fault that a fixed case finds is found whatever the seed: those cases draw nothing. The seeds matter where only the
random phase can find it, and there each of them is played.
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from protocols import PROTOCOLS
from tests.faults.fault import WIRE, Fault
from tests.faults.pool import Piece, do
from tests.faults.power_result import Result
from tests.faults.power_tables import show
from tests.faults.registry import EVERY_FAULT
from tests.faults.trial import Phase, Trial, chosen, play

LEAST_S = 5.0
"""What the random cases get of the budget in any case."""


class Run:
    """Everything that is to be tried, and what is known of it."""

    def __init__(self, faults: Sequence[Fault], protocols: Sequence[str], seeds: int, budget_s: float) -> None:
        self.results = {fault.name: Result(fault=fault, budget_s=budget_s) for fault in faults}
        self.whole = {protocol: list[Trial]() for protocol in protocols}
        self.seeds = seeds
        self.budget_s = budget_s

    def begin(self) -> Iterator[tuple[str, Phase, int, float]]:
        """Yield what is to be played first: on the whole servers all there is, and the fixed cases everywhere."""
        for protocol in self.whole:
            phases: Sequence[Phase] = ("fixed", "slow", "random")
            yield from ((protocol, phase, 0, self.budget_s) for phase in phases if chosen(protocol, phase))
        names = [name for name, result in self.results.items() if not result.trials]
        random.Random(0).shuffle(names)  # what is known when somebody interrupts is a fair sample
        yield from ((name, "fixed", 0, self.budget_s) for name in names)

    def hear(self, trial: Trial) -> Iterator[tuple[str, Phase, int, float]]:
        """Take in what has been played, and yield what is to be played next on that server."""
        if trial.server in self.whole:
            self.whole[trial.server].append(trial)
            return
        result = self.results[trial.server]
        result.trials.append(trial)
        if result.is_right or trial.phase == "random":
            return
        left_s = self.budget_s - sum(one.took_s for one in result.trials)
        if trial.phase == "fixed" and left_s > 0 and chosen(result.fault.protocol, "slow"):
            yield result.fault.name, "slow", 0, left_s
            return
        # What is found already is played on with one seed, for its own requirement.
        seeds = 1 if result.first_s(0) is not None else self.seeds
        if not chosen(result.fault.protocol, "random"):
            return
        yield from ((result.fault.name, "random", seed, max(left_s, LEAST_S)) for seed in range(seeds))


def main(words: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit status is 1 where too little is found, or something in a whole server."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.power", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="FAULT", help="which, by any part of their names; all by default")
    parser.add_argument("--seeds", type=int, default=30, help="for what only random cases find")
    parser.add_argument("--budget", type=float, default=60.0, metavar="SECONDS", help="for each server and seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="servers that are judged at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found there")
    parser.add_argument("--resume", action="store_true", help="go on with what stands in that file")
    options = parser.parse_args(words)
    console = Console(width=None if sys.stdout.isatty() else 120)
    faults = [fault for fault in EVERY_FAULT if not options.names or any(name in fault.name for name in options.names)]
    if not faults:
        parser.error(f"no fault is called {' or '.join(options.names)}")
    protocols = [name for name in (*PROTOCOLS, WIRE) if any(fault.protocol == name for fault in faults)]
    run = Run(faults, protocols, options.seeds, options.budget)
    if options.resume and options.json and options.json.exists():
        _remember(run, json.loads(options.json.read_text("utf-8")))
    began, load = time.monotonic(), os.getloadavg()[0]
    stopped = _play(run, options.jobs, console, options.json)
    took = f"{(time.monotonic() - began) / 60:.1f} min, {options.jobs} at a time, load before {load:.1f}"
    return show(console, run.results.values(), run.whole, options.seeds, f"{took}{' (interrupted)' if stopped else ''}")


def _play(run: Run, jobs: int, console: Console, file: Path | None) -> bool:
    """Play everything, `jobs` at a time; say whether somebody has interrupted it."""

    def hear(trial: Trial) -> tuple[str, Iterable[Piece]]:
        more = list(run.hear(trial))
        _write(run, file)
        found = sum(result.first_s(0) is not None for result in run.results.values())
        return f"{found} found; {trial.server}", more

    return do(play, run.begin(), hear, jobs, console)


def _write(run: Run, file: Path | None) -> None:
    if file is None:
        return
    found = {
        "schema": 1,
        "seeds": run.seeds,
        "budget_s": run.budget_s,
        "faults": [result.to_json(run.seeds) for result in run.results.values() if result.trials],
        "whole": {name: [asdict(trial) for trial in trials] for name, trials in run.whole.items()},
    }
    beside = file.with_suffix(".part")
    beside.write_text(json.dumps(found, indent=1, ensure_ascii=False), "utf-8")
    beside.replace(file)


def _remember(run: Run, found: dict[str, Any]) -> None:
    """Take over the servers that have been judged to the end."""
    for fault in found["faults"]:
        if fault["complete"] and (result := run.results.get(fault["name"])) is not None:
            result.trials = [Trial(**trial) for trial in fault["trials"]]


if __name__ == "__main__":
    sys.exit(main())
