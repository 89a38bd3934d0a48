"""Many people on one core: how late a generator of thousands is by itself, what each costs, how soon all are there."""

import json
import sys
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from rich.table import Table

from benchmarks import servers
from benchmarks.askers import Figures
from benchmarks.pinned import process

GENERATOR_CORE: Final = 1
USERS: Final = 2000
P50_MS: Final = 5.0
P99_MS: Final = 50.0
"""How late acks may be at a server that answers at once, where people are as many as they may be."""
KB_EACH: Final = 30.0
CONNECTED_PER_S: Final = 500.0
CONNECTED: Final = 5000
STEP: Final = 1000
MOST: Final = 20_000

Told = Callable[[str], None]


def compare(*, runs: int, seconds: float, tell: Told) -> Table:
    """Have so many people ask that the generator falls behind; tell of each run."""
    with servers.acknowledging() as (url, _):
        usual = [measure(url, USERS, seconds, tell) for _ in range(runs)]
        many = [measure(url, CONNECTED, seconds, tell) for _ in range(runs)]
        holding = largest(lambda users: measure(url, users, seconds, tell), USERS if holds(usual[-1]) else 0)
    shown = Table(title=f"Many people on one core, each asking once a second: medians of {runs}", title_justify="left")
    shown.add_column("")
    for heading in ("seen", "least – most", "aim", "of the aim"):
        shown.add_column(heading, justify="right")
    shown.add_row(*_row(f"{USERS:,} users: ack p50 ms", [run.p50_ms for run in usual], P50_MS))
    shown.add_row(*_row(f"{USERS:,} users: ack p99 ms", [run.p99_ms for run in usual], P99_MS))
    shown.add_row(*_row(f"{USERS:,} users: part of the core", [run.cpu for run in usual], 1.0))
    shown.add_row(*_row(f"{CONNECTED:,} users: KB each", [run.kb_each for run in many], KB_EACH))
    connected = [run.connected_per_s for run in many]
    shown.add_row(*_row(f"{CONNECTED:,} users: connected a second", connected, CONNECTED_PER_S))
    shown.add_row(*_row("users that it still holds", [float(holding)], float(USERS)))
    return shown


def measure(url: str, users: int, seconds: float, tell: Told) -> Figures:
    """Have so many ask for so long, in a process of their own; raises RuntimeError when it fails."""
    command = [sys.executable, "-m", "benchmarks.askers", url, "--users", str(users), "--seconds", str(seconds)]
    said, printed = "nothing", ""
    with process(command, GENERATOR_CORE) as asking:
        assert asking.stdout is not None
        for line in asking.stdout:
            if line.startswith("{"):
                printed = line
            else:
                tell(said := line.rstrip())
    if not printed:
        raise RuntimeError(f"{users} users failed; the last word was: {said}")
    figures = Figures(**json.loads(printed))
    tell(
        f"{users:,} users: ack p50 {figures.p50_ms:.1f} ms, p99 {figures.p99_ms:.1f} ms, own lag p99 "
        f"{figures.lag_p99_ms:.1f} ms, {figures.cpu:.0%} of the core, {figures.kb_each:.1f} KB each, "
        f"{figures.connected_per_s:,.0f} connected a second"
    )
    return figures


def holds(figures: Figures) -> bool:
    """Say whether a generator kept up."""
    return figures.p50_ms < P50_MS and figures.p99_ms < P99_MS


def largest(run: Callable[[int], Figures], held: int) -> int:
    """Return the most users with which it keeps up, by thousands; 0 where it never does."""
    users = held + STEP
    while users <= MOST and holds(run(users)):
        users += STEP
    return users - STEP


def _row(what: str, seen: Sequence[float], aim: float) -> tuple[str, ...]:
    def text(value: float) -> str:
        return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"

    middle = median(seen)
    return what, text(middle), f"{text(min(seen))} – {text(max(seen))}", text(aim), f"{middle / aim:.2f}"
