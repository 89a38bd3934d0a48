"""What is recorded for good: hashes of completed transactions, and batches of them with a Merkle root.

A batch belongs to one user: it holds the records that the user is a party to, in the order in which their
`openhash:record` told of them. So whoever hears `openhash:sync` has heard every hash that its root is made of, can
check it, and learns nothing of what others do.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, cast

from protocols import gopang
from protocols.contract import Json
from reference_server.effects import Command, Effect, Later, Stamp
from reference_server.rules.gopang_canonical import fingerprint
from reference_server.rules.gopang_rooms import tell

Layer: TypeAlias = Literal[1, 2, 3, 4]

BATCH_SIZE: Final = 8
"""Records after which a batch is sealed."""
BATCH_MS: Final = 1_000
"""How long a batch waits for more after its first record."""
CAPACITY: Final = 1_000_000
"""Records that are kept, about 200 MB. A full store takes no more, since what it has must stay verifiable for good."""


@dataclass(frozen=True, slots=True)
class RecordsCommand(Command):
    """A timer of the records; goes to `Records.handle`."""


@dataclass(frozen=True, slots=True)
class SealBatch(RecordsCommand):
    """Seal a user's batch if it is still the one of this number."""

    user_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """What `openhash:verify` says of a hash that was recorded."""

    layer: Layer
    recorded_at: int
    """Epoch milliseconds."""


@dataclass(slots=True)
class _Batch:
    """The open batch of one user."""

    number: int = 0
    hashes: list[str] = field(default_factory=list)


class Records:
    """All that was ever recorded. It grows with completed transactions only, whose number `has_room` bounds."""

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._recorded_at: dict[bytes, int] = {}  # digest -> epoch ms
        self._batches: dict[str, _Batch] = {}  # user id -> its open batch; users who are party to a record, no others

    def has_room(self, wanted: int = 1) -> bool:
        """Say whether so many more records can be kept."""
        return len(self._recorded_at) + wanted <= self._capacity

    def record(
        self, document_id: str, document: Mapping[str, Json], parties: Sequence[str], stamp: Stamp
    ) -> Iterator[Effect]:
        """Keep the hash of a document, tell its parties, and put it into the batch of each.

        The same document again is the same record: it keeps its first moment.
        """
        hash_value = fingerprint(document)
        recorded_at = self._recorded_at.setdefault(bytes.fromhex(hash_value), stamp.now_ms)
        event = gopang.OpenhashRecord(
            documentId=document_id, hashValue=hash_value, layer=layer_of(hash_value), timestamp=recorded_at
        )
        yield from tell(event, *parties)
        for user_id in dict.fromkeys(parties):
            yield from self._put(user_id, hash_value, stamp)

    def find(self, hash_value: str) -> Record | None:
        """Return what is known of a hash; None for what was never recorded, or is no hash as ours are written."""
        try:
            digest = bytes.fromhex(hash_value)
        except ValueError:
            return None
        recorded_at = self._recorded_at.get(digest) if digest.hex() == hash_value else None
        return None if recorded_at is None else Record(layer_of(hash_value), recorded_at)

    def handle(self, command: RecordsCommand, stamp: Stamp) -> Iterator[Effect]:
        """Seal a batch whose time is up; one that was sealed because it was full has another number by now."""
        if isinstance(command, SealBatch):
            batch = self._batches[command.user_id]
            if batch.number == command.number:
                yield from _seal(command.user_id, batch, stamp)

    def _put(self, user_id: str, hash_value: str, stamp: Stamp) -> Iterator[Effect]:
        batch = self._batches.setdefault(user_id, _Batch())
        batch.hashes.append(hash_value)
        if len(batch.hashes) == BATCH_SIZE:
            yield from _seal(user_id, batch, stamp)
        elif len(batch.hashes) == 1:
            yield Later(BATCH_MS, SealBatch(user_id, batch.number))


def layer_of(hash_value: str) -> Layer:
    """Return the layer that a hash belongs to, by its first byte; so everybody can tell, and all four are used."""
    return cast("Layer", int(hash_value[:2], 16) % 4 + 1)


def merkle_root(hashes: Sequence[str]) -> str:
    """Return the Merkle root of at least one hash, in their order; all are 64 hexadecimal digits.

    This is a promise to clients. The leaves are the 32 bytes of the hashes as they are; above two neighbours stands the
    SHA-256 of the left one's bytes followed by the right one's; one without a neighbour moves up unchanged. So the root
    of one hash is that hash, and a hash that is doubled at the end gives another root.
    """
    row = [bytes.fromhex(hash_value) for hash_value in hashes]
    while len(row) > 1:
        pairs = [hashlib.sha256(left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
        row = pairs + row[len(pairs) * 2 :]
    return row[0].hex()


def _seal(user_id: str, batch: _Batch, stamp: Stamp) -> Iterator[Effect]:
    """Tell the batch's user of it, and begin the next one."""
    batch_id, root, count = stamp.fresh(f"batch {user_id}"), merkle_root(batch.hashes), len(batch.hashes)
    batch.number += 1
    batch.hashes.clear()
    for status in ("syncing", "completed"):
        yield from tell(
            gopang.OpenhashSync(batchId=batch_id, recordCount=count, merkleRoot=root, status=status), user_id
        )
