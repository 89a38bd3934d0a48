"""A simulation from its beginning to its exit status."""

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from protocols import space
from protocols.errors import TargetUnreachable, UsageError
from reference_server.effects import Effect, Emit, Entry, Stamp
from reference_server.mode import Mode
from reference_server.rules.space import Space
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from rehearsal.simulate import simulate
from simulators.scenario import Cast
from simulators.target import Target

from .command import COMMAND, rehearsal


def run(url: str, *, for_s: float = 3.0, history: Path | None = None, terminal: bool = False) -> tuple[int, str]:
    out = io.StringIO()
    console = Console(file=out, width=140, force_terminal=terminal, color_system=None)
    cast = Cast.parse("player=5,guest=1,heckler=1", "space")
    status = simulate(Target.at(url), cast, for_s=for_s, seed=1, history_path=history, console=console)
    return status, out.getvalue()


@pytest.fixture
def url() -> Iterator[str]:
    with running(Settings(port=0), log_stream=io.StringIO()) as url:
        yield url


def test_all_is_well(url: str, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    status, text = run(url, history=path)
    assert status == 0
    assert "Rehearsing space at http" in text
    assert "5 players, 1 guest, 1 heckler, seed 1, for 3 s" in text
    assert "people in 1 spaces" in text
    assert "As promised" in text
    records = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert {record["actor"] for record in records} >= {"player-1", "guest-1", "heckler-1"}
    assert [record["order"] for record in records] == list(range(len(records)))


def test_a_terminal_sees_it_live(url: str) -> None:
    status, text = run(url, terminal=True)
    assert status == 0
    assert "who is where" in text
    assert "As promised" in text


def test_a_server_that_loses_something(tmp_path: Path) -> None:
    class Lossy(Space):
        def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
            for effect in super().handle(entry, stamp):
                if not (isinstance(effect, Emit) and isinstance(effect.event, space.ChatSystem)):
                    yield effect

    rules = Lossy(World.built_in(), Mode.PRODUCTION)
    with running(Settings(port=0, protocols=("space",)), [rules], log_stream=io.StringIO()) as url:
        status, text = run(url, for_s=2.0)
    assert status == 1
    assert "Not as promised" in text
    assert "never heard chat:system" in text


def test_nobody_there() -> None:
    with pytest.raises(TargetUnreachable, match=r"^http://127\.0\.0\.1:9 "):
        run("http://127.0.0.1:9")


def test_a_history_that_cannot_be_written_is_told_before_anything_is_played(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        run(url, history=tmp_path / "no such folder" / "history.jsonl")


def test_without_options_it_plays_the_first_protocol_that_is_served_with_its_usual_cast() -> None:
    with running(Settings(port=0, protocols=("gateway", "hub")), log_stream=io.StringIO()) as url:
        ended = rehearsal("simulate", url, "--for", "1500ms", "--seed", "1")
    assert (ended.code, ended.err) == (0, "")
    assert f"Rehearsing gateway at {url} with 14 chatters, 6 commuters, seed 1" in ended.out


def test_who_reads_no_further_is_no_failure_of_the_server(url: str) -> None:
    with subprocess.Popen(
        [COMMAND, "simulate", url, "--for", "3s", "--cast", "player=2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("Rehearsing space at ")
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 2


def test_ctrl_c_ends_it_with_the_table(url: str) -> None:
    script = f"""
from rich.console import Console
from rehearsal.simulate import simulate
from simulators.scenario import Cast
from simulators.target import Target
raise SystemExit(simulate(Target.at("{url}"), Cast.parse("player=3", "space"), for_s=3600, seed=1, history_path=None,
                          console=Console(width=140)))
"""
    with subprocess.Popen([sys.executable, "-u", "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        for line in process.stdout:
            if "delivered/s" in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
        watchdog.cancel()
    assert process.returncode == 0
    assert "As promised" in rest
