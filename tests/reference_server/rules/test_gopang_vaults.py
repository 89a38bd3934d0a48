"""Vaults: their owners, and whom those let in."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import pytest

from protocols import gopang
from protocols.contract import Event, Json
from reference_server.rules.gopang_canonical import fingerprint
from reference_server.rules.gopang_consents import AskConsent, ConsentCommand, Consents
from reference_server.rules.gopang_vaults import LARGEST, NEVER_WRITTEN, Vaults, is_oversized

from .gopang_clockwork import START_MS, Clockwork

Action: TypeAlias = Literal["read", "write", "list"]


@dataclass(frozen=True)
class Drawer:
    id: str
    type: gopang.DrawerType
    content: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Vault:
    id: str
    owner: str
    drawers: tuple[Drawer, ...]


PRESSURE: Mapping[str, Json] = {"혈압": [120, 80], "to_json": {"_private": 36.5}}
WORLD = (
    Vault("ben-1", "ben", (Drawer("checkup", "MEDICAL", PRESSURE), Drawer("savings", "FINANCE", {"sum": 1}))),
    Vault("ann-1", "ann", (Drawer("checkup", "MEDICAL"),)),
    Vault("empty", "ben", ()),
)


def access(
    action: Action = "read", drawer_id: str = "", vault_id: str = "ben-1", content: Mapping[str, Json] | None = None
) -> gopang.VaultAccess:
    drawer = {"drawerId": drawer_id} if drawer_id else {}
    brought = {} if content is None else {"content": content}
    return gopang.VaultAccess.model_validate({"vaultId": vault_id, "action": action} | drawer | brought)


class Bureau(Clockwork):
    """Vaults with the consents that open them, and one socket that asks."""

    def __init__(self) -> None:
        self.consents = Consents(dict.fromkeys(("ann", "ben", "cho"), "Somebody"))
        self.vaults = Vaults(WORLD, self.consents)
        super().__init__(lambda command, stamp: self.consents.handle(_mine(command), stamp))

    def show(self, event: gopang.VaultAccess) -> list[Event]:
        """Have an allowed access done; return what the socket that asked hears."""
        self.run(self.vaults.access("socket", event, self.stamp))
        return self.heard_in("socket")

    def consent(self, data_type: gopang.DrawerType, for_ms: int = 1000, requester: str = "ann") -> None:
        """Have ben approve that somebody sees data of a type."""
        self.order(AskConsent(requester, "ben", data_type, "to see", self.now_ms + for_ms))
        value = self.replies.pop().value
        assert isinstance(value, dict)
        answer = gopang.ConsentRespond(consentId=str(value["consentId"]), approved=True)
        self.run(self.consents.respond(answer, self.stamp))

    def is_consented(self, user_id: str, event: gopang.VaultAccess) -> bool:
        return self.vaults.is_consented(user_id, event, self.now_ms)


def _mine(command: object) -> ConsentCommand:
    assert isinstance(command, ConsentCommand)
    return command


@pytest.fixture
def bureau() -> Bureau:
    return Bureau()


def test_a_vault_has_one_owner(bureau: Bureau) -> None:
    assert bureau.vaults.is_owner("ben", access())
    assert not bureau.vaults.is_owner("ann", access())
    assert not bureau.vaults.is_owner("ben", access(vault_id="none"))


@pytest.mark.parametrize(
    ("vault_id", "drawer_id", "known"),
    [
        ("ben-1", "checkup", True),
        ("ben-1", "none", False),
        ("ben-1", "", False),
        ("none", "checkup", False),
        ("empty", "checkup", False),
    ],
)
def test_a_drawer_is_known_in_its_vault(bureau: Bureau, vault_id: str, drawer_id: str, known: bool) -> None:
    assert bureau.vaults.knows_drawer(access("read", drawer_id, vault_id)) is known


def test_reading_shows_what_a_drawer_holds_with_its_proof(bureau: Bureau) -> None:
    content, proof = bureau.show(access("read", "checkup"))
    assert content.to_json() == {
        "vaultId": "ben-1",
        "drawerId": "checkup",
        "drawerType": "MEDICAL",
        "content": PRESSURE,
        "updatedAt": NEVER_WRITTEN,
    }
    assert proof == gopang.VaultProof(
        vaultId="ben-1", drawerId="checkup", proof=fingerprint(PRESSURE), verifiedAt=START_MS
    )


def test_what_is_written_is_what_is_read_from_then_on(bureau: Bureau) -> None:
    written: dict[str, Json] = {"b": 1, "a": {"한": 1.0}}
    bureau.wait(5)
    content, proof = bureau.show(access("write", "savings", content=written))
    assert isinstance(content, gopang.VaultContent)
    assert isinstance(proof, gopang.VaultProof)
    assert (content.content.to_json(), content.updatedAt) == (written, START_MS + 5)
    assert proof.proof == hashlib.sha256('{"a":{"한":1},"b":1}'.encode()).hexdigest()
    bureau.wait(5)
    again, same_proof = bureau.show(access("read", "savings"))
    assert again == content
    assert isinstance(same_proof, gopang.VaultProof)
    assert (same_proof.proof, same_proof.verifiedAt) == (proof.proof, START_MS + 10)
    other, _ = bureau.show(access("read", "checkup"))
    assert isinstance(other, gopang.VaultContent)
    assert (other.content.to_json(), other.updatedAt) == (PRESSURE, NEVER_WRITTEN)


@pytest.mark.parametrize("drawer_id", ["", "savings", "none"])
def test_listing_shows_every_drawer_once_whatever_drawer_is_named(bureau: Bureau, drawer_id: str) -> None:
    listed = bureau.show(access("list", drawer_id))
    assert [event.drawerId for event in listed if isinstance(event, gopang.VaultContent)] == ["checkup", "savings"]
    assert len(listed) == 2
    assert bureau.show(access("list", vault_id="empty")) == []


def test_a_consent_opens_the_drawers_of_its_type_until_it_ends(bureau: Bureau) -> None:
    assert not bureau.is_consented("ann", access("read", "checkup"))
    bureau.consent("MEDICAL")
    assert bureau.is_consented("ann", access("read", "checkup"))
    assert not bureau.is_consented("cho", access("read", "checkup"))
    assert not bureau.is_consented("ben", access("read", "checkup", "ann-1"))  # it opens one way only
    for closed in (
        access("read", "savings"),
        access("read", "none"),
        access("read"),
        access("read", "checkup", "none"),
    ):
        assert not bureau.is_consented("ann", closed)
    bureau.wait(999)
    assert bureau.is_consented("ann", access("read", "checkup"))
    bureau.wait(1)
    assert not bureau.is_consented("ann", access("read", "checkup"))


def test_a_drawer_holds_so_much_and_no_more() -> None:
    frame = len('{"text":""}')
    assert not is_oversized(access("write", content={"text": "x" * (LARGEST - frame)}))
    assert is_oversized(access("write", content={"text": "x" * (LARGEST - frame + 1)}))
    assert is_oversized(access("write", content={"text": "한" * (LARGEST // 3)}))  # bytes, not characters
    assert not is_oversized(access("read"))
