"""Who and what there is in gopang before anybody connects: users, their vaults, and conversations."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from protocols.contract import Json
from protocols.gopang import DrawerType
from reference_server.worlds.part import Part

MAX_USERS: Final = 100_000
MAX_CONVERSATIONS: Final = 100_000

# The bounds of the contract's claims and payloads, so that nobody and nothing in the world breaks it by existing.
Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]
Email: TypeAlias = Annotated[str, Field(min_length=3, max_length=254, pattern="@")]
UserType: TypeAlias = Annotated[str, Field(min_length=1, max_length=32)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]


class GopangUser(Part):
    """Somebody with an account. With a `count`, so many who are alike but for the `{n}` in their texts, from 1 on."""

    id: Id
    email: Email
    name: Name
    """What others are told of who asks them for a consent."""
    user_type: UserType = "member"
    count: Annotated[int, Field(ge=1, le=MAX_USERS)] | None = None

    def each(self) -> "Iterator[GopangUser]":
        """Yield everybody for whom this stands."""
        for number in _numbers(self.count):
            texts = {field: getattr(self, field).replace("{n}", number) for field in ("id", "email", "name")}
            yield self.model_copy(update={**texts, "count": None}) if number else self


class GopangAi(Part):
    """An AI that takes part in a conversation."""

    id: Id
    name: Name


class GopangConversation(Part):
    """A conversation that is there from the beginning; with a `count` so many, `{n}` in their ids from 1 on."""

    id: Id
    participants: tuple[Id, ...] | None = None
    """The only ones who may join it; anybody where it is absent."""
    ai: GopangAi | None = None
    count: Annotated[int, Field(ge=1, le=MAX_CONVERSATIONS)] | None = None

    def each(self) -> "Iterator[GopangConversation]":
        """Yield every conversation for which this stands."""
        for number in _numbers(self.count):
            update = {"id": self.id.replace("{n}", number), "count": None}
            yield self.model_copy(update=update) if number else self


class GopangDrawer(Part):
    """A drawer of a vault, and what lies in it at first."""

    id: Id
    type: DrawerType
    content: Mapping[str, Json] = Field(default_factory=dict)


class GopangVault(Part):
    """A vault; without an owner one for every user of this world, whose id stands for `{user}` in the vault's."""

    id: Id
    owner: Id = ""
    drawers: tuple[GopangDrawer, ...] = ()

    @field_validator("drawers")
    @classmethod
    def _each_drawer_once(cls, drawers: Sequence[GopangDrawer]) -> Sequence[GopangDrawer]:
        _once("drawers of one vault", [drawer.id for drawer in drawers])
        return drawers


class GopangWorld(Part):
    """The section `gopang` of a world file. Whoever brings a valid token may come in, known here or not."""

    users: tuple[GopangUser, ...] = ()
    conversations: tuple[GopangConversation, ...] = ()
    vaults: tuple[GopangVault, ...] = ()

    @field_validator("users")
    @classmethod
    def _all_users(cls, tables: Sequence[GopangUser]) -> Sequence[GopangUser]:
        users = tuple(user for table in tables for user in table.each())
        _once("users", [user.id for user in users])
        return users

    @field_validator("conversations")
    @classmethod
    def _all_conversations(cls, tables: Sequence[GopangConversation]) -> Sequence[GopangConversation]:
        conversations = tuple(conversation for table in tables for conversation in table.each())
        _once("conversations", [conversation.id for conversation in conversations])
        return conversations

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        """Refuse people that nobody knows, and vaults that cannot be told apart."""
        known = {user.id for user in self.users}
        named = [(f"the conversation {each.id}", each.participants or ()) for each in self.conversations]
        named += [(f"the vault {vault.id}", (vault.owner,)) for vault in self.vaults if vault.owner]
        for where, people in named:
            if strangers := [person for person in people if person not in known]:
                raise ValueError(f"no user has the id {strangers[0]}, whom {where} names; add that user")
        _once("vaults", [vault.id for vault in self.each_vault()])
        return self

    def each_vault(self) -> Iterator[GopangVault]:
        """Yield every vault with its owner."""
        for vault in self.vaults:
            owners = [vault.owner] if vault.owner else [user.id for user in self.users]
            yield from (
                vault.model_copy(update={"id": vault.id.replace("{user}", owner), "owner": owner}) for owner in owners
            )


def _numbers(count: int | None) -> Iterator[str]:
    """Yield what stands for `{n}` in each of so many; once nothing, where there is no count."""
    yield from [""] if count is None else map(str, range(1, count + 1))


def _once(what: str, ids: Sequence[str]) -> None:
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            raise ValueError(f"two {what} have the id {each}; give each of them its own")
        seen.add(each)
