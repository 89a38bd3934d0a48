"""The wire says what it read, or WireError; and reads what it wrote."""

import itertools
import string
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import WireError
from simulators import wire
from simulators.strict_json import Value
from simulators.wire import (
    Ack,
    Close,
    Connect,
    ConnectError,
    Disconnect,
    EnginePacket,
    Event,
    Limits,
    Message,
    Noop,
    Open,
    Packet,
    PacketDecoder,
    PayloadDecoder,
    Ping,
    Pong,
    Upgrade,
)

LIMITS = Limits()
ROOMY = Limits(attachments=10_000)


def decode(*messages: Message, limits: Limits = LIMITS) -> list[Packet]:
    decoder = PacketDecoder(limits)
    return [packet for message in messages if (packet := decoder.receive(message)) is not None]


def text(data: bytes, limits: Limits = LIMITS) -> Packet:
    [packet] = decode(Message(data), limits=limits)
    return packet


def look(packet: Packet) -> None:
    """Read all that is read on demand."""
    match packet:
        case Event():
            assert isinstance(packet.name, str)
            assert isinstance(packet.arguments(), list)
        case Ack():
            assert isinstance(packet.arguments(), list)
        case ConnectError():
            assert isinstance(packet.message, str)


# --- strategies ---

json_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = json_text.filter(lambda key: key != "_placeholder")  # the protocol itself cannot carry that one beside bytes
json_scalars: st.SearchStrategy[Value] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | json_text
)


