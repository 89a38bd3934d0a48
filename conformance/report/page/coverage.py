"""How much of the contract was exercised, as tables: event by keyword, one table for each way that payloads go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.report.document import Covered, Exercised

_TITLES: Final = {
    "in": "What clients say",
    "out": "What the server says",
    "ack": "How the server acknowledges",
}
_WORDS: Final = {
    "in": "tried of all examples: at a border of the keyword + beyond it",
    "out": "payloads in which a value obeyed the keyword",
    "ack": "acks in which a value obeyed the keyword",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One keyword of one event."""

    text: str
    words: str
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event."""

    event: str
    heard: str
    """How often it was heard; empty for what clients say."""
    shares: tuple[Share | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One way."""

    title: str
    words: str
    total: str
    keywords: tuple[str, ...]
    has_heard: bool
    lines: tuple[Line, ...]


def tables(exercised: Exercised | None) -> Iterator[Table]:
    """Yield a table for each way that anything of the contract goes."""
    for way in _TITLES if exercised else ():
        assert exercised is not None  # else there are no ways
        rows = [row for row in exercised.rows if row.way == way]
        heard = {one.event: one.times for one in exercised.heard if one.way == way}
        if rows or heard:
            yield _table(way, rows, heard)


def _table(way: str, rows: Sequence[Covered], heard: dict[str, int]) -> Table:
    keywords = tuple(dict.fromkeys(row.keyword for row in rows))
    found = {(row.event, row.keyword): row for row in rows}
    lines = tuple(
        Line(
            event=event,
            heard=_times(heard[event]) if event in heard else "",
            shares=tuple(_share(way, found.get((event, keyword))) for keyword in keywords),
        )
        for event in dict.fromkeys((*heard, *(row.event for row in rows)))
    )
    return Table(
        title=_TITLES[way],
        words=_WORDS[way],
        total=_total(way, rows, heard),
        keywords=keywords,
        has_heard=bool(heard),
        lines=lines,
    )


def _times(number: int) -> str:
    return f"{number:,}" if number else "never"


def _of(tried: int, there_are: int) -> str:
    return f"{tried}/{there_are}" if there_are else "–"


def _share(way: str, row: Covered | None) -> Share | None:
    if row is None:
        return None
    if way == "in":
        text = f"{_of(row.valid, row.of_valid)} + {_of(row.invalid, row.of_invalid)}"
        words = f"{row.valid} of {row.of_valid} valid and {row.invalid} of {row.of_invalid} invalid examples tried"
        return Share(text=text, words=words, is_whole=(row.valid, row.invalid) == (row.of_valid, row.of_invalid))
    broken = f", {row.invalid:,} broke it ✗" if row.invalid else ""
    words = f"{row.valid:,} obeyed it{broken}"
    return Share(text=f"{_times(row.valid)}{broken}", words=words, is_whole=bool(row.valid) and not row.invalid)


def _total(way: str, rows: Sequence[Covered], heard: dict[str, int]) -> str:
    if way == "in":
        valid = f"{sum(row.valid for row in rows)} of {sum(row.of_valid for row in rows)} valid"
        return (
            f"{valid} and {sum(row.invalid for row in rows)} of {sum(row.of_invalid for row in rows)} invalid examples"
        )
    came = sum(bool(row.valid + row.invalid) for row in rows)
    return f"{sum(map(bool, heard.values()))} of {len(heard)} heard, values of {came} of {len(rows)} keywords"
