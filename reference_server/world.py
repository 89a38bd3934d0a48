"""Who and what there is before anybody connects: users with their tokens, spaces with their staff, and so on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field, ValidationError

from protocols import strict_yaml
from protocols.errors import SpecError, UsageError, shorten
from reference_server.worlds.dongne import DongneWorld
from reference_server.worlds.gateway import GatewayWorld
from reference_server.worlds.gopang import GopangWorld
from reference_server.worlds.hub import HubWorld
from reference_server.worlds.part import Part

BUILT_IN = Path(__file__).with_name("world.yaml")

# The bounds of the contract's Id, Nickname and SessionToken, so that nobody in the world breaks it by existing. U+FEFF
# is blank in the contract's regular expressions, and not in Pydantic's.
Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]
Nickname: TypeAlias = Annotated[str, Field(min_length=1, max_length=20, pattern="[^\\s\ufeff]")]
Token: TypeAlias = Annotated[str, Field(max_length=512, pattern=r"^auth-.")]

Location: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead to a place in a file."""


class Role(StrEnum):
    """What somebody may do in a space."""

    OWNER = "OWNER"
    STAFF = "STAFF"
    PARTICIPANT = "PARTICIPANT"


class User(Part):
    """Somebody who signs in; the token is valid in every space."""

    id: Id
    nickname: Nickname
    token: Token


class KnownSpace(Part):
    """A space that belongs to somebody."""

    id: Id
    name: Annotated[str, Field(min_length=1, max_length=100)]
    owner: Id
    staff: tuple[Id, ...] = ()

    def role(self, user_id: str) -> Role:
        """Return what a user may do here."""
        if user_id == self.owner:
            return Role.OWNER
        return Role.STAFF if user_id in self.staff else Role.PARTICIPANT


class _File(Part):
    """What a world file holds."""

    users: tuple[User, ...] = ()
    spaces: tuple[KnownSpace, ...] = ()
    gateway: GatewayWorld = GatewayWorld()
    dongne: DongneWorld = DongneWorld()
    gopang: GopangWorld = GopangWorld()
    hub: HubWorld = HubWorld()


@dataclass(frozen=True, slots=True)
class World:
    """All users and spaces. Spaces beyond these may be joined too; nobody is OWNER or STAFF there."""

    users: tuple[User, ...] = ()
    spaces: tuple[KnownSpace, ...] = ()
    gateway: GatewayWorld = field(default_factory=GatewayWorld)
    dongne: DongneWorld = field(default_factory=DongneWorld)
    gopang: GopangWorld = field(default_factory=GopangWorld)
    hub: HubWorld = field(default_factory=HubWorld)
    test_credentials: bool = False
    """Whether the tokens are those that everybody can read in this project; no file can say so of itself."""

    @classmethod
    def load(cls, path: Path) -> "World":
        """Read a world from a YAML or JSON file; raises UsageError with file, line and what to do."""
        try:
            node, lines = strict_yaml.read(path)
        except SpecError as error:
            raise UsageError(f"the world cannot be read: {error}; write it like {BUILT_IN}") from None
        try:
            file = _File.model_validate(node)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise _wrong(path, lines, first["loc"], first["msg"]) from None
        for location, problem in _contradictions(file):
            raise _wrong(path, lines, location, problem)
        return cls(
            users=file.users,
            spaces=file.spaces,
            gateway=file.gateway,
            dongne=file.dongne,
            gopang=file.gopang,
            hub=file.hub,
        )

    @classmethod
    @cache
    def built_in(cls) -> "World":
        """Return the world that this project brings along, so that a front end or a check can begin at once."""
        return replace(cls.load(BUILT_IN), test_credentials=True)

    def role(self, space_id: str, user_id: str) -> Role:
        """Return what a user may do in a space, known or not."""
        return next((space.role(user_id) for space in self.spaces if space.id == space_id), Role.PARTICIPANT)

    def without_test_credentials(self) -> "World":
        """Return the same world without the users whose tokens everybody can read."""
        if not self.test_credentials:
            return self
        return replace(self, users=(), gateway=GatewayWorld(), test_credentials=False)


def _contradictions(file: _File) -> Iterator[tuple[Location, str]]:
    """Yield where one part of a file does not go with another, and why."""
    ids = [user.id for user in file.users]
    yield from _repeated("users", "id", ids)
    yield from _repeated("users", "token", [user.token for user in file.users])
    yield from _repeated("spaces", "id", [space.id for space in file.spaces])
    for index, space in enumerate(file.spaces):
        if space.owner not in ids:
            yield ("spaces", index, "owner"), f"no user has the id {shorten(space.owner)}; add that user"
        for place, user_id in enumerate(space.staff):
            if user_id not in ids:
                yield ("spaces", index, "staff", place), f"no user has the id {shorten(user_id)}; add that user"


def _repeated(part: str, key: str, values: Sequence[str]) -> Iterator[tuple[Location, str]]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield (part, index, key), f"this {key} stands here twice; give each of the {part} its own"
        seen.add(value)


def _wrong(path: Path, lines: Mapping[str, int], location: Location, problem: str) -> UsageError:
    """Say where in a world file something is wrong; what the file lacks is reported where it should stand."""
    steps = [strict_yaml.escape(str(step)) for step in location]
    pointers = ["".join(f"/{step}" for step in steps[:depth]) for depth in range(len(steps), -1, -1)]
    line = next(lines[pointer] for pointer in pointers if pointer in lines)
    return UsageError(f"{path}:{line}: {'/'.join(steps) or 'world'}: {problem}; compare {BUILT_IN}")
