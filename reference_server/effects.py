"""What may happen to a protocol's rules, and what they may ask for in return.

Entries go in, effects come out; both are plain values. Rules hear of time and of fresh ids only through the stamp of an
entry, so the same entries with the same stamps give the same state and the same effects, byte for byte.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeAlias

from protocols import contract
from protocols.contract import Ack, Event, Json

# ---- what goes in ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stamp:
    """When an entry was made, and the randomness it may use."""

    now_ms: int
    """Milliseconds since the epoch."""
    entropy: bytes
    """Random bytes of this entry alone; unguessable in a real server, drawn from the seed in a rehearsed one."""

    def fresh(self, purpose: str) -> str:
        """Return an id that no other entry and no other purpose gets: 24 hexadecimal characters, 96 bits."""
        return hashlib.blake2b(purpose.encode(), key=self.entropy, digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Connected:
    """A socket was admitted to the namespace; `auth` is what it sent along with CONNECT."""

    sid: str
    auth: Json = None


@dataclass(frozen=True, slots=True)
class Said:
    """A socket emitted a valid event; `answer` is what came back if the rules had a question about it."""

    sid: str
    event: Event
    answer: "Answer | None" = None
    wants_ack: bool = False


@dataclass(frozen=True, slots=True)
class Garbled:
    """A socket emitted something that breaks the contract: an unknown event, or a payload that breaks its schema."""

    sid: str
    event_name: str
    reason: str
    wants_ack: bool = False


@dataclass(frozen=True, slots=True)
class Gone:
    """A socket went away, politely or not."""

    sid: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that reached the rules from beside the socket: an HTTP request or a timer. Subclassed per protocol."""


Entry: TypeAlias = Connected | Said | Garbled | Gone | Command


@dataclass(frozen=True, slots=True)
class Question:
    """Something the rules must know of the outside before they can handle an entry: whether a session is valid."""

    token: str
    scope: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the outside said: valid with these claims, or not; `failed` says that nobody answered in time."""

    valid: bool
    claims: Mapping[str, Json] = field(default_factory=dict)
    failed: str = ""


# ---- what comes out ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Emit:
    """Tell everybody in a room, but not the socket `skip`. Every socket is alone in a room named after its sid."""

    event: Event
    room: str
    skip: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer the event or command that is being handled."""

    value: Ack | Mapping[str, Json]
    status: int = 200
    """HTTP status, where it was an HTTP request."""


@dataclass(frozen=True, slots=True)
class Enter:
    """Put a socket into a room."""

    sid: str
    room: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Take a socket out of a room."""

    sid: str
    room: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Disconnect a socket, after everything emitted to it so far. Its `Gone` follows as an entry of its own."""

    sid: str


@dataclass(frozen=True, slots=True)
class Later:
    """Enter this command again after some time; at the server's time scale."""

    after_ms: int
    command: Command


@dataclass(frozen=True, slots=True)
class Notify:
    """Deliver something outside (webhook, external log); the outbox retries and never delays a rule."""

    channel: str
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Note:
    """Write a line to the server's log."""

    level: str
    message: str
    code: str = ""
    """`E1xxx` authentication, `E2xxx` connection, `E3xxx` event, `E4xxx` external; empty for plain information."""
    context: Mapping[str, Json] = field(default_factory=dict)


Effect: TypeAlias = Emit | Reply | Enter | Leave | Drop | Later | Notify | Note


class Rules(Protocol):
    """How a correct server answers: a deterministic machine. No I/O, no await, no clock, no randomness."""

    protocol: ClassVar[contract.Protocol]

    def question(self, entry: Entry) -> Question | None:
        """Say what must be asked of the outside before this entry can be handled; usually nothing."""
        ...

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        """Change the state, and yield what is to be done, in the order of the wire: emits first, then the reply."""
        ...
