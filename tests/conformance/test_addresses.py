"""Every case and every example has an address of its own that can be typed, the same in every process."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.suite import SUITES, Suite
from simulators.wire import RESERVED_EVENTS

every_suite = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.protocol.name)


def addresses(suite: Suite) -> list[str]:
    return [case.address_of(example) for case in suite.cases() for example in ("", *case.examples)]


@every_suite
def test_each_is_there_once_and_needs_no_quotes(suite: Suite) -> None:
    own = addresses(suite)
    assert len(set(own)) == len(own)
    assert [address for address in own if not re.fullmatch(r"[A-Za-z0-9_.:+/-]+", address)] == []


@every_suite
def test_each_example_selects_itself_alone(suite: Suite) -> None:
    for case in suite.cases():
        for example in case.examples:
            part = case.part([case.address_of(example)])
            assert part is not None
            assert part.examples == (example,)


def test_there_are_thousands() -> None:
    assert sum(len(case.examples) for suite in SUITES for case in suite.cases()) > 4000


@every_suite
def test_every_event_is_tried_in_the_wrong_direction_and_every_reserved_name(suite: Suite) -> None:
    [names] = [case for case in suite.cases() if case.kind == "names"]
    outbound = [example for example in names.examples if example.startswith("outbound/")]
    assert len(outbound) == len(suite.protocol.outbound.keys() - suite.protocol.inbound.keys())
    assert {f"reserved/{name}" for name in RESERVED_EVENTS} <= set(names.examples)


@every_suite
def test_what_is_quick_and_sees_much_comes_first(suite: Suite) -> None:
    kinds = [case.kind for case in suite.cases() if not case.is_random]
    assert kinds[0] in {"asked", "unasked"}
    assert kinds.index("state") < kinds.index("valid") < kinds.index("invalid") < kinds.index("scene")


def digest() -> str:
    """Return what all addresses come down to."""
    return hashlib.sha256(repr([addresses(suite) for suite in SUITES]).encode()).hexdigest()


def test_the_same_in_every_process() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", "from tests.conformance.test_addresses import digest; print(digest())"],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(root)},
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == digest()
