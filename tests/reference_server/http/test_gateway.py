"""Accounts, rooms and the history of gateway, over HTTP."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import jwt
import pytest

from reference_server.gate import DEVELOPMENT_SECRET
from simulators.engine import Engine

from ..house import House, Reply, http, open_house

MINA = "00000000-0000-4000-8000-000000000001"
LOBBY = "00000000-0000-4000-9000-000000000001"
CURTAIN = "00000000-0000-4000-9000-000000000009"
"""Of mina and jun alone."""
NOWHERE = "00000000-0000-4000-9000-0000000000ff"


@pytest.fixture(scope="module")
def house(engine: Engine) -> Iterator[House]:
    with open_house(engine, protocols=("gateway",)) as house:
        yield house


def headers(name: str, secret: str = DEVELOPMENT_SECRET, **claims: object) -> dict[str, str]:
    """The bearer token of somebody whom another service has registered."""
    token = jwt.encode({"sub": f"user-{name}", "email": f"{name}@example.org", **claims}, secret, algorithm="HS256")
    return {"Authorization": f"Bearer {token}"}


def log_in(house: House, email: str, password: str) -> Reply:
    return http(f"{house.url}/auth/login", "POST", {"email": email, "password": password})


def register(house: House, email: str, password: str = "correct horse") -> Reply:
    return http(f"{house.url}/auth/register", "POST", {"email": email, "password": password})


def bearer(house: House, name: str) -> dict[str, str]:
    """The bearer token of somebody of the built-in world, who logs in."""
    answer = log_in(house, f"{name}@example.org", f"{name}-rehearsal")
    assert answer.status == 200
    return {"Authorization": f"Bearer {answer.json()['accessToken']}"}


def test_who_registers_can_log_in_with_that_password_alone(house: House) -> None:
    made = register(house, "Gil@Example.org")
    assert made.status == 201
    gil = made.json()
    assert gil == {"id": str(uuid.UUID(gil["id"])), "email": "Gil@Example.org"}
    assert register(house, "gil@example.ORG").status == 409

    answer = log_in(house, "GIL@example.org", "correct horse")
    assert (answer.status, list(answer.json())) == (200, ["accessToken"])
    claims = jwt.decode(answer.json()["accessToken"], DEVELOPMENT_SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["email"]) == (gil["id"], gil["email"])
    assert claims["exp"] == claims["iat"] + 3600

    wrong = [log_in(house, "gil@example.org", "correct hors"), log_in(house, "nobody@example.org", "correct horse")]
    wrong += [log_in(house, "gil@example.org", ""), log_in(house, "", "correct horse")]
    assert [reply.status for reply in wrong] == [401] * 4
    assert len({reply.body for reply in wrong}) == 1


def test_people_of_the_world_log_in_again_and_again(house: House) -> None:
    for _ in range(2):
        assert log_in(house, "hana@example.org", "hana-rehearsal").status == 200
        assert log_in(house, "hana@example.org", "hana-rehearsa!").status == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@example.org"},
        {"email": "a@example.org", "password": "12345"},
        {"email": "a@example.org", "password": "x" * 101},
        {"email": "a@example.org", "password": 123456},
        {"email": "nowhere", "password": "123456"},
        {"email": "a@" + "x" * 250 + ".org", "password": "123456"},
        {"email": "a@example.org", "password": "123456", "role": "admin"},
        ["a@example.org", "123456"],
    ],
)
def test_who_registers_in_another_shape_is_refused(house: House, body: object) -> None:
    assert http(f"{house.url}/auth/register", "POST", body).status == 400
    assert log_in(house, "a@example.org", "123456").status == 401


PATHS: list[tuple[str, str, Mapping[str, str] | None]] = [
    ("GET", "/rooms", None),
    ("POST", "/rooms", {"name": "Roof"}),
    ("POST", f"/rooms/{LOBBY}/join", None),
    ("GET", f"/rooms/{LOBBY}/members", None),
    ("GET", f"/rooms/{LOBBY}/messages", None),
    ("POST", f"/rooms/{LOBBY}/read", {"lastReadMessageId": "0" * 26}),
]


@pytest.mark.parametrize(("method", "path", "body"), PATHS)
def test_all_but_auth_wants_a_valid_token(house: House, method: str, path: str, body: Mapping[str, str] | None) -> None:
    for bad in (
        {},
        {"Authorization": "Bearer rubbish"},
        headers("eve", secret="s" * 32),
        headers("eve", exp=1),
        headers("eve", sub=""),
        {"Authorization": headers("eve")["Authorization"].replace("Bearer", "Basic")},
    ):
        refused = http(house.url + path, method, body, headers=bad)
        assert refused.status == 401
        assert set(refused.json()["error"]) == {"code", "message"}
    assert http(house.url + path, method, body, headers=headers("mina", sub=MINA)).status in (200, 201, 404)


def test_a_room_from_its_first_day_on(house: House) -> None:
    ann, ben = headers("ann"), headers("ben")  # somebody whom another service has registered is trusted
    made = http(f"{house.url}/rooms", "POST", {"name": "지붕"}, headers=ann)
    assert made.status == 201
    room = made.json()
    assert room == {"id": str(uuid.UUID(room["id"])), "name": "지붕"}
    assert http(f"{house.url}/rooms", headers=ann).json() == {"rooms": [room]}
    assert http(f"{house.url}/rooms", headers=ben).json() == {"rooms": []}

    url = f"{house.url}/rooms/{room['id']}"
    assert http(f"{url}/members", headers=ben).status == 403
    assert http(f"{url}/messages", headers=ben).status == 403
    assert http(f"{url}/read", "POST", {"lastReadMessageId": "0" * 26}, headers=ben).status == 403
    assert http(f"{url}/join", "POST", headers=ben).json() == room
    assert http(f"{url}/members", headers=ben).json() == {
        "members": [{"id": f"user-{name}", "email": f"{name}@example.org"} for name in ("ann", "ben")]
    }
    assert http(f"{url}/messages", headers=ben).json() == {"messages": []}
    assert http(f"{url}/read", "POST", {"lastReadMessageId": "0" * 26}, headers=ben).status == 404


def test_the_built_in_rooms_have_members(house: House) -> None:
    sora = bearer(house, "sora")
    assert len(http(f"{house.url}/rooms", headers=sora).json()["rooms"]) == 8
    assert len(http(f"{house.url}/rooms/{LOBBY}/members", headers=sora).json()["members"]) == 24
    assert http(f"{house.url}/rooms/{CURTAIN}/members", headers=sora).status == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/rooms", {}, 400),
        ("POST", "/rooms", {"name": ""}, 400),
        ("POST", "/rooms", {"name": "x" * 101}, 400),
        ("POST", "/rooms", {"name": "x", "id": LOBBY}, 400),
        ("POST", "/rooms/lobby/join", None, 400),
        ("POST", f"/rooms/{NOWHERE}/join", None, 404),
        ("GET", "/rooms/lobby/members", None, 400),
        ("GET", f"/rooms/{NOWHERE}/members", None, 404),
        ("GET", f"/rooms/{NOWHERE}/messages", None, 404),
        ("POST", f"/rooms/{LOBBY}/read", {"lastReadMessageId": "first"}, 400),
        ("POST", f"/rooms/{LOBBY}/read", {}, 400),
        *(
            ("GET", f"/rooms/{LOBBY}/messages?{query}", None, 400)
            for query in (
                "limit=0",
                "limit=101",
                "limit=x",
                "limit=",
                "limit=-1",
                "after=x",
                "before=",
                "after=" + "8" * 26,
            )
        ),
        *(
            ("GET", f"/rooms/{LOBBY}/messages?{query}", None, 200)
            for query in ("limit=1", "limit=100", "after=" + "0" * 26, "before=7" + "Z" * 25)
        ),
    ],
)
def test_what_is_asked_is_checked(house: House, method: str, path: str, body: Any, status: int) -> None:
    assert http(house.url + path, method, body, headers=headers("mina", sub=MINA)).status == status
