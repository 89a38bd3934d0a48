"""Turns."""

import math
from collections.abc import Iterable
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from simulators.actor import Act, Leave
from simulators.actors.space import Player
from simulators.schedule import Schedule


def leave(due_s: float) -> Iterable[Act]:
    yield Leave()


def player(name: str) -> Player:
    return Player(name, "plaza", Random(name))


def test_nobody_s_turn() -> None:
    schedule = Schedule()
    schedule.put(player("idle"))
    assert schedule.next_s == math.inf


def test_a_turn_moves_forward_when_something_sooner_is_planned() -> None:
    schedule, actor = Schedule(), player("a")
    actor.plan(5.0, leave)
    schedule.put(actor)
    actor.plan(2.0, leave)
    schedule.put(actor)
    assert schedule.next_s == 2.0
    assert schedule.pop() is actor
    assert schedule.next_s == math.inf


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 100)), max_size=40))
def test_turns_come_in_order_and_nothing_is_forgotten(plans: list[tuple[int, float]]) -> None:
    schedule, actors = Schedule(), [player(str(n)) for n in range(5)]
    for n, at_s in plans:
        actors[n].plan(at_s, leave)
        schedule.put(actors[n])
    done: list[float] = []
    while (now_s := schedule.next_s) < math.inf:
        actor = schedule.pop()
        done += [due_s for due_s, _ in actor.act(now_s)]
        schedule.put(actor)
    assert done == sorted(at_s for _, at_s in plans)
