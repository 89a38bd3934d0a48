"""`python -m tests.faults.calm`: judges right servers on a machine that is busy, where nothing may be found.

Each run is a whole one, as `rehearsal check --strict` plays it, on a fresh server at its usual pace, with the patience
that a target has when nothing is said of it. `wire` is what stands below the protocols, `node` the gateway
of examples/node-gateway.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from conformance.playground import Options
from conformance.runner import Finished, TargetDied
from conformance.verdict import Outcome
from protocols import PROTOCOLS
from protocols.errors import RehearsalError
from simulators.target import Target
from tests.faults.busy import busy
from tests.faults.fault import WIRE
from tests.faults.pool import do
from tests.faults.serving import serving
from tests.faults.subjects import cases, playing, settings, target
from tests.faults.trial import PATIENCE, redis_for
from tests.interop.served import served

NODE: Final = "node"
EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "node-gateway"
AT_MOST_S: Final = 7200.0
"""After which the loops that keep the machine busy end, whatever became of the rest."""


@dataclass(slots=True, kw_only=True)
class Calm:
    """What one run on a right server came to."""

    server: str
    seed: int
    took_s: float = 0.0
    cases: int = 0
    skipped: int = 0
    alarms: list[str] = field(default_factory=list)
    """What was said to be wrong; each is a false alarm."""
    unsure: list[str] = field(default_factory=list)
    """Why the judge could not tell."""


def judge(server: str, seed: int, budget_s: float) -> Calm:
    """Judge one right server, with this seed and so much time for random cases."""
    calm, began = Calm(server=server, seed=seed), time.monotonic()
    try:
        subject = "gateway" if server == NODE else server
        options = Options(seed=seed, budget_s=budget_s)
        with _target(server, subject) as told, playing(subject, told, options) as play:
            for event in play(cases(subject)):
                _note(calm, event)
    except RehearsalError as error:
        calm.unsure.append(f"{type(error).__name__}: {error}")
    calm.took_s = time.monotonic() - began
    return calm


def _note(calm: Calm, event: object) -> None:
    if isinstance(event, TargetDied):
        calm.unsure.append(f"it died: {event.reason}")
    if not isinstance(event, Finished):
        return
    calm.cases += 1
    calm.skipped += all(verdict.outcome is Outcome.SKIP for verdict in event.verdicts)
    for verdict in event.verdicts:
        if verdict.outcome is Outcome.FAIL:
            said = "\n    ".join(verdict.conversation)
            told = f"{verdict.requirement} by {verdict.case}: {verdict.expected}; {verdict.came}\n    {said}"
            calm.alarms.append(told)
        if verdict.outcome is Outcome.UNKNOWN:
            calm.unsure.append(f"{verdict.case}: {verdict.reason}")


@contextmanager
def _target(server: str, subject: str) -> Iterator[Target]:
    """Serve one of ours, or the gateway in Node."""
    with redis_for(subject) as redis_url:
        if server == NODE:
            environment = {"PORT": "0"} | ({"REDIS_URL": redis_url} if redis_url else {})
            with served("node", EXAMPLE / "src" / "main.js", **environment) as url:
                yield replace(Target.load(EXAMPLE / "target.toml", url=url), redis_url=redis_url)
        else:
            how = settings(subject, redis_url=redis_url)
            with serving(how) as ours:
                yield target(subject, ours.url, patience=PATIENCE, settings=how)


def main(words: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit status is 1 where anything is found, or nobody can tell."""
    names = (*PROTOCOLS, WIRE, NODE)
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(prog="python -m tests.faults.calm", description=__doc__)
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=f"which of {', '.join(names)}; all by default")
    parser.add_argument("--seeds", type=int, default=30, help="runs on each server of ours")
    parser.add_argument("--wire-runs", type=int, default=20, help="runs on the wire, where no chance is drawn")
    parser.add_argument("--node-seeds", type=int, default=10, help="runs on the server in Node")
    parser.add_argument("--budget", type=float, default=5.0, metavar="SECONDS", help="for random cases, in each run")
    parser.add_argument("--jobs", type=int, default=2 * cores, help="servers that are judged at a time")
    parser.add_argument("--busy", type=int, default=cores, help="loops that keep the machine busy meanwhile")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found there")
    options = parser.parse_args(words)
    if unknown := set(options.servers) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(names)}")
    console = Console(width=None if sys.stdout.isatty() else 120)
    chosen = options.servers or names
    few = {WIRE: options.wire_runs, NODE: options.node_seeds}
    seeds = {name: few.get(name, options.seeds) for name in chosen}
    pieces = [
        (name, seed, options.budget) for seed in range(max(seeds.values())) for name in chosen if seed < seeds[name]
    ]
    runs: list[Calm] = []

    def hear(calm: Calm) -> tuple[str, Sequence[Sequence[object]]]:
        runs.append(calm)
        for told in (*calm.alarms, *calm.unsure):
            console.print(f"{calm.server}, seed {calm.seed}: {told}", markup=False, soft_wrap=True)
        return f"{sum(len(one.alarms) for one in runs)} alarms; {calm.server}", ()

    began = time.monotonic()
    with busy(options.busy, AT_MOST_S):
        stopped = do(judge, pieces, hear, options.jobs, console)
    if options.json:
        options.json.write_text(json.dumps({"schema": 1, "runs": [asdict(one) for one in runs]}, indent=1), "utf-8")
    console.print(_table(chosen, runs))
    console.print(
        f"{len(runs)} of {len(pieces)} runs in {(time.monotonic() - began) / 60:.1f} min, {options.jobs} at a time "
        f"beside {options.busy} busy loops, {options.budget:g} s for random cases in each",
        soft_wrap=True,
    )
    return int(stopped or any(one.alarms or one.unsure for one in runs))


def _table(chosen: Sequence[str], runs: Sequence[Calm]) -> Table:
    table = Table("server", "runs", "cases played", "skipped in each", "false alarms", "unknown", "longest s", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for name in chosen:
        mine = [one for one in runs if one.server == name]
        table.add_row(
            name,
            str(len(mine)),
            str(sum(one.cases - one.skipped for one in mine)),
            str(max((one.skipped for one in mine), default=0)),
            str(sum(len(one.alarms) for one in mine)),
            str(sum(len(one.unsure) for one in mine)),
            f"{max((one.took_s for one in mine), default=0):.0f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
