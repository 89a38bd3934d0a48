"""What a timer owes comes by itself, neither early nor late; what may come at any time may."""

import asyncio
from typing import Any

import pytest

from conformance.expectation import Expectation, Outlook
from conformance.verdict import Broken

from .desk import BELL_MS, DESK, Bell, DeskModel, Greet, Tick
from .liars import Liar, stage_of

SCALE = 10.0
"""Of the target's seconds in one of ours: the bell rings after 0.3 s."""
PATIENCE = 1.0
DUE_S = BELL_MS / 1000 / SCALE
LIMIT_S = PATIENCE


async def greet(*rings_s: float, greetings: int = 1, waits: bool = True) -> list[str]:
    """Let ana greet on a server whose bell rings so long afterwards; return what came because of nothing."""

    async def ring(liar: Liar) -> None:
        began = asyncio.get_running_loop().time()
        for at in rings_s:
            await asyncio.sleep(began + at - asyncio.get_running_loop().time())
            liar.tell(Bell())

    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        liar.later(ring(liar))

    async with stage_of(DeskModel, answer, "ana", time_scale=SCALE, patience=PATIENCE) as (stage, _, [ana]):
        for _ in range(greetings):
            await stage.say(ana, Greet(value="hello"))
        heard = await stage.collect() if waits else await stage.listen(BELL_MS + 1000)
        assert stage.model.owed == []
        await stage.listen(500)
        return [received.name for received in heard.by[ana]]


def test_what_is_owed_comes_at_its_time() -> None:
    assert asyncio.run(greet(DUE_S)) == ["bell"]
    assert asyncio.run(greet(DUE_S, waits=False)) == ["bell"]


@pytest.mark.parametrize(
    ("rings_s", "came"),
    [
        ((), "ana has not heard it in time"),
        ((DUE_S + LIMIT_S + 0.2,), "ana has not heard it in time"),
        ((0.0,), "before that"),
        ((DUE_S, DUE_S), "ana heard bell"),
    ],
)
def test_what_is_wrong_with_it(rings_s: tuple[float, ...], came: str) -> None:
    with pytest.raises(Broken) as caught:
        asyncio.run(greet(*rings_s))
    assert caught.value.requirement in {"desk/greet/1", "desk/all/5"}
    assert came in caught.value.came


@pytest.mark.parametrize("number", [1, 0], ids=["to who misses it", "to somebody else"])
def test_what_a_timer_brings_later_is_late_where_it_is_missed(number: int) -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        return

    async def play() -> None:
        async with stage_of(DeskModel, answer, "ana", "ben", patience=PATIENCE) as (stage, _, people):
            await stage.say(people[number], Greet(value="hello"))
            bell = Expectation(people[1], DESK.operation(Bell), {}, 100, "desk/greet/2")
            await stage.overhear("a knock", Outlook([bell]))

    with pytest.raises(Broken) as caught:
        asyncio.run(play())
    [symptom] = caught.value.symptoms
    assert (symptom.who, symptom.is_late) == ("ben", number == 1)


def test_what_is_forgiven_is_not_missed() -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        return

    async def play() -> None:
        async with stage_of(DeskModel, answer, "ana", "ben", time_scale=SCALE, patience=PATIENCE) as (
            stage,
            _,
            [ana, ben],
        ):
            await stage.say(ana, Greet(value="hello"))
            await stage.say(ben, Greet(value="hello"))
            stage.model.forgive(lambda owed: owed.receiver is ben)
            await stage.leave(ana)
            await stage.listen(BELL_MS + 1000)

    asyncio.run(play())


def test_what_is_possible_may_come_at_any_time_and_need_not() -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        liar.tell(Tick())
        liar.tell(Tick())

    async def play() -> None:
        async with stage_of(DeskModel, answer, "ana", "ben") as (stage, _, [ana, ben]):
            heard = await stage.say(ana, Greet(value="hello"))
            assert [len(heard.by[who]) for who in (ana, ben)] == [2, 2]

    asyncio.run(play())


def test_a_case_does_not_wait_for_what_is_not_due_and_misses_what_was() -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        return

    async def play(wait_s: float) -> None:
        async with stage_of(DeskModel, answer, "ana", time_scale=SCALE, patience=PATIENCE) as (stage, _, [ana]):
            await stage.say(ana, Greet(value="hello"))
            await asyncio.sleep(wait_s)
            await stage.finish()

    asyncio.run(play(0.0))
    with pytest.raises(Broken, match="desk/greet/1"):
        asyncio.run(play(DUE_S + LIMIT_S + 0.1))
