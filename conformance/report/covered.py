"""How much of the contract a run has exercised, in a few lines and for programs."""

from collections.abc import Iterator
from typing import Final

from conformance.coverage import Coverage, Way
from conformance.report.words import times
from protocols.contract import Json

SHOWN: Final = 6


def lines(coverage: Coverage) -> Iterator[str]:
    """Yield what was tried and heard, in numbers, and then what was not, by name."""
    rows, heard = list(coverage.rows()), coverage.heard()
    ins = [row for row in rows if row.way is Way.IN]
    valid = f"{sum(row.valid for row in ins)} of {sum(row.of_valid for row in ins)} valid"
    invalid = f"{sum(row.invalid for row in ins)} of {sum(row.of_invalid for row in ins)} invalid"
    yield f"in   {valid} and {invalid} examples of {times(len(ins), 'keyword')}"
    for way, what in ((Way.OUT, "event"), (Way.ACK, "ack")):
        counts = {name: number for (its_way, name), number in heard.items() if its_way is way}
        if counts:
            own = [row for row in rows if row.way is way]
            came = f"values of {sum(row.is_covered for row in own)} of {times(len(own), 'keyword')}"
            yield f"{way:<4} {sum(map(bool, counts.values()))} of {times(len(counts), what)} heard, {came}"
            yield from _named("     never heard:", [name for name, number in counts.items() if not number])
            silent = [f"{row.keyword} of {row.event}" for row in own if not row.is_covered and counts[row.event]]
            yield from _named("     never came:", silent)


def _named(title: str, names: list[str]) -> Iterator[str]:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    if names:
        yield f"{title} {', '.join(names[:SHOWN])}{more}"


def as_json(coverage: Coverage) -> Json:
    """Return the table for programs."""
    return {
        "rows": [
            {
                "event": row.event,
                "way": row.way.value,
                "keyword": row.keyword,
                "valid": row.valid,
                "invalid": row.invalid,
                "of_valid": row.of_valid,
                "of_invalid": row.of_invalid,
            }
            for row in coverage.rows()
        ],
        "heard": [
            {"event": name, "way": way.value, "times": number} for (way, name), number in coverage.heard().items()
        ],
    }
