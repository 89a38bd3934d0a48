"""What can be done to the value at one place of a payload."""

import itertools
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from conformance.payloads.node import Node
from conformance.payloads.values import array_at, array_of, object_at, simplest, values
from protocols.contract import Json

Change: TypeAlias = Callable[[Json], Json]
"""From the value that stands at a place to the one that shall stand there."""


def put(value: Json) -> Change:
    """Put a value in place of any other."""
    return lambda here: value


def without(node: Node, name: str) -> Change:
    """Take a member out of an object."""
    return lambda here: {key: value for key, value in object_at(node, here).items() if key != name}


def beside(node: Node, name: str, value: Json) -> Change:
    """Set a member of an object."""
    return lambda here: {**object_at(node, here), name: value}


def completed(node: Node, *names: str) -> Change:
    """Add what an object lacks of these members."""
    return lambda here: {**{name: simplest(node.member(name)) for name in names}, **object_at(node, here)}


def bare(node: Node) -> Change:
    """Leave an object nothing but what is required."""
    return lambda here: {name: value for name, value in object_at(node, here).items() if name in node.required}


def fitted(node: Node, length: int) -> Change:
    """Cut an array, or fill it up, to a length; where too few distinct items exist it stays shorter."""
    return partial(_fitted, node, length)


def _fitted(node: Node, length: int, here: Json) -> list[Json]:
    around = array_at(node, here)[:length]
    lack = length - len(around)
    if not node.keywords.get("uniqueItems"):
        return around + (array_of(node, lack) or [])
    fresh = (value for value in values(node.items) if value not in around)
    return around + list(itertools.islice(fresh, lack))


def twice(node: Node) -> Change:
    """Let the first item of an array stand at its end once more, in place of the last."""
    change = fitted(node, max(2, node.keywords.get("minItems", 0)))

    def repeated(here: Json) -> Json:
        around = array_at(node, change(here))
        return [*around[:-1], *around[:1]]

    return repeated


def followed(node: Node, value: Json) -> Change:
    """Leave an array one valid item, and put a value behind it."""
    change = fitted(node, 1)
    return lambda here: [*array_at(node, change(here)), value]


def unused_name(node: Node) -> str:
    """Return a name that no member of the schema has."""
    name = "unexpected"
    while name in node.properties:
        name += "_"
    return name
