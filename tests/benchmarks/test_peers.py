"""The benchmarks measure what they say. Small as they are here, their figures mean nothing; that they come does."""

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial

import pytest

from benchmarks import fan_out, generators, growth, many, neighbours, servers
from benchmarks.askers import Figures
from benchmarks.medians import Run, in_turn, table
from benchmarks.movers import Load
from benchmarks.pinned import cpu_s, on_core, process
from benchmarks.speakers import Moves, Reads

LOAD = Load(clients=4, per_room=2, moves_per_s=20, seconds=1)
MOVES, HEARD = 20, 20  # in a second; each is heard by the one other in the room

two_cores = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="two cores are needed")


def test_the_cpu_of_a_process_counts_its_children_alive_and_dead() -> None:
    burn = "import time\nwhile time.process_time() < 0.2: pass"
    script = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {burn!r}])
alive = subprocess.Popen([sys.executable, "-c", {burn + chr(10) + "print('done', flush=True); input()"!r}], stdin=-1)
alive.wait()
"""
    with process([sys.executable, "-c", script], 0) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "done\n"
        assert 0.35 <= cpu_s(parent.pid) < 10  # twice 0.2 s; the kernel drops what is left of each tick of 10 ms


def test_a_process_is_stopped_with_its_children() -> None:
    script = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True); input()"
    with process([sys.executable, "-c", script], 0) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], check=False, capture_output=True).stdout
    assert shown == b"" or shown.startswith(b"Z")


@two_cores
def test_what_is_started_on_a_core_stays_there() -> None:
    allowed = os.sched_getaffinity(0)
    with on_core(1):
        assert os.sched_getaffinity(0) == {sorted(allowed)[1]}
    assert os.sched_getaffinity(0) == allowed


@two_cores
def test_our_server_is_measured() -> None:
    check(fan_out.measure(servers.reference, LOAD, Moves(sessions=True)), HEARD)


@two_cores
def test_our_server_is_measured_in_hub() -> None:
    check(fan_out.measure(partial(servers.reference, "hub"), LOAD, Reads()), HEARD)


@two_cores
@pytest.mark.skipif(not servers.MODULES.exists(), reason="the packages of tests/interop are needed: npm ci")
def test_the_plain_server_is_measured() -> None:
    check(fan_out.measure(servers.plain, LOAD, Moves(sessions=False)), HEARD)


@two_cores
def test_the_stock_server_is_measured() -> None:
    check(fan_out.measure(servers.stock, LOAD, Moves(sessions=False)), HEARD)


@two_cores
@pytest.mark.parametrize("peer", generators.peers_here())
def test_each_generator_is_measured(peer: str) -> None:
    check(generators.measure(generators.PEERS[peer], LOAD), MOVES + HEARD)


@two_cores
def test_many_are_measured() -> None:
    told: list[str] = []
    with servers.acknowledging() as (url, _):
        figures = many.measure(url, 20, 1, told.append)
    assert 10 <= figures.acks <= 40
    assert 0 < figures.p50_ms <= figures.p99_ms
    assert figures.connected_per_s > 0
    assert told[-1].startswith("20 users: ack p50")


def test_the_most_that_hold_are_those_before_the_first_that_do_not() -> None:
    def run(users: int) -> Figures:
        return Figures(users, 1, 1, 1, p50_ms=1 if users < 4000 else 6, p99_ms=40, lag_p99_ms=1, cpu=0.5)

    assert many.largest(run, 0) == many.largest(run, 2000) == 3000
    assert many.largest(lambda users: run(9000), 0) == 0


def check(run: Run, per_s: float) -> None:
    assert run.per_s == pytest.approx(per_s, rel=0.3)
    assert 0 <= run.us_each < 1_000_000  # so little may be less than a tick of the kernel
    assert math.isnan(run.p50_ms) or 0 < run.p50_ms <= run.p99_ms < 5000


def test_peers_take_turns_and_medians_count() -> None:
    order: list[str] = []

    def peer(name: str, costs: Sequence[float]) -> Run:
        order.append(name)
        return Run(costs[order.count(name) - 1], 1000, 1.0, math.nan)

    peers = {"ours": lambda: peer("ours", [30, 10, 20]), "theirs": lambda: peer("theirs", [40, 50, 400])}
    measured = in_turn(peers, 3)
    assert order == ["ours", "theirs"] * 3
    shown = table("A title", "message", measured)
    columns = [list(column.cells) for column in shown.columns]
    assert columns == [
        ["ours", "theirs"],
        ["20.0", "50.0"],
        ["10.0 – 30.0", "40.0 – 400.0"],
        ["0.40", "1.00"],
        ["1,000", "1,000"],
        ["1.0", "1.0"],
        ["–", "–"],
    ]


@two_cores
def test_neighbours_are_served_and_those_who_stay_are_weighed() -> None:
    figures = neighbours.measure(44, seconds=3)
    assert (figures.users, figures.questions) == (44, 3)
    assert figures.alerts >= figures.questions
    assert figures.notified == figures.answers > 0
    staying = growth.idle(20, seconds=0.5)
    assert staying.users == 20
    assert staying.connect_ms > 0
