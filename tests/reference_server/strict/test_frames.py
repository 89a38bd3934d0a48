import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.strict.errors import ProtocolError
from reference_server.strict.frames import (
    Frame,
    Packet,
    PacketType,
    decode_payload,
    decode_text,
    encode_payload,
    message_frame,
    open_frame,
)

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x1e"))


@given(st.lists(TEXTS | st.binary(), min_size=1))
def test_payloads_read_back(messages: list[str | bytes]) -> None:
    payload = encode_payload(message_frame(message) for message in messages)
    assert [packet.data for packet in decode_payload(payload)] == messages


@given(st.binary(max_size=200))
def test_any_body_is_packets_or_a_protocol_error(body: bytes) -> None:
    try:
        packets = list(decode_payload(body))
    except ProtocolError:
        return
    assert packets


@pytest.mark.parametrize("text", ["", "7", "a", "-1", "\u0664", "\uff14", "\u00b2", " 4", "b"])
def test_only_the_seven_ascii_digits_are_types(text: str) -> None:
    with pytest.raises(ProtocolError):
        decode_text(text)


@pytest.mark.parametrize(
    "body", [b"", b"\x1e", b"4a\x1e", b"\xff", b"4\xc3", b"b***", b"bAQID=", "b\uff21".encode(), b"bAQ"]
)
def test_a_broken_payload_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(decode_payload(body))


def test_packets_before_a_broken_one_are_whole() -> None:
    packets = decode_payload(b"4a\x1ex\x1e4b")
    assert next(packets) == Packet(PacketType.MESSAGE, "a")
    with pytest.raises(ProtocolError):
        next(packets)


def test_the_handshake_counts_in_true_milliseconds() -> None:
    handshake = json.loads(open_frame("s", [], 2.5, 0.3, 10).payload[1:])
    assert handshake == {"sid": "s", "upgrades": [], "pingInterval": 2500, "pingTimeout": 300, "maxPayload": 10}


@pytest.mark.parametrize(
    ("size", "length"),
    [
        (0, b"\0"),
        (125, b"\x7d"),
        (126, b"\x7e\0\x7e"),
        (65_535, b"\x7e\xff\xff"),
        (65_536, b"\x7f\0\0\0\0\0\1\0\0"),
    ],
)
def test_a_websocket_frame_says_its_length_in_the_fewest_bytes(size: int, length: bytes) -> None:
    assert Frame(b"x" * size).websocket == b"\x81" + length + b"x" * size
    assert Frame(b"x" * size, binary=True).websocket == b"\x82" + length + b"x" * size
