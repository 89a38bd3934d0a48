"""Socket.IO packets by the grammar of the protocol document, nothing wider."""

import re

from socketio import packet as upstream

from reference_server.strict import json
from reference_server.strict.errors import ProtocolError
from reference_server.strict.frames import Frame, message_frame
from reference_server.strict.json import Json

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK = range(7)

# What a packet with attachments is called instead.
_BINARY = {EVENT: BINARY_EVENT, ACK: BINARY_ACK}

# The names that the JavaScript client and server keep for themselves (RESERVED_EVENTS of socket.io-parser).
RESERVED = frozenset({"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"})

# "<packet type>[<# of binary attachments>-][<namespace>,][<acknowledgment id>][JSON-stringified payload without
# binary]". re.ASCII and explicit ranges: a digit is 0-9. Lengths are bounded so that no id or name is worth sending.
_GRAMMAR = re.compile(
    r"(?P<type>[0-6])"
    r"(?:(?P<attachments>[1-9][0-9]{0,2})-)?"
    r"(?:(?P<namespace>/[^,]{0,200})(?:,|\Z))?"
    r"(?P<id>[0-9]{1,16})?"
    r"(?P<payload>.*)",
    re.ASCII | re.DOTALL,
)


class StrictPacket(upstream.Packet):  # type: ignore[misc]  # python-socketio has no types
    """A Socket.IO packet, read by the grammar and written once for all who hear it."""

    uses_binary_events = False  # else upstream looks through all of the data; `frames` finds bytes when it meets some
    packet_type: int
    namespace: str
    id: int | None
    data: Json
    attachment_count: int
    attachments: list[bytes]

    @classmethod
    def parse(cls, text: str | bytes, max_attachments: int, max_depth: int) -> "StrictPacket":
        """Read the text part of a packet; `attachment_count` says how many binary frames follow it.

        Raises ProtocolError: the text is no packet that a client may send.
        """
        if isinstance(text, bytes):
            raise ProtocolError("an attachment that no packet announced")
        match = _GRAMMAR.fullmatch(text)
        if match is None:
            raise ProtocolError("no Socket.IO packet")
        number, count, namespace, ack, payload = match.groups()
        kind, attachments = int(number), int(count or 0)
        if (kind in (BINARY_EVENT, BINARY_ACK)) != bool(attachments):
            raise ProtocolError("attachments in a packet type without them, or the reverse")
        if attachments > max_attachments:
            raise ProtocolError("too many attachments")
        data = json.loads(payload, max_depth) if payload else None
        ack_id = int(ack) if ack else None
        _check(kind, bool(payload), data, ack_id)
        packet = cls(kind, data, namespace or "/", ack_id, binary=False)
        packet.attachment_count = attachments
        return packet

    def add_attachment(self, attachment: str | bytes) -> bool:
        """Take the next binary frame; True when it was the last and the placeholders are filled.

        Raises ProtocolError: text where an attachment is due, or a placeholder that names none.
        """
        if not isinstance(attachment, bytes):
            raise ProtocolError("text where an attachment is due")
        self.attachments.append(attachment)
        if len(self.attachments) < self.attachment_count:
            return False
        self.data = _fill(self.data, self.attachments)
        return True

    def frames(self) -> list[Frame]:
        """Encode for the wire: one text frame, then one binary frame per attachment.

        Raises TypeError: the data has no JSON form, or bytes where the packet type has no attachments.
        """
        body = b""
        if self.data is not None:
            try:
                body = json.dumps(self.data)
            except TypeError:  # bytes, of which most packets have none
                return self._binary_frames()
        return [Frame(self._head(str(self.packet_type)) + body)]

    def _binary_frames(self) -> list[Frame]:
        data, attachments = self.deconstruct_binary(self.data)
        kind = _BINARY.get(self.packet_type)
        if kind is None or not attachments:
            raise TypeError(f"a packet of type {self.packet_type} cannot carry this")
        head = self._head(f"{kind}{len(attachments)}-")
        return [Frame(head + json.dumps(data)), *map(message_frame, attachments)]

    def _head(self, kind: str) -> bytes:
        namespace = f"{self.namespace}," if self.namespace != "/" else ""
        return f"4{kind}{namespace}{'' if self.id is None else self.id}".encode()


def _check(kind: int, has_payload: bool, data: Json, ack_id: int | None) -> None:
    """Hold the payload against what the protocol says of its packet type."""
    if ack_id is not None and kind in (CONNECT, DISCONNECT):
        # "The sender MAY include an event ID in order to request an acknowledgement": of an event.
        raise ProtocolError("an acknowledgment id without an event")
    match kind:
        case 0:  # CONNECT: the payload, if any, is an object such as `{"token": "123"}`
            if has_payload and not isinstance(data, dict):
                raise ProtocolError("CONNECT with a payload that is no object")
        case 1:  # DISCONNECT: `{ type: DISCONNECT, namespace: "/" }`, it has none
            if has_payload:
                raise ProtocolError("DISCONNECT with a payload")
        case 2 | 5:  # "The payload is mandatory and MUST be a non-empty array."
            if not isinstance(data, list) or not data:
                raise ProtocolError("EVENT without a non-empty array")
            data[0] = _event_name(data[0])
        case 3 | 6:  # "The payload is mandatory and MUST be an array (possibly empty)."
            if not isinstance(data, list) or ack_id is None:
                raise ProtocolError("ACK without an id or an array")
        case _:  # "this packet type is still used by the server when the connection to a namespace is refused"
            raise ProtocolError("CONNECT_ERROR from a client")


def _event_name(name: Json) -> str:
    if isinstance(name, str) and name not in RESERVED:
        return name
    if isinstance(name, int | float) and not isinstance(name, bool):
        return str(name)  # the reference parser allows numbers; above this layer a name is a string
    raise ProtocolError("an event without a name, or with a reserved one")


def _fill(data: Json, attachments: list[bytes]) -> Json:
    if isinstance(data, list):
        return [_fill(item, attachments) for item in data]
    if not isinstance(data, dict):
        return data
    if data.get("_placeholder") is not True:
        return {key: _fill(item, attachments) for key, item in data.items()}
    number = data.get("num")
    if type(number) is not int or not 0 <= number < len(attachments):
        raise ProtocolError("a placeholder without its attachment")
    return attachments[number]
