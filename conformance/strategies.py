"""Payloads for a schema, drawn by Hypothesis: valid ones, invalid ones labelled with what is wrong, and garbage.

Every one of them has been judged by the gate of the contract (`Protocol.faults`) before it is handed out.
"""

import sys
from collections.abc import Mapping
from typing import TypeAlias

import orjson
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.arguments import Arguments, refused
from conformance.examples import Example, Variation, variations
from conformance.payloads.faults import FAULTS
from conformance.payloads.node import JsonObject, Node, is_of
from conformance.payloads.scalars import WORDS, floats, integers, strings
from conformance.payloads.values import simplest
from protocols.contract import Json, Operation, Protocol
from protocols.errors import SpecError
from simulators.strict_json import Value

Overrides: TypeAlias = Mapping[str, SearchStrategy[Json]]

# Items that a drawn array has at most beyond its least; its border is drawn too where that is near.
_FEW = 8
_NEAR = 24


def valid(protocol: Protocol, schema: str, *, overrides: Overrides | None = None) -> SearchStrategy[Json]:
    """Return a strategy for valid payloads, up to the borders of what is valid.

    `overrides` are strategies for members of the payload, in place of what their schemas admit: the ids of those who
    are present, say. Optional members stay optional. Raises ValueError for a member that the schema does not have,
    SpecError for a schema outside the subset.
    """
    root = Node.named(protocol, schema)
    known = {name for node in (root, *root.branches) for name in node.properties}
    if unknown := (overrides or {}).keys() - known:
        raise ValueError(f"{schema} has no member {', '.join(sorted(unknown))}")
    drawn = _Payloads(protocol).of(root, overrides or {})
    return drawn.filter(lambda payload: not protocol.faults(schema, payload))


def invalid(protocol: Protocol, schema: str, *, overrides: Overrides | None = None) -> SearchStrategy[Example]:
    """Return a strategy for invalid payloads: a valid one, as in `valid`, with one labelled fault."""
    base = simplest(Node.named(protocol, schema))
    able = [
        variation
        for variation in variations(protocol, schema, FAULTS)
        if protocol.faults(schema, variation.on(base, valid=False).payload)
    ]

    def broken(variation: Variation, payload: Json) -> Example:
        return variation.on(payload, valid=False)

    drawn = st.builds(broken, st.sampled_from(able), valid(protocol, schema, overrides=overrides))
    return drawn.filter(lambda example: bool(protocol.faults(schema, example.payload)))


def garbage(protocol: Protocol, operation: Operation) -> SearchStrategy[Arguments]:
    """Return a strategy for lists of up to three arguments that are no arguments of this event, bytes among them."""
    drawn = st.lists(_anything(), max_size=3).map(lambda values: Arguments(tuple(values), "garbage"))
    return drawn.filter(lambda arguments: refused(protocol, operation, arguments))


def _anything() -> SearchStrategy[Value]:
    leaves: SearchStrategy[Value] = st.one_of(
        st.none(), st.booleans(), integers({}), floats({}), strings({"maxLength": 40}), st.binary(max_size=20)
    )
    # Beside bytes, the wire itself gives this name a meaning.
    names = strings({"maxLength": 12}).filter(lambda name: name != "_placeholder")
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
    )


class _Payloads:
    """Strategies for the schemas of one protocol; each of its named schemas is made once, so one may hold itself."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self._named: dict[str, SearchStrategy[Json]] = {}
        self._making: list[str] = []
        self._met_again = 0

    def of(self, node: Node, overrides: Overrides) -> SearchStrategy[Json]:
        """Return the strategy for a schema; overrides reach its own members and those of its branches."""
        if "const" in node.keywords:
            return st.just(node.keywords["const"])
        if "enum" in node.keywords:
            return st.sampled_from([value for value in node.keywords["enum"] if is_of(value, node.types)])
        if branches := node.branches:
            return st.one_of([self.of(branch, overrides) for branch in branches])
        return st.one_of([self._of_type(node, json_type, overrides) for json_type in node.types])

    def inner(self, node: Node) -> SearchStrategy[Json]:
        """Return the strategy for a schema inside another."""
        if not node.name:
            return self.of(node, {})
        if node.name in self._making:
            self._met_again += 1
        elif node.name not in self._named:
            self._named[node.name] = st.deferred(lambda: made)
            self._making.append(node.name)
            made = self.of(node, {})
            self._making.pop()
        return self._named[node.name]

    def _of_type(self, node: Node, json_type: str, overrides: Overrides) -> SearchStrategy[Json]:
        match json_type:
            case "null":
                return st.none()
            case "boolean":
                return st.booleans()
            case "integer":
                return integers(node.keywords)
            case "number":
                return integers(node.keywords) | floats(node.keywords)
            case "string":
                return strings(node.keywords)
            case "array":
                return self._arrays(node)
            case "object":
                return self._objects(node, overrides)
            case _:
                raise SpecError(f"{self.protocol.name}: {json_type} is no JSON type")

    def _objects(self, node: Node, overrides: Overrides) -> SearchStrategy[Json]:
        members = {
            name: overrides[name] if name in overrides else self.inner(node.member(name)) for name in node.properties
        }
        required = {name: member for name, member in members.items() if name in node.required}
        optional = {name: member for name, member in members.items() if name not in node.required}
        named = st.fixed_dictionaries(required, optional=optional)
        if node.keywords.get("additionalProperties", True) is False:
            return named
        names = WORDS.filter(lambda name: name not in members)
        extra = st.dictionaries(names, st.integers(0, 9) if node.extra is None else self.inner(node.extra), max_size=2)

        def joined(drawn: JsonObject, more: JsonObject) -> Json:
            return {**more, **drawn}

        return st.builds(joined, named, extra)

    def _arrays(self, node: Node) -> SearchStrategy[Json]:
        low = node.keywords.get("minItems", 0)
        high = node.keywords.get("maxItems", sys.maxsize)
        distinct = _canonical if node.keywords.get("uniqueItems") else None
        met = self._met_again
        items = self.inner(node.items)

        def between(least: int, most: int) -> SearchStrategy[list[Json]]:
            return st.lists(items, min_size=least, max_size=most, unique_by=distinct)

        if self._met_again > met:
            # What holds itself must have less than one of itself on average, or it never ends.
            return between(low, low) | between(low, max(low, min(high, 2)))
        arrays = between(low, min(high, low + _FEW))
        return arrays | between(high, high) if low < high <= _NEAR else arrays


def _canonical(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
