"""What is shown of a simulation."""

import io
from collections import Counter

import pytest
from rich.console import Console, RenderableType

from loadtests.results.sparkline import sparkline
from protocols import gopang, hub
from protocols.contract import Protocol
from protocols.space import PROTOCOL
from rehearsal.simulation_view import LiveView, plain_line, print_report
from simulators.delivery import NOBODY
from simulators.snapshot import Snapshot
from simulators.tally import Tally, Times


def shown(picture: RenderableType) -> str:
    console = Console(width=160, file=io.StringIO())
    console.print(picture)
    return written(console)


def printed(tally: Tally, protocol: Protocol = PROTOCOL, *, columns: int = 160, is_terminal: bool = False) -> str:
    console = Console(width=columns, file=io.StringIO(), force_terminal=is_terminal, color_system=None)
    print_report(tally, protocol, console)
    return written(console)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def snapshot(elapsed_s: float, delivered: int, *, lost: int = 0, faults: int = 0) -> Snapshot:
    return Snapshot(
        elapsed_s=elapsed_s,
        scopes={f"space-{n}": Counter(player=3, guest=1) for n in range(10)},
        said=[("space-0", "player-1 (chat:message)", "안녕하세요 [bold]!")],
        pranks=[("heckler-1", "half a move")],
        sent=delivered // 10,
        delivered=delivered,
        lost=lost,
        faults=faults,
        waiting=3,
        latest=Times({1000: 1, 2000: 1, 9000: 1}),
    )


def test_the_live_view_shows_who_is_where_what_is_said_and_how_fast() -> None:
    view = LiveView(30.0)
    assert shown(view.render()).strip() == ""
    view.take(snapshot(1.0, 1000))
    view.take(snapshot(2.0, 3000))
    text = shown(view.render())
    for part in (
        "2.0 / 30 s", "200 sent/s", "2,000 delivered/s", "p50 2.0 ms", "p99 9.0 ms", "3 under way", "0 lost",
        "4  space-0  (1 guest, 3 player)", "and 2 more spaces", "player-1 (chat:message): 안녕하세요 [bold]!",
        "heckler-1: half a move", "█",
    ):  # fmt: skip
        assert part in text


def test_losses_and_other_faults_are_told_apart() -> None:
    view = LiveView(30.0)
    view.take(snapshot(1.0, 1000, lost=2, faults=5))
    assert "2 lost  3 other faults" in shown(view.render())


def test_a_plain_line() -> None:
    line = plain_line(snapshot(1.0, 1000), snapshot(3.0, 3000))
    assert line == (
        "   3.0 s  40 people in 10 spaces  100 sent/s  1,000 delivered/s  p50 2.0 ms  p99 9.0 ms  0 lost  0 faults"
    )


@pytest.mark.parametrize(("values", "bars"), [([], ""), ([0, 0], "▁▁"), ([0, 5, 10], "▁▅█"), ([3], "█")])
def test_sparklines(values: list[float], bars: str) -> None:
    assert sparkline(values) == bars


def a_tally() -> Tally:
    tally = Tally()
    for name in ("player:move", "party:decline", "join:space"):
        tally.say(name)
    row = tally.row("player:move", "player:moved")
    row.delivered = 1234
    row.times.add(0, 5_000_000)
    tally.row("join:space", "error")  # was possible and did not come
    return tally


def test_the_table_has_a_line_for_all_that_was_said_in_the_contract_s_order() -> None:
    text = printed(a_tally())
    assert text.index("join:space") < text.index("player:move") < text.index("party:decline")
    (move,) = [line.split() for line in text.splitlines() if "player:moved" in line]
    assert move == ["player:move", "player:moved", "1", "1,234", "1,234", "0", "0", "0", "0", "5.0", "5.0", "5.0"]
    assert "nobody" in next(line for line in text.splitlines() if "party:decline" in line)
    assert "As promised: 1,234 deliveries" in text
    assert "space has no acks" in text


def test_the_table_tells_what_went_wrong() -> None:
    tally = a_tally()
    tally.row("player:move", "player:moved").lost = 3
    tally.row(NOBODY, "whisper:received").misheard = 1
    tally.row("player:move", "player:moved").late = 7
    tally.row("player:move", "player:moved").excluded = 9
    tally.violated("ann heard nonsense [red]")
    tally.lose_connection("ben was disconnected")
    tally.refused = 2
    text = printed(tally)
    assert "Not as promised: 3 lost, 1 heard by somebody else, 1 against the contract, 1 connections hung up" in text
    for part in (
        "ann heard nonsense [red]",
        "ben was disconnected",
        "7 came later",
        "9 more can be demanded of nobody",
        NOBODY,
    ):
        assert part in text
    assert "2 attempts to connect came to nothing" in text


def test_acks_have_columns_where_there_are_any() -> None:
    tally = a_tally()
    tally.acknowledged("player:move", 0, 2_000_000)
    text = printed(tally)
    (move,) = [line.split() for line in text.splitlines() if "player:moved" in line]
    assert move[-3:] == ["2.0", "2.0", "2.0"]
    assert "no acks" not in printed(tally, gopang.PROTOCOL)


@pytest.mark.parametrize("columns", [60, 80, 100, 120])
def test_a_terminal_of_any_width_has_a_whole_table_and_what_went_wrong(columns: int) -> None:
    tally = Tally()
    tally.say("read_message")
    tally.row("read_message", "notification").delivered = 1_234_567
    tally.row("read_message", "notification").lost = 765
    tally.acknowledged("read_message", 0, 2_000_000)
    text = printed(tally, hub.PROTOCOL, columns=columns, is_terminal=True)
    (line,) = [line for line in text.splitlines() if "notification" in line]
    assert "765" in line.split()
    assert ("1,234,567" in line) is (columns > 60)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= columns


def test_a_file_has_every_column_however_wide() -> None:
    tally = a_tally()
    tally.acknowledged("player:move", 0, 2_000_000)
    text = printed(tally, columns=40)
    assert "disorder" in text
    assert "…" not in text
