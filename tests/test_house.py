"""Every protocol has its room in every layer; whichever is missing is named here."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from conformance.suite import SUITES
from protocols import PROTOCOLS
from reference_server.served import SERVED

ROOT = Path(__file__).parents[1]
PACKAGES = ("protocols", "reference_server", "simulators", "conformance", "loadtests", "rehearsal")
GENERATED = {ROOT / "protocols" / f"{name}.py" for name in PROTOCOLS}
LONGEST = 600
"""Lines; a longer module is more than one noun."""
HERE_ALONE = re.compile(r"(?<![\w.<])/(?:root|work|home/\w+)/|pypi\.org/|files\.pythonhosted\.org|registry\.npmjs\.org")
"""What is true of one machine only, or names where packages come from."""


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize(
    "room",
    [
        "spec/protocols/{}.yaml",
        "protocols/{}.py",
        "reference_server/rules/{}.py",
        "simulators/actors/{}.py",
        "conformance/models/{}.py",
        "tests/faults/{}.py",
    ],
)
def test_every_protocol_has_its_room(name: str, room: str) -> None:
    assert (ROOT / room.format(name)).exists(), f"{name} lacks {room.format(name)}"


def test_every_source_is_a_protocol_and_is_written_out_everywhere() -> None:
    sources = {path.stem for path in (ROOT / "spec" / "protocols").glob("*.yaml")} - {"common"}

    assert set(PROTOCOLS) == sources
    assert set(SERVED) == sources
    assert {suite.protocol.name for suite in SUITES} == sources


def _modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("module", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_and_is_one_noun(module: Path) -> None:
    text = module.read_text("utf-8")

    assert ast.get_docstring(ast.parse(text)), "no docstring"
    if module not in GENERATED:
        assert text.count("\n") <= LONGEST


def test_nothing_committed_is_true_of_one_machine_only() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    told = []
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if not name or path.suffix == ".png" or path == Path(__file__) or not path.is_file():
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if HERE_ALONE.search(line):
                told.append(f"{name}:{number}: {line.strip()[:100]}")
    assert told == []
