"""What may happen to a protocol's rules, and what they may ask for in return.

Entries go in, effects come out; both are plain values. Rules hear of time and of fresh ids only through the stamp of an
entry, so the same entries with the same stamps give the same state and the same effects, byte for byte.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
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
        return self.chance(purpose, 12).hex()

    def uuid(self, purpose: str) -> str:
        """Return such an id in the form of a random UUID (version 4)."""
        return str(uuid.UUID(bytes=self.chance(purpose, 16), version=4))

    def chance(self, purpose: str, size: int = 16) -> bytes:
        """Return up to 64 random bytes that no other entry and no other purpose gets."""
        return hashlib.blake2b(purpose.encode(), key=self.entropy, digest_size=size).digest()


@dataclass(frozen=True, slots=True)
class Connected:
    """A socket was admitted to the namespace."""

    sid: str
    auth: Json = None
    """What it sent along with CONNECT, but for its token."""
    claims: Mapping[str, Json] = field(default_factory=dict)
    """What its verified token says of it; empty where the protocol wants none."""
    expires_in_ms: int | None = None
    """How much longer that token is valid, where it ends."""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A socket emitted a valid event; `answer` is what came back if the rules had a question about it."""

    sid: str
    event: Event
    answer: "Answer | None" = None
    ack: int | None = None
    """The id of the acknowledgement that its sender waits for; None where it asked for none."""


@dataclass(frozen=True, slots=True)
class Garbled:
    """A socket emitted something that breaks the contract: an unknown event, or a payload that breaks its schema."""

    sid: str
    event_name: str
    reason: str
    ack: int | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    """What could be read of its payload all the same, for a refusal that echoes some: short texts, by field."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A socket went away, politely or not."""

    sid: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that reached the rules from beside the socket: an HTTP request or a timer. Subclassed per protocol."""


class Delivery(StrEnum):
    """What became of one attempt to deliver something outside."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """Another attempt may succeed."""
    POINTLESS = "pointless"
    """It was refused for good: another attempt would fail the same way."""
    NOBODY = "nobody"
    """Nobody is configured to deliver to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Command):
    """How an attempt to deliver something went: `Notify` carries it, and it comes back with `delivery` filled in."""

    delivery: Delivery = Delivery.FAILED


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
class Acknowledge:
    """Answer an event that asked for it, now or later; once."""

    sid: str
    ack: int
    value: Ack


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer the command that is being handled."""

    value: Mapping[str, Json]
    status: int = 200
    """HTTP status."""


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
class Publish:
    """Put something where others may read it for a while: under a key, or in one field of the hash that it names."""

    key: str
    value: Json
    ttl_s: int
    """Seconds of the protocol's time until the whole key goes, unless it is published or renewed again."""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take back what was published, or one field of it; a hash goes with its last field."""

    key: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Renew:
    """Let what was published last for so many seconds from now on."""

    key: str
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Notify:
    """Deliver something outside (webhook, external log); the outbox retries and never delays a rule."""

    channel: str
    body: Mapping[str, Json]
    receipt: Receipt | None = None
    """Where there is one, the outbox tries once and enters it: whether to try again is then for the rules to say."""


@dataclass(frozen=True, slots=True)
class Note:
    """Write a line to the server's log."""

    level: str
    message: str
    code: str = ""
    """`E1xxx` authentication, `E2xxx` connection, `E3xxx` event, `E4xxx` external; empty for plain information."""
    context: Mapping[str, Json] = field(default_factory=dict)


Effect: TypeAlias = (
    Emit | Acknowledge | Reply | Enter | Leave | Drop | Later | Publish | Withdraw | Renew | Notify | Note
)


def acknowledge(entry: Said | Garbled, value: Ack) -> Iterator[Acknowledge]:
    """Answer an entry if its sender asked for an answer."""
    if entry.ack is not None:
        yield Acknowledge(entry.sid, entry.ack, value)


class Rules(Protocol):
    """How a correct server answers: a deterministic machine. No I/O, no await, no clock, no randomness.

    Those of a protocol inherit from it, and say `handle` and whatever else is not as usual.
    """

    protocol: ClassVar[contract.Protocol]

    def admits(self, claims: Mapping[str, Json]) -> str:
        """Say why somebody with these verified claims may not come in; the empty string lets everybody in."""
        return ""

    def health(self) -> Mapping[str, Json]:
        """Return what `GET /health` is to say of this protocol besides; usually nothing."""
        return {}

    def question(self, entry: Entry) -> Question | None:
        """Say what must be asked of the outside before this entry can be handled; usually nothing."""
        return None

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        """Change the state, and yield what is to be done, in the order of the wire: emits first, then the ack."""
        ...
