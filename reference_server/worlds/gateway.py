"""Who and what there is in gateway before anybody connects: people with their passwords, and rooms."""

from collections import Counter
from typing import Annotated, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from protocols.gateway import PROTOCOL
from reference_server.worlds.part import Part


def _canonical(text: str) -> str:
    if str(UUID(text)) != text:
        raise ValueError("a UUID in lower case with its hyphens is expected")
    return text


def _reachable(text: str) -> str:
    if PROTOCOL.faults("Email", text):
        raise ValueError("an email address is expected")
    return text


Uuid: TypeAlias = Annotated[str, AfterValidator(_canonical)]
Email: TypeAlias = Annotated[str, AfterValidator(_reachable)]


class GatewayUser(Part):
    """Somebody who can log in. The password is readable by whoever reads the file: it is for development alone."""

    id: Uuid
    email: Email
    password: Annotated[str, Field(min_length=6, max_length=100)]


class GatewayRoom(Part):
    """A room."""

    id: Uuid
    name: Annotated[str, Field(min_length=1, max_length=100)]
    members: tuple[Email, ...] | None = None
    """Emails of those who are members from the beginning; everybody of this world where it is absent."""


class GatewayWorld(Part):
    """The section `gateway` of a world file."""

    # No more than a room has places for, and all of them in all rooms no more than the server remembers.
    users: Annotated[tuple[GatewayUser, ...], Field(max_length=5_000)] = ()
    rooms: Annotated[tuple[GatewayRoom, ...], Field(max_length=200)] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        """Refuse what cannot be told apart, and members that nobody knows."""
        emails = [user.email.casefold() for user in self.users]
        for what, names in (
            ("id of a user", [user.id for user in self.users]),
            ("email", emails),
            ("id of a room", [room.id for room in self.rooms]),
        ):
            [(name, times)] = Counter(names).most_common(1) or [("", 0)]
            if times > 1:
                raise ValueError(f"the {what} {name} stands here twice; give each its own")
        known = set(emails)
        for room in self.rooms:
            for member in room.members or ():
                if member.casefold() not in known:
                    raise ValueError(f"no user has the email {member}, a member of {room.name}; add that user")
        return self
