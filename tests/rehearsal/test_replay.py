"""What a report leaves of a failure shows it again: the replay to the judge, a script to anybody."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.free_port import free_port

from .command import rehearsal


@pytest.fixture(scope="module")
def reproducer(gossip: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that show to others that whispers are overheard."""
    folder = tmp_path_factory.mktemp("report")
    ended = rehearsal("check", gossip, "space/whisper:send/valid/plain", "--report", str(folder))
    assert ended.code == 1
    whole: Any = json.loads((folder / "report.json").read_text("utf-8"))
    (defect,) = whole["reports"][0]["defects"]
    found = defect["reproducer"]
    assert f"  alone     {found['python']}" in ended.out
    return {kind: folder / found[kind] for kind in ("python", "node", "replay")}


def test_a_replay_says_whether_the_fault_still_shows(reproducer: dict[str, Path], gossip: str, whole: str) -> None:
    file = str(reproducer["replay"])
    again = rehearsal("check", "--replay", file)
    assert (again.code, again.out.strip()) == (1, f"the fault still shows at {gossip}")

    mended = rehearsal("check", whole, "--replay", file)
    assert (mended.code, mended.out.strip()) == (0, f"the fault does not show any more at {whole}")

    nobody = rehearsal("check", f"http://127.0.0.1:{free_port()}", "--replay", file)
    assert nobody.code == 2
    assert "nobody can tell" in nobody.out


def test_a_script_shows_it_alone(reproducer: dict[str, Path], gossip: str) -> None:
    script = [sys.executable, str(reproducer["python"])]
    ended = subprocess.run([*script, gossip], check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1, ended.stderr
    assert "the fault shows: True" in ended.stdout

    nobody = f"http://127.0.0.1:{free_port()}"
    ended = subprocess.run([*script, nobody], check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert "nobody can tell" in ended.stdout


def test_what_is_no_replay_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "some.json").write_text("{}")
    ended = rehearsal("check", "--replay", str(tmp_path / "some.json"))

    assert ended.code == 2
    assert "is no replay" in ended.out + ended.err
