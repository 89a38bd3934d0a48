"""Whatever is to be shown fits on its axis, and an axis shows few numbers, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.report.scale import Elapsed, Linear, Logarithmic, Scale, count, duration


def check(scale: Scale, numbers: list[float], most: int) -> None:
    places = [scale.at(number) for number in sorted(numbers)]
    assert places == sorted(places)
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in places), (scale, numbers)
    ticks = [scale.at(number) for number, _ in scale.ticks()]
    assert ticks == sorted(set(ticks))
    assert 0 <= ticks[0] < ticks[-1] <= 1 + 1e-9
    words = [words for _, words in scale.ticks()]
    assert len(set(words)) == len(words) <= most, words


@given(st.lists(st.integers(0, 10**9).map(float), max_size=5))
def test_counts(numbers: list[float]) -> None:
    check(Linear.over(numbers), numbers, 7)


@given(st.lists(st.floats(0.001, 3_600_000), min_size=1, max_size=5))
def test_durations(numbers: list[float]) -> None:
    check(Logarithmic.over(numbers), numbers, 11)


@given(st.floats(2, 172_800))
def test_moments(most: float) -> None:
    check(Elapsed(most), [0, most / 2, most], 7)


def test_nothing_at_all_has_axes_too() -> None:
    assert [words for _, words in Linear.over([]).ticks()] == ["0", "1"]
    assert [words for _, words in Logarithmic.over([0]).ticks()] == ["1 ms", "2 ms", "5 ms", "10 ms"]


@pytest.mark.parametrize(
    ("ms", "words"),
    [(0.25, "250 µs"), (1, "1 ms"), (12.345, "12.3 ms"), (250.4, "250 ms"), (5500, "5.5 s"), (3_600_000, "3600 s")],
)
def test_durations_in_words(ms: float, words: str) -> None:
    assert duration(ms) == words


def test_counts_in_words() -> None:
    assert [count(number) for number in (0, 7, 1234, 123456.7, 0.5)] == ["0", "7", "1,234", "123,457", "0.5"]
