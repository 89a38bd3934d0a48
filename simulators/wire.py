"""Engine.IO 4 and Socket.IO 5 without I/O: bytes in, packets out, and back; for either end of a connection.

Words in quotation marks are those of the protocols' own documents. Layer by layer:

    a WebSocket frame         <->  an Engine.IO packet     decode_frame, encode_frame
    a polling payload         <->  Engine.IO packets       PayloadDecoder, encode_payload
    Engine.IO messages        <->  a Socket.IO packet      PacketDecoder, encode_packet
    the body of a packet      <->  names and values        Event.name, Event.arguments, Event.of, Ack.of

The body of an event is parsed when somebody looks at it, and not before: load counts a move by its `name` alone.
Whatever a peer sends, these functions give packets or raise WireError, nothing else.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, cast

from protocols.errors import WireError, shorten
from simulators import strict_json
from simulators.strict_json import Value

MAX_SAFE_INTEGER: Final = 2**53 - 1
"""The largest ack id that JavaScript can count to."""

RESERVED_EVENTS: Final = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
)
"""Names that "are reserved and must not be used in your application" (Socket.IO, emit cheatsheet)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of somebody else's data is taken in before the connection is given up."""

    bytes: int = 10_000_000
    """One frame, or one polling payload."""
    depth: int = 200
    """Arrays and objects within each other."""
    attachments: int = 10
    """Binary attachments of one packet."""
    parked_bytes: int = 10_000_000
    """Attachments held until their packet is whole."""


# --- Engine.IO --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """`0`: "used during the handshake", from the server; times in milliseconds."""

    sid: str
    upgrades: tuple[str, ...] = ()
    ping_interval_ms: int
    ping_timeout_ms: int
    max_payload: int
    """Most bytes that the server takes in one polling payload or WebSocket message."""


@dataclass(frozen=True, slots=True)
class Close:
    """`1`: "used to indicate that a transport can be closed"."""


@dataclass(frozen=True, slots=True)
class Ping:
    """`2`: "used in the heartbeat mechanism", from the server; from the client, with data, to probe an upgrade."""

    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Pong:
    """`3`: the answer to a ping, with the same data."""

    data: bytes = b""


# Messages and events are not frozen: one of each is made for all that is said, and that would triple its price.
@dataclass(slots=True, unsafe_hash=True)
class Message:
    """`4`: "used to send a payload to the other side"; binary data travels without the `4`."""

    data: bytes
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Upgrade:
    """`5`: "used during the upgrade process"."""


@dataclass(frozen=True, slots=True)
class Noop:
    """`6`: "used during the upgrade process", to end a pending poll."""


EnginePacket: TypeAlias = Open | Close | Ping | Pong | Message | Upgrade | Noop


def encode_frame(packet: EnginePacket) -> tuple[bytes, bool]:
    """Return the WebSocket message of an Engine.IO packet, and whether it is a binary one."""
    if isinstance(packet, Message):  # nearly every packet, and a match would look at each of its fields by name
        return (packet.data, True) if packet.binary else (b"4" + packet.data, False)
    match packet:
        case Open():
            return b"0" + _open_to_json(packet), False
        case Ping(data):
            return b"2" + data, False
        case Pong(data):
            return b"3" + data, False
        case Close():
            return b"1", False
        case Upgrade():
            return b"5", False
        case Noop():
            return b"6", False


def decode_frame(data: bytes, binary: bool, limits: Limits) -> EnginePacket:
    """Return the Engine.IO packet in a WebSocket message, text or binary; raises WireError."""
    if len(data) > limits.bytes:
        raise WireError(f"a message of {len(data)} bytes, more than {limits.bytes}")
    if binary:
        return Message(data, binary=True)
    match data[:1]:
        case b"4":
            return Message(data[1:])
        case b"2":
            return Ping(data[1:])
        case b"3":
            return Pong(data[1:])
        case b"0":
            return _open_from_json(data[1:])
    match data:
        case b"1":
            return Close()
        case b"5":
            return Upgrade()
        case b"6":
            return Noop()
    raise WireError(f"no Engine.IO packet: {_excerpt(data)}")


def _open_to_json(packet: Open) -> bytes:
    return _to_json(
        {
            "sid": packet.sid,
            "upgrades": list(packet.upgrades),
            "pingInterval": packet.ping_interval_ms,
            "pingTimeout": packet.ping_timeout_ms,
            "maxPayload": packet.max_payload,
        }
    )


