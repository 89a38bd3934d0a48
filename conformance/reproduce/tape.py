"""What was said and heard over bare connections: for whoever says the same bytes without any client."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from conformance.reproduce.trace import Token

Way: TypeAlias = Literal["websocket", "message", "bytes", "request", "half", "cut", "hangup", "pause"]
CREDENTIALS: Final = "\0credentials\0"
"""Stands in what was said for what lets somebody in."""
ENDED: Final = "(closed)"
"""What is heard at the end of a connection."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that somebody said."""

    who: str
    way: Way
    """A request for a WebSocket, a message on it, bytes on it as they are, or a request on a connection of its own.

    A `half` is a request whose rest never comes; `cut` ends the WebSocket, `hangup` all requests that are under way;
    a `pause` lets the server take in what was said.
    """
    parts: tuple[str | bytes, ...] = ()
    """The message, or bytes; those of a request in the TCP segments in which they went."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that somebody heard."""

    who: str
    what: str
    """A text, bytes in hexadecimal, the status and the body of an answer (0 where none came), or `ENDED`."""
    after_s: float = field(default=0.0, compare=False)
    """How long after the last deed it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """All of a case of the wire until it failed; the fault shows when the same comes again."""

    url: str
    path: str
    lines: Sequence[Said | Heard]
    lasted_s: float
    """How long it was waited for something after the last deed."""
    signed: Mapping[str, Token] = field(default_factory=dict)
    """Tokens in what was said that anybody can sign -> how."""
    ends_it: bool = False
    """Whether the server answers nobody any more after it."""
    hears_pings: bool = False
    """Whether pings are heard, and it matters when; otherwise they are answered, and that is all."""
    silent: frozenset[str] = frozenset()
    """Who does not answer them."""
    slack_s: float = 1.0
    """How much longer may be waited for something."""
    is_too_much: bool = False
    """Whether more of the same may come after what was heard."""
    unshown: str = ""
    """Why nobody could say the same; empty where they can."""


def without(part: str | bytes, secret: str) -> str | bytes:
    """Return what was said with `CREDENTIALS` in the place of a secret."""
    if isinstance(part, str):
        return part.replace(secret, CREDENTIALS)
    return bytes(part).replace(secret.encode(), CREDENTIALS.encode())
