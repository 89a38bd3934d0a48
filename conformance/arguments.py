"""Argument lists that an event must not come with: too few, too many, or of what is no payload at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from conformance import slugs
from conformance.payloads.node import Node
from conformance.payloads.values import simplest
from protocols.contract import Json, Operation, Protocol
from protocols.errors import PayloadError
from simulators.strict_json import Value

DEPTH = 40
"""Deep enough for careless recursion, and within what the wire admits (64)."""
LARGE = 200_000
"""Characters; five such arguments together would be over the wire's 1 MB."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What follows an event's name on the wire, and what is wrong with it."""

    values: tuple[Value, ...]
    label: str

    @property
    def id(self) -> str:
        """The same as an address: `bytes-in-content`."""
        return slugs.word(self.label)


@cache
def argument_ids(protocol: Protocol, operation_id: str) -> tuple[str, ...]:
    """Return the ids of all wrong argument lists for an operation: whatever payload they are made of."""
    return tuple(wrong.id for wrong in arguments(protocol, protocol.by_id[operation_id]))


def arguments(protocol: Protocol, operation: Operation, base: Json = None) -> list[Arguments]:
    """Return the wrong argument lists for an event, the same in every run; the contract refuses each of them.

    `base` is a valid payload for those lists that need one; without it, the simplest.
    """
    payload = _payload(protocol, operation, base)
    members = () if operation.schema is None else _members(Node.named(protocol, operation.schema))
    lists = [Arguments(values, label) for label, values in _lists(payload, members, operation)]
    return [wrong for wrong in lists if refused(protocol, operation, wrong)]


def refused(protocol: Protocol, operation: Operation, wrong: Arguments) -> bool:
    """Whether the contract refuses these arguments."""
    try:
        protocol.parse(operation.action, operation.name, wrong.values)
    except PayloadError:
        return True
    return False


def _payload(protocol: Protocol, operation: Operation, base: Json) -> Json:
    if base is not None or operation.schema is None:
        return base
    return simplest(Node.named(protocol, operation.schema))


def _members(node: Node) -> tuple[str, ...]:
    """Return the names of all members that an object of this schema may have, in any of its branches."""
    inner = (name for branch in node.branches for name in _members(branch))
    return tuple(dict.fromkeys((*node.properties, *inner)))


def _lists(payload: Json, members: Sequence[str], operation: Operation) -> Iterator[tuple[str, tuple[Value, ...]]]:
    yield "no argument", ()
    yield from ((name, (value,)) for name, value in _singles(payload, members))
    if operation.schema is not None:
        yield "the payload twice", (payload, payload)
        yield "an extra null", (payload, None)
        yield "an extra number before it", (0, payload)
        yield "extra bytes", (payload, b"\x00\xff")
        yield "a hundred more", (payload, *range(100))


def _singles(payload: Json, members: Sequence[str]) -> Iterator[tuple[str, Value]]:
    yield "null", None
    yield "false", False
    yield "true", True
    yield "number", 0
    yield "string", "text"
    yield "empty string", ""
    yield "empty array", []
    yield "the payload in an array", [payload]
    yield "empty object", {}
    yield "bytes", b"\x00\xff"
    yield "no bytes", b""
    yield f"arrays {DEPTH} deep", _deep_array()
    yield f"objects {DEPTH} deep", _deep_object()
    yield f"string of {LARGE} characters", "a" * LARGE
    yield f"key of {LARGE} characters", {"a" * LARGE: 0}
    if isinstance(payload, dict):
        yield "prototype", {**payload, "__proto__": {"isAdmin": True}}
        yield from ((f"bytes in /{name}", {**payload, name: b"\x00\xff"}) for name in members)
        yield from ((f"arrays {DEPTH} deep in /{name}", {**payload, name: _deep_array()}) for name in members)


def _deep_array() -> Value:
    value: Value = 0
    for _ in range(DEPTH):
        value = [value]
    return value


def _deep_object() -> Value:
    value: Value = 0
    for _ in range(DEPTH):
        value = {"a": value}
    return value
