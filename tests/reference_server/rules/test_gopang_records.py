"""Hashes that anybody can find again, roots that whoever heard of a batch can check."""

import hashlib
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import gopang
from protocols.contract import Json
from reference_server.rules.gopang_canonical import canonical, fingerprint
from reference_server.rules.gopang_records import BATCH_MS, BATCH_SIZE, Records, RecordsCommand, layer_of, merkle_root

from .gopang_clockwork import START_MS, Clockwork

values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=10,
)
hashes = st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=20, unique=True)


class Archive(Clockwork):
    """Records, and those who hear of them."""

    def __init__(self, capacity: int = 1000) -> None:
        self.records = Records(capacity=capacity)
        super().__init__(lambda command, stamp: self.records.handle(_mine(command), stamp))

    def keep(self, document: dict[str, Json], *parties: str) -> str:
        """Record a document, and return its hash."""
        self.run(self.records.record(f"doc-{document}", document, parties, self.stamp))
        return fingerprint(document)


def _mine(command: object) -> RecordsCommand:
    assert isinstance(command, RecordsCommand)
    return command


def root(row: Sequence[bytes]) -> bytes:
    """The same root by another way: the left part is the largest power of two below the whole, as in RFC 6962."""
    if len(row) == 1:
        return row[0]
    left = 1 << (len(row) - 1).bit_length() - 1
    return hashlib.sha256(root(row[:left]) + root(row[left:])).digest()


# ---- canonical JSON --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, {"d": 2, "c": 3}]}, '{"a":[true,null,{"c":3,"d":2}],"b":1}'),
        ('가\n"\\/\x01\x7f', '"가\\n\\"\\\\/\\u0001\x7f"'),
        ({"한": 1, "z": 2, "Z": 3}, '{"Z":3,"z":2,"한":1}'),
        ([0.0, -0.0, 1.0, -1.5, 0.1, 1e3, 123456.789], "[0,0,1,-1.5,0.1,1000,123456.789]"),
        ([1e20, 1e21, 1.25e-6, 1.25e-7, 5e-324], "[100000000000000000000,1e+21,0.00000125,1.25e-7,5e-324]"),
        ([2**53, 2**53 + 1, 2**64 - 1], "[9007199254740992,9007199254740992,18446744073709552000]"),
        (-1.7976931348623157e308, "-1.7976931348623157e+308"),
    ],
)
def test_canonical_json_is_sorted_tight_and_utf_8(value: Json, text: str) -> None:
    assert canonical(value) == text.encode()
    assert fingerprint(value) == hashlib.sha256(text.encode()).hexdigest()


@given(values)
def test_whoever_has_the_value_writes_it_down_the_same_way(value: Json) -> None:
    # Whatever a client's parser made of the order of the keys and of the blanks.
    assert canonical(json.loads(json.dumps(value, indent=2))) == canonical(value)
    assert canonical(json.loads(canonical(value))) == canonical(value)
    assert json.loads(canonical(value), parse_int=float) == json.loads(json.dumps(value), parse_int=float)


# ---- Merkle roots ----------------------------------------------------------------------------------------------------


@given(hashes)
def test_a_root_is_that_of_the_hashes_in_order(row: list[str]) -> None:
    assert merkle_root(row) == root([bytes.fromhex(each) for each in row]).hex()


@given(hashes, st.data())
def test_another_order_or_another_number_has_another_root(row: list[str], data: st.DataObject) -> None:
    others = [[*row, row[-1]], row[:-1], row[::-1], data.draw(st.permutations(row))]
    for other in others:
        if other and other != row:
            assert merkle_root(other) != merkle_root(row)


def test_the_root_of_three_is_written_out() -> None:
    a, b, c = (hashlib.sha256(each).digest() for each in (b"a", b"b", b"c"))
    pair = hashlib.sha256(a + b).digest()
    assert merkle_root([a.hex(), b.hex(), c.hex()]) == hashlib.sha256(pair + c).hexdigest()


# ---- records ---------------------------------------------------------------------------------------------------------


