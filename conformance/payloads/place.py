"""The places of a schema, and how a payload is changed at one of them and nowhere else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.payloads.changes import Change, unused_name
from conformance.payloads.node import Node
from conformance.payloads.values import array_at, object_at, simplest, values
from protocols.contract import Json
from protocols.strict_yaml import escape


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A schema at one place of a payload."""

    node: Node
    pointer: str
    """JSON pointer into the payload, with the branch taken in parentheses: `/shape(Circle)/radius`."""
    edit: Callable[[Json, Change], Json]
    """Return a payload with the value at this place changed. What the payload lacks on the way there is put in."""


def places(root: Node) -> Iterator[Place]:
    """Yield every place of a schema, from the outside in; one that refers to itself is entered once on each way."""
    yield from _within(Place(root, "", lambda payload, change: change(payload)), frozenset())


def _within(place: Place, entered: frozenset[str]) -> Iterator[Place]:
    name = place.node.name
    if name in entered:
        return
    yield place
    for inner in _children(place):
        yield from _within(inner, entered | {name} if name else entered)


def _children(place: Place) -> Iterator[Place]:
    node = place.node
    for number, branch in enumerate(node.branches):
        yield _branch(place, branch, branch.name or str(number))
    for name in node.properties:
        yield _member(place, name)
    if node.extra is not None:
        yield _extra(place, node.extra)
    if "items" in node.keywords:
        yield _item(place)


def _branch(place: Place, branch: Node, name: str) -> Place:
    def edit(payload: Json, change: Change) -> Json:
        return place.edit(payload, lambda here: change(here if branch.accepts(here) else simplest(branch)))

    return Place(branch, f"{place.pointer}({name})", edit)


def _member(place: Place, name: str) -> Place:
    node = place.node.member(name)

    def edit(payload: Json, change: Change) -> Json:
        def within(here: Json) -> Json:
            around = object_at(place.node, here)
            return {**around, name: change(around[name] if name in around else simplest(node))}

        return place.edit(payload, within)

    return Place(node, f"{place.pointer}/{escape(name)}", edit)


def _extra(place: Place, node: Node) -> Place:
    name = unused_name(place.node)

    def edit(payload: Json, change: Change) -> Json:
        return place.edit(payload, lambda here: {**object_at(place.node, here), name: change(simplest(node))})

    return Place(node, f"{place.pointer}/{escape(name)}", edit)


def _item(place: Place) -> Place:
    node = place.node.items

    def edit(payload: Json, change: Change) -> Json:
        def within(here: Json) -> Json:
            around = array_at(place.node, here)
            changed = change(around[0] if around else simplest(node))
            return [changed, *_others(place.node, around, changed)]

        return place.edit(payload, within)

    return Place(node, f"{place.pointer}/0", edit)


def _others(node: Node, around: list[Json], first: Json) -> list[Json]:
    """Return what stays behind a first item: another one for each that is like it, where all must be distinct."""
    rest = around[1:]
    if not node.keywords.get("uniqueItems") or first not in rest:
        return rest
    fresh = (value for value in values(node.items) if value != first and value not in rest)
    return [next(fresh, item) if item == first else item for item in rest]
