"""Valid strings of a schema: the simplest first, and of a given length."""

import itertools
import string
import sys
from collections.abc import Iterator

from conformance.payloads.formats import FORMATS, Format
from conformance.payloads.pattern import READABLE, matches, shortest
from protocols.contract import JsonSchema
from protocols.errors import SpecError


def texts(keywords: JsonSchema) -> Iterator[str]:
    """Yield distinct strings that obey length, pattern and format."""
    low, high = keywords.get("minLength", 0), keywords.get("maxLength", sys.maxsize)
    for text in _texts(keywords, low, high):
        if low <= len(text) <= high and matches(keywords.get("pattern", ""), text):
            yield text


def _texts(keywords: JsonSchema, low: int, high: int) -> Iterator[str]:
    if "format" in keywords:
        named = format_of(keywords)
        yield from (named.numbered(number) for number in itertools.count())
    elif "pattern" in keywords:
        yield from _variations(keywords["pattern"], low, high)
    else:
        for length in range(min(max(low, 1), high), high + 1):
            yield from map("".join, itertools.product(string.ascii_lowercase, repeat=length))


# Lengths beyond the shortest that are tried for strings of a pattern.
_LONGER = 40


def _variations(pattern: str, low: int, high: int) -> Iterator[str]:
    """Yield a shortest match and what differs from it in one character, then the same of longer ones."""
    seed = shortest(pattern)
    seen: set[str] = set()
    start = max(len(seed), low)
    for length in range(start, min(high, start + _LONGER) + 1):
        text = stretched(pattern, length)
        if text is None:
            continue
        for place, character in itertools.product(reversed(range(length)), ("", *READABLE)):
            variation = text[:place] + (character or text[place]) + text[place + 1 :]
            if variation not in seen and matches(pattern, variation):
                seen.add(variation)
                yield variation
        if not text:
            yield text


def text_of(keywords: JsonSchema, length: int, fill: str = "a") -> str | None:
    """Return a string of so many characters that obeys pattern and format, of `fill` if it can be; else None."""
    if "format" in keywords:
        return format_of(keywords).of_length(length) if fill == "a" else None
    return stretched(keywords.get("pattern", ""), length, fill)


def stretched(pattern: str, length: int, fill: str = "a") -> str | None:
    """Return a match of so many characters, nothing but `fill` if that will do; None if none was found."""
    if matches(pattern, fill * length):
        return fill * length
    seed = shortest(pattern)
    lack = length - len(seed)
    if lack < 0:
        return None
    for place in reversed(range(len(seed) + 1)):
        for stuffing in (fill, seed[place - 1 : place]) if fill == "a" else (fill,):
            text = seed[:place] + stuffing * lack + seed[place:]
            if len(text) == length and matches(pattern, text):
                return text
    return None


def format_of(keywords: JsonSchema) -> Format:
    """Return what is known of the schema's format; raises SpecError for one that is not known."""
    name = keywords["format"]
    if name not in FORMATS:
        raise SpecError(f"the format {name} is outside the subset: {', '.join(FORMATS)}")
    return FORMATS[name]
