"""Generator CPU per message: our engine with its account, beside a bare client and Locust's own Socket.IO users."""

import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from rich.table import Table

from benchmarks import bare, servers
from benchmarks.medians import Run, in_turn, table
from benchmarks.movers import Figures, Load
from benchmarks.pinned import process

GENERATOR_CORE: Final = 1
OURS: Final = "our engine, every delivery accounted for"
BARE: Final = "bare client in C"
COUNTING: Final = "bare clients in Python, who only count"
CONTRIB: Final = "locust.contrib.socketio"
AIMS: Final = {BARE: 1.5, CONTRIB: 1 / 6}
"""What our engine may cost at most, as a part of what another does."""
LOCUSTFILE: Final = Path(__file__).with_name("contrib_locustfile.py")

Command = Callable[[str, Load], Sequence[str]]


def compare(*, runs: int, seconds: float) -> Table:
    """Have each generator load the same server so often, in turn."""
    load = Load(clients=40, per_room=20, moves_per_s=400, seconds=seconds)
    peers = {name: partial(measure, command, load) for name, command in peers_here().items()}
    title = f"Generator: {load.clients} players in rooms of {load.per_room}, {load.moves_per_s:g} moves/s in all"
    measured = in_turn(peers, runs)
    shown = table(title, "message", measured)
    shown.caption, shown.caption_justify = "\n".join(verdicts(measured)), "left"
    return shown


def verdicts(measured: Mapping[str, Sequence[Run]]) -> list[str]:
    """Say how our engine does beside each peer, and what is aimed at."""
    costs = {name: statistics.median(run.us_each for run in runs) for name, runs in measured.items()}
    return [
        f"{costs[OURS] / costs[peer]:.2f} times {peer}; the aim is {aim:.2f} at most"
        for peer, aim in AIMS.items()
        if peer in costs
    ]


def peers_here() -> dict[str, Command]:
    """Return the peers that can be run on this machine."""
    return {name: command for name, command in PEERS.items() if name != BARE or bare.can_compile()}


def measure(command: Command, load: Load) -> Run:
    """Have one generator load a fresh server once; raises RuntimeError when it fails."""
    with servers.reference() as (url, _):
        environment = {"BENCH_LOAD": json.dumps(asdict(load))}
        with process(command(url, load), GENERATOR_CORE, environment) as generator:
            printed, _ = generator.communicate(timeout=60 + 4 * load.seconds)
    lines = [line for line in printed.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(f"{command(url, load)} gave no figures")
    figures = Figures(**json.loads(lines[-1]))
    per_s = (figures.sent + figures.heard) / load.seconds
    return Run(figures.us_per_message, per_s, figures.p50_ms, figures.p99_ms)


def _ours(module: str, url: str, load: Load) -> Sequence[str]:
    return [sys.executable, "-m", module, url, "--load", json.dumps(asdict(load))]


def _contrib(url: str, load: Load) -> Sequence[str]:
    users = str(load.clients)
    options = ["--headless", "--only-summary", "--loglevel", "ERROR", "-u", users, "-r", users]
    return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--host", url, *options]


PEERS: Final[dict[str, Command]] = {
    OURS: partial(_ours, "benchmarks.crowd"),
    COUNTING: partial(_ours, "benchmarks.counting"),
    BARE: partial(_ours, "benchmarks.bare"),
    CONTRIB: _contrib,
}
"""Name -> the command that it is run by."""
