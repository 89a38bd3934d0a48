"""Engine.IO over HTTP long-polling, by aiohttp: one GET always pending, and one POST at a time."""

import asyncio
import time
from collections import deque
from http import HTTPStatus
from typing import Final

import aiohttp

from protocols.errors import RehearsalError, TargetUnreachable, WireError
from simulators import wire
from simulators.endpoint import Endpoint
from simulators.transport import GOODBYE_S, LIMITS, MAX_UNSENT_BYTES, Receiver, Transport, reaching, refusal, report_bug
from simulators.wire import Close, EnginePacket, Open, PayloadDecoder

# python-engineio, as it comes, ends a session whose POST holds more.
MAX_PACKETS: Final = 16


class Polling(Transport):
    """A session of GETs and POSTs; made by `open`."""

    def __init__(self, endpoint: Endpoint, receiver: Receiver, patience_s: float) -> None:
        super().__init__(receiver)
        self._endpoint = endpoint
        self._patience_s = patience_s
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                local_addr=None if endpoint.local_addr is None else (endpoint.local_addr, 0)
            ),
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # a load balancer's cookie counts on an IP address too
            headers=endpoint.headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=patience_s),
        )
        self._address = endpoint.address("polling")
        self._unsent: deque[tuple[bytes, bool]] = deque()  # pieces of bodies, and whether each is a whole one
        self._unsent_bytes = 0
        self._something_unsent = asyncio.Event()
        self._all_sent = asyncio.Event()
        self._all_sent.set()
        self._paused = False
        self.handshake: Open
        """The packet that began the session."""

    @classmethod
    async def open(cls, endpoint: Endpoint, receiver: Receiver, *, patience_s: float) -> "Polling":
        """Begin a session; raises TargetUnreachable, ConnectRefused."""
        polling = cls(endpoint, receiver, patience_s)
        try:
            with reaching(endpoint):
                async with asyncio.timeout(patience_s):
                    packets = await polling._get()
            if not isinstance(packets[0], Open):
                raise TargetUnreachable(f"{endpoint.url} does not begin with an Engine.IO handshake")
        except BaseException:
            await polling._session.close()
            raise
        polling._begin(packets[0], packets)
        return polling

    def _begin(self, handshake: Open, packets: list[EnginePacket]) -> None:
        self.handshake = handshake
        self._address = self._endpoint.address("polling", sid=handshake.sid)
        self.receiver.on_transport(self)
        self._poller = asyncio.create_task(self._poll(packets))
        self._poster = asyncio.create_task(self._post())
        self._ended = asyncio.create_task(self._watch_end())

    async def _get(self) -> list[EnginePacket]:
        """Make one GET and return what it brings, at least one packet."""
        decoder = PayloadDecoder(LIMITS)
        packets: list[EnginePacket] = []
        async with self._session.get(self._address) as response:
            if response.status != HTTPStatus.OK:
                raise refusal(self._endpoint, response.status, await response.content.read(1000))
            async for piece in response.content.iter_any():
                packets += decoder.feed(piece)
        return [*packets, decoder.finish()]

    async def _poll(self, packets: list[EnginePacket]) -> None:
        while True:
            at_ns = time.monotonic_ns()
            for packet in packets:
                if not self.lost:
                    self.receiver.on_packet(packet, at_ns)
            if self._paused or self.lost:
                return
            packets = await self._get()

    async def _post(self) -> None:
        while await self._something_unsent.wait():
            while self._unsent:
                async with asyncio.timeout(self._patience_s):
                    await self._post_one(self._next_body())
            self._something_unsent.clear()
            self._all_sent.set()

    async def _post_one(self, body: bytes) -> None:
        headers = {"Content-Type": "text/plain;charset=UTF-8"}
        async with self._session.post(self._address, data=body, headers=headers) as response:
            if response.status != HTTPStatus.OK:
                raise refusal(self._endpoint, response.status, await response.content.read(1000))

    def _next_body(self) -> bytes:
        """Take as many packets as the server takes in one payload, or one raw body."""
        piece, alone = self._unsent.popleft()
        pieces, size = [piece], len(piece)
        while not alone and self._unsent and not self._unsent[0][1] and len(pieces) < MAX_PACKETS:
            size += 1 + len(self._unsent[0][0])
            if size > self.handshake.max_payload:
                break
            pieces.append(self._unsent.popleft()[0])
        self._unsent_bytes -= sum(map(len, pieces))
        return wire.SEPARATOR.join(pieces)

    async def _watch_end(self) -> None:
        """Wait until a request fails or somebody cancels the tasks, say why it ended, and let go of the sockets."""
        reason = "transport aborted"
        try:
            done, _ = await asyncio.wait({self._poller, self._poster}, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                if not task.cancelled():
                    task.result()
        except WireError as error:
            reason = f"parse error: {error}"
        except (OSError, aiohttp.ClientError, RehearsalError) as error:  # TimeoutError is an OSError
            reason = f"transport error: {error or type(error).__name__}"
        except Exception as error:  # noqa: BLE001 -- whatever a receiver raises, its connection must end
            report_bug(error)
            reason = "our own error"
        finally:
            self._cancel()
            self._all_sent.set()  # whoever waits for that need not any more
            self.lose(reason)
            await asyncio.shield(self._session.close())

    def _cancel(self) -> None:
        self._poller.cancel()
        self._poster.cancel()

    def send(self, packet: EnginePacket) -> None:
        """Send a packet with the next POST."""
        self._enqueue(wire.encode_payload([packet]), alone=False)

    def send_raw(self, data: str | bytes) -> None:
        """Send the body of one POST."""
        self._enqueue(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data, alone=True)

    def _enqueue(self, piece: bytes, *, alone: bool) -> None:
        if self.lost:
            return
        self._unsent_bytes += len(piece)
        if self._unsent_bytes > MAX_UNSENT_BYTES:
            self.abort("transport error: the target does not read")
            return
        self._unsent.append((piece, alone))
        self._all_sent.clear()
        self._something_unsent.set()

    def abort(self, reason: str) -> None:
        """Cut the requests under way."""
        self.lose(reason)
        self._cancel()

    async def pause(self) -> None:
        """Let the requests under way end and begin no further GET: the session goes over to another transport."""
        self._paused = True
        await asyncio.wait({self._poller})
        await self._all_sent.wait()

    async def retire(self) -> None:
        """Let go of the sockets; the session lives on elsewhere."""
        self.lost = True
        self._cancel()
        await self._ended

    async def close(self) -> None:
        """Send what is unsent and a CLOSE packet."""
        self.send(Close())
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._all_sent.wait()
        except TimeoutError:
            pass
        self.abort("transport close")
        await self._ended
