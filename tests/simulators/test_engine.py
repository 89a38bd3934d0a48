"""The engine: a loop in a thread, with and without gevent, that leaves nothing behind."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import uvloop

from simulators.connection import Connection
from simulators.endpoint import Endpoint, TransportName
from simulators.engine import Engine, SyncConnection


def test_it_runs_uvloop_in_a_thread_of_its_own(engine: Engine) -> None:
    async def where() -> tuple[int, bool]:
        return threading.get_ident(), isinstance(asyncio.get_running_loop(), uvloop.Loop)

    thread, on_uvloop = engine.submit(where())
    assert thread != threading.get_ident()
    assert on_uvloop


def test_results_and_errors_come_back(engine: Engine) -> None:
    async def fail() -> None:
        raise KeyError("inside")

    assert engine.call(lambda: 1 + 1) == 2
    with pytest.raises(KeyError, match="inside"):
        engine.submit(fail())


def test_spawned_jobs_run_side_by_side(engine: Engine) -> None:
    meeting = engine.call(lambda: asyncio.Barrier(2))
    jobs = [engine.spawn(meeting.wait()) for _ in range(2)]
    assert sorted(job.result() for job in jobs) == [0, 1]


def test_closing_cancels_what_runs_and_ends_the_thread() -> None:
    before = threading.active_count()
    engine = Engine()
    cancelled = threading.Event()

    async def wait_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    engine.spawn(wait_for_ever())
    engine.call(lambda: None)
    engine.close()
    engine.close()
    assert cancelled.is_set()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.001)
    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="closed"):
        engine.submit(wait_for_ever())


@pytest.mark.parametrize("transport", ["websocket", "polling", "upgrade"])
def test_closing_cuts_connections(stock_url: str, toy: SimpleNamespace, transport: TransportName) -> None:
    with Engine() as engine:
        endpoint = Endpoint(url=stock_url, transport=transport)
        connection = SyncConnection.open(engine, endpoint, toy.PROTOCOL, "alice")
    assert connection.closed == "transport aborted"


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_hook_that_fails_ends_its_connection_loudly(
    engine: Engine, stock_url: str, toy: SimpleNamespace, caplog: pytest.LogCaptureFixture, transport: TransportName
) -> None:
    def hook(_: object) -> None:
        raise KeyError("our own bug")

    async def play() -> str:
        endpoint = Endpoint(url=stock_url, transport=transport)
        connection = await Connection.open(endpoint, toy.PROTOCOL, "alice", on_event=hook)
        connection.emit(toy.Say(text="x"))
        return await connection.wait_closed(5.0)

    assert engine.submit(play()) == "our own error"
    assert "KeyError: 'our own bug'" in caplog.text


UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import gevent, sys, time
from simulators.engine import Engine, SyncConnection
from simulators.endpoint import Endpoint
from tests.simulators.conftest import TOY, Say, Said

ticks = 0
def tick():
    global ticks
    while True:
        gevent.sleep(0.001)
        ticks += 1

gevent.spawn(tick)
with Engine() as engine:
    def play(number):
        connection = SyncConnection.open(engine, Endpoint(url=sys.argv[1], transport=sys.argv[2]), TOY, f"p{number}")
        connection.emit(Say(text=str(number)))
        said = connection.expect(Said, within_s=5)
        for _ in range(20):
            connection.fence(within_s=5)
        connection.close()
        return said.text
    players = [gevent.spawn(play, number) for number in range(5)]
    gevent.joinall(players)
    print(sorted(player.value for player in players), ticks > 5)
"""


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_under_gevent_only_the_greenlet_waits(stock_url: str, transport: str) -> None:
    # gevent patches a whole process, so this one is another.
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", UNDER_GEVENT, stock_url, transport],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    assert (result.stdout, result.stderr) == ("['0', '1', '2', '3', '4'] True\n", "")