def _open_from_json(text: bytes) -> Open:
    match _from_json(text):
        case {
            "sid": str(sid),
            "upgrades": list(upgrades),
            "pingInterval": int(interval),
            "pingTimeout": int(timeout),
            "maxPayload": int(max_payload),
        } if min(interval, timeout, max_payload) >= 0 and all(isinstance(name, str) for name in upgrades):
            return Open(
                sid=sid,
                upgrades=tuple(cast("list[str]", upgrades)),
                ping_interval_ms=interval,
                ping_timeout_ms=timeout,
                max_payload=max_payload,
            )
    raise WireError(f"no Engine.IO handshake: {_excerpt(text)}")


# --- Engine.IO over polling -------------------------------------------------------------------------------------

SEPARATOR: Final = b"\x1e"  # the record separator of ASCII


def encode_payload(packets: Iterable[EnginePacket]) -> bytes:
    """Return the body of a polling request or response, binary data as `b` and base64."""
    frames = map(encode_frame, packets)
    return SEPARATOR.join(b"b" + base64.b64encode(data) if binary else data for data, binary in frames)


class PayloadDecoder:
    """Reads the body of a polling request or response, in whatever pieces it arrives."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._received = 0
        self._rest = bytearray()

    def feed(self, piece: bytes) -> list[EnginePacket]:
        """Return the packets that are now known to be whole; raises WireError."""
        self._received += len(piece)
        if self._received > self._limits.bytes:
            raise WireError(f"a payload of more than {self._limits.bytes} bytes")
        self._rest += piece
        if SEPARATOR not in piece:
            return []
        *whole, self._rest = self._rest.split(SEPARATOR)
        return [self._decode(bytes(text)) for text in whole]

    def finish(self) -> EnginePacket:
        """Return the last packet, which nothing but the end of the body delimits; raises WireError."""
        return self._decode(bytes(self._rest))

    def _decode(self, text: bytes) -> EnginePacket:
        if text[:1] != b"b":
            return decode_frame(text, False, self._limits)
        try:
            return Message(base64.b64decode(text[1:], validate=True), binary=True)
        except binascii.Error as error:
            raise WireError(f"no base64: {_excerpt(text)}") from error


# --- Socket.IO --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connect:
    """`0`: "used during the connection to a namespace", with credentials from the client, a sid from the server."""

    namespace: str = "/"
    data: Mapping[str, Value] | None = None


@dataclass(frozen=True, slots=True)
class Disconnect:
    """`1`: "used when disconnecting from a namespace"."""

    namespace: str = "/"


@dataclass(slots=True, unsafe_hash=True)
class Event:
    """`2`, or `5` with attachments: "used to send data to the other side". `body` is a JSON array, the name first."""

    body: bytes
    namespace: str = "/"
    ack_id: int | None = None
    """With an id the sender wants an ack."""
    attachments: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, name: str, *arguments: object, namespace: str = "/", ack_id: int | None = None) -> "Event":
        """Return the packet of an event; raises WireError for a value that cannot be sent."""
        body, attachments = _pack([name, *arguments])
        return cls(body, namespace, ack_id, attachments)

    @property
    def name(self) -> str:
        """The event's name, without parsing the rest where that can be avoided; raises WireError."""
        # A name that needs no unescaping ends at the first quote.
        end = self.body.find(b'"', 2)
        raw = self.body[2:end]
        if end > 0 and self.body.startswith(b'["') and b"\\" not in raw:
            try:
                name = raw.decode()
            except UnicodeDecodeError as error:
                raise WireError(f"no UTF-8: {_excerpt(self.body)}") from error
        else:
            name = self._items()[0]
        if name in RESERVED_EVENTS:
            raise WireError(f"the reserved event name {name}")
        return name

    def arguments(self) -> list[Value]:
        """Return what follows the name, bytes in their places; parses at each call; raises WireError."""
        return self._items()[1]

    def _items(self) -> tuple[str, list[Value]]:
        match _unpack(self.body, self.attachments):
            case [str(name), *arguments]:
                return name, arguments
        raise WireError(f"an event without a name: {_excerpt(self.body)}")


@dataclass(frozen=True, slots=True)
class Ack:
    """`3`, or `6` with attachments: "used to acknowledge an event"; `body` is a JSON array."""

    body: bytes
    ack_id: int
    namespace: str = "/"
    attachments: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, ack_id: int, *arguments: object, namespace: str = "/") -> "Ack":
        """Return the packet of an ack; raises WireError for a value that cannot be sent."""
        body, attachments = _pack(arguments)
        return cls(body, ack_id, namespace, attachments)

    def arguments(self) -> list[Value]:
        """Return the values of the ack, bytes in their places; parses at each call; raises WireError."""
        return _unpack(self.body, self.attachments)


