"""Engine.IO over one WebSocket, by picows."""

import asyncio
import logging
import time
from typing import Final

import picows
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from protocols.errors import TargetUnreachable, WireError
from simulators import wire
from simulators.endpoint import Endpoint
from simulators.transport import GOODBYE_S, LIMITS, MAX_UNSENT_BYTES, Receiver, Transport, reaching, report_bug
from simulators.wire import EnginePacket

# picows logs what it also reports; here it becomes an error or the reason of an end, and is said once.
_SILENT: Final = logging.getLogger("simulators.websocket")
_SILENT.setLevel(logging.CRITICAL + 1)

_BUFFER_BYTES: Final = (
    4096  # it grows with what comes; as much as a dozen messages need is for each of thousands enough
)

# Looked up once: a frame is compared with them in a third of the time that it takes to find them in their class.
_TEXT: Final = WSMsgType.TEXT
_BINARY: Final = WSMsgType.BINARY


class WebSocket(Transport, WSListener):
    """A WebSocket; made by `open`."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self._socket: WSTransport
        self._ended: asyncio.Task[None]
        self._congested = False
        # frames of a message that has more than one
        self._fragments = bytearray()
        self._fragments_kind: WSMsgType | None = None

    @classmethod
    async def open(
        cls, endpoint: Endpoint, receiver: Receiver, *, patience_s: float, sid: str | None = None
    ) -> "WebSocket":
        """Connect, for a new session or for the session `sid`; `patience_s` bounds TCP and HTTP each.

        Raises TargetUnreachable, ConnectRefused.
        """
        listener = cls(receiver)
        address = endpoint.address("websocket") if sid is None else endpoint.address("websocket", sid=sid)
        with reaching(endpoint):
            async with asyncio.timeout(2 * patience_s):
                _, connected = await picows.ws_connect(
                    lambda: listener,
                    address,
                    websocket_handshake_timeout=patience_s,
                    logger_name=_SILENT,
                    max_frame_size=LIMITS.bytes,
                    read_buffer_init_size=_BUFFER_BYTES,
                    extra_headers=endpoint.headers,
                    max_redirects=0,
                    local_addr=None if endpoint.local_addr is None else (endpoint.local_addr, 0),
                )
        if connected is not listener:  # picows has None here when the connection ended meanwhile
            raise TargetUnreachable(f"{endpoint.url} ended the WebSocket handshake without an answer")
        listener._ended = asyncio.create_task(listener._watch_end(listener._socket))
        return listener

    async def _watch_end(self, socket: WSTransport) -> None:
        reason = "transport close: the TCP connection ended"
        try:
            await socket.wait_disconnected()  # raises what made picows give up
        except picows.WSError as error:
            reason = f"parse error: {error}"
        except asyncio.CancelledError:
            reason = "transport aborted"
            socket.disconnect(graceful=False)
            raise
        finally:
            self.lose(reason)

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the socket to write to."""
        self._socket = transport
        self.receiver.on_transport(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand on the packet in a frame."""
        at_ns = time.monotonic_ns()
        if self.lost:
            return
        try:
            if frame.msg_type is _TEXT and frame.fin and self._fragments_kind is None:
                self.receiver.on_text(frame.get_payload_as_bytes(), at_ns)
            elif frame.msg_type == WSMsgType.CLOSE:
                self._answer_close(transport)
            elif frame.msg_type != WSMsgType.PONG:
                self._assemble(frame, at_ns)
        except WireError as error:
            self.abort(f"parse error: {error}")
        except Exception as error:  # noqa: BLE001 -- whatever a receiver raises, its connection must end
            report_bug(error)
            self.abort("our own error")

    def _assemble(self, frame: WSFrame, at_ns: int) -> None:
        """Put a message together from its frames."""
        continues = frame.msg_type == WSMsgType.CONTINUATION
        if continues is (self._fragments_kind is None):
            raise WireError("WebSocket fragments out of order")
        if not continues:
            self._fragments_kind = frame.msg_type
        self._fragments += frame.get_payload_as_memoryview()
        if len(self._fragments) > LIMITS.bytes:
            raise WireError(f"a message of more than {LIMITS.bytes} bytes")
        if frame.fin:
            packet = wire.decode_frame(bytes(self._fragments), self._fragments_kind == WSMsgType.BINARY, LIMITS)
            self._fragments, self._fragments_kind = bytearray(), None
            self.receiver.on_packet(packet, at_ns)

    def _answer_close(self, transport: WSTransport) -> None:
        received = transport.close_handshake.recv
        transport.send_close(WSCloseCode.OK)
        transport.disconnect()
        detail = "" if received is None else f" with {received.code} {received.reason or ''}".rstrip()
        self.lose(f"transport close: WebSocket closed{detail}")

    def pause_writing(self) -> None:
        """Learn that the target reads more slowly than we write."""
        self._congested = True

    def resume_writing(self) -> None:
        """Learn that it has caught up."""
        self._congested = False

    def send(self, packet: EnginePacket) -> None:
        """Send a packet."""
        data, binary = wire.encode_frame(packet)
        self._write(_BINARY if binary else _TEXT, data)

    def send_raw(self, data: str | bytes) -> None:
        """Send a text message for str, a binary one for bytes."""
        if isinstance(data, str):
            self._write(WSMsgType.TEXT, data.encode("utf-8", "surrogatepass"))
        else:
            self._write(WSMsgType.BINARY, data)

    def _write(self, kind: WSMsgType, data: bytes) -> None:
        if self.lost:
            return
        if self._congested and self._socket.underlying_transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self.abort("transport error: the target does not read")
        else:
            self._socket.send(kind, data)

    def abort(self, reason: str) -> None:
        """Cut the TCP connection."""
        self._socket.disconnect(graceful=False)
        self.lose(reason)

    async def close(self) -> None:
        """Exchange CLOSE frames, or cut the connection of a peer that does not answer."""
        self._socket.send_close(WSCloseCode.OK)
        try:
            async with asyncio.timeout(GOODBYE_S):
                await asyncio.shield(self._ended)
        except TimeoutError:
            self._socket.disconnect(graceful=False)
            await self._ended
