"""Triggers made ready say what the templates of the contract say."""

from typing import Any

import pytest

import protocols
from protocols.contract import Json
from simulators.actor import expand
from simulators.cue import Cue
from simulators.expectation import Patterns


class Everything(dict[str, Json]):
    """Facts of any name."""

    def get(self, name: str, default: Any = None) -> Json:
        return f" {name} "


FACTS = {source: Everything() for source in ("payload", "sender", "session")}


@pytest.mark.parametrize("name", protocols.PROTOCOLS)
def test_they_fill_their_templates_in_as_expand_does(name: str) -> None:
    protocol = protocols.PROTOCOLS[name]
    patterns = Patterns(protocol)
    for trigger in (trigger for operation in protocol.operations for trigger in operation.triggers):
        cue = Cue(trigger, protocol, patterns)
        where = {field: expand(template, FACTS) for field, template in trigger.where.items()}
        assert cue.key(FACTS) == patterns.shape(trigger.operation, where).key(where)
        rooms = expand(trigger.room, FACTS)
        assert cue.rooms(FACTS) == (rooms if isinstance(rooms, list) else [rooms])