def containers(children: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    return st.lists(children, max_size=4) | st.dictionaries(keys, children, max_size=4)


json_values: st.SearchStrategy[Value] = st.recursive(json_scalars, containers, max_leaves=12)
values: st.SearchStrategy[Value] = st.recursive(json_scalars | st.binary(max_size=20), containers, max_leaves=12)
objects = st.dictionaries(keys, json_values, max_size=4)
namespaces = st.just("/") | st.text(string.ascii_letters + "/-_é광", max_size=12).map(lambda name: "/" + name)
names = json_text.filter(lambda name: name not in wire.RESERVED_EVENTS)
ids = st.integers(0, wire.MAX_SAFE_INTEGER)
arguments = st.lists(values, max_size=4)

events = st.builds(
    lambda name, args, namespace, ack_id: Event.of(name, *args, namespace=namespace, ack_id=ack_id),
    names,
    arguments,
    namespaces,
    st.none() | ids,
)
acks = st.builds(lambda ack_id, args, namespace: Ack.of(ack_id, *args, namespace=namespace), ids, arguments, namespaces)
packets: st.SearchStrategy[Packet] = st.one_of(
    events,
    acks,
    st.builds(Connect, namespaces, st.none() | objects),
    st.builds(Disconnect, namespaces),
    st.builds(ConnectError, json_text | objects, namespaces),
)
engine_packets: st.SearchStrategy[EnginePacket] = st.one_of(
    st.builds(
        Open,
        sid=json_text,
        upgrades=st.lists(json_text, max_size=2).map(tuple),
        ping_interval_ms=ids,
        ping_timeout_ms=ids,
        max_payload=ids,
    ),
    st.builds(Close),
    st.builds(Ping, st.sampled_from([b"", b"probe"])),
    st.builds(Pong, st.sampled_from([b"", b"probe"])),
    st.builds(Message, json_text.map(lambda t: t.replace("\x1e", "").encode())),
    st.builds(Message, st.binary(), st.just(True)),
    st.builds(Upgrade),
    st.builds(Noop),
)
# Bytes that look like packets reach further into the parser than any bytes do.
near_packets = st.lists(
    st.sampled_from(
        [
            *(bytes([c]) for c in b'0123456789-/,[]{}"\\:b\x1e '),
            b"probe",
            b'"_placeholder":true',
            b'"num":',
            b"\\ud800",
            b"NaN",
            b"1e999",
            b"null",
            b"true",
            b'{"sid":"x"}',
            b'["e"',
            b"51-[",
            b"\xff",
            "２".encode(),
            b'"connect"',
        ]
    ),
    max_size=14,
).map(b"".join)
hostile = st.binary(max_size=40) | st.text(max_size=40).map(lambda t: t.encode("utf-8", "surrogatepass")) | near_packets


# --- laws ---


@given(engine_packets)
def test_every_engine_packet_comes_back_from_a_frame(packet: EnginePacket) -> None:
    assert wire.decode_frame(*wire.encode_frame(packet), LIMITS) == packet


@given(st.lists(packets, max_size=4))
def test_every_packet_comes_back(sent: list[Packet]) -> None:
    messages = [message for packet in sent for message in wire.encode_packet(packet)]
    assert decode(*messages, limits=ROOMY) == sent


@given(names, arguments, st.none() | ids)
def test_an_event_keeps_its_name_and_its_arguments_with_bytes_at_any_depth(
    name: str, args: list[Value], ack_id: int | None
) -> None:
    [event] = decode(*wire.encode_packet(Event.of(name, *args, ack_id=ack_id)), limits=ROOMY)
    assert isinstance(event, Event)
    assert (event.name, event.arguments(), event.ack_id) == (name, args, ack_id)


@given(ids, arguments)
def test_an_ack_keeps_its_arguments(ack_id: int, args: list[Value]) -> None:
    [ack] = decode(*wire.encode_packet(Ack.of(ack_id, *args)), limits=ROOMY)
    assert isinstance(ack, Ack)
    assert ack.arguments() == args


@given(st.lists(engine_packets, min_size=1, max_size=5), st.lists(st.integers(0, 300), max_size=6))
def test_a_payload_may_be_cut_anywhere(sent: list[EnginePacket], cuts: list[int]) -> None:
    body = wire.encode_payload(sent)
    decoder = PayloadDecoder(LIMITS)
    bounds = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    received = [p for start, end in itertools.pairwise(bounds) for p in decoder.feed(body[start:end])]
    assert [*received, decoder.finish()] == sent


@given(hostile, st.booleans())
def test_hostile_frames_give_packets_or_wire_errors(data: bytes, binary: bool) -> None:
    try:
        packet = wire.decode_frame(data, binary, LIMITS)
    except WireError:
        return
    assert wire.decode_frame(*wire.encode_frame(packet), LIMITS) == packet


@given(st.lists(hostile, max_size=3))
def test_hostile_payloads_give_packets_or_wire_errors(pieces: list[bytes]) -> None:
    decoder = PayloadDecoder(LIMITS)
    try:
        for piece in pieces:
            decoder.feed(piece)
        decoder.finish()
    except WireError:
        pass


@given(st.lists(st.builds(Message, hostile, st.booleans()), max_size=5))
def test_hostile_messages_give_packets_or_wire_errors(messages: list[Message]) -> None:
    try:
        for packet in decode(*messages):
            look(packet)
    except WireError:
        pass


# --- the protocol's own words ---


@pytest.mark.parametrize(
    ("data", "packet"),
    [
        (b"0", Connect()),
        (b'0{"sid":"oSO0OpakMV_3jnilAAAA"}', Connect(data={"sid": "oSO0OpakMV_3jnilAAAA"})),
        (b'0/admin,{"token":"123"}', Connect("/admin", {"token": "123"})),
        (b"0/admin,", Connect("/admin")),
        (b"0/admin", Connect("/admin")),
        (b"1/admin,", Disconnect("/admin")),
        (b'2["foo"]', Event.of("foo")),
        (b'2/admin,["bar"]', Event.of("bar", namespace="/admin")),
        (b'212["foo"]', Event.of("foo", ack_id=12)),
        (b"3/admin,13[]", Ack.of(13, namespace="/admin")),
        (b'313["bar"]', Ack.of(13, "bar")),
        (b'4{"message":"Not authorized"}', ConnectError({"message": "Not authorized"})),
        (b'4/random,"Unable to connect"', ConnectError("Unable to connect", "/random")),
        (b'50-["none"]', Event.of("none")),
    ],
)
def test_examples_of_the_protocol(data: bytes, packet: Packet) -> None:
    assert text(data) == packet


def test_the_binary_example_of_the_protocol() -> None:
    sent = Event.of("baz", b"\x01\x02\x03\x04")
    messages = wire.encode_packet(sent)
    assert messages == [Message(b'51-["baz",{"_placeholder":true,"num":0}]'), Message(b"\x01\x02\x03\x04", True)]
    assert decode(*messages) == [sent]


def test_the_polling_example_of_the_protocol() -> None:
    sent: Sequence[EnginePacket] = [Message(b"hello"), Message(b"\x01\x02\x03\x04", True)]
    assert wire.encode_payload(sent) == b"4hello\x1ebAQIDBA=="


@pytest.mark.parametrize(
    "data",
    [b"", b"7", "２[]".encode(), b"2", b"2{}", b"2null", b'221["x"', b"3[]", b"1{}", b"0[]", b"4", b"4[]", b"05{}",
     b'5["x"]', b'21-["x"]', b'511-["x"]', b'2/\xff,["x"]', b'299999999999999999["x"]', b'29007199254740992["x"]'],
)  # fmt: skip
def test_what_is_no_packet_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        look(text(data))


@pytest.mark.parametrize(
    "data",
    [
        b"7",
        b"4\x1e",
        b"0{}",
        b"1x",
        b"5 ",
        b"6\n",
        b"hello",
        b"",
        b'0{"sid":1,"upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":1}',
    ],
)
def test_what_is_no_engine_packet_is_refused(data: bytes) -> None:
    if data == b"4\x1e":  # over WebSocket the separator is text like any other
        assert wire.decode_frame(data, False, LIMITS) == Message(b"\x1e")
        data = b""
    with pytest.raises(WireError):
        wire.decode_frame(data, False, LIMITS)


@pytest.mark.parametrize("body", [b"NaN", b"1e999", b"-Infinity", b"[1,]", b"'x'", b"\xff", b'"\\ud800" NaN'])
def test_what_is_no_json_is_refused_when_looked_at(body: bytes) -> None:
    event = text(b'2["e",' + body + b"]")
    assert isinstance(event, Event)
    assert event.name == "e"
    with pytest.raises(WireError):
        event.arguments()


@pytest.mark.parametrize("name", sorted(wire.RESERVED_EVENTS))
def test_reserved_names_are_refused(name: str) -> None:
    event = text(b'2["%b"]' % name.encode())
    assert isinstance(event, Event)
    with pytest.raises(WireError, match="reserved"):
        _ = event.name


def test_the_name_is_read_without_its_payload_and_unescaped_where_needed() -> None:
    assert Event(b'["player:move",{broken').name == "player:move"
    assert Event(b'["a\\u0062\\"c"]').name == 'ab"c'
    assert Event(b' [ "spaced" ]').name == "spaced"
    for body in (b"[]", b"[1]", b'["open', b"[null]"):
        with pytest.raises(WireError):
            _ = Event(body).name


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}, object(), {1, 2}])
def test_what_json_cannot_say_is_not_sent(value: object) -> None:
    with pytest.raises(WireError):
        Event.of("e", value)


