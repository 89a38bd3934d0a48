"""Payloads for a schema, written out: the valid ones at every border, and invalid ones with one labelled fault each.

The same schema and base give the same examples in the same order in every run. None of them is taken at its word: the
gate of the contract (`Protocol.faults`) has judged each.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True, eq=False)
class Variation:
    """One thing that can be varied in any payload of a schema."""

    keyword: str
    place: Place = field(repr=False)
    change: Change = field(repr=False)
    label: str

    def on(self, base: Json, *, valid: bool) -> Example:
        """Return a valid payload with this one thing varied."""
        payload = self.place.edit(base, self.change)
        return Example(payload, self.label, valid, self.keyword, self.place.pointer)


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


def coverage(examples: Mapping[str, Iterable[Example]]) -> dict[str, Counter[str]]:
    """Count examples: by event (or what else the examples are filed under), then by keyword."""
    return {event: Counter(example.keyword for example in of_event) for event, of_event in examples.items()}


def variations(protocol: Protocol, schema: str, table: Table) -> Iterator[Variation]:
    """Yield everything that the table knows to vary in a payload of the schema."""
    for place in places(Node.named(protocol, schema)):
        for keyword in place.node.keywords:
            if keyword in table:
                for member, detail, change in table[keyword](place.node):
                    label = f"{keyword}:{place.pointer + member or '/'}{detail and ' '}{detail}"
                    yield Variation(keyword, place, change, label)


def _judged(protocol: Protocol, schema: str, base: Json, table: Table, *, valid: bool) -> list[Example]:
    """Return the examples on a base that the gate finds as valid as they are meant to be."""
    payload = simplest(Node.named(protocol, schema)) if base is None else base
    if faults := protocol.faults(schema, payload):
        raise ValueError(f"the base is no valid {schema}: {'; '.join(map(str, faults))}")
    examples = [variation.on(payload, valid=valid) for variation in variations(protocol, schema, table)]
    return [example for example in examples if valid is not bool(protocol.faults(schema, example.payload))]
