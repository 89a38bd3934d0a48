"""Nobody gets in with a token that is not ours, whatever is wrong with it; nobody else notices, and no log has it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jwt
import pytest

from protocols.errors import ConnectRefused
from reference_server.gate import DEVELOPMENT_SECRET
from simulators.engine import Engine

from .five import HOSTILE, PARTS, FiveHouse, Part, open_five
from .house import WITHIN_S, http, joining

GUARDED = {name: part for name, part in PARTS.items() if part.protocol.handshake is not None}
BEARER = {
    "gateway": ("GET", "/rooms"),
    "dongne": ("GET", "/api/notifications"),
    "gopang": ("GET", "/accounts/me"),
    "hub": ("POST", "/internal/notifications"),
}
HS256 = {"alg": "HS256", "typ": "JWT"}


@pytest.fixture(scope="module")
def five(engine: Engine) -> Iterator[FiveHouse]:
    with open_five(engine) as house:
        yield house


def part_of(value: object) -> str:
    return (
        base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode())
        .rstrip(b"=")
        .decode()
    )


def forged(header: object, payload: object, secret: str = DEVELOPMENT_SECRET) -> str:
    """Sign anything at all, with the right key: only what it says is wrong."""
    said = f"{part_of(header)}.{part_of(payload)}"
    return f"{said}.{part_of(hmac.digest(secret.encode(), said.encode(), hashlib.sha256))}"


def nested(depth: int) -> bytes:
    return b'{"userId":' + b"[" * depth + b"]" * depth + b"}"


WRONG_KEYS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "other key": lambda claims: jwt.encode(dict(claims), "s" * 32, algorithm="HS256"),
    "no key": lambda claims: forged(HS256, claims, ""),
    "no algorithm": lambda claims: f"{part_of({'alg': 'none', 'typ': 'JWT'})}.{part_of(claims)}.",
    "no algorithm, signed": lambda claims: forged({"alg": "none"}, claims),
    "NONE": lambda claims: f"{part_of({'alg': 'NONE'})}.{part_of(claims)}.",
    "other algorithm": lambda claims: jwt.encode(dict(claims), DEVELOPMENT_SECRET * 2, algorithm="HS512"),
    "HS512 by the header": lambda claims: forged({"alg": "HS512"}, claims),
    "RS256 by the header": lambda claims: forged({"alg": "RS256"}, claims),
    "hs256": lambda claims: forged({"alg": "hs256"}, claims),
    "an algorithm that is none": lambda claims: forged({"alg": {"HS256": 1}}, claims),
    "a list of algorithms": lambda claims: forged({"alg": ["HS256"]}, claims),
    "no header": lambda claims: forged({}, claims),
    "a header that is a list": lambda claims: forged(["HS256"], claims),
    "a key id that is a number": lambda claims: forged({**HS256, "kid": 7}, claims),
    "what must be understood": lambda claims: forged({**HS256, "crit": ["exp", {}], "exp": 1}, claims),
    "what must be understood, unhashable": lambda claims: forged({**HS256, "crit": [{}]}, claims),
    "not encoded": lambda claims: forged({**HS256, "b64": False, "crit": ["b64"]}, claims),
    "signature cut": lambda claims: forged(HS256, claims)[:-2],
    "signature left out": lambda claims: forged(HS256, claims).rpartition(".")[0] + ".",
    "other claims": lambda claims: forged(HS256, claims).replace(".", ".e30", 1),
    "four parts": lambda claims: forged(HS256, claims) + ".e30",
    "blank": lambda claims: f" {forged(HS256, claims)}",
    "scheme": lambda claims: f"Bearer {forged(HS256, claims)}",
    "a megabyte, nearly": lambda claims: forged(HS256, {**claims, "x": "x" * 600_000}),
    "claims in a list": lambda claims: forged(HS256, [claims]),
    "no claims": lambda _claims: forged(HS256, None),
    "no JSON": lambda _claims: forged(HS256, b"{"),
    "nested": lambda _claims: forged(HS256, nested(1200)),
    "a lone surrogate": lambda claims: forged(HS256, dict.fromkeys(claims, "\ud800")),
    "a lone surrogate beside": lambda claims: forged(HS256, {**claims, "more": "\udfff"}),
    "over at an end beyond all": lambda claims: forged(HS256, {**claims, "exp": 1e300}),
    "infinite": lambda claims: forged(HS256, {**claims, "exp": float("inf")}),
    "not a number": lambda claims: forged(HS256, {**claims, "exp": float("nan")}),
    "an endless number": lambda claims: forged(HS256, {**claims, "exp": 10**400}),
    "an end in words": lambda claims: forged(HS256, {**claims, "exp": "9999999999"}),
    "an end that is true": lambda claims: forged(HS256, {**claims, "exp": True}),
    "an end in a list": lambda claims: forged(HS256, {**claims, "exp": [9999999999]}),
    "before all time": lambda claims: forged(HS256, {**claims, "exp": -1}),
    "not yet": lambda claims: forged(HS256, {**claims, "nbf": 9999999999}),
    "issued beyond all": lambda claims: forged(HS256, {**claims, "iat": 1e300}),
    "empty claims": lambda claims: forged(HS256, dict.fromkeys(claims, "")),
    "long claims": lambda claims: forged(HS256, dict.fromkeys(claims, "x" * 400)),
    "numbers": lambda claims: forged(HS256, dict.fromkeys(claims, 7)),
    "objects": lambda claims: forged(HS256, {name: {"$ne": None} for name in claims}),
    "prototypes": lambda claims: forged(HS256, {"__proto__": claims}),
}
NO_TOKENS: list[Any] = ["x", "..", ". . .", "\ud800.\ud800.\ud800", "\x00", "９.９.９", 7, True, ["a"], {"token": "x"}]


@pytest.mark.parametrize("part", GUARDED.values(), ids=GUARDED.keys())
def test_no_forgery_opens_the_door(five: FiveHouse, part: Part) -> None:
    claims = jwt.decode(part.token(HOSTILE), options={"verify_signature": False})
    with five.witnessed(part) as witness:
        opened = five.connect(part, HOSTILE, auth={"token": forged(HS256, claims)})  # so much for the forger's skill
        witness.connection.fence(within_s=WITHIN_S)
        witness.connection.drain()
        for name, forge in WRONG_KEYS.items():
            _refused(five, part, forge(claims), name)
        for token in NO_TOKENS:
            _refused(five, part, token, repr(token))
        witness.hears_nothing()
        opened.close()


def _refused(five: FiveHouse, part: Part, token: object, name: str) -> None:
    with pytest.raises(ConnectRefused) as refused:
        five.connect(part, HOSTILE, auth={"token": token})  # type: ignore[dict-item]  # also what no token is
    handshake = part.protocol.handshake
    assert handshake is not None
    assert refused.value.message in {handshake.invalid, handshake.expired}, name
    if isinstance(token, str) and token.isascii() and token.isprintable() and len(token) < 8000:
        method, path = BEARER[part.name]
        reply = http(five.url + path, method, headers={"Authorization": f"Bearer {token.strip()}"})
        # Blanks around a token are the header's, not the token's.
        assert reply.status == 401 or name == "blank", name
        assert token not in reply.body.decode()


SESSIONS = ["", "x", "auth-", "AUTH-SORA-TEST", "auth-sora-test\x00", " auth-sora-test", "auth-sora-tes", "__proto__"]


@pytest.mark.parametrize(
    "token", [*SESSIONS, "guest-" + "0" * 24, "dev-sora", None, 7, ["auth-sora-test"], "a" * 10_000]
)
def test_no_session_of_nobody_opens_a_space(five: FiveHouse, token: object) -> None:
    with five.witnessed(PARTS["space"]) as witness:
        hostile = five.connect(PARTS["space"], HOSTILE)
        hostile.emit_raw("join:space", {**joining("sora").to_json(), "sessionToken": token})
        if isinstance(token, str) and len(token) < 10_000:
            assert hostile.wait_closed(WITHIN_S)
        else:
            hostile.fence(within_s=WITHIN_S)  # this broke the contract, and changed nothing
        assert [heard.name for heard in hostile.heard()] == ["error"]
        witness.hears_nothing()


def test_a_long_and_a_broken_header_are_written_nowhere(five: FiveHouse) -> None:
    """Bytes that are no HTTP are told of in the log, and must not be quoted there."""
    with five.witnessed(PARTS["gateway"]):
        for bad in ("\x00", "x" * 20_000):
            token = forged(HS256, {"sub": "x"}) + bad
            raw = f"GET /rooms HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            assert five.send(raw).startswith(b"HTTP/1.0 400 ")
