"""What stands in the vaults that the cast knows of, and who has consented to what."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.expectation import Heard
from conformance.models.gopang_proofs import canonical, fingerprint
from conformance.person import Person
from conformance.symptom import Symptom, Test
from conformance.verdict import Broken
from protocols import gopang
from protocols.contract import Json

LARGEST: Final = 65_536
"""Bytes of canonical JSON, as the condition `oversized` says."""


@dataclass(eq=False, slots=True)
class Consent:
    """What one user asks of another."""

    id: str
    requester: str
    owner: str
    data_type: str
    ends: float
    """`time.monotonic()` at which it expires, to the accuracy of a round trip."""
    status: str = "pending"

    @property
    def is_over(self) -> bool:
        """Whether it has expired by now."""
        return time.monotonic() >= self.ends


@dataclass(eq=False, slots=True)
class Vault:
    """A vault of which the cast knows."""

    owner: str
    drawers: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    """Drawer id -> what `vault:content` said of it last. Empty until it was listed."""


class Vaults:
    """Vaults and consents, as far as the cast has to do with them."""

    def __init__(self) -> None:
        self.known: dict[str, Vault] = {}
        """By the vault's id."""
        self.consents: dict[str, Consent] = {}

    def drawer(self, event: gopang.VaultAccess) -> Mapping[str, Json] | None:
        """Return the drawer that an access names; None where there is none."""
        vault = self.known.get(event.vaultId)
        return None if vault is None or not isinstance(event.drawerId, str) else vault.drawers.get(event.drawerId)

    def is_owner(self, user_id: str, event: gopang.VaultAccess) -> bool:
        """Say whether an access is to a vault of this user."""
        vault = self.known.get(event.vaultId)
        return vault is not None and vault.owner == user_id

    def is_consented(self, user_id: str, event: gopang.VaultAccess) -> bool:
        """Say whether the owner lets this user see what the drawer is for, now."""
        drawer = self.drawer(event)
        if drawer is None:
            return False
        grant = (user_id, self.known[event.vaultId].owner, drawer["drawerType"])
        return any(
            (consent.requester, consent.owner, consent.data_type) == grant
            for consent in self.consents.values()
            if consent.status == "approved" and not consent.is_over
        )

    def take(self, vault_id: str, who: Person, heard: Heard) -> None:
        """Remember what drawers were shown to hold."""
        for content in heard.payloads(who, gopang.VaultContent.event_name):
            self.known[vault_id].drawers[str(content["drawerId"])] = content

    def check(self, who: Person, event: gopang.VaultAccess, heard: Heard) -> Iterator[Broken]:
        """Compare what is shown with what was written last, and the proof with what is shown."""
        known = self.known[event.vaultId].drawers
        contents = heard.payloads(who, gopang.VaultContent.event_name)
        for content in contents:
            before = dict(known.get(str(content["drawerId"]), content))
            if event.action == "write":
                before |= {"content": event.to_json()["content"], "updatedAt": content["updatedAt"]}
            if canonical(content) != canonical(before):
                name = next(name for name in before if canonical(content.get(name)) != canonical(before[name]))
                broken = Broken("gopang/vault/6", f"what was written last: {before}", str(content))
                yield broken.shown(Symptom.told(who, gopang.VaultContent.event_name, (name,), before[name]))
        if event.action == "list":
            ids = [str(content["drawerId"]) for content in contents]
            if len(set(ids)) < len(ids):
                twice = next(one for one in ids if ids.count(one) > 1)
                shown = Symptom.heard(who, gopang.VaultContent.event_name, Test(("drawerId",), "is", twice))
                yield Broken("gopang/vault/7", "each drawer once", ", ".join(ids)).shown(shown)
            return
        proof = heard.payloads(who, gopang.VaultProof.event_name)[0]["proof"]
        if proof != (right := fingerprint(contents[0]["content"])):
            broken = Broken("gopang/vault/5", f"the hash of {canonical(contents[0]['content'])}: {right}", str(proof))
            test = Test(("proof",), "is no hash of", contents[0]["content"])
            yield broken.shown(Symptom.heard(who, gopang.VaultProof.event_name, test))


def is_oversized(event: gopang.VaultAccess) -> bool:
    """Say whether an access brings more than a drawer holds."""
    content: Any = event.to_json().get("content")
    return len(canonical(content).encode()) > LARGEST
