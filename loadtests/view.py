"""What a terminal shows of a load test: Locust's own tables, ours while it lasts, or a line now and then."""

import logging
import sys
from pathlib import Path
from typing import Protocol

from loadtests.options import Options
from loadtests.record import Record
from loadtests.recorder import Recorder

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
        for outcome in record.slo:
            say = {True: _log.info, False: _log.error, None: _log.warning}[outcome.kept]
            say("%s: wanted %s, seen %s", outcome.rule, outcome.wanted, outcome.seen)
        if record.void:
            _log.error("VOID FOR LATENCY: %s", record.void)
        if path is not None:
            _log.info("the record is %s", path)


def view_for(options: Options) -> View:
    """Return the view of that name."""
    return Beside()


def quieten(view: str) -> None:
    """Have Locust not show its own tables where ours are shown."""
    if view != "locust":
        logging.getLogger("locust.stats_logger").disabled = True


_ = sys
