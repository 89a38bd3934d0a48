"""One server of all five is judged in each protocol, and passes; alone, at `/`, each is judged beside its faults."""

import io

import pytest

from conformance.playground import Options
from conformance.runner import Finished, run
from conformance.suite import SUITES, Suite, ground
from conformance.verdict import Outcome
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.target import Target
from tests.faults.patience import UNHURRIED

HURRIED = 10.0
"""A time scale: what the protocols do by a timer shall not take the time of those who wait for a test."""


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.protocol.name)
def test_each_protocol_passes_beside_the_others(suite: Suite) -> None:
    name = suite.protocol.name
    options = Options(seed=0, budget_s=1.0)
    with (
        running(Settings(port=0, time_scale=HURRIED), log_stream=io.StringIO()) as url,
        ground(Target.at(url, protocol=name, time_scale=HURRIED, patience=UNHURRIED), options) as played,
    ):
        assert played.target.namespace == f"/{name}"
        verdicts = [v for event in run(played, suite.cases()) if isinstance(event, Finished) for v in event.verdicts]

    assert [verdict for verdict in verdicts if verdict.outcome >= Outcome.UNKNOWN] == []
    passed = [verdict for verdict in verdicts if verdict.outcome is Outcome.PASS]
    assert len(passed) > 0.9 * len(verdicts)
