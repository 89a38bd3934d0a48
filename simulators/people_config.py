"""How a target's people get their sessions: fixed tokens, tokens signed here, or HTTP calls to the target."""

import dataclasses
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, Literal, TypeAlias, cast

from pydantic import JsonValue, field_validator, model_validator
from pydantic.dataclasses import dataclass

from protocols.contract import Json
from protocols.errors import UsageError
from simulators.http_calls import HttpCall
from simulators.tables import TABLE, one_or_many, wrong
from simulators.templates import check

PLACEHOLDERS: Final = frozenset({"id", "n", "nickname", "password", "run", "scope"})
"""What a template may always speak of: id, nickname and password, the place to enter, the count of guests or users.

`{run}` is new for each run, where guests of two runs must not be taken for the same.
"""
MAX_USERS: Final = 10_000
"""How many users one table may stand for: more than the largest cast has use for is a slip of the pen."""

Method: TypeAlias = Literal["HS256", "HS384", "HS512"]


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Jwt:
    """A JSON Web Token that is signed here, with a secret that the target shares."""

    claims: dict[str, JsonValue]
    """A template of the claims; `iat` and `exp` are added."""
    secret: str = ""
    secret_env: str = ""
    """Name of the environment variable that holds the secret, for files that are committed."""
    prefix: str = ""
    """What stands before the token, such as `auth-`."""
    algorithm: Method = "HS256"
    expires_s: int = 3600

    @model_validator(mode="after")
    def _has_one_secret(self) -> "Jwt":
        if bool(self.secret) == bool(self.secret_env):
            wrong("write either secret or secret_env")
        return self

    @property
    def key(self) -> str:
        """The secret itself; raises UsageError where the environment lacks it."""
        if self.secret:
            return self.secret
        if not (key := os.environ.get(self.secret_env)):
            raise UsageError(f"the environment variable {self.secret_env} is not set; it must hold the secret")
        return key


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Way:
    """How a session is got: by HTTP calls, one after the other, of which one picks the token, or by signing one here.

    Calls before a token that is signed here are such as register its holder.
    """

    http: tuple[HttpCall, ...] = ()
    jwt: Jwt | None = None
    id: str = "guest-{n}"
    """A template of who the session stands for, where the answer does not say."""
    nickname: str = ""
    """A template of what its holder is called; empty where they may choose."""
    details: dict[str, str] = dataclasses.field(default_factory=dict)
    """Templates of what else is known of its holder, such as an `email`, which the other templates may speak of."""

    @field_validator("http", mode="before")
    @classmethod
    def _are_calls(cls, calls: object) -> object:
        return one_or_many(calls)

    @model_validator(mode="after")
    def _gives_one_token(self) -> "Way":
        if not self.http and self.jwt is None:
            wrong("write either an http table or a jwt table")
        picks_token = any("token" in (call.pick or {}) for call in self.http)
        if picks_token and self.jwt is not None:
            wrong("write either an http table that picks a token or a jwt table")
        if not picks_token and self.jwt is None:
            wrong('a call must say where the token stands: pick = {token = "/sessionToken"}')
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """What is known of whoever has got a session this way, besides what is known of all."""
        return (*self.details, *(name for call in self.http for name in call.pick or {}))

    def check(self, place: str, details: Iterable[str]) -> None:
        """Refuse templates that speak of anything but the usual and these details; `place` is where this stands."""
        check(place, [self.id, self.nickname, *self.details.values()], PLACEHOLDERS)
        known = PLACEHOLDERS.union(self.details, details)
        for call in self.http:
            check(f"{place}.http", call.templates, known)
            known |= (call.pick or {}).keys()
        if self.jwt is not None:
            check(f"{place}.jwt", cast("Json", self.jwt.claims), known)


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Account:
    """Somebody whom the target knows; with a `count`, so many who are alike but for the `{n}` in their texts."""

    id: str
    nickname: str
    count: int | None = None
    """How many there are, with `{n}` from 1 on; None where the texts are no templates."""
    details: dict[str, str] = dataclasses.field(default_factory=dict)
    """What else the target knows of them, such as an `email`; `[people.login]` may speak of it."""
    token: str = ""
    """A session that is there already; empty where `login` gets one."""
    password: str = ""
    owner_of: tuple[str, ...] = ()
    """Spaces in which it is OWNER."""
    staff_of: tuple[str, ...] = ()

    @field_validator("count")
    @classmethod
    def _is_a_number_of_people(cls, count: int | None) -> int | None:
        return count if count is None or 1 <= count <= MAX_USERS else wrong(f"{count} users; it takes 1 to {MAX_USERS}")

    def each(self) -> "Iterator[Account]":
        """Yield everybody whom this table stands for."""
        if self.count is None:
            yield self
            return
        for n in range(1, self.count + 1):

            def numbered(text: str, n: int = n) -> str:
                return text.replace("{n}", str(n))

            yield replace(
                self,
                count=None,
                id=numbered(self.id),
                nickname=numbered(self.nickname),
                token=numbered(self.token),
                password=numbered(self.password),
                details={name: numbered(text) for name, text in self.details.items()},
            )


@dataclass(frozen=True, kw_only=True, config=TABLE)
class PeopleConfig:
    """Who may enter, and how."""

    users: tuple[Account, ...] = ()
    login: Way | None = None
    """How users without a token get one."""
    guests: Way | None = None
    """How anybody gets a session; None where only users may enter."""

    @field_validator("users")
    @classmethod
    def _are_all(cls, users: tuple[Account, ...]) -> tuple[Account, ...]:
        return tuple(user for table in users for user in table.each())

    @model_validator(mode="after")
    def _lets_everybody_in(self) -> "PeopleConfig":
        if self.login is None and (locked := [user.id for user in self.users if not user.token]):
            wrong(f"{', '.join(locked)}: without a token; give each one, or a login table that gets them")
        ids = [user.id for user in self.users]
        if len(set(ids)) < len(ids):
            wrong("two users have one id")
        if self.guests is not None:
            self.guests.check("guests", ())
        if self.login is not None:
            waiting = [set(user.details) for user in self.users if not user.token]
            self.login.check("login", set.intersection(*waiting) if waiting else ())
        return self

    @property
    def names(self) -> frozenset[str]:
        """What is known of some of them: the names of details, and of what is picked."""
        ways = [way.names for way in (self.login, self.guests) if way is not None]
        return frozenset(name for known in (*ways, *(user.details for user in self.users)) for name in known)
