"""The report for code scanning: SARIF 2.1.0, one run for each protocol, one result for each defect.

Rules are the requirements, and their place is their line in the contract.
"""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Final

from conformance.defects import Defect
from conformance.report.places import place_of
from conformance.report.report import Report
from conformance.report.words import promised, visible
from conformance.runner import RunEvent
from conformance.tally import Tally
from protocols.contract import Json, Level

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Level.MUST: "error", Level.SHOULD: "warning", Level.MAY: "note"}


class SarifFile:
    """Writes everything into one file of SARIF."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reports: list[Report] = []

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Wait for the end."""

    def end(self, report: Report) -> None:
        """Write the file, with what was reported before."""
        self._reports.append(report)
        log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(one) for one in self._reports]}
        self._path.write_text(json.dumps(log, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _run(report: Report) -> Json:
    tally = report.tally
    defects = tally.defects()
    rules = list(dict.fromkeys(defect.verdict.requirement for defect in defects))
    return {
        "tool": {
            "driver": {
                "name": "rehearsal",
                "semanticVersion": version("socketio-rehearsal"),
                "rules": [_rule(tally, address) for address in rules],
            }
        },
        "automationDetails": {"id": f"rehearsal/{tally.protocol.name}/"},
        "invocations": [
            {
                "executionSuccessful": not report.stopped and tally.died is None,
                "exitCode": tally.exit_code,
                "startTimeUtc": report.run.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ],
        "columnKind": "utf16CodeUnits",
        "results": [_result(report, defect, rules.index(defect.verdict.requirement)) for defect in defects],
    }


def _rule(tally: Tally, address: str) -> Json:
    requirement = tally.requirement(address)
    return {
        "id": visible(address),
        "shortDescription": {"text": visible(requirement.text or address)},
        "defaultConfiguration": {"level": _LEVELS[requirement.level]},
        "properties": {"tags": ["conformance", tally.protocol.name]},
    }


def _result(report: Report, defect: Defect, rule: int) -> Json:
    verdict = defect.verdict
    requirement = report.tally.requirement(verdict.requirement)
    place = place_of(verdict.requirement)
    lines = [
        promised(requirement),
        f"expected {verdict.expected}",
        f"came {verdict.came}",
        *verdict.conversation,
        report.run.repeat(verdict.case),
    ]
    result: dict[str, Json] = {
        "ruleId": visible(verdict.requirement),
        "ruleIndex": rule,
        "kind": "fail",
        "level": _LEVELS[requirement.level] if defect.counts else "note",
        "message": {"text": visible("\n".join(lines))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": place.file, "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": place.line},
                },
                "logicalLocations": [{"fullyQualifiedName": visible(case)} for case in defect.cases],
            }
        ],
        "partialFingerprints": {"defect/v1": _fingerprint(defect)},
        "occurrenceCount": defect.times,
        "properties": {"check": verdict.check, "also": list(verdict.also)},
    }
    if report.tally.known.covers(verdict):
        result["suppressions"] = [{"kind": "external", "justification": "known to fail"}]
    return result


def _fingerprint(defect: Defect) -> str:
    """Return what tells a defect from others and stays the same from run to run."""
    kind = f"{defect.verdict.requirement} {defect.verdict.check}"
    return hashlib.sha256(kind.encode("utf-8", "backslashreplace")).hexdigest()[:32]
