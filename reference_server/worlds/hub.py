"""Who there is in hub before anybody connects. Rooms need no founding there."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from pydantic import Field, field_validator

from reference_server.worlds.part import Part

# The bounds of the contract's claims, so that every user here can be given a token.
Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]
Email: TypeAlias = Annotated[str, Field(min_length=3, max_length=254, pattern="@")]
Nickname: TypeAlias = Annotated[str, Field(min_length=1, max_length=50)]


class HubUser(Part):
    """Somebody to whom tokens are given; the fields are the claims of one."""

    id: Id
    email: Email
    nickname: Nickname


class HubWorld(Part):
    """The section `hub` of a world file. Whoever brings a valid token may come in, known here or not."""

    users: tuple[HubUser, ...] = ()

    @field_validator("users")
    @classmethod
    def _each_once(cls, users: Sequence[HubUser]) -> Sequence[HubUser]:
        ids = [user.id for user in users]
        if len(set(ids)) < len(ids):
            raise ValueError("two users have one id; give each of them its own")
        return users
