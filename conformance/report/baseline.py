"""The report for the next run: what is broken, as a file of known failures to read, to review and to shrink."""

from pathlib import Path

from conformance.checks import Check
from conformance.known import Known
from conformance.report.report import Report
from conformance.runner import RunEvent
from conformance.tally import Tally


class BaselineFile:
    """Writes the defects of a run by requirement and kind of check; what was not played stays as the file has it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = Known.read(path)

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Wait for the end."""

    def end(self, report: Report) -> None:
        """Write the file."""
        tally = report.tally
        played = {one.requirement.address for one in tally.results() if tally.is_played(one.requirement)}
        kept = Known({at: checks for at, checks in self._known.failures.items() if at not in played})
        self._known = kept.and_also(_broken(tally))
        self._path.write_text(self._known.to_toml(), encoding="utf-8")


def _broken(tally: Tally) -> Known:
    """Return the kinds of check that failed, each at the requirement of the step: that one is the same in any scene."""
    broken: dict[str, frozenset[Check]] = {}
    for defect in tally.defects():
        verdict = defect.verdict
        if verdict.check is not None:
            address = verdict.origin or verdict.requirement
            broken[address] = broken.get(address, frozenset()) | {verdict.check}
    return Known(broken)
