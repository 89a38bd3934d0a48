"""Bare clients in great numbers: they keep connections, send finished frames, and look at little of what comes.

What they cost is what a socket costs (some 5 µs a message), so that one core can load a server that is not slow.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Final, TypeAlias

import picows

from protocols.contract import Event

PATIENCE_S: Final = 30.0
PATH: Final = "/socket.io/?EIO=4&transport=websocket"

Hear: TypeAlias = Callable[[bytes], None]
"""Hears every event, as `["name",…]` in UTF-8."""


class Member(picows.WSListener):
    """One connection. It answers heartbeats by itself, and `entered` is done when its CONNECT has been answered."""

    def __init__(self, auth: str, hear: Hear) -> None:
        self._hello, self._hear = f"40{auth}".encode(), hear
        self.entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """Keep what is written to."""
        self._transport = transport

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """Take a packet."""
        packet = frame.get_payload_as_bytes()
        match packet[:2]:
            case b"42":
                self._hear(packet[2:])
            case b"2":
                self.send(b"3")
            case b"40" | b"44" if not self.entered.done():
                if packet[1:2] == b"0":
                    self.entered.set_result(None)
                else:
                    self.entered.set_exception(RuntimeError(f"not let in: {packet[2:].decode()}"))
            case _ if packet[:1] == b"0":
                self.send(self._hello)

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        """Nobody is let in any more."""
        if not self.entered.done():
            self.entered.set_exception(ConnectionError("the server hung up"))

    def emit(self, event: Event) -> None:
        """Say something."""
        self.send(b"42" + json.dumps([event.event_name, *event.to_args()]).encode())

    def leave(self) -> None:
        """Hang up."""
        self._transport.disconnect(graceful=False)

    def send(self, packet: bytes) -> None:
        """Send a packet as it is."""
        self._transport.send(picows.WSMsgType.TEXT, packet)


async def enter(url: str, hear: Hear, *, token: str = "") -> Member:
    """Connect one, and enter the namespace `/`; raises RuntimeError where it is not let in."""
    auth = json.dumps({"token": token}) if token else ""
    async with asyncio.timeout(PATIENCE_S):
        address = url.replace("http", "ws", 1) + PATH
        _, listener = await picows.ws_connect(lambda: Member(auth, hear), address)
        assert isinstance(listener, Member)
        await listener.entered
        return listener
