"""Values are valid, distinct, and the simplest comes first."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.payloads.node import Node
from conformance.payloads.texts import text_of
from conformance.payloads.values import several, simplest
from protocols.contract import Json, JsonSchema, Protocol
from protocols.errors import SpecError


def node(schema: JsonSchema) -> Node:
    protocol = Protocol(
        name="toy", title="", namespace="/", operations=[], requirements=[], conditions={}, schemas={"It": schema}
    )
    return Node.named(protocol, "It")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "maxLength": 5}, "a"),
        ({"type": "string", "maxLength": 0}, ""),
        ({"type": "string", "minLength": 3, "pattern": r"\S"}, "aaa"),
        ({"type": "integer", "minimum": 2.5}, 3),
        ({"type": "integer", "maximum": -2.5}, -3),
        ({"type": "number", "minimum": 0.25, "maximum": 0.5}, 0.25),
        ({"type": ["null", "string"]}, None),
        ({"enum": ["b", "a"]}, "b"),
        ({"type": "array", "minItems": 2, "uniqueItems": True, "items": {"type": "boolean"}}, [False, True]),
        ({"type": "object", "required": ["a"], "properties": {"a": {"const": 1}, "b": {"const": 2}}}, {"a": 1}),
    ],
)
def test_simplest(schema: JsonSchema, value: Json) -> None:
    assert simplest(node(schema)) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"type": "boolean"}},
    ],
)
def test_a_schema_without_values_is_refused(schema: JsonSchema) -> None:
    with pytest.raises(SpecError, match="admits no value"):
        simplest(node(schema))


DIVERSE: list[JsonSchema] = [
    {"type": "string", "minLength": 1, "maxLength": 64},
    {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    {"type": "string", "pattern": r"^#[a-z]{1,30}$"},
    {"type": "string", "format": "uuid"},
    {"type": "string", "format": "date-time"},
    {"type": "integer", "minimum": -300, "maximum": 300},
    {"type": "object", "required": ["on", "x"], "properties": {"on": {"type": "boolean"}, "x": {"type": "number"}}},
    {"oneOf": [{"type": "boolean"}, {"type": "integer", "minimum": 2}]},
]


@pytest.mark.parametrize("schema", DIVERSE)
def test_five_hundred_values_are_valid_and_distinct(schema: JsonSchema) -> None:
    one = node(schema)
    made = several(one, 501)
    assert len(made) == 501
    assert all(not one.protocol.faults("It", value) for value in made)
    assert all(first != second for first, second in itertools.combinations(made[:60], 2))
    assert len(set(map(repr, made))) == 501


@given(length=st.integers(3, 254))
def test_an_email_may_have_any_length(length: int) -> None:
    text = text_of({"format": "email"}, length)
    assert text is not None
    assert len(text) == length
    assert not node({"type": "string", "format": "email"}).protocol.faults("It", text)


@given(length=st.integers(9, 3000))
def test_a_uri_may_have_any_length(length: int) -> None:
    text = text_of({"format": "uri"}, length)
    assert text is not None
    assert len(text) == length
    assert not node({"type": "string", "format": "uri"}).protocol.faults("It", text)


def test_a_length_that_a_pattern_does_not_have_is_not_made_up() -> None:
    assert text_of({"pattern": "^[0-9a-f]{64}$"}, 63) is None
    assert text_of({"pattern": "^[0-9a-f]{64}$"}, 65) is None
    assert text_of({"pattern": "^#[a-z]+$"}, 8) == "#aaaaaaa"
    assert text_of({"pattern": "^[A-Z]{2}-[0-9]+$"}, 8) == "AA-00000"
