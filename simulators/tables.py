"""Reads tables of TOML into dataclasses, and says of every mistake where it is, what is wrong and what to do."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar, cast, get_args

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from protocols.errors import UsageError

TABLE: Final = ConfigDict(extra="forbid", strict=True)
"""How a dataclass is configured that a table is read into."""

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, object]:
    """Return what stands in a TOML file; raises UsageError."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file; compare examples/target.toml") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is no UTF-8; save it as UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: is no TOML: {error}") from None


def read_table(shape: type[T], table: Mapping[str, object], where: str = "") -> T:
    """Return the dataclass that a table describes; raises UsageError with one line per mistake.

    `where` goes before each line, such as the file's name and a colon.
    """
    try:
        text = orjson.dumps(dict(table))
    except TypeError as error:
        raise UsageError(f"{where}{error}") from None
    try:
        # By way of JSON, since strict means there: an array is a tuple, an integer a number, and nothing is coerced.
        return TypeAdapter(shape).validate_json(text)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        raise UsageError("\n".join(f"{where}{_explain(shape, detail)}" for detail in details)) from None


def wrong(problem: str) -> NoReturn:
    """Refuse a value, from within a validator."""
    raise PydanticCustomError("wrong", "{problem}", {"problem": problem})


def one_or_many(value: object) -> object:
    """Return a value as a tuple, and one that is an array as a tuple of its items; for validators that come first."""
    return tuple(value) if isinstance(value, list) else value if isinstance(value, tuple) else (value,)


def _explain(shape: type, detail: ErrorDetails) -> str:
    place = ".".join(str(step) for step in detail["loc"]) or "the file"
    match detail["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            return f"{place}: unknown key{_nearest(shape, detail)}"
        case "missing" | "missing_argument" | "missing_keyword_only_argument":
            return f"{place}: is missing; add it"
        case _:
            return f"{place}: {detail['msg']}"


def _nearest(shape: type, detail: ErrorDetails) -> str:
    *path, key = [step for step in detail["loc"] if isinstance(step, str)]
    known = [field.name for field in fields(_table_at(shape, path))]
    near = difflib.get_close_matches(str(key), known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there is {', '.join(known)}"


def _table_at(shape: type, path: list[str]) -> Any:
    """Return the dataclass that a path of keys leads to from another."""
    for key in path:
        annotation = {field.name: field.type for field in fields(cast("Any", shape))}[key]
        shape = next(inner for inner in _within(annotation) if is_dataclass(inner))
    return shape


def _within(annotation: object) -> list[type]:
    """Return all types that an annotation is made of, such as `Account` for `tuple[Account, ...] | None`."""
    inner = [part for argument in get_args(annotation) for part in _within(argument)]
    return [*inner, cast("type", annotation)]
