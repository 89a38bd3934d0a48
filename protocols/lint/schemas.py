"""Rules about schemas: named, closed, and within the keywords that every one of our tools understands."""

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from protocols.contract import Event
from protocols.document import Place
from protocols.errors import SpecError, shorten
from protocols.lint.bounds import FORMATS, bounds
from protocols.lint.finding import Finding
from protocols.lint.references import references
from protocols.lint.values import values
from protocols.schema import ANNOTATIONS, APPLIES, KEYWORDS, everywhere, is_named, types

_CLASS_NAME = re.compile(r"([a-z][a-z0-9-]*\.)?[A-Z][A-Za-z0-9]*")

OUR_NAMES = frozenset(
    {"Mapping", "Sequence", "Annotated", "ClassVar", "Literal", "TypeAlias", "TypeAliasType", "ConfigDict", "Field"}
    | {"Ack", "Action", "Audience", "Condition", "Event", "Handshake", "JsonSchema", "Level", "Operation", "Payload"}
    | {"Protocol", "Refusal", "Requirement", "Trigger", "Inbound", "Outbound", "MISSING"}
)
"""What a generated module calls so itself, and no class of its protocol may."""

# Attributes that a generated class has already, so that no field may have these names.
_TAKEN = frozenset(dir(Event)) | {"event_name"}

_INSTEAD: Mapping[str, str] = {
    "nullable": "Write type: [T, 'null']",
    "discriminator": "Remove it: a const or enum in each branch tells them apart",
    "allOf": "Write the properties out in one schema",
    "patternProperties": "Name the properties, or declare additionalProperties",
    "exclusiveMinimum": "Write minimum",
    "exclusiveMaximum": "Write maximum",
}


def reachable(places: Iterable[Place]) -> list[Place]:
    """Return the schemas that these places refer to, directly or through others, in whichever file; each once."""
    found: dict[tuple[str, str], Place] = {}
    waiting = [place for place in places if place.ref is not None]
    while waiting:
        place = waiting.pop()
        try:
            target = place.document.resolve(place.ref or "")
        except SpecError:
            continue
        address = str(target.document.path), target.pointer
        if address not in found and is_named(target):
            found[address] = target
            waiting += [inner for inner in everywhere(target) if inner.ref is not None]
    return list(found.values())


def schemas(named: Place) -> Iterator[Finding]:
    """Check one named schema, and all that stands inside it."""
    yield from references(named)
    if not is_class_name(named.key):
        remedy = CLASS_NAME
        yield Finding.at(named, "schema-name", f"{shorten(named.key)} can be no class of ours", remedy)
    for place in everywhere(named):
        if not isinstance(place.node, dict):
            yield Finding.at(
                place, "untyped", f"{place.key} is no mapping", "Write a schema that says at least its type"
            )
        elif place.ref is None:
            yield from _keywords(place)
            yield from _type(place)
            yield from bounds(place)
            yield from _object(place, inline=place.pointer != named.pointer)
            yield from _branches(place)
    yield from values(named)


CLASS_NAME = "Name it like a class, such as PlayerMove, that generated modules do not use themselves: it becomes one"


def is_class_name(key: str) -> bool:
    """Tell whether the key of a schema or message can name a class, with the prefix it has in a bundle or without."""
    return _CLASS_NAME.fullmatch(key) is not None and key.rpartition(".")[2] not in OUR_NAMES


def _keywords(place: Place) -> Iterator[Finding]:
    for key, child in place.items():
        if key not in KEYWORDS:
            remedy = _INSTEAD.get(key, f"Use only {', '.join(sorted(KEYWORDS))}")
            yield Finding.at(
                child, "keyword", f"{shorten(key)} is outside the subset that our tools understand", remedy
            )
        elif key in APPLIES and types(place) and not types(place) & APPLIES[key]:
            yield Finding.at(
                child,
                "idle-keyword",
                f"{key} says nothing about {' or '.join(sorted(types(place)))}",
                f"Remove it, or correct the type to {' or '.join(sorted(APPLIES[key]))}",
            )
    form = place.get("format")
    if form is not None and form.text is not None and form.text not in FORMATS:
        remedy = f"Use one of {', '.join(FORMATS)}, or a pattern"
        yield Finding.at(form, "format", f"our strategies cannot generate the format {shorten(form.text)}", remedy)


