"""Generator CPU per message: our engine, with and without its account, beside a bare client and Locust's own users."""

import json
import sys
from collections.abc import Callable, Sequence
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
BARE: Final = "bare client in C"
LOCUSTFILE: Final = Path(__file__).with_name("contrib_locustfile.py")

Command = Callable[[str, Load], Sequence[str]]


def compare(*, runs: int, seconds: float) -> Table:
    """Have each generator load the same server so often, in turn."""
    load = Load(clients=40, per_room=20, moves_per_s=400, seconds=seconds)
    peers = {name: partial(measure, command, load) for name, command in peers_here().items()}
    title = f"Generator: {load.clients} players in rooms of {load.per_room}, {load.moves_per_s:g} moves/s in all"
    return table(title, "message", in_turn(peers, runs))


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
    "our engine": partial(_ours, "benchmarks.movers"),
    "our engine, every delivery accounted for": partial(_ours, "benchmarks.crowd"),
    BARE: partial(_ours, "benchmarks.bare"),
    "locust.contrib.socketio": _contrib,
}
"""Name -> the command that it is run by."""
