"""Time passes as it was told to, and nobody is called early."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.clock import LoopClock, ManualClock


@pytest.mark.parametrize("scale", [1.0, 60.0])
def test_a_loop_clock_calls_in_order_and_never_early(scale: float) -> None:
    async def test() -> None:
        clock = LoopClock(scale)
        start = clock.now_ms()
        calls: list[tuple[str, int]] = []
        done = asyncio.Event()
        for name, after_ms in (("last", int(30 * scale)), ("first", int(10 * scale)), ("second", int(20 * scale))):
            clock.later(after_ms, lambda name=name: calls.append((name, clock.now_ms())))  # type: ignore[misc]  # bound
        clock.later(int(31 * scale), done.set)
        async with asyncio.timeout(5):
            await done.wait()
        assert [name for name, _ in calls] == ["first", "second", "last"]
        for (_, at), after_s in zip(calls, (0.01, 0.02, 0.03), strict=True):
            assert at - start >= int(after_s * 1000 * scale) - 1  # both are whole milliseconds, rounded down

    asyncio.run(test())


@pytest.mark.parametrize("scale", [1.0, 500.0])
def test_calls_that_are_due_within_a_moment_keep_their_order_and_cost_each_other_nothing(scale: float) -> None:
    async def test() -> list[int]:
        clock = LoopClock(scale)
        calls: list[int] = []
        done = asyncio.Event()
        failed: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failed.append(context))

        def call(number: int) -> None:
            calls.append(number)
            if number == 100:
                raise ZeroDivisionError
            if number == 150:
                clock.later(0, lambda: calls.append(1000))
            if number == 199:
                clock.later(5, done.set)

        for number in range(200):
            clock.later(3, lambda number=number: call(number))  # type: ignore[misc]  # bound
        async with asyncio.timeout(5):
            await done.wait()
        assert [type(context["exception"]) for context in failed] == [ZeroDivisionError]
        return calls

    calls = asyncio.run(test())
    assert [number for number in calls if number < 1000] == [*range(200)]
    assert calls.index(1000) > calls.index(150)  # on a slow machine the last ones may be due only after it


def test_a_scaled_clock_runs_that_much_faster() -> None:
    clock = LoopClock(1000)
    start, began = clock.now_ms(), time.monotonic()
    while time.monotonic() - began < 0.02:
        pass
    passed, real = clock.now_ms() - start, (time.monotonic() - began) * 1000
    assert 0.9 * 1000 * 20 <= passed <= 1000 * real + 1


def test_it_tells_the_time_of_day() -> None:
    assert abs(LoopClock().now_ms() - time.time() * 1000) < 1000


def test_nothing_is_called_after_stop() -> None:
    async def test() -> None:
        clock = LoopClock()
        calls: list[str] = []
        clock.later(1, lambda: calls.append("before"))
        clock.stop()
        clock.later(1, lambda: calls.append("after"))
        other = LoopClock()  # later than both, on the same loop
        done = asyncio.Event()
        other.later(10, done.set)
        await done.wait()
        assert calls == []

    asyncio.run(test())


@given(st.lists(st.integers(0, 50), max_size=20), st.lists(st.integers(0, 30), min_size=1, max_size=10))
def test_a_manual_clock_makes_each_call_at_its_moment(delays: list[int], steps: list[int]) -> None:
    clock = ManualClock(1000)
    calls: list[tuple[int, int, int]] = []  # (due, order, when it was made)
    for order, delay in enumerate(delays):
        due = 1000 + delay
        clock.later(delay, lambda due=due, order=order: calls.append((due, order, clock.now_ms())))  # type: ignore[misc]
    for step in steps:
        clock.advance(step)
    end = 1000 + sum(steps)
    assert clock.now_ms() == end
    expected = sorted((1000 + delay, order) for order, delay in enumerate(delays) if 1000 + delay <= end)
    assert calls == [(due, order, due) for due, order in expected]


def test_a_call_may_ask_for_another_within_the_same_advance() -> None:
    clock = ManualClock()
    beats: list[int] = []

    def beat() -> None:
        beats.append(clock.now_ms())
        clock.later(10, beat)

    clock.later(10, beat)
    clock.advance(35)
    assert beats == [10, 20, 30]
    clock.stop()
    clock.advance(100)
    assert beats == [10, 20, 30]
