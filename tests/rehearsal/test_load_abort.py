"""A run that is already lost ends before its time, and says why."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.results.record import Record
from loadtests.self_test.server import Little, Losing
from rehearsal.load import Load, start
from simulators.engine import Engine
from simulators.target import Target

FOR_S = 300.0
WITHIN_S = 120.0


@pytest.fixture
def losing() -> Iterator[Little]:
    """A server that drops three of a hundred deliveries."""
    server = Losing()
    with Engine() as engine:
        engine.submit(server.start())
        yield server
        engine.submit(server.close())


def test_what_can_no_longer_be_kept_ends_a_run(losing: Little, tmp_path: Path) -> None:
    slo, report, log = tmp_path / "slo.toml", tmp_path / "report", tmp_path / "log"
    slo.write_text('lost = "2%"\n[abort-on]\nlost = "2%"\n')
    load = Load(
        target=Target.at(losing.url, protocol="gateway"),
        cast="chatter=30",
        rate=30,
        for_s=FOR_S,
        seed=1,
        slo=str(slo),
        report=report,
        view="plain",
    )
    load.check()
    with log.open("wb") as output, start(load.words(), output=output) as run:
        try:
            assert run.wait(WITHIN_S) == 1
        except subprocess.TimeoutExpired:
            run.kill()
            raise
    record = Record.read(report)
    assert record.aborted.startswith("abort-on: ")
    assert record.lasted_s < WITHIN_S
    assert "abort-on: " in log.read_text()
