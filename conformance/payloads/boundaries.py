"""The valid values at the border of every keyword: keyword by keyword, what may stand at a place just so."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from conformance.payloads.changes import Change, bare, beside, completed, fitted, put, unused_name, without
from conformance.payloads.node import Node, is_of
from conformance.payloads.texts import format_of, text_of
from conformance.payloads.values import SAFE_INTEGER, simplest
from protocols.contract import Json
from protocols.strict_yaml import escape

Variant: TypeAlias = tuple[str, str, Change]
"""What follows the place's pointer in the label, what tells it from others of its keyword, and the change."""
Table: TypeAlias = Mapping[str, Callable[[Node], Iterator[Variant]]]

AWKWARD = {
    "Korean": "안녕 하세요",
    "emoji": "🚀👩‍👩‍👧",
    "quotes": "\"'`\\</b>",
    "NUL": "a\x00b",
}
"""Text that is as good as any other, and is often handled worse."""

FILLS = {"ascii": "a", "Korean": "가", "emoji": "🚀"}
"""One character each by JSON Schema: one, one and two units of UTF-16; one, three and four bytes of UTF-8."""

NUMBERS = (-0.0, 1, -1, 0.5, 1.0, SAFE_INTEGER, -SAFE_INTEGER, 5e-324, 1.7e308, -1.7e308)


def spell(value: Json) -> str:
    """Spell a value for a label, in at most 48 characters."""
    text = json.dumps(value, ensure_ascii=not str(value).isprintable())
    return text if len(text) <= 48 else text[:47] + "…"


def _type(node: Node) -> Iterator[Variant]:
    for json_type in node.types:
        if "enum" in node.keywords or "const" in node.keywords:
            yield "", json_type, _keep_or(node.only(json_type))
        elif json_type == "boolean":
            yield from (("", spell(value), put(value)) for value in (False, True))
        elif json_type in ("integer", "number"):
            yield from (("", spell(value), put(value)) for value in (simplest(node.only(json_type)), *_others(node)))
        else:
            yield "", json_type, _keep_or(node.only(json_type))
            if json_type == "string" and "format" not in node.keywords:
                yield from (("", name, put(text)) for name, text in AWKWARD.items())


def _others(node: Node) -> Iterator[Json]:
    """Yield the numbers that lie between its borders, but for 0, the simplest of all."""
    low, high = node.keywords.get("minimum", -math.inf), node.keywords.get("maximum", math.inf)
    yield from (number for number in NUMBERS if low < number < high)


def _keep_or(node: Node) -> Change:
    """Return the change that leaves a value of the node's one type as it is, and puts one in place of any other."""
    return lambda here: here if is_of(here, node.types) else simplest(node)


def _enum(node: Node) -> Iterator[Variant]:
    yield from (("", spell(value), put(value)) for value in node.keywords["enum"])


def _const(node: Node) -> Iterator[Variant]:
    yield "", "", put(node.keywords["const"])


def _format(node: Node) -> Iterator[Variant]:
    yield from (("", spell(text), put(text)) for text in format_of(node.keywords).borders)


def _pattern(node: Node) -> Iterator[Variant]:
    yield "", "", put(simplest(node.only("string")))


def _length(limit: str) -> Callable[[Node], Iterator[Variant]]:
    def variants(node: Node) -> Iterator[Variant]:
        for name, fill in FILLS.items():
            text = text_of(node.keywords, node.keywords[limit], fill)
            if text is not None:
                yield "", name if text else "empty", put(text)
                if not text:
                    return

    return variants


def _limit(keyword: str) -> Callable[[Node], Iterator[Variant]]:
    def variants(node: Node) -> Iterator[Variant]:
        yield "", "", put(node.keywords[keyword])

    return variants


def _required(node: Node) -> Iterator[Variant]:
    yield "", "alone", bare(node)


def _properties(node: Node) -> Iterator[Variant]:
    for name in node.properties:
        if name not in node.required:
            yield f"/{escape(name)}", "absent", without(node, name)
            yield f"/{escape(name)}", "present", completed(node, name)
    yield "", "all", completed(node, *node.properties)


def _additional(node: Node) -> Iterator[Variant]:
    if node.keywords["additionalProperties"] is False:
        yield "", "none", completed(node, *node.properties)
    else:
        yield "", "one", beside(node, unused_name(node), True if node.extra is None else simplest(node.extra))


def _items(node: Node) -> Iterator[Variant]:
    least = node.keywords.get("minItems", 0)
    for length in sorted({least, max(1, least), max(2, least)}):
        yield "", str(length), fitted(node, length)


def _count(keyword: str) -> Callable[[Node], Iterator[Variant]]:
    def variants(node: Node) -> Iterator[Variant]:
        yield "", "", fitted(node, node.keywords[keyword])

    return variants


def _unique(node: Node) -> Iterator[Variant]:
    yield "", "two", fitted(node, max(2, node.keywords.get("minItems", 0)))


def _branches(node: Node) -> Iterator[Variant]:
    for number, branch in enumerate(node.branches):
        yield f"({branch.name or number})", "", put(simplest(branch))


BOUNDARIES: Table = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "format": _format,
    "pattern": _pattern,
    "minLength": _length("minLength"),
    "maxLength": _length("maxLength"),
    "minimum": _limit("minimum"),
    "maximum": _limit("maximum"),
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "minItems": _count("minItems"),
    "maxItems": _count("maxItems"),
    "uniqueItems": _unique,
    "oneOf": _branches,
    "anyOf": _branches,
}
