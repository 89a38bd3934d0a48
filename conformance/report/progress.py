"""Shows a run while it lasts: a moving line on a terminal, a line now and then in a log; each failure at once."""

import os
import time
from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from conformance.report.report import Listener, Report
from conformance.report.words import SIGNS, STYLES, promised, style_of, times, visible
from conformance.runner import Finished, RunEvent, Started, TargetDied, TargetRevived
from conformance.tally import Standing, Tally
from conformance.verdict import Key, Outcome
from simulators.history import Record

EVERY_S: Final = 30.0
"""How often a log hears that a run goes on."""


def progress(console: Console) -> Listener:
    """Return what suits a console; continuous integration may have a terminal at which nobody sits."""
    return Moving(console) if console.is_terminal and not os.environ.get("CI") else Plain(console)


class _News:
    """What is told at once: a failure, when a defect is met first; and deaths."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: set[Key] = set()

    def hear(self, event: RunEvent, tally: Tally) -> None:
        match event:
            case Finished():
                self._failures(event, tally)
            case TargetDied():
                self.line(f"? the target died during {event.during.address}: {event.reason}", STYLES[Standing.UNKNOWN])
            case TargetRevived():
                self.line("  its restart command has brought it back")

    def _failures(self, event: Finished, tally: Tally) -> None:
        for verdict in event.verdicts:
            counts = tally.standing_of_verdict(verdict) is Standing.FAILED
            if verdict.outcome is Outcome.FAIL and counts and verdict.key not in self._told:
                self._told.add(verdict.key)
                words = f"{promised(tally.requirement(verdict.requirement))}  ({event.case.address})"
                self.line(f"{SIGNS[Standing.FAILED]} {words}", STYLES[Standing.FAILED])

    def line(self, text: str, style: str = "") -> None:
        self._console.print(Text(visible(text), style), soft_wrap=True)


class Moving:
    """What is tried now, how many of how many, the failures so far, and the time; above it, each failure once."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", table_column=None),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failures]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._news = _News(console)
        self._task = self._progress.add_task("beginning", total=None, failures="")

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Move the line on."""
        match event:
            case Started():
                self._progress.start()
                self._progress.update(
                    self._task, description=escape(event.case.address), total=event.of, completed=event.number - 1
                )
            case Finished():
                failed = _failed(tally)
                text = f"[red]{failed} failed[/red]" if failed else "[green]none failed[/green]"
                self._progress.update(self._task, advance=1, failures=text)
        self._news.hear(event, tally)

    def end(self, report: Report) -> None:
        """Take the line away."""
        self._progress.stop()


class Plain:
    """Few lines for a log: how much there is, each failure once, a sign of life now and then, and that it is over."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._news = _News(console)
        self._clock = clock
        self._quiet_since = 0.0

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Write a line if it is worth one, or if there was none for long."""
        self._news.hear(event, tally)
        if not isinstance(event, Started):
            return
        if event.number == 1:
            self._say(f"{tally.protocol.name}: {times(event.of, 'case')}")
        elif self._clock() - self._quiet_since >= EVERY_S:
            self._say(f"  {event.number - 1}/{event.of}, {_failed(tally) or 'none'} failed; now {event.case.address}")

    def _say(self, line: str) -> None:
        self._quiet_since = self._clock()
        self._news.line(line)

    def end(self, report: Report) -> None:
        """Say that it is over."""
        self._say(f"{times(len(report.tally.finished), 'case')} in {report.took_s:.1f} s")


class Verbose:
    """Everything as it happens: each case, and under it what everybody sends and receives, secrets shortened."""

    def __init__(self, console: Console) -> None:
        self._news = _News(console)

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Write when a case begins, and how it ended."""
        match event:
            case Started():
                self._news.line(f"• {event.number}/{event.of} {event.case.address}", "bold")
            case Finished():
                standing = tally.standing_of(event.case)
                assert standing is not None  # it has just ended
                self._news.line(
                    f"{SIGNS[standing]} {event.case.address} {standing} ({event.took_s:.1f} s)", STYLES[standing]
                )
        self._news.hear(event, tally)

    def watch(self, record: Record) -> None:
        """Write what somebody has just sent or received; called from any thread."""
        self.tell(str(record))

    def tell(self, line: str) -> None:
        """Write a line of a conversation; called from any thread."""
        self._news.line(f"    {line}", style_of(line))

    def end(self, report: Report) -> None:
        """Say that it is over."""
        self._news.line(f"{times(len(report.tally.finished), 'case')} in {report.took_s:.1f} s")


def _failed(tally: Tally) -> int:
    """Count the cases that have failed so far."""
    return sum(tally.standing_of(case) is Standing.FAILED for case in tally.cases)
