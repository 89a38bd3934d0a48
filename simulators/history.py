"""Everything every actor sent and heard, in order, with times: what the checks read and what people are shown."""

import base64
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from simulators import strict_json
from simulators.endpoint import Endpoint
from simulators.strict_json import Value

SECRETS: Final = frozenset({"accesstoken", "authorization", "cookie", "password", "secret", "sessiontoken", "token"})
"""Keys, in lower case, whose values are not shown to people."""


_LONGEST: Final = 300  # characters of one value that people are shown


class Direction(StrEnum):
    """Who acted, seen from the actor; the signs are those of a printed conversation."""

    SENT = ">"
    RECEIVED = "<"
    STATE = "="
    WRONG = "!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing that happened to one actor."""

    order: int
    """Place in the history, from 0."""
    at_ns: int
    """`time.monotonic_ns()` when it happened; for what was received, when its last byte was handed over."""
    actor: str
    direction: Direction
    name: str
    """The event's name on the wire; for a state or a fault, what it is."""
    arguments: Sequence[Value] = ()
    ack_id: int | None = None
    """The id that ties an event that wants an ack to that ack."""
    is_ack: bool = False
    """Whether this is the answer to the event `name`."""
    endpoint: Endpoint | None = None
    """Where and with what somebody came, of the state that says so."""

    def __str__(self) -> str:
        """Return the line of a conversation, secrets shortened: `alice > player:move {"x":1}`."""
        name = f"ack of {self.name}" if self.is_ack else self.name
        number = "" if self.ack_id is None else f" #{self.ack_id}"
        return f"{self.actor} {self.direction} {describe(name + number, self.arguments)}"

    def to_json(self) -> bytes:
        """Return the record as one line of JSON, keys in alphabetical order, absent things absent."""
        fields: dict[str, Value] = {
            "order": self.order,
            "at_ns": self.at_ns,
            "actor": self.actor,
            "direction": self.direction.value,
            "name": self.name,
        }
        if self.arguments:
            fields["arguments"] = self.arguments
        if self.ack_id is not None:
            fields["ack_id"] = self.ack_id
        if self.is_ack:
            fields["is_ack"] = True
        return strict_json.dumps(fields, _bytes_to_json, sort_keys=True)


class History:
    """Records of one run, appended from any thread, never changed; `watch` hears of each, one after the other."""

    def __init__(self, watch: Callable[[Record], None] | None = None) -> None:
        self._records: list[Record] = []
        self._lock = threading.Lock()
        self._watch = watch

    def append(
        self,
        actor: str,
        direction: Direction,
        name: str,
        arguments: Sequence[Value] = (),
        *,
        ack_id: int | None = None,
        is_ack: bool = False,
        at_ns: int | None = None,
        endpoint: Endpoint | None = None,
    ) -> Record:
        """Add what has just happened, or happened at `at_ns`, and return its record."""
        with self._lock:
            record = Record(
                order=len(self._records),
                at_ns=time.monotonic_ns() if at_ns is None else at_ns,
                actor=actor,
                direction=direction,
                name=name,
                arguments=arguments,
                ack_id=ack_id,
                is_ack=is_ack,
                endpoint=endpoint,
            )
            self._records.append(record)
            if self._watch is not None:
                self._watch(record)
        return record

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        """Go through the records that stand here now; what is appended meanwhile is left out."""
        return iter(self._records[:])

    def of(self, actor: str) -> list[Record]:
        """Return what happened to one actor."""
        return [record for record in self if record.actor == actor]

    def conversation(self) -> list[str]:
        """Return the history for people, one line a record."""
        return conversation(self)

    def write(self, path: Path) -> None:
        """Write the history as JSON lines; secrets stand in it whole."""
        with path.open("wb") as file:
            file.writelines(record.to_json() + b"\n" for record in self)


def conversation(records: Iterable[Record]) -> list[str]:
    """Return records for people, one line each, such as the shortest part of a history that shows a fault."""
    return [str(record) for record in records]


def describe(name: str, arguments: Sequence[Value]) -> str:
    """Return a name and its values for people, secrets and long values shortened."""
    return " ".join([name, *(_to_text(_without_secrets(value)) for value in arguments)])


def _without_secrets(value: Value) -> Value:
    match value:
        case dict():
            return {key: _hidden(key, item) for key, item in value.items()}
        case list() | tuple():
            return [_without_secrets(item) for item in value]
    return value


def _hidden(key: str, value: Value) -> Value:
    if key.lower() not in SECRETS:
        return _without_secrets(value)
    if isinstance(value, str):
        # The first letters tell which kind of token and whose, which is what a reader needs.
        return f"{value[:6]}…" if len(value) > 12 else "…"
    return value


def _to_text(value: Value) -> str:
    text = strict_json.dumps(value, lambda leaf: f"<{len(_as_bytes(leaf))} bytes>").decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def _bytes_to_json(leaf: object) -> Value:
    return {"base64": base64.b64encode(_as_bytes(leaf)).decode()}


def _as_bytes(leaf: object) -> bytes:
    if not isinstance(leaf, bytes | bytearray | memoryview):
        raise TypeError(f"{type(leaf).__name__} is neither JSON nor bytes")
    return bytes(leaf)
