"""gateway over real sockets: who may come in, two people who talk, and what others read of them."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import redis

from protocols import gateway
from protocols.contract import Json
from protocols.errors import ConnectRefused
from reference_server.gate import DEVELOPMENT_SECRET
from simulators.endpoint import Endpoint
from simulators.engine import Engine, SyncConnection

from .house import WITHIN_S, House, http, open_house
from .redis_server import RedisServer

LOBBY = "00000000-0000-4000-9000-000000000001"
CURTAIN = "00000000-0000-4000-9000-000000000009"
"""Of mina and jun alone."""
IDS = {"mina": "00000000-0000-4000-8000-000000000001", "jun": "00000000-0000-4000-8000-000000000002"}
IDS["sora"] = "00000000-0000-4000-8000-000000000003"


def token(name: str, secret: str = DEVELOPMENT_SECRET, **claims: Json) -> str:
    return jwt.encode({"sub": IDS[name], "email": f"{name}@example.org", **claims}, secret, algorithm="HS256")


def connect(house: House, name: str, *rooms: str) -> SyncConnection:
    connection = SyncConnection.open(
        house.engine, Endpoint(url=house.url, auth={"token": token(name)}), gateway.PROTOCOL, name
    )
    house.guests.append(connection)
    for room in rooms:
        assert ask(connection, gateway.JoinRoom(roomId=room)) == {"success": True}
    return connection


def ask(connection: SyncConnection, event: gateway.Inbound) -> Any:
    answer = connection.call(event, within_s=WITHIN_S)
    assert answer.violation is None
    return answer.arguments[0]


def ask_raw(connection: SyncConnection, name: str, *arguments: object) -> Any:
    [value] = connection.call_raw(name, *arguments, within_s=WITHIN_S).arguments
    return value


def message(content: str, room: str = LOBBY, client_msg_id: str = "") -> gateway.SendMessage:
    return gateway.SendMessage(roomId=room, clientMsgId=client_msg_id or str(uuid.uuid4()), content=content)


@pytest.fixture(scope="module")
def house(engine: Engine) -> Iterator[House]:
    with open_house(engine, protocols=("gateway",)) as house:
        yield house


@pytest.mark.parametrize(
    ("auth", "headers", "message"),
    [
        (None, {}, "Authentication required"),
        ({"token": ""}, {}, "Authentication required"),
        ({"token": "rubbish"}, {}, "Invalid token"),
        ({"token": token("mina", secret="s" * 32)}, {}, "Invalid token"),
        ({"token": token("mina", exp=1)}, {}, "Invalid token"),
        ({"token": token("mina", email="nowhere")}, {}, "Invalid token"),
        ({"token": "rubbish"}, {"Authorization": f"Bearer {token('mina')}"}, "Invalid token"),
        ({}, {"Authorization": "Bearer rubbish"}, "Invalid token"),
    ],
)
def test_who_brings_no_valid_token_is_turned_away(
    house: House, auth: dict[str, Json] | None, headers: dict[str, str], message: str
) -> None:
    with pytest.raises(ConnectRefused) as refused:
        SyncConnection.open(
            house.engine, Endpoint(url=house.url, auth=auth, headers=headers), gateway.PROTOCOL, "somebody"
        )
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("auth", "header"), [({}, f"Bearer {token('mina')}"), ({"token": token("mina")}, "Bearer rubbish")]
)
def test_a_token_may_stand_in_the_header_too_and_that_of_auth_goes_first(
    house: House, auth: dict[str, Json], header: str
) -> None:
    endpoint = Endpoint(url=house.url, auth=auth, headers={"Authorization": header})
    mina = SyncConnection.open(house.engine, endpoint, gateway.PROTOCOL, "mina")
    assert ask(mina, gateway.JoinRoom(roomId=CURTAIN)) == {"success": True}
    mina.close()


def test_two_people_talk_and_a_third_hears_nothing(house: House) -> None:
    mina, jun = connect(house, "mina", CURTAIN), connect(house, "jun", CURTAIN)
    sora = connect(house, "sora", LOBBY)
    assert ask(sora, gateway.JoinRoom(roomId=CURTAIN))["success"] is False
    said = message("안녕하세요", CURTAIN)
    for _ in range(3):
        assert ask(mina, said) == {"clientMsgId": said.clientMsgId, "status": "ACCEPTED"}
    told = [each.expect(gateway.NewMessage, within_s=WITHIN_S) for each in (mina, jun)]
    assert told[0] == told[1]
    assert (told[0].senderId, told[0].content, told[0].type) == (IDS["mina"], "안녕하세요", "TEXT")
    failed = ask(sora, message("let me in", CURTAIN))
    assert failed["status"] == "FAILED"
    jun.emit(message("no ack, please", CURTAIN))
    assert mina.expect(gateway.NewMessage, within_s=WITHIN_S).content == "no ack, please"
    jun.expect(gateway.NewMessage, within_s=WITHIN_S)
    for each in (mina, jun, sora):
        each.fence(within_s=WITHIN_S)
        assert each.drain() == []
    kept = http(f"{house.url}/rooms/{CURTAIN}/messages", headers={"Authorization": f"Bearer {token('jun')}"}).json()[
        "messages"
    ]
    assert [each["content"] for each in kept] == ["안녕하세요", "no ack, please"]
    assert kept[0] == told[0].to_json()
    assert kept[0]["messageId"] < kept[1]["messageId"]
    mina.close()


ID = "00000000-0000-4000-a000-000000000001"
_VALID = {"roomId": LOBBY, "clientMsgId": ID, "content": "x"}


@pytest.mark.parametrize(
    ("payload", "echo"),
    [
        ({**_VALID, "content": ""}, ID),
        ({**_VALID, "content": "x" * 5001}, ID),
        ({**_VALID, "type": "VIDEO"}, ID),
        ({**_VALID, "roomId": "lobby"}, ID),
        ({**_VALID, "senderId": IDS["jun"]}, ID),
        ({**_VALID, "clientMsgId": "mine"}, "mine"),
        ({**_VALID, "clientMsgId": "x" * 65}, ""),
        ({**_VALID, "clientMsgId": 7}, ""),
        ({**_VALID, "clientMsgId": None}, ""),
        ({}, ""),
        ([_VALID], ""),
        (None, ""),
        ("x", ""),
        (b"binary", ""),
    ],
)
def test_an_invalid_message_fails_and_echoes_what_was_readable(house: House, payload: object, echo: str) -> None:
    mina = connect(house, "mina", LOBBY)
    failed = ask_raw(mina, "sendMessage", payload)
    assert (failed["clientMsgId"], failed["status"]) == (echo, "FAILED")
    assert failed["error"]
    mina.fence(within_s=WITHIN_S)
    assert mina.drain() == []
    mina.close()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("joinRoom", ()),
        ("joinRoom", ({"roomId": LOBBY}, 1)),
        ("joinRoom", ({"roomId": "lobby"},)),
        ("heartbeat", ()),
        ("heartbeat", ({"at": 1},)),
        ("no:such:event", ({},)),
    ],
)
def test_other_invalid_events_fail_too(house: House, name: str, arguments: tuple[object, ...]) -> None:
    mina = connect(house, "mina")
    failed = ask_raw(mina, name, *arguments)
    assert failed["success"] is False
    assert failed["error"]
    assert ask(mina, gateway.Heartbeat()) == {"success": True}
    mina.close()


def test_a_message_that_was_accepted_outlives_the_server(engine: Engine, tmp_path: Path) -> None:
    said = message("still here")
    with open_house(engine, protocols=("gateway",), journal=tmp_path) as house:
        assert ask(connect(house, "mina"), said)["status"] == "ACCEPTED"
    with open_house(engine, protocols=("gateway",), journal=tmp_path) as house:
        jun = connect(house, "jun", LOBBY)
        page = http(f"{house.url}/rooms/{LOBBY}/messages", headers={"Authorization": f"Bearer {token('jun')}"})
        assert [kept["clientMsgId"] for kept in page.json()["messages"]] == [said.clientMsgId]
        mina = connect(house, "mina")
        assert ask(mina, said)["status"] == "ACCEPTED"
        jun.fence(within_s=WITHIN_S)
        assert jun.drain() == []


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    if not RedisServer.INSTALLED:
        pytest.skip("redis-server is needed: install it")
    server = RedisServer(tmp_path)
    server.start()
    yield server.url
    server.stop()


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_others_read_in_redis_who_is_online(engine: Engine, redis_url: str) -> None:
    key = f"presence:user:{IDS['mina']}"
    with redis.Redis.from_url(redis_url, decode_responses=True) as reader:

        def online(*connections: SyncConnection) -> bool:
            found: Any = reader.hgetall(key)
            assert all(set(json.loads(value)) == {"serverId", "connectedAt"} for value in found.values())
            return set(found) == {connection.sid for connection in connections}

        def lasts_ms() -> int:
            return int(str(reader.pttl(key)))

        with open_house(engine, protocols=("gateway",), redis_url=redis_url) as house:
            assert http(f"{house.url}/ready").status == 200
            phone, laptop = connect(house, "mina"), connect(house, "mina")
            until(lambda: online(phone, laptop))
            assert 55_000 < lasts_ms() <= 60_000
            reader.pexpire(key, 10_000)
            ask(laptop, gateway.Heartbeat())
            until(lambda: lasts_ms() > 55_000)
            phone.close()
            until(lambda: online(laptop))
            laptop.abort()
            until(online)
            assert reader.exists(key) == 0
            last = connect(house, "mina")
            until(lambda: online(last))
        assert reader.keys("*") == [], "the server went, and left nobody behind"
