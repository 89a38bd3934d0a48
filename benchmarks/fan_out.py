"""Server CPU per delivery: our reference server beside a plain Node server, under the same load."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from subprocess import Popen
from typing import Final, TypeAlias

import uvloop
from rich.table import Table

from benchmarks import servers
from benchmarks.medians import Run, in_turn, table
from benchmarks.movers import Load
from benchmarks.pinned import cpu_s, on_core
from benchmarks.speakers import Moves, Speakers, Speech

GENERATOR_CORE: Final = 1
WARM_UP_S: Final = 2.0
STOCK_MOVES_PER_S: Final = 500.0
"""What python-socketio as it comes can bear on one core, with some to spare."""
MOVES_PER_S: Final = (500.0, 2_000.0, 4_000.0)
"""From a small part of what the plain server holds on one core to most of it: a busy one shares costs."""

Serve: TypeAlias = Callable[[], "AbstractContextManager[tuple[str, Popen[str]]]"]


def compare(moves_per_s: float, *, runs: int, seconds: float) -> Table:
    """Load both servers so often, in turn."""
    load = Load(clients=200, per_room=20, moves_per_s=moves_per_s, seconds=seconds)
    stock: dict[str, Serve] = {"python-socketio": servers.stock} if moves_per_s <= STOCK_MOVES_PER_S else {}
    serves: dict[str, Serve] = {"reference server": servers.reference, **stock, "plain Node socket.io": servers.plain}
    peers = {
        name: partial(measure, serve, load, Moves(sessions=serve is servers.reference))
        for name, serve in serves.items()
    }
    title = f"Server: {load.clients} clients in rooms of {load.per_room}, {load.moves_per_s:,g} moves/s in all"
    return table(title, "delivery", in_turn(peers, runs))


def measure(serve: Serve, load: Load, speech: Speech) -> Run:
    """Load one server once; raises RuntimeError when it lost something, for then it did less than its peer."""
    with serve() as (url, server), on_core(GENERATOR_CORE), asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        speakers = loop.run(Speakers.gather(url, load, speech))
        loop.run(speakers.measure(WARM_UP_S))
        before_s = cpu_s(server.pid)
        heard = loop.run(speakers.measure(load.seconds))
        used_s = cpu_s(server.pid) - before_s
        loop.run(speakers.close())
    expected = heard.sent * (load.per_room - 1)
    if heard.heard != expected:
        raise RuntimeError(f"{heard.heard} deliveries were heard, {expected} expected")
    return Run(used_s / heard.heard * 1e6, heard.heard / load.seconds, heard.p50_ms, heard.p99_ms)
