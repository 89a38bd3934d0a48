from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.strict.errors import ProtocolError
from reference_server.strict.packet import ACK, BINARY_EVENT, CONNECT, DISCONNECT, EVENT, RESERVED, StrictPacket


def parse(text: str | bytes) -> StrictPacket:
    return StrictPacket.parse(text, max_attachments=10, max_depth=64)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", (CONNECT, "/", None, None)),
        ('0{"token":"123"}', (CONNECT, "/", None, {"token": "123"})),
        ('0/admin,{"token":"123"}', (CONNECT, "/admin", None, {"token": "123"})),
        ("0/admin", (CONNECT, "/admin", None, None)),
        ("1", (DISCONNECT, "/", None, None)),
        ("1/admin,", (DISCONNECT, "/admin", None, None)),
        ('2["foo"]', (EVENT, "/", None, ["foo"])),
        ('2/admin,["bar"]', (EVENT, "/admin", None, ["bar"])),
        ('212["foo"]', (EVENT, "/", 12, ["foo"])),
        ('2[7,"numbers are names too"]', (EVENT, "/", None, ["7", "numbers are names too"])),
        ('3/admin,13["bar"]', (ACK, "/admin", 13, ["bar"])),
        ("30[]", (ACK, "/", 0, [])),
        (
            '51-["baz",{"_placeholder":true,"num":0}]',
            (BINARY_EVENT, "/", None, ["baz", {"_placeholder": True, "num": 0}]),
        ),
    ],
)
def test_the_examples_of_the_protocol(text: str, expected: tuple[Any, ...]) -> None:
    packet = parse(text)
    assert (packet.packet_type, packet.namespace, packet.id, packet.data) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "7", "abc", "-1", "true", '"2[\\"echo\\"]"', "{}", "\u0662[]", '\u00b2["a"]', "\uff12[]"),
        *("0[]", "0null", '0"a"', "05", "00", "0/" + "n" * 300),
        *("1{}", "1null", '1["a"]', "1/a,1"),
        *("2", "2{}", "2[]", "2null", '2"a"', "2[null]", "2[true]", "2[{}]", '2[["a"]]', '2abc["a"]', "2[", '2["a"]x'),
        *('2\u0663["a"]', '212345678901234567["a"]', '21-["a"]', '2-1["a"]', '2["a",NaN]', '2["a",1e999]'),
        *(f'2["{name}"]' for name in sorted(RESERVED)),
        *(f'51-["{name}"]' for name in sorted(RESERVED)),
        *("3", '3["a"]', "31", "31{}", "31null", '361-["a"]', '61-["a"]'),
        *("4", '4{"message":"a"}'),
        *('5["a"]', '50-["a"]', '501-["a"]', '511-["a"]', '5999-["a"]', '59999-["a"]', '5-1-["a"]', '51["a"]'),
        *('5\u0661-["a"]', '6["a"]', "51-", "61-1{}"),
        '2["a",' + "[" * 64 + "]" * 65,
    ],
)
def test_what_the_grammar_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse(text)


def test_an_attachment_needs_a_packet() -> None:
    with pytest.raises(ProtocolError):
        parse(b"2[]")


@given(st.text(alphabet=st.sampled_from('0123456-/,[]{}"ae \u0661\ud800'), max_size=30))
def test_any_text_is_a_packet_or_a_protocol_error(text: str) -> None:
    try:
        packet = parse(text)
    except ProtocolError:
        return
    assert packet.packet_type in range(7)


@given(
    st.lists(st.binary(max_size=20), min_size=1, max_size=10),
    st.none() | st.integers(0, 9999),
    st.sampled_from(["/", "/a"]),
)
def test_binary_events_read_back(attachments: list[bytes], ack_id: int | None, namespace: str) -> None:
    head, *rest = StrictPacket(EVENT, ["name", {"files": attachments}], namespace, ack_id).frames()
    assert not head.binary
    packet = parse(head.payload[1:].decode())
    completed = [packet.add_attachment(frame.payload) for frame in rest]
    assert completed == [False] * (len(attachments) - 1) + [True]
    assert (packet.data, packet.id, packet.namespace) == (["name", {"files": attachments}], ack_id, namespace)


@pytest.mark.parametrize(
    ("kind", "data"), [(EVENT, ["name", {1, 2}]), (EVENT, [object(), b"x"]), (CONNECT, {"sid": b"x"})]
)
def test_what_no_packet_can_carry_is_a_fault_of_ours(kind: int, data: object) -> None:
    with pytest.raises(TypeError):
        StrictPacket(kind, data, "/").frames()


@pytest.mark.parametrize("number", ["-1", "1", '"0"', "0.0", "true", "null", "[]", "1e9"])
def test_a_placeholder_names_an_attachment_that_is_there(number: str) -> None:
    packet = parse(f'51-["a",{{"_placeholder":true,"num":{number}}}]')
    with pytest.raises(ProtocolError):
        packet.add_attachment(b"")


def test_what_only_looks_like_a_placeholder_is_left_alone() -> None:
    packet = parse('51-["a",{"_placeholder":1,"num":0},{"_placeholder":"true"}]')
    assert packet.add_attachment(b"")
    assert packet.data == ["a", {"_placeholder": 1, "num": 0}, {"_placeholder": "true"}]


def test_text_is_no_attachment() -> None:
    packet = parse('51-["a",{"_placeholder":true,"num":0}]')
    with pytest.raises(ProtocolError):
        packet.add_attachment("text")
