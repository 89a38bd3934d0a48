"""The workflows of docs/ci.md are whole: they parse, their command is understood and writes what they publish."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from loadtests.results.record import Record

from .command import rehearsal

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
*WORKFLOWS, LOAD = [yaml.safe_load(block) for block in BLOCKS]
OBJECTIVES = next(
    block for block in re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE) if "slo" in block
)


def strings(node: object, under: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a workflow with the key that it stands under."""
    match node:
        case str():
            yield under, node
        case list():
            for item in node:
                yield from strings(item, under)
        case dict():
            for key, item in node.items():
                yield from strings(item, str(key))


def commands(workflow: object) -> list[str]:
    return [text for key, text in strings(workflow) if key in ("run", "script", "before_script")]


def test_there_is_one_for_each_and_both_install_what_is_ours() -> None:
    github, gitlab = WORKFLOWS
    assert "jobs" in github
    assert "conformance" in gitlab
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    for workflow in WORKFLOWS:
        assert f"pip install {project}" in commands(workflow)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=["github", "gitlab"])
def test_the_command_of_a_workflow_writes_what_its_steps_publish(workflow: object, whole: str, tmp_path: Path) -> None:
    (command,) = [one for one in commands(workflow) if one.startswith("rehearsal")]
    (tmp_path / "target.toml").write_text(f'url = "{whole}"\n')
    (tmp_path / "known.toml").write_text('"space/chat/1" = ["law"]\n')
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    words = shlex.split(command)[1:]
    ended = rehearsal(*words, "space/chat:message/valid", "--budget", "1s", cwd=tmp_path, env=runner)

    assert ended.code == 0, ended.out + ended.err
    published = [text for key, text in strings(workflow) if key in ("path", "paths", "sarif_file", "junit")]
    assert len(published) == 2
    for path in published:
        assert (tmp_path / path).exists(), path
    assert (tmp_path / "reports" / "report.html").is_file()
    assert "## ✓ space: " in (tmp_path / "summary.md").read_text("utf-8")
    first, *_, last = [line for line in ended.out.splitlines() if line.startswith("::")]
    assert first.removeprefix("::stop-commands::") == last.strip(":")


def test_the_load_test_of_the_page_keeps_its_objectives_and_leaves_what_is_published(
    whole: str, tmp_path: Path
) -> None:
    """In a hurry, and with times that a machine can keep which runs all tests at once."""
    (script,) = [one for one in commands(LOAD) if "rehearsal load" in one]
    command = script.splitlines()[-1].replace("http://127.0.0.1:3000", whole).replace("--for 30s", "--for 7s")
    stretched = re.sub(r'"\d+(ms|s)"', '"1h"', OBJECTIVES)
    assert stretched.count("1h") == 2
    (tmp_path / "slo.toml").write_text(stretched)
    ended = rehearsal(*shlex.split(command)[1:], cwd=tmp_path, env={"COLUMNS": "120"}, within_s=150)
    assert ended.code == 0, ended.out + ended.err
    assert ended.out.count(" kept") == 6
    assert "BROKEN" not in ended.out
    (published,) = [text for key, text in strings(LOAD) if key == "path"]
    record = Record.read(tmp_path / published)
    assert (tmp_path / published / "load.html").is_file()
    assert record.asked.users == max(moment.users for moment in record.moments) == 40
    heard = sum(row.delivered for row in record.deliveries)
    assert heard == sum(moment.heard for moment in record.moments) > 0
    # What nobody could demand may have been heard all the same, and then it is not timed.
    timed = sum(row.count for row in record.totals if row.kind == "deliver")
    assert 0.9 * heard < timed <= heard + sum(row.lost for row in record.deliveries)
