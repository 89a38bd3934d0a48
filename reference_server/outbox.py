"""Deliveries to the outside: tried again until they succeed or become pointless, and never in anybody's way."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import aiohttp
import orjson

from protocols.contract import Json
from reference_server.effects import Delivery
from reference_server.logs import Line, Log

WEBHOOK = "webhook"
EVENT_LOG = "event-log"
MONITORING = "monitoring"
PUSH, EMAIL, SMS = "push", "email", "sms"

Told: TypeAlias = Callable[[Delivery], None]
"""Somebody who wants to know what became of one attempt, and decides themselves whether there is another."""


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
        self._queues: dict[str, asyncio.Queue[tuple[Mapping[str, Json], Told | None]]] = {
            name: asyncio.Queue(capacity) for name in self._urls
        }
        self._senders: list[asyncio.Task[None]] = []

    def put(self, channel: str, body: Mapping[str, Json], told: Told | None = None) -> None:
        """Queue a delivery; returns at once. A channel that is not configured delivers nothing.

        It is tried patiently, or where somebody is `told`, once; they are told once, perhaps before this returns, and
        not at all when the server ends before.
        """
        queue = self._queues.get(channel)
        if queue is None:
            if told is not None:
                told(Delivery.NOBODY)
            return
        full = queue.full()
        if full:
            _, dropped = queue.get_nowait()
            queue.task_done()
            if dropped is not None:
                dropped(Delivery.FAILED)
        queue.put_nowait((body, told))
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
            body, told = await queue.get()
            if told is None:
                await self._send(channel, body, client)
            else:
                told(await self._try(channel, body, client))
            queue.task_done()

    async def _try(self, channel: str, body: Mapping[str, Json], client: aiohttp.ClientSession) -> Delivery:
        try:
            await self._post(self._urls[channel], body, client)
        except Undelivered as undelivered:
            return Delivery.POINTLESS if undelivered.pointless else Delivery.FAILED
        return Delivery.DELIVERED

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
