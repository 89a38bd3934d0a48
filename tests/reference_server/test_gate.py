"""Tokens are believed when they are ours, in time and of the right shape, and never otherwise."""

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.contract import Json
from protocols.errors import ConnectRefused, UsageError
from reference_server.effects import Connected
from reference_server.gate import DEVELOPMENT_SECRET, BadToken, Gate
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.endpoint import Endpoint
from simulators.engine import Engine, SyncConnection

from .toy import GUARDED, PROTOCOL, GuardedToy

NOW_S = 1_000_000.0
SECRET = "x" * 64
GATE = Gate(GUARDED, SECRET, lambda: NOW_S)


def signed(claims: Mapping[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(dict(claims), secret, algorithm=algorithm)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_is_minted_opens() -> None:
    verified = GATE.verify(GATE.mint({"userId": "u1", "more": [1]}, lifetime_s=60))
    assert verified.claims == {"userId": "u1", "more": [1], "iat": 1_000_000, "exp": 1_000_060}
    assert verified.expires_in_ms == 60_000
    assert GATE.verify(signed({"userId": "u1"})).expires_in_ms is None


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (None, "who?"),
        ("", "who?"),
        (7, "not ours"),
        (["a"], "not ours"),
        ("not.a.token", "not ours"),
        ("\ud800.\ud800.\ud800", "not ours"),
        ("a" * 5000, "not ours"),
        (signed({"userId": "u1"}, "y" * 32), "not ours"),
        (signed({"userId": "u1"}, algorithm="HS512"), "not ours"),
        (f"{part({'alg': 'none', 'typ': 'JWT'})}.{part({'userId': 'u1'})}.", "not ours"),
        (signed({}), "not ours"),
        (signed({"userId": 7}), "not ours"),
        (signed({"userId": ""}), "not ours"),
        (signed({"userId": "u1", "exp": "soon"}), "not ours"),
        (signed({"userId": "u1", "exp": True}), "not ours"),
        (signed({"userId": "u1", "exp": 10**300}), "not ours"),
        (signed({"userId": "u1", "iat": "then"}), "not ours"),
        (signed({"userId": "u1", "nbf": int(NOW_S) + 1}), "not ours"),
        (signed({"userId": "u1", "exp": int(NOW_S)}), "too late"),
        (signed({"userId": "u1", "exp": 1}, "y" * 32), "not ours"),
    ],
)
def test_what_does_not_open(token: Any, message: str) -> None:
    with pytest.raises(BadToken) as refused:
        GATE.verify(token)
    assert str(refused.value) == message


@given(st.text(max_size=200) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_no_text_but_a_token_opens_or_crashes(text: str) -> None:
    with pytest.raises(BadToken):
        GATE.verify(f"{signed({'userId': 'u1'}).rpartition('.')[0]}.{text}")
    with pytest.raises(BadToken):
        GATE.verify(text)


def test_claims_of_a_wrong_type_are_not_minted() -> None:
    with pytest.raises(UsageError, match="toy has no such claims: /userId"):
        GATE.mint({"userId": 7})
    with pytest.raises(UsageError, match="toy knows no such tokens"):
        Gate(PROTOCOL, SECRET).mint({"userId": "u1"})
    assert Gate(PROTOCOL, SECRET).verify("anything").claims == {}


def test_the_handshake_asks_for_a_token(engine: Engine) -> None:
    rules = GuardedToy()
    log = io.StringIO()
    with running(Settings(port=0, json_logs=True), [rules], log_stream=log) as url:

        def connect(token: Json = None) -> SyncConnection:
            auth = None if token is None else {"token": token}
            return SyncConnection.open(engine, Endpoint(url=url, namespace="/toy", auth=auth), GUARDED, "somebody")

        for token, message in (
            (None, "who?"),
            ("nonsense", "not ours"),
            ({"a": 1}, "not ours"),
            (signed({"userId": "u1", "exp": 1}, DEVELOPMENT_SECRET), "too late"),
            (signed({"userId": "nobody"}, DEVELOPMENT_SECRET), "not you"),
        ):
            with pytest.raises(ConnectRefused) as refused:
                connect(token)
            assert refused.value.message == message
        token = Gate(GUARDED, DEVELOPMENT_SECRET).mint({"userId": "u1"})
        connect(token).close()
    [connected] = [entry for entry, _ in rules.entries if isinstance(entry, Connected)]
    assert connected.claims["userId"] == "u1"
    assert connected.expires_in_ms is not None
    assert 3_500_000 < connected.expires_in_ms <= 3_600_000
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["message"] for line in lines if line.get("code") == "E1001"] == [
        "who?",
        "not ours",
        "not ours",
        "too late",
        "not you",
    ]
    assert token not in log.getvalue()


def test_the_known_secret_signs_nothing_where_strangers_can_connect() -> None:
    with (
        pytest.raises(UsageError, match="--jwt-secret-env"),
        running(Settings(port=0, host="0.0.0.0", verify_url="http://127.0.0.1:9/"), [GuardedToy()]),
    ):
        pass
    with pytest.raises(UsageError, match="under 32 bytes"):
        Settings(jwt_secret="short")
