"""A hostile client may do anything in any protocol, and the server goes on serving the others, who hear nothing."""

import json
import random
import socket
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.payloads.node import Node
from conformance.payloads.place import places
from conformance.payloads.values import simplest
from protocols.contract import Json, Operation
from protocols.errors import ConnectionLost
from reference_server.mode import Mode
from simulators.endpoint import TransportName
from simulators.engine import Engine
from simulators.received import Answer

from .five import ACCOMPLICE, HOSTILE, PARTS, FiveHouse, Part, open_five
from .house import WITHIN_S, http, joining, open_house

each_protocol = pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())


@pytest.fixture(scope="module")
def five(engine: Engine) -> Iterator[FiveHouse]:
    with open_five(engine, mode=Mode.DEVELOPMENT) as house:  # which logs the most
        yield house


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


# None of them is a valid payload that others would hear of.
VARIANTS: dict[str, list[Any]] = {
    "missing": [],
    "null": [None],
    "array": [[1, 2, 3]],
    "number": [2**53 + 1],
    "text": ["x"],
    "empty text": [""],
    "empty object": [{}],
    "many keys": [{str(number): number for number in range(20_000)}],
    "nested": [nested(60)],
    "binary": [b"\x00\xff" * 100],
    "binary inside": [{"content": b"\x00", "roomId": b"\x00", "metadata": {"a": [b""]}, "amount": b"", "x": b"1"}],
    "extra": [{}, {}, {}],
    "900 kB": ["x" * 900_000],
    "900 kB inside": [{"content": "x" * 900_000, "name": "y"}],
    "900 kB array": [list(range(120_000))],
    "surrogate": [
        {"content": "\ud800", "name": "\udfff", "conversationId": "\ud800", "metadata": {"\ud800": "\udfff"}}
    ],
    "surrogate alone": ["\ud800"],
    "numbers": [{"x": 1e308, "y": -1e308, "direction": "up", "latitude": 2**64, "amount": -(2**63)}],
    "prototypes": [{"__proto__": {"roomId": "x"}, "constructor": {"prototype": {}}, "toString": 1, "value": "x"}],
}

LARGE = {"many keys", "900 kB", "900 kB inside", "900 kB array"}
"""They take their time, so not each event is tried with them."""


@each_protocol
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_event_in_every_shape(five: FiveHouse, part: Part, variant: str) -> None:
    """With and without an ack asked for, and under names that there are not."""
    with five.witnessed(part) as witness:
        hostile = five.enter(part)
        witness.connection.drain()  # that somebody has come
        names = [*part.protocol.inbound, *part.protocol.outbound, "nonsense", "__proto__"]
        for number, name in enumerate(names[::4] if variant in LARGE else names):
            said = VARIANTS[variant]
            five.engine.call(lambda name=name, said=said: hostile.connection.ask_raw(name, *said))  # type: ignore[misc]
            if number % 3 == 0:
                hostile.emit_raw(name.upper(), *said)
            hostile.fence(within_s=WITHIN_S)
        assert hostile.closed is None
        assert [str(heard.violation) for heard in hostile.drain() if heard.violation is not None] == []
        witness.hears_nothing()
        hostile.close()


TEXTS = [
    "",
    " ",
    "\x00",
    "\u200b\u200d\ufeff",  # of no width
    "\u202etfel ot thgir",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "&amp;lt;script&amp;gt;" * 20,
    "__proto__",
    "constructor",
    "../../../etc/passwd",
    "{user} {sender.id} %s ${x}",
    "'; DROP TABLE users; --",
    "NaN",
    "İıßﬀ\u0130",  # longer, or other, in another case
    "👩‍👩‍👧‍👦" * 9,
    "e\u0301" * 32,
    "\u2028\r\n",
]


@each_protocol
def test_every_text_at_every_place(five: FiveHouse, part: Part) -> None:
    """Also valid ones, which others hear: whatever is told of them keeps the contract."""
    with five.witnessed(part):
        answers: list[Answer] = []
        hostile, accomplice = five.enter(part, answers=answers), five.enter(part, ACCOMPLICE)
        for operation in part.protocol.inbound.values():
            for event in part.public(part.token(HOSTILE)):
                hostile.emit(event)  # whoever has said that it leaves must be in again
            for payload in _with_texts(part, operation):
                five.engine.call(lambda payload=payload: hostile.connection.ask_raw(operation.name, payload))  # type: ignore[misc]  # noqa: B023
            hostile.fence(within_s=WITHIN_S)
        accomplice.fence(within_s=WITHIN_S)
        assert {str(heard) for heard in (*hostile.drain(), *accomplice.drain()) if heard.violation is not None} == set()
        assert {str(answer) for answer in answers if answer.violation is not None} == set()
        hostile.close()
        accomplice.close()