def test_a_record_is_told_to_its_parties_and_found_from_then_on() -> None:
    archive = Archive()
    assert archive.records.find(fingerprint({"n": 1})) is None
    hash_value = archive.keep({"n": 1}, "ann", "ben")
    (told,) = archive.only("ann", gopang.OpenhashRecord)
    assert archive.only("ben", gopang.OpenhashRecord) == [told]
    assert (told.hashValue, told.layer, told.timestamp) == (hash_value, layer_of(hash_value), START_MS)
    archive.wait(10 * BATCH_MS)
    found = archive.records.find(hash_value)
    assert found is not None
    assert (found.layer, found.recorded_at) == (told.layer, START_MS)
    for misspelt in (hash_value.upper(), f"{hash_value[:2]} {hash_value[2:]}", f" {hash_value}", hash_value[:-2]):
        assert archive.records.find(misspelt) is None


@pytest.mark.parametrize("text", ["", "0", "0" * 63, "0" * 64, "g" * 64, "0" * 65, "가" * 64, "00 " * 21 + "0"])
def test_what_is_no_hash_or_nobody_s_is_not_found(text: str) -> None:
    archive = Archive()
    archive.keep({"n": 1}, "ann")
    assert archive.records.find(text) is None


def test_the_same_document_again_keeps_its_first_moment() -> None:
    archive = Archive()
    hash_value = archive.keep({"n": 1}, "ann")
    archive.wait(5)
    archive.keep({"n": 1}, "ann")
    found = archive.records.find(hash_value)
    assert found is not None
    assert found.recorded_at == START_MS


def test_all_four_layers_are_used_and_a_hash_has_one() -> None:
    assert {layer_of(fingerprint(n)) for n in range(100)} == {1, 2, 3, 4}
    assert layer_of("03" + "0" * 62) == 4


def test_a_full_store_says_so_and_forgets_nothing() -> None:
    archive = Archive(capacity=2)
    assert archive.records.has_room(2)
    kept = [archive.keep({"n": n}, "ann") for n in range(2)]
    assert not archive.records.has_room()
    assert all(archive.records.find(hash_value) for hash_value in kept)


def test_a_batch_is_sealed_when_it_is_full_and_else_by_time() -> None:
    archive = Archive()
    for n in range(BATCH_SIZE):
        archive.keep({"n": n}, "ann")
    full = archive.only("ann", gopang.OpenhashSync)
    assert [(sync.recordCount, sync.status) for sync in full] == [(BATCH_SIZE, "syncing"), (BATCH_SIZE, "completed")]
    archive.wait(BATCH_MS // 2)
    last = archive.keep({"n": BATCH_SIZE}, "ann")
    archive.wait(BATCH_MS - 1)  # also past the timer of the batch that was full, which must not seal this one
    assert archive.only("ann", gopang.OpenhashSync) == []
    archive.wait(1)
    timed = archive.only("ann", gopang.OpenhashSync)
    assert [(sync.recordCount, sync.merkleRoot) for sync in timed] == [(1, last)] * 2
    assert timed[0].batchId != full[0].batchId
    archive.wait(10 * BATCH_MS)
    assert archive.heard("ann") == []


@given(st.lists(st.tuples(st.sets(st.sampled_from("abc"), min_size=1), st.integers(0, BATCH_MS)), max_size=40))
def test_every_root_is_that_of_the_records_that_its_hearer_heard(acts: list[tuple[set[str], int]]) -> None:
    archive = Archive()
    for n, (parties, pause_ms) in enumerate(acts):
        archive.keep({"n": n}, *sorted(parties))
        archive.wait(pause_ms)
    archive.wait(BATCH_MS)
    for user_id in "abc":
        unsealed: list[str] = []
        sealed = set[str]()
        for event in archive.heard(user_id):
            match event:
                case gopang.OpenhashRecord():
                    unsealed.append(event.hashValue)
                case gopang.OpenhashSync(status="completed"):
                    assert event.recordCount == len(unsealed) <= BATCH_SIZE
                    assert event.merkleRoot == root([bytes.fromhex(each) for each in unsealed]).hex()
                    assert event.batchId not in sealed
                    sealed.add(event.batchId)
                    unsealed.clear()
                case gopang.OpenhashSync():
                    assert event.recordCount == len(unsealed)
                case _:
                    raise AssertionError(event)
        assert unsealed == []
