"""Gets sessions: for guests, as many as are wanted, and for the users whom a target knows."""

import secrets
import time
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias, get_args

import jwt

from protocols.contract import Json
from protocols.errors import UsageError, shorten
from simulators import strict_json
from simulators.credentials import values_of
from simulators.http_calls import Caller, CallRefused, HttpCall, Played
from simulators.people_config import Account, Jwt, Method, Way
from simulators.target import Target
from simulators.templates import fill

Role: TypeAlias = Literal["PARTICIPANT", "STAFF", "OWNER"]
METHODS: Final = get_args(Method)
"""How tokens can be signed with a shared secret."""


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


@dataclass(frozen=True, slots=True)
class Part:
    """One of several that play together, and are not to hold each other's sessions."""

    index: int
    """From 0."""
    count: int

    def of_these(self, users: Sequence[Account]) -> Sequence[Account]:
        """Return its part of the users; all of them, where they are too few for each to have some."""
        return users if len(users) < self.count else users[self.index :: self.count]


WHOLE: Final = Part(0, 1)


class People:
    """The sessions that one target gives; `async with` it, or close it. Belongs to one loop once it is asked."""

    def __init__(self, target: Target, part: Part = WHOLE) -> None:
        """Begin with nobody; of several that play together, each has its part of the users, and other guests."""
        self._target = target
        self._config = target.sessions
        self._part = part
        self._known = part.of_these(self._config.users)
        # The time scale does not matter here: it is the network's time, not the rules'.
        self._caller = Caller(target.url, 3 * target.patience)
        self._guests = part.index
        self._lent = 0
        self._run = secrets.token_hex(3)
        self.proven: set[str] = set()
        """Tokens that the target has accepted before, whose refusal is therefore its own fault."""
        self._users = {  # id in the configuration -> who that is, once their session is there
            user.id: Identity(token=user.token, id=user.id, nickname=user.nickname, details=user.details)
            for user in self._config.users
            if user.token
        }
        self.origins: dict[str, Origin] = {user.token: Given(user_id=name) for name, user in self._users.items()}
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
        await self._caller.close()

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
        self._guests += self._part.count
        values: dict[str, Json] = {"scope": scope, "nickname": nickname, "n": n, "id": f"guest-{n}", "password": ""}
        values["run"] = self._run
        values["id"] = str(fill(self._config.guests.id, values))
        # A session of the handshake opens every place; one that a place gives, that place alone.
        only = scope if self._target.contract.handshake is None else None
        return await self._session(self._config.guests, values, str(values["id"]), only)

    async def users(self) -> list[Identity]:
        """Return everybody whom the target knows; their role is that of a space where they are nobody in particular."""
        return [await self._user(account, "PARTICIPANT") for account in self._known]

    async def somebody(self, nickname: str, *, but: Collection[str] = (), **having: str) -> Identity:
        """Return somebody with none of these ids: a new guest, or where there are none a user, each in turn.

        `having` are details that only some users have, such as `kind="admin"`. Raises UsageError where nobody is left,
        TargetUnreachable.
        """
        if not having and self._config.guests is not None:
            return await self.guest("", nickname)
        users = [user for user in self._known if having.items() <= user.details.items()]
        for _ in users:
            account = users[self._lent % len(users)]
            self._lent += 1
            identity = await self._user(account, "PARTICIPANT")
            if identity.id not in but:
                return identity
        kind = "".join(f" with {name} = {value!r}" for name, value in having.items())
        raise UsageError(f"more people are needed than the target's {len(users)} users{kind}; add users, or guests")

    @property
    def signs(self) -> bool:
        """Whether tokens with any claims can be signed here, since the target's secret is known."""
        return self._signer is not None

    @property
    def prefix(self) -> str:
        """What stands before the target's tokens."""
        return "" if self._signer is None else self._signer.prefix

    def sign(self, claims: Mapping[str, Json], *, otherwise: bool = False) -> str:
        """Return a token with exactly these claims, signed with the target's secret; raises UsageError.

        With `otherwise` by another method than the target's, with the same secret.
        """
        if self._signer is None:
            raise UsageError("the target's secret is not known; add a [people.login.jwt] or [people.guests.jwt] table")
        usual = self._signer.algorithm
        algorithm = next(method for method in METHODS if (method == usual) is not otherwise)
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
        """Return up to so many OWNER and STAFF, each once, with a space of theirs; those of another part last."""
        posts: dict[str, tuple[str, Identity]] = {}
        for scope in self.staffed_scopes:
            for identity in await self.staff_of(scope) if len(posts) < wanted else []:
                posts.setdefault(identity.id, (scope, identity))
        # There are few of them, and no part is to be without.
        ours = {self._users[user.id].id for user in self._known if user.id in self._users}
        return sorted(posts.values(), key=lambda post: post[1].id not in ours)[:wanted]

    async def _user(self, account: Account, role: Role) -> Identity:
        if account.id not in self._users:
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
                session = await self._session(self._config.login, values, account.id)
            except CallRefused as refused:
                raise UsageError(f"the target refused a session to {account.id}: {refused}") from refused
            self._users[account.id] = replace(session, details={**account.details, **session.details})
        return replace(self._users[account.id], role=role)

    async def _session(self, way: Way, values: Mapping[str, Json], own_id: str, scope: str | None = None) -> Identity:
        if way.nickname:
            values = {**values, "nickname": str(fill(way.nickname, values))}
        details = {name: str(fill(template, values)) for name, template in way.details.items()}
        values = {**values, **details}
        played = await self._caller.play(way.http, values)
        found = played.picked
        if (asked := _origin(way, played, str(values["password"]))) is not None:
            self.origins[found["token"]] = asked
        return Identity(
            token=self._sign(way.jwt, {**values, **found}) if way.jwt is not None else found.pop("token"),
            id=found.pop("id", own_id),
            nickname=found.pop("nickname", str(values["nickname"])),
            scope=scope,
            details={**details, **found},
        )

    def _sign(self, way: Jwt, values: Mapping[str, Json]) -> str:
        claims = fill(way.claims, values)
        assert isinstance(claims, dict)  # a template of a table is a table
        now_s = int(time.time())
        whole = {"iat": now_s, "exp": now_s + way.expires_s, **claims}
        token = way.prefix + _encode(whole, way.key, way.algorithm)
        self._note(token, way, claims, way.expires_s, way.algorithm)
        return token

    async def make_room(self, maker: Identity, name: str) -> str:
        """Make a place as the target file says it, and return its id.

        Raises CallRefused where the target says no, UsageError where no id is found, TargetUnreachable.
        """
        return (await self._in_name_of(maker, self._target.ways_into_rooms.make, name=name))["id"]

    async def make_rooms(self, number: int, run: str) -> list[str]:
        """Make so many places for a run, in the name of somebody who does nothing else; errors as `make_room`."""
        maker = await self.somebody("host")
        return [await self.make_room(maker, f"rehearsal-{run}-{n}") for n in range(number)]

    async def join_room(self, who: Identity, room: str) -> None:
        """Let somebody into a place as the target file says it; errors as `make_room`."""
        await self._in_name_of(who, self._target.ways_into_rooms.join, room=room)

    async def _in_name_of(self, who: Identity, calls: Sequence[HttpCall], **said: str) -> dict[str, str]:
        values: dict[str, Json] = {**values_of(who), **said, "run": self._run}
        return (await self._caller.play(calls, values, self._target.credentials.http.shown(values))).picked

    async def post(self, identity: Identity, path: str, body: Json) -> None:
        """Ask the target for something in somebody's name; raises CallRefused where it says no, TargetUnreachable."""
        shown = self._target.credentials.http.shown(values_of(identity))
        answer = await self._caller.send("POST", path, shown, body)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            text = answer.body[:200].decode("utf-8", "replace")
            raise CallRefused(f"POST {path} answered HTTP {answer.status} {shorten(text)}")


def _origin(way: Way, played: Played, password: str) -> Asked | None:
    """Return how somebody else gets such a token, where one call is enough whose JSON holds it."""
    pointer = (way.http[0].pick or {}).get("token", "") if len(way.http) == 1 else ""
    if not pointer.startswith("/"):
        return None
    [made] = played.made
    return Asked(
        method=made.method,
        url=made.url,
        headers=made.headers,
        body=made.body,
        answer=strict_json.loads(made.answer.body),
        pointer=pointer,
        password=password,
    )


def _encode(claims: Mapping[str, Json], key: str, algorithm: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how long its secret is, is for the target to say
        return jwt.encode(dict(claims), key, algorithm=algorithm)
