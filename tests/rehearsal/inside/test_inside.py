"""The whole server keeps what only an insider sees, and with that every requirement is judged."""

import itertools

import pytest

from conformance.case import Case
from conformance.playground import Playground
from conformance.runner import Finished, run
from conformance.suite import suite_of
from conformance.verdict import Outcome
from rehearsal.inside import cases

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.address)
def test_whole_server_passes(unhurried: Playground, case: Case) -> None:
    verdicts = [v for event in run(unhurried, [case]) if isinstance(event, Finished) for v in event.verdicts]

    assert [(verdict.requirement, verdict.outcome) for verdict in verdicts] == [
        (address, Outcome.PASS) for address in case.cites
    ], verdicts


def test_with_them_every_requirement_is_cited() -> None:
    suite = suite_of("space")
    cited = set(itertools.chain.from_iterable(case.cites for case in (*suite.cases(), *CASES)))
    assert cited == suite.protocol.requirements.keys()


def test_addresses_are_their_own() -> None:
    addresses = [case.address for case in (*suite_of("space").cases(), *CASES)]
    assert len(set(addresses)) == len(addresses)
