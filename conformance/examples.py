"""Payloads for a schema, written out: the valid ones at every border, and invalid ones with one labelled fault each.

The same schema and base give the same examples in the same order in every run. None of them is taken at its word: the
gate of the contract (`Protocol.faults`) has judged each.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from conformance import slugs
from conformance.payloads.boundaries import BOUNDARIES, Table
from conformance.payloads.changes import Change
from conformance.payloads.faults import FAULTS
from conformance.payloads.node import Node
from conformance.payloads.place import Place, places
from conformance.payloads.values import simplest
from protocols.contract import Json, Protocol


@dataclass(frozen=True, slots=True)
class Example:
    """A payload, and what it is an example of."""

    payload: Json
    label: str
    """Keyword, place and kind: `maxLength:/content emoji`; the whole payload is the place `/`."""
    valid: bool
    keyword: str
    pointer: str
    """The place whose schema has the keyword: a JSON pointer, with the branch taken in parentheses."""
    id: str = ""
    """The same as an address: `maxLength/content/emoji`, no beginning of another of its schema."""


@dataclass(frozen=True, slots=True, eq=False)
class Variation:
    """One thing that can be varied in any payload of a schema."""

    keyword: str
    place: Place = field(repr=False)
    change: Change = field(repr=False)
    label: str
    id: str

    def on(self, base: Json, *, valid: bool) -> Example:
        """Return a valid payload with this one thing varied."""
        payload = self.place.edit(base, self.change)
        return Example(payload, self.label, valid, self.keyword, self.place.pointer, self.id)


def boundaries(protocol: Protocol, schema: str, base: Json = None) -> list[Example]:
    """Return the valid payloads at the border of every keyword at every place, one change each to the base.

    Without a base it is the simplest valid payload. A border that cannot be reached has no example, such as a
    `minLength` below what the pattern asks for. Raises ValueError for an invalid base, SpecError for a schema outside
    the subset.
    """
    return _judged(protocol, schema, base, BOUNDARIES, valid=True)


def mutations(protocol: Protocol, schema: str, base: Json = None) -> list[Example]:
    """Return invalid payloads, one fault each, for every keyword at every place; base and errors as in `boundaries`."""
    return _judged(protocol, schema, base, FAULTS, valid=False)


@cache
def example_ids(protocol: Protocol, schema: str, *, valid: bool) -> tuple[str, ...]:
    """Return the ids of all boundaries of a schema, or of all mutations: whatever they are varied on."""
    return tuple(example.id for example in (boundaries if valid else mutations)(protocol, schema))


def example_of(protocol: Protocol, schema: str, base: Json, id: str, *, valid: bool) -> Example:  # noqa: A002 -- its name
    """Return one example by its id; a mutation that this base would make valid is one of the simplest payload."""
    variation = _by_id(protocol, schema, valid=valid)[id]
    varied = variation.on(base, valid=valid)
    if valid is bool(protocol.faults(schema, varied.payload)):
        return variation.on(simplest(Node.named(protocol, schema)), valid=valid)
    return varied


@cache
def _by_id(protocol: Protocol, schema: str, *, valid: bool) -> dict[str, "Variation"]:
    return {variation.id: variation for variation in variations(protocol, schema, BOUNDARIES if valid else FAULTS)}


def variations(protocol: Protocol, schema: str, table: Table) -> list[Variation]:
    """Return everything that the table knows to vary in a payload of the schema."""
    found = list(_variations(protocol, schema, table))
    ids = slugs.distinct(variation.id for variation in found)
    return [replace(variation, id=its_id) for variation, its_id in zip(found, ids, strict=True)]


def _variations(protocol: Protocol, schema: str, table: Table) -> Iterator[Variation]:
    for place in places(Node.named(protocol, schema)):
        for keyword in place.node.keywords:
            if keyword in table:
                for member, detail, change in table[keyword](place.node):
                    label = f"{keyword}:{place.pointer + member or '/'}{detail and ' '}{detail}"
                    words = [keyword, *slugs.path(place.pointer + member), *([slugs.word(detail)] if detail else [])]
                    yield Variation(keyword, place, change, label, "/".join(words))


def _judged(protocol: Protocol, schema: str, base: Json, table: Table, *, valid: bool) -> list[Example]:
    """Return the examples on a base that the gate finds as valid as they are meant to be."""
    payload = simplest(Node.named(protocol, schema)) if base is None else base
    if faults := protocol.faults(schema, payload):
        raise ValueError(f"the base is no valid {schema}: {'; '.join(map(str, faults))}")
    examples = [variation.on(payload, valid=valid) for variation in variations(protocol, schema, table)]
    return [example for example in examples if valid is not bool(protocol.faults(schema, example.payload))]
