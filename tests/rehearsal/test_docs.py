"""Every command that the documentation shows is run, or, where it cannot be here, at least understood.

A code block marked `console` (commands after `$`) or `bash` (every line) is run in a copy of the checkout. A comment
before the block says what it needs: `<!-- server -->` a reference server at http://127.0.0.1:3001, which the test
replaces by its own; `<!-- until Ctrl-C -->` somebody who ends it; `<!-- not run: reason -->` more than a test should
do. Of those, and of commands with a placeholder such as OLD.yaml, only the words of `rehearsal` are read.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.testing

from rehearsal.application import app

from .command import OURSELVES, Running

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SERVER = re.compile(r"http://(127\.0\.0\.1|localhost):3001")
PLACEHOLDER = re.compile(r"(?<![\w./$-])[A-Z]{3,}(?:\.\w+)?(?![\w=])")
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>server|until Ctrl-C|not run: [^>]+) -->\n+)?^```(?P<kind>console|bash)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Shown:
    """One command of a page."""

    page: str
    line: int
    command: str
    mark: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def shown(page: Path) -> Iterator[Shown]:
    text = page.read_text("utf-8")
    for block in BLOCK.finditer(text):
        first = text[: block.start("text")].count("\n") + 1
        name = str(page.relative_to(ROOT))
        joined = re.sub(r"\\\n", "  ", block["text"])
        for number, line in enumerate(joined.splitlines()):
            prompt, _, rest = line.partition("$ ")
            command = rest if block["kind"] == "console" and not prompt else line if block["kind"] == "bash" else ""
            if command and not command.startswith("#"):
                yield Shown(name, first + number, command, block["mark"] or "")


EVERY = [one for page in PAGES if page.exists() for one in shown(page)]
OURS = [one for one in EVERY if one.command.startswith("rehearsal")]
# What several pages show is run once.
RUN = list(
    {
        one.command: one
        for one in EVERY
        if not one.mark.startswith(("not run", "until")) and not PLACEHOLDER.search(one.command)
    }.values()
)
UNTIL_CTRL_C = [one for one in EVERY if one.mark == "until Ctrl-C"]


def test_there_are_commands_to_run() -> None:
    assert any(not one.mark for one in EVERY)
    assert any(one.mark == "server" for one in EVERY)


@pytest.mark.parametrize("one", OURS, ids=str)
def test_our_commands_are_understood(one: Shown) -> None:
    words = shlex.split(one.command.partition("|")[0], comments=True)[1:]
    # Unknown commands and options are refused before help is given; nothing is run.
    result = typer.testing.CliRunner().invoke(app, [*words, "--help"])

    assert result.exit_code == 0, result.output
    assert result.output.startswith("Usage: rehearsal")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of what commands read and write."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in ("spec", "protocols", "examples", "docs"):
        if (ROOT / folder).exists():
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    return copy


@pytest.mark.parametrize("one", RUN, ids=str)
def test_commands_end_well(one: Shown, request: pytest.FixtureRequest, checkout: Path) -> None:
    command = one.command
    if one.mark == "server":
        command = SERVER.sub(request.getfixturevalue("whole"), command)
    if command.startswith("rehearsal check") and "--budget" not in command:
        command += " --budget 1s"  # a reader has a minute
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"set -eu; {command}"],
        cwd=checkout,
        env={**OURSELVES, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"


@pytest.mark.parametrize("one", UNTIL_CTRL_C, ids=str)
def test_commands_run_until_ctrl_c(one: Shown) -> None:
    words = shlex.split(one.command, comments=True)
    assert words[:2] == ["rehearsal", "serve"], "only servers are known to run on"
    with Running(*words[1:], "--port", "0") as server:
        server.line_with("Ctrl-C")
        assert server.interrupt().code == 0
