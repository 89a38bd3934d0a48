"""Every check has been seen to fail: each faulty server is failed at its requirement, and the whole one passes."""

import itertools

import pytest

from conformance.playground import Options, Playground
from conformance.runner import Finished, run
from conformance.suite import ground, suite_of
from conformance.verdict import Outcome, Verdict
from reference_server.mode import Mode
from reference_server.rules.space import Space
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from simulators.target import Target
from tests.faults.patience import UNHURRIED
from tests.faults.space import FAULTS, Faulty

SUITE = suite_of("space")
SEEDS = range(10)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_fault_is_failed_at_its_requirement(fault: type[Faulty]) -> None:
    broken = fault(World.built_in(), Mode.PRODUCTION)
    with (
        running(Settings(port=0), [broken]) as url,
        ground(Target.at(url, patience=2.0), Options(seed=0, budget_s=60.0)) as played,
    ):
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


def test_twenty_requirements_and_more_are_seen_to_fail() -> None:
    assert len(FAULTS) >= 20
    assert {fault.requirement for fault in FAULTS} <= SUITE.protocol.requirements.keys()


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_server_passes_random_cases(seed: int) -> None:
    random = [case for case in SUITE.cases() if case.is_random]
    with (
        running(Settings(port=0), [Space(World.built_in(), Mode.PRODUCTION)]) as url,
        ground(Target.at(url, patience=UNHURRIED), Options(seed=seed, budget_s=2.0)) as played,
    ):
        verdicts = [v for event in run(played, random) if isinstance(event, Finished) for v in event.verdicts]

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}


@pytest.mark.parametrize("mode", [Mode.PRODUCTION, Mode.DEVELOPMENT])
def test_whole_server_passes_fixed_cases(mode: Mode) -> None:
    fixed = [case for case in SUITE.cases() if not case.is_random]
    with (
        running(Settings(port=0, protocols=("space",), mode=mode)) as url,
        ground(Target.at(url, mode=mode.value, patience=UNHURRIED), Options(seed=0)) as played,
    ):
        verdicts = [v for event in run(played, fixed) if isinstance(event, Finished) for v in event.verdicts]

    assert [verdict for verdict in verdicts if verdict.outcome >= Outcome.UNKNOWN] == []
    passed = {verdict.requirement for verdict in verdicts if verdict.outcome is Outcome.PASS}
    skipped = {verdict.requirement for verdict in verdicts if verdict.outcome is Outcome.SKIP} - passed
    never = SUITE.protocol.requirements.keys() - passed - skipped - SUITE.untested.keys()
    assert never == set(), "requirements that no case shows and nobody explains"


def test_every_requirement_is_cited_or_explained() -> None:
    cited = set(itertools.chain.from_iterable(case.cites for case in SUITE.cases()))
    assert cited <= SUITE.protocol.requirements.keys()
    assert SUITE.untested.keys() <= SUITE.protocol.requirements.keys()
    assert SUITE.protocol.requirements.keys() - cited == SUITE.untested.keys()
