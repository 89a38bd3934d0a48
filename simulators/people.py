"""Gets sessions: for guests, as many as are wanted, and for the users whom a target knows."""

import secrets
import time
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self, TypeAlias
from urllib.parse import urljoin

import aiohttp
import jwt

from protocols.contract import Json
from protocols.errors import TargetUnreachable, UsageError, shorten
from simulators import strict_json
from simulators.people_config import Account, HttpCall, Jwt, Picked, Way, fill
from simulators.target import Target

Role: TypeAlias = Literal["PARTICIPANT", "STAFF", "OWNER"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A session, and whom the target will take its holder for."""

    token: str
    id: str
    nickname: str
    role: Role = "PARTICIPANT"
    """What its holder may do in the space it was asked for."""
    scope: str | None = None
    """The only space that it opens; None where it opens all."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What else is known of its holder, by the names that the configuration gives it, such as `email`."""


def refused_session(identity: Identity, why: str) -> str:
    """Say that the target refuses a session that somebody wrote down for it."""
    return f"the target refused {identity.id}'s session: {why or 'without a word'}; is it right in [people]?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a token was got by an HTTP call; whoever makes the same call gets another as good."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Json
    answer: strict_json.Value
    """The JSON that came back."""
    pointer: str
    """Where in it the token stands, as a JSON pointer."""
    password: str = ""
    """What of the body nobody else may see; empty where nothing is secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """How a token was made here, by a secret that the target shares."""

    claims: Mapping[str, Json]
    prefix: str
    algorithm: str
    expires_s: int | None
    """Seconds that it lives from when it is made; None where its claims say all of that."""
    secret_env: str
    """The environment variable that holds the secret; empty where the configuration says it itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A token that somebody wrote down for a user."""

    user_id: str


Origin: TypeAlias = Asked | Signed | Given


class SessionRefused(TargetUnreachable):
    """The target answered, and gave no session."""


class People:
    """The sessions that one target gives; `async with` it, or close it. Belongs to one loop once it is asked."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._config = target.sessions
        self._client: aiohttp.ClientSession | None = None
        self._guests = 0
        self._lent = 0
        self._run = secrets.token_hex(3)
        self.proven: set[str] = set()
        """Tokens that the target has accepted before, whose refusal is therefore its own fault."""
        self._tokens = {user.id: user.token for user in self._config.users if user.token}
        self.origins: dict[str, Origin] = {token: Given(user_id=name) for name, token in self._tokens.items()}
        """Where each token comes from: what somebody else must do to get one like it."""

    @property
    def run(self) -> str:
        """What `{run}` means in the templates of this run."""
        return self._run

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections to the target."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    @property
    def gives_guests(self) -> bool:
        """Whether anybody may have a session."""
        return self._config.guests is not None

    @property
    def staffed_scopes(self) -> tuple[str, ...]:
        """The spaces in which somebody is OWNER or STAFF, in the order of the configuration."""
        spaces = (space for user in self._config.users for space in (*user.owner_of, *user.staff_of))
        return tuple(dict.fromkeys(spaces))

    async def guest(self, scope: str, nickname: str) -> Identity:
        """Return a new guest's session for a space.

        Raises UsageError where the target gives none, TargetUnreachable when it does not answer as configured.
        """
        if self._config.guests is None:
            raise UsageError("the target lets no guests in; add a [people.guests] table, or use its users")
        n = self._guests
        self._guests += 1
        values: dict[str, Json] = {"scope": scope, "nickname": nickname, "n": n, "id": f"guest-{n}", "password": ""}
        values["run"] = self._run
        values["id"] = str(fill(self._config.guests.id, values))
        # A session of the handshake opens every place; one that a place gives, that place alone.
        only = scope if self._target.contract.handshake is None else None
        return await self._session(self._config.guests, values, only)

    async def users(self) -> list[Identity]:
        """Return everybody whom the target knows; their role is that of a space where they are nobody in particular."""
        return [await self._user(account, "PARTICIPANT") for account in self._config.users]

    async def somebody(self, nickname: str, *, but: Collection[str] = (), **having: str) -> Identity:
        """Return somebody with none of these ids: a new guest, or where there are none a user, each in turn.

        `having` are details that only some users have, such as `kind="admin"`. Raises UsageError where nobody is left,
        TargetUnreachable.
        """
        if not having and self._config.guests is not None:
            return await self.guest("", nickname)
        users = [user for user in self._config.users if having.items() <= user.details.items()]
        for _ in users:
            account = users[self._lent % len(users)]
            self._lent += 1
            if account.id not in but:
                return await self._user(account, "PARTICIPANT")
        kind = "".join(f" with {name} = {value!r}" for name, value in having.items())
        raise UsageError(f"more people are needed than the target's {len(users)} users{kind}; add users, or guests")

    @property
    def signs(self) -> bool:
        """Whether tokens with any claims can be signed here, since the target's secret is known."""
        return self._signer is not None

    def sign(self, claims: Mapping[str, Json], algorithm: str = "HS256") -> str:
        """Return a token with exactly these claims, signed with the target's secret; raises UsageError."""
        if self._signer is None:
            raise UsageError("the target's secret is not known; add a [people.login.jwt] or [people.guests.jwt] table")
        token = self._signer.prefix + _encode(claims, self._signer.key, algorithm)
        self._note(token, self._signer, claims, None, algorithm)
        return token

    def _note(self, token: str, way: Jwt, claims: Mapping[str, Json], expires_s: int | None, algorithm: str) -> None:
        self.origins[token] = Signed(
            claims=claims, prefix=way.prefix, algorithm=algorithm, expires_s=expires_s, secret_env=way.secret_env
        )

    @property
    def _signer(self) -> Jwt | None:
        ways = [way for way in (self._config.login, self._config.guests) if way is not None and way.jwt is not None]
        return ways[0].jwt if ways else None

    async def staff_of(self, scope: str) -> list[Identity]:
        """Return who is OWNER or STAFF in a space, the OWNER first."""
        owners = [await self._user(user, "OWNER") for user in self._config.users if scope in user.owner_of]
        return owners + [await self._user(user, "STAFF") for user in self._config.users if scope in user.staff_of]

    async def posts(self, wanted: int) -> list[tuple[str, Identity]]:
        """Return up to so many OWNER and STAFF, each once, with a space of theirs."""
        posts: dict[str, tuple[str, Identity]] = {}
        for scope in self.staffed_scopes:
            for identity in await self.staff_of(scope) if len(posts) < wanted else []:
                posts.setdefault(identity.id, (scope, identity))
        return list(posts.values())[:wanted]

    async def _user(self, account: Account, role: Role) -> Identity:
        if account.id not in self._tokens:
            assert self._config.login is not None  # PeopleConfig refuses users without a token otherwise
            values: dict[str, Json] = {
                **account.details,
                "scope": "",
                "nickname": account.nickname,
                "n": 0,
                "id": account.id,
                "password": account.password,
                "run": self._run,
            }
            try:
                self._tokens[account.id] = (await self._session(self._config.login, values, None)).token
            except SessionRefused as refused:
                raise UsageError(f"the target refused a session to {account.id}: {refused}") from refused
        return Identity(
            token=self._tokens[account.id],
            id=account.id,
            nickname=account.nickname,
            role=role,
            details=account.details,
        )

    async def _session(self, way: Way, values: Mapping[str, Json], scope: str | None) -> Identity:
        if way.nickname:
            values = {**values, "nickname": str(fill(way.nickname, values))}
        details = {name: str(fill(template, values)) for name, template in way.details.items()}
        values = {**values, **details}
        found = await self._ask(way.http, values) if way.http is not None else {}
        return Identity(
            token=self._sign(way.jwt, values) if way.jwt is not None else found["token"],
            id=found.get("id", str(fill(way.id, values))),
            nickname=found.get("nickname", str(values["nickname"])),
            scope=scope,
            details=details,
        )

    def _sign(self, way: Jwt, values: Mapping[str, Json]) -> str:
        claims = fill(way.claims, values)
        assert isinstance(claims, dict)  # a template of a table is a table
        now_s = int(time.time())
        token = way.prefix + _encode({"iat": now_s, "exp": now_s + way.expires_s, **claims}, way.key, "HS256")
        self._note(token, way, claims, way.expires_s, "HS256")
        return token

    async def post(self, identity: Identity, path: str, body: Json) -> None:
        """Ask the target for something in somebody's name, with the token as bearer.

        What the target answers is of no account, only whether it does. Raises TargetUnreachable.
        """
        await self._send("POST", urljoin(self._target.url, path), {"Authorization": f"Bearer {identity.token}"}, body)

    async def _ask(self, call: HttpCall, values: Mapping[str, Json]) -> dict[Picked, str]:
        """Make an HTTP call and return what was picked out of its answer."""
        url = urljoin(self._target.url, str(fill(call.url, values)))
        what = f"{call.method} {url}"
        headers = {name: str(fill(value, values)) for name, value in (call.headers or {}).items()}
        body = None if call.body is None else fill(call.body, values)
        status, answered = await self._send(call.method, url, headers, body)
        text = answered[:200].decode("utf-8", "replace")
        if status != call.status:
            raise SessionRefused(f"{what} gave no session, but HTTP {status} {shorten(text)}")
        try:
            answer = strict_json.loads(answered)
        except ValueError as error:
            raise TargetUnreachable(f"{what} answered no JSON, but {shorten(text)}") from error
        found = {name: _pick(answer, pointer, what) for name, pointer in call.pick.items()}
        self.origins[found["token"]] = Asked(
            method=call.method,
            url=str(fill(call.url, values)),
            headers=headers,
            body=body,
            answer=answer,
            pointer=call.pick["token"],
            password=str(values["password"]),
        )
        return found

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: Json) -> tuple[int, bytes]:
        """Make an HTTP call and return the status and the body of its answer; raises TargetUnreachable."""
        if self._client is None:
            # The time scale does not matter here: it is the network's time, not the rules'.
            self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3 * self._target.patience))
        try:
            async with self._client.request(method, url, headers=headers, json=body, allow_redirects=False) as response:
                return response.status, await response.read()
        except TimeoutError as error:
            raise TargetUnreachable(f"{method} {url} was not answered in time") from error
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise TargetUnreachable(f"{method} {url} failed: {error or type(error).__name__}") from error


def _encode(claims: Mapping[str, Json], key: str, algorithm: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how long its secret is, is for the target to say
        return jwt.encode(dict(claims), key, algorithm=algorithm)


def _pick(answer: strict_json.Value, pointer: str, what: str) -> str:
    """Return the text that a JSON pointer leads to; raises UsageError where there is none."""
    value = answer
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
