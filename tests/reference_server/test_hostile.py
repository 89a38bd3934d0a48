"""A hostile client may do anything, and the server goes on serving the others."""

import random
import socket
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from protocols import space
from protocols.errors import ConnectionLost
from simulators.endpoint import TransportName
from simulators.engine import Engine, SyncConnection

from .house import WITHIN_S, House, http, joining, open_house

EVENTS = [*space.PROTOCOL.inbound, *space.PROTOCOL.outbound, "nonsense", "__proto__"]


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


VARIANTS: dict[str, list[Any]] = {
    "missing": [],
    "null": [None],
    "array": [[1, 2, 3]],
    "many keys": [{str(number): number for number in range(20_000)}],
    "nested": [nested(60)],
    "binary": [b"\x00\xff" * 100],
    "binary inside": [{"content": b"\x00", "spaceId": b"\x00", "partyId": b"", "x": b"1"}],
    "extra": [{}, {}, {}],
    "900 kB": ["x" * 900_000],
    "900 kB inside": [{"content": "x" * 900_000, "name": "y"}],
    "900 kB array": [list(range(120_000))],
    "surrogate": [{"content": "\ud800", "name": "\udfff"}],
    "numbers": [{"x": 1e308, "y": -1e308, "direction": "up", "isMoving": True}],
}


@pytest.fixture(scope="module")
def shared(engine: Engine) -> Iterator[House]:
    with open_house(engine) as house:
        yield house


@pytest.fixture
def witness(shared: House) -> Iterator[SyncConnection]:
    """Somebody in the same space, who must neither hear of it nor be hindered by it."""
    with_us = shared.join("jun")
    yield with_us
    with_us.emit(space.ChatMessageRequest(content="still here"))
    with_us.expect(space.ChatMessageEvent, {"content": "still here"}, within_s=WITHIN_S)
    assert "Traceback" not in shared.log.getvalue()
    assert not any(line["level"] == "error" for line in shared.lines())
    with_us.close()


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_event_in_every_shape(shared: House, witness: SyncConnection, variant: str) -> None:
    mina = shared.join("mina", "studio")
    for name in EVENTS:
        for spelling in (name, name.upper()):
            mina.emit_raw(spelling, *VARIANTS[variant])
        mina.fence(within_s=WITHIN_S)
    assert mina.closed is None
    mina.close()
    assert shared.players("studio") == 0


@pytest.mark.parametrize("name", list(space.PROTOCOL.inbound))
@pytest.mark.parametrize("joined", [True, False])
def test_a_message_over_a_megabyte_closes_only_its_own_connection(
    shared: House, witness: SyncConnection, name: str, joined: bool
) -> None:
    mina = shared.join("mina", "studio") if joined else shared.connect()
    mina.emit_raw(name, "x" * 1_000_000)
    assert mina.wait_closed(WITHIN_S)
    witness.fence(within_s=WITHIN_S)
    assert shared.players("studio") == 0


STEPS: list[tuple[str, Any]] = [
    ("party:create", {"name": "party"}),
    ("joinParty", {"partyId": "p", "partyName": "Zone"}),
    ("chat:message", {"content": "x", "type": "party"}),
]
TRANSPORTS: list[TransportName] = ["websocket", "polling", "upgrade"]


@pytest.mark.parametrize("seed", range(4))
def test_leaving_at_any_moment_leaves_nobody_behind(engine: Engine, seed: int) -> None:
    """Joins, parties and zones, cut off in the middle.

    A client that is cut off between two polls has died silently, and only the heartbeat can tell: hence a short one.
    """
    chance = random.Random(seed)
    with open_house(engine, ping_interval_s=0.3, ping_timeout_s=0.3) as house:
        jun = house.join("jun")
        for _ in range(8):
            name = chance.choice(["mina", "sora", "hana"])
            somebody = house.connect(name, chance.choice(TRANSPORTS))
            try:
                for event, payload in [("join:space", joining(name).to_json()), *STEPS][: chance.randrange(5)]:
                    somebody.emit_raw(event, payload)
                if chance.random() < 0.3:
                    somebody.fence(within_s=WITHIN_S)
                (somebody.abort if chance.random() < 0.5 else somebody.close)()
            except ConnectionLost:
                pass  # somebody of the same name had taken its place
        deadline = time.monotonic() + WITHIN_S
        while http(house.url + "/health").json()["connections"] > 1 and time.monotonic() < deadline:
            jun.fence(within_s=WITHIN_S)
        metrics = http(house.url + "/metrics").json()
        assert metrics["connections"] == {"total": 1, "rooms": [{"spaceId": "plaza", "connections": 1}], "roomCount": 1}
        assert metrics["parties"] == {"count": 0}
        assert not any(line["level"] == "error" for line in house.lines())


@pytest.mark.parametrize(
    "junk", [b"", b"\x00" * 100, b"GET / HTTP/1.1\r\n", b"POST /socket.io/?EIO=4&transport=polling&sid=x"]
)
def test_half_a_request_hurts_nobody(shared: House, witness: SyncConnection, junk: bytes) -> None:
    address = urllib.parse.urlsplit(shared.url)
    for _ in range(20):
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=WITHIN_S) as connection:
            connection.sendall(junk)
    assert http(shared.url + "/health").status == 200
