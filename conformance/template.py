"""Fills in the contract's templates: the facts that a triggered event, a room or a user repeats."""

from collections.abc import Mapping
from functools import cache
from typing import TypeAlias

from protocols import template
from protocols.contract import Json
from protocols.template import Field


class Unknown(Exception):
    """A template names a fact that nobody has now, such as the party of a player without one."""


Scopes: TypeAlias = Mapping[str, Mapping[str, Json]]
"""`payload`, `sender` and `session`, each with its facts."""

_parse = cache(template.parse)


def render(value: Json, scopes: Scopes) -> Json:
    """Fill in a template; one that is a single field keeps the type of its fact. Raises Unknown."""
    match value:
        case str():
            return _render_text(value, scopes)
        case Mapping():
            return {key: render(item, scopes) for key, item in value.items()}
        case list() | tuple():
            return [render(item, scopes) for item in value]
        case _:
            return value


def render_known(table: Mapping[str, Json], scopes: Scopes) -> dict[str, Json]:
    """Fill in what is known of a table of fields; a field that nobody knows is not compared."""
    known = {}
    for key, value in table.items():
        try:
            known[key] = render(value, scopes)
        except Unknown:
            continue
    return known


def _render_text(text: str, scopes: Scopes) -> Json:
    match _parse(text):
        case (Field() as field,):
            return _fact(field, scopes)
        case parts:
            return "".join(str(_fact(part, scopes)) if isinstance(part, Field) else part for part in parts)


def _fact(field: Field, scopes: Scopes) -> Json:
    facts = scopes.get(field.source, {})
    if field.name not in facts:
        raise Unknown(f"{field.source}.{field.name}")
    value = facts[field.name]
    return value.strip() if field.trimmed and isinstance(value, str) else value
