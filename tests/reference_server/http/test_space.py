"""Guests, visits and the event log, over HTTP."""

from typing import Any

import pytest

from protocols import space

from ..house import WITHIN_S, House, http

MINA = {"Authorization": "Bearer auth-mina-test"}  # OWNER of plaza


def guest(house: House, nickname: str = "Bora", space_id: str = "plaza") -> dict[str, Any]:
    response = http(house.url + "/api/guest", "POST", {"spaceId": space_id, "nickname": nickname})
    assert response.status == 201
    value: dict[str, Any] = response.json()
    return value


def test_a_guest_session_opens_its_space(house: House) -> None:
    session = guest(house)
    assert set(session) == {"sessionToken", "participantId", "nickname"}
    assert session["sessionToken"].startswith("guest-")
    bora = house.connect("bora")
    bora.emit(
        space.JoinSpace(
            spaceId="plaza", playerId="x", nickname="Nobody", avatarColor="red", sessionToken=session["sessionToken"]
        )
    )
    joined = bora.expect(space.RoomJoined, within_s=WITHIN_S)
    assert joined.yourPlayerId == session["participantId"]
    assert joined.players[0].nickname == "Bora"


def test_a_guest_session_can_be_verified(house: House) -> None:
    session = guest(house)

    def verify(token: str, space_id: str) -> Any:
        response = http(house.url + "/api/guest/verify", "POST", {"sessionToken": token, "spaceId": space_id})
        assert response.status == 200
        return response.json()

    valid = verify(session["sessionToken"], "plaza")
    assert valid["valid"] is True
    assert (valid["participantId"], valid["nickname"], valid["role"]) == (
        session["participantId"], "Bora", "PARTICIPANT",
    )  # fmt: skip
    for invalid in (verify(session["sessionToken"], "studio"), verify("guest-nobody", "plaza"), verify("", "plaza")):
        assert invalid["valid"] is False
        assert invalid["error"]


def test_events_of_guests_and_visits_of_users_stand_in_the_log(house: House) -> None:
    session = guest(house)
    event = {"sessionToken": session["sessionToken"], "spaceId": "plaza", "eventType": "CHAT", "payload": {"words": 3}}
    assert http(house.url + "/api/guest/event", "POST", event).status == 201
    mina = house.join("mina")
    mina.emit(space.LeaveSpace())
    mina.fence(within_s=WITHIN_S)
    assert http(house.url + "/api/spaces/plaza/visit", "DELETE", headers=MINA).status == 200
    response = http(house.url + "/api/spaces/plaza/events", headers=MINA)
    assert response.status == 200
    assert [entry["eventType"] for entry in response.json()["events"]] == ["CHAT", "ENTER", "EXIT", "EXIT"]
    assert response.json()["spaceId"] == "plaza"
    last = http(house.url + "/api/spaces/plaza/events?limit=1", headers=MINA).json()["events"]
    assert [entry["eventType"] for entry in last] == ["EXIT"]


@pytest.mark.parametrize(
    ("headers", "space_id", "status"),
    [
        ({}, "plaza", 401),
        ({"Authorization": "auth-mina-test"}, "plaza", 401),
        ({"Authorization": "Basic auth-mina-test"}, "plaza", 401),
        ({"Authorization": "Bearer auth-nobody"}, "plaza", 401),
        ({"Authorization": "Bearer auth-hana-test"}, "plaza", 403),
        (MINA, "studio", 403),
        (MINA, "no-such-space", 404),
        ({"Authorization": "bearer auth-jun-test"}, "plaza", 200),
    ],
)
def test_the_log_is_for_owner_and_staff(house: House, headers: dict[str, str], space_id: str, status: int) -> None:
    response = http(f"{house.url}/api/spaces/{space_id}/events", headers=headers)
    assert response.status == status
    if status != 200:
        assert set(response.json()["error"]) == {"code", "message"}


def test_only_a_users_token_ends_a_visit(house: House) -> None:
    token = guest(house)["sessionToken"]
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        assert http(house.url + "/api/spaces/plaza/visit", "DELETE", headers=headers).status == 401


BODIES = [
    ("/api/guest", {"spaceId": "plaza", "nickname": "Bora"}),
    ("/api/guest/verify", {"sessionToken": "guest-x", "spaceId": "plaza"}),
    ("/api/guest/event", {"sessionToken": "guest-x", "spaceId": "plaza", "eventType": "CHAT"}),
]


@pytest.mark.parametrize(("path", "body"), BODIES)
def test_bodies_of_another_shape_are_refused_with_the_reason(house: House, path: str, body: dict[str, Any]) -> None:
    broken: list[Any] = [None, [], "text", 1, {}, {**body, "more": 1}, {**body, "spaceId": ""}]
    wrong: list[Any] = [None, 1, [], {}, "x" * 600]
    broken += [{**body, name: value} for name in body for value in wrong]
    broken += [{key: value for key, value in body.items() if key != name} for name in body]
    for value in broken:
        response = (
            http(house.url + path, "POST", value) if value is not None else http(house.url + path, "POST", raw=b"null")
        )
        assert response.status == 400, value
        error = response.json()["error"]
        assert error["code"] == "E3001"
        assert error["message"]


@pytest.mark.parametrize(
    ("raw", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b'{"spaceId": NaN}', {}, 400),
        (b'{"spaceId": 1e999}', {}, 400),
        (b'{"spaceId": "\\ud800", "nickname": "x"}', {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"[" * 10_000 + b"]" * 10_000, {}, 413),
        (b"[" * 5_000 + b"]" * 5_000, {}, 400),
        (b'{"spaceId": "' + b"x" * 1_000_000 + b'"}', {}, 413),
        (b'{"spaceId": "plaza", "nickname": "x"}', {"Content-Type": "text/plain"}, 415),
        (b'{"spaceId": "plaza", "nickname": "x"}', {"Content-Type": "application/json; charset=utf-8"}, 201),
    ],
)
def test_bodies_are_read_strictly_and_up_to_a_limit(
    house: House, raw: bytes, headers: dict[str, str], status: int
) -> None:
    assert http(house.url + "/api/guest", "POST", raw=raw, headers=headers).status == status
    assert http(house.url + "/health").status == 200


@pytest.mark.parametrize(
    "path",
    ["x" * 65 + "/events", *(f"plaza/events?limit={limit}" for limit in ("0", "x", "-1", "1001", "%D9%A1", ""))],
)
def test_what_stands_in_the_path_is_checked_too(house: House, path: str) -> None:
    assert http(f"{house.url}/api/spaces/{path}", headers=MINA).status == 400


def test_a_payload_that_is_too_long_for_the_log_is_refused(house: House) -> None:
    event = {"sessionToken": guest(house)["sessionToken"], "spaceId": "plaza", "eventType": "CHAT"}
    response = http(house.url + "/api/guest/event", "POST", {**event, "payload": {"text": "x" * 1100}})
    assert response.status == 400
    assert "1024" in response.json()["error"]["message"]