def _with_texts(part: Part, operation: Operation) -> Iterator[Json]:
    if operation.schema is None:
        return
    base = _sensible(part, operation)
    for place in places(Node.named(part.protocol, operation.schema)):
        if place.pointer == "/sessionToken":
            continue  # space sends away whoever has no session
        yield from (place.edit(base, lambda _here, text=text: text) for text in TEXTS)  # type: ignore[misc]


@each_protocol
def test_every_ack_that_is_asked_for_comes_as_often(five: FiveHouse, part: Part) -> None:
    """Ids from the least to the greatest, the same again and again; where an event has no ack, none comes."""
    with five.witnessed(part):
        answers: list[Answer] = []
        hostile = five.enter(part, answers=answers)
        for operation in part.protocol.inbound.values():
            payload = "" if operation.schema is None else f",{json.dumps(_sensible(part, operation))}"
            answers.clear()
            for ack in ("0", "0", "0007", "9007199254740991"):
                hostile.send_raw(f'42{part.protocol.namespace},{ack}["{operation.name}"{payload}]')
            hostile.fence(within_s=WITHIN_S)
            came = Counter(answer.packet.ack_id for answer in answers)
            wanted = {0: 2, 7: 1, 9007199254740991: 1}
            assert came == (wanted if operation.ack is not None else {}), operation.name
            assert all(part.protocol.parse_ack(operation, answer.arguments) for answer in answers)
        assert hostile.closed is None
        hostile.close()


def _sensible(part: Part, operation: Operation) -> Json:
    """Return a simple payload about something that there is."""
    root = Node.named(part.protocol, str(operation.schema))
    payload = simplest(root)
    if not isinstance(payload, dict):
        return payload
    return {**payload, **{name: id_ for name, id_ in part.ids.items() if name in root.properties}}


# Packets of Socket.IO, `%` for the namespace: their senders lose their own connection.
BROKEN = [
    '2%,["x",1e999]',
    '2%,["x",-1e999]',
    '2%,["x",NaN]',
    '2%,["x",Infinity]',
    '2%,99999999999999999["x"]',
    '2%,-1["x"]',
    "2%,0[",
    "2%,[]",
    '2%,{"0":"x"}',
    "2%,[null]",
    '2%,["disconnect"]',
    f'2%,["x",{"[" * 2000}{"]" * 2000}]',
    '51-%,["x",{"_placeholder":true,"num":7}]',
    "3%,[1]",
    "4%,{}",
    "0%,{}",
    "9%,",
]


@each_protocol
def test_what_breaks_the_wire_closes_its_own_connection(five: FiveHouse, part: Part) -> None:
    with five.witnessed(part) as witness:
        for packet in BROKEN:
            hostile = five.enter(part)
            witness.connection.fence(within_s=WITHIN_S)
            hostile.send_raw("4" + packet.replace("%", part.protocol.namespace, 1))
            if packet.startswith("5"):
                hostile.send_raw(b"the only attachment")
            assert hostile.wait_closed(WITHIN_S), packet


@each_protocol
def test_a_message_over_a_megabyte_closes_only_its_own_connection(five: FiveHouse, part: Part) -> None:
    """Whether somebody is anywhere by then, or not; `hub/all/10` and its like."""
    with five.witnessed(part):
        for number, name in enumerate(part.protocol.inbound):
            hostile = five.enter(part) if number % 2 else five.connect(part, HOSTILE)
            hostile.emit_raw(name, "x" * 1_000_000)
            assert hostile.wait_closed(WITHIN_S)


@pytest.mark.parametrize(
    "junk", [b"", b"\x00" * 100, b"GET / HTTP/1.1\r\n", b"POST /socket.io/?EIO=4&transport=polling&sid=x"]
)
def test_half_a_request_hurts_nobody(five: FiveHouse, junk: bytes) -> None:
    address = urllib.parse.urlsplit(five.url)
    with five.witnessed(PARTS["space"]):
        for _ in range(20):
            with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=WITHIN_S) as half:
                half.sendall(junk)
        assert http(five.url + "/health").status == 200


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
