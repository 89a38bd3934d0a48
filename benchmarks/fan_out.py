"""Server CPU per delivery: our reference server beside a plain Node server, under the same load."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from subprocess import Popen
from typing import Final, TypeAlias

from rich.table import Table

from benchmarks import servers
from benchmarks.medians import Run, in_turn, table
from benchmarks.movers import Load, Movers
from benchmarks.pinned import cpu_s, on_core
from simulators.engine import Engine

GENERATOR_CORE: Final = 1

Serve: TypeAlias = Callable[[], "AbstractContextManager[tuple[str, Popen[str]]]"]


def compare(*, runs: int, seconds: float) -> Table:
    """Load both servers so often, in turn."""
    load = Load(clients=200, per_room=20, moves_per_s=500, seconds=seconds)
    peers = {
        "reference server": partial(measure, servers.reference, load, sessions=True),
        "plain Node socket.io": partial(measure, servers.plain, load, sessions=False),
    }
    title = f"Server: {load.clients} clients in rooms of {load.per_room}, {load.moves_per_s:g} moves/s in all"
    return table(title, "delivery", in_turn(peers, runs))


def measure(serve: Serve, load: Load, *, sessions: bool) -> Run:
    """Load one server once; raises RuntimeError when it lost something, for then it did less than its peer."""
    # The engine's thread is started while only its core is allowed, and stays there.
    with serve() as (url, server), on_core(GENERATOR_CORE), Engine() as engine:
        movers = engine.submit(Movers.gather(url, load, sessions=sessions))
        engine.submit(movers.warm_up())
        before_s = cpu_s(server.pid)
        figures = engine.submit(movers.measure())
        used_s = cpu_s(server.pid) - before_s
        engine.submit(movers.close())
    expected = figures.sent * (load.per_room - 1)
    if figures.heard != expected:
        raise RuntimeError(f"{figures.heard} deliveries were heard, {expected} expected")
    return Run(used_s / figures.heard * 1e6, figures.heard / load.seconds, figures.p50_ms, figures.p99_ms)
