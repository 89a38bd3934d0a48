"""How a target's people get their sessions: fixed tokens, tokens signed here, or HTTP calls to the target."""

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final, Literal, TypeAlias, cast

from pydantic import JsonValue, field_validator, model_validator
from pydantic.dataclasses import dataclass

from protocols.contract import Json
from protocols.errors import UsageError
from simulators.tables import TABLE, wrong

_PLACEHOLDER: Final = re.compile(r"\{(\w*)\}")
PLACEHOLDERS: Final = frozenset({"id", "n", "nickname", "password", "run", "scope"})
"""What a template may always speak of: id, nickname and password, the place to enter, the count of guests or users.

`{run}` is new for each run, where guests of two runs must not be taken for the same.
"""
MAX_USERS: Final = 10_000
"""How many users one table may stand for: more than the largest cast has use for is a slip of the pen."""

Picked: TypeAlias = Literal["token", "id", "nickname"]


@dataclass(frozen=True, kw_only=True, config=TABLE)
class HttpCall:
    """One HTTP request to the target whose JSON answer holds a session."""

    url: str
    """Relative to the target's, or whole where another server gives sessions."""
    method: Literal["GET", "POST", "PUT"] = "POST"
    headers: dict[str, str] | None = None
    body: JsonValue = None
    """A template of the JSON body; none is sent where it is absent."""
    status: int = 200
    """The status that says yes."""
    pick: dict[Picked, str]
    """Where in the answer things stand, as JSON pointers: `{token = "/data/sessionToken"}`."""

    @field_validator("pick")
    @classmethod
    def _finds_the_token(cls, pick: dict[Picked, str]) -> dict[Picked, str]:
        if "token" not in pick:
            wrong('must say where the token stands: {token = "/sessionToken"}')
        if not all(pointer.startswith("/") for pointer in pick.values()):
            wrong('JSON pointers begin with /: {token = "/sessionToken"}')
        return pick


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Jwt:
    """A JSON Web Token that is signed here, with a secret that the target shares (HS256)."""

    claims: dict[str, JsonValue]
    """A template of the claims; `iat` and `exp` are added."""
    secret: str = ""
    secret_env: str = ""
    """Name of the environment variable that holds the secret, for files that are committed."""
    prefix: str = ""
    """What stands before the token, such as `auth-`."""
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
    """How a session is got: by exactly one of these."""

    http: HttpCall | None = None
    jwt: Jwt | None = None
    id: str = "guest-{n}"
    """A template of who the session stands for, where the answer does not say."""
    nickname: str = ""
    """A template of what its holder is called; empty where they may choose."""
    details: dict[str, str] = dataclasses.field(default_factory=dict)
    """Templates of what else is known of its holder, such as an `email`, which the other templates may speak of."""

    @model_validator(mode="after")
    def _is_one(self) -> "Way":
        if (self.http is None) == (self.jwt is None):
            wrong("write either an http table or a jwt table")
        return self

    def check(self, place: str, details: Iterable[str]) -> None:
        """Refuse templates that speak of anything but the usual and these details; `place` is where this stands."""
        _check(place, [self.id, self.nickname, *self.details.values()], PLACEHOLDERS)
        known = PLACEHOLDERS.union(self.details, details)
        if (call := self.http) is not None:
            _check(f"{place}.http", cast("Json", [call.url, call.headers, call.body]), known)
        if self.jwt is not None:
            _check(f"{place}.jwt", cast("Json", self.jwt.claims), known)


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


def fill(template: Json, values: Mapping[str, Json]) -> Json:
    """Return a template with its `{name}` replaced; one that is nothing else becomes the value itself."""
    match template:
        case str():
            if whole := _PLACEHOLDER.fullmatch(template):
                return values[whole[1]]
            return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), template)
        case Mapping():
            return {key: fill(item, values) for key, item in template.items()}
        case list() | tuple():
            return [fill(item, values) for item in template]
        case _:
            return template


def _check(place: str, template: Json, known: AbstractSet[str]) -> None:
    if unknown := set(_names(template)) - known:
        wrong(f"{place}: unknown {{{min(unknown)}}}; there is {', '.join(f'{{{name}}}' for name in sorted(known))}")


def _names(template: Json) -> Iterator[str]:
    match template:
        case str():
            yield from _PLACEHOLDER.findall(template)
        case Mapping():
            for item in template.values():
                yield from _names(item)
        case list() | tuple():
            for item in template:
                yield from _names(item)
