"""What AsyncAPI's own JSON Schema says of a document, told by the branch that fits it best."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind

from protocols.document import Document, Place
from protocols.errors import shorten
from protocols.lint.finding import Finding
from protocols.strict_yaml import escape

# Shipped as published, see protocols/asyncapi/LICENSE.
_OFFICIAL = Path(__file__).parent.parent / "asyncapi" / "3.1.0.json"


def structure(document: Document) -> Iterator[Finding]:
    """Check a document against the JSON Schema that AsyncAPI publishes for its version 3.1.0."""
    yield from findings(document.top, _official().iter_errors(document.root), "structure")


def findings(place: Place, errors: Iterable[jsonschema_rs.ValidationError], rule: str) -> Iterator[Finding]:
    """Tell what a validator found below a place, each once, at the node that has to change."""
    told: set[tuple[str, str]] = set()
    for error in errors:
        for leaf in _leaves(error):
            pointer, message, remedy = _explain(leaf)
            if (pointer, message) not in told:
                told.add((pointer, message))
                document = place.document
                below = place.pointer + pointer
                yield Finding(document.path, document.line(below), below, rule, message, remedy)


@cache
def _official() -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(json.loads(_OFFICIAL.read_text(encoding="utf-8")))


def _leaves(error: jsonschema_rs.ValidationError) -> list[jsonschema_rs.ValidationError]:
    """Return the errors of the branch that the author most likely meant: the one that breaks deepest inside.

    Almost every object of AsyncAPI may be a reference too; a branch that only misses `$ref` was not meant.
    """
    match error.kind:
        case ValidationErrorKind.OneOfNotValid(context) | ValidationErrorKind.AnyOf(context) if context:
            branches = [[leaf for inner in branch for leaf in _leaves(inner)] for branch in context]
            meant = [branch for branch in branches if branch and not all(map(_misses_ref, branch))] or branches
            return max(meant, key=lambda branch: max((len(leaf.instance_path) for leaf in branch), default=0))
        case _:
            return [error]


def _misses_ref(error: jsonschema_rs.ValidationError) -> bool:
    return isinstance(error.kind, ValidationErrorKind.Required) and error.kind.property == "$ref"


def _explain(error: jsonschema_rs.ValidationError) -> tuple[str, str, str]:
    """Return where, what, and what to do."""
    pointer = "".join(f"/{escape(str(step))}" for step in error.instance_path)
    name = "/".join(map(str, error.instance_path[-2:])) or "the document"
    match error.kind:
        case ValidationErrorKind.AdditionalProperties([first, *_]):
            remedy = "Correct its spelling, or remove it; what AsyncAPI has no word for goes into a known x- key"
            return f"{pointer}/{escape(first)}", f"{shorten(first)} is no key of {name}", remedy
        case ValidationErrorKind.Required(missing):
            return pointer, f"{name} has no {missing}", f"Add {missing}"
        case ValidationErrorKind.Type():
            return pointer, f"{name}: {shorten(error.message, 120)}", "Write a value of that type"
        case ValidationErrorKind.Enum() | ValidationErrorKind.Constant():
            return pointer, f"{name}: {shorten(error.message, 120)}", "Choose one of the values allowed here"
        case _:
            return pointer, f"{name}: {shorten(error.message, 120)}", "Change it to what AsyncAPI 3.1.0 allows here"
