"""Runs of several peers in turn, and the table of their medians."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Run:
    """What one peer came to once."""

    us_each: float
    """CPU in microseconds, for each delivery or message."""
    per_s: float
    """How many of these there were in a second."""
    p50_ms: float
    p99_ms: float
    """From when a move was due to when somebody heard it; not a number where nobody measured it."""


def in_turn(peers: Mapping[str, Callable[[], Run]], runs: int) -> dict[str, list[Run]]:
    """Run each peer so often, one after the other, so that whatever else the machine does hits all of them."""
    measured: dict[str, list[Run]] = {name: [] for name in peers}
    for _ in range(runs):
        for name, peer in peers.items():
            measured[name].append(peer())
    return measured


def table(title: str, unit: str, measured: Mapping[str, Sequence[Run]]) -> Table:
    """Show the medians; the ratio is to the last peer."""
    shown = Table(title=title, title_justify="left")
    shown.add_column("")
    for heading in (f"CPU µs per {unit}", "least – most", "ratio", "a second", "p50 ms", "p99 ms"):
        shown.add_column(heading, justify="right")
    *_, last = measured.values()
    base = _median([run.us_each for run in last])
    for name, runs in measured.items():
        each = [run.us_each for run in runs]
        shown.add_row(
            name,
            f"{_median(each):.1f}",
            f"{min(each):.1f} – {max(each):.1f}",
            f"{_median(each) / base:.2f}",
            f"{_median([run.per_s for run in runs]):,.0f}",
            *(_shown(_median(values)) for values in ([run.p50_ms for run in runs], [run.p99_ms for run in runs])),
        )
    return shown


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _shown(value_ms: float) -> str:
    return "–" if math.isnan(value_ms) else f"{value_ms:.1f}"
