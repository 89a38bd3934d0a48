"""The help texts in the documentation are those of the commands."""

from pathlib import Path

import pytest

from rehearsal.help_docs import commands, help_of, main, rendered

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_is_current_and_has_every_command() -> None:
    page = PAGE.read_text("utf-8")

    assert rendered(page) == page, "run `make generate`"
    for command in commands():
        assert f"<!-- help: {command} -->\n```text\nUsage: {command} " in page


def test_check_tells_and_writing_mends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "docs" / "cli.md"
    page.parent.mkdir()
    page.write_text("# Before\n<!-- help: rehearsal demo -->\n```text\nold\n```\nafter\n")

    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert (
        page.read_text() == f"# Before\n<!-- help: rehearsal demo -->\n```text\n{help_of('rehearsal demo')}```\nafter\n"
    )


def test_an_unknown_command_is_an_error() -> None:
    with pytest.raises(ValueError, match="rehearsal fly is no command"):
        rendered("<!-- help: rehearsal fly -->\n")
