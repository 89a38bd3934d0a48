"""Every keyword at every place has a valid and an invalid example; the gate of the contract judges them all."""

import hashlib
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

import protocols
from conformance.examples import Example, boundaries, example_ids, example_of, mutations
from conformance.payloads.node import KEYWORDS, Node
from conformance.payloads.values import simplest
from protocols.contract import JsonSchema, Protocol
from protocols.errors import SpecError

HERE = Path(__file__).parent


def made_of(schemas: dict[str, JsonSchema]) -> Protocol:
    return Protocol(name="toy", title="", namespace="/", operations=[], requirements=[], conditions={}, schemas=schemas)


RICH = made_of(json.loads((HERE / "rich.json").read_text("utf-8")))
MODULES = [importlib.import_module(f"protocols.{module.name}") for module in pkgutil.iter_modules(protocols.__path__)]
PROTOCOLS: list[Protocol] = [RICH, *(module.PROTOCOL for module in MODULES if hasattr(module, "PROTOCOL"))]
SCHEMAS = [
    pytest.param(protocol, name, id=f"{protocol.name}-{name}") for protocol in PROTOCOLS for name in protocol.schemas
]
every_schema = pytest.mark.parametrize(("protocol", "schema"), SCHEMAS)


def sites(
    protocol: Protocol, schema: Any, pointer: str = "", entered: tuple[str, ...] = ()
) -> Iterator[tuple[str, str, Any]]:
    """Walk a schema independently of the code under test: keyword, pointer, the keyword's value."""
    name = ""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name in entered:
            return
        entered, schema = (*entered, name), protocol.schemas[name]
    yield from ((keyword, pointer, value) for keyword, value in schema.items())
    for number, branch in enumerate(schema.get("oneOf", []) + schema.get("anyOf", [])):
        branch_name = branch.get("$ref", f"/{number}").rsplit("/", 1)[-1]
        yield from sites(protocol, branch, f"{pointer}({branch_name})", entered)
    for member, inner in schema.get("properties", {}).items():
        yield from sites(protocol, inner, f"{pointer}/{member.replace('/', '~1')}", entered)
    if isinstance(extra := schema.get("additionalProperties"), dict):
        yield from sites(protocol, extra, f"{pointer}/unexpected", entered)
    if "items" in schema:
        yield from sites(protocol, schema["items"], f"{pointer}/0", entered)


def breakable(keyword: str, value: Any) -> bool:
    """Whether anything can break this keyword alone."""
    return keyword != "properties" and (keyword, value) not in [
        ("additionalProperties", True),
        ("minItems", 0),
        ("minLength", 0),
    ]


def hit(examples: list[Example]) -> set[tuple[str, str]]:
    return {(example.keyword, example.pointer) for example in examples}


def test_the_rich_schema_has_every_keyword() -> None:
    assert {keyword for name in RICH.schemas for keyword, _, _ in sites(RICH, {"$ref": f"/{name}"})} == KEYWORDS


@every_schema
def test_every_keyword_at_every_place_has_a_valid_example(protocol: Protocol, schema: str) -> None:
    expected = {(keyword, pointer) for keyword, pointer, _ in sites(protocol, {"$ref": f"/{schema}"})}
    examples = boundaries(protocol, schema)
    assert hit(examples) == expected
    assert all(example.valid and not protocol.faults(schema, example.payload) for example in examples)


@every_schema
def test_every_keyword_at_every_place_has_an_invalid_example(protocol: Protocol, schema: str) -> None:
    every = sites(protocol, {"$ref": f"/{schema}"})
    expected = {(keyword, pointer) for keyword, pointer, value in every if breakable(keyword, value)}
    examples = mutations(protocol, schema)
    assert hit(examples) == expected
    assert all(not example.valid and protocol.faults(schema, example.payload) for example in examples)


@every_schema
def test_an_invalid_example_has_the_fault_of_its_label_and_none_elsewhere(protocol: Protocol, schema: str) -> None:
    values = {(keyword, pointer): value for keyword, pointer, value in sites(protocol, {"$ref": f"/{schema}"})}
    for example in mutations(protocol, schema):
        if "(" in example.pointer or isinstance(values[example.keyword, example.pointer], dict):
            continue  # the gate blames the branches as a whole, and what breaks the schema inside a keyword for itself
        faults = protocol.faults(schema, example.payload)
        assert example.keyword in {fault.keyword for fault in faults}, example.label
        assert all(fault.pointer.startswith(example.pointer.replace("~1", "/")) for fault in faults), example.label


@every_schema
def test_labels_are_unique_and_say_keyword_and_place(protocol: Protocol, schema: str) -> None:
    for examples in (boundaries(protocol, schema), mutations(protocol, schema)):
        labels = [example.label for example in examples]
        assert len(set(labels)) == len(labels)
        assert all(example.label.startswith(f"{example.keyword}:{example.pointer}") for example in examples)
        assert all(label.isprintable() for label in labels)


