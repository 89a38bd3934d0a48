"""HTTP calls that a target file describes: templates go out, and what is picked of the answer comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass as plain_dataclass
from typing import Final, Literal, cast
from urllib.parse import urljoin

import aiohttp
from pydantic import JsonValue, field_validator, model_validator
from pydantic.dataclasses import dataclass

from protocols.contract import Json
from protocols.errors import TargetUnreachable, UsageError, shorten
from simulators import strict_json
from simulators.tables import TABLE, one_or_many, wrong
from simulators.templates import fill

_COOKIE: Final = "cookie:"
_HEADER: Final = "header:"


@dataclass(frozen=True, kw_only=True, config=TABLE)
class HttpCall:
    """One HTTP request to the target."""

    url: str
    """Relative to the target's, or whole where another server answers."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    headers: dict[str, str] | None = None
    body: JsonValue = None
    """A template of the JSON body; none is sent where it is absent."""
    form: dict[str, str] | None = None
    """The same for a body as HTML forms send it."""
    status: tuple[int, ...] = (200,)
    """The statuses that say yes."""
    pick: dict[str, str] | None = None
    """What of the answer is called how: a JSON pointer such as `/data/token`, `cookie:NAME` or `header:NAME`."""

    @field_validator("status", mode="before")
    @classmethod
    def _are_statuses(cls, status: object) -> object:
        return one_or_many(status)

    @field_validator("pick")
    @classmethod
    def _can_be_found(cls, pick: dict[str, str] | None) -> dict[str, str] | None:
        if not all(where.startswith(("/", _COOKIE, _HEADER)) for where in (pick or {}).values()):
            wrong('JSON pointers begin with /: {token = "/sessionToken"}; there is cookie:NAME and header:NAME, too')
        return pick

    @model_validator(mode="after")
    def _has_one_body(self) -> "HttpCall":
        if self.body is not None and self.form is not None:
            wrong("write either body or form")
        return self

    @property
    def templates(self) -> Json:
        """All its templates."""
        return cast("Json", [self.url, self.headers, self.body, self.form])


class CallRefused(TargetUnreachable):
    """The target answered a call, but not with a status that says yes."""


@plain_dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes


@plain_dataclass(frozen=True, slots=True)
class Made:
    """A call as it was made."""

    method: str
    url: str
    """As the target file has it, with its templates filled in."""
    headers: Mapping[str, str]
    body: Json
    answer: Answer


@plain_dataclass(frozen=True, slots=True)
class Played:
    """What came of calls that were made one after the other."""

    picked: dict[str, str]
    made: Sequence[Made]


class Caller:
    """Makes HTTP calls to one target; close it. Belongs to one loop once it is asked."""

    def __init__(self, url: str, patience_s: float) -> None:
        self._url = url
        self._patience_s = patience_s
        self._client: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Let go of the connections to the target."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def play(
        self, calls: Sequence[HttpCall], values: Mapping[str, Json], shown: Mapping[str, str] | None = None
    ) -> Played:
        """Make calls one after the other; each may speak of what those before it picked.

        They are one visitor's: cookies of an answer go out with the calls after it, and `shown` are headers of all of
        them. Raises CallRefused for another status, UsageError where nothing is found to pick, TargetUnreachable.
        """
        picked: dict[str, str] = {}
        made: list[Made] = []
        jar: dict[str, str] = {}
        for call in calls:
            known = {**values, **picked}
            url = str(fill(call.url, known))
            headers = {**_with_cookies(shown or {}, jar), **_filled(call.headers, known)}
            body = None if call.body is None else fill(cast("Json", call.body), known)
            form = None if call.form is None else _filled(call.form, known)
            answer = await self.send(call.method, url, headers, body, form)
            what = f"{call.method} {urljoin(self._url, url)}"
            if answer.status not in call.status:
                text = answer.body[:200].decode("utf-8", "replace")
                raise CallRefused(f"{what} answered HTTP {answer.status} {shorten(text)}")
            jar.update(answer.cookies)
            picked.update({name: _picked(answer, where, what) for name, where in (call.pick or {}).items()})
            made.append(Made(call.method, url, headers, body, answer))
        return Played(picked, made)

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: Json, form: Mapping[str, str] | None = None
    ) -> Answer:
        """Make one request; raises TargetUnreachable where no answer comes."""
        if self._client is None:
            # Cookies are kept by visitor, in `play`, and not by this client, which many share.
            self._client = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._patience_s), cookie_jar=aiohttp.DummyCookieJar()
            )
        where = urljoin(self._url, url)
        try:
            async with self._client.request(
                method, where, headers=headers, json=body, data=form, allow_redirects=False
            ) as response:
                cookies = {name: morsel.value for name, morsel in response.cookies.items()}
                return Answer(response.status, response.headers, cookies, await response.read())
        except TimeoutError as error:
            raise TargetUnreachable(f"{method} {where} was not answered in time") from error
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise TargetUnreachable(f"{method} {where} failed: {error or type(error).__name__}") from error


def cookie_header(cookies: Mapping[str, str]) -> str:
    """Return the header that shows cookies."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _with_cookies(shown: Mapping[str, str], jar: Mapping[str, str]) -> dict[str, str]:
    """Return headers with these cookies beside those that stand there already."""
    together = "; ".join(filter(None, [shown.get("Cookie", ""), cookie_header(jar)]))
    return {**shown, "Cookie": together} if together else dict(shown)


def _filled(templates: Mapping[str, str] | None, values: Mapping[str, Json]) -> dict[str, str]:
    return {name: str(fill(template, values)) for name, template in (templates or {}).items()}


def _picked(answer: Answer, where: str, what: str) -> str:
    """Return what stands in some place of an answer; raises UsageError where there is nothing."""
    for prefix, source in ((_COOKIE, answer.cookies), (_HEADER, answer.headers)):
        if where.startswith(prefix):
            name = where.removeprefix(prefix)
            if name not in source:
                kind = prefix.removesuffix(":")
                raise UsageError(f"{what} answered, but with no {kind} {name}; mend `pick`")
            return source[name]
    try:
        value = strict_json.loads(answer.body)
    except ValueError as error:
        text = answer.body[:200].decode("utf-8", "replace")
        raise TargetUnreachable(f"{what} answered no JSON, but {shorten(text)}") from error
    return _pointed(value, where, what)


def _pointed(value: strict_json.Value, pointer: str, what: str) -> str:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        match value:
            case dict() if key in value:
                value = value[key]
            case list() if key.isdecimal() and int(key) < len(value):
                value = value[int(key)]
            case _:
                raise UsageError(f"{what} answered, but nothing stands at {pointer}; mend `pick`")
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise UsageError(f"{what} answered, but at {pointer} stands no text; mend `pick`")
    return str(value)
