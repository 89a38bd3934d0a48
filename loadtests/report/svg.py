"""A small writer of plots as SVG, for pages that allow no style but their own: all looks are classes.

Lengths are those of the picture, which is shown as wide as there is room: about one to one in two columns at a desk.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from markupsafe import Markup

from loadtests.report.scale import Scale

WIDTH: Final = 480
HEIGHT: Final = 220
_LEFT: Final = 56
_RIGHT: Final = 40
_TOP: Final = 12
_BOTTOM: Final = 28
_INNER: Final = WIDTH - _LEFT - _RIGHT
_DEPTH: Final = HEIGHT - _TOP - _BOTTOM

Point = tuple[float, float | None]
"""What stands at which place on the axes; None where nothing is known, and a line is broken."""


class Plot:
    """One picture with an axis below and one to the left; the later a thing is drawn, the more it is in front."""

    def __init__(self, x: Scale, y: Scale, *, right: Scale | None = None) -> None:
        """Begin with axes; `right` is another scale for what is drawn with `on_right`."""
        self._x = x
        self._y = y
        self._right = right
        self._parts: list[Markup] = []
        self._axes()

    def line(self, points: Iterable[Point], kind: str) -> None:
        """Draw a line through points; a lone one is a dot. `kind` is its class."""
        for run in _runs(points):
            places = [(self._across(x), self._up(y)) for x, y in run]
            if len(places) == 1:
                self._add(Markup('<circle class="dot {}" cx="{}" cy="{}" r="2"/>').format(kind, *map(_n, places[0])))
            else:
                path = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in places)
                self._add(Markup('<path class="line {}" d="{}"/>').format(kind, path))

    def steps(self, points: Sequence[tuple[float, float]], kind: str, *, on_right: bool = False) -> None:
        """Fill what lies below numbers each of which holds until the next."""
        if not points:
            return
        floor = _TOP + _DEPTH
        path = f"M{_n(self._across(points[0][0]))} {floor}"
        for x, y in points:
            path += f"H{_n(self._across(x))}V{_n(self._up(y, on_right=on_right))}"
        self._add(Markup('<path class="area {}" d="{}V{}Z"/>').format(kind, path, floor))

    def bars(self, bars: Iterable[tuple[float, float, float, str]], kind: str) -> None:
        """Draw bars: from where to where, how high, and in words."""
        for low, high, number, words in bars:
            left, right, top = self._across(low), self._across(high), self._up(number)
            self._add(
                Markup('<rect class="bar {}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
                    kind, _n(left), _n(top), _n(max(1.0, right - left - 1)), _n(_TOP + _DEPTH - top), words
                )
            )

    def limit(self, number: float, words: str) -> None:
        """Draw a line across at a number that is not to be passed."""
        y = self._up(number)
        self._add(Markup('<path class="limit" d="M{} {}h{}"/>').format(_LEFT, _n(y), _INNER))
        self._add(Markup('<text class="note end" x="{}" y="{}">{}</text>').format(WIDTH - _RIGHT, _n(y - 4), words))

    def mark(self, number: float, words: str, row: int) -> None:
        """Draw a line down at a number, with words beside its head; `row` keeps several of them apart."""
        x = self._across(number)
        is_late = x > _LEFT + _INNER * 0.7
        place, kind = (x - 4, "note end") if is_late else (x + 4, "note")
        self._add(Markup('<path class="mark" d="M{} {}v{}"/>').format(_n(x), _TOP, _DEPTH))
        self._add(
            Markup('<text class="{}" x="{}" y="{}">{}</text>').format(kind, _n(place), _TOP + 9 + 13 * row, words)
        )

    def svg(self, title: str) -> Markup:
        """Return the picture; the title is for who cannot see it."""
        return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
            WIDTH, HEIGHT, title, Markup("\n").join(self._parts)
        )

    def _axes(self) -> None:
        for number, words in self._y.ticks():
            y = self._up(number)
            self._add(Markup('<path class="grid" d="M{} {}h{}"/>').format(_LEFT, _n(y), _INNER))
            self._add(Markup('<text class="tick end" x="{}" y="{}">{}</text>').format(_LEFT - 6, _n(y + 4), words))
        for number, words in self._right.ticks() if self._right is not None else ():
            y = self._up(number, on_right=True) + 4
            self._add(Markup('<text class="tick" x="{}" y="{}">{}</text>').format(WIDTH - _RIGHT + 6, _n(y), words))
        for number, words in self._x.ticks():
            x = _n(self._across(number))
            self._add(Markup('<path class="grid" d="M{} {}v4"/>').format(x, _TOP + _DEPTH))
            self._add(Markup('<text class="tick middle" x="{}" y="{}">{}</text>').format(x, HEIGHT - 9, words))

    def _across(self, number: float) -> float:
        return _LEFT + self._x.at(number) * _INNER

    def _up(self, number: float, *, on_right: bool = False) -> float:
        scale = self._right if on_right and self._right is not None else self._y
        return _TOP + (1 - scale.at(number)) * _DEPTH

    def _add(self, part: Markup) -> None:
        self._parts.append(part)


def _runs(points: Iterable[Point]) -> list[list[tuple[float, float]]]:
    """Return points in stretches without a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is not None:
            runs[-1].append((x, y))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _n(number: float) -> str:
    """Return a length with as many digits as can be seen."""
    return f"{number:.1f}".removesuffix(".0")
