"""Whatever is asked over HTTP is answered, refused in one shape, and costs nobody else anything."""

import contextlib
import gzip
import json
import socket
import urllib.parse
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from reference_server.app import create_app
from reference_server.gate import DEVELOPMENT_SECRET, Gate
from reference_server.http.body import MAX_BODY
from reference_server.settings import DEVELOPMENT_SERVICE_TOKEN, Settings
from simulators.engine import Engine

from .five import HOSTILE, LOBBY, PARTS, SECRETS, FiveHouse, open_five
from .house import WITHIN_S, Reply, http

ROUTES: Final = sorted(
    {
        (route.method, route.resource.canonical)
        for route in create_app(Settings(port=0)).router.routes()
        if route.resource is not None and route.method not in {"HEAD", "*"}
    }
)
"""Method and path of all that there is."""

BODIES: Final[Mapping[tuple[str, str], dict[str, Any]]] = {
    ("POST", "/api/guest"): {"spaceId": "plaza", "nickname": "Somebody", "avatarColor": "blue"},
    ("POST", "/api/guest/verify"): {"sessionToken": "guest-0", "spaceId": "plaza"},
    ("POST", "/api/guest/event"): {"sessionToken": "x", "spaceId": "plaza", "eventType": "ENTER", "payload": {"a": 1}},
    ("POST", "/auth/register"): {"email": "hostile@example.org", "password": "hunter2"},
    ("POST", "/auth/login"): {"email": "hostile@example.org", "password": "hunter2"},
    ("POST", "/rooms"): {"name": "A room"},
    ("POST", "/rooms/{roomId}/read"): {"lastReadMessageId": "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
    ("PUT", "/api/notification-settings"): {"immediateAlerts": True, "channels": ["push"]},
    ("POST", "/consents"): {
        "ownerId": "user-hana",
        "dataType": "FINANCE",
        "purpose": "To see",
        "expiresAt": 4_102_444_800_000,
    },
    ("POST", "/internal/notifications"): {"userId": "user-dain", "type": "system", "title": "t", "content": "c"},
}
"""Those that take a body, and one that each takes."""
BODILESS: Final = {("POST", "/rooms/{roomId}/join")}

IDS: Final = {"roomId": LOBBY, "spaceId": "plaza"}
OPENS: Final = {
    "/api/guest": "space",
    "/api/spaces": "space",
    "/rooms": "gateway",
    "/api/notif": "dongne",
    "/consents": "gopang",
    "/accounts": "gopang",
}


@pytest.fixture(scope="module")
def five(engine: Engine) -> Iterator[FiveHouse]:
    with open_five(engine) as house:
        yield house


@pytest.fixture
def undisturbed(five: FiveHouse) -> Iterator[None]:
    """Have a witness in each protocol, all of whom are served and hear nothing."""
    with contextlib.ExitStack() as stack:
        witnesses = [stack.enter_context(five.witnessed(part)) for part in PARTS.values()]
        yield
        for witness in witnesses:
            witness.hears_nothing()


def credentials(path: str) -> dict[str, str]:
    if path.startswith("/internal"):
        return {"Authorization": f"Bearer {DEVELOPMENT_SERVICE_TOKEN}"}
    name = next((name for prefix, name in OPENS.items() if path.startswith(prefix)), "")
    # In space it is the owner of the plaza.
    return {"Authorization": f"Bearer {PARTS[name].token(0 if name == 'space' else HOSTILE)}"} if name else {}


def ask(five: FiveHouse, method: str, path: str, **how: Any) -> Reply:
    """Ask as somebody who may, and see to it that the answer is one."""
    headers = {**credentials(path), **how.pop("headers", {})}
    reply = http(five.url + path.format(**IDS), method, headers=headers, **how)
    asked = f"{method} {path} {str(how)[:200]} -> {reply.status} {reply.body[:300]!r}"
    assert reply.status < 500, asked
    assert reply.headers["X-Content-Type-Options"] == "nosniff", asked
    if reply.status >= 400 and method != "HEAD":
        assert reply.json()["error"].keys() == {"code", "message"}, asked
        assert not [secret for secret in SECRETS if secret in reply.body.decode()], asked
    return reply


def test_every_route_is_tried() -> None:
    assert {route for route in ROUTES if route[0] in {"POST", "PUT"}} == BODIES.keys() | BODILESS


ANYTHING: list[Any] = [
    None,
    True,
    7,
    -0.0,
    2**53 + 1,
    1e300,
    "hunter2",
    "1",
    "",
    [],
    ["hunter2"],
    [["x"]],
    {},
    {"$ne": 1},
]
EXTRA = ["__proto__", "constructor", "id", "role", "senderId", "\x00", "x" * 1000]


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize("route", BODIES, ids=" ".join)
def test_what_has_a_wrong_type_is_refused(five: FiveHouse, route: tuple[str, str]) -> None:
    body = BODIES[route]
    for name, value in body.items():
        for wrong in ANYTHING:
            if type(wrong) is not type(value):
                assert ask(five, *route, body={**body, name: wrong}).status == 400, (name, wrong)
    for extra in EXTRA:
        assert ask(five, *route, body={**body, extra: "hunter2"}).status == 400, extra
    assert ask(five, *route, body=[body]).status == 400
    assert ask(five, *route, body={**body, "more": "x" * MAX_BODY}).status == 413


RAW: dict[bytes, int] = {
    b"": 400,
    b"{": 400,
    b"null": 400,
    b'"hunter2"': 400,
    b"\xff\xfe\x00": 400,
    b"{}{}": 400,
    b'{"name": NaN}': 400,
    b'{"name": 1e999}': 400,
    b'{"name": "\\ud800"}': 400,
    b'{"email": "\\ud800@e.org", "password": "hunter2"}': 400,
    b"[" * 10_000: 400,
    b'{"a":' * 2000 + b"1" + b"}" * 2000: 400,
    b" " * (MAX_BODY + 1): 413,
    b"x" * 300_000: 413,
}
TYPES = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/json5"]
SMALL_BOMB = gzip.compress(b" " * 50_000_000)


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize("route", BODIES, ids=" ".join)
def test_what_is_no_json_is_refused(five: FiveHouse, route: tuple[str, str]) -> None:
    for raw, status in RAW.items():
        assert ask(five, *route, raw=raw).status == status, raw[:40]
    for content_type in TYPES:
        body = json.dumps(BODIES[route]).encode()
        assert ask(five, *route, raw=body, headers={"Content-Type": content_type}).status == 415, content_type
    for garbage in (b"no gzip", SMALL_BOMB):
        assert ask(five, *route, raw=garbage, headers={"Content-Encoding": "gzip"}).status == 415


PARTS_OF_PATHS = [
    "x",
    "7",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "%00",
    "%ff%fe",
    "%ed%a0%80",
    "%F0%9F%91%A9",
    "%E2%80%AE",
    "__proto__",
    "%3Cscript%3E",
    "x" * 3000,
    "{roomId}",
    "%7B%7D%25s",
    f"%20{LOBBY}",
    "00000000-0000-4000-9000-00000000000１",
]


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize("route", [route for route in ROUTES if "{" in route[1]], ids=" ".join)
def test_ids_that_are_none_are_refused(five: FiveHouse, route: tuple[str, str]) -> None:
    method, path = route
    before, _, after = path.partition("{")
    for part in PARTS_OF_PATHS:
        quoted = urllib.parse.quote(part, safe="%")
        reply = ask(five, method, f"{before}{quoted}{after.partition('}')[2]}", body=BODIES.get(route))
        # Any name may be one of a space, and be read about by nobody.
        assert reply.status in ({400, 403, 404} if "spaces" not in path else {200, 400, 401, 403, 404}), part


QUERIES = [
    "limit=0",
    "limit=-1",
    "limit=1e3",
    "limit=%D9%A3",  # a digit, in Arabic
    "limit=",
    "limit=99999999999999999999",
    "limit=1&limit=x&limit=",
    "after=x",
    "before=%00",
    "after=%ff",
    "after=x&before=x",
    "limit[]=1",
    "=&&=%&%zz=%",
    "__proto__[limit]=1",
    "limit=1;after=x",
    "x=" + "y" * 5000,
]


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize("route", [route for route in ROUTES if route[0] == "GET"], ids=" ".join)
def test_queries_of_any_kind_are_answered(five: FiveHouse, route: tuple[str, str]) -> None:
    for query in QUERIES:
        ask(five, route[0], f"{route[1]}?{query}")


@pytest.mark.usefixtures("undisturbed")
def test_other_methods_are_refused_and_the_right_ones_named(five: FiveHouse) -> None:
    allowed: dict[str, set[str]] = {}
    for method, path in ROUTES:
        allowed.setdefault(path, set()).update({method} | ({"HEAD"} if method == "GET" else set()))
    for path, methods in allowed.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - methods:
            reply = ask(five, method, path)
            assert reply.status == 405, (method, path)
            assert set(reply.headers["Allow"].split(",")) == methods


@pytest.mark.usefixtures("undisturbed")
def test_whoever_may_not_is_told_so(five: FiveHouse) -> None:
    """Without a token, with that of another protocol, with one of no algorithm: always the same 401."""
    other = {"gateway": "hub", "dongne": "gateway", "gopang": "dongne"}
    guarded = [route for route in ROUTES if OPENS.get(_prefix(route[1]), "space") != "space"]
    assert len(guarded) >= 8
    for method, path in guarded:
        stranger = PARTS[other[OPENS[_prefix(path)]]]
        given = stranger.token(HOSTILE)
        lifeless = (
            Gate(stranger.protocol, DEVELOPMENT_SECRET + "!").mint({"id": "x", "email": "x@e.org", "nickname": "x"})
            if stranger.name == "hub"
            else "e30.e30."
        )
        for value in ("", "Bearer", "Basic eDp4", f"Bearer {given}", f"Bearer {lifeless}", f"Token {given}"):
            reply = ask(five, method, path, body=BODIES.get((method, path)), headers={"Authorization": value})
            assert reply.status == 401, (method, path, value)


def _prefix(path: str) -> str:
    return next((prefix for prefix in OPENS if path.startswith(prefix)), "")


SMUGGLED = [
    b"POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n",
    b"POST /rooms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /rooms HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET /rooms\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /rooms HTTP/9.9\r\nHost: x\r\n\r\n",
    b"G@T /rooms HTTP/1.1\r\nHost: x\r\n\r\n",
]


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize("raw", SMUGGLED)
def test_two_requests_in_one_are_none(five: FiveHouse, raw: bytes) -> None:
    head = five.send(raw + b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert head.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 40"))
    assert head.count(b"HTTP/1.") == 1, "what follows a broken request is no request"


@pytest.mark.usefixtures("undisturbed")
def test_whoever_hangs_up_amid_a_body_is_no_fault_of_ours(five: FiveHouse) -> None:
    address = urllib.parse.urlsplit(five.url)
    for framing in (b"Content-Length: 50", b"Transfer-Encoding: chunked"):
        head = b"POST /auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + framing
        with socket.create_connection((str(address.hostname), int(address.port or 0)), WITHIN_S) as half:
            half.sendall(head + b'\r\n\r\n5\r\n{"ema')
    five.wait_for("ConnectionResetError")


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize("half", [b"5\r\nhello\r\n", b"zz\r\nhello\r\n", b""])
def test_half_a_body_is_not_waited_for_for_good(five: FiveHouse, monkeypatch: pytest.MonkeyPatch, half: bytes) -> None:
    monkeypatch.setattr("reference_server.http.body.READ_S", 0.05)
    address = urllib.parse.urlsplit(five.url)
    head = b"POST /auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection((str(address.hostname), int(address.port or 0)), WITHIN_S) as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + half)
        assert connection.recv(65_536).startswith((b"HTTP/1.1 408 ", b"HTTP/1.0 400 "))


@pytest.mark.usefixtures("undisturbed")
def test_of_twenty_who_register_at_once_one_is_registered(five: FiveHouse) -> None:
    """In whatever case they write it; and the one who was is who can log in."""
    with ThreadPoolExecutor(20) as pool:
        bodies = [
            {"email": ("Twenty" if number % 2 else "twenty") + "@example.org", "password": f"hunter2-{number}"}
            for number in range(20)
        ]
        replies = list(pool.map(lambda body: ask(five, "POST", "/auth/register", body=body), bodies))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 19
    [first] = [body for body, reply in zip(bodies, replies, strict=True) if reply.status == 201]
    assert ask(five, "POST", "/auth/login", body=first).status == 200
    other = next(body for body in bodies if body is not first)
    assert ask(five, "POST", "/auth/login", body=other).status == 401


@pytest.mark.usefixtures("undisturbed")
def test_who_enters_a_room_twenty_times_at_once_is_in_it_once(five: FiveHouse) -> None:
    room_id = ask(five, "POST", "/rooms", body={"name": "Twenty"}).json()["id"]
    newcomer = {"Authorization": f"Bearer {PARTS['gateway'].token(HOSTILE + 1)}"}
    with ThreadPoolExecutor(20) as pool:
        paths = [f"/rooms/{room_id}/join"] * 20
        assert {reply.status for reply in pool.map(lambda path: ask(five, "POST", path, headers=newcomer), paths)} == {
            200
        }
    members = ask(five, "GET", f"/rooms/{room_id}/members").json()["members"]
    assert [member["email"] for member in members] == ["sora@example.org", "hana@example.org"]
