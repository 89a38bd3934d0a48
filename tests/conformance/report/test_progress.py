"""What is seen of a run while it lasts."""

import io

from rich.console import Console

from conformance.report.progress import Moving, Plain, progress
from conformance.runner import Started, TargetDied

from ..stories import case, failed, passed, report, tally


def test_a_log_gets_a_line_for_each_case() -> None:
    file = io.StringIO()
    listener = progress(Console(file=file, width=100))
    good, bad = passed(case("good")), failed(case("bad"))
    found = tally(unplayed=[good.case, bad.case])
    for event in (Started(good.case, 1, 2), good, Started(bad.case, 2, 2), bad, TargetDied(bad.case, "refused\x1b")):
        found.hear(event)
        listener.hear(event, found)
    listener.end(report(found))

    assert isinstance(listener, Plain)
    assert file.getvalue().splitlines() == [
        "✓ 1/2 toy/talk/good (0.2 s)",
        "✗ 2/2 toy/talk/bad (1.5 s)",
        "? the target died during toy/talk/bad: refused\\x1b",
        "2 cases in 2.5 s",
    ]


def test_a_terminal_sees_what_is_tried_and_how_many_have_failed() -> None:
    file = io.StringIO()
    listener = progress(Console(file=file, width=100, force_terminal=True, color_system=None))
    bad, last = failed(case("bad")), passed(case("[/last]"))
    found = tally(unplayed=[bad.case, last.case])
    for event in (Started(bad.case, 1, 2), bad, Started(last.case, 2, 2), last):
        found.hear(event)
        listener.hear(event, found)
    listener.end(report(found))

    assert isinstance(listener, Moving)
    seen = file.getvalue()
    assert "toy/talk/[/last]" in seen
    assert "2/2" in seen
    assert "1 failed" in seen