@every_schema
def test_payloads_survive_json(protocol: Protocol, schema: str) -> None:
    for example in boundaries(protocol, schema) + mutations(protocol, schema):
        assert repr(orjson.loads(orjson.dumps(example.payload))) == repr(example.payload), example.label


def payload(examples: list[Example], label: str) -> Any:
    [found] = [example.payload for example in examples if example.label == label]
    return found


def test_borders_of_length_are_counted_in_characters() -> None:
    schemas: dict[str, JsonSchema] = {"Name": {"type": "string", "minLength": 2, "maxLength": 4}}
    valid, wrong = boundaries(made_of(schemas), "Name"), mutations(made_of(schemas), "Name")
    assert payload(valid, "minLength:/ ascii") == "aa"
    assert payload(valid, "maxLength:/ Korean") == "가가가가"
    assert payload(valid, "maxLength:/ emoji") == "🚀🚀🚀🚀"
    assert payload(wrong, "minLength:/") == "a"
    assert payload(wrong, "maxLength:/ emoji") == "🚀🚀🚀🚀🚀"


def test_one_change_each_on_the_given_base() -> None:
    base = {"x": 3, "y": 4.5}
    for example in [*boundaries(RICH, "Point", base), *mutations(RICH, "Point", base)]:
        if isinstance(example.payload, dict) and example.pointer:
            changed = example.pointer.strip("/")
            kept = {name: value for name, value in base.items() if name != changed}
            assert {name: value for name, value in example.payload.items() if name != changed} == kept


def test_what_the_base_lacks_is_put_in() -> None:
    wrong = mutations(RICH, "Square", {"kind": "square", "side": 3})
    assert payload(wrong, "minLength:/name") == {"kind": "square", "side": 3, "name": "a"}
    assert payload(mutations(RICH, "Shape", {"kind": "square", "side": 3}), "minimum:(Circle)/radius by one") == {
        "kind": "circle",
        "radius": -1,
    }


def test_distinct_items_stay_distinct() -> None:
    valid = boundaries(RICH, "Rich")
    assert len(set(payload(valid, "maxItems:/tags")["tags"])) == 5
    assert payload(mutations(RICH, "Rich"), "uniqueItems:/tags")["tags"] == ["#a", "#a"]


def test_an_invalid_base_is_refused() -> None:
    with pytest.raises(ValueError, match="the base is no valid Point"):
        boundaries(RICH, "Point", {"x": 1})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "multipleOf": 2},
        {"type": "string", "format": "hostname"},
        {"type": "string", "pattern": "^(?=a)a$"},
        {"description": "anything"},
        {},
        {"oneOf": [{"const": 1}], "maximum": 2},
    ],
)
def test_what_is_outside_the_subset_is_refused(schema: JsonSchema) -> None:
    with pytest.raises(SpecError):
        boundaries(made_of({"Odd": schema}), "Odd")


@every_schema
def test_each_has_an_id_that_can_be_typed_and_gives_it_back(protocol: Protocol, schema: str) -> None:
    for valid, made in ((True, boundaries(protocol, schema)), (False, mutations(protocol, schema))):
        ids = example_ids(protocol, schema, valid=valid)
        assert len(set(ids)) == len(ids)
        for its_id, one in zip(ids, made, strict=True):
            assert re.fullmatch(r"[A-Za-z0-9_.:+/-]+", its_id), its_id
            assert its_id.split("/")[0] == one.keyword
            assert example_of(protocol, schema, simplest(Node.named(protocol, schema)), its_id, valid=valid) == one


def test_a_mutation_that_a_base_would_make_valid_is_one_of_the_simplest() -> None:
    either: JsonSchema = {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/Pair"}]}
    pair = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2, "uniqueItems": True}
    protocol = made_of({"Either": either, "Pair": pair})
    for its_id in example_ids(protocol, "Either", valid=False):
        for base in ("text", ["a"], ["a", "b"]):
            assert protocol.faults("Either", example_of(protocol, "Either", base, its_id, valid=False).payload), its_id


def digest() -> str:
    """Return what all labels and payloads come down to."""
    examples = [*boundaries(RICH, "Rich"), *mutations(RICH, "Rich")]
    return hashlib.sha256(repr([(one.id, one.label, one.payload) for one in examples]).encode()).hexdigest()


def test_the_same_examples_in_every_process() -> None:
    code = (
        f"import importlib.util as u; s = u.spec_from_file_location('t', r'{__file__}');"
        "m = u.module_from_spec(s); s.loader.exec_module(m); print(m.digest())"
    )
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            cwd=HERE.parent.parent,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == digest()
