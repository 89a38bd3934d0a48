"""Engine.IO packets, and the frames and payloads that carry them."""

import binascii
import struct
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from reference_server.strict import json
from reference_server.strict.errors import ProtocolError

# "The packets are separated by the record separator character: \x1e"
SEPARATOR = "\x1e"


class PacketType(IntEnum):
    """The packet types of Engine.IO 4."""

    OPEN = 0
    CLOSE = 1
    PING = 2
    PONG = 3
    MESSAGE = 4
    UPGRADE = 5
    NOOP = 6


# ASCII only: str.isdigit and int() would also take U+0664, U+FF14 and their kin.
_TYPES = {str(int(kind)): kind for kind in PacketType}


class Packet(NamedTuple):
    """One Engine.IO packet of a client: its type and what follows it."""

    type: PacketType
    data: str | bytes


@dataclass(slots=True)  # not frozen, which would cost more: one is made for all that is said
class Frame:
    """One encoded packet on its way out: text in UTF-8 or binary, encoded once however many hear it."""

    payload: bytes
    binary: bool = False
    websocket: bytes = field(init=False, repr=False, compare=False)
    """The whole WebSocket frame, the same for all who hear it."""
    size: int = field(init=False, repr=False, compare=False)
    """Bytes that it counts for where it waits."""

    def __post_init__(self) -> None:
        self.websocket = _framed(self.payload, _BINARY if self.binary else _TEXT)
        self.size = len(self.payload) + OVERHEAD


# What a frame costs beyond its payload: without it a million empty frames would count as nothing.
OVERHEAD = 64

# RFC 6455, 5.2: the first byte of a frame.
_FINAL, _TEXT, _BINARY = 0x80, 0x1, 0x2


def _framed(payload: bytes, opcode: int) -> bytes:
    """Put a payload into one WebSocket frame: "A server MUST NOT mask any frames that it sends to the client".

    "Note that in all cases, the minimal number of bytes MUST be used to encode the length" (RFC 6455, 5.2).
    """
    head, size = _FINAL | opcode, len(payload)
    if size < 126:
        return bytes((head, size)) + payload
    if size < 2**16:
        return struct.pack("!BBH", head, 126, size) + payload
    return struct.pack("!BBQ", head, 127, size) + payload


CLOSE = Frame(b"1")
PING = Frame(b"2")
PROBE_ANSWER = Frame(b"3probe")
NOOP = Frame(b"6")


def decode_text(text: str) -> Packet:
    """Read a packet from a text frame.

    "An Engine.IO packet consists of: a packet type, an optional packet payload."

    Raises ProtocolError: empty, or a type that the table does not have.
    """
    kind = _TYPES.get(text[:1])
    if kind is None:
        raise ProtocolError("unknown Engine.IO packet type")
    return Packet(kind, text[1:])


def decode_payload(body: bytes) -> Iterator[Packet]:
    """Read the packets of a polling payload one by one, all of them, until one is broken.

    "Binary payloads MUST be base64-encoded and prefixed with a `b` character."

    Raises ProtocolError: from the iterator, at the first broken packet; those before it were whole.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError("payload is not UTF-8") from error
    for part in text.split(SEPARATOR):
        if part.startswith("b"):
            yield Packet(PacketType.MESSAGE, _decode_base64(part[1:]))
        else:
            yield decode_text(part)


def encode_payload(frames: Iterable[Frame]) -> bytes:
    """Join frames into the body of a polling response."""
    parts = (b"b" + b64encode(frame.payload) if frame.binary else frame.payload for frame in frames)
    return SEPARATOR.encode().join(parts)


def open_frame(sid: str, upgrades: list[str], ping_interval: float, ping_timeout: float, max_payload: int) -> Frame:
    """Encode the handshake. Interval and timeout are seconds here and milliseconds on the wire."""
    handshake = {
        "sid": sid,
        "upgrades": upgrades,
        "pingInterval": round(ping_interval * 1000),
        "pingTimeout": round(ping_timeout * 1000),
        "maxPayload": max_payload,
    }
    return Frame(b"0" + json.dumps(handshake))


def message_frame(data: str | bytes) -> Frame:
    """Encode a message; "Binary payloads are sent as is, without modification"."""
    return Frame(data, binary=True) if isinstance(data, bytes) else Frame(b"4" + data.encode())


def _decode_base64(text: str) -> bytes:
    if len(text) % 4:
        raise ProtocolError("binary packet is not base64")  # of padding, strict_mode only misses too much
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error is one, and so is what a non-ASCII letter raises
        raise ProtocolError("binary packet is not base64") from error
