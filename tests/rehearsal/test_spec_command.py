"""`rehearsal spec` on a copy of the contract."""

import shutil
from pathlib import Path

import pytest

from protocols.bundle import SHARED

from .command import rehearsal

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a folder with a copy of the contract, and of the modules and pages that are generated."""
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    shutil.copytree(ROOT / "docs" / "protocols", tmp_path / "docs" / "protocols")
    (tmp_path / "protocols").mkdir()
    for source in (tmp_path / "spec" / "protocols").glob("*.yaml"):
        if source.name != SHARED:
            shutil.copy(ROOT / "protocols" / f"{source.stem}.py", tmp_path / "protocols")
    return tmp_path


def test_lint_passes_the_contract_and_fails_a_dangling_reference(checkout: Path) -> None:
    space = checkout / "spec" / "protocols" / "space.yaml"
    assert rehearsal("spec", "lint", cwd=checkout).code == 0

    space.write_text(space.read_text("utf-8").replace("#/components/messages/PlayerMoved'", "#/x'", 1), "utf-8")
    ended = rehearsal("spec", "lint", cwd=checkout)
    assert ended.code == 1
    assert "spec/protocols/space.yaml:" in ended.out


def test_lint_finds_what_is_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [")
    ended = rehearsal("spec", "lint", "bad.yaml", cwd=tmp_path)

    assert ended.code == 1
    assert ended.out.startswith("bad.yaml:2: not YAML")
    assert ended.out.endswith("1 finding in 1 document\n")


@pytest.mark.parametrize(("command", "drifted"), [("bundle", "spec/asyncapi.yaml"), ("generate", "protocols/space.py")])
def test_what_has_drifted_is_told_and_then_written(checkout: Path, command: str, drifted: str) -> None:
    assert rehearsal("spec", command, "--check", cwd=checkout).code == 0
    wanted = (checkout / drifted).read_text("utf-8")
    (checkout / drifted).write_text("old", "utf-8")

    checked = rehearsal("spec", command, "--check", cwd=checkout)
    assert (checked.code, (checkout / drifted).read_text("utf-8")) == (1, "old")
    assert f"{drifted}: is not what `rehearsal spec {command}` writes" in checked.out

    assert rehearsal("spec", command, cwd=checkout).code == 0
    assert (checkout / drifted).read_text("utf-8") == wanted


def test_diff_is_exit_1_when_clients_break(checkout: Path) -> None:
    old, new = checkout / "spec" / "protocols" / "space.yaml", checkout / "spec" / "protocols" / "new.yaml"
    new.write_text(old.read_text("utf-8").replace("address: /space", "address: /plaza"), "utf-8")

    same, broken = rehearsal("spec", "diff", str(old), str(old)), rehearsal("spec", "diff", str(old), str(new))
    assert same.code == 0
    assert broken.code == 1
    assert "breaking: space: the namespace is /plaza now, not /space" in broken.out
    assert "1 change: 1 breaking, 0 review, 0 compatible" in broken.out


def test_diff_of_folders_compares_their_bundles(checkout: Path) -> None:
    same = rehearsal("spec", "diff", "spec", "spec/asyncapi.yaml", cwd=checkout)
    assert (same.code, same.out.strip()) == (0, "0 changes: 0 breaking, 0 review, 0 compatible")

    none = rehearsal("spec", "diff", "spec", "protocols", cwd=checkout)
    assert none.code == 2
    assert "protocols has no asyncapi.yaml" in none.err
