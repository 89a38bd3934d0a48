"""The report for GitHub Actions: an annotation for each defect, and a summary of the job in Markdown.

A runner obeys lines of the log that look like its commands, and much of what we print a target has said. So it is told
to listen to none of them, until it hears a word that no target knows, because we have a command of our own.
"""

import re
import secrets
from pathlib import Path
from typing import Final

from rich.console import Console

from conformance.defects import Defect
from conformance.report.places import place_of
from conformance.report.report import Report
from conformance.report.words import SIGNS, no_longer, promised, times, visible
from conformance.runner import RunEvent
from conformance.tally import FAILED_EXIT, PASSED_EXIT, Standing, Tally

_LONGEST: Final = 600  # characters of one text
_MOST: Final = 50  # defects of one protocol in a summary, which may have a mebibyte


class GitHub:
    """Speaks to the runner on a console, and writes the summary where there is a file for it."""

    def __init__(self, console: Console, summary: Path | None = None) -> None:
        self._console = console
        self._summary = summary
        self._word = secrets.token_hex(16)
        self._is_deaf = False
        self._deafen()

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Keep the runner from obeying what is printed meanwhile."""
        self._deafen()

    def end(self, report: Report) -> None:
        """Annotate, and add to the summary."""
        if self._is_deaf:
            self._say(f"::{self._word}::")
            self._is_deaf = False
        for defect in report.tally.defects():
            self._say(annotation(report, defect))
        if self._summary is not None:
            with self._summary.open("a", encoding="utf-8") as file:
                file.write(summary(report))

    def _deafen(self) -> None:
        if not self._is_deaf:
            self._say(f"::stop-commands::{self._word}")
            self._is_deaf = True

    def _say(self, command: str) -> None:
        self._console.print(command, markup=False, highlight=False, soft_wrap=True)


def annotation(report: Report, defect: Defect) -> str:
    """Return the command that annotates a defect, in one line."""
    verdict = defect.verdict
    requirement = report.tally.requirement(verdict.requirement)
    place = place_of(verdict.requirement)
    where = {"file": place.file, "line": str(place.line)} if place.is_here else {}
    properties = {**where, "title": f"{requirement.address} {requirement.level}"}
    lines = [
        requirement.text,
        f"expected {_short(verdict.expected)}",
        f"came {_short(verdict.came)}",
        f"met by {times(len(defect.cases), 'case')}; repeat: {report.run.repeat(verdict.case)}",
    ]
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{'error' if defect.counts else 'warning'} {said}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    """Escape a text so that it is one line and nothing but text, as the runner's own toolkit does."""
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(report: Report) -> str:
    """Return the Markdown of one protocol."""
    tally, counts = report.tally, report.tally.counts()
    defects = tally.defects()
    lines = [
        f"## {_headline(tally)}",
        f"{_code(report.run.target.url)}, {times(len(tally.finished), 'case')} in {report.took_s:.1f} s, "
        f"seed {report.run.options.seed}" + (f", cut short: {_prose(report.stopped)}" if report.stopped else ""),
        "| " + " | ".join(f"{SIGNS[standing]} {standing}" for standing in Standing) + " |",
        "|" + "---|" * len(Standing),
        "| " + " | ".join(str(counts[standing]) for standing in Standing) + " |",
    ]
    blocks = ["\n\n".join(lines[:2]), "\n".join(lines[2:]), *(_block(report, defect) for defect in defects[:_MOST])]
    if mended := tally.mended():
        blocks.append("\n".join(f"- {SIGNS[Standing.PASSED]} {_prose(no_longer(one))}" for one in mended))
    if len(defects) > _MOST:
        blocks.append(f"and {times(len(defects) - _MOST, 'more defect')}")
    return "\n\n".join(blocks) + "\n\n"


def _headline(tally: Tally) -> str:
    counts = tally.counts()
    if tally.exit_code == PASSED_EXIT:
        return f"✓ {tally.protocol.name}: {times(counts[Standing.PASSED], 'requirement')} kept"
    if tally.exit_code == FAILED_EXIT:
        return f"✗ {tally.protocol.name}: {times(counts[Standing.FAILED], 'requirement')} broken"
    return f"? {tally.protocol.name}: nobody can tell"


def _block(report: Report, defect: Defect) -> str:
    verdict = defect.verdict
    sign = SIGNS[Standing.FAILED if defect.counts else Standing.WARNED]
    said = "\n".join(
        [
            f"expected  {_short(verdict.expected)}",
            f"came      {_short(verdict.came)}",
            *map(_short, verdict.conversation),
            f"repeat    {report.run.repeat(verdict.case)}",
        ]
    )
    words = _prose(promised(report.tally.requirement(verdict.requirement)))
    return f"<details><summary>{sign} {words}</summary>\n\n{_fenced(said)}\n\n</details>"


def _prose(text: str) -> str:
    """Return words that Markdown and HTML take for nothing else."""
    return re.sub(r"[\\`*_{}\[\]()#+!|~<>&-]", lambda found: f"&#{ord(found[0])};", visible(text)).replace("\n", " ")


def _code(text: str) -> str:
    """Return a text as code between words."""
    return f"<code>{_prose(text)}</code>"


def _fenced(text: str) -> str:
    """Return a text as a block of code that ends where we end it."""
    shown = visible(text)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"{fence}text\n{shown}\n{fence}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
