"""What stands on a board, and for how long: the same in this process and in a Redis."""

import asyncio
import contextlib
import io
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from protocols.contract import Json
from protocols.errors import UsageError
from reference_server.board import Board, MemoryBoard
from reference_server.clock import LoopClock, ManualClock
from reference_server.logs import Log
from reference_server.redis_board import RedisBoard

from .house import WITHIN_S
from .redis_server import RedisServer

SCALE = 100.0
"""A second of the boards' own time passes in 10 ms."""
PREFIX = f"rehearsal-test-{os.getpid()}:"
"""So that a Redis that others use as well is left as it was."""

Read = Callable[[str], Awaitable[Mapping[str, Json]]]


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if RedisServer.INSTALLED:
        server = RedisServer(tmp_path_factory.mktemp("redis"))
        server.start()
        yield server.url
        server.stop()
    elif url := os.environ.get("REDIS_URL"):
        yield url
    else:
        pytest.skip("a Redis is needed: install redis-server, or name one in REDIS_URL")


@contextlib.asynccontextmanager
async def on_redis(url: str, log: Log) -> AsyncIterator[tuple[Board, Read]]:
    board = RedisBoard(url, log, time_scale=SCALE)
    board.start()
    client = Redis.from_url(url, decode_responses=True)

    async def read(key: str) -> Mapping[str, Json]:
        try:
            value = await client.get(key)
        except ResponseError:  # it is a hash
            found = await cast("Awaitable[dict[str, str]]", client.hgetall(key))
            return {field: orjson.loads(text) for field, text in found.items()}
        return {} if value is None else {"": orjson.loads(str(value))}

    try:
        yield board, read
    finally:
        await board.stop(WITHIN_S)
        await client.aclose()


@contextlib.asynccontextmanager
async def in_memory() -> AsyncIterator[tuple[Board, Read]]:
    clock = LoopClock(SCALE)
    board = MemoryBoard(clock)
    board.start()

    async def read(key: str) -> Mapping[str, Json]:
        return board.read(key)

    yield board, read
    await board.stop(WITHIN_S)
    clock.stop()


async def until(read: Read, key: str, expected: Mapping[str, Json]) -> None:
    """Wait until a key holds exactly this."""
    ends = time.monotonic() + WITHIN_S
    while (found := await read(key)) != expected:
        assert time.monotonic() < ends, f"{key} holds {found}, and not {expected}"
        await asyncio.sleep(0.005)


async def _keeps_its_promises(board: Board, read: Read) -> None:
    hash_, value, marker = (PREFIX + name for name in ("hash", "value", "marker"))

    async def written() -> None:
        board.publish(marker, True, 1000)
        await until(read, marker, {"": True})
        board.withdraw(marker)
        await until(read, marker, {})

    assert await board.answers()

    # Fields come and go one by one, and the hash with the last of them.
    board.publish(hash_, {"서버": "a"}, 1000, field="one")
    board.publish(hash_, 1, 1000, field="two")
    board.publish(hash_, 2, 1000, field="two")
    await written()
    assert await read(hash_) == {"one": {"서버": "a"}, "two": 2}
    board.withdraw(hash_, "one")
    board.withdraw(hash_, "three")
    await written()
    assert await read(hash_) == {"two": 2}
    board.withdraw(hash_, "two")
    await written()
    assert await read(hash_) == {}

    # A key is withdrawn whole, and what is not there is neither renewed nor withdrawn.
    board.publish(value, [None, 1.5], 1000)
    board.publish(hash_, 1, 1000, field="one")
    board.publish(hash_, 1, 1000, field="two")
    board.withdraw(hash_)
    board.renew(hash_, 1000)
    board.withdraw(hash_, "one")
    await written()
    assert await read(hash_) == {}
    assert await read(value) == {"": [None, 1.5]}

    # A key ends when its last publication or renewal says, all of it; 30 s pass in 0.3 s of the wall clock.
    began = time.monotonic()
    board.publish(value, "soon over", 30)
    board.publish(hash_, 1, 5, field="one")
    board.publish(hash_, 2, 30, field="two")
    board.publish(PREFIX + "renewed", True, 5)
    board.renew(PREFIX + "renewed", 30)
    await written()
    for key in (value, hash_, PREFIX + "renewed"):
        assert await read(key) != {} or time.monotonic() - began > 0.3
    for key in (value, hash_, PREFIX + "renewed"):
        await until(read, key, {})
    assert time.monotonic() - began >= 0.3


