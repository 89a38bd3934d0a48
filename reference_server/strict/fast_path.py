"""The short way out: finished frames go straight to a WebSocket's transport while it keeps up.

A task that waits for each frame, and aiohttp's writer that puts each together anew, cost more than the system call
that sends it. What the transport does not take at once goes the long way, through the queue, which is bounded.
"""

import asyncio
from collections.abc import Iterable

from aiohttp import web

from reference_server.strict.frames import Frame


class FastPath:
    """One WebSocket's transport, of which aiohttp's flow control and closing handshake stay in charge."""

    def __init__(self, socket: web.WebSocketResponse, http: web.RequestHandler, transport: asyncio.Transport) -> None:
        self._socket, self._http, self._transport = socket, http, transport

    def is_open(self) -> bool:
        """Whether the transport takes frames now.

        "The application MUST NOT send any more data frames after sending a Close frame" (RFC 6455, 5.5.1): `closed`
        says that aiohttp has sent one.
        """
        return not (self._http.writing_paused or self._socket.closed or self._transport.is_closing())

    def write(self, frames: Iterable[Frame]) -> None:
        """Write the frames of one packet, all of them: a packet is bounded, and its frames belong together."""
        for frame in frames:
            self._transport.write(frame.websocket)
