"""What programs read of a run: JSON and JUnit's XML."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.report import Report
from conformance.report.json import JsonFile
from conformance.report.junit import JunitFile
from conformance.report.terminal import TextFile
from conformance.report.words import visible

from ..stories import case, failed, passed, report, skipped, tally, unknown

# The attributes that the schema of Jenkins and its kin demands of each element, and the order of what is in it.
ATTRIBUTES = {
    "testsuites": set(),
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase"],
    "properties": ["property"],
    "testcase": ["skipped", "error", "failure", "system-out"],
}


@pytest.fixture
def mixed() -> Report:
    return report(
        tally(
            passed(case("good")),
            failed(case("bad"), also=("toy/talk/2",)),
            unknown(case("odd", cites=("toy/talk/1",))),
            skipped(case("slow", cites=("toy/talk/2",))),
            failed(case("soon", cites=("toy/talk/3",)), "toy/talk/3"),
            untested={"toy/log/1": "inside"},
        )
    )


def junit(report: Report, folder: Path) -> ElementTree.Element:
    JunitFile(folder / "junit.xml").end(report)
    root = ElementTree.parse(folder / "junit.xml").getroot()
    _check_shape(root)
    return root


def _check_shape(element: ElementTree.Element) -> None:
    assert set(element.attrib) == ATTRIBUTES[element.tag]
    order = [CHILDREN[element.tag].index(child.tag) for child in element]
    assert order == sorted(order)
    for child in element:
        _check_shape(child)


def test_junit_has_a_test_case_for_each_case(mixed: Report, tmp_path: Path) -> None:
    suite = junit(mixed, tmp_path)[0]

    assert suite.attrib | {"hostname": ""} == {
        "name": "rehearsal.toy",
        "tests": "5",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "2.500",
        "timestamp": "2030-01-02T03:04:05",
        "hostname": "",
    }
    ended = {one.get("name"): [child.tag for child in one] for one in suite.iter("testcase")}
    assert ended == {
        "toy/talk/good": [],
        "toy/talk/bad": ["failure"],
        "toy/talk/odd": ["error"],
        "toy/talk/slow": ["skipped"],
        "toy/talk/soon": ["system-out"],
    }


def test_junit_tells_the_requirement_the_conversation_and_the_command(mixed: Report, tmp_path: Path) -> None:
    failure = next(junit(mixed, tmp_path).iter("failure"))

    assert failure.attrib == {"message": "toy/talk/1 MUST Talk is heard.", "type": "toy/talk/1"}
    assert (failure.text or "").splitlines() == [
        "toy/talk/1 MUST Talk is heard.",
        "kind of check missing-delivery",
        "expected ben hears talk",
        "came silence",
        "= ana, ben",
        "ana > talk {}",
        "! silence",
        "rehearsal check URL toy/talk/bad --seed 7",
    ]


@given(st.text(st.characters()))
def test_junit_is_well_formed_whatever_the_target_said(tmp_path_factory: pytest.TempPathFactory, said: str) -> None:
    folder = tmp_path_factory.mktemp("junit")
    root = junit(report(tally(failed(case(), came=said, conversation=(said, "]]>")))), folder)

    text = next(root.iter("failure")).text or ""
    assert f"came {visible(said)}" in text


def test_json_says_everything(mixed: Report, tmp_path: Path) -> None:
    JsonFile(tmp_path / "report.json").end(mixed)
    whole: Any = json.loads((tmp_path / "report.json").read_bytes())

    assert list(whole) == ["schema", "tool", "name", "exit_code", "reports"]
    assert whole["name"] == "http://127.0.0.1:3001"
    assert whole["schema"] == 2
    assert whole["exit_code"] == 1
    (found,) = whole["reports"]
    assert list(found) == [
        "protocol",
        "target",
        "run",
        "exit_code",
        "counts",
        "requirements",
        "cases",
        "defects",
        "mended",
        "coverage",
    ]
    assert found["mended"] == []
    assert found["exit_code"] == 1
    assert found["run"] | {"started": ""} == {
        "started": "",
        "took_s": 2.5,
        "seed": 7,
        "budget_s": 35.0,
        "slow": False,
        "strict": False,
        "addresses": [],
        "stopped": "",
    }
    standings = {one["address"]: one["standing"] for one in found["requirements"]}
    assert standings == {
        "toy/talk/1": "failed",
        "toy/talk/2": "failed",
        "toy/talk/3": "warned",
        "toy/log/1": "untested",
    }
    assert [one["standing"] for one in found["cases"]] == ["passed", "failed", "unknown", "skipped", "warned"]
    assert found["defects"][0] == {
        "requirement": "toy/talk/1",
        "level": "MUST",
        "text": "Talk is heard.",
        "check": "missing-delivery",
        "about": "talk > talk",
        "also": ["toy/talk/2"],
        "counts": True,
        "known": False,
        "times": 1,
        "cases": ["toy/talk/bad"],
        "expected": "ben hears talk",
        "came": "silence",
        "conversation": ["= ana, ben", "ana > talk {}", "! silence"],
        "repeat": "rehearsal check URL toy/talk/bad --seed 7",
        "reproducer": None,
    }


@given(st.text(st.characters()))
def test_json_keeps_whatever_the_target_said(tmp_path_factory: pytest.TempPathFactory, said: str) -> None:
    path = tmp_path_factory.mktemp("json") / "report.json"
    JsonFile(path).end(report(tally(failed(case(), came=said))))

    assert json.loads(path.read_bytes())["reports"][0]["defects"][0]["came"] == said


def test_several_protocols_are_told_in_one_file_each(mixed: Report, tmp_path: Path) -> None:
    well = report(tally(passed(case())))
    files = JsonFile(tmp_path / "a.json"), JunitFile(tmp_path / "a.xml"), TextFile(tmp_path / "a.txt")
    for file in files:
        file.end(well)
        file.end(mixed)
    whole: Any = json.loads((tmp_path / "a.json").read_bytes())
    assert (whole["exit_code"], [one["exit_code"] for one in whole["reports"]]) == (1, [0, 1])
    assert len(ElementTree.parse(tmp_path / "a.xml").getroot()) == 2
    text = (tmp_path / "a.txt").read_text("utf-8")
    assert text.index("\nPASSED: ") < text.index("\nFAILED: ")