def test_in_memory() -> None:
    async def play() -> None:
        async with in_memory() as (board, read):
            await _keeps_its_promises(board, read)

    asyncio.run(play())


def test_in_redis(redis_url: str) -> None:
    lines = io.StringIO()

    async def play() -> None:
        async with on_redis(redis_url, Log(lines, json=True, debug=True)) as (board, read):
            await _keeps_its_promises(board, read)

    asyncio.run(play())
    assert lines.getvalue() == ""


class CountingClock(ManualClock):
    """Counts what it is asked for."""

    asked = 0

    def later(self, after_ms: int, call: Callable[[], None]) -> None:
        self.asked += 1
        super().later(after_ms, call)


def test_a_key_renewed_ten_thousand_times_has_one_timer() -> None:
    clock = CountingClock()
    board = MemoryBoard(clock)
    for _ in range(10_000):
        board.publish("key", 1, 60, field="a")
        board.renew("key", 60)
    assert clock.asked == 1
    clock.advance(30_000)
    board.renew("key", 60)
    clock.advance(59_999)
    assert board.read("key") == {"a": 1}
    clock.advance(1)
    assert board.read("key") == {}


def test_a_key_published_for_less_time_than_before_ends_sooner() -> None:
    clock = ManualClock()
    board = MemoryBoard(clock)
    board.publish("key", 1, 60)
    board.publish("key", 2, 10)
    clock.advance(10_000)
    assert board.read("key") == {}


def test_what_is_written_while_redis_is_away_comes_when_it_is_back(tmp_path: Path) -> None:
    if not RedisServer.INSTALLED:
        pytest.skip("redis-server is needed, to be stopped and started again: install it")
    server = RedisServer(tmp_path)
    lines = io.StringIO()

    async def play() -> None:
        async with on_redis(server.url, Log(lines, json=True, debug=True)) as (board, read):
            board.publish("early", 1, 10_000)
            assert not await board.answers()
            await asyncio.to_thread(server.start)
            await until(read, "early", {"": 1})
            await asyncio.to_thread(server.stop)
            board.publish("hash", 1, 10_000, field="a")
            board.publish("hash", 2, 10_000, field="b")
            board.withdraw("hash", "a")
            await asyncio.to_thread(server.start)
            await until(read, "hash", {"b": 2})
            assert await read("early") == {}, "this Redis keeps nothing"
            await asyncio.to_thread(server.stop)

    try:
        asyncio.run(play())
    finally:
        server.stop()
    told = [orjson.loads(line)["message"].split(":")[0] for line in lines.getvalue().splitlines()]
    assert told == ["Redis is lost", "Redis is found again"] * 2


def test_what_waits_has_an_end_and_the_oldest_goes_first(redis_url: str) -> None:
    lines = io.StringIO()

    async def play() -> None:
        log = Log(lines, json=True, debug=True)
        async with on_redis(redis_url, log) as (_, read):
            board = RedisBoard(redis_url, log, max_waiting=2)
            for number in range(3):
                board.publish(f"{PREFIX}{number}", number, 10)
            board.start()
            await until(read, f"{PREFIX}2", {"": 2})
            assert [await read(f"{PREFIX}{number}") for number in range(2)] == [{}, {"": 1}]
            await board.stop(WITHIN_S)

    asyncio.run(play())
    assert "the oldest is dropped" in lines.getvalue()


def test_a_key_that_others_use_for_something_else_costs_only_its_own_write(redis_url: str) -> None:
    lines = io.StringIO()

    async def play() -> None:
        async with on_redis(redis_url, Log(lines, json=True, debug=True)) as (board, read):
            board.publish(PREFIX + "text", 1, 1000)
            board.publish(PREFIX + "text", 1, 1000, field="a")
            board.publish(PREFIX + "next", 1, 1000)
            await until(read, PREFIX + "next", {"": 1})
            assert await read(PREFIX + "text") == {"": 1}

    asyncio.run(play())
    assert "WRONGTYPE" in lines.getvalue()


def test_an_address_that_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="redis://"):
        RedisBoard("http://127.0.0.1", Log(io.StringIO(), json=True, debug=True))
