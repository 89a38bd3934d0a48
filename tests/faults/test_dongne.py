"""Every check of dongne has been seen to fail: each faulty server at its requirement, and the whole one passes."""

import contextlib
import io
import itertools
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.case import Case
from conformance.playground import Options, Playground
from conformance.runner import Finished, run
from conformance.suite import ground, suite_of
from conformance.verdict import Outcome, Verdict
from reference_server.mode import Mode
from reference_server.rules.dongne import Dongne
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from simulators.target import Target
from tests.faults.dongne import Faulty
from tests.faults.dongne_by_itself import EVERY_FAULT
from tests.faults.patience import UNHURRIED
from tests.free_port import free_port
from tests.reference_server.redis_server import RedisServer

ROOT = Path(__file__).parents[2]
SUITE = suite_of("dongne")
SEEDS = range(10)
WORLD = World.built_in()
QUICK = 3.0
"""How fast time passes where nobody waits for minutes."""
SLOW_CASES_QUICK = 150.0
"""How fast it passes where somebody does; a machine that is busy for a second is late by minutes then."""

KILLED_QUICK = 20.0
SERVE = """
import pathlib, sys, threading
from reference_server.serve import running
from reference_server.settings import Settings

journal = pathlib.Path(sys.argv[3]) if sys.argv[3:] else None
scale = float(sys.argv[2])
with running(Settings(port=int(sys.argv[1]), protocols=("dongne",), journal=journal, time_scale=scale)):
    threading.Event().wait()
"""


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not RedisServer.INSTALLED:
        pytest.skip("what others read is seen in a Redis of the test's own: install redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.stop()


@pytest.mark.parametrize("fault", EVERY_FAULT, ids=lambda fault: fault.__name__)
def test_fault_is_failed_at_its_requirement(fault: type[Faulty], request: pytest.FixtureRequest) -> None:
    url = str(request.getfixturevalue("redis_url")) if fault.in_redis else ""
    options = Options(seed=0, budget_s=20.0, slow=fault.scale > 10)
    rules = fault(WORLD, Mode.PRODUCTION)
    with playing(rules, options, scale=fault.scale, patience=1.0, redis_url=url) as played:
        failures = [verdict for verdict in _verdicts(played, fault.requirement) if verdict.outcome is Outcome.FAIL]

    assert failures, f"{fault.__name__} went unnoticed"
    found = failures[0]
    assert fault.requirement in (found.requirement, *found.also), found
    assert found.expected
    assert found.came
    assert 2 <= len(found.conversation) <= 8, found.conversation


def _verdicts(played: Playground, requirement: str) -> list[Verdict]:
    """Play the cases that cite the requirement until one fails there; the random ones only if no fixed one does."""
    cases = [case for case in SUITE.select([requirement]) if case.address != "dongne/all/silent-death"]
    for case in sorted(cases, key=lambda case: (case.is_random, not case.is_slow, case.kind != "scene")):
        events = run(played, [case])
        verdicts = [verdict for event in events if isinstance(event, Finished) for verdict in event.verdicts]
        found = [verdict for verdict in verdicts if requirement in (verdict.requirement, *verdict.also)]
        if any(verdict.outcome is Outcome.FAIL for verdict in found):
            return found
    return []


@contextmanager
def playing(
    rules: Dongne, options: Options, *, scale: float = 1.0, patience: float = UNHURRIED, redis_url: str = ""
) -> Iterator[Playground]:
    """Serve these rules, and open a ground there."""
    settings = Settings(port=0, protocols=("dongne",), time_scale=scale, redis_url=redis_url)
    with running(settings, [rules], log_stream=io.StringIO()) as url:
        target = Target.at(url, protocol="dongne", patience=patience, time_scale=scale)
        with ground(replace(target, redis_url=redis_url), options) as played:
            yield played


def test_most_requirements_are_seen_to_fail() -> None:
    broken = {fault.requirement for fault in EVERY_FAULT}
    assert broken <= SUITE.protocol.requirements.keys()
    elsewhere = {"all/3", "all/5", "all/9", "all/10", "all/11", "http/1", "http/2", "http/3", "http/4", "handshake/1"}
    elsewhere |= {"cache/2", "cache/4", "notice/4"}  # what no rule decides, or what is seen as others of its kind are
    elsewhere |= {"stage/10", "stage/11"}  # those are broken by a server that forgets, below
    unseen = SUITE.protocol.requirements.keys() - broken - SUITE.untested.keys()
    assert unseen == {f"dongne/{address}" for address in elsewhere}


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_server_passes_random_cases(seed: int) -> None:
    random = [case for case in SUITE.cases() if case.is_random]
    with playing(Dongne(WORLD, Mode.PRODUCTION), Options(seed=seed, budget_s=1.2)) as played:
        verdicts = _played(played, random)

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}


def _played(played: Playground, cases: list[Case]) -> list[Verdict]:
    return [v for event in run(played, cases) if isinstance(event, Finished) for v in event.verdicts]


def test_whole_server_passes_fixed_cases(redis_url: str) -> None:
    fixed = [case for case in SUITE.cases() if not case.is_random]
    rules = Dongne(WORLD, Mode.PRODUCTION)
    with playing(rules, Options(seed=0), scale=QUICK, redis_url=redis_url) as played:
        verdicts = _played(played, fixed)

    assert [verdict for verdict in verdicts if verdict.outcome >= Outcome.UNKNOWN] == []
    passed = {verdict.requirement for verdict in verdicts if verdict.outcome is Outcome.PASS}
    slow = {f"dongne/{slow}" for slow in ("stage/3", "stage/4", "stage/10", "stage/11", "time/2", "notice/2")}
    assert SUITE.protocol.requirements.keys() - passed == SUITE.untested.keys() | slow


def test_whole_server_passes_slow_cases() -> None:
    slow = ["dongne/stage/experts", "dongne/stage/everybody", "dongne/notice/retries", "dongne/time/slow-answers"]
    with playing(Dongne(WORLD, Mode.PRODUCTION), Options(seed=0, slow=True), scale=SLOW_CASES_QUICK) as played:
        verdicts = _played(played, SUITE.select(slow))

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}


@pytest.mark.parametrize(("remembers", "outcome"), [(True, Outcome.PASS), (False, Outcome.FAIL)])
def test_stages_must_survive_a_server_that_is_killed(tmp_path: Path, remembers: bool, outcome: Outcome) -> None:
    port = free_port()
    serve = (sys.executable, "-c", SERVE, str(port), str(KILLED_QUICK), *([str(tmp_path)] if remembers else []))
    server = subprocess.Popen(serve, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        _await_port(port)
        target = Target.at(f"http://127.0.0.1:{port}", protocol="dongne", time_scale=KILLED_QUICK, patience=3.0)
        target = replace(target, crash=("kill", "-9", str(server.pid)), restart=serve)
        with ground(target, Options(seed=0, slow=True)) as played:
            verdicts = _played(played, SUITE.select(["dongne/stage/survives-a-crash"]))
    finally:
        server.kill()
        server.wait()

    assert {verdict.outcome for verdict in verdicts} == {outcome}
    assert {verdict.requirement for verdict in verdicts} >= {"dongne/stage/10"}


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
