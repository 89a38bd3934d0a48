"""The faults that a payload can have: keyword by keyword, what breaks it at a place, if possible alone."""

import math
from collections.abc import Callable, Iterator

from conformance.payloads.boundaries import FILLS, Table, Variant, spell
from conformance.payloads.changes import beside, fitted, followed, put, twice, unused_name, without
from conformance.payloads.node import Node, is_of
from conformance.payloads.texts import format_of, text_of
from conformance.payloads.values import simplest
from protocols.contract import Json
from protocols.strict_yaml import escape

WRONG: dict[str, Json] = {
    "null": None,
    "boolean": True,
    "zero": 0,
    "fraction": 1.5,
    "string": "1",
    "empty string": "",
    "array": [],
    "object": {},
}
"""One value and more of every type of JSON."""

_UNMATCHED = ("", " ", "\t\n", "\u3000\u00a0", "!", "0", "a", "A", "가", "🚀", "a b", "'; --")


def _type(node: Node) -> Iterator[Variant]:
    yield from (("", name, put(value)) for name, value in _wrong(node))
    if "array" not in node.types:
        yield "", "array around it", lambda here: [here]
    if "object" not in node.types:
        yield "", "object around it", lambda here: {"value": here}
    if "string" not in node.types and {"boolean", "integer", "number"} & set(node.types):
        yield "", "text of it", lambda here: spell(here)


def _wrong(node: Node) -> Iterator[tuple[str, Json]]:
    yield from ((name, value) for name, value in WRONG.items() if not is_of(value, node.types))


def _enum(node: Node) -> Iterator[Variant]:
    """Near misses of the first value, which no other value happens to be."""
    allowed = node.keywords["enum"]
    for name, miss in _near(allowed[0]):
        if miss not in allowed:
            yield "", name, put(miss)


def _const(node: Node) -> Iterator[Variant]:
    yield from (("", name, put(miss)) for name, miss in _near(node.keywords["const"]))


def _near(value: Json) -> Iterator[tuple[str, Json]]:
    match value:
        case str():
            yield "other case", value.swapcase()
            yield "space before", f" {value}"
            yield "space behind", f"{value} "
            yield "cut short", value[:-1]
            yield "doubled", value * 2
            yield "unknown", f"not-{value}"
        case bool():
            yield "negated", not value
        case int() | float():
            yield "one more", value + 1
            yield "one less", value - 1
        case _:
            yield "unknown", "unknown"


def _format(node: Node) -> Iterator[Variant]:
    yield from (("", spell(text), put(text)) for text in format_of(node.keywords).misses)


def _pattern(node: Node) -> Iterator[Variant]:
    low, high = node.keywords.get("minLength", 0), node.keywords.get("maxLength", math.inf)
    padded = dict.fromkeys(text * max(1, math.ceil(low / len(text))) if text else text for text in _UNMATCHED)
    for text in padded:
        if low <= len(text) <= high:
            yield "", spell(text), put(text)


def _too_short(node: Node) -> Iterator[Variant]:
    length = node.keywords["minLength"] - 1
    if length >= 0:
        yield "", "", put(_text(node, length, "a"))


def _too_long(node: Node) -> Iterator[Variant]:
    length = node.keywords["maxLength"] + 1
    for name, fill in FILLS.items():
        yield "", name, put(_text(node, length, fill))


def _text(node: Node, length: int, fill: str) -> str:
    """Return a string of so many characters: with no other fault, if pattern and format can be had at that length."""
    text = text_of(node.keywords, length, fill)
    return fill * length if text is None else text


def _beyond(keyword: str, direction: int) -> Callable[[Node], Iterator[Variant]]:
    def variants(node: Node) -> Iterator[Variant]:
        limit = node.keywords[keyword]
        yield "", "by one", put(limit + direction)
        if "number" in node.types:
            yield "", "by a hair", put(math.nextafter(limit, direction * math.inf))

    return variants


def _required(node: Node) -> Iterator[Variant]:
    yield from ((f"/{escape(name)}", "", without(node, name)) for name in node.required)


def _additional(node: Node) -> Iterator[Variant]:
    """Yield members that nobody asked for: any, one that JavaScript confuses, one without a name, one misspelt."""
    if node.keywords["additionalProperties"] is False:
        swapped = [name.swapcase() for name in [*node.properties][:1]]  # which means nothing in Korean
        for name in (unused_name(node), "__proto__", "", *(name for name in swapped if name not in node.properties)):
            yield f"/{escape(name)}", "", beside(node, name, True)
    elif node.extra is not None:
        for name, value in _wrong(node.extra):
            yield f"/{unused_name(node)}", name, beside(node, unused_name(node), value)


def _items(node: Node) -> Iterator[Variant]:
    """Yield a wrong item behind a right one, for those who look at the first only."""
    yield from (("/1", name, followed(node, value)) for name, value in _wrong(node.items))


def _too_few(node: Node) -> Iterator[Variant]:
    if node.keywords["minItems"]:
        yield "", "", fitted(node, node.keywords["minItems"] - 1)


def _too_many(node: Node) -> Iterator[Variant]:
    yield "", "", fitted(node, node.keywords["maxItems"] + 1)


def _twice(node: Node) -> Iterator[Variant]:
    yield "", "", twice(node)


def _branches(node: Node) -> Iterator[Variant]:
    """Yield what is of no branch: some value of every type, and the members of two branches at once."""
    yield from (("", name, put(value)) for name, value in WRONG.items())
    objects = [value for branch in node.branches if isinstance(value := simplest(branch), dict)]
    if len(objects) > 1:
        yield "", "two at once", put({**objects[0], **objects[1]})


FAULTS: Table = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "format": _format,
    "pattern": _pattern,
    "minLength": _too_short,
    "maxLength": _too_long,
    "minimum": _beyond("minimum", -1),
    "maximum": _beyond("maximum", +1),
    "required": _required,
    "additionalProperties": _additional,
    "items": _items,
    "minItems": _too_few,
    "maxItems": _too_many,
    "uniqueItems": _twice,
    "oneOf": _branches,
    "anyOf": _branches,
}
"""No fault of `properties` is its own: it is one of a member, of `required`, or of `additionalProperties`."""
