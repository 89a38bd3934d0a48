"""The largest number of people that a server on one core serves within its deadlines, to about a tenth."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from rich.table import Table

from benchmarks import fan_out, servers
from benchmarks.fan_out import Serve
from benchmarks.medians import Run
from benchmarks.movers import Load
from benchmarks.speakers import Moves, Speech

PER_ROOM: Final = 20
MOVES_PER_S: Final = 10
"""Of each player."""
DEADLINE_MS: Final = 200
"""p99 from when a move is due to when somebody in the room hears it."""
FIRST: Final = 5
"""Rooms to begin with."""
MOST: Final = 200
"""Rooms beyond which nobody looks: 4,000 players."""

Attempt = Callable[[int], Run]


@dataclass(frozen=True, slots=True)
class Held:
    """The largest number that held, and how it went then; none where not even the first did."""

    number: int
    run: Run | None
    tried: tuple[int, ...]


def largest(attempt: Attempt, first: int, most: int) -> Held:
    """Double as long as it holds, then halve the rest, to about a tenth; `attempt` raises RuntimeError when it fails.

    One failure is believed: a number that holds only now and then does not hold.
    """
    tried: list[int] = []
    good, best, bad = 0, None, most + 1
    number = min(first, most)
    while number > good and (best is None or bad - good > max(1, good // 10)):
        tried.append(number)
        try:
            best, good = attempt(number), number
        except RuntimeError:
            bad = number
            if best is None:
                break
        number = min(2 * good, most) if bad > most else (good + bad) // 2
    return Held(good, best, tuple(tried))


def players(serve: Serve, speech: Speech, seconds: float, rooms: int) -> Run:
    """Fill so many rooms; raises RuntimeError where moves are lost or late."""
    clients = rooms * PER_ROOM
    load = Load(clients=clients, per_room=PER_ROOM, moves_per_s=clients * MOVES_PER_S, seconds=seconds)
    run = fan_out.measure(serve, load, speech)
    if not run.p99_ms <= DEADLINE_MS:
        raise RuntimeError(f"p99 {run.p99_ms:.0f} ms")
    return run


def compare(*, seconds: float) -> Table:
    """Find the number for both servers."""
    peers: Mapping[str, Attempt] = {
        "reference server": partial(players, servers.reference, Moves(sessions=True), seconds),
        "plain Node socket.io": partial(players, servers.plain, Moves(sessions=False), seconds),
    }
    return table({name: largest(attempt, FIRST, MOST) for name, attempt in peers.items()})


def table(found: Mapping[str, Held]) -> Table:
    """Show a line for each server."""
    title = f"Players in rooms of {PER_ROOM}, {MOVES_PER_S} moves/s each, p99 within {DEADLINE_MS} ms, on one core"
    shown = Table(title=title, title_justify="left")
    for heading in ("", "players", "deliveries a second", "CPU µs per delivery", "p50 ms", "p99 ms"):
        shown.add_column(heading, justify="left" if not heading else "right")
    for name, held in found.items():
        run = held.run or Run(math.nan, math.nan, math.nan, math.nan)
        figures: Sequence[str] = (f"{run.per_s:,.0f}", f"{run.us_each:.1f}", f"{run.p50_ms:.1f}", f"{run.p99_ms:.1f}")
        shown.add_row(name, f"{held.number * PER_ROOM:,}", *figures)
    return shown
