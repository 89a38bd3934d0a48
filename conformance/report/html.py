"""The report for people with a browser: every run that a folder has, in one page that needs nothing else."""

from pathlib import Path
from typing import Final

from conformance.report import json
from conformance.report.document import read
from conformance.report.names import slug
from conformance.report.report import Report
from conformance.runner import RunEvent
from conformance.tally import Tally
from protocols.errors import UsageError

RUNS: Final = "runs"
PAGE: Final = "report.html"


class HtmlFile:
    """Leaves a run in a folder beside those of other targets, and writes the page of all of them anew.

    Raises UsageError where the folder cannot be written, or has a run that is none of ours: before anything is played.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._reports: list[Report] = []
        runs = folder / RUNS
        try:
            runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{runs} cannot be written: {error.strerror}") from None
        for path in _runs(folder):
            if path.name != _file(name):
                read(path)

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Wait for the end."""

    def end(self, report: Report) -> None:
        """Write the run in the place of what had its name before, and the page."""
        self._reports.append(report)
        name = self._name or report.run.target.url
        (self._folder / RUNS / _file(name)).write_bytes(json.whole(self._reports, name))
        rebuild(self._folder)


def rebuild(folder: Path) -> None:
    """Write the page of all runs that a folder has; raises UsageError where one of them is no report of ours."""
    # A template engine takes time to start, which a run without a page need not wait for.
    from conformance.report.page.page import render

    (folder / PAGE).write_text(render([read(path) for path in _runs(folder)], folder), encoding="utf-8")


def _runs(folder: Path) -> list[Path]:
    return sorted((folder / RUNS).glob("*.json"))


def _file(name: str) -> str:
    return f"{slug(name)}.json"
