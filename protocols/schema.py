"""JSON Schema as the contract uses it: the keywords it may say, and schemas taken out of their documents."""

import re
from collections.abc import Iterator

import jsonschema_rs

from protocols.contract import JsonSchema
from protocols.document import Place
from protocols.strict_yaml import Node

ANNOTATIONS = frozenset({"title", "description", "examples", "default"})

# keyword -> the types that it says something about
APPLIES: dict[str, frozenset[str]] = {
    "format": frozenset({"string"}),
    "pattern": frozenset({"string"}),
    "minLength": frozenset({"string"}),
    "maxLength": frozenset({"string"}),
    "minimum": frozenset({"integer", "number"}),
    "maximum": frozenset({"integer", "number"}),
    "items": frozenset({"array"}),
    "minItems": frozenset({"array"}),
    "maxItems": frozenset({"array"}),
    "uniqueItems": frozenset({"array"}),
    "properties": frozenset({"object"}),
    "required": frozenset({"object"}),
    "additionalProperties": frozenset({"object"}),
}

KEYWORDS = ANNOTATIONS | APPLIES.keys() | {"$ref", "type", "enum", "const", "oneOf", "anyOf"}
"""All that a schema may say: what the strategies generate, the models type and the comparison decides."""

DATA = frozenset({"examples", "enum", "const", "default"})
"""Keywords whose value is data, in which `$ref` is no reference."""


def types(place: Place) -> frozenset[str]:
    """Return the types that a schema names itself; empty where it names none."""
    declared = place.node.get("type") if isinstance(place.node, dict) else None
    names = declared if isinstance(declared, list) else [declared]
    return frozenset(name for name in names if isinstance(name, str))


def is_named(place: Place) -> bool:
    """Tell whether a place is where a schema of its own stands: in the components, or at the top of a shared file."""
    return _NAMED.fullmatch(place.pointer) is not None


_NAMED = re.compile(r"(/components/schemas)?/[^/]+")


def subschemas(place: Place) -> Iterator[Place]:
    """Yield the schemas directly inside a schema; references are not followed."""
    for keyword in ("properties", "oneOf", "anyOf"):
        if (children := place.get(keyword)) is not None:
            yield from children.values()
    for keyword in ("items", "additionalProperties"):
        if (child := place.get(keyword)) is not None and isinstance(child.node, dict):
            yield child


def everywhere(place: Place) -> Iterator[Place]:
    """Yield a schema and all schemas inside it; references are not followed."""
    yield place
    for child in subschemas(place):
        yield from everywhere(child)


def standalone(place: Place) -> JsonSchema:
    """Return a schema that needs no other document, what it refers to under `$defs`; raises SpecError.

    >>> standalone(payload)
    {"$ref": "#/$defs/space.JoinSpace", "$defs": {"space.JoinSpace": {...}, "common.Id": {...}}}
    """
    definitions: dict[str, Node] = {}
    node = _copy(place, definitions)
    return {**(node if isinstance(node, dict) else {"const": node}), "$defs": definitions}


def _copy(place: Place, definitions: dict[str, Node]) -> Node:
    if place.ref is not None:
        target = place.document.resolve(place.ref)
        if target.name not in definitions:
            definitions[target.name] = None  # until it is copied: it may refer to itself
            definitions[target.name] = _copy(target, definitions)
        return {"$ref": f"#/$defs/{target.name}"}
    match place.node:
        case dict():
            return {key: child.node if key in DATA else _below(key, child, definitions) for key, child in place.items()}
        case list():
            return [_copy(child, definitions) for child in place.values()]
        case scalar:
            return scalar


def _below(key: str, place: Place, definitions: dict[str, Node]) -> Node:
    if key == "properties":  # its keys are names, which may be those of keywords
        return {name: _copy(child, definitions) for name, child in place.items()}
    return _copy(place, definitions)


def validator(place: Place) -> jsonschema_rs.Draft202012Validator:
    """Return the gate for one schema; raises SpecError, or ValueError where it is no schema."""
    return jsonschema_rs.Draft202012Validator(standalone(place), validate_formats=True)


def is_value(place: Place) -> bool:
    """Tell whether a payload's schema is one of values such as strings, not of objects; references are followed."""
    schema = place.find()
    return schema is not None and not any(
        "object" in types(schema) or schema.get(key) is not None for key in ("properties", "oneOf", "anyOf")
    )


def carried(place: Place) -> dict[str, list[Place]]:
    """Return the fields of a payload with this schema: its properties, or `value` where it is a value itself."""
    return {"value": [place]} if is_value(place) else fields(place)


def fields(place: Place, seen: frozenset[int] = frozenset()) -> dict[str, list[Place]]:
    """Return the properties that values of a schema may have, each with its schema in every branch that has it."""
    schema = place.find()
    if schema is None or id(schema.node) in seen:
        return {}
    found: dict[str, list[Place]] = {}
    for keyword in ("oneOf", "anyOf"):
        if (branches := schema.get(keyword)) is not None:
            for branch in branches.values():
                for name, schemas in fields(branch, seen | {id(schema.node)}).items():
                    found.setdefault(name, []).extend(schemas)
    if (properties := schema.get("properties")) is not None:
        for name, child in properties.items():
            found.setdefault(name, []).append(child)
    return found
