"""Small line charts as SVG, both axes logarithmic: the same figures make the same bytes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

WIDTH: Final = 640
HEIGHT: Final = 360
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 44, 48
COLOURS: Final = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")

Line = Sequence[tuple[float, float]]


def chart(title: str, x_axis: str, y_axis: str, lines: Mapping[str, Line]) -> str:
    """Draw lines of points, each with its name at its end. Raises ValueError for what no logarithm has."""
    points = [point for line in lines.values() for point in line]
    if not points or min(min(point) for point in points) <= 0:
        raise ValueError("a logarithmic chart needs points, and these above 0")
    across = _Axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = _Axis([y for _, y in points], HEIGHT - BOTTOM, TOP, whole_decades=True)
    drawn = [*_grid(across, up), *_labels(title, x_axis, y_axis), *_lines(lines, across, up)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
    background = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    return "\n".join((head, background, *drawn, "</svg>", ""))


class _Axis:
    """Where values stand between two pixels."""

    def __init__(self, values: Sequence[float], begin: float, end: float, *, whole_decades: bool = False) -> None:
        low, high = math.log10(min(values)), math.log10(max(values))
        if whole_decades or high == low:
            low, high = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
        self._low, self._scale, self._begin = low, (end - begin) / (high - low), begin
        self.ticks = [10.0**power for power in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)]

    def at(self, value: float) -> float:
        return round(self._begin + (math.log10(value) - self._low) * self._scale, 1)


def _grid(across: _Axis, up: _Axis) -> Iterable[str]:
    for tick in across.ticks:
        x = across.at(tick)
        yield f'<path d="M{x:g} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>'
        yield _text(x, HEIGHT - BOTTOM + 16, f"{tick:,g}" if tick < 1e6 else f"{tick / 1e6:g} M", anchor="middle")
    for tick in up.ticks:
        y = up.at(tick)
        yield f'<path d="M{LEFT} {y:g}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield _text(LEFT - 8, y + 4, f"{tick:,g}", anchor="end")


def _labels(title: str, x_axis: str, y_axis: str) -> Iterable[str]:
    yield _text(LEFT, 24, title, size=15)
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_axis, anchor="middle")
    yield _text(LEFT, TOP - 6, y_axis)


def _lines(lines: Mapping[str, Line], across: _Axis, up: _Axis) -> Iterable[str]:
    ends = {name: up.at(line[-1][1]) for name, line in lines.items()}
    lowest = -math.inf
    names: dict[str, float] = {}  # where they are written: at the ends, but not one upon another
    for name in sorted(ends, key=lambda name: ends[name]):
        names[name] = lowest = max(ends[name], lowest + 14)
    for colour, (name, line) in zip(COLOURS, lines.items(), strict=False):
        path = "L".join(f"{across.at(x):g} {up.at(y):g}" for x, y in line)
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{across.at(x):g}" cy="{up.at(y):g}" r="3" fill="{colour}"/>' for x, y in line)
        yield _text(across.at(line[-1][0]) + 8, names[name] + 4, name, colour=colour)


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, colour: str = "#333") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
