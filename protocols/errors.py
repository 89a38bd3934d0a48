"""Every error this project raises on purpose, and who broke what.

RehearsalError
├── SpecError            the contract itself is wrong: a fault of whoever wrote the document
├── PayloadError         a message breaks the contract
│   ├── UnknownEvent         its name is not in the protocol
│   └── InvalidPayload       its payload breaks the schema
├── WireError            bytes that are no Engine.IO or Socket.IO, or a value that they cannot carry
├── ConnectRefused       the target answered a handshake with no
├── ConnectionLost       the connection ended while something was awaited on it
├── NotHeard             the connection lives, and what was awaited did not come in time
├── TargetUnreachable    nobody answers, so nobody can tell
├── Nonconformance       the target answered, and broke a promise
└── UsageError           a person asked for something that cannot be; the text says what to do

Anything else that escapes is our own bug: it keeps its traceback, and a check that meets one says UNKNOWN.
This module imports nothing of ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class RehearsalError(Exception):
    """The root of every error raised on purpose."""


class SpecError(RehearsalError):
    """A contract document cannot be used; the text says where and why."""


class PayloadError(RehearsalError):
    """A message breaks the contract."""


class UnknownEvent(PayloadError):
    """An event name that the protocol does not know in this direction."""

    def __init__(self, event_name: str) -> None:
        self.event_name = event_name
        super().__init__(f"unknown event {shorten(event_name)}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a value breaks its schema."""

    pointer: str
    """JSON pointer into the value; empty for the value itself."""
    keyword: str
    """The JSON Schema keyword that refuses it, such as `maxLength`; `arguments` when their number is wrong."""
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or 'payload'}: {self.message}"


class InvalidPayload(PayloadError):
    """A payload or ack that breaks its schema."""

    def __init__(self, event_name: str, faults: Sequence[Fault]) -> None:
        self.event_name = event_name
        self.faults = tuple(faults)
        super().__init__(f"invalid {event_name}: " + "; ".join(map(str, self.faults[:3])))


class WireError(RehearsalError):
    """Bytes that are no Engine.IO or Socket.IO, or a value that they cannot carry."""


class ConnectRefused(RehearsalError):
    """The target answered a handshake with no: by a Socket.IO connect error, or by an HTTP status before that."""

    def __init__(self, message: str, data: object = None) -> None:
        self.message = message
        self.data = data
        """The whole payload of the connect error; None where HTTP refused."""
        super().__init__(f"connection refused: {shorten(message)}")


class ConnectionLost(RehearsalError):
    """The connection ended while something was awaited on it; the text says how it ended."""


class NotHeard(RehearsalError):
    """What was awaited did not come in time; the text says what came instead."""


class TargetUnreachable(RehearsalError):
    """The target does not answer, so nothing can be said of it."""


class Nonconformance(RehearsalError):
    """The target answered, and broke a promise of its contract."""


class UsageError(RehearsalError):
    """Somebody asked for something impossible; the text says what was wrong and what to do."""


def shorten(text: str, limit: int = 60) -> str:
    """Quote somebody else's text for a message: escaped, and no longer than `limit` characters."""
    quoted = repr(text[: limit + 1])
    return quoted if len(text) <= limit else f"{quoted[: limit - 1]}…' ({len(text)} characters)"
