"""Plays a cast of each of several protocols at the same time, and shows in one table how each of them fares."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from protocols.errors import TargetUnreachable
from rehearsal.simulation_view import milliseconds, per_second, print_report
from simulators.crowd import Crowd
from simulators.engine import Engine, Job
from simulators.scenario import Cast
from simulators.snapshot import Snapshot
from simulators.tally import Tally
from simulators.target import Target

_REFRESH_S: Final = 0.25
_PLAIN_S: Final = 2.0
_FAULTS: Final = ("lost", "duplicated", "misordered", "misheard")


@dataclass(frozen=True, slots=True)
class Part:
    """One protocol of a target, and who uses it."""

    target: Target
    cast: Cast


def play(parts: Sequence[Part], *, for_s: float, seed: int, run: str, console: Console) -> int:
    """Let all casts live at once for so many seconds, show it, and end with a line for each.

    Returns 0 when everything was heard as the contracts say, else 1, with the whole table of whatever went wrong.
    Ctrl-C ends it early. Raises UsageError, and TargetUnreachable.
    """
    with Engine() as engine:
        crowds = [engine.submit(Crowd.gather(part.target, part.cast, seed=seed, run=run)) for part in parts]
        jobs = [engine.spawn(crowd.play(for_s)) for crowd in crowds]
        try:
            if console.is_terminal:
                _watch(engine, crowds, for_s, console)
            else:
                _tell(engine, crowds, console)
        except KeyboardInterrupt:
            for crowd in crowds:
                engine.call(crowd.stop)
        tallies = [_tally(job) for job in jobs]
    console.print(_summary(parts, tallies))
    for part, tally in zip(parts, tallies, strict=True):
        if tally.faults:
            console.rule(f"what went wrong in {part.target.protocol}")
            print_report(tally, part.target.contract, console)
    return 1 if any(tally.faults for tally in tallies) else 0


def _tally(job: Job[Tally]) -> Tally:
    tally = job.result()
    if not tally.sent:
        raise TargetUnreachable("nobody was let in, so nothing can be said of it")
    return tally


def _watch(engine: Engine, crowds: Sequence[Crowd], for_s: float, console: Console) -> None:
    last = _snapshots(engine, crowds)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while not all(crowd.finished for crowd in crowds):
            time.sleep(_REFRESH_S)
            now = _snapshots(engine, crowds)
            live.update(picture([crowd.target.protocol for crowd in crowds], last, now, for_s), refresh=True)
            last = now


def _tell(engine: Engine, crowds: Sequence[Crowd], console: Console) -> None:
    """Print a line now and then, for logs."""
    last = _snapshots(engine, crowds)
    while not all(crowd.finished for crowd in crowds):
        time.sleep(_REFRESH_S)
        if engine.call(lambda: crowds[0].elapsed_s) - last[0].elapsed_s >= _PLAIN_S:
            now = _snapshots(engine, crowds)
            rates = [per_second(before, after) for before, after in zip(last, now, strict=True)]
            people = sum(sum(kinds.values()) for each in now for kinds in each.scopes.values())
            console.print(
                f"{now[0].elapsed_s:6.1f} s  {people} people  {sum(rate[0] for rate in rates):,.0f} sent/s  "
                f"{sum(rate[1] for rate in rates):,.0f} delivered/s  {sum(each.lost for each in now)} lost  "
                f"{sum(each.faults for each in now)} faults",
                soft_wrap=True,
            )
            last = now


def _snapshots(engine: Engine, crowds: Sequence[Crowd]) -> list[Snapshot]:
    return engine.call(lambda: [crowd.snapshot() for crowd in crowds])


def picture(names: Sequence[str], last: Sequence[Snapshot], now: Sequence[Snapshot], for_s: float) -> RenderableType:
    """Return how things stand: a line for each protocol, and what was said there last."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("protocol")
    for name in ("people", "sent/s", "heard/s", "p50 ms", "p99 ms", "wrong"):
        table.add_column(name, justify="right")
    table.add_column("said last", no_wrap=True, ratio=1)
    for name, before, after in zip(names, last, now, strict=True):
        sent, delivered = per_second(before, after)
        words = after.said[-1][2] if after.said else after.pranks[-1][1] if after.pranks else ""
        table.add_row(
            name,
            str(sum(sum(kinds.values()) for kinds in after.scopes.values())),
            f"{sent:,.0f}",
            f"{delivered:,.0f}",
            milliseconds(after.latest, 50),
            milliseconds(after.latest, 99),
            Text(str(after.faults), "bold red" if after.faults else "green"),
            Text(words, "dim"),
        )
    return Group(Text(f"{min(now[0].elapsed_s, for_s):5.1f} / {for_s:g} s", "bold"), table)


def _summary(parts: Sequence[Part], tallies: Sequence[Tally]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("protocol")
    table.add_column("who", ratio=1)
    for name in ("sent", "heard", "lost", "doubled", "disorder", "misheard", "p50 ms", "p99 ms"):
        table.add_column(name, justify="right", no_wrap=True)
    for part, tally in zip(parts, tallies, strict=True):
        faults = [tally.total(column) for column in _FAULTS]
        times = tally.times()
        table.add_row(
            part.target.protocol,
            str(part.cast),
            f"{sum(tally.sent.values()):,}",
            f"{tally.total('delivered'):,}",
            *(Text(f"{count:,}", "bold red" if count else "green") for count in faults),
            *(milliseconds(times, percent) for percent in (50, 99)),
        )
    return table
