"""The report for programs. Its shape is written in docs/conformance.md, and `schema` counts up when it breaks."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Final

from conformance.defects import Defect
from conformance.report import covered
from conformance.report.report import Report
from conformance.report.words import no_longer
from conformance.runner import RunEvent
from conformance.tally import Standing, Tally, worst
from conformance.verdict import Verdict
from protocols.contract import Json

SCHEMA: Final = 2


class JsonFile:
    """Writes everything into one file of JSON, one report for each protocol that was judged."""

    def __init__(self, path: Path, name: str = "") -> None:
        self._path = path
        self._name = name
        self._reports: list[Report] = []

    def hear(self, event: RunEvent, tally: Tally) -> None:
        """Wait for the end."""

    def end(self, report: Report) -> None:
        """Write the file, with what was reported before."""
        self._reports.append(report)
        self._path.write_bytes(whole(self._reports, self._name or report.run.target.url))


def whole(reports: Sequence[Report], name: str) -> bytes:
    """Return all reports of one run as they stand in a file; the name tells its target from others."""
    content = {
        "schema": SCHEMA,
        "tool": {"name": "rehearsal", "version": version("socketio-rehearsal")},
        "name": name,
        "exit_code": worst(one.tally.exit_code for one in reports),
        "reports": [_report(one) for one in reports],
    }
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    # A lone surrogate, which a server may well have sent, becomes the escape that JSON has for it.
    return text.encode("utf-8", "backslashreplace")


def _report(report: Report) -> Json:
    run, tally = report.run, report.tally
    return {
        "protocol": tally.protocol.name,
        "target": {
            "url": run.target.url,
            "path": run.target.path,
            "namespace": run.target.namespace,
            "transport": run.target.transport,
            "protocol": tally.protocol.name,
            "mode": run.target.mode,
        },
        "run": {
            "started": run.started.isoformat(),
            "took_s": round(report.took_s, 3),
            "seed": run.options.seed,
            "budget_s": run.options.budget_s,
            "slow": run.options.slow,
            "strict": tally.strict,
            "addresses": list(run.addresses),
            "stopped": report.stopped or (tally.died.reason if tally.died else ""),
        },
        "exit_code": tally.exit_code,
        "counts": {standing.value: tally.counts()[standing] for standing in Standing},
        "requirements": [
            {
                "address": result.requirement.address,
                "level": result.requirement.level.value,
                "text": result.requirement.text,
                "standing": result.standing.value,
                "known_failure": result.is_known,
                "reason": result.reason,
                "cases": list(result.cases),
            }
            for result in tally.results()
        ],
        "cases": [
            {
                "address": finished.case.address,
                "subject": finished.case.subject,
                "kind": finished.case.kind,
                "standing": tally.standing_of(finished.case),
                "took_s": round(finished.took_s, 3),
                "examples": len(finished.case.examples),
                "untried": dict(finished.untried),
                "verdicts": [_verdict(verdict) for verdict in finished.verdicts],
            }
            for finished in tally.finished.values()
        ],
        "defects": [_defect(report, defect) for defect in tally.defects()],
        "mended": [
            {"requirement": mended.requirement.address, "check": mended.check, "text": no_longer(mended)}
            for mended in tally.mended()
        ],
        "coverage": covered.as_json(tally.coverage),
    }


def _verdict(verdict: Verdict) -> Json:
    return {
        "requirement": verdict.requirement,
        "address": verdict.case,
        "outcome": verdict.outcome.name,
        "reason": verdict.reason,
        "expected": verdict.expected,
        "came": verdict.came,
        "check": verdict.check,
        "about": verdict.about,
        "also": list(verdict.also),
        "conversation": list(verdict.conversation),
    }


def _defect(report: Report, defect: Defect) -> Json:
    verdict = defect.verdict
    requirement = report.tally.requirement(verdict.requirement)
    return {
        "requirement": requirement.address,
        "level": requirement.level.value,
        "text": requirement.text,
        "check": verdict.check,
        "about": verdict.about,
        "also": list(verdict.also),
        "counts": defect.counts,
        "known": report.tally.known.covers(verdict),
        "times": defect.times,
        "cases": list(defect.cases),
        "expected": verdict.expected,
        "came": verdict.came,
        "conversation": list(verdict.conversation),
        "repeat": report.run.repeat(verdict.case),
        "reproducer": None if (reproducer := report.reproducers.get(verdict.key)) is None else asdict(reproducer),
    }
