"""Deliveries to the outside: tried again until they succeed or become pointless, and never in anybody's way."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import orjson

from protocols.contract import Json
from reference_server.logs import Line, Log

WEBHOOK = "webhook"
EVENT_LOG = "event-log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How hard a delivery is tried."""

    attempts: int = 8
    first_pause_s: float = 0.5
    """Doubled after each failure."""
    longest_pause_s: float = 60.0
    answer_within_s: float = 5.0

    def pause_s(self, failures: int) -> float:
        """How long to wait after so many failures."""
        return min(self.longest_pause_s, self.first_pause_s * 2.0 ** (failures - 1))


@dataclass(slots=True)
class Undelivered(Exception):
    """A delivery that failed; `pointless` when another attempt would fail the same way."""

    reason: str
    pointless: bool = False
    retry_after_s: float = 0.0


class Outbox:
    """One bounded queue and one sender per channel, so that a dead receiver costs the others nothing."""

    def __init__(
        self, urls: Mapping[str, str], log: Log, *, capacity: int = 1000, patience: Patience | None = None
    ) -> None:
        self._log = log
        self._patience = patience or Patience()
        self._urls = {channel: url for channel, url in urls.items() if url}
        self._queues: dict[str, asyncio.Queue[Mapping[str, Json]]] = {
            name: asyncio.Queue(capacity) for name in self._urls
        }
        self._senders: list[asyncio.Task[None]] = []

    def put(self, channel: str, body: Mapping[str, Json]) -> None:
        """Queue a delivery; returns at once. A channel that is not configured delivers nothing."""
        queue = self._queues.get(channel)
        if queue is None:
            return
        full = queue.full()
        if full:
            queue.get_nowait()
            queue.task_done()
        queue.put_nowait(body)
        if full:
            self._log.write(Line("warn", f"too much is waiting for the {channel}: the oldest is dropped", "E4003"))

    def start(self, client: aiohttp.ClientSession) -> None:
        """Begin to deliver, on the running event loop."""
        self._senders = [asyncio.create_task(self._send_all(channel, client)) for channel in self._urls]

    async def stop(self, grace_s: float) -> None:
        """Give what is waiting so many seconds, then give up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await asyncio.gather(*(queue.join() for queue in self._queues.values()))
        for sender in self._senders:
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)

    async def _send_all(self, channel: str, client: aiohttp.ClientSession) -> None:
        queue = self._queues[channel]
        while True:
            await self._send(channel, await queue.get(), client)
            queue.task_done()

    async def _send(self, channel: str, body: Mapping[str, Json], client: aiohttp.ClientSession) -> None:
        for failures in range(1, self._patience.attempts + 1):
            try:
                await self._post(self._urls[channel], body, client)
                return
            except Undelivered as undelivered:
                reason = undelivered.reason
                if undelivered.pointless:
                    break
                if failures < self._patience.attempts:
                    await asyncio.sleep(max(self._patience.pause_s(failures), undelivered.retry_after_s))
        # Not at level error, which would send another delivery down the same hole.
        self._log.write(Line("warn", f"the {channel} could not be reached, a delivery is lost: {reason}", "E4002"))

    async def _post(self, url: str, body: Mapping[str, Json], client: aiohttp.ClientSession) -> None:
        headers = {"Content-Type": "application/json"}
        limit = aiohttp.ClientTimeout(total=self._patience.answer_within_s)
        try:
            async with client.post(
                url, data=orjson.dumps(body), headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Undelivered(type(error).__name__) from error
        if 200 <= status < 300:
            return
        if status == 429:
            pause_s = float(retry_after) if retry_after.isdecimal() else 0.0
            raise Undelivered("HTTP 429", retry_after_s=min(pause_s, self._patience.longest_pause_s))
        raise Undelivered(f"HTTP {status}", pointless=400 <= status < 500 and status != 408)
