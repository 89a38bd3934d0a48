"""A trigger made ready: its templates taken apart once, so that filling them in costs little each time."""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from protocols.contract import Audience, Json, Protocol, Trigger
from simulators.actor import expand
from simulators.expectation import Key, Patterns

Facts: TypeAlias = Mapping[str, Mapping[str, Json]]
"""What templates speak of: `payload`, `sender` and `session`."""
_Fill: TypeAlias = Callable[[Facts], Json]

_PLAIN: Final = re.compile(r"([^{}]*)\{(\w+)\.(\w+)\}")  # nearly every template: one fact, perhaps with words before it
_BY_ROOM: Final = frozenset({Audience.ROOM, Audience.OTHERS})


class Cue:
    """What somebody hears because of something, and how it will be recognised."""

    def __init__(self, trigger: Trigger, protocol: Protocol, patterns: Patterns) -> None:
        self.trigger = trigger
        self.heard = protocol.by_id[trigger.operation].name
        """What is heard, by its name on the wire."""
        self.is_by_room = trigger.to in _BY_ROOM
        self._shape = patterns.shape(trigger.operation, trigger.where)
        self._fills = [_ready(trigger.where[name]) for name in self._shape.fields]
        self._room = _ready(trigger.room)

    def key(self, facts: Facts) -> Key:
        """Return what makes a message the one that comes of it."""
        return self._shape.key_of([fill(facts) for fill in self._fills])

    def rooms(self, facts: Facts) -> list[str]:
        """Return the rooms in which it is heard, one after the other."""
        rooms = self._room(facts)
        if isinstance(rooms, str):
            return [rooms]
        return [str(room) for room in rooms] if isinstance(rooms, list) else [str(rooms)]


def _ready(template: Json) -> _Fill:
    """Return what fills a template in as `expand` does."""
    if not isinstance(template, str | list | tuple) or (isinstance(template, str) and "{" not in template):
        return lambda facts: template
    if isinstance(template, str) and (parts := _PLAIN.fullmatch(template)) is not None:
        before, source, name = parts.groups()
        if before:
            return lambda facts: f"{before}{facts[source].get(name)}"
        return lambda facts: facts[source].get(name)
    return lambda facts: expand(template, facts)
