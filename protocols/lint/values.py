"""Rules about the values of a schema: there are some, they have a greatest size, and the examples are among them."""

from collections.abc import Iterator
from functools import cache

import jsonschema_rs
from jsonschema_rs.canonical import find_unsatisfiable

from protocols.document import Place
from protocols.errors import SpecError, shorten
from protocols.lint.finding import Finding
from protocols.lint.structure import findings
from protocols.schema import everywhere, standalone, validator

# What is raised where a schema is none; other rules say so then.
NO_SCHEMA = (ValueError, SpecError, jsonschema_rs.ReferencingError)


def values(named: Place) -> Iterator[Finding]:
    """Check one named schema."""
    if _contains_itself(named):
        remedy = "Unroll it to the depth that is needed"
        yield Finding.at(named, "recursive-schema", f"{named.key} contains itself, without any bound", remedy)
        return
    try:
        yield from findings(named, _meta().iter_errors(named.node), "structure")
        yield from _impossible(named)
        for place in everywhere(named):
            yield from _listed(place)
    except NO_SCHEMA:
        return


def fits(schema: Place, value: Place, what: str) -> Iterator[Finding]:
    """Check one value, such as an example, against a schema; quiet where the schema is none."""
    try:
        error = next(iter(validator(schema).iter_errors(value.node)), None)
        if error is None or "" in find_unsatisfiable(standalone(schema)):  # nothing fits: another rule's finding
            return
    except NO_SCHEMA:
        return
    else:
        at = "".join(f"/{step}" for step in error.instance_path)
        message = f"{what}{f' at {at}' if at else ''} does not fit {schema.key}: {shorten(error.message, 120)}"
        yield Finding.at(value, "example", message, "Correct the example, or the schema")


@cache
def _meta() -> jsonschema_rs.Draft202012Validator:
    """Return the schema of schemas, which jsonschema-rs holds itself."""
    return jsonschema_rs.Draft202012Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"})


def _contains_itself(named: Place) -> bool:
    return _reaches(named, named, set())


def _reaches(place: Place, goal: Place, seen: set[str]) -> bool:
    for inner in everywhere(place):
        try:
            target = inner.document.resolve(inner.ref) if inner.ref is not None else None
        except SpecError:
            continue
        if target is None or target.name in seen:
            continue
        seen.add(target.name)
        if target.name == goal.name or _reaches(target, goal, seen):
            return True
    return False


def _impossible(named: Place) -> Iterator[Finding]:
    """Name the innermost parts that no value fits."""
    empty = [pointer for pointer in find_unsatisfiable(standalone(named)) if not pointer.startswith("/$defs/")]
    # `additionalProperties: false` admits nothing, and is meant to
    empty = [pointer for pointer in empty if not pointer.endswith("/additionalProperties")]
    for place in everywhere(named):
        pointer = place.pointer.removeprefix(named.pointer)
        inner = any(other.startswith(f"{pointer}/") for other in empty)
        if pointer in empty and not inner and place.ref is None and not _lacks_properties(place):
            remedy = "Compare its bounds, its enum and its required properties: some contradict each other"
            yield Finding.at(place, "impossible", f"no value fits {place.key}", remedy)


def _lacks_properties(place: Place) -> bool:
    """Whether another rule says why no object fits: a property is required that there is not."""
    required, properties = place.get("required"), place.get("properties")
    names = [item.text or "" for item in required.values()] if required else []
    return any(properties is None or properties.get(name) is None for name in names)


def _listed(place: Place) -> Iterator[Finding]:
    """Check the values that a schema itself spells out."""
    for what in ("examples", "default"):
        listed = place.get(what)
        for value in (listed.values() if what == "examples" else [listed]) if listed else ():
            yield from fits(place, value, "the example" if what == "examples" else "the default")
    if isinstance(place.node, dict) and place.node.keys() & {"enum", "const"}:
        rest = {key: node for key, node in place.node.items() if key not in ("enum", "const")}
        bare = Place(place.document, place.pointer, rest)
        listed = place.get("enum")
        for value in listed.values() if listed else ():
            yield from fits(bare, value, "the enum's value")
        if (constant := place.get("const")) is not None:
            yield from fits(bare, constant, "the const")
