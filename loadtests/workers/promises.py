"""What one worker tells the others of what its people did, so that each holds its own people to it.

A promise is told when it is certain: once nothing can have refused it, and no cut swallowed it. Which deeds are told is
decided by a hash of what is to be heard, so that all workers speak of the same ones without asking each other.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple, Self

import orjson

from protocols.contract import Audience, Json
from simulators.delivery import DISCONNECT
from simulators.expectation import Deed, Key

_MOST_UNTOLD: Final = 1000
"""So many deeds wait to be told at most, which is about 200 a second."""


class Promise(NamedTuple):
    """Something that whoever is there is to hear."""

    author: str
    """The id of whoever did it."""
    sequence: int
    """Its place among all deeds of its worker."""
    sent_ns: int
    """On the clock of its worker, as all times that are told."""
    cause: str
    heard: str
    digest: int
    to: str
    """The audience, as the contract calls it."""
    rooms: list[str]
    """The room that is to hear it; where it is for a user, the rooms in which its author would meet them."""
    users: list[str]
    must: bool
    """Whether it is demanded; else it may be heard."""


class Bulletin(NamedTuple):
    """What a worker tells at one moment: promises, in the order of their deeds."""

    now_ns: int
    until_ns: int
    """Everything that was done before has been told."""
    one_in: int
    """How many deeds there are for each that is told."""
    promises: list[Promise]

    @classmethod
    def read(cls, told: tuple[int, int, int, list[list[object]]]) -> Self:
        """Return it from what Locust's messages make of it, which know lists alone."""
        now_ns, until_ns, one_in, promises = told
        return cls(now_ns, until_ns, one_in, [Promise._make(each) for each in promises])


class Sieve:
    """Lets one digest in so many pass; the same ones in every worker."""

    def __init__(self) -> None:
        self.one_in = 1

    def passes(self, digest: int) -> bool:
        """Say whether this one is among those that are accounted for."""
        return digest % self.one_in == 0

    def narrow(self, one_in: int) -> None:
        """Let fewer pass, as some other worker does. Powers of two: whatever still passes has passed before."""
        self.one_in = max(self.one_in, one_in)

    def halve(self) -> None:
        """Let half as many pass."""
        self.one_in *= 2


@dataclass(frozen=True, slots=True)
class _Draft:
    """A promise that something may yet happen to."""

    deed: Deed
    refusable: bool
    promise: Promise


class Promises:
    """What the people of this worker did lately."""

    def __init__(self, sieve: Sieve) -> None:
        self._sieve = sieve
        self._drafts: deque[_Draft] = deque()

    def add(
        self,
        deed: Deed,
        heard: str,
        digest: int,
        to: Audience,
        room: str,
        users: list[str],
        *,
        must: bool,
        refusable: bool,
    ) -> None:
        """Note what is to be heard because of a deed, unless the sieve holds it back."""
        if not self._sieve.passes(digest):
            return
        author = str(deed.sender.standing.session.get("id"))
        rooms = list(deed.sender.rooms) if to in {Audience.USER, Audience.USERS} else [room]
        promise = Promise(author, deed.sequence, deed.sent_ns, deed.cause, heard, digest, to.value, rooms, users, must)
        self._drafts.append(_Draft(deed, refusable, promise))
        while len(self._drafts) > _MOST_UNTOLD:
            self._sieve.halve()
            self._drafts = deque(draft for draft in self._drafts if self._sieve.passes(draft.promise.digest))

    def tell(self, now_ns: int, grace_ns: int) -> Bulletin:
        """Return what has become certain by now, which takes as long as anything may be under way."""
        until_ns = now_ns - grace_ns
        told: list[Promise] = []
        while self._drafts and self._drafts[0].deed.sent_ns < until_ns:
            draft = self._drafts.popleft()
            if self._sieve.passes(draft.promise.digest):
                told.append(draft.promise._replace(must=draft.promise.must and not _is_doubtful(draft, grace_ns)))
        return Bulletin(now_ns, until_ns, self._sieve.one_in, told)


def _is_doubtful(draft: _Draft, grace_ns: int) -> bool:
    deed, sender = draft.deed, draft.deed.sender
    refused = draft.refusable and sender.refused_ns >= deed.sent_ns
    # A cut may swallow what was said before it, but goes itself not unnoticed.
    return refused or (deed.cause != DISCONNECT and 0 <= sender.cut_ns - deed.sent_ns <= grace_ns)


def digest_of(key: Key) -> int:
    """Return the same number for the same key in every process: 64 bits."""
    shape, values = key
    content = orjson.dumps((shape.operation, shape.fields, _plain(values)))
    return int.from_bytes(blake2b(content, digest_size=8).digest())


def _plain(value: object) -> object:
    """Return a value as every language writes it in JSON: a server may make 1 of 1.0."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
        case _:
            return value


def texts(value: Json) -> list[str]:
    """Return ids as a list of texts, whether it is one or several."""
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
