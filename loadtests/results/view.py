"""What a terminal shows of a load test: Locust's own tables, or ours, live or as a line now and then."""

import logging
import os
import sys
from collections import deque
from pathlib import Path
from typing import Final, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from loadtests.options import Options
from loadtests.results.record import LAG_LIMIT_MS, Record
from loadtests.results.recorder import Recorder
from loadtests.results.sparkline import sparkline
from loadtests.results.summary import print_summary, void_mark

_HISTORY: Final = 60
_PIPE_WIDTH: Final = 120
_PLAIN_S: Final = 2.0
_SHOWN: Final = 12

_log = logging.getLogger(__name__)


class View(Protocol):
    """Whoever tells of a run."""

    def show(self, recorder: Recorder, now_s: float) -> None:
        """Show how things stand; called twice a second."""

    def end(self, record: Record, path: Path | None) -> None:
        """Show what it came to, and where the record is."""


class Beside:
    """Says beside Locust's tables what these have no place for."""

    def show(self, recorder: Recorder, now_s: float) -> None:
        """Leave that to Locust."""

    def end(self, record: Record, path: Path | None) -> None:
        """Log what else there is to say."""
        for example in record.examples:
            _log.warning("%s", example)
        for outcome in record.slo:
            say = {True: _log.info, False: _log.error, None: _log.warning}[outcome.kept]
            say("%s: wanted %s, seen %s", outcome.rule, outcome.wanted, outcome.seen)
        if record.void:
            _log.error("%s", void_mark(record))
        if path is not None:
            _log.info("the report is %s", path)


class Plain:
    """Prints a line now and then, for logs, and a summary."""

    def __init__(self, options: Options, console: Console) -> None:
        self._options = options
        self._console = console
        self._shown_s = 0.0

    def show(self, recorder: Recorder, now_s: float) -> None:
        """Print a line, if the last is long ago."""
        elapsed_s = recorder.elapsed_s(now_s)
        if elapsed_s - self._shown_s >= _PLAIN_S and recorder.latest() is not None:
            self._shown_s = elapsed_s
            self._console.print(_line(recorder, now_s, self._options), soft_wrap=True)

    def end(self, record: Record, path: Path | None) -> None:
        """Print the summary."""
        print_summary(record, path, self._console)


class Picture:
    """Shows how things stand, over and over in the same place, and a summary."""

    def __init__(self, options: Options, console: Console) -> None:
        self._options = options
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._heard: deque[float] = deque(maxlen=_HISTORY)
        self._slow_ms: deque[float] = deque(maxlen=_HISTORY)
        self._at_s = -1

    def show(self, recorder: Recorder, now_s: float) -> None:
        """Draw it anew."""
        if not self._live.is_started:
            self._live.start()
        if (latest := recorder.latest()) is not None and latest.at_s != self._at_s:
            self._at_s = latest.at_s
            self._heard.append(latest.heard)
            self._slow_ms.append(recorder.latest_ms("deliver", 99) or 0.0)
        self._live.update(self.render(recorder, now_s), refresh=True)

    def render(self, recorder: Recorder, now_s: float) -> RenderableType:
        """Return the picture."""
        line = _line(recorder, now_s, self._options)
        if (latest := recorder.latest()) is None:
            return line
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("in the last second", no_wrap=True)
        for name in ("count", "failed", "p50 ms", "p99 ms"):
            table.add_column(name, justify="right", no_wrap=True)
        busiest = sorted(latest.labels.items(), key=lambda item: -item[1].count)[:_SHOWN]
        for label, moment in sorted(busiest):
            failed = Text(f"{moment.failures:,}", "bold red" if moment.failures else "dim")
            table.add_row(label, f"{moment.count:,}", failed, _ms(moment.p50_ms), _ms(moment.p99_ms))
        return Group(
            line,
            Text.assemble(("heard/s  ", "dim"), (sparkline(list(self._heard)), "cyan")),
            Text.assemble(("p99      ", "dim"), (sparkline(list(self._slow_ms)), "cyan")),
            table,
        )

    def end(self, record: Record, path: Path | None) -> None:
        """Take the picture away and print the summary."""
        self._live.stop()
        print_summary(record, path, self._console)


def view_for(options: Options) -> View:
    """Return the view that is asked for; ours fit a terminal, or a pipe."""
    if options.view == "locust":
        return Beside()
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    console = Console(highlight=False, width=width)
    live = options.view == "live" or (options.view == "auto" and console.is_terminal)
    return Picture(options, console) if live else Plain(options, console)


def quieten(view: str) -> None:
    """Have Locust not show its own tables where ours are shown."""
    if view != "locust":
        logging.getLogger("locust.stats_logger").disabled = True


def _line(recorder: Recorder, now_s: float, options: Options) -> Text:
    """Return how things stand in one line."""
    whole = "" if options.for_s is None else f" / {options.for_s:g}"
    line = Text(f"{recorder.elapsed_s(now_s):6.1f}{whole} s  ", "bold", no_wrap=True)
    if (latest := recorder.latest()) is None:
        return line.append("nobody is there yet", "dim")
    lag_ms = recorder.lag_p99_ms
    late = lag_ms is not None and lag_ms > LAG_LIMIT_MS
    return line.append_text(
        Text.assemble(
            (f"{latest.users:,} users  {latest.sent:,} sent/s  {latest.heard:,} heard/s  ", ""),
            (f"p50 {_ms(recorder.latest_ms('deliver', 50))} ms  ", "cyan"),
            (f"p99 {_ms(recorder.latest_ms('deliver', 99))} ms  ", "cyan"),
            (f"{latest.lost:,} lost  ", "bold red" if latest.lost else "green"),
            (f"lag p99 {_ms(lag_ms)} ms", "bold red" if late else "dim"),
        )
    )


def _ms(ms: float | None) -> str:
    return "–" if ms is None else f"{ms:,.1f}"
