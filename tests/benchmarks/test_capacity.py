import pytest

from benchmarks.capacity import largest
from benchmarks.medians import Run


def until(limit: int, tried: list[int]) -> int:
    def attempt(number: int) -> Run:
        tried.append(number)
        if number > limit:
            raise RuntimeError("late")
        return Run(1.0, number, 1.0, 1.0)

    return largest(attempt, first=5, most=200).number


@pytest.mark.parametrize("limit", [5, 6, 9, 10, 37, 99, 160, 199])
def test_the_largest_number_is_found_to_a_tenth_in_few_steps(limit: int) -> None:
    tried: list[int] = []
    found = until(limit, tried)
    assert limit - max(1, limit // 8) <= found <= limit
    assert len(tried) <= 10
    assert len(set(tried)) == len(tried)


def test_nothing_holds_where_the_first_does_not() -> None:
    tried: list[int] = []
    assert (until(4, tried), tried) == (0, [5])


def test_nobody_looks_beyond_the_most() -> None:
    tried: list[int] = []
    assert until(10_000, tried) == max(tried) == 200
