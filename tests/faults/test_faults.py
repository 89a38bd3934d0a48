"""Every check has been seen to fail: each faulty server is failed at the requirement that it breaks."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.checks import Check
from conformance.reproduce.unshown import UNSHOWN
from conformance.suite import suite_of
from conformance.verdict import Verdict
from protocols import PROTOCOLS
from tests.faults.fault import KINDS, WIRE, Fault
from tests.faults.judging import failures, is_at
from tests.faults.kinds import KIND_OF, SHOWN_BY, SHOWN_IN
from tests.faults.registry import EVERY_FAULT
from tests.faults.subjects import promises

IN_PASSING = 3
"""One fault of so many is played among all tests; `make faults` plays each, and `make power` as a stranger would."""

SHARED = ["all/12", "http/1", "http/2", "http/3", "http/4"]
UNBROKEN = {
    "space": [
        *SHARED,
        *["all/3", "all/8", "all/10", "guest/1", "guest/2", "guest/3", "guest/4"],
        *["log/2", "metrics/1", "metrics/2", "proximity/2", "session/2"],
    ],
    "gateway": [*SHARED, "all/7", "all/10", "all/11", "auth/4", "auth/5", "durability/1"],
    "dongne": [
        *SHARED,
        *["all/3", "all/5", "all/9", "all/10", "all/11"],
        *["cache/2", "cache/4", "handshake/1", "notice/4", "stage/10", "stage/11"],
    ],
    "gopang": [*SHARED, "all/3", "all/9", "all/10", "all/11", "session/1"],
    "hub": ["all/11"],
}
"""What no fault breaks there: what all protocols share is broken in one of them, and a death in `test_crashes`."""


def _played() -> Sequence[Fault]:
    """Return the faults to play: all that are asked for, or a part that is the same every time and shows each check."""
    if os.environ.get("FAULTS") == "all":
        return EVERY_FAULT
    telling = {*KIND_OF, *SHOWN_BY.values()}
    return [fault for number, fault in enumerate(EVERY_FAULT) if number % IN_PASSING == 0 or fault.name in telling]


@pytest.mark.parametrize("fault", _played(), ids=lambda fault: fault.name)
def test_fault_is_failed_at_its_requirement(fault: Fault, request: pytest.FixtureRequest) -> None:
    redis_url = str(request.getfixturevalue("redis_url")) if fault.in_redis else ""
    found = next((verdict for verdict in failures(fault, redis_url) if is_at(fault, verdict)), None)

    assert found is not None, f"{fault.name} went unnoticed"
    assert found.check is KIND_OF.get(fault.name, found.check)
    assert found.expected
    assert found.came
    assert _reason(found) in {"", *UNSHOWN}, "a failure leaves scripts, or one of the few reasons why there are none"
    assert len(found.conversation) >= 2
    assert len(found.conversation) <= 8 or fault.protocol == WIRE, found.conversation


def _reason(found: Verdict) -> str:
    """Return why a failure leaves no script; empty where it does."""
    kept = found.tape or found.trace
    return "nothing was kept of it" if kept is None else kept.unshown


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_most_requirements_are_seen_to_fail(protocol: str) -> None:
    suite = suite_of(protocol)
    broken = {fault.requirement for fault in EVERY_FAULT if fault.protocol == protocol}
    assert broken <= suite.protocol.requirements.keys()
    unbroken = suite.protocol.requirements.keys() - broken - suite.untested.keys()
    assert unbroken == {f"{protocol}/{address}" for address in UNBROKEN[protocol]}


def test_what_breaks_the_wire_breaks_what_it_promises() -> None:
    assert {fault.requirement for fault in EVERY_FAULT if fault.protocol == WIRE} <= promises(WIRE).requirements.keys()


def test_there_are_faults_of_every_kind() -> None:
    assert {fault.kind for fault in EVERY_FAULT} == set(KINDS)


def test_each_kind_of_check_is_seen_to_fail() -> None:
    assert SHOWN_BY.keys() ^ SHOWN_IN.keys() == set(Check)
    assert KIND_OF.keys() <= {fault.name for fault in EVERY_FAULT}
    root = Path(__file__).parents[2]
    assert [check for check, path in SHOWN_IN.items() if f"Check.{check.name}" not in (root / path).read_text()] == []


def test_every_fault_says_what_it_does() -> None:
    assert [fault.name for fault in EVERY_FAULT if not fault.part.__doc__] == []
