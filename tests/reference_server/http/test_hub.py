"""Notifications, which other services post over HTTP."""

from collections.abc import Iterator, Mapping

import pytest

from protocols import hub
from reference_server.world import BUILT_IN
from simulators.engine import Engine

from ..house import WITHIN_S, http
from ..hub_house import SERVICE, HubHouse, open_hub, token

NOTICE = {"userId": "user-mina", "type": "comment", "title": "새 댓글", "content": "Jun commented"}


@pytest.fixture(scope="module")
def house(engine: Engine) -> Iterator[HubHouse]:
    with open_hub(engine) as house:
        yield house


def test_every_socket_of_a_user_hears_it_and_nobody_else(house: HubHouse) -> None:
    phone, laptop, jun = house.connect("mina"), house.connect("mina"), house.connect("jun")
    answer = house.notify(NOTICE)
    assert answer.status == 201
    posted = answer.json()
    assert posted["delivered"] is True
    for device in (phone, laptop):
        notification = device.expect(hub.Notification, within_s=WITHIN_S)
        told = notification.to_json()
        assert {"userId": "user-mina", **told} == {
            **NOTICE, "id": posted["id"], "isRead": False, "createdAt": told["createdAt"],
        }  # fmt: skip
    jun.fence(within_s=WITHIN_S)
    assert jun.drain() == []
    for connection in (phone, laptop, jun):
        connection.close()


def test_who_is_offline_gets_it_on_the_next_connect(house: HubHouse) -> None:
    titles = ["first", "second"]
    answers = [house.notify({**NOTICE, "userId": "user-sora", "title": title}).json() for title in titles]
    assert [answer["delivered"] for answer in answers] == [False, False]
    sora = house.connect("sora")
    assert [sora.expect(hub.Notification, within_s=WITHIN_S).title for _ in titles] == titles
    sora.close()
    again = house.connect("sora")
    assert again.drain() == []
    again.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": "Bearer let-me-in"}, 401),
        ({"Authorization": SERVICE["Authorization"].removeprefix("Bearer ")}, 401),
        ({"Authorization": SERVICE["Authorization"] + "x"}, 401),
        ({"Authorization": "Bearer \xe9"}, 401),
        ({"Authorization": f"Bearer {token('jun')}"}, 403),
    ],
)
def test_only_a_service_may_post(house: HubHouse, headers: Mapping[str, str], status: int) -> None:
    mina = house.connect("mina")
    answer = house.notify(NOTICE, headers)
    assert answer.status == status
    assert set(answer.json()["error"]) == {"code", "message"}
    mina.fence(within_s=WITHIN_S)
    assert mina.drain() == []
    mina.close()


@pytest.mark.parametrize(
    "change",
    [
        {"userId": ""},
        {"userId": 7},
        {"type": "advertisement"},
        {"title": ""},
        {"title": "x" * 201},
        {"content": "x" * 2001},
        {"isRead": True},
    ],
)
def test_a_body_of_another_shape_is_refused(house: HubHouse, change: Mapping[str, object]) -> None:
    assert house.notify({**NOTICE, **change}).status == 400


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"userId":"u","type":"like","title":"\\ud800","content":"c"}'])
def test_what_is_no_such_json_is_refused(house: HubHouse, raw: bytes) -> None:
    assert http(f"{house.url}/internal/notifications", "POST", raw=raw, headers=SERVICE).status == 400


def test_a_server_with_a_token_of_its_own_knows_no_other(engine: Engine) -> None:
    with open_hub(engine, service_token="a-token-of-our-own") as house:
        assert house.notify(NOTICE).status == 401
        assert house.notify(NOTICE, {"Authorization": "Bearer a-token-of-our-own"}).status == 201


@pytest.mark.parametrize("authorization", ["Bearer ", "Bearer", SERVICE["Authorization"]])
def test_a_server_that_others_can_reach_has_no_token_but_one_of_its_own(engine: Engine, authorization: str) -> None:
    with open_hub(engine, host="0.0.0.0", jwt_secret="s" * 32, world=BUILT_IN) as house:
        assert house.notify(NOTICE, {"Authorization": authorization}).status == 401
