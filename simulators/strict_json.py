"""JSON for the wire, strict both ways: what is not JSON is refused, and what is JSON is never altered in silence."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

import orjson

Value: TypeAlias = "bool | int | float | str | bytes | Sequence[Value] | Mapping[str, Value] | None"
"""What Socket.IO carries: JSON with bytes at any depth."""


def loads(text: bytes) -> Value:
    """Return the value behind a JSON text; raises ValueError for anything else, `NaN` and `1e999` included."""
    try:
        return cast("Value", orjson.loads(text))
    except orjson.JSONDecodeError:
        if b"\\u" not in text:
            raise
    # JSON's grammar admits an escaped lone surrogate and JavaScript sends one; orjson alone refuses it.
    try:
        return cast("Value", _SURROGATES_ADMITTED.decode(text.decode()))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def dumps(
    value: object,
    default: Callable[[object], Value],
    *,
    sort_keys: bool = False,
    on_retry: Callable[[], None] = lambda: None,
) -> bytes:
    """Return the JSON text of a value; raises ValueError where there is none, as for NaN.

    `default` turns a leaf that is not JSON into one that is, or raises TypeError. Where writing has to begin again,
    `on_retry` is called before it.
    """
    try:
        text = orjson.dumps(value, default, orjson.OPT_SORT_KEYS if sort_keys else None)
    except TypeError:
        on_retry()
        return _dumps_all(value, default, sort_keys=sort_keys)
    if b"null" in text:  # orjson writes null where it meets NaN or Infinity
        _refuse_non_finite(value)
    return text


def depth(value: Value) -> int:
    """Return how deeply arrays and objects nest; 0 for a scalar."""
    levels = 0
    layer: Sequence[Value] = [value]
    while containers := [node for node in layer if isinstance(node, dict | list | tuple)]:
        levels += 1
        layer = [item for node in containers for item in _children(node)]
    return levels


def _children(node: object) -> Sequence[Value]:
    match node:
        case dict():
            return list(node.values())
        case list() | tuple():
            return node
        case _:
            return ()


def _refuse_non_finite(value: object) -> None:
    nodes: list[object] = [value]
    while nodes:
        node = nodes.pop()
        if isinstance(node, float) and not math.isfinite(node):
            raise ValueError(f"{node} is not JSON")
        nodes.extend(_children(node))


def _dumps_all(value: object, default: Callable[[object], Value], *, sort_keys: bool) -> bytes:
    """Write what orjson cannot say: integers over 64 bits, lone surrogates, more than 254 levels."""
    try:
        text = json.dumps(value, default=default, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    return text.encode()


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_SURROGATES_ADMITTED = json.JSONDecoder(
    parse_float=orjson.loads, parse_int=orjson.loads, parse_constant=_refuse_constant
)
