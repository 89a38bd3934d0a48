"""What people read of a run."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from conformance.report import Report
from conformance.report.terminal import Terminal, TextFile, listing
from conformance.runner import TargetDied

from ..stories import case, failed, passed, report, skipped, tally, unknown


def printed(report: Report, *, colour: bool = False) -> str:
    file = io.StringIO()
    Terminal(Console(file=file, width=100, force_terminal=colour, color_system="standard" if colour else None)).end(
        report
    )
    return file.getvalue()


def test_a_failure_is_told_in_full() -> None:
    text = printed(report(tally(failed(case(), also=("toy/talk/2",)), passed(case("random", cites=("toy/talk/1",))))))

    table = [line.split() for line in text.splitlines()[2:4]]
    assert table == [["event", "or", "topic", "valid", "random"], ["talk", "✗", "✓"]]
    for line in (
        "FAILED toy/talk/1 MUST  missing-delivery  met by toy/talk/valid",
        "  promised  Talk is heard.",
        "  also      toy/talk/2 MUST Talk is heard once.",
        "  expected  ben hears talk",
        "  came      silence",
        "  said      = ana, ben",
        "            ana > talk {}",
        "            ! silence",
        "  repeat    rehearsal check URL toy/talk/valid --seed 7",
        "FAILED: 2 requirements broken",
    ):
        assert line in text.splitlines()


def test_the_same_defect_is_told_once_with_a_count() -> None:
    text = printed(report(tally(failed(case("a")), failed(case("b")))))

    assert text.count("FAILED toy/talk/1") == 1
    assert "met by toy/talk/a, toy/talk/b" in text


def test_what_did_not_pass_is_named_with_its_words_and_why() -> None:
    found = tally(
        passed(case(cites=("toy/talk/1",))),
        skipped(case("slow", cites=("toy/talk/2",))),
        failed(case("soon", cites=("toy/talk/3",)), "toy/talk/3"),
        untested={"toy/log/1": "logs are inside"},
    )
    text = printed(report(found))

    assert "Requirements: 1 warned, 1 passed, 1 skipped, 1 untested" in text
    assert "  – toy/talk/2 MUST Talk is heard once.\n    skipped: slow; asked for with --slow" in text
    assert "  ! toy/talk/3 SHOULD Talk is heard soon." in text
    assert "  – toy/log/1 MUST Talk is logged.\n    untested: logs are inside" in text
    assert text.endswith("PASSED: 1 requirement kept; broken, and not counted: 1\n")


def test_a_known_failure_is_named_whether_it_fails_or_passes() -> None:
    fails = printed(report(tally(failed(case()), known=["toy/talk/1"])))
    passes = printed(report(tally(passed(case()), known=["toy/talk/1"])))

    assert "! toy/talk/1 MUST Talk is heard. (known)" in fails
    assert "WARNED toy/talk/1" in fails
    assert "✓ toy/talk/1 MUST Talk is heard. (known to fail, and passed here)" in passes


def test_a_crash_of_a_check_keeps_its_traceback() -> None:
    text = printed(report(tally(unknown(case()))))

    assert "UNKNOWN toy/talk/1, toy/talk/2" in text
    assert "ValueError: 1" in text
    assert text.endswith("COULD NOT TELL: 2 requirements without an answer\n")


def test_a_run_cut_short_says_so() -> None:
    interrupted = printed(report(tally(passed(case()), unplayed=[case("later")]), stopped="interrupted"))
    found = tally(passed(case()), unplayed=[case("later")])
    found.hear(TargetDied(case("later"), "refused"))

    assert interrupted.endswith("COULD NOT TELL (interrupted: 1 case not played)\n")
    assert printed(report(found)).endswith(
        "COULD NOT TELL (the target died during toy/talk/later: 1 case not played)\n"
    )


@pytest.mark.parametrize("hostile", ["\x1b[2J\x1b]0;owned\x07", "[bold red]\\[/nothing]", "\u202etxet\r\x00", "\ud800"])
def test_what_the_target_says_cannot_command_the_terminal(hostile: str, tmp_path: Path) -> None:
    ending = failed(case(), came=hostile, conversation=(f"ana < talk {hostile}", "! wrong"))
    text = printed(report(tally(ending)), colour=False)

    assert not any(sign in text for sign in "\x1b\x07\x00\r\u202e\ud800")
    assert len([line for line in text.splitlines() if line.startswith("  came ")]) == 1
    TextFile(tmp_path / "report.txt").end(report(tally(ending)))
    assert "FAILED toy/talk/1" in (tmp_path / "report.txt").read_text("utf-8")


def test_commands_and_conversations_are_never_wrapped() -> None:
    long = "ana > talk " + "x" * 300
    text = printed(report(tally(failed(case(), conversation=(long,)))))

    assert f"  said      {long}" in text.splitlines()


def test_conversations_are_coloured_by_their_signs() -> None:
    text = printed(report(tally(failed(case()))), colour=True)

    assert "\x1b[36mana > talk {}" in text
    assert "\x1b[1;31m! silence" in text


def test_the_listing_shows_every_requirement_its_level_and_its_cases() -> None:
    lines = [line.plain for line in listing(tally(unplayed=[case()], untested={"toy/log/1": "inside"}))]

    assert lines == [
        "toy/talk/1 MUST  Talk is heard.",
        "    toy/talk/valid",
        "toy/talk/2 MUST  Talk is heard once.",
        "    toy/talk/valid",
        "toy/log/1 MUST  Talk is logged.",
        "    not tested: inside",
        "\n2 requirements tested by 1 case; 1 not tested",
    ]
