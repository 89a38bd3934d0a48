"""JSON as RFC 8259 has it, and no further: what the wire may carry, in and out."""

import json
import math
from typing import TypeAlias

import orjson

from reference_server.strict.errors import ProtocolError

Json: TypeAlias = "bool | int | float | str | bytes | list[Json] | dict[str, Json] | None"
"""A value a packet can carry: what JSON has, and `bytes` where an attachment stood."""

_INT64 = range(-(2**63), 2**64)


def loads(text: str, max_depth: int) -> Json:
    r"""Read one JSON text.

    Integers beyond 64 bits become floats, and of equal keys the last one counts, both as in JavaScript. A lone
    surrogate (`"\ud800"`, legal by RFC 8259 section 8.2) arrives as a str that cannot be encoded: the schema gate
    above refuses it, the wire does not.

    Raises ProtocolError: not JSON, a number that no double holds, or nested deeper than `max_depth` arrays and objects.
    """
    try:
        value: Json = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        value = _loads_with_surrogates(text, error)
    # Nothing can be deeper than it has brackets: most texts have so few that nobody need look.
    if text.count("[") + text.count("{") > max_depth and _deeper_than(value, max_depth):
        raise ProtocolError("JSON is nested too deep")
    return value


def dumps(value: object) -> bytes:
    """Write one JSON text in UTF-8. Lone surrogates leave as U+FFFD, NaN and infinities as null, as in JavaScript.

    RFC 8259 section 8.2 on lone surrogates: "the behavior of software that receives JSON texts containing such values
    is unpredictable", so no receiver shall meet one.

    Raises TypeError: the value has no JSON form. That is a fault of ours, never of a client.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        mended = _without_surrogates(value)
        if mended == value:
            raise
        return orjson.dumps(mended)


def _loads_with_surrogates(text: str, error: orjson.JSONDecodeError) -> Json:
    # orjson refuses lone surrogates, so what it refuses gets a second reading if an escape could be one.
    if "\\ud" not in text and "\\uD" not in text:
        raise ProtocolError("not JSON") from error
    try:
        value: Json = json.loads(text, parse_constant=_constant, parse_float=_float, parse_int=_int)
    except (ValueError, RecursionError):
        raise ProtocolError("not JSON") from error
    return value


def _constant(name: str) -> float:
    # RFC 8259 section 6: "Numeric values that cannot be represented in the grammar below (such as Infinity and NaN)
    # are not permitted."
    raise ValueError(name)


def _float(literal: str) -> float:
    number = float(literal)
    if math.isinf(number):
        raise ValueError("number out of range")
    return number


def _int(literal: str) -> int | float:
    number = int(literal)
    return number if number in _INT64 else _float(literal)


def _deeper_than(value: Json, limit: int) -> bool:
    # Level by level after parsing: orjson itself stops at 1,024 levels, so this is at most `limit` passes over what is
    # there, 40 ms for a megabyte of brackets.
    level = [value]
    for _ in range(limit):
        level = [child for node in level for child in _children(node) if isinstance(child, list | dict)]
        if not level:
            return False
    return True


def _children(node: Json) -> "list[Json]":
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
