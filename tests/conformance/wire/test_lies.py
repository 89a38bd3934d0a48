"""Each case is seen to fail on a server that is wrong in one thing, and python-socketio as it comes fails many."""

from contextlib import ExitStack
from unittest import mock

import pytest

from conformance.checks import Check
from conformance.verdict import Outcome, Verdict
from conformance.wire.requirements import PROTOCOL

from .echoing import strict
from .lies import LIES, Lie
from .servers import judged, plain, served

PLAIN = {
    "handshake/2": "handshake/polling-without-transport",
    "handshake/5": "handshake/other-methods-get-400",
    "polling/3": "polling/a-post-is-answered-ok",
    "polling/4": "polling/two-posts-at-a-time",
    "polling/5": "polling/two-gets-at-a-time",
    "polling/7": "polling/a-hundred-packets-in-a-payload",
    "polling/10": "polling/a-poll-that-is-broken-off",
    "polling/11": "polling/a-body-in-segments",
    "polling/12": "polling/what-is-no-packet",
    "polling/13": "polling/a-payload-that-is-too-long",
    "polling/14": "polling/what-is-no-packet-gets-400",
    "upgrade/7": "upgrade/one-that-dies-before-its-probe",
    "namespace/2": "namespace/unknown",
    "namespace/3": "namespace/an-event-first",
    "namespace/7": "malformed/ws/connect/array",
    "engine/1": "malformed/ws/engine/fullwidth-digit",
    "engine/2": "malformed/ws/engine/close-with-data",
    "engine/4": "malformed/ws/frame/unmasked",
    "packet/1": "malformed/ws/packet/letters",
    "packet/2": "malformed/ws/event/id-letters",
    "packet/3": "malformed/ws/json/not-a-number",
    "event/1": "malformed/ws/event/object",
    "event/4": "malformed/ws/reserved/connect",
    "binary/3": "malformed/ws/binary/orphan",
    "robust/1": "malformed/ws/binary/count-11",
    "robust/5": "malformed/ws/relay/beyond-double",
}
"""Requirement -> a case that shows that python-socketio does not keep it."""
ELSEWHERE = {"namespace/4", "robust/3", "robust/4"}
"""Seen in test_run.py."""


def failed(verdicts: list[Verdict]) -> set[str]:
    return {one.requirement.removeprefix("wire/") for one in verdicts if one.outcome is Outcome.FAIL}


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_lie_is_seen(lie: Lie) -> None:
    with ExitStack() as stack:
        for owner, name, instead in lie.patches:
            stack.enter_context(mock.patch.object(owner, name, instead))
        server = strict(lie.application, **lie.settings)
        with served(server, *([lie.http] if lie.http else [])) as url:
            verdicts = judged(url, f"wire/{lie.case}", patience=1.0)
    assert failed(verdicts) == {lie.requirement}, [one for one in verdicts if one.outcome is not Outcome.PASS]
    by_case = {
        "handshake/websocket-with-unknown-version": Check.WIRE_CLOSED,
        "handshake/polling-opens": Check.WIRE_PROMISE,
    }
    checks = {one.check for one in verdicts if one.outcome is Outcome.FAIL}
    assert checks == {by_case[lie.case]} if lie.case in by_case else None not in checks


@pytest.mark.parametrize("requirement", PLAIN)
def test_python_socketio_as_it_comes_is_seen(requirement: str) -> None:
    with served(plain()) as url:
        verdicts = judged(url, f"wire/{PLAIN[requirement]}", patience=1.0)
    assert requirement in failed(verdicts), verdicts
    if requirement == "robust/1":
        assert Check.OPEN_AND_DEAD in {one.check for one in verdicts}


def test_no_requirement_has_never_been_seen_to_fail() -> None:
    seen = {lie.requirement for lie in LIES} | PLAIN.keys() | ELSEWHERE
    assert {address.removeprefix("wire/") for address in PROTOCOL.requirements} == seen
