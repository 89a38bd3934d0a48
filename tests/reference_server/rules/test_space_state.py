"""Moves are let through at the contract's rate, to the millisecond."""

from hypothesis import given
from hypothesis import strategies as st

from reference_server.rules.space_state import MOVES_PER_SECOND, MoveBudget

pauses = st.lists(st.integers(0, 200), min_size=1, max_size=200)


def test_the_rate_is_that_of_the_page() -> None:
    assert MOVES_PER_SECOND == 30


@given(pauses)
def test_no_span_of_time_sees_more_than_a_full_bucket_and_what_flowed_in(pauses: list[int]) -> None:
    now_ms, budget, taken = 0, MoveBudget(0), list[int]()
    for pause in pauses:
        now_ms += pause
        if budget.take(now_ms) == 0:
            taken.append(now_ms)
    for first, start_ms in enumerate(taken):
        for last in range(first, len(taken)):
            elapsed_ms = taken[last] - start_ms
            assert last - first + 1 <= MOVES_PER_SECOND + elapsed_ms * MOVES_PER_SECOND / 1000


@given(pauses)
def test_the_wait_that_is_named_is_exactly_long_enough(pauses: list[int]) -> None:
    now_ms, budget = 0, MoveBudget(0)
    for pause in pauses:
        now_ms += pause // 20
        if wait_ms := budget.take(now_ms):
            assert budget.take(now_ms + wait_ms - 1) > 0
            now_ms += wait_ms
            assert budget.take(now_ms) == 0


@given(st.lists(st.integers(0, 999), min_size=MOVES_PER_SECOND, max_size=MOVES_PER_SECOND), st.integers(1, 5))
def test_who_keeps_to_the_rate_never_waits(offsets: list[int], seconds: int) -> None:
    budget = MoveBudget(0)
    for second in range(seconds):
        for offset in sorted(offsets):
            assert budget.take(second * 1000 + offset) == 0
