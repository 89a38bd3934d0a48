"""Schemas taken out of their documents admit what they admitted there."""

from pathlib import Path

import pytest

from protocols.document import Place, load
from protocols.errors import SpecError
from protocols.schema import everywhere, fields, is_named, standalone, types, validator

SOURCE = """\
Tree:
  type: object
  properties:
    examples: {$ref: '#/Leaf'}
    kids: {type: array, items: {$ref: '#/Tree'}}
  examples: [{$ref: '#/nothing'}]
Leaf: {enum: [{$ref: x}, 1]}
Either: {oneOf: [{$ref: '#/Tree'}, {$ref: '#/Other'}]}
Other: {type: [object, 'null'], properties: {weight: {type: integer}}}
Loop: {oneOf: [{$ref: '#/Loop'}]}
Lost: {$ref: '#/nothing'}
"""


@pytest.fixture
def top(tmp_path: Path) -> Place:
    (tmp_path / "s.yaml").write_text(SOURCE, encoding="utf-8")
    return load(tmp_path / "s.yaml").top


def test_what_a_schema_refers_to_comes_with_it(top: Place) -> None:
    schema = standalone(top["Tree"])
    assert schema["properties"]["examples"] == {"$ref": "#/$defs/s.Leaf"}
    assert schema["examples"] == [{"$ref": "#/nothing"}], "data is left alone"
    assert schema["$defs"].keys() == {"s.Leaf", "s.Tree"}
    gate = validator(top["Tree"])
    assert gate.is_valid({"examples": 1, "kids": [{"kids": []}]})
    assert not gate.is_valid({"examples": 2})
    assert not gate.is_valid({"kids": [{"kids": 1}]})


def test_a_schema_that_refers_to_nothing_does_not_stand_alone(top: Place) -> None:
    with pytest.raises(SpecError, match="names nothing"):
        standalone(top["Lost"])


def test_fields_are_those_of_all_branches(top: Place) -> None:
    assert list(fields(top["Either"])) == ["examples", "kids", "weight"]
    assert fields(top["Loop"]) == fields(top["Lost"]) == fields(top["Leaf"]) == {}


def test_parts_of_a_schema(top: Place) -> None:
    assert [place.pointer for place in everywhere(top["Tree"])] == [
        "/Tree",
        "/Tree/properties/examples",
        "/Tree/properties/kids",
        "/Tree/properties/kids/items",
    ]
    assert is_named(top["Tree"])
    assert not is_named(top["Tree"]["properties"])
    assert types(top["Other"]) == {"object", "null"}
    assert types(top["Leaf"]) == types(top["Other"]["properties"]) == frozenset()
