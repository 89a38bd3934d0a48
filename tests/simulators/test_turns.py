"""Everybody acts when it is due, and what goes wrong meanwhile is not lost."""

import asyncio
import math
import time
from collections.abc import Callable, Iterable
from random import Random

import pytest

from simulators.actor import Act, Actor, Leave
from simulators.actors.space import Player
from simulators.lag import Lag
from simulators.tally import Tally
from simulators.turns import Turns


def player(*moments_s: float) -> Player:
    actor = Player("ann", "plaza", Random(1))
    for at_s in moments_s:
        actor.plan(at_s, leave)
    return actor


def leave(due_s: float) -> Iterable[Act]:
    yield Leave()


class Stage:
    """Turns, and what was done in them; belongs to a loop."""

    def __init__(self, *actors: Actor, goes_on: Callable[[float], bool] = lambda now_s: True) -> None:
        self.done_s: list[float] = []
        self.loop = asyncio.get_running_loop()
        self.turns = Turns(self.do, goes_on, Lag(Tally()))
        self.begun_ns = time.monotonic_ns()
        self.turns.begin()
        for actor in actors:
            self.turns.put(actor)

    def do(self, actor: Actor, act: Act, due_ns: int) -> None:
        assert time.monotonic_ns() >= due_ns
        self.done_s.append(round((due_ns - self.begun_ns) / 1e9, 2))


def test_each_acts_at_its_moment_and_none_after_the_time() -> None:
    async def play() -> list[float]:
        stage = Stage(player(0.03, 0.0, 0.01, 5.0))
        await stage.turns.take(0.1)
        return stage.done_s

    assert asyncio.run(play()) == [0.0, 0.01, 0.03]


def test_who_plans_something_sooner_is_not_kept_waiting() -> None:
    async def play() -> list[float]:
        actor = player(500.0)
        stage = Stage(actor)

        def plan() -> None:
            actor.plan(0.0, leave)
            stage.turns.put(actor)
            stage.loop.call_later(0.02, stage.turns.stop)

        stage.loop.call_later(0.02, plan)
        await stage.turns.take(math.inf)
        return stage.done_s

    assert asyncio.run(play()) == [0.0]


def test_stopped_before_it_began_nobody_acts() -> None:
    async def play() -> list[float]:
        stage = Stage(player(0.0))
        stage.turns.stop()
        await stage.turns.take(math.inf)
        return stage.done_s

    assert asyncio.run(play()) == []


def test_what_an_actor_raises_is_raised_to_whoever_waits() -> None:
    def stumble(due_s: float) -> Iterable[Act]:
        raise LookupError("where am I")

    async def play() -> None:
        actor = player()
        actor.plan(0.01, stumble)
        await Stage(actor).turns.take(math.inf)

    with pytest.raises(LookupError, match="where am I"):
        asyncio.run(play())


def test_a_failure_elsewhere_ends_it() -> None:
    async def play() -> None:
        stage = Stage()
        stage.loop.call_later(0.01, stage.turns.fail, LookupError("gone"))
        await stage.turns.take(math.inf)

    with pytest.raises(LookupError, match="gone"):
        asyncio.run(play())


def test_it_ends_when_it_is_no_longer_worth_it() -> None:
    asked_s: list[float] = []

    def goes_on(now_s: float) -> bool:
        asked_s.append(now_s)
        return len(asked_s) < 3

    async def play() -> None:
        await Stage(goes_on=goes_on).turns.take(math.inf)

    asyncio.run(play())
    assert len(asked_s) == 3


def test_who_stops_it_while_a_turn_is_taken_ends_it() -> None:
    async def play() -> list[float]:
        actor = player()
        stage = Stage(actor)

        def stop(due_s: float) -> Iterable[Act]:
            stage.turns.stop()
            yield Leave()

        actor.plan(0.01, stop)
        actor.plan(0.011, leave)
        stage.turns.put(actor)
        await stage.turns.take(math.inf)
        return stage.done_s

    assert asyncio.run(play())[0] == 0.01


def test_of_several_failures_the_first_is_told() -> None:
    async def play() -> None:
        stage = Stage()
        stage.turns.fail(LookupError("first"))
        stage.turns.fail(LookupError("second"))
        await stage.turns.take(math.inf)

    with pytest.raises(LookupError, match="first"):
        asyncio.run(play())


def test_afterwards_nobody_acts() -> None:
    async def play() -> list[float]:
        stage = Stage()
        await stage.turns.take(0.01)
        stage.turns.put(player(0.0))
        stage.turns.stop()
        for _ in range(3):
            await asyncio.sleep(0)
        return stage.done_s

    assert asyncio.run(play()) == []
