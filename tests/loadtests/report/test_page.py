"""The page says what the record says, and its pictures show it."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from loadtests.report import page
from loadtests.report.plots import Plots
from loadtests.report.svg import HEIGHT, WIDTH
from loadtests.results.record import Outcome, Record

from .runs import moment, run

SVG = re.compile(r"<svg class=\"plot\".*?</svg>", re.DOTALL)


def outcome(kept: bool | None) -> Outcome:
    return Outcome(rule="p99 of ack chat:message", wanted="at most 200 ms", seen="250 ms", kept=kept)


def text(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]


def points(svg: str, kind: str) -> list[tuple[float, float]]:
    """Return where a line of a picture goes."""
    found = re.search(rf'class="line {kind}" d="M([^"]*)"', svg)
    assert found, svg
    return [tuple(map(float, pair.split())) for pair in found[1].split("L")]  # type: ignore[misc]  # of two


def test_every_row_and_what_became_of_every_delivery_is_there() -> None:
    html = page.render(run())
    for words in ("http://127.0.0.1:3001", "chat:message", "player:moved", "2026-01-02 03:04:05 UTC", "1,999", "0.05%"):
        assert words in html, words
    assert "Void for latency" not in html


@pytest.mark.parametrize("record", [run(), run(seconds=5000), run().model_copy(update={"moments": [], "totals": []})])
def test_pictures_are_whole_and_draw_within_their_frames(record: Record) -> None:
    pictures = SVG.findall(page.render(record))
    assert len(pictures) == 3 + 2 * sum(total.times.get_total_count() > 0 for total in record.totals)
    for picture in pictures:
        for element in ElementTree.fromstring(picture).iter():
            for name, end in (("x", WIDTH), ("y", HEIGHT), ("cx", WIDTH), ("cy", HEIGHT)):
                assert -0.1 <= float(element.get(name, 0)) <= end + 0.1, ElementTree.tostring(element)


def test_a_line_is_as_high_as_its_numbers() -> None:
    record = run().model_copy(
        update={"moments": [moment(at_s, p99_ms=1000.0 if at_s == 7 else 10.0) for at_s in range(20)]}
    )
    line = points(Plots(record).latency(record.totals[0]), "p99")
    assert len(line) == 20
    highest = min(line, key=lambda point: point[1])
    assert line.index(highest) == 7
    assert len({y for _, y in line}) == 2


def test_where_nothing_was_reported_a_line_has_a_gap() -> None:
    record = run().model_copy(update={"moments": [moment(at_s) for at_s in range(20) if at_s != 7]})
    picture = Plots(record).latency(record.totals[0])
    assert picture.count('class="line p99"') == 2


def test_of_a_long_run_each_point_is_the_worst_of_its_seconds() -> None:
    moments = [moment(at_s, p99_ms=900.0 if at_s == 1234 else 10.0) for at_s in range(2400)]
    record = run(seconds=2400).model_copy(update={"moments": moments})
    line = points(Plots(record).latency(record.totals[0]), "p99")
    assert len(line) == 240
    assert line.index(min(line, key=lambda point: point[1])) == 123
    assert "Each point stands for 10 s" in page.render(record)


def test_a_histogram_shows_every_time_once() -> None:
    record = run()
    picture = Plots(record).histogram(record.totals[0])
    counts = [int(words.rpartition(" ")[2]) for words in re.findall(r"<title>(.*?)</title>", picture)]
    assert sum(counts) == record.totals[0].times.get_total_count() == 5
    assert "p50 5.1 ms" in text(picture)
    assert "p99 250 ms" in text(picture)


@pytest.mark.parametrize(
    ("changes", "standing", "headline"),
    [
        ({}, "passed", "Nothing failed; there were no objectives"),
        ({"slo": [outcome(True)]}, "passed", "1 objective kept"),
        ({"slo": [outcome(True), outcome(None)]}, "unknown", "Could not tell of 1 of 2 objectives"),
        ({"slo": [outcome(None), outcome(False)]}, "failed", "1 of 2 objectives broken"),
        ({"aborted": "abort-on: lost"}, "failed", "Ended before its time: abort-on: lost"),
        (
            {"totals": [run().totals[0].model_copy(update={"failures": 1})]},
            "failed",
            "1 failure, and no objectives to judge by",
        ),
    ],
)
def test_the_verdict_stands_first(changes: dict[str, object], standing: str, headline: str) -> None:
    record = run().model_copy(update=changes)
    assert page.verdict(record) == page.Verdict(standing, headline)
    assert headline in page.render(record)


def test_a_run_that_is_void_says_so_loudly() -> None:
    html = page.render(run(lag_us=25_000))
    assert html.index("Void for latency.") < html.index("<svg")
    assert "25.0 ms late" in html


def test_what_a_target_is_called_is_text(tmp_path: Path) -> None:
    hostile = "<script>document.title='owned'</script>"
    record = run(target=hostile).model_copy(update={"examples": [hostile]})
    written = page.write(record, tmp_path / "new").read_text("utf-8")
    assert hostile not in written
    assert written.count("&lt;script&gt;") >= 3
