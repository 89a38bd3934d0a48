"""How what a server costs grows: with users who only stay, and with the members of one room."""

import asyncio
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import uvloop
from rich.table import Table

from benchmarks import fan_out, servers
from benchmarks.fan_out import GENERATOR_CORE
from benchmarks.flock import Member, enter
from benchmarks.medians import Run, in_turn
from benchmarks.movers import Load
from benchmarks.pinned import cpu_s, on_core
from benchmarks.speakers import Moves, Reads

USERS: Final = (100, 1000, 10_000)
MEMBERS: Final = (10, 32, 100, 320, 1000)
DELIVERIES_PER_S: Final = 8000
"""In each room, of whatever size: the fewer hear each, the more is said."""
SPARE_FILES: Final = 200
HEARTBEAT_S: Final = 25.0
"""Between a server's question and the next, as it is by default."""


@dataclass(frozen=True, slots=True)
class Idle:
    """What users cost who are connected, and answer heartbeats, and do nothing else."""

    users: int
    connect_ms: float
    """Server CPU for each who came, in milliseconds."""
    memory_kb: float
    """Of the server, for each of them."""
    busy: float
    """Share of the server's core while they stay."""


def idle(count: int, seconds: float = HEARTBEAT_S) -> Idle:
    """Let so many users come to space, and stay for a while, by default until each has answered a heartbeat."""
    with (
        servers.reference() as (url, server),
        on_core(GENERATOR_CORE),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop,
    ):
        first = loop.run(enter(url, _deaf))
        memory_kb, begin_s = _memory_kb(server.pid), cpu_s(server.pid)
        members = loop.run(_come(url, count))
        came_s = cpu_s(server.pid)
        stay_s, clock_s = cpu_s(server.pid), time.monotonic()
        loop.run(asyncio.sleep(seconds))
        busy = (cpu_s(server.pid) - stay_s) / (time.monotonic() - clock_s)
        grown_kb = _memory_kb(server.pid) - memory_kb
        loop.run(_leave([first, *members]))
    return Idle(count, (came_s - begin_s) / count * 1000, grown_kb / count, busy)


def room(members: int, seconds: float) -> Run:
    """Fill one room of hub, and have it speak."""
    return fan_out.measure(partial(servers.reference, "hub"), _load(members, seconds), Reads())


def plain_room(members: int, seconds: float) -> Run:
    """Do the same with the plain Node server's room."""
    return fan_out.measure(servers.plain, _load(members, seconds), Moves(sessions=False))


def idle_users() -> list[Idle]:
    """Measure each number of users that this machine has files for."""
    return [idle(count) for count in USERS if count + SPARE_FILES <= _files()]


def rooms(*, runs: int, seconds: float) -> dict[str, list[tuple[int, Run]]]:
    """Measure rooms of each size, both servers in turn; the run of median CPU counts."""
    found: dict[str, list[tuple[int, Run]]] = {}
    for members in MEMBERS:
        peers = {
            "reference server": partial(room, members, seconds),
            "plain Node socket.io": partial(plain_room, members, seconds),
        }
        for name, measured in in_turn(peers, runs).items():
            middle = sorted(measured, key=lambda run: run.us_each)[len(measured) // 2]
            found.setdefault(name, []).append((members, middle))
    return found


def idle_table(found: Sequence[Idle]) -> Table:
    """Show a line for each number of users."""
    shown = Table(title=f"Users who stay, a heartbeat every {HEARTBEAT_S:g} s", title_justify="left")
    for heading in ("users", "CPU ms to connect one", "memory KB each", "busy"):
        shown.add_column(heading, justify="right")
    for one in found:
        shown.add_row(f"{one.users:,}", f"{one.connect_ms:.2f}", f"{one.memory_kb:.1f}", f"{one.busy:.1%}")
    return shown


def room_table(found: dict[str, list[tuple[int, Run]]]) -> Table:
    """Show a line for each size of a room."""
    shown = Table(title=f"CPU µs per delivery in one room, {DELIVERIES_PER_S:,} deliveries/s", title_justify="left")
    for heading in ("members", *found):
        shown.add_column(heading, justify="right")
    for row in zip(*found.values(), strict=True):
        shown.add_row(f"{row[0][0]:,}", *(f"{run.us_each:.1f}" for _, run in row))
    return shown


def _load(members: int, seconds: float) -> Load:
    return Load(clients=members, per_room=members, moves_per_s=DELIVERIES_PER_S / (members - 1), seconds=seconds)


async def _come(url: str, count: int) -> list[Member]:
    return [await enter(url, _deaf) for _ in range(count)]


async def _leave(members: Sequence[Member]) -> None:
    for member in members:
        member.leave()


def _deaf(_event: bytes) -> None:
    pass


def _memory_kb(pid: int) -> float:
    """Return what a process has in RAM."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return float(status.partition("VmRSS:")[2].split()[0])


def _files() -> int:
    """Open as many files as this process, and the servers it starts, may, and return how many these are."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 1_000_000 if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most
