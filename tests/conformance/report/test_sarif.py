"""What code scanning reads of a run: SARIF 2.1.0."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.report import Report
from conformance.report.places import place_of
from conformance.report.sarif import SarifFile
from conformance.report.words import visible
from conformance.suite import SUITES
from conformance.wire.requirements import PROTOCOL as WIRE

from ..stories import case, failed, passed, report, tally

# Of the schema of SARIF 2.1.0: what each object that we write may have, and what it must have.
MAY = {
    "log": {"$schema", "version", "runs"},
    "run": {"tool", "automationDetails", "invocations", "columnKind", "results"},
    "driver": {"name", "semanticVersion", "rules"},
    "rule": {"id", "shortDescription", "defaultConfiguration", "properties"},
    "result": {
        "ruleId",
        "ruleIndex",
        "kind",
        "level",
        "message",
        "locations",
        "partialFingerprints",
        "occurrenceCount",
        "suppressions",
        "properties",
    },
}
MUST = {"log": {"version", "runs"}, "run": {"tool"}, "driver": {"name"}, "rule": {"id"}, "result": {"message"}}
LEVELS = {"none", "note", "warning", "error"}


def sarif(folder: Path, *reports: Report) -> list[Any]:
    file = SarifFile(folder / "out.sarif")
    for one in reports:
        file.end(one)
    log = json.loads((folder / "out.sarif").read_text("utf-8"))
    _is("log", log)
    assert log["version"] == "2.1.0"
    for run in log["runs"]:
        _is("run", run)
        _is("driver", run["tool"]["driver"])
        assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
        rules = run["tool"]["driver"]["rules"]
        for rule in rules:
            _is("rule", rule)
            assert rule["defaultConfiguration"]["level"] in LEVELS
        for result in run["results"]:
            _is("result", result)
            assert result["level"] in LEVELS
            assert result["ruleId"] == rules[result["ruleIndex"]]["id"]
            assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
    return list(log["runs"])


def _is(kind: str, value: dict[str, object]) -> None:
    assert MUST[kind] <= set(value) <= MAY[kind]


def test_a_defect_is_a_result_of_the_rule_that_it_breaks(tmp_path: Path) -> None:
    well = report(tally(passed(case())))
    bad = report(tally(failed(case("a")), failed(case("b")), failed(case("soon"), "toy/talk/3")))
    first, second = sarif(tmp_path, well, bad)

    assert first["results"] == []
    assert first["invocations"][0]["exitCode"] == 0
    broken, soon = second["results"]
    assert (broken["ruleId"], broken["level"], broken["occurrenceCount"]) == ("toy/talk/1", "error", 2)
    assert (soon["ruleId"], soon["level"]) == ("toy/talk/3", "note")
    assert broken["message"]["text"].splitlines()[:3] == [
        "toy/talk/1 MUST Talk is heard.",
        "expected ben hears talk",
        "came silence",
    ]


def test_what_is_known_is_suppressed_and_what_only_should_be_is_not(tmp_path: Path) -> None:
    (run,) = sarif(tmp_path, report(tally(failed(case()), failed(case("s"), "toy/talk/3"), known=["toy/talk/1"])))

    suppressed = {result["ruleId"]: "suppressions" in result for result in run["results"]}
    assert suppressed == {"toy/talk/1": True, "toy/talk/3": False}


def test_a_defect_is_known_again_in_the_next_run(tmp_path: Path) -> None:
    (one,) = sarif(tmp_path, report(tally(failed(case("a"), came="silence"))))
    (two,) = sarif(tmp_path, report(tally(failed(case("b"), came="noise"), failed(case("c"), "toy/talk/2"))))

    fingerprints = [result["partialFingerprints"]["defect/v1"] for result in (*one["results"], *two["results"])]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


@given(st.text(st.characters()))
def test_whatever_the_target_said_is_text(tmp_path_factory: pytest.TempPathFactory, said: str) -> None:
    (run,) = sarif(tmp_path_factory.mktemp("sarif"), report(tally(failed(case(), came=said))))

    assert f"came {visible(said)}" in run["results"][0]["message"]["text"]


def test_every_requirement_has_its_line_in_the_contract() -> None:
    for suite in SUITES:
        for address in suite.protocol.requirements:
            place = place_of(address)
            assert place.line > 1, address
            line = Path(place.file).read_text("utf-8").splitlines()[place.line - 1]
            assert line.split("id: ")[1] == address.partition("/")[2]


def test_so_has_what_the_wire_promises() -> None:
    for address in WIRE.requirements:
        place = place_of(address)
        _, topic, number = address.split("/")
        lines = Path(place.file).read_text("utf-8").splitlines()
        assert lines[place.line - 1].startswith(f"[[{topic}]]")
        assert sum(line.startswith(f"[[{topic}]]") for line in lines[: place.line]) == int(number)


def test_what_stands_nowhere_has_a_place_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place_of("toy/talk/1").file == "spec/protocols/toy.yaml"
    assert place_of("space/session/1").line > 1  # in our own checkout
    assert not place_of("space/session/1").is_here
