"""Every check of gateway has been seen to fail: each faulty server at its requirement, and the whole one passes."""

import contextlib
import itertools
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.playground import Options, Playground
from conformance.runner import Finished, run
from conformance.suite import ground, suite_of
from conformance.verdict import Outcome, Verdict
from reference_server.mode import Mode
from reference_server.rules.gateway import Gateway
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from simulators.target import Target
from tests.faults import gateway_surroundings
from tests.faults.gateway import FAULTS, Faulty
from tests.faults.patience import UNHURRIED
from tests.free_port import free_port
from tests.reference_server.redis_server import RedisServer

SUITE = suite_of("gateway")
SEEDS = range(10)
MINUTE_IN_A_SECOND = 60.0
"""A time scale."""

ROOT = Path(__file__).parents[2]
SERVE = """
import pathlib, sys, threading
from reference_server.serve import running
from reference_server.settings import Settings

journal = pathlib.Path(sys.argv[2]) if sys.argv[2:] else None
with running(Settings(port=int(sys.argv[1]), protocols=("gateway",), journal=journal)):
    threading.Event().wait()
"""


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not RedisServer.INSTALLED:
        pytest.skip("presence is seen in a Redis of the test's own: install redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.stop()


def test_fault_is_failed_at_its_requirement(fault: type[Faulty], request: pytest.FixtureRequest) -> None:
    redis_url = str(request.getfixturevalue("redis_url")) if fault.of_presence else ""
    scale = MINUTE_IN_A_SECOND if fault.takes_a_minute else 1.0
    target = replace(_target("http://127.0.0.1", redis_url), time_scale=scale, patience=2.0)
    with (
        running(
            Settings(port=0, redis_url=redis_url, time_scale=scale), [fault(World.built_in(), Mode.PRODUCTION)]
        ) as url,
        ground(replace(target, url=url), Options(seed=0, budget_s=60.0, slow=fault.takes_a_minute)) as played,
    ):
        failures = [verdict for verdict in _verdicts(played, fault.requirement) if verdict.outcome is Outcome.FAIL]

    assert failures, f"{fault.__name__} went unnoticed"
    found = failures[0]
    assert fault.requirement in (found.requirement, *found.also), found
    assert found.expected
    assert found.came
    assert 2 <= len(found.conversation) <= 8, found.conversation


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fault" in metafunc.fixturenames:
        metafunc.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)


def _target(url: str, redis_url: str = "") -> Target:
    return replace(Target.at(url, protocol="gateway"), redis_url=redis_url)


def _verdicts(played: Playground, requirement: str) -> list[Verdict]:
    """Play the cases that cite the requirement until one fails there; the random ones only if no fixed one does."""
    cases = SUITE.select([requirement])
    for case in sorted(cases, key=lambda case: case.is_random):
        events = run(played, [case])
        verdicts = [verdict for event in events if isinstance(event, Finished) for verdict in event.verdicts]
        found = [verdict for verdict in verdicts if requirement in (verdict.requirement, *verdict.also)]
        if any(verdict.outcome is Outcome.FAIL for verdict in found):
            return found
    return []


def test_forty_faults_and_more_are_seen() -> None:
    assert gateway_surroundings.NewestFirst in FAULTS
    assert len(FAULTS) >= 40
    assert {fault.requirement for fault in FAULTS} <= SUITE.protocol.requirements.keys()


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_server_passes_random_cases(seed: int) -> None:
    random = [case for case in SUITE.cases() if case.is_random]
    with (
        running(Settings(port=0), [Gateway(World.built_in(), Mode.PRODUCTION)]) as url,
        ground(replace(_target(url), patience=UNHURRIED), Options(seed=seed, budget_s=1.5)) as played,
    ):
        verdicts = [v for event in run(played, random) if isinstance(event, Finished) for v in event.verdicts]

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}


def test_whole_server_passes_fixed_cases(redis_url: str) -> None:
    fixed = [case for case in SUITE.cases() if not case.is_random]
    with (
        running(Settings(port=0, redis_url=redis_url, protocols=("gateway",))) as url,
        ground(replace(_target(url, redis_url), patience=UNHURRIED), Options(seed=0)) as played,
    ):
        verdicts = [v for event in run(played, fixed) if isinstance(event, Finished) for v in event.verdicts]

    assert [verdict for verdict in verdicts if verdict.outcome >= Outcome.UNKNOWN] == []
    passed = {verdict.requirement for verdict in verdicts if verdict.outcome is Outcome.PASS}
    skipped = {verdict.requirement for verdict in verdicts if verdict.outcome is Outcome.SKIP} - passed
    never = SUITE.protocol.requirements.keys() - passed - skipped - SUITE.untested.keys()
    assert never == set(), "requirements that no case shows and nobody explains"


def test_whole_server_keeps_presence_for_a_minute(redis_url: str) -> None:
    cases = SUITE.select(["gateway/presence/ends"])
    scale = MINUTE_IN_A_SECOND / 2
    with (
        running(Settings(port=0, redis_url=redis_url, time_scale=scale, protocols=("gateway",))) as url,
        ground(replace(_target(url, redis_url), time_scale=scale), Options(seed=0, slow=True)) as played,
    ):
        verdicts = [v for event in run(played, cases) if isinstance(event, Finished) for v in event.verdicts]

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}


@pytest.mark.parametrize(("remembers", "outcome"), [(True, Outcome.PASS), (False, Outcome.FAIL)])
def test_a_server_that_is_killed_must_remember(tmp_path: Path, remembers: bool, outcome: Outcome) -> None:
    port = free_port()
    serve = (sys.executable, "-c", SERVE, str(port), *([str(tmp_path)] if remembers else []))
    server = subprocess.Popen(serve, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        _await_port(port)
        target = replace(_target(f"http://127.0.0.1:{port}"), crash=("kill", "-9", str(server.pid)), restart=serve)
        with ground(target, Options(seed=0)) as played:
            events = run(played, SUITE.select(["gateway/durability/1"]))
            verdicts = [v for event in events if isinstance(event, Finished) for v in event.verdicts]
    finally:
        server.kill()
        server.wait()

    assert [(verdict.requirement, verdict.outcome) for verdict in verdicts] == [("gateway/durability/1", outcome)]


def _await_port(port: int) -> None:
    until = time.monotonic() + 20.0
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    pytest.fail("the server did not begin to listen")


def test_every_requirement_is_cited_or_explained() -> None:
    cited = set(itertools.chain.from_iterable(case.cites for case in SUITE.cases()))
    assert cited <= SUITE.protocol.requirements.keys()
    assert SUITE.protocol.requirements.keys() - cited == SUITE.untested.keys()
