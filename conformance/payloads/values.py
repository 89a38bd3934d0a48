"""Valid values of a schema, the simplest first, the same ones in every run."""

import itertools
import math
from collections.abc import Iterator

from conformance.payloads.node import JsonObject, Node, is_of
from conformance.payloads.texts import texts
from protocols.contract import Json, JsonSchema
from protocols.errors import SpecError

SAFE_INTEGER = 2**53 - 1
"""Beyond this, JavaScript may read another number than the one that was sent."""


# More than any array of a contract holds, so that an endless branch lets the next one speak.
_ENOUGH = 10_000


def simplest(node: Node) -> Json:
    """Return a short valid value: only what is required, and little of that; raises SpecError where there is none."""
    for value in values(node):
        return value
    raise SpecError(f"{node.protocol.name}: {node.name or 'a schema'} admits no value that could be made")


def several(node: Node, count: int) -> list[Json]:
    """Return that many valid values, no two equal, or as many as could be made."""
    return list(itertools.islice(values(node), count))


def values(node: Node) -> Iterator[Json]:
    """Yield distinct valid values, without end where the schema has none."""
    if "const" in node.keywords:
        yield node.keywords["const"]
    elif "enum" in node.keywords:
        yield from (value for value in node.keywords["enum"] if is_of(value, node.types))
    elif branches := node.branches:
        for branch in branches:
            yield from itertools.islice(values(branch), _ENOUGH)
    else:
        for json_type in node.types:
            yield from itertools.islice(_of_type(node, json_type), _ENOUGH)


def _of_type(node: Node, json_type: str) -> Iterator[Json]:
    match json_type:
        case "null":
            yield None
        case "boolean":
            yield from (False, True)
        case "integer" | "number":
            yield from _numbers(node.keywords, whole=json_type == "integer")
        case "string":
            yield from texts(node.keywords)
        case "array":
            yield from _arrays(node)
        case "object":
            yield from _objects(node)
        case _:
            raise SpecError(f"{node.protocol.name}: {json_type} is no JSON type")


def _numbers(keywords: JsonSchema, *, whole: bool) -> Iterator[Json]:
    low, high = keywords.get("minimum", -SAFE_INTEGER), keywords.get("maximum", SAFE_INTEGER)
    if whole:
        low, high = math.ceil(low), math.floor(high)
    start = low if low > 0 else min(0, high)
    for step in itertools.count():
        if start + step > high:
            break
        yield start + step
    for step in itertools.count(1):
        if start - step < low:
            break
        yield start - step


def _arrays(node: Node) -> Iterator[Json]:
    low = node.keywords.get("minItems", 0)
    for length in itertools.count(low):
        if length > node.keywords.get("maxItems", SAFE_INTEGER):
            return
        items = array_of(node, length)
        if items is None:
            return
        yield items


def array_of(node: Node, length: int) -> list[Json] | None:
    """Return an array of so many valid items, all distinct if they can be; None where they must be and cannot."""
    if not length:
        return []
    items = several(node.items, length)
    if len(items) < length and (not items or node.keywords.get("uniqueItems")):
        return None
    return [items[place % len(items)] for place in range(length)]


def _objects(node: Node) -> Iterator[Json]:
    """Yield the object of required members, then what differs from it in one member."""
    plain: JsonObject = {name: simplest(node.member(name)) for name in node.required}
    yield plain
    for name in node.required:
        for value in itertools.islice(values(node.member(name)), 1, _ENOUGH):
            yield {**plain, name: value}
    for name in node.properties:
        if name not in node.required:
            yield {**plain, name: simplest(node.member(name))}


def object_at(node: Node, here: Json) -> JsonObject:
    """Return the object that stands at a place, or the simplest that could."""
    value = here if isinstance(here, dict) else simplest(node.only("object"))
    assert isinstance(value, dict)  # of what an object's schema admits
    return value


def array_at(node: Node, here: Json) -> list[Json]:
    """Return the array that stands at a place, or the shortest that could."""
    if isinstance(here, list):
        return here
    return array_of(node, node.keywords.get("minItems", 0)) or []
