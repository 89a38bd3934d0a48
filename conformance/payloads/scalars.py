"""Numbers and strings of a schema, drawn by Hypothesis: plain ones first, so that what they shrink to can be read."""

import datetime
import itertools
import math
import string
import sys
from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.payloads.boundaries import AWKWARD, FILLS, NUMBERS
from conformance.payloads.formats import FORMATS
from conformance.payloads.pattern import matches
from conformance.payloads.texts import text_of, texts
from conformance.payloads.values import SAFE_INTEGER
from protocols.contract import Json, JsonSchema

# Python, Rust and JavaScript do not agree which of these are blank, so neither would those that trim.
_DISPUTED = "\x1c\x1d\x1e\x1f\x85\u180e\ufeff"
_CHARACTERS = st.characters(codec="utf-8", exclude_characters=_DISPUTED)
_TRICKY = (
    *AWKWARD.values(),
    "שלום العالم",
    " a ",
    "\u3000가\u00a0",
    "e\u0301",
    "\u202eabc",
    "a\nb\r\nc\td",
    "null",
    "NaN",
)
WORDS = st.text(string.ascii_lowercase, min_size=1, max_size=8)

# Characters that a drawn string has at most beyond its least, longer ones being taken from the border.
_LONG = 24
# No border of a string beyond this is drawn; the wire itself ends at 1 MB.
_LONGEST_TEXT = 100_000


def integers(keywords: JsonSchema) -> SearchStrategy[Json]:
    """Return the strategy for whole numbers, none that JavaScript would round."""
    low = math.ceil(keywords.get("minimum", -SAFE_INTEGER))
    high = math.floor(keywords.get("maximum", SAFE_INTEGER))
    near = [number for number in (low, low + 1, high - 1, high) if low <= number <= high]
    return st.integers(low, high) | st.sampled_from(near)


def floats(keywords: JsonSchema) -> SearchStrategy[Json]:
    """Return the strategy for doubles, to the largest and the smallest there are."""
    low, high = keywords.get("minimum"), keywords.get("maximum")
    drawn = st.floats(low, high, allow_nan=False, allow_infinity=False)
    borders = [
        number
        for number in (*NUMBERS, sys.float_info.max, -sys.float_info.max, sys.float_info.min, low, high)
        if number is not None and (low is None or low <= number) and (high is None or number <= high)
    ]
    return drawn | st.sampled_from(borders) if borders else drawn


def strings(keywords: JsonSchema) -> SearchStrategy[str]:
    """Return the strategy for strings."""
    low, high = keywords.get("minLength", 0), keywords.get("maxLength", sys.maxsize)
    if "format" in keywords:
        drawn = _FORMATS[keywords["format"]]
    elif keywords.get("pattern", "\\S") == "\\S":
        least = max(low, 1) if "pattern" in keywords else low
        most = min(high, least + _LONG)
        drawn = st.text(string.ascii_lowercase, min_size=least, max_size=most) | st.text(
            _CHARACTERS, min_size=least, max_size=most
        )
    else:
        # The generator for any regular expression is slow, and what it makes is hard to read.
        plain = list(itertools.islice(texts(keywords), _LONG))
        drawn = st.sampled_from(plain) | st.from_regex(keywords["pattern"], alphabet=_CHARACTERS)
    fitting = drawn.filter(lambda text: low <= len(text) <= high)
    known = [text for text in _known(keywords) if low <= len(text) <= high]
    return fitting | st.sampled_from(known) if known else fitting


def _known(keywords: JsonSchema) -> list[str]:
    """Return strings worth trying under any schema: at its borders in length, and awkward ones."""
    lengths = (keywords.get("minLength", 0), keywords.get("maxLength", sys.maxsize))
    borders = [
        text_of(keywords, length, fill)
        for length in dict.fromkeys(lengths)
        if length <= _LONGEST_TEXT
        for fill in FILLS.values()
    ]
    tricky = FORMATS[keywords["format"]].borders if "format" in keywords else _TRICKY
    fitting = [text for text in tricky if matches(keywords.get("pattern", ""), text)]
    return [*fitting, *(text for text in borders if text is not None)]


_MOMENTS = st.datetimes(
    min_value=datetime.datetime(1970, 1, 1), max_value=datetime.datetime(2100, 1, 1), timezones=st.just(datetime.UTC)
)
_FORMATS: Mapping[str, SearchStrategy[str]] = {
    "uuid": st.uuids().map(str),
    "date-time": _MOMENTS.map(lambda moment: moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")),
    "date": _MOMENTS.map(lambda moment: moment.date().isoformat()),
    "time": _MOMENTS.map(lambda moment: moment.time().isoformat(timespec="seconds") + "Z"),
    "email": st.builds("{}@{}.example".format, WORDS, WORDS),
    "uri": st.builds(
        "https://{}.example/{}".format, WORDS, st.text(string.ascii_lowercase + string.digits, max_size=8)
    ),
}
"""A strategy for every format that `FORMATS` knows."""
