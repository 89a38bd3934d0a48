"""A board in a Redis that others read. Writes wait in a queue for one writer, who tries until Redis takes them."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import orjson
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from protocols.contract import Json
from protocols.errors import UsageError
from reference_server.logs import Line, Log

MAX_WAITING: Final = 100_000
"""Writes that wait while Redis is away, some 50 MB: an hour of the heartbeats of 500 people."""
BATCH: Final = 500
"""Written in one transaction: nobody ever reads a hash that has no end yet, nor half of what happened at once."""
ANSWER_WITHIN_S: Final = 2.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
PROBE_EVERY_S: Final = 1.0
"""Whoever asks whether we are ready must not make us ask Redis as often."""

LOST = "E4005"
REFUSED = "E4006"
OVERFLOW = "E4007"


@dataclass(frozen=True, slots=True)
class _Publish:
    key: str
    field: str
    value: str
    end_s: float

    def put(self, pipeline: Pipeline) -> None:
        if self.field:
            pipeline.hset(self.key, self.field, self.value)
            pipeline.pexpire(self.key, _left_ms(self.end_s))
        else:
            pipeline.set(self.key, self.value, px=_left_ms(self.end_s))


@dataclass(frozen=True, slots=True)
class _Withdraw:
    key: str
    field: str

    def put(self, pipeline: Pipeline) -> None:
        if self.field:
            pipeline.hdel(self.key, self.field)
        else:
            pipeline.delete(self.key)


@dataclass(frozen=True, slots=True)
class _Renew:
    key: str
    end_s: float

    def put(self, pipeline: Pipeline) -> None:
        pipeline.pexpire(self.key, _left_ms(self.end_s))


_Write: TypeAlias = _Publish | _Withdraw | _Renew


def _left_ms(end_s: float) -> int:
    """Return for how long a key is to last by the time it is written; what came too late ends at once."""
    return max(1, round((end_s - time.monotonic()) * 1000))


class RedisBoard:
    """A board that others can read; see `Board`. That Redis is away delays nobody, and `answers` tells."""

    def __init__(self, url: str, log: Log, *, time_scale: float = 1.0, max_waiting: int = MAX_WAITING) -> None:
        """Take the address, `redis://host:port/db`; keys end `time_scale` times as fast as their seconds say.

        Raises UsageError for an address that cannot be.
        """
        try:
            # Who tries again is the writer, in its own time.
            self._client = Redis.from_url(
                url,
                socket_timeout=ANSWER_WITHIN_S,
                socket_connect_timeout=ANSWER_WITHIN_S,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise UsageError(
                f"this is no address of a Redis: {error}; write it like redis://127.0.0.1:6379/0"
            ) from None
        self._log = log
        self._scale = time_scale
        self._max_waiting = max_waiting
        self._waiting: deque[_Write] = deque()
        self._come = asyncio.Event()
        self._done = asyncio.Event()
        self._done.set()
        self._writer: asyncio.Task[None] | None = None
        self._probed: tuple[float, bool] = (float("-inf"), False)

    def publish(self, key: str, value: Json, ttl_s: int, field: str = "") -> None:
        """Put a value under a key or in one field of it, and let the key last so long from now on."""
        self._queue(_Publish(key, field, orjson.dumps(value).decode(), self._end_s(ttl_s)))

    def withdraw(self, key: str, field: str = "") -> None:
        """Take a key back, or one field of it; a hash goes with its last field."""
        self._queue(_Withdraw(key, field))

    def renew(self, key: str, ttl_s: int) -> None:
        """Let a key last so long from now on, if it is still there."""
        self._queue(_Renew(key, self._end_s(ttl_s)))

    def start(self) -> None:
        """Begin to write, on the running event loop; what was asked for before is not lost."""
        self._writer = asyncio.create_task(self._write_all())

    async def stop(self, grace_s: float) -> None:
        """Give what is still to be written so many seconds of the wall clock, then give up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._done.wait()
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        with contextlib.suppress(RedisError, OSError):
            await self._client.aclose()

    async def answers(self) -> bool:
        """Say whether Redis answers; looked up at most once a second. Never raises."""
        probed_at, answered = self._probed
        if time.monotonic() - probed_at < PROBE_EVERY_S:
            return answered
        self._probed = (time.monotonic(), answered)  # whoever asks meanwhile gets the last known answer
        try:
            answered = await cast("Awaitable[bool]", self._client.ping())  # typed for both its kinds of client
        except (RedisError, OSError):
            answered = False
        self._probed = (time.monotonic(), answered)
        return answered

    def _end_s(self, ttl_s: int) -> float:
        return time.monotonic() + ttl_s / self._scale

    def _queue(self, write: _Write) -> None:
        if len(self._waiting) >= self._max_waiting:
            self._waiting.popleft()
            self._log.write(Line("warn", "too much is waiting for Redis: the oldest is dropped", OVERFLOW))
        self._waiting.append(write)
        self._done.clear()
        self._come.set()

    async def _write_all(self) -> None:
        while True:
            await self._come.wait()
            self._come.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                await self._insist(batch)
            self._done.set()

    async def _insist(self, batch: Sequence[_Write]) -> None:
        """Write until it is written. To write it twice does no harm: each says how things are to be."""
        pause_s, lost = FIRST_PAUSE_S, False
        while True:
            try:
                await self._write(batch)
            except (RedisError, OSError) as error:
                if not lost:
                    # Not at level error, which would send a message about every restart of Redis.
                    self._log.write(Line("warn", f"Redis is lost: {type(error).__name__}: {error}", LOST))
                lost = True
                await asyncio.sleep(pause_s)
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
            else:
                if lost:
                    self._log.write(Line("info", "Redis is found again"))
                return

    async def _write(self, batch: Sequence[_Write]) -> None:
        async with self._client.pipeline(transaction=True) as pipeline:
            for write in batch:
                write.put(pipeline)
            for outcome in await pipeline.execute(raise_on_error=False):
                if isinstance(outcome, RedisError):  # of this one command: a key that others use for something else
                    self._log.write(Line("warn", f"Redis refused a write: {outcome}", REFUSED))
