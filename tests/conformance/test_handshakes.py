"""Every worthless token is tried at a protocol with credentials; a gate that lets one in is found by its case."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jwt
import pytest

from conformance import suite
from conformance.case import Case
from conformance.playground import Options, Playground
from conformance.runner import Finished, run
from conformance.suite import Suite, ground
from conformance.verdict import Outcome, Verdict
from protocols import hub, space
from protocols.contract import Json
from reference_server import app
from reference_server.gate import BadToken, Gate, Verified
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.target import Target

from .small_hub import SmallHub, SmallHubCast

SUITE = Suite(
    protocol=hub.PROTOCOL,
    make_model=SmallHub,
    make_cast=SmallHubCast,
    promises=(),
    untested={},
    shown={"handshake/missing": ["handshake/1"]},
)
CASES = {case.address: case for case in SUITE.cases()}
HANDSHAKES = [address for address in CASES if address.startswith("hub/handshake/")]


@contextmanager
def hub_ground(patch: pytest.MonkeyPatch) -> Iterator[Playground]:
    patch.setattr(suite, "SUITES", (SUITE,))
    settings = Settings(port=0, protocols=("hub",))
    with (
        running(settings, log_stream=io.StringIO()) as url,
        ground(Target.at(url, protocol="hub", patience=1.0), Options(seed=1)) as playground,
    ):
        yield playground


def play(ground: Playground, case: Case) -> list[Verdict]:
    return [v for event in run(ground, [case]) if isinstance(event, Finished) for v in event.verdicts]


def test_protocols_without_credentials_have_no_such_cases() -> None:
    assert not any("/handshake/" in case.address for case in suite.suite_of("space").cases())
    assert space.PROTOCOL.handshake is None
    assert [address.rpartition("/")[2] for address in HANDSHAKES] == [
        "missing", "malformed", "foreign", "expired", "claims",
    ]  # fmt: skip


def test_a_server_with_a_gate_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    with hub_ground(monkeypatch) as playground:
        for address in HANDSHAKES:
            found = play(playground, CASES[address])
            assert {verdict.outcome for verdict in found} == {Outcome.PASS}, found


class Careless(Gate):
    """Believes whatever a token says, whoever signed it and whenever."""

    def verify(self, token: Json) -> Verified:
        if not isinstance(token, str):
            raise BadToken("Authentication required")
        try:
            claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
        except jwt.InvalidTokenError:
            raise BadToken("Invalid token") from None
        if self._protocol.faults("HubClaims", claims):
            raise BadToken("Invalid token")
        return Verified(claims, None)


class Blind(Gate):
    """Looks at the signature, and not at the claims."""

    def verify(self, token: Json) -> Verified:
        try:
            return super().verify(token)
        except BadToken as refused:
            try:
                claims: dict[str, Any] = jwt.decode(str(token), self._secret, algorithms=["HS256"])
            except jwt.InvalidTokenError:
                raise refused from None
            return Verified({"id": "x", "email": "x@example.org", "nickname": "x", **claims}, None)


class Rude(Gate):
    """Refuses in words of its own."""

    def verify(self, token: Json) -> Verified:
        try:
            return super().verify(token)
        except BadToken:
            raise BadToken("go away") from None


@pytest.mark.parametrize(
    ("gate", "case", "came"),
    [
        (Careless, "foreign", "it was admitted"),
        (Careless, "expired", "it was admitted"),
        (Careless, "malformed", "it was admitted"),
        (Blind, "claims", "it was admitted"),
        (Rude, "missing", "'go away'"),
    ],
)
def test_a_gate_that_lets_in_or_says_something_else(
    monkeypatch: pytest.MonkeyPatch, gate: type[Gate], case: str, came: str
) -> None:
    monkeypatch.setattr(app, "Gate", gate)
    with hub_ground(monkeypatch) as playground:
        [found] = play(playground, CASES[f"hub/handshake/{case}"])
    assert (found.outcome, found.requirement, found.came) == (Outcome.FAIL, "hub/all/9", came)
    assert found.also == (("hub/handshake/1",) if case == "missing" else ())
    assert any(line.startswith("mal ") for line in found.conversation)
