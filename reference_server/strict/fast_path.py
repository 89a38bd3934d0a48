"""The short way out: what one turn of the event loop brings for a WebSocket is written in one piece when it ends.

Each write is a system call, which costs more than all else about a delivery; the busier a server is, the more frames
share one. A task that waits for each frame, and aiohttp's writer that puts each together anew, cost as much again. What
a transport does not take at once goes the long way: into the queue, which is bounded, until the writer is let.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiohttp import web

from reference_server.strict.frames import Frame

logger = logging.getLogger(__name__)

# Bytes that are written in one piece. It is what a transport's buffer holds before it says that it is full.
PIECE = 64 * 1024


class Turns:
    """Sees to it that each path is flushed once, after the turn of the event loop in which it became due."""

    def __init__(self) -> None:
        self._due: list[FastPath] = []

    def add(self, path: "FastPath") -> None:
        """Flush a path when this turn is over."""
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
    """From a session to its WebSocket, of which aiohttp's flow control and closing handshake stay in charge.

    `queue` takes what cannot be written now.
    """

    def __init__(
        self,
        turns: Turns,
        queue: Callable[[Sequence[Frame]], None],
        socket: web.WebSocketResponse,
        http: web.RequestHandler,
        transport: asyncio.Transport,
    ) -> None:
        self._turns, self._queue = turns, queue
        self._socket, self._http, self._transport = socket, http, transport
        self._frames: list[Frame] = []

    def take(self, frames: Sequence[Frame]) -> None:
        """Write these when the turn is over, after all that it has brought before."""
        if not self._frames:
            self._turns.add(self)
        self._frames += frames

    def flush(self) -> None:
        """Write what the turn has brought; what is too much, or may not be written now, is queued."""
        frames, self._frames = self._frames, []
        if self._is_open():
            piece = frames[0].websocket if len(frames) == 1 else b"".join([frame.websocket for frame in frames])
            if len(piece) <= PIECE:
                self._transport.write(piece)
                return
        self._queue(frames)

    def _is_open(self) -> bool:
        # "The application MUST NOT send any more data frames after sending a Close frame" (RFC 6455, 5.5.1): `closed`
        # says that aiohttp has sent one.
        return not (self._http.writing_paused or self._socket.closed or self._transport.is_closing())
