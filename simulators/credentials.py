"""How a session is shown to the target: in the handshake, and over HTTP."""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol, TypedDict, cast

from pydantic import JsonValue
from pydantic.dataclasses import dataclass

from protocols.contract import Json
from simulators.http_calls import cookie_header
from simulators.tables import TABLE
from simulators.templates import check, fill

SHOWN: Final = frozenset({"token", "id", "nickname"})
"""What these templates may always speak of; besides there are the names of details and of what was picked."""


class Holder(Protocol):
    """Whoever has a session, as far as these templates speak of them."""

    @property
    def token(self) -> str: ...  # noqa: D102
    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def nickname(self) -> str: ...  # noqa: D102
    @property
    def details(self) -> Mapping[str, str]: ...  # noqa: D102


class Parts(TypedDict):
    """The parts of a handshake in which credentials may stand."""

    auth: Mapping[str, Json] | None
    headers: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, config=TABLE)
class InHandshake:
    """Where in the handshake a session stands, as templates."""

    auth: dict[str, JsonValue] | None = None
    """The object that a stock client is given as `auth`."""
    query: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    cookies: dict[str, str] | None = None

    def parts(self, values: Mapping[str, Json]) -> Parts:
        """Return what a handshake holds for these values; `token` may be anything that JSON can say."""
        return Parts(
            auth=None if self.auth is None else {name: fill(item, values) for name, item in _json(self.auth).items()},
            headers=_headers(self.headers, self.cookies, values),
            query=_texts(self.query, values),
        )

    @property
    def carries_json(self) -> bool:
        """Whether a token that is no text can be shown: `auth` alone carries JSON."""
        return self.auth is not None and not (self.query or self.headers or self.cookies)


@dataclass(frozen=True, kw_only=True, config=TABLE)
class OverHttp:
    """What a request holds that is made in somebody's name, as templates."""

    headers: dict[str, str] | None = None
    cookies: dict[str, str] | None = None

    def shown(self, values: Mapping[str, Json]) -> dict[str, str]:
        """Return the headers that show a session."""
        return _headers(self.headers, self.cookies, values)


_IN_AUTH: Final = InHandshake(auth={"token": "{token}"})
_AS_BEARER: Final = OverHttp(headers={"Authorization": "Bearer {token}"})


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Credentials:
    """Where sessions stand: in `auth.token` and as a bearer token, unless a target file says otherwise."""

    handshake: InHandshake = _IN_AUTH
    http: OverHttp = _AS_BEARER

    def check(self, details: Iterable[str]) -> None:
        """Refuse templates that speak of anything but a session and these details."""
        known = SHOWN.union(details)
        shown, http = self.handshake, self.http
        check("credentials.handshake", cast("Json", [shown.auth, shown.query, shown.headers, shown.cookies]), known)
        check("credentials.http", [http.headers, http.cookies], known)


def values_of(holder: Holder) -> dict[str, Json]:
    """Return what templates of credentials are filled with."""
    return {**holder.details, "token": holder.token, "id": holder.id, "nickname": holder.nickname}


def _json(table: Mapping[str, JsonValue]) -> Mapping[str, Json]:
    return cast("Mapping[str, Json]", table)


def _texts(templates: Mapping[str, str] | None, values: Mapping[str, Json]) -> dict[str, str]:
    return {name: str(fill(template, values)) for name, template in (templates or {}).items()}


def _headers(
    headers: Mapping[str, str] | None, cookies: Mapping[str, str] | None, values: Mapping[str, Json]
) -> dict[str, str]:
    shown = _texts(headers, values)
    if jar := _texts(cookies, values):
        shown["Cookie"] = cookie_header(jar)
    return shown
