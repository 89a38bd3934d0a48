"""How much of a contract was exercised, as the page shows it."""

from conformance.report.document import Covered, Exercised, Times
from conformance.report.page.coverage import tables


def covered(way: str, event: str, keyword: str, *numbers: int) -> Covered:
    valid, invalid, of_valid, of_invalid = (*numbers, 0, 0)[:4]
    return Covered(
        way=way, event=event, keyword=keyword, valid=valid, invalid=invalid, of_valid=of_valid, of_invalid=of_invalid
    )


def test_each_way_is_a_table_of_event_by_keyword() -> None:
    exercised = Exercised(
        rows=(
            covered("in", "talk", "type", 2, 3, 2, 3),
            covered("in", "talk", "enum", 0, 3, 1, 3),
            covered("in", "move", "type", 1, 0, 1, 0),
            covered("out", "heard", "type", 1200, 1),
        ),
        heard=(Times(way="out", event="heard", times=1201), Times(way="out", event="bell", times=0)),
    )
    said, heard = tables(exercised)

    assert said.keywords == ("type", "enum")
    assert said.total == "3 of 4 valid and 6 of 6 invalid examples"
    assert [[share and (share.text, share.is_whole) for share in line.shares] for line in said.lines] == [
        [("2/2 + 3/3", True), ("0/1 + 3/3", False)],
        [("1/1 + –", True), None],
    ]
    assert heard.total == "1 of 2 heard, values of 1 of 1 keywords"
    assert [(line.event, line.heard) for line in heard.lines] == [("heard", "1,201"), ("bell", "never")]
    (share,) = heard.lines[0].shares
    assert share is not None
    assert (share.text, share.is_whole) == ("1,200, 1 broke it ✗", False)


def test_a_run_that_tells_nothing_of_it_has_no_tables() -> None:
    assert list(tables(None)) == []
    assert list(tables(Exercised(rows=(), heard=()))) == []
