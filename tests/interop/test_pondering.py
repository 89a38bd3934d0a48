"""A server that takes its time over what nobody hears of is right, once its target file says so."""

from dataclasses import replace

from conformance.verdict import Outcome
from simulators.target import Target
from simulators.terms import Limits
from tests.faults.patience import UNHURRIED

from .conftest import HERE
from .served import judged, served

SETTLES_MS = 30.0
"""Times UNHURRIED that is more than twice as long as it takes."""


def test_it_is_waited_for(node: str) -> None:
    """Who joins an empty room is in it when somebody else comes, though nobody could tell when."""
    with served(node, HERE / "fragile.js", "0", "ponders") as url:
        target = Target.at(url, protocol="hub", namespace="/", patience=UNHURRIED)
        verdicts = judged(replace(target, limits=Limits(settles_ms=SETTLES_MS)), ["hub/leave_room/valid"])

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}
