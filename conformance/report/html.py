"""The report for people with a browser: every run that a folder has, in one page that needs nothing else."""

from pathlib import Path
from typing import Final

from conformance.report import json
from conformance.report.names import slug
from conformance.report.report import Report
from conformance.runner import RunEvent
from conformance.tally import Tally

RUNS: Final = "runs"
PAGE: Final = "report.html"


class HtmlFile:
    """Leaves a run in a folder beside those of other targets, and writes the page of all of them anew."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._reports: list[Report] = []

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Wait for the end."""

    def end(self, report: Report) -> None:
        """Write the run in the place of what had its name before, and the page."""
        self._reports.append(report)
        name = self._name or report.run.target.url
        runs = self._folder / RUNS
        runs.mkdir(exist_ok=True)
        (runs / f"{slug(name)}.json").write_bytes(json.whole(self._reports, name))
        rebuild(self._folder)


def rebuild(folder: Path) -> None:
    """Write the page of all runs that a folder has; raises UsageError where one of them is no report of ours."""
    # A template engine takes time to start, which a run without a page need not wait for.
    from conformance.report.document import read
    from conformance.report.page.page import render

    documents = [read(path) for path in sorted((folder / RUNS).glob("*.json"))]
    (folder / PAGE).write_text(render(documents, folder), encoding="utf-8")
