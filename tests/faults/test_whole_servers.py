"""The whole server passes its own suites, fixed cases and random ones, so that what fails elsewhere is the fault's."""

import itertools
from collections.abc import Sequence

import pytest

from conformance.case import Case
from conformance.playground import Options
from conformance.runner import Finished
from conformance.suite import suite_of
from conformance.verdict import Outcome, Verdict
from protocols import PROTOCOLS
from reference_server.mode import Mode
from tests.faults.judging import judging
from tests.faults.subjects import Play

SEEDS = range(10)
BUDGET_S = {"space": 2.0, "gateway": 1.5, "dongne": 1.2, "gopang": 1.0, "hub": 1.0}
TIME_SCALE = {"space": 1.0, "gateway": 1.0, "dongne": 3.0, "gopang": 20.0, "hub": 1.0}
SHOWN_ELSEWHERE = {
    "space": ["log/2", "session/2"],
    "gateway": ["durability/1", "presence/5"],
    "dongne": ["stage/3", "stage/4", "stage/10", "stage/11", "time/2", "notice/2"],
    "gopang": [],
    "hub": [],
}
"""What these cases do not show here: it takes minutes, a server that may be killed, or another mode."""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_whole_server_passes_random_cases(protocol: str, seed: int) -> None:
    random = [case for case in suite_of(protocol).cases() if case.is_random]
    options = Options(seed=seed, budget_s=BUDGET_S[protocol])
    with judging(protocol, options, time_scale=TIME_SCALE[protocol]) as play:
        verdicts = _played(play, random)

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_whole_server_passes_fixed_cases(protocol: str, redis_url: str) -> None:
    suite, scale = suite_of(protocol), TIME_SCALE[protocol]
    fixed = [case for case in suite.cases() if not case.is_random]
    options = Options(seed=0, slow=protocol == "gopang")
    with judging(protocol, options, time_scale=scale, redis_url=redis_url) as play:
        verdicts = _played(play, fixed)

    assert [verdict for verdict in verdicts if verdict.outcome >= Outcome.UNKNOWN] == []
    passed = {verdict.requirement for verdict in verdicts if verdict.outcome is Outcome.PASS}
    unseen = suite.protocol.requirements.keys() - passed - suite.untested.keys()
    assert unseen == {f"{protocol}/{address}" for address in SHOWN_ELSEWHERE[protocol]}


def test_whole_server_passes_fixed_cases_in_development() -> None:
    fixed = [case for case in suite_of("space").cases() if not case.is_random]
    with judging("space", Options(seed=0), mode=Mode.DEVELOPMENT) as play:
        verdicts = _played(play, fixed)

    assert [verdict for verdict in verdicts if verdict.outcome >= Outcome.UNKNOWN] == []


@pytest.mark.parametrize(
    ("protocol", "time_scale", "cases"),
    [
        ("gateway", 30.0, ["gateway/presence/ends"]),
        ("dongne", 150.0, ["dongne/stage/experts", "dongne/stage/everybody"]),
        ("dongne", 150.0, ["dongne/notice/retries", "dongne/time/slow-answers"]),
    ],
)
def test_whole_server_passes_slow_cases(protocol: str, time_scale: float, cases: list[str], redis_url: str) -> None:
    options = Options(seed=0, slow=True)
    with judging(protocol, options, time_scale=time_scale, redis_url=redis_url) as play:
        verdicts = _played(play, suite_of(protocol).select(cases))

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_requirement_is_cited_or_explained(protocol: str) -> None:
    suite = suite_of(protocol)
    cited = set(itertools.chain.from_iterable(case.cites for case in suite.cases()))
    assert cited <= suite.protocol.requirements.keys()
    assert suite.untested.keys() <= suite.protocol.requirements.keys()
    assert suite.protocol.requirements.keys() - cited == suite.untested.keys()


def _played(play: Play, cases: Sequence[Case]) -> list[Verdict]:
    return [v for event in play(cases) if isinstance(event, Finished) for v in event.verdicts]
