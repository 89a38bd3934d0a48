"""A server on the codecs of asyncapi-python is judged, and what is weak in them comes out, each at its requirement."""

import sys
from collections.abc import Iterator

import pytest

from conformance.verdict import Outcome, Verdict
from simulators.target import Target

from .served import judged, served

SAID = "gopang/message:send/valid"
JOINED_WITH_NONSENSE = "gopang/conversation:join/invalid"


@pytest.fixture
def target() -> Iterator[Target]:
    with served(sys.executable, "-W", "ignore", "-m", "tests.interop.asyncapi_python_server") as url:
        yield Target.at(url, protocol="gopang")


def broken(target: Target, address: str) -> dict[str, Verdict]:
    """Return what is found to be wrong, by requirement."""
    return {one.requirement: one for one in judged(target, [address]) if one.outcome is Outcome.FAIL}


def test_fields_of_acks_are_renamed_and_one_malformed_payload_stops_all_others(target: Target) -> None:
    """Before it, messages are heard, and their ack alone is wrong; after it, nobody gets into a conversation."""
    before = broken(target, SAID)
    assert before.keys() == {"gopang/all/3"}
    assert "'message_id' was unexpected" in before["gopang/all/3"].came

    nonsense = broken(target, JOINED_WITH_NONSENSE)
    assert "gopang/all/1" in nonsense

    after = broken(target, SAID)
    assert "gopang/send/1" in after
