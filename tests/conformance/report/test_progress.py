"""What is seen of a run while it lasts."""

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from conformance.report import Listener
from conformance.report.progress import EVERY_S, Moving, Plain, Verbose, progress
from conformance.runner import RunEvent, Started, TargetDied, TargetRevived
from conformance.tally import Tally
from simulators.history import Direction, History

from ..stories import case, failed, passed, report, tally


def told(listener: Listener, found: Tally, events: Sequence[RunEvent]) -> None:
    for event in events:
        found.hear(event)
        listener.hear(event, found)
    listener.end(report(found))


def test_a_log_gets_few_lines_and_each_failure_once_at_once() -> None:
    file = io.StringIO()
    good, bad, again = passed(case("good")), failed(case("bad")), failed(case("again"))
    known = failed(case("known"), "toy/talk/3")
    endings = [good, bad, again, known]
    found = tally(unplayed=[ending.case for ending in endings])
    events: list[RunEvent] = []
    for number, ending in enumerate(endings, 1):
        events.append(Started(ending.case, number, len(endings)))
        events.append(ending)
    died: list[RunEvent] = [TargetDied(again.case, "refused\x1b"), TargetRevived(again.case)]
    told(Plain(Console(file=file, width=100), clock=lambda: 0.0), found, [*events, *died])

    assert file.getvalue().splitlines() == [
        "toy: 4 cases",
        "✗ toy/talk/1 MUST Talk is heard.  (toy/talk/bad)",
        "? the target died during toy/talk/again: refused\\x1b",
        "  its restart command has brought it back",
        "4 cases in 2.5 s",
    ]


def test_a_log_hears_now_and_then_that_a_run_goes_on() -> None:
    file = io.StringIO()
    cases = [case(f"c{number}") for number in range(6)]
    times = iter([0.0, 1.0, EVERY_S - 0.1, EVERY_S, EVERY_S, EVERY_S + 1, 2 * EVERY_S, 2 * EVERY_S, 2 * EVERY_S])
    plain = Plain(Console(file=file, width=100), clock=lambda: next(times))
    told(plain, tally(unplayed=cases), [Started(one, number, 6) for number, one in enumerate(cases, 1)])

    assert file.getvalue().splitlines() == [
        "toy: 6 cases",
        "  3/6, none failed; now toy/talk/c3",
        "  5/6, none failed; now toy/talk/c5",
        "0 cases in 2.5 s",
    ]


def test_a_terminal_sees_what_is_tried_and_each_failure_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    file = io.StringIO()
    listener = progress(Console(file=file, width=100, force_terminal=True, color_system=None))
    bad, last = failed(case("bad")), passed(case("[/last]"))
    found = tally(unplayed=[bad.case, last.case])
    told(listener, found, [Started(bad.case, 1, 2), bad, Started(last.case, 2, 2), last])

    assert isinstance(listener, Moving)
    seen = file.getvalue()
    assert "toy/talk/[/last]" in seen
    assert "2/2" in seen
    assert "1 failed" in seen
    assert seen.count("✗ toy/talk/1 MUST Talk is heard.  (toy/talk/bad)") == 1


def test_where_nobody_looks_there_are_few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert isinstance(progress(Console(file=io.StringIO(), force_terminal=True)), Plain)
    monkeypatch.delenv("CI")
    assert isinstance(progress(Console(file=io.StringIO())), Plain)


def test_all_that_is_said_is_shown_to_whoever_asks_for_it_but_no_secret() -> None:
    file = io.StringIO()
    verbose = Verbose(Console(file=file, width=100))
    history = History(verbose.watch)
    bad = failed(case("bad"))
    found = tally(unplayed=[bad.case])
    verbose.hear(Started(bad.case, 1, 1), found)
    history.append("ana", Direction.SENT, "join", [{"token": "0123456789abcdef", "text": "\x1b[2J"}])
    history.append("ana", Direction.RECEIVED, "talk")
    told(verbose, found, [bad])

    assert file.getvalue().splitlines() == [
        "• 1/1 toy/talk/bad",
        '    ana > join {"token":"012345…","text":"\\u001b[2J"}',
        "    ana < talk",
        "✗ toy/talk/bad failed (1.5 s)",
        "✗ toy/talk/1 MUST Talk is heard.  (toy/talk/bad)",
        "1 case in 2.5 s",
    ]
