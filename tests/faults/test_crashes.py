"""A server that is killed must remember what it promised to: one with a journal passes, one without fails."""

import contextlib
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.checks import Check
from conformance.playground import Options
from conformance.runner import Finished, run
from conformance.suite import ground, suite_of
from conformance.verdict import Outcome
from simulators.process import Process
from simulators.target import Target
from tests.free_port import free_port

ROOT = Path(__file__).parents[2]
SERVE = """
import pathlib, sys, threading
from reference_server.serve import running
from reference_server.settings import Settings

protocol, port, scale, *journal = sys.argv[1:]
kept = pathlib.Path(journal[0]) if journal else None
with running(Settings(port=int(port), protocols=(protocol,), journal=kept, time_scale=float(scale))):
    threading.Event().wait()
"""


@pytest.mark.parametrize(("remembers", "outcome"), [(True, Outcome.PASS), (False, Outcome.FAIL)])
@pytest.mark.parametrize(
    ("case", "requirement", "time_scale"),
    [
        ("gateway/durability/1", "gateway/durability/1", 1.0),
        ("dongne/stage/survives-a-crash", "dongne/stage/10", 20.0),
    ],
)
def test_a_server_that_is_killed_must_remember(
    tmp_path: Path, case: str, requirement: str, time_scale: float, remembers: bool, outcome: Outcome
) -> None:
    protocol, port = case.partition("/")[0], free_port()
    words = (protocol, str(port), str(time_scale), *([str(tmp_path)] if remembers else []))
    serve = (sys.executable, "-c", SERVE, *words)
    server = subprocess.Popen(serve, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        _await_port(port)
        target = Target.at(f"http://127.0.0.1:{port}", protocol=protocol, time_scale=time_scale)
        target = replace(target, process=Process(start=serve, crash=("kill", "-9", str(server.pid))))
        with ground(target, Options(seed=0, slow=True)) as played:
            events = run(played, suite_of(protocol).select([case]))
            verdicts = [v for event in events if isinstance(event, Finished) for v in event.verdicts]
    finally:
        server.kill()
        server.wait()

    assert {verdict.outcome for verdict in verdicts} == {outcome}
    assert requirement in {verdict.requirement for verdict in verdicts}
    if protocol == "gateway" and not remembers:
        assert {verdict.check for verdict in verdicts} == {Check.CRASH_RECOVERY}


def _await_port(port: int) -> None:
    until = time.monotonic() + 120.0
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    pytest.fail("the server did not begin to listen")
