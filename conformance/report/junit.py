"""The report for continuous integration: JUnit's XML, one test case for each case, or for each of its examples."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from conformance.report.report import Report, Run
from conformance.report.words import promised, visible
from conformance.runner import Finished, RunEvent, parts
from conformance.tally import Standing, Tally
from conformance.verdict import Outcome, Verdict

# How a case ended -> the element that says so; a test case has at most one, and it comes first.
_ELEMENTS: Final = {Standing.FAILED: "failure", Standing.UNKNOWN: "error", Standing.SKIPPED: "skipped"}


class JunitFile:
    """Writes everything into one file of XML, one suite for each protocol that was judged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reports: list[Report] = []

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Wait for the end."""

    def end(self, report: Report) -> None:
        """Write the file, with what was reported before."""
        self._reports.append(report)
        suites = ElementTree.Element("testsuites")
        suites.extend(map(_suite, self._reports))
        ElementTree.indent(suites)
        self._path.write_bytes(ElementTree.tostring(suites, "utf-8", xml_declaration=True) + b"\n")


def _suite(report: Report) -> ElementTree.Element:
    tally = report.tally
    pieces = [part for finished in tally.finished.values() for part in parts(finished)]
    ended = [tally.standing_of_all(piece.verdicts) for piece in pieces]
    suite = ElementTree.Element(
        "testsuite",
        name=f"rehearsal.{tally.protocol.name}",
        tests=str(len(ended)),
        failures=str(ended.count(Standing.FAILED)),
        errors=str(ended.count(Standing.UNKNOWN)),
        skipped=str(ended.count(Standing.SKIPPED)),
        time=f"{report.took_s:.3f}",
        timestamp=report.run.started.strftime("%Y-%m-%dT%H:%M:%S"),
        hostname="localhost",
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("url", report.run.target.url), ("seed", str(report.run.options.seed))):
        ElementTree.SubElement(properties, "property", name=name, value=visible(value))
    suite.extend(_case(report.run, tally, piece) for piece in pieces)
    return suite


def _case(run: Run, tally: Tally, finished: Finished) -> ElementTree.Element:
    case = finished.case
    element = ElementTree.Element(
        "testcase",
        classname=f"{tally.protocol.name}.{case.subject}",
        name=visible(case.address),
        time=f"{finished.took_s:.3f}",
    )
    standing = tally.standing_of_all(finished.verdicts)
    telling = [verdict for verdict in finished.verdicts if tally.standing_of_verdict(verdict) is standing]
    if standing in _ELEMENTS:
        first = telling[0]
        said = ElementTree.SubElement(element, _ELEMENTS[standing], message=visible(_message(tally, first)))
        if standing is not Standing.SKIPPED:
            said.set("type", first.requirement)
            said.text = _text(run, tally, telling)
    warned = [verdict for verdict in finished.verdicts if tally.standing_of_verdict(verdict) is Standing.WARNED]
    if warned:
        ElementTree.SubElement(element, "system-out").text = _text(run, tally, warned)
    return element


def _message(tally: Tally, verdict: Verdict) -> str:
    if verdict.outcome is Outcome.FAIL:
        return promised(tally.requirement(verdict.requirement))
    return (verdict.reason.strip().splitlines() or [""])[-1]


def _text(run: Run, tally: Tally, verdicts: Iterable[Verdict]) -> str:
    """Return all that is known of some verdicts of one case; the same finding once."""
    blocks = []
    for verdict in verdicts:
        lines = [promised(tally.requirement(verdict.requirement))]
        if verdict.outcome is Outcome.FAIL:
            lines += [f"kind of check {verdict.check}"] if verdict.check is not None else []
            lines += [f"expected {verdict.expected}", f"came {verdict.came}", *verdict.conversation]
        else:
            lines.append(verdict.reason.rstrip())
        blocks.append("\n".join([*lines, run.repeat(verdict.case)]))
    return visible("\n\n".join(blocks))
