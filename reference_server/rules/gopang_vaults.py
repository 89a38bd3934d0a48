"""Vaults: the drawers of their owners, what stands in them, and who may look.

What an access is refused for stands in the contract's `x-errors`; here stand what its conditions mean and what an
access does that is allowed. It is answered on the socket that asked, and nobody else hears of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from protocols import gopang
from protocols.contract import Json
from reference_server.effects import Effect, Emit, Stamp
from reference_server.rules.gopang_canonical import canonical, fingerprint
from reference_server.rules.gopang_consents import Consents

LARGEST: Final = 65_536
"""Bytes of canonical JSON that a drawer holds. There are as many drawers as the world has, and nobody can make one."""
NEVER_WRITTEN: Final = 0
"""`updatedAt` of a drawer that holds what the world put there."""


class KnownDrawer(Protocol):
    """What the world says of a drawer."""

    @property
    def id(self) -> str:
        """Its id in its vault."""
        ...

    @property
    def type(self) -> gopang.DrawerType:
        """What kind of data it holds; a consent names such a type."""
        ...

    @property
    def content(self) -> Mapping[str, Json]:
        """What stands in it before anybody writes."""
        ...


class KnownVault(Protocol):
    """What the world says of a vault."""

    @property
    def id(self) -> str:
        """Its id; no other vault has it."""
        ...

    @property
    def owner(self) -> str:
        """The id of the user whose vault it is."""
        ...

    @property
    def drawers(self) -> Iterable[KnownDrawer]:
        """Its drawers, in the order in which they are listed."""
        ...


@dataclass(slots=True)
class _Drawer:
    vault: str
    id: str
    type: gopang.DrawerType
    content: gopang.DrawerContent
    updated_at: int = NEVER_WRITTEN


@dataclass(frozen=True, slots=True)
class _Vault:
    owner: str
    drawers: Mapping[str, _Drawer]  # drawer id -> drawer, in the order of the world


class Vaults:
    """All vaults of the world, and what has been written into them since."""

    def __init__(self, vaults: Iterable[KnownVault], consents: Consents) -> None:
        self._consents = consents
        self._vaults = {
            vault.id: _Vault(vault.owner, {drawer.id: _drawer(vault.id, drawer) for drawer in vault.drawers})
            for vault in vaults
        }

    def is_owner(self, user_id: str, event: gopang.VaultAccess) -> bool:
        """Say whether the named vault is this user's (`vault-owner`)."""
        vault = self._vaults.get(event.vaultId)
        return vault is not None and vault.owner == user_id

    def knows_drawer(self, event: gopang.VaultAccess) -> bool:
        """Say whether the named drawer is in the named vault (`drawer-known`)."""
        return self._named(event) is not None

    def is_consented(self, user_id: str, event: gopang.VaultAccess, now_ms: int) -> bool:
        """Say whether the owner lets this user see what the named drawer is for, now (`consented`)."""
        drawer = self._named(event)
        return drawer is not None and self._consents.allows(
            user_id, self._vaults[event.vaultId].owner, drawer.type, now_ms
        )

    def access(self, sid: str, event: gopang.VaultAccess, stamp: Stamp) -> Iterator[Effect]:
        """Do what is allowed: list a vault, or write or read a drawer and show what it holds, with its proof."""
        if event.action == "list":
            yield from (Emit(_shown(listed), sid) for listed in self._vaults[event.vaultId].drawers.values())
            return
        drawer = self._named(event)
        assert drawer is not None  # `drawer-known` is required for all but listing
        if event.action == "write":
            assert isinstance(event.content, gopang.DrawerContent)  # `with-content` is required
            drawer.content, drawer.updated_at = event.content, stamp.now_ms
        yield Emit(_shown(drawer), sid)
        proof = fingerprint(drawer.content.to_json())
        yield Emit(
            gopang.VaultProof(vaultId=drawer.vault, drawerId=drawer.id, proof=proof, verifiedAt=stamp.now_ms), sid
        )

    def _named(self, event: gopang.VaultAccess) -> _Drawer | None:
        vault = self._vaults.get(event.vaultId)
        return vault.drawers.get(event.drawerId) if vault and isinstance(event.drawerId, str) else None


def is_oversized(event: gopang.VaultAccess) -> bool:
    """Say whether an access brings more content than a drawer holds (`oversized`)."""
    return isinstance(event.content, gopang.DrawerContent) and len(canonical(event.content.to_json())) > LARGEST


def _drawer(vault_id: str, known: KnownDrawer) -> _Drawer:
    return _Drawer(vault_id, known.id, known.type, gopang.DrawerContent.model_validate(known.content))


def _shown(drawer: _Drawer) -> gopang.VaultContent:
    return gopang.VaultContent(
        vaultId=drawer.vault,
        drawerId=drawer.id,
        drawerType=drawer.type,
        content=drawer.content,
        updatedAt=drawer.updated_at,
    )
