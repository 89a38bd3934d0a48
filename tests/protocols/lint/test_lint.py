"""Each faulty document is one small edit away from valid.yaml, and gets exactly the finding that the edit deserves."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from protocols.errors import SpecError
from protocols.lint import lint

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
SPEC = ROOT / "spec" / "protocols"
LINT = ROOT / "protocols" / "lint"
VALID = (HERE / "valid.yaml").read_text(encoding="utf-8")
SHARED = (HERE / "shared.yaml").read_text(encoding="utf-8")


class Fault(NamedTuple):
    """One edit of valid.yaml."""

    rule: str
    old: str
    """What is edited; stands in the document once."""
    new: str
    at: str = ""
    """Text of the line that the finding has to point at, where that is not the first line of the edit."""


FAULTS = [Fault(**fault) for fault in yaml.safe_load((HERE / "faults.yaml").read_text(encoding="utf-8"))]


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{index}-{fault.rule}" for index, fault in enumerate(FAULTS)])
def test_one_fault_is_one_finding_on_its_line(fault: Fault, tmp_path: Path) -> None:
    assert VALID.count(fault.old) == 1, "the edit is ambiguous"
    text = VALID.replace(fault.old, fault.new)
    (tmp_path / "shared.yaml").write_text(SHARED, encoding="utf-8")
    (tmp_path / "desk.yaml").write_text(text, encoding="utf-8")
    found = lint(tmp_path / "desk.yaml")
    position = text.index(fault.at) if fault.at else VALID.index(fault.old) + _common_prefix(fault.old, fault.new)
    line = text.count("\n", 0, position) + 1
    assert {(finding.rule, finding.line) for finding in found} == {(fault.rule, line)}, "\n".join(map(str, found))
    for finding in found:
        assert finding.file == tmp_path / "desk.yaml"
        assert re.fullmatch(r"[^\n]+[^.\n]", finding.message)
        assert re.fullmatch(r"[A-Z][^\n]+[^.\n]", finding.remedy)


def test_the_edited_documents_start_from_clean_ones() -> None:
    assert lint(HERE / "valid.yaml") == []
    assert lint(HERE / "shared.yaml") == []


@pytest.mark.parametrize("path", sorted(SPEC.glob("*.yaml")), ids=lambda path: path.stem)
def test_our_own_contract_is_clean(path: Path) -> None:
    assert lint(path) == []


def test_every_rule_has_been_seen_to_fail() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in LINT.glob("*.py"))
    named = set(re.findall(r"""(?:Finding\.at\(\s*[^"]*?|rule, )"([a-z-]+)",""", sources))
    assert len(named) > 30
    assert named <= {fault.rule for fault in FAULTS} | {"circular-ref"}  # for that one see below


def test_a_fault_in_a_shared_schema_is_told_of_the_shared_file(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(VALID, encoding="utf-8")
    (tmp_path / "shared.yaml").write_text(SHARED.replace("  maxLength: 64\n", ""), encoding="utf-8")
    for name in ("desk.yaml", "shared.yaml"):
        assert [(f.file, f.line, f.rule) for f in lint(tmp_path / name)] == [(tmp_path / "shared.yaml", 6, "unbounded")]


def test_a_shared_requirement_has_the_shape_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text(SHARED.replace("level: MUST", "level: WILL"), encoding="utf-8")
    assert [(f.line, f.rule) for f in lint(tmp_path / "shared.yaml")] == [(4, "extension")]


def test_references_that_go_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text("A: {$ref: '#/B'}\nB: {$ref: '#/A'}\n", encoding="utf-8")
    assert {finding.rule for finding in lint(tmp_path / "shared.yaml")} == {"circular-ref", "recursive-schema"}


def test_a_finding_is_one_line_that_says_everything(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("Name: {type: string}\n", encoding="utf-8")
    remedy = "Add maxLength (or enum, const, a bounded format, or a pattern from ^ to $ without * and +)"
    assert (
        str(*lint(tmp_path / "x.yaml")) == f"{tmp_path}/x.yaml:1: unbounded: Name is a string of any length. {remedy}."
    )


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2", "- {a", "\t", "a: *b", "\x00"])
def test_only_unreadable_yaml_raises(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=r"x\.yaml:\d+: "):
        lint(tmp_path / "x.yaml")


def _common_prefix(old: str, new: str) -> int:
    """Return how many characters, up to the first that is no white space, the two have in common."""
    length = next(
        (index for index, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    while length < len(new) and new[length].isspace():
        length += 1
    return length
