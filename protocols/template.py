"""The little templates of triggers: `party:{payload.partyId}` as a room, `{payload.content|trim}` as a value."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from protocols.errors import SpecError, shorten


class Source(StrEnum):
    """Whose field a template names."""

    PAYLOAD = "payload"
    """The event that causes the trigger."""
    SENDER = "sender"
    """Who caused it, as the server knew it when the event came."""
    SESSION = "session"
    """Who the verified session says the sender is, also before it has joined."""


@dataclass(frozen=True, slots=True)
class Field:
    """One `{source.name}` in a template."""

    source: Source
    name: str
    trimmed: bool = False


Template: TypeAlias = tuple[str | Field, ...]
"""Literal text and fields, in order; one that is a single field keeps the type of its value."""

_FIELD = re.compile(r"\{(?P<source>\w+)\.(?P<name>\w+)(?P<filter>\|\w+)?\}", re.ASCII)


def parse(text: str) -> Template:
    """Read a template; raises SpecError."""
    parts: list[str | Field] = []
    end = 0
    for match in _FIELD.finditer(text):
        if match["source"] not in set(Source):
            raise SpecError(f"{match[0]}: {match['source']} is not one of {', '.join(Source)}")
        if match["filter"] not in (None, "|trim"):
            raise SpecError(f"{match[0]}: the only filter is |trim")
        parts += [text[end : match.start()], Field(Source(match["source"]), match["name"], match["filter"] is not None)]
        end = match.end()
    parts.append(text[end:])
    if any("{" in part or "}" in part for part in parts if isinstance(part, str)):
        raise SpecError(f"{shorten(text)} has a brace that belongs to no {{source.name}}")
    return tuple(part for part in parts if part)


def fields(text: str) -> list[Field]:
    """Return the fields that a template names; raises SpecError."""
    return [part for part in parse(text) if isinstance(part, Field)]
