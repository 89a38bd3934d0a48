"""Scales: where a number stands on an axis, and which numbers an axis shows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)


class Scale(Protocol):
    """Numbers of one kind, on a line of length 1."""

    def at(self, number: float) -> float:
        """Return where a number stands: 0 at the beginning, 1 at the end."""

    def ticks(self) -> list[tuple[float, str]]:
        """Return the numbers to show, with their words."""


@dataclass(frozen=True, slots=True)
class Linear:
    """How many of something, from 0 to a round number."""

    most: float

    @classmethod
    def over(cls, numbers: Sequence[float]) -> "Linear":
        """Return the scale that these fit on."""
        most = max(numbers, default=0.0)
        step = _round_step(most)
        return cls(step * max(1, math.ceil(most / step)))

    def at(self, number: float) -> float:
        """Return where a number stands."""
        return number / self.most

    def ticks(self) -> list[tuple[float, str]]:
        """Return up to six round numbers."""
        step = _round_step(self.most)
        return [(step * index, _words(step * index)) for index in range(round(self.most / step) + 1)]


@dataclass(frozen=True, slots=True)
class Logarithmic:
    """Milliseconds, between two powers of ten."""

    low: int
    high: int

    @classmethod
    def over(cls, numbers: Sequence[float]) -> "Logarithmic":
        """Return the scale that these fit on; what is 0 stands at its beginning."""
        seen = [number for number in numbers if number > 0] or [1.0]
        low = math.floor(math.log10(min(seen)) + 1e-9)
        return cls(low, max(low + 1, math.ceil(math.log10(max(seen)) - 1e-9)))

    def at(self, number: float) -> float:
        """Return where a number stands."""
        return (math.log10(max(number, 10.0**self.low)) - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Return the powers of ten, and with few of them what lies between."""
        between = (1, 2, 5) if self.high - self.low < 3 else (1,)
        numbers = [factor * 10.0**power for power in range(self.low, self.high) for factor in between]
        return [(number, duration(number)) for number in (*numbers, 10.0**self.high)]


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Seconds of a run."""

    most: float

    def at(self, number: float) -> float:
        """Return where a moment stands."""
        return number / self.most

    def ticks(self) -> list[tuple[float, str]]:
        """Return about five moments that people count in."""
        step = next((step for step in _STEPS_S if self.most / step <= 6), _STEPS_S[-1])
        unit_s, unit = (1, "s") if step < 60 else (60, "min") if step < 3600 else (3600, "h")
        return [(at, f"{at // unit_s} {unit}" if at else "0") for at in range(0, int(self.most) + 1, step)]


def duration(ms: float) -> str:
    """Return milliseconds in the unit that they are read in: `250 µs`, `12.5 ms`, `3 s`."""
    if ms < 1:
        return f"{_three(ms * 1000)} µs"
    return f"{_three(ms)} ms" if ms < 1000 else f"{_three(ms / 1000)} s"


def count(number: float) -> str:
    """Return a number with its thousands apart, and three digits where it is no whole one."""
    return f"{number:,.0f}" if float(number).is_integer() or number >= 1000 else _three(number)


def _three(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def _round_step(most: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at most five of which make up the most; no less than 1."""
    if most <= 4:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most / 4))
    return next(factor * power for factor in (1, 2, 5, 10) if most / (factor * power) <= 5)


def _words(number: float) -> str:
    if number >= 1_000_000:
        return f"{number / 1_000_000:g}M"
    return f"{number / 1000:g}k" if number >= 10_000 else f"{number:g}"