def _type(place: Place) -> Iterator[Finding]:
    declared = place.get("type")
    if (union := place.get("oneOf") or place.get("anyOf")) is not None:
        yield from _union(place, union)
    elif declared is None:
        if place.get("const") is None:
            yield Finding.at(place, "untyped", f"{place.key} admits every JSON value", "Say its type")
    elif isinstance(declared.node, list) and (len(declared.node) != 2 or declared.node[1] != "null"):
        remedy = "Write one type, [T, 'null'] where null is allowed, or anyOf"
        yield Finding.at(declared, "nullable", "a list of types other than [T, 'null']", remedy)


def _union(place: Place, union: Place) -> Iterator[Finding]:
    for key, child in place.items():
        if key in KEYWORDS - ANNOTATIONS and key != union.key:
            remedy = "Say it in each branch: a union carries nothing but title, description, examples and default"
            yield Finding.at(child, "union-siblings", f"{key} stands beside {union.key}", remedy)
    for branch in union.values():
        if types(branch) == {"null"}:
            yield Finding.at(branch, "nullable", "a branch of type null", "Write type: [T, 'null'] in one schema")


def _object(place: Place, *, inline: bool) -> Iterator[Finding]:
    properties, required = place.get("properties"), place.get("required")
    if ("object" not in types(place) and properties is None) or place.get("oneOf") or place.get("anyOf"):
        return
    if inline:
        remedy = "Move it to components/schemas and refer to it: every object becomes a class"
        yield Finding.at(place, "inline-object", f"{place.key} is an object without a name of its own", remedy)
    if place.get("additionalProperties") is None:
        remedy = "Add additionalProperties: false, or true where anything may come"
        yield Finding.at(place, "open-object", f"{place.key} does not say whether it may have other properties", remedy)
    for name, child in properties.items() if properties else ():
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_") or name in _TAKEN:
            remedy = "Choose another name: an identifier that neither Python nor Pydantic uses itself"
            yield Finding.at(child, "property-name", f"{shorten(name)} cannot be a field of a generated class", remedy)
    for child in required.values() if required else ():
        if child.text is not None and (properties is None or properties.get(child.text) is None):
            remedy = f"Add {shorten(child.text)} to properties, or take it out of required"
            yield Finding.at(child, "required", f"{shorten(child.text)} is required but no property", remedy)


def _branches(place: Place) -> Iterator[Finding]:
    """One property tells the branches of a `oneOf` apart: required in each, by const or enum, with no value in two."""
    union = place.get("oneOf")
    if union is None or not isinstance(union.node, list):
        return
    tags = [_tags(branch) for branch in union.values()]
    names = set(tags[0]).intersection(*tags[1:]) if tags else set()
    if not any(all(one[name].isdisjoint(other[name]) for one, other in combinations(tags, 2)) for name in names):
        yield Finding.at(
            union,
            "untagged-union",
            f"nothing tells the branches of {place.key} apart",
            "Give every branch the same required property with a const or enum of its own, or use anyOf",
        )


def _tags(branch: Place) -> dict[str, set[str]]:
    """Return the required properties of a branch that are a const or enum, with their values."""
    required, properties = branch.find("required"), branch.find("properties")
    found: dict[str, set[str]] = {}
    for item in required.values() if required else ():
        tag = properties.find(item.text) if properties and item.text else None
        if tag is None or not isinstance(tag.node, dict):
            continue
        allowed = [tag.node["const"]] if "const" in tag.node else tag.node.get("enum")
        if isinstance(allowed, list):
            found[item.text or ""] = set(map(repr, allowed))
    return found
