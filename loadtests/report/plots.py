"""The plots of a run, each from the record alone."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from markupsafe import Markup

from loadtests.report.scale import Elapsed, Linear, Logarithmic, count, duration
from loadtests.report.svg import Plot, Point
from loadtests.results.record import LAG_LIMIT_MS, Histogram, Moment, Record, Total, percentile_ms

_COLUMNS: Final = 240
"""So many moments a plot shows at most; where there are more, each stands for several, and is the worst of them."""
_BINS: Final = 10
"""Bars of a histogram to each power of ten."""


class Plots:
    """The plots of one run."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._moments = {moment.at_s: moment for moment in record.moments}
        self._seconds = max([1, math.ceil(record.lasted_s), *(at_s + 1 for at_s in self._moments)])
        self._x = Elapsed(self._seconds)
        self.each_s = max(1, math.ceil(self._seconds / _COLUMNS))
        """How many seconds a point stands for."""

    def throughput(self) -> Markup:
        """Return what was sent and heard in each second, before how many users there were."""
        users = [(moment.at_s, float(moment.users)) for moment in self._record.moments]
        sent, heard = self._line(lambda one: one.sent), self._line(lambda one: one.heard)
        scales = Linear.over(_numbers(sent, heard)), Linear.over([number for _, number in users])
        plot = Plot(self._x, scales[0], right=scales[1])
        plot.steps([*users, (self._seconds, users[-1][1])] if users else [], "users", on_right=True)
        plot.line(heard, "heard-rate")
        plot.line(sent, "sent-rate")
        return plot.svg("Events sent and deliveries heard in each second, and the number of users, over time")

    def loss(self) -> Markup:
        """Return how many deliveries had been called lost by each second."""
        lost = [(moment.at_s + 1.0, float(moment.lost)) for moment in self._record.moments]
        plot = Plot(self._x, Linear.over([number for _, number in lost]))
        plot.steps([(0.0, 0.0), *lost], "lost")
        return plot.svg("Deliveries lost so far, over time")

    def lag(self) -> Markup:
        """Return how late the generator itself was in each second, beside what makes a run void."""
        points = self._line(lambda one: one.lag_p99_ms)
        plot = Plot(self._x, Logarithmic.over([*_numbers(points), LAG_LIMIT_MS, 1.0]))
        plot.limit(LAG_LIMIT_MS, f"void for latency above {duration(LAG_LIMIT_MS)}")
        plot.line(points, "p99")
        return plot.svg("How late the generator was with one thing in a hundred, over time")

    def latency(self, total: Total) -> Markup:
        """Return p50 and p99 of one row in each second."""
        label = f"{total.kind} {total.name}"
        half = self._line(lambda one: one.labels[label].p50_ms if label in one.labels else None)
        most = self._line(lambda one: one.labels[label].p99_ms if label in one.labels else None)
        plot = Plot(self._x, Logarithmic.over(_numbers(half, most)))
        plot.line(half, "p50")
        plot.line(most, "p99")
        return plot.svg(f"{label}: p50 and p99 in each second, over time")

    def histogram(self, total: Total) -> Markup:
        """Return how often one row took how long."""
        bins = _bins(total.times)
        x = Logarithmic.over([edge for low, high, _ in bins for edge in (low, high)])
        plot = Plot(x, Linear.over([number for _, _, number in bins]))
        plot.bars(
            (
                (low, high, number, f"{duration(low)} to {duration(high)}: {count(number)}")
                for low, high, number in bins
            ),
            "times",
        )
        for row, percent in enumerate((50, 99)):
            if (at := percentile_ms(total.times, percent)) is not None:
                plot.mark(at, f"p{percent} {duration(at)}", row)
        return plot.svg(f"{total.kind} {total.name}: how often it took how long")

    def _line(self, pick: Callable[[Moment], float | None]) -> list[Point]:
        """Return a number for each column, the greatest of its seconds; None where nothing was reported."""
        width = self.each_s
        points: list[Point] = []
        for begin in range(0, self._seconds, width):
            moments = (self._moments.get(at_s) for at_s in range(begin, begin + width))
            numbers = [number for one in moments if one is not None and (number := pick(one)) is not None]
            points.append((begin + min(width, self._seconds - begin) / 2, max(numbers, default=None)))
        return points


def _numbers(*lines: Iterable[Point]) -> list[float]:
    return [number for line in lines for _, number in line if number is not None]


def _bins(times: Histogram) -> Sequence[tuple[float, float, int]]:
    """Return bins that are equally wide on a logarithmic scale: from, to (both milliseconds), how many."""
    counts: dict[int, int] = {}
    for item in times.get_recorded_iterator():
        place = math.floor(math.log10(item.value_iterated_to / 1000) * _BINS + 1e-9)
        counts[place] = counts.get(place, 0) + item.count_added_in_this_iter_step
    return [(10 ** (place / _BINS), 10 ** ((place + 1) / _BINS), number) for place, number in sorted(counts.items())]
