"""Vaults: the drawers of their owners, what stands in them, and who may look.

`vault:access` names one drawer, or without `drawerId` every drawer of the vault that its sender may see. Whoever may is
answered with a `vault:content` and a `vault:proof` for each, on the socket that asked; nobody else hears of it.

- `read` is for the owner, and for whoever has an approved consent, not expired, for the type of the drawer.
- `list` is for the owner.
- `write` is for the owner, and shows what is about to be replaced. The event has no field for content, so the new
  content comes over HTTP, as `WriteDrawer`; the owner then hears the content and its proof on all sockets.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from pydantic import MISSING

from protocols import gopang
from reference_server.effects import Command, Effect, Emit, Reply, Stamp
from reference_server.rules.gopang_canonical import fingerprint
from reference_server.rules.gopang_consents import Consents
from reference_server.rules.gopang_rooms import room_of

WRITTEN_BY_NOBODY: Final = 0
"""`updatedAt` of a drawer that nobody has written since the world was made."""


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
    def content(self) -> str:
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
        """Its drawers, in the order in which they are shown."""
        ...


@dataclass(frozen=True, slots=True)
class VaultCommand(Command):
    """A request about vaults; goes to `Vaults.handle`."""


@dataclass(frozen=True, slots=True)
class WriteDrawer(VaultCommand):
    """`PUT /vaults/{vaultId}/drawers/{drawerId}` of a verified user: 200 with the fields of `vault:content`.

    404 for a drawer that is not there, and the same for one that is another's: who may not write learns nothing. HTTP
    has checked the shape of the content.
    """

    user_id: str
    vault_id: str
    drawer_id: str
    content: str


@dataclass(slots=True)
class _Drawer:
    vault: str
    owner: str
    id: str
    type: gopang.DrawerType
    content: str
    updated_at: int = WRITTEN_BY_NOBODY


class Vaults:
    """All vaults of the world. Nobody can make one, or another drawer: they take no more room than the world gave."""

    def __init__(self, vaults: Iterable[KnownVault], consents: Consents) -> None:
        self._consents = consents
        # vault id -> drawer id -> drawer, in the order of the world
        self._drawers: dict[str, dict[str, _Drawer]] = {
            vault.id: {
                drawer.id: _Drawer(vault.id, vault.owner, drawer.id, drawer.type, drawer.content)
                for drawer in vault.drawers
            }
            for vault in vaults
        }

    def may(self, user_id: str, event: gopang.VaultAccess, now_ms: int) -> bool:
        """Say whether there is anything to show for this access; not, for what does not exist."""
        return bool(self._shown(user_id, event, now_ms))

    def access(self, user_id: str, sid: str, event: gopang.VaultAccess, stamp: Stamp) -> Iterator[Effect]:
        """Show a socket of somebody who may what is asked for."""
        for drawer in self._shown(user_id, event, stamp.now_ms):
            yield from _show(drawer, sid, stamp)

    def handle(self, command: VaultCommand, stamp: Stamp) -> Iterator[Effect]:
        """Replace the content of a drawer."""
        if not isinstance(command, WriteDrawer):
            return
        drawer = self._drawers.get(command.vault_id, {}).get(command.drawer_id)
        if drawer is None or drawer.owner != command.user_id:
            message = "you have no such drawer"
            yield Reply({"error": {"code": "E3010", "message": message}}, status=404)
            return
        drawer.content, drawer.updated_at = command.content, stamp.now_ms
        yield from _show(drawer, room_of(drawer.owner), stamp)
        yield Reply(_content(drawer).to_json())

    def _shown(self, user_id: str, event: gopang.VaultAccess, now_ms: int) -> list[_Drawer]:
        """Return the drawers that an access names and its sender may see, in the order of the world."""
        drawers: Mapping[str, _Drawer] = self._drawers.get(event.vaultId, {})
        named = drawers.values() if event.drawerId is MISSING else filter(None, [drawers.get(event.drawerId)])
        return [drawer for drawer in named if self._may(user_id, drawer, event.action, now_ms)]

    def _may(self, user_id: str, drawer: _Drawer, action: str, now_ms: int) -> bool:
        if user_id == drawer.owner:
            return True
        return action == "read" and self._consents.allows(user_id, drawer.owner, drawer.type, now_ms)


def _show(drawer: _Drawer, room: str, stamp: Stamp) -> Iterator[Effect]:
    yield Emit(_content(drawer), room)
    proof = fingerprint(drawer.content)
    yield Emit(gopang.VaultProof(vaultId=drawer.vault, drawerId=drawer.id, proof=proof, verifiedAt=stamp.now_ms), room)


def _content(drawer: _Drawer) -> gopang.VaultContent:
    return gopang.VaultContent(
        vaultId=drawer.vault,
        drawerId=drawer.id,
        drawerType=drawer.type,
        content=drawer.content,
        updatedAt=drawer.updated_at,
    )
