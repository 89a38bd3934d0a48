"""A new protocol: what docs/adding-a-protocol.md says is done in a copy of the checkout, command by command."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from protocols.errors import UsageError
from rehearsal.scaffold import LONGEST, REGISTRATIONS, main, scaffold

from .command import Running

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding-a-protocol.md"
BLOCK = re.compile(r"<!-- not run: tests/rehearsal/test_scaffold\.py .*? -->\n```console\n(.*?)```", re.DOTALL)
PARTS = (
    "spec",
    "protocols",
    "reference_server",
    "simulators",
    "conformance",
    "loadtests",
    "rehearsal",
    "tests",
    "docs",
)
UNUSED = shutil.ignore_patterns("node_modules", "interop", ".*", "*.pyc.*")  # the last are half-written
ON_PAPER = """
from rehearsal.virtual import VirtualRun
from simulators.scenario import Cast

people = Cast.parse("speaker=20,heckler=3", "echo")
tally = VirtualRun(people, protocol="echo", seed=1, accounting=True).play(60.0).tally
assert (tally.faults, tally.examples) == (0, []) and tally.total("delivered") > 1000, tally
"""
HIDDEN = {"VIRTUAL_ENV", "PYTEST_ADDOPTS", "MAKEFLAGS", "MAKELEVEL"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the checkout that lives in the same Python."""
    copy = tmp_path_factory.mktemp("scaffold")
    for part in PARTS:
        shutil.copytree(ROOT / part, copy / part, ignore=UNUSED)
    for file in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / file, copy)
    (copy / ".venv").symlink_to(sys.prefix)
    if (types := ROOT / ".mypy_cache").exists():  # what `make check` has found out need not be found out again
        shutil.copytree(types, copy / ".mypy_cache")
    return copy


@pytest.fixture(scope="module")
def env(checkout: Path) -> dict[str, str]:
    """Give the environment in which the copy's own modules are found, and make has nothing to install."""
    kept = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    path = f"{checkout / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "PYTHONPATH": str(checkout), "MAKEFLAGS": "LIVES="}


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def blocks() -> list[list[str]]:
    """Return the commands of the page, those that begin a protocol and those that try it."""
    return [re.findall(r"^\$ (.*)$", block[1], re.MULTILINE) for block in BLOCK.finditer(PAGE.read_text("utf-8"))]


def quicker(command: str) -> str:
    """Return a command that takes less time than a reader has; `rehearsal check` shows that the whole server passes."""
    brief = re.sub("--for .*", "--for 2s", command).replace("-k echo", "-k 'echo and not whole'")
    return f"{brief} --budget 1s" if command.startswith("rehearsal check") else brief


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_what_the_page_says_comes_true(checkout: Path, env: dict[str, str]) -> None:
    def run(command: str) -> None:
        done = subprocess.run(
            ["bash", "-c", command], cwd=checkout, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"

    before = contents(checkout)
    begin, attempt = blocks()
    assert begin[0] == "make new-protocol NAME=echo"
    run(begin[0])
    new = sorted(str(path) for path in contents(checkout).keys() - before.keys() if path.suffix == ".py")
    assert len(new) == 8
    run(f".venv/bin/python -m ruff check {' '.join(new)} && .venv/bin/python -m ruff format --check {' '.join(new)}")
    mypy = [sys.executable, "-m", "mypy", *new]
    with subprocess.Popen(mypy, cwd=checkout, env=env, stdout=subprocess.PIPE, text=True) as types:
        for command in begin[1:]:
            run(quicker(command))
        serve, *others = attempt
        with Running(*serve.split()[1:], "--port", "0", cwd=checkout, env=env) as server:
            url = server.line_with("Listening on").split()[-1]
            for command in others:
                run(quicker(command).replace("http://127.0.0.1:3001", url))
        run(f".venv/bin/python -c '{ON_PAPER}'")
        assert types.stdout is not None
        assert types.stdout.read() == f"Success: no issues found in {len(new)} source files\n"

    there = contents(checkout)
    again = subprocess.run(["bash", "-c", begin[0]], cwd=checkout, env=env, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert (
        again.stderr.splitlines()[0]
        == "error: conformance/models/echo.py exists already; choose another name than echo"
    )
    assert contents(checkout) == there


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "a name is missing"),
        ("Echo", "'Echo' is no name for a protocol"),
        ("my-chat", "'my-chat' is no name"),
        ("a__b", "'a__b' is no name"),
        ("é", "'é' is no name"),
        ("../x", "'../x' is no name"),
        ("a" * (LONGEST + 1), "is no name"),
        ("class", "class is a word of Python or YAML"),
        ("null", "null is a word of Python or YAML"),
        ("hub", "hub.* exists already"),
        ("common", "common.* exists already"),
        ("contract", "contract means something else|contract.py exists already"),
        ("world", "World means something else in reference_server/served.py"),
        ("said", "said means something else"),
    ],
)
def test_a_name_that_cannot_be_is_told_why(name: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        scaffold(name, ROOT)


def test_elsewhere_than_in_a_checkout_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["echo"]) == 2
    told = "error: there is no spec/protocols/common.yaml here; go to the checkout that is to have the protocol echo\n"
    assert capsys.readouterr().err == told
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_is_not_written_out_is_not_guessed_at(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "spec").symlink_to(checkout / "spec")
    for registration in REGISTRATIONS:
        (tmp_path / registration.path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / registration.path, tmp_path / registration.path)
    (tmp_path / "conformance" / "suite.py").write_text("import all_of\n\nSUITES = all_of.them()\n", "utf-8")

    with pytest.raises(UsageError, match=r"^conformance/suite.py has no table SUITES that is written out"):
        scaffold("other", tmp_path)


def test_the_longest_name_keeps_everything_in_shape(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    wanted = scaffold("neighbourhood_watch1", ROOT)
    for path, text in wanted.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    own = [str(path) for path in wanted if path.suffix == ".py" and "neighbourhood" in path.name]

    # Whether imports are in order takes the whole checkout.
    for command in (["check", "--ignore=I001", *own], ["format", "--check", *own]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode()
    assert "NeighbourhoodWatch1(" in wanted[Path("reference_server/rules/neighbourhood_watch1.py")]
    assert not [path for path, text in wanted.items() if "echo" in text.lower()]
