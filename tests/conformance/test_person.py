"""People remember what they heard, and never speak faster than the contract promises to serve."""

import asyncio
import time

from conformance.person import Person
from protocols import space

from .hearsay import came

MOVE = space.PROTOCOL.inbound["player:move"]
JUMP = space.PROTOCOL.inbound["player:jump"]


def test_people_are_compared_by_being_the_same() -> None:
    assert Person("ana") != Person("ana")
    assert len({Person("ana"), Person("ana")}) == 2
    assert repr(Person("ana")) == "ana"


def test_without_a_connection() -> None:
    ana = Person("ana")
    assert (ana.is_connected, ana.can_be_cut_off) == (False, False)


def test_what_comes_is_kept_and_stirs() -> None:
    ana = Person("ana")
    error = came(space.Error(message="no"))
    ana.take(error)
    assert ana.inbox == [error]
    assert ana.stirred.is_set()


def test_pace_keeps_below_the_rate_that_the_contract_promises() -> None:
    rate = MOVE.rate_per_second
    assert rate == 30

    async def play(times: int) -> float:
        ana = Person("ana")
        began = time.monotonic()
        for _ in range(times):
            await ana.pace(MOVE)
        return time.monotonic() - began

    assert asyncio.run(play(24)) < 1.0
    assert asyncio.run(play(25)) >= 1.0


def test_nothing_else_waits() -> None:
    async def play() -> float:
        ana = Person("ana")
        began = time.monotonic()
        for _ in range(1000):
            await ana.pace(JUMP)
            await ana.pace(None)
        return time.monotonic() - began

    assert asyncio.run(play()) < 1.0
