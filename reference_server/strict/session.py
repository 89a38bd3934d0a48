"""One Engine.IO session: what it is owed, whether it lives, and how it ends."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from aiohttp import WSCloseCode

from reference_server.strict.errors import ProtocolError
from reference_server.strict.fast_path import FastPath, Turns
from reference_server.strict.frames import PING, Frame, Packet, PacketType
from reference_server.strict.heartbeat import Heartbeat
from reference_server.strict.outbound import Outbound

logger = logging.getLogger(__name__)

# The reasons the client's departure is told with; the words are the reference implementation's.
CLIENT_DISCONNECT = "client disconnect"
SERVER_DISCONNECT = "server disconnect"
PING_TIMEOUT = "ping timeout"
TRANSPORT_CLOSE = "transport close"
TRANSPORT_ERROR = "transport error"
PARSE_ERROR = "parse error"

# A closed session's last bytes and closing handshake must be through by then (seconds), or its socket is cut.
FAREWELL = 2.0

# After so many packets of one client the others get a turn: a flood of tiny packets must not hold the event loop.
TURN = 32


class Owner(Protocol):
    """What a session asks of the server it belongs to."""

    ping_interval: float
    ping_timeout: float
    max_outbound_bytes: int
    turns: Turns

    async def message(self, sid: str, data: str | bytes) -> None:
        """Handle one message of the client."""

    def departed(self, session: "Session", reason: str) -> None:
        """Learn that the session has ended."""


class Session:
    """The state of one client's connection, whichever transport carries it.

    `connected`, `upgraded`, `closed` and `session` are read by python-engineio's server and keep its names.
    """

    def __init__(self, owner: Owner, sid: str) -> None:
        self.owner = owner
        self.sid = sid
        self.connected = True
        self.upgrading = False  # the probe has been answered: polling is being left
        self.upgraded = False  # a WebSocket carries the session
        self.closed = False
        self.session: dict[str, object] = {}
        self.outbound = Outbound(owner.max_outbound_bytes)
        self.heartbeat = Heartbeat(owner.ping_interval, owner.ping_timeout, self._ping, self._lapse)
        self.polling = False  # a GET is active
        self.posting = False  # a POST is active
        self.poll_over = asyncio.Event()
        self.probing = False  # a WebSocket asks to take over
        self.listening: set[asyncio.Transport] = set()  # requests that only wait for what the client will send
        self.carrier: asyncio.Transport | None = None  # what we are writing to
        self.fast_path: FastPath | None = None  # to a WebSocket that carries the session
        self.reason = ""
        self.close_code = int(WSCloseCode.OK)
        self.turn = asyncio.Lock()  # held while a message of this client is handled
        self._received = 0

    def post(self, frames: Sequence[Frame]) -> None:
        """Queue the frames of a packet for the client. One that owes us too much reading is dropped."""
        if self.closed:
            return
        if self.outbound.put(frames):
            path = self.fast_path
            if path is None:
                self.outbound.wake()
            elif not path.is_due:
                self.owner.turns.add(path)
        else:
            logger.warning("%s dropped: it does not read what it is sent", self.sid)
            self.outbound.clear()
            self.close(TRANSPORT_ERROR)
            self._cut()

    async def receive(self, packet: Packet) -> None:
        """Handle one packet of the client; a broken one ends the session."""
        self._received += 1
        if self._received % TURN == 0:
            await asyncio.sleep(0)
        if self.closed:
            return
        match packet.type:
            case PacketType.MESSAGE:
                async with self.turn:
                    await self.owner.message(self.sid, packet.data)
            case PacketType.PONG:
                self.heartbeat.pong()
            case PacketType.CLOSE:  # "Used to indicate that a transport can be closed."
                self.close(CLIENT_DISCONNECT)
            case PacketType.UPGRADE | PacketType.NOOP:
                pass  # of the upgrade process: outside it they say nothing
            case _:  # OPEN and PING are the server's to send
                raise ProtocolError("an Engine.IO packet that only the server may send")

    @contextmanager
    def hearing(self, transport: asyncio.Transport | None) -> Iterator[None]:
        """Mark a time in which only the client can act, so that the end of the session need not wait for it."""
        transports = {transport} if transport is not None else set()
        self.listening |= transports
        try:
            yield
        finally:
            self.listening -= transports

    def fail(self, error: ProtocolError) -> None:
        """Close on a protocol error, with the one log line it gets."""
        if not self.closed:
            logger.warning("%s closed: %s", self.sid, error)
            self.close(PARSE_ERROR, WSCloseCode.PROTOCOL_ERROR)

    def crash(self) -> None:
        """Close on a fault of ours, which deserves its traceback."""
        logger.exception("%s closed: fault in the server", self.sid)
        self.close(TRANSPORT_ERROR, WSCloseCode.INTERNAL_ERROR)

    def close(self, reason: str, code: int = WSCloseCode.OK) -> None:
        """End the session, once: transports are woken to say goodbye, and the owner is told."""
        if self.closed:
            return
        self.closed, self.reason, self.close_code = True, reason, int(code)
        self.heartbeat.stop()
        self.outbound.wake()
        asyncio.get_running_loop().call_later(FAREWELL, self._cut)
        for transport in self.listening:
            transport.abort()
        self.owner.departed(self, reason)

    def _cut(self) -> None:
        if self.carrier is not None:
            self.carrier.abort()

    def _ping(self) -> None:
        self.post([PING])

    def _lapse(self) -> None:
        # "If the server does not receive a `pong` packet back, then it SHOULD consider that the connection is closed."
        self.close(PING_TIMEOUT)
