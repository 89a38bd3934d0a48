"""What the runner of GitHub Actions is told, and that nobody but us tells it anything."""

import io
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from conformance.report import Report
from conformance.report.github import GitHub, annotation, summary
from conformance.report.terminal import Terminal
from conformance.report.words import visible
from conformance.runner import Started

from ..stories import case, failed, passed, report, tally

FORGED = (
    "\n::error::forged",
    "::set-output name=x::y",
    "##[error]forged",
    "a\r\n::stop-commands::x\n::add-mask::1",
    "%0A::error::forged",
)


class Runner:
    """Reads a log as GitHub's runner does: commands anywhere in old style, at the beginning of a line in new style."""

    def __init__(self, log: str) -> None:
        self.obeyed: list[tuple[str, str]] = []
        word = ""
        for line in log.splitlines():
            found = re.match(r"\s*::([\w-]+)(?: [^:]*)?::(.*)", line)
            old = re.search(r"##\[([\w-]+)[^\]]*\](.*)", line)
            if word:
                word = "" if line.strip() == f"::{word}::" else word
            elif found and found[1] == "stop-commands":
                word = found[2]
            elif found or old:
                command = found or old
                assert command is not None
                self.obeyed.append((command[1], command[2]))


def told(*reports: Report, to: Path | None = None) -> Runner:
    file = io.StringIO()
    console = Console(file=file, width=120)
    github = GitHub(console, to)
    terminal = Terminal(console)
    for one in reports:
        for listener in (terminal, github):
            listener.hear(Started(one.tally.cases[0], 1, 1), one.tally)
        for listener in (terminal, github):
            listener.end(one)
    return Runner(file.getvalue())


def test_each_defect_is_an_annotation() -> None:
    bad = report(tally(failed(case("a")), failed(case("b")), failed(case("soon"), "toy/talk/3")))
    runner = told(bad, report(tally(passed(case()))), bad)

    assert [name for name, _ in runner.obeyed] == ["error", "warning"] * 2
    assert unquote(runner.obeyed[0][1]).splitlines() == [
        "Talk is heard.",
        "expected ben hears talk",
        "came silence",
        "met by 2 cases; repeat: rehearsal check URL toy/talk/a --seed 7",
    ]


@pytest.mark.parametrize("said", FORGED)
def test_no_target_forges_a_command(said: str) -> None:
    runner = told(report(tally(failed(case(said), came=said, conversation=(f"ana < talk {said}", said)))))

    assert [name for name, _ in runner.obeyed] == ["error"]
    assert runner.obeyed[0][1].startswith("Talk is heard.%0Aexpected ben hears talk%0Acame ")


@given(st.text(st.characters()))
def test_an_annotation_is_one_line_and_says_what_came(said: str) -> None:
    one = report(tally(failed(case(), came=said)))
    (defect,) = one.tally.defects()
    line = annotation(one, defect)

    assert len(line.splitlines()) == 1
    assert f"came {visible(said)}"[:600] in line.partition("::expected")[2].replace("%0A", "\n").replace(
        "%25", "%"
    ) or (visible(said) in line.replace("%0A", "\n").replace("%25", "%"))


def test_a_place_is_named_where_the_contract_is_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = report(tally(failed(case(), "toy/talk/1")))
    monkeypatch.chdir(tmp_path)
    assert annotation(one, one.tally.defects()[0]).startswith("::error title=toy/talk/1 MUST::")
    (tmp_path / "spec" / "protocols").mkdir(parents=True)
    (tmp_path / "spec" / "protocols" / "toy.yaml").write_text("x-requirements:\n- id: talk/1\n")
    here = annotation(one, one.tally.defects()[0])
    assert here.startswith("::error file=spec/protocols/toy.yaml,line=2,title=toy/talk/1 MUST::")


def test_the_summary_comes_below_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    told(report(tally(failed(case()))), report(tally(passed(case()))), to=file)

    text = file.read_text("utf-8")
    assert text.startswith("before\n## ✗ toy: 1 requirement broken\n")
    assert "## ✓ toy: 2 requirements kept" in text
    assert "| ✗ failed | ? unknown |" in text
    assert "came      silence\n= ana, ben\nana > talk {}\n! silence\nrepeat    rehearsal check" in text


@given(st.text(st.sampled_from("`~\n<>x|#")))
def test_what_a_target_says_stays_inside_its_block(said: str) -> None:
    text = summary(report(tally(failed(case(), came=said))))

    fence = re.search(r"^(`{3,})text$", text, re.MULTILINE)
    assert fence is not None
    block = text[fence.end() :].split(f"\n{fence[1]}\n")
    assert len(block) == 2
    assert visible(said) in block[0]


def test_very_much_is_cut() -> None:
    long = "x" * 100_000
    many = [
        failed(case(f"c{number}"), f"toy/more/{number}", came=long, conversation=(long,) * 8) for number in range(60)
    ]
    text = summary(report(tally(*many)))

    assert len(text) < 500_000
    assert "and 10 more defects" in text
