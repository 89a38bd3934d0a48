"""Every check of hub has been seen to fail: each faulty server fails at its requirement, and the whole one passes."""

import io
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conformance.playground import Options, Playground
from conformance.runner import Finished, run
from conformance.suite import ground, suite_of
from conformance.verdict import Outcome, Verdict
from reference_server.mode import Mode
from reference_server.rules.hub import Hub
from reference_server.serve import running
from reference_server.served import SERVED, Served
from reference_server.settings import Settings
from reference_server.world import World
from simulators.target import Target
from tests.faults.hub import Faulty
from tests.faults.hub_presence import FAULTS
from tests.faults.patience import UNHURRIED

SUITE = suite_of("hub")
SEEDS = range(10)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_fault_is_failed_at_its_requirement(monkeypatch: pytest.MonkeyPatch, fault: type[Faulty]) -> None:
    served = Served(SERVED["hub"].rules, lambda namespace, settings: fault.api(namespace, settings.service_key))
    monkeypatch.setitem(SERVED, "hub", served)
    with playing(fault(World.built_in(), Mode.PRODUCTION), Options(seed=0, budget_s=30.0), patience=1.0) as played:
        failures = [verdict for verdict in _verdicts(played, fault.requirement) if verdict.outcome is Outcome.FAIL]

    assert failures, f"{fault.__name__} went unnoticed"
    found = failures[0]
    assert fault.requirement in (found.requirement, *found.also), found
    assert found.expected
    assert found.came
    assert 2 <= len(found.conversation) <= 8, found.conversation


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


@contextmanager
def playing(rules: Hub, options: Options, *, patience: float = UNHURRIED) -> Iterator[Playground]:
    """Serve these rules, and open a ground there."""
    with (
        running(Settings(port=0), [rules], log_stream=io.StringIO()) as url,
        ground(Target.at(url, protocol="hub", patience=patience), options) as played,
    ):
        yield played


def test_most_requirements_are_seen_to_fail() -> None:
    broken = {fault.requirement for fault in FAULTS}
    assert broken <= SUITE.protocol.requirements.keys()
    elsewhere = {"all/3", "all/9", "all/10", "all/11", "http/1", "http/2", "http/3", "http/4"}
    elsewhere |= {
        "handshake/1",
        "handshake/2",
    }  # what no rule decides: the gate, the wire, and the HTTP of all protocols
    assert SUITE.protocol.requirements.keys() - broken == {f"hub/{address}" for address in elsewhere}


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_server_passes_random_cases(seed: int) -> None:
    random = [case for case in SUITE.cases() if case.is_random]
    with playing(Hub(World.built_in(), Mode.PRODUCTION), Options(seed=seed, budget_s=1.0)) as played:
        verdicts = [v for event in run(played, random) if isinstance(event, Finished) for v in event.verdicts]

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}


def test_whole_server_passes_fixed_cases() -> None:
    fixed = [case for case in SUITE.cases() if not case.is_random]
    with (
        running(Settings(port=0, protocols=("hub",)), log_stream=io.StringIO()) as url,
        ground(Target.at(url, protocol="hub"), Options(seed=0)) as played,
    ):
        verdicts = [v for event in run(played, fixed) if isinstance(event, Finished) for v in event.verdicts]

    assert [verdict for verdict in verdicts if verdict.outcome >= Outcome.UNKNOWN] == []
    passed = {verdict.requirement for verdict in verdicts if verdict.outcome is Outcome.PASS}
    assert SUITE.protocol.requirements.keys() - passed == SUITE.untested.keys()


def test_every_requirement_is_cited_or_explained() -> None:
    cited = set(itertools.chain.from_iterable(case.cites for case in SUITE.cases()))
    assert cited <= SUITE.protocol.requirements.keys()
    assert SUITE.untested.keys() <= SUITE.protocol.requirements.keys()
    assert SUITE.protocol.requirements.keys() - cited == SUITE.untested.keys()
