"""How a target's people get their sessions: fixed tokens, tokens signed here, or HTTP calls to the target."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias, cast

from pydantic import JsonValue, field_validator, model_validator
from pydantic.dataclasses import dataclass

from protocols.contract import Json
from protocols.errors import UsageError
from simulators.tables import TABLE, wrong

_PLACEHOLDER: Final = re.compile(r"\{(\w*)\}")
PLACEHOLDERS: Final = frozenset({"id", "n", "nickname", "password", "scope"})
"""What a template may speak of: the account's id, nickname and password, the space to enter, the count of guests."""

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

    @field_validator("url", "headers", "body")
    @classmethod
    def _is_template(cls, template: JsonValue) -> JsonValue:
        return _checked(template)

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

    @field_validator("claims")
    @classmethod
    def _is_template(cls, claims: dict[str, JsonValue]) -> dict[str, JsonValue]:
        _checked(claims)
        return claims

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

    @model_validator(mode="after")
    def _is_one(self) -> "Way":
        if (self.http is None) == (self.jwt is None):
            wrong("write either an http table or a jwt table")
        return self

    @field_validator("id")
    @classmethod
    def _is_template(cls, template: str) -> str:
        _checked(template)
        return template


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Account:
    """Somebody whom the target knows."""

    id: str
    nickname: str
    token: str = ""
    """A session that is there already; empty where `login` gets one."""
    password: str = ""
    owner_of: tuple[str, ...] = ()
    """Spaces in which it is OWNER."""
    staff_of: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, config=TABLE)
class PeopleConfig:
    """Who may enter, and how."""

    users: tuple[Account, ...] = ()
    login: Way | None = None
    """How users without a token get one."""
    guests: Way | None = None
    """How anybody gets a session; None where only users may enter."""

    @model_validator(mode="after")
    def _lets_everybody_in(self) -> "PeopleConfig":
        if self.login is None and (locked := [user.id for user in self.users if not user.token]):
            wrong(f"{', '.join(locked)}: without a token; give each one, or a login table that gets them")
        ids = [user.id for user in self.users]
        if len(set(ids)) < len(ids):
            wrong("two users have one id")
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


def _checked(template: JsonValue) -> JsonValue:
    if unknown := set(_names(cast("Json", template))) - PLACEHOLDERS:
        wrong(f"unknown {{{min(unknown)}}}; there is {', '.join(f'{{{name}}}' for name in sorted(PLACEHOLDERS))}")
    return template


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
