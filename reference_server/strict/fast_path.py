"""The short way out: what one turn of the event loop brings for a WebSocket is written in one piece when it ends.

Each write is a system call, which costs more than all else about a delivery; the busier a server is, the more frames
share one. A task that waits for each frame, and aiohttp's writer that puts each together anew, cost as much again. What
a transport does not take at once goes the long way: it stays in the queue, which is bounded, until the writer is let.
"""

import asyncio
import logging

from aiohttp import web

from reference_server.strict.outbound import Outbound

logger = logging.getLogger(__name__)

# Bytes that are written in one piece. It is what a transport's buffer holds before it says that it is full.
PIECE = 64 * 1024


class Turns:
    """Sees to it that each path is flushed once, after the turn of the event loop in which it became due."""

    def __init__(self) -> None:
        self._due: list[FastPath] = []

    def add(self, path: "FastPath") -> None:
        """Flush a path when this turn is over; not to be told of one that `is_due`."""
        path.is_due = True
        if not self._due:
            asyncio.get_running_loop().call_soon(self._flush)
        self._due.append(path)

    def _flush(self) -> None:
        due, self._due = self._due, []
        for path in due:
            try:
                path.flush()
            except Exception:
                logger.exception("fault while a WebSocket was written to")  # which costs the others nothing


class FastPath:
    """From a session's queue to its WebSocket, of which aiohttp's flow control and closing handshake stay in charge."""

    def __init__(
        self,
        outbound: Outbound,
        socket: web.WebSocketResponse,
        http: web.RequestHandler,
        transport: asyncio.Transport,
    ) -> None:
        self._outbound = outbound
        self._socket, self._http, self._transport = socket, http, transport
        self.is_due = False
        """Whether it will be flushed when this turn is over."""

    def flush(self) -> None:
        """Write what is queued, or a piece of it; the rest, and what may not be written now, is the writer's."""
        self.is_due = False
        outbound, transport = self._outbound, self._transport
        # "The application MUST NOT send any more data frames after sending a Close frame" (RFC 6455, 5.5.1): `closed`
        # says that aiohttp has sent one.
        is_open = not (self._http.writing_paused or self._socket.closed or transport.is_closing())
        if is_open and (piece := outbound.take_piece(PIECE)):
            transport.write(piece)
        if outbound.frames:
            outbound.wake()
