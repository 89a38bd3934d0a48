"""Shows a run while it lasts: one moving line on a terminal, a line for each case elsewhere."""

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from conformance.report.report import Listener, Report
from conformance.report.words import SIGNS, times, visible
from conformance.runner import Finished, RunEvent, Started, TargetDied, TargetRevived
from conformance.tally import Standing, Tally


def progress(console: Console) -> Listener:
    """Return what suits a console."""
    return Moving(console) if console.is_terminal else Plain(console)


class Moving:
    """What is tried now, how many of how many, the failures so far, and the time."""

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
                failures = sum(map(_is_failure, (tally.standing_of(case) for case in tally.cases)))
                text = f"[red]{failures} failed[/red]" if failures else "[green]none failed[/green]"
                self._progress.update(self._task, advance=1, failures=text)

    def end(self, report: Report) -> None:
        """Take the line away."""
        self._progress.stop()


class Plain:
    """Lines for a log."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Write a line when something has ended."""
        match event:
            case Finished():
                standing = tally.standing_of(event.case)
                assert standing is not None  # it has just ended
                number = f"{len(tally.finished)}/{len(tally.cases)}"
                line = f"{SIGNS[standing]} {number} {event.case.address} ({event.took_s:.1f} s)"
                self._print(line)
            case TargetDied():
                self._print(f"? the target died during {event.during.address}: {event.reason}")
            case TargetRevived():
                self._print("  its restart command has brought it back")

    def end(self, report: Report) -> None:
        """Say that it is over."""
        self._print(f"{times(len(report.tally.finished), 'case')} in {report.took_s:.1f} s")

    def _print(self, line: str) -> None:
        self._console.print(visible(line), markup=False, highlight=False, soft_wrap=True)


def _is_failure(standing: Standing | None) -> bool:
    return standing is Standing.FAILED
