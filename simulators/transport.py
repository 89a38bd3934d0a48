"""What carries Engine.IO packets, whichever way they travel, and what it means when it cannot."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import aiohttp
import picows

from protocols.errors import ConnectRefused, TargetUnreachable, WireError, shorten
from simulators import strict_json
from simulators.endpoint import Endpoint
from simulators.wire import EnginePacket, Limits

LIMITS: Final = Limits()
MAX_UNSENT_BYTES: Final = 16_000_000
"""What may wait for a target that does not read; beyond it the connection is given up."""
GOODBYE_S: Final = 2.0
"""How long a peer may take over a polite end."""


class Receiver(Protocol):
    """Who is told what a transport receives."""

    def on_transport(self, transport: "Transport") -> None:
        """Learn what to send with from now on, before anything is received through it."""

    def on_text(self, frame: bytes, at_ns: int) -> None:
        """Take a whole text frame of a WebSocket, as `on_packet` takes the packet in it; raises WireError."""

    def on_packet(self, packet: EnginePacket, at_ns: int) -> None:
        """Take a packet that came at `at_ns` of `time.monotonic_ns()`; raises WireError to have the transport cut."""

    def on_lost(self, reason: str) -> None:
        """Learn, once, that no more will come, and why; the reasons begin with the stock client's words."""


class Transport(ABC):
    """Carries packets both ways for one Engine.IO session; belongs to the loop that opened it."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.lost = False

    @abstractmethod
    def send(self, packet: EnginePacket) -> None:
        """Send a packet after those sent before; does nothing once the transport is lost."""

    @abstractmethod
    def send_raw(self, data: str | bytes) -> None:
        """Send data as it is: as a text or binary WebSocket message, or as the body of one POST."""

    @abstractmethod
    def abort(self, reason: str) -> None:
        """Cut the connection without a word."""

    @abstractmethod
    async def close(self) -> None:
        """End the connection politely, after everything sent before."""

    def lose(self, reason: str) -> None:
        """Tell the receiver that this is the end, unless it has been told."""
        if not self.lost:
            self.lost = True
            self.receiver.on_lost(reason)


@contextmanager
def reaching(endpoint: Endpoint) -> Iterator[None]:
    """Translate whatever goes wrong while a target is being reached into ConnectRefused or TargetUnreachable."""
    try:
        yield
    except picows.WSHandshakeError as error:
        if error.response is None:
            raise TargetUnreachable(f"{endpoint.url} did not answer as HTTP: {_cause(error)}") from error
        raise refusal(endpoint, int(error.response.status), error.raw_body or b"") from error
    except TimeoutError as error:
        raise TargetUnreachable(f"{endpoint.url} did not answer in time") from error
    except (OSError, aiohttp.ClientError, picows.WSError, WireError, UnicodeError) as error:
        raise TargetUnreachable(f"{endpoint.url} cannot be reached: {_cause(error)}") from error


def refusal(endpoint: Endpoint, status: int, body: bytes) -> ConnectRefused | TargetUnreachable:
    """Return what an HTTP status instead of an Engine.IO handshake means.

    ConnectRefused where somebody who speaks Engine.IO says no to this client, TargetUnreachable where nobody does.
    """
    text = body[:1000].decode("utf-8", "replace")
    try:
        answer = strict_json.loads(body)
    except ValueError:
        answer = None
    match answer:
        case {"message": str(message)} | str(message) if status in {400, 401, 403, 429}:
            return ConnectRefused(message)
        case _ if status in {401, 403, 429}:
            return ConnectRefused(text.strip() or f"HTTP {status}")
    return TargetUnreachable(f"{endpoint.url} answers {endpoint.path} with HTTP {status} {shorten(text)}")


def report_bug(error: Exception) -> None:
    """Have the loop print an error of our own with its traceback, at once: nobody awaits what raised it."""
    asyncio.get_running_loop().call_exception_handler({"message": "our own error in a connection", "exception": error})


def _cause(error: Exception) -> str:
    return str(error) or type(error).__name__
