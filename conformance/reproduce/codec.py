"""Traces as JSON, to be kept in a file and played again another day."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from conformance.reproduce.trace import (
    Bound,
    Env,
    Fresh,
    Picked,
    Run,
    Shown,
    Source,
    Step,
    Template,
    Token,
    Trace,
    Turn,
)
from conformance.symptom import Symptom, Test
from protocols.contract import Json
from protocols.errors import UsageError

SCHEMA: Final = 1
_SOURCES: Final[Mapping[str, type[Any]]] = {"run": Run, "fresh": Fresh, "turn": Turn, "env": Env, "picked": Picked}


def write(trace: Trace, path: Path) -> None:
    """Write a trace into a file."""
    whole = {"schema": SCHEMA, **_trace(trace)}
    path.write_bytes((json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "backslashreplace"))


def read(path: Path) -> Trace:
    """Return the trace in a file; raises UsageError for one that cannot be read, or holds none."""
    try:
        whole = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path} is no replay: {error}") from None
    if not isinstance(whole, dict) or whole.get("schema") != SCHEMA:
        raise UsageError(f"{path} is no replay of schema {SCHEMA}; they stand in the replays/ of a --report folder")
    try:
        return _to_trace(whole)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} is no replay: {error!r}") from None


# ---- to JSON -----------------------------------------------------------------------------------------------------


def _trace(trace: Trace) -> dict[str, Json]:
    plain = ("protocol", "url", "path", "namespace", "window", "unshown")
    return {
        **{name: getattr(trace, name) for name in plain},
        "steps": [_step(step) for step in trace.steps],
        "symptoms": [_shown(one) for one in trace.symptoms],
    }


def _step(step: Step) -> Json:
    """Return what a step has that others have not."""
    usual = Step(deed=step.deed, who=step.who)
    told: dict[str, Json] = {"deed": step.deed, "who": step.who}
    for field in fields(step):
        value = getattr(step, field.name)
        if value != getattr(usual, field.name):
            told[field.name] = _template(value)
    return told


def _shown(one: Shown) -> Json:
    symptom = {field.name: getattr(one.symptom, field.name) for field in fields(one.symptom) if field.name != "later"}
    later: dict[str, Json] = {} if one.later is None else {"later": _shown(one.later)}
    tests: list[Json] = [
        [list(test.path), test.like, _template(value)]
        for test, value in zip(one.symptom.tests, one.values, strict=True)
    ]
    return {**symptom, "names": list(one.symptom.names), "tests": tests, **later}


def _template(template: Template) -> Json:
    match template:
        case Bound(parts=parts):
            return {"$": [part if isinstance(part, str) else _source(part) for part in parts]}
        case str():
            return template
        case bytes():
            return {"$bytes": base64.b64encode(template).decode()}
        case Mapping() if any(key.startswith("$") for key in template):
            return {"$object": [[key, _template(value)] for key, value in template.items()]}
        case Mapping():
            return {key: _template(value) for key, value in template.items()}
        case Sequence():
            return [_template(value) for value in template]
        case _:
            return template


def _source(source: Source) -> Json:
    if isinstance(source, Token):
        told = {field.name: getattr(source, field.name) for field in fields(source)}
        return {"token": {**told, "claims": _template(dict(source.claims))}}
    name = next(name for name, kind in _SOURCES.items() if isinstance(source, kind))
    return {name: {field.name: _template(getattr(source, field.name)) for field in fields(source)}}


# ---- from JSON ---------------------------------------------------------------------------------------------------


def _to_trace(whole: Mapping[str, Any]) -> Trace:
    plain = ("protocol", "url", "path", "namespace", "window", "unshown")
    return Trace(
        **{name: whole[name] for name in plain},
        steps=tuple(map(_to_step, whole["steps"])),
        symptoms=tuple(map(_to_shown, whole["symptoms"])),
    )


def _to_step(told: Mapping[str, Any]) -> Step:
    values = {name: _to_template(value) for name, value in told.items()}
    for name in ("arguments", "matches"):
        if name in values:
            values[name] = tuple(values[name])
    if "heard" in values:
        values["heard"] = tuple((who, name) for who, name in values["heard"])
    return Step(**values)


def _to_shown(told: Mapping[str, Any]) -> Shown:
    values = tuple(_to_template(value) for _, _, value in told["tests"])
    tests = tuple(Test(tuple(path), like) for path, like, _ in told["tests"])
    later = _to_shown(told["later"]) if "later" in told else None
    symptom = {**told, "names": tuple(told["names"]), "tests": tests, "later": None if later is None else later.symptom}
    return Shown(Symptom(**symptom), values, later)


def _to_template(value: Any) -> Any:  # what a file holds is of any shape
    match value:
        case {"$": list(parts), **rest} if not rest:
            return Bound(tuple(part if isinstance(part, str) else _to_source(part) for part in parts))
        case {"$bytes": str(data), **rest} if not rest:
            return base64.b64decode(data)
        case {"$object": list(items), **rest} if not rest:
            return {key: _to_template(item) for key, item in items}
        case dict():
            return {key: _to_template(item) for key, item in value.items()}
        case list():
            return [_to_template(item) for item in value]
    return value


def _to_source(told: Mapping[str, Any]) -> Source:
    [(name, values)] = told.items()
    if name == "token":
        claims = tuple(_to_template(values["claims"]).items())
        return Token(**{**values, "claims": claims})
    if name == "picked":
        return Picked(**{**values, "path": tuple(values["path"])})
    source: Source = _SOURCES[name](**values)
    return source