@dataclass(frozen=True, slots=True)
class ConnectError:
    """`4`: "used during the connection to a namespace", when the server refuses; a string in version 4."""

    data: str | Mapping[str, Value]
    namespace: str = "/"

    @property
    def message(self) -> str:
        """What the server gives as the reason."""
        data = self.data
        return data if isinstance(data, str) else str(data.get("message", ""))


Packet: TypeAlias = Connect | Disconnect | Event | Ack | ConnectError


def encode_packet(packet: Packet) -> list[Message]:
    """Return the Engine.IO messages of a Socket.IO packet: its text, then its attachments."""
    match packet:
        case Event():
            return _with_attachments(b"2", b"5", packet)
        case Ack():
            return _with_attachments(b"3", b"6", packet)
        case Connect(namespace, data):
            return [Message(b"0" + _prefix(namespace) + (b"" if data is None else _to_json(data)))]
        case Disconnect(namespace):
            return [Message(b"1" + _prefix(namespace))]
        case ConnectError(data, namespace):
            return [Message(b"4" + _prefix(namespace) + _to_json(data))]


def _with_attachments(plain: bytes, binary: bytes, packet: Event | Ack) -> list[Message]:
    attachments = packet.attachments
    kind = b"%b%d-" % (binary, len(attachments)) if attachments else plain
    number = b"" if packet.ack_id is None else b"%d" % packet.ack_id
    text = Message(b"".join((kind, _prefix(packet.namespace), number, packet.body)))
    return [text, *[Message(data, binary=True) for data in attachments]] if attachments else [text]


def _prefix(namespace: str) -> bytes:
    if namespace == "/":
        return b""
    if not namespace.startswith("/") or "," in namespace:
        raise WireError(f"cannot be sent: a namespace {shorten(namespace)}")
    return namespace.encode("utf-8", "backslashreplace") + b","


# <packet type>[<# of binary attachments>-][<namespace>,][<acknowledgment id>][JSON-stringified payload without binary]
_PACKET: Final = re.compile(rb"([0-6])(?:([0-9]{1,4})-)?(?:(/[^,]*)(?:,|\Z))?([0-9]{1,16})?")
_PLAIN_EVENT: Final = b"2["


