"""Servers whose errors say too much."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, cast

from protocols import hub
from reference_server.effects import Effect, Emit, Entry
from tests.faults.fault import breaks
from tests.faults.hub import Retold


class Talkative(Retold):
    """A server of hub that has more to say in an error."""

    event = hub.Error
    more: ClassVar[str]

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        error = cast("hub.Error", emit.event)
        yield replace(emit, event=error.model_copy(update={"message": f"{error.message}: {self.told(emit)}"}))

    def told(self, emit: Emit) -> str:
        return self.more


@breaks("hub/all/12", "leaked", at="all/errors-say-little")
class StackTraceShown(Talkative):
    """An error says where in the code it was made."""

    more = "TypeError: Cannot read properties of undefined (reading 'trim')\n    at Hub.say (/app/dist/hub.js:41:17)"


@breaks("hub/all/12", "leaked", at="all/errors-say-little")
class QueryShown(Talkative):
    """An error quotes the query that failed."""

    more = "SELECT id, password FROM users WHERE room = 'x' LIMIT 1"


@breaks("hub/all/12", "leaked", at="all/errors-say-little")
class OthersNamed(Talkative):
    """An error to who is in no room yet says who else is connected."""

    def told(self, emit: Emit) -> str:
        return "ask one of " + ", ".join(sorted(self._users))
