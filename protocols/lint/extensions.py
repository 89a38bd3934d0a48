"""The shapes of our extensions: which x- key may stand where, and what it holds. docs/spec.md explains each."""

from collections.abc import Iterator, Mapping

import jsonschema_rs

from protocols.contract import Audience, JsonSchema, Level
from protocols.document import Place
from protocols.errors import shorten
from protocols.lint.finding import Finding
from protocols.lint.structure import findings

_NAME: JsonSchema = {"type": "string", "pattern": r"^[\w.-]+$"}
_CONDITION: JsonSchema = {"type": "string", "pattern": "^(not )?[a-z][a-z0-9-]*$"}
_CONDITIONS: JsonSchema = {"type": "array", "minItems": 1, "uniqueItems": True, "items": _CONDITION}
_REQUIREMENT_ID: JsonSchema = {"type": "string", "pattern": "^[a-z][a-z0-9-]*/[1-9][0-9]*$"}
_LEVEL: JsonSchema = {"enum": [str(level) for level in Level]}
_TEXT: JsonSchema = {"type": "string", "minLength": 1}
_WHOLE: JsonSchema = {"type": "integer", "minimum": 1}


def _object(required: JsonSchema, optional: JsonSchema | None = None) -> JsonSchema:
    properties = {**required, **(optional or {})}
    return {"type": "object", "additionalProperties": False, "required": [*required], "properties": properties}


_REQUIREMENT = _object({"id": _REQUIREMENT_ID, "level": _LEVEL, "text": _TEXT})

_WHERE: JsonSchema = {"type": "object", "minProperties": 1}

_TRIGGER = _object(
    {"operation": _NAME, "to": {"enum": [str(audience) for audience in Audience]}, "within-ms": _WHOLE},
    {
        "room": _TEXT,
        "user": _TEXT,
        "when": _CONDITIONS,
        "where": _WHERE,
        "then": {"const": "disconnect"},
        "level": _LEVEL,
        "requirement": _REQUIREMENT_ID,
    },
)

_ERROR = _object(
    {"when": _CONDITIONS, "code": {"type": "string", "pattern": "^E[1-4][0-9]{3}$"}},
    {
        "event": _NAME,
        "ack": {"const": True},
        "where": _WHERE,
        "then": {"const": "disconnect"},
        "requirement": _REQUIREMENT_ID,
    },
)

_TRIGGERS: JsonSchema = {"type": "array", "minItems": 1, "items": _TRIGGER}
_HANDSHAKE = _object(
    {
        "claims": {"type": "object", "required": ["$ref"], "properties": {"$ref": _TEXT}},
        "missing": _TEXT,
        "expired": _TEXT,
        "invalid": _TEXT,
    },
    {"header": {"type": "boolean"}},
)
_ACK_TERMS: JsonSchema = {"required": {"type": "boolean"}, "timeout-ms": _WHOLE}
_REQUIREMENTS: JsonSchema = {"type": "array", "minItems": 1}

SHAPES: Mapping[str, Mapping[str, JsonSchema]] = {
    "server": {
        "x-socketio": _object(
            {"pingInterval-ms": _WHOLE, "pingTimeout-ms": _WHOLE},
            {
                "maxHttpBufferSize": _WHOLE,
                "transports": {
                    "type": "array",
                    "minItems": 1,
                    "uniqueItems": True,
                    "items": {"enum": ["polling", "websocket"]},
                },
            },
        )
    },
    "channel": {
        "x-conditions": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z][a-z0-9-]*$"},
            "additionalProperties": _TEXT,
        },
        "x-requirements": _REQUIREMENTS,
        "x-handshake": _HANDSHAKE,
        "x-connect": _TRIGGERS,
        "x-disconnect": {"anyOf": [_NAME, _TRIGGERS]},
    },
    "receive": {
        "x-requires": _CONDITIONS,
        "x-triggers": _TRIGGERS,
        "x-errors": {"type": "array", "minItems": 1, "items": _ERROR},
        "x-ack": _object(_ACK_TERMS, {"where": _WHERE, "requirement": _REQUIREMENT_ID}),
        "x-server-derived": {"type": "array", "minItems": 1, "uniqueItems": True, "items": _TEXT},
        "x-rate": _object({"per-second": _WHOLE}, {"requirement": _REQUIREMENT_ID}),
        "x-requirements": _REQUIREMENTS,
    },
    "send": {"x-ack": _object(_ACK_TERMS), "x-requirements": _REQUIREMENTS},
    "message": {"x-no-payload": {"const": True}},
}
"""What has the extension -> its key -> the schema of its value."""


# Below these stands data, or what has rules of its own.
_ELSEWHERE = frozenset({"payload", "examples", "messages"})

_OWNERS: Mapping[str, str] = {
    "server": "a server",
    "channel": "a channel",
    "receive": "an operation that receives",
    "send": "an operation that sends",
    "message": "a message",
}


def extensions(top: Place) -> Iterator[Finding]:
    """Check every x- key of a document outside its schemas, which may have none."""
    for key, section in top.items():
        if key == "components":
            for message in _children(section, "messages"):
                yield from _extensions(message, "message")
        elif key in ("servers", "channels"):
            for owner in section.values():
                yield from _extensions(owner, key.removesuffix("s"))
        elif key == "operations":
            for operation in section.values():
                action = operation.get("action")
                # an action that is neither is the official schema's to name; do not name each of its keys too
                kind = "send" if action is not None and action.text == "send" else "receive"
                yield from _extensions(operation, kind)
        elif key.startswith("x-"):
            yield _unknown(section, "the document")
        else:
            yield from _extensions(section, "")


def requirement_shape(place: Place) -> Iterator[Finding]:
    """Check one requirement, wherever it stands."""
    yield from _shape(place, _REQUIREMENT)


def _extensions(owner: Place, kind: str) -> Iterator[Finding]:
    known = SHAPES.get(kind, {})
    for key, child in owner.items():
        if key in known:
            yield from _shape(child, known[key])
            if key == "x-requirements":
                for item in child.values():
                    if (requirement := item.find()) is not None:
                        yield from requirement_shape(requirement)
        elif key.startswith("x-"):
            yield _unknown(child, _OWNERS.get(kind, owner.key))
        elif key not in _ELSEWHERE:
            yield from _extensions(child, "")


def _shape(place: Place, shape: JsonSchema) -> Iterator[Finding]:
    errors = jsonschema_rs.Draft202012Validator(shape).iter_errors(place.node)
    yield from findings(place, errors, "extension")


def _unknown(place: Place, owner: str) -> Finding:
    known = sorted({key for shapes in SHAPES.values() for key in shapes})
    return Finding.at(
        place,
        "unknown-extension",
        f"{shorten(place.key)} means nothing on {owner}",
        f"Remove it, or use one of {', '.join(known)} where docs/spec.md says",
    )


def _children(place: Place, key: str) -> Iterator[Place]:
    found = place.get(key)
    return found.values() if found is not None else iter(())
