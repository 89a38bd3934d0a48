"""Rules that keep every payload finite: no string or array without a greatest length, no pattern nobody can read."""

import re
import warnings
from collections.abc import Iterator, Mapping

import jsonschema_rs

from protocols.document import Place
from protocols.lint.finding import Finding
from protocols.schema import types

# format -> whether it bounds the length; our strategies generate these and no others
FORMATS: Mapping[str, bool] = {"uuid": True, "date": True, "date-time": True, "email": False, "uri": False}


def bounds(place: Place) -> Iterator[Finding]:
    """Check one schema node."""
    if "string" in types(place) and not _is_bounded(place):
        remedy = "Add maxLength (or enum, const, a bounded format, or a pattern from ^ to $ without * and +)"
        yield Finding.at(place, "unbounded", f"{place.key} is a string of any length", remedy)
    if "array" in types(place) and place.get("const") is None and place.get("enum") is None:
        if place.get("maxItems") is None:
            yield Finding.at(place, "unbounded", f"{place.key} is an array of any length", "Add maxItems")
        if place.get("items") is None:
            yield Finding.at(place, "untyped", f"{place.key} holds items of any kind", "Add items")
    pattern = place.get("pattern")
    if pattern is not None and pattern.text is not None and (reason := _misreading(pattern.text)):
        yield Finding.at(pattern, "regex", reason, "Correct the regular expression")


def _is_bounded(place: Place) -> bool:
    if any(place.get(key) is not None for key in ("maxLength", "enum", "const")):
        return True
    form, pattern = place.find("format"), place.find("pattern")
    if form is not None and FORMATS.get(form.text or "", False):
        return True
    return pattern is not None and pattern.text is not None and is_bounded(pattern.text)


_ESCAPE = re.compile(r"\\.", re.DOTALL)
_CLASS = re.compile(r"\[[^\]]*\]")


def is_bounded(pattern: str) -> bool:
    """Tell whether a regular expression surely admits only strings up to some length."""
    bare = _CLASS.sub("x", _ESCAPE.sub("x", pattern))
    if not (bare.startswith("^") and bare.endswith("$")) or re.search(r"[*+]|\{\d*,\}", bare):
        return False
    depth = 0
    for character in bare:
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:  # ^ would hold for one side, $ for the other
            return False
    return True


def _misreading(pattern: str) -> str:
    """Return which engine cannot read a pattern and why; empty where both can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python warns of means one thing today and another tomorrow
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        return f"Python cannot read the pattern: {error}"
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except ValueError as error:
        return f"jsonschema-rs cannot read the pattern: {str(error).partition(chr(10))[0]}"
    return ""