def test_json_that_orjson_cannot_say_is_sent_and_read_all_the_same() -> None:
    sent: list[Value] = [2**70, "\ud800", b"bytes", {"\udfff": b"more"}]
    [event] = decode(*wire.encode_packet(Event.of("e", *sent)))
    assert isinstance(event, Event)
    assert event.attachments == (b"bytes", b"more")
    assert event.arguments() == [2.0**70, *sent[1:]]  # JavaScript, too, reads such a number as a float


@pytest.mark.parametrize("num", ["1", "-1", "0.0", '"0"', "true", "null"])
def test_a_placeholder_must_name_an_attachment(num: str) -> None:
    [event] = decode(Message(b'51-["e",{"_placeholder":true,"num":%b}]' % num.encode()), Message(b"x", True))
    assert isinstance(event, Event)
    with pytest.raises(WireError, match="placeholder"):
        event.arguments()


def test_a_placeholder_is_plain_data_where_nothing_is_attached() -> None:
    data: Mapping[str, Value] = {"_placeholder": True, "num": 0}
    event = text(wire.encode_packet(Event.of("e", data))[0].data)
    assert isinstance(event, Event)
    assert event.arguments() == [data]


def test_attachments_come_right_after_their_packet() -> None:
    announced = Message(b'51-["e",{"_placeholder":true,"num":0}]')
    with pytest.raises(WireError, match="text where"):
        decode(announced, Message(b'2["e"]'))
    with pytest.raises(WireError, match="no packet announced"):
        decode(Message(b"x", True))


def test_limits_hold() -> None:
    limits = Limits(bytes=20, depth=3, attachments=2, parked_bytes=4)
    assert decode(Message(b"52-[]"), Message(b"12", True), Message(b"34", True), limits=limits)
    with pytest.raises(WireError, match="attachments"):
        decode(Message(b"53-[]"), limits=limits)
    with pytest.raises(WireError, match="4 bytes"):
        decode(Message(b"52-[]"), Message(b"12", True), Message(b"345", True), limits=limits)
    with pytest.raises(WireError, match="20"):
        wire.decode_frame(b"4" + b"x" * 20, False, limits)
    decoder = PayloadDecoder(limits)
    decoder.feed(b"4" + b"x" * 19)
    with pytest.raises(WireError, match="20"):
        decoder.feed(b"x")
    assert text(b'2["e",[[]]]', limits)
    assert text(b'2["e",[],[],[],[]]', limits)
    with pytest.raises(WireError, match="deeper"):
        text(b'2["e",[[{}]]]', limits)
    with pytest.raises(WireError, match="deeper"):
        text(b'0{"a":[[{}]]}', limits)


def test_a_hostile_depth_is_a_wire_error() -> None:
    for opening in (b"[", b'{"a":'):
        with pytest.raises(WireError):
            text(b"2[" + opening * 200_000)
    with pytest.raises(WireError):
        text(b'2["\\ud800",' + b"[" * 5_000 + b"]" * 5_001)


def test_a_namespace_that_cannot_be_said_is_not_sent() -> None:
    for namespace in ("", "admin", "/a,b"):
        with pytest.raises(WireError):
            wire.encode_packet(Disconnect(namespace))