class PacketDecoder:
    """Puts Socket.IO packets together from Engine.IO messages; of no more use once it has raised."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.is_waiting = False
        """Whether attachments of a packet are still to come."""
        self._waiting: Event | Ack | None = None
        self._missing = 0
        self._parked: list[bytes] = []
        self._parked_bytes = 0

    def receive(self, message: Message) -> Packet | None:
        """Return the packet that this message completes, or None while attachments are missing; raises WireError."""
        if message.binary:
            return self._attach(message.data)
        if self._waiting is not None:
            raise WireError("text where a binary attachment must come")
        return self._read(message.data)

    def _read(self, text: bytes) -> Packet | None:
        if text.startswith(_PLAIN_EVENT):  # nearly every packet under load
            return self._checked(Event(text[1:]))
        match = _PACKET.match(text)
        if match is None:
            raise WireError(f"no Socket.IO packet: {_excerpt(text)}")
        kind, count, raw_namespace, raw_id = match.groups()
        if (count is None) is (kind in b"56"):
            raise WireError(f"attachments counted wrongly: {_excerpt(text)}")
        namespace = _namespace(raw_namespace)
        body = text[match.end() :]
        if kind in b"25":
            return self._park(Event(_array(body), namespace, _ack_id(raw_id)), count)
        if kind in b"36":
            if (ack := _ack_id(raw_id)) is None:
                raise WireError(f"an ack without an id: {_excerpt(text)}")
            return self._park(Ack(_array(body), ack, namespace), count)
        if raw_id is not None:
            raise WireError(f"an id where none may be: {_excerpt(text)}")
        return self._read_connection_packet(kind, namespace, body)

    def _read_connection_packet(self, kind: bytes, namespace: str, body: bytes) -> Packet:
        if not body:
            match kind:
                case b"0":
                    return Connect(namespace)
                case b"1":
                    return Disconnect(namespace)
        elif self._deeper_than_allowed(body):
            raise WireError(f"nested deeper than {self._limits.depth}")
        else:
            match kind, _from_json(body):
                case b"0", dict(data):
                    return Connect(namespace, data)
                case b"4", (str() | dict()) as data:
                    return ConnectError(cast("str | Mapping[str, Value]", data), namespace)
        raise WireError(f"wrong data for packet type {kind.decode()}: {_excerpt(body)}")

    def _park(self, packet: Event | Ack, count: bytes | None) -> Packet | None:
        self._missing = int(count or 0)
        if self._missing > self._limits.attachments:
            raise WireError(f"{self._missing} attachments, more than {self._limits.attachments}")
        if self._missing:
            self._waiting, self.is_waiting = packet, True
            return None
        return self._checked(packet)

    def _attach(self, data: bytes) -> Packet | None:
        if self._waiting is None:
            raise WireError("a binary message that no packet announced")
        self._parked_bytes += len(data)
        if self._parked_bytes > self._limits.parked_bytes:
            raise WireError(f"attachments of more than {self._limits.parked_bytes} bytes")
        self._parked.append(data)
        if len(self._parked) < self._missing:
            return None
        packet = replace(self._waiting, attachments=tuple(self._parked))
        self._waiting, self.is_waiting, self._parked, self._parked_bytes = None, False, [], 0
        return self._checked(packet)

    def _checked(self, packet: Event | Ack) -> Packet:
        if self._deeper_than_allowed(packet.body):
            raise WireError(f"nested deeper than {self._limits.depth}")
        return packet

    def _deeper_than_allowed(self, body: bytes) -> bool:
        # Counting brackets is far cheaper than parsing, and few bodies have enough of them to be looked at.
        if len(body) <= self._limits.depth:
            return False
        brackets = body.count(b"[") + body.count(b"{")
        return brackets > self._limits.depth and strict_json.depth(_from_json(body)) > self._limits.depth


def _namespace(raw: bytes | None) -> str:
    try:
        return "/" if raw is None else raw.decode()
    except UnicodeDecodeError as error:
        raise WireError(f"a namespace that is no UTF-8: {_excerpt(raw or b'')}") from error


def _ack_id(raw: bytes | None) -> int | None:
    if raw is None:
        return None
    if (value := int(raw)) > MAX_SAFE_INTEGER:
        raise WireError(f"an ack id of {value}")
    return value


def _array(body: bytes) -> bytes:
    if body[:1] != b"[":
        raise WireError(f"no JSON array: {_excerpt(body)}")
    return body


# --- values -----------------------------------------------------------------------------------------------------


def _pack(items: Sequence[object]) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the JSON text of an array and the bytes taken out of it, each replaced by a placeholder."""
    attachments: list[bytes] = []

    def take_out(leaf: object) -> Value:
        if not isinstance(leaf, bytes | bytearray | memoryview):
            raise TypeError(f"{type(leaf).__name__} is not JSON")
        attachments.append(bytes(leaf))
        return {"_placeholder": True, "num": len(attachments) - 1}

    try:
        text = strict_json.dumps(items, take_out, on_retry=attachments.clear)
        return text, tuple(attachments)
    except ValueError as error:
        raise WireError(f"cannot be sent: {error}") from error


def _unpack(body: bytes, attachments: Sequence[bytes]) -> list[Value]:
    items = _from_json(body)
    if not isinstance(items, list):
        raise WireError(f"no JSON array: {_excerpt(body)}")
    return [_put_back(item, attachments) for item in items] if attachments else items


def _put_back(value: Value, attachments: Sequence[bytes]) -> Value:
    match value:
        case dict() if value.get("_placeholder") is True:
            return _attachment(value.get("num"), attachments)
        case dict():
            return {key: _put_back(item, attachments) for key, item in value.items()}
        case list():
            return [_put_back(item, attachments) for item in value]
    return value


def _attachment(number: object, attachments: Sequence[bytes]) -> bytes:
    if type(number) is not int or not 0 <= number < len(attachments):
        raise WireError(f"a placeholder for attachment {number!r} of {len(attachments)}")
    return attachments[number]


def _from_json(text: bytes) -> Value:
    try:
        return strict_json.loads(text)
    except ValueError as error:
        raise WireError(f"no JSON ({error}): {_excerpt(text)}") from error


def _to_json(value: Value) -> bytes:
    text, attachments = _pack([value])
    if attachments:
        raise WireError("cannot be sent: bytes outside of an event or ack")
    return text[1:-1]


def _excerpt(data: bytes) -> str:
    return repr(data) if len(data) <= 60 else f"{data[:60]!r}… ({len(data)} bytes)"
