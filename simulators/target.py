"""What is under test: where it is, how it is spoken to, how patient one is with it, and who may enter it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Final, Literal, Self, TypeAlias, TypedDict, Unpack

from pydantic import field_validator, model_validator
from pydantic.dataclasses import dataclass

from protocols import PROTOCOLS
from protocols.contract import Json, Protocol
from protocols.errors import ConnectRefused, UsageError
from simulators.connection import Connection
from simulators.credentials import Credentials, Holder, values_of
from simulators.endpoint import Endpoint, TransportName
from simulators.pace import Pace
from simulators.people_config import PeopleConfig
from simulators.process import Process
from simulators.rooms import Rooms
from simulators.service import Service
from simulators.tables import TABLE, read_table, read_toml, wrong
from simulators.terms import Limits, Refusals, Scope
from simulators.wire_config import WireConfig

Mode: TypeAlias = Literal["production", "development"]

_PLACEHOLDER: Final = re.compile(r"\{(\w*)\}")
_ORIGIN: Final = re.compile(r"https?://[^/?#\s]+")
_REFERENCE: Final = Path(__file__).with_name("reference_people")
_CONNECT_S: Final = 5.0
"""How long a connection may take at least: to open one is no promise, and an impatient judge has a busy machine too."""
NO_NAMESPACE: Final = frozenset({"Invalid namespace", "Unable to connect"})
"""What servers in Node and in Python say to whoever wants to go where there is nothing."""
_REAL_S: Final = 1.0
"""Of what is promised, this much never passes faster than on the wall."""
_NEW_PLACES: Final = "rehearsal-{run}-{n}"


class Overrides(TypedDict, total=False):
    """What may be said beside the file, as the command line does."""

    url: str
    path: str
    namespace: str | None
    transport: TransportName
    protocol: str
    mode: Mode
    time_scale: float
    patience: float


class EndpointChanges(TypedDict, total=False):
    """How one connection may differ from the target's usual one."""

    path: str
    namespace: str
    transport: TransportName
    auth: Mapping[str, Json] | None
    headers: Mapping[str, str]
    query: Mapping[str, str]
    local_addr: str | None


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Target:
    """A server under test; made by `at` or `load`, which raise UsageError for whatever cannot be."""

    url: str
    """Scheme, host and port, such as `http://127.0.0.1:3001`."""
    path: str = "/socket.io/"
    namespace: str | None = None
    """Where it serves the protocol; None until `located` has found out."""
    transport: TransportName = "websocket"
    protocol: str = "space"
    mode: Mode = "production"
    """Whether its sessions are verified; decides what it is asked, never what is promised."""
    time_scale: float = 1.0
    """How many of the target's seconds pass in one of ours."""
    patience: float = 5.0
    """By what a promised deadline is multiplied: the contract's are for an idle machine."""
    known_failures: tuple[str, ...] = ()
    """Addresses of requirements that it is known to break."""
    process: Process = Process()
    """How it is started, and brought back when it has died."""
    scopes: str | tuple[str, ...] | None = None
    """The places to play in: a pattern for new names, or a list of those that exist; None for the reference server's.

    What a place is, a space, a room, a question, is for the protocol to say.
    """
    people: PeopleConfig | None = None
    """How to get sessions; None for the ways and the test users of the reference server."""
    credentials: Credentials = Credentials()
    """How sessions are shown."""
    rooms: Rooms = Rooms()
    """How places are made and entered over HTTP, where that is not as the contract says."""
    origins: tuple[str, ...] = ("http://localhost:3000",)
    """Origins whose pages it lets read its answers."""
    limits: Limits = Limits()
    refusal: Refusals = Refusals()
    """What counts as a refusal besides what the contract says."""
    scope: Scope = Scope()
    """What of the contract it does not claim to keep."""
    service: Service | None = None
    """What opens its HTTP for other services of its house; None where nobody knows, or nothing is so."""
    wire: WireConfig = WireConfig()
    """Events of its own that show a judge of the wire what no others can."""
    redis_url: str = ""
    """The Redis in which it puts what others may read; empty where nobody knows."""

    @classmethod
    def at(cls, url: str, /, **overrides: Unpack[Overrides]) -> Self:
        """Return the target at a URL, everything else as our own server has it."""
        return read_table(cls, {**overrides, "url": url})

    @classmethod
    def load(cls, path: Path, /, **overrides: Unpack[Overrides]) -> Self:
        """Read a `target.toml`; what is said beside it outweighs what stands in it."""
        return read_table(cls, {**_at_home(read_toml(path), path.parent), **overrides}, f"{path}: ")

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        try:
            return Endpoint(url=url).url
        except UsageError as error:
            wrong(str(error))

    @field_validator("protocol")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return name if name in PROTOCOLS else wrong(f"{name!r} is no protocol; there is {', '.join(PROTOCOLS)}")

    @field_validator("namespace", "path")
    @classmethod
    def _is_absolute(cls, value: str | None) -> str | None:
        return value if value is None or value.startswith("/") else wrong(f"{value!r} must begin with /")

    @field_validator("time_scale", "patience")
    @classmethod
    def _is_positive(cls, value: float) -> float:
        return value if 0 < value < 1e6 else wrong(f"{value} must be above 0")

    @field_validator("scopes")
    @classmethod
    def _names_spaces(cls, scopes: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        return scopes if scopes is None else _checked(scopes)

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: str) -> str:
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            wrong(f"{url!r} is no address of a Redis; write it like redis://127.0.0.1:6379/0")
        return url

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                wrong(f"{origin!r} is no origin; write it like https://app.example.org, with nothing after it")
        return origins

    @model_validator(mode="after")
    def _speaks_of_what_is_known(self) -> "Target":
        self.credentials.check(self.sessions.names)
        self.rooms.check(self.sessions.names)
        return self

    @property
    def contract(self) -> Protocol:
        """The protocol that it is to speak."""
        return PROTOCOLS[self.protocol]

    @property
    def sessions(self) -> PeopleConfig:
        """How to get sessions, spelled out."""
        return self.people or _reference(self.protocol).people

    @property
    def ways_into_rooms(self) -> Rooms:
        """How places are made and entered over HTTP: as the target file says, else as the contract does."""
        contract = _reference(self.protocol).rooms
        return Rooms(make=self.rooms.make or contract.make, join=self.rooms.join or contract.join)

    @property
    def has_rooms_made(self) -> bool:
        """Whether the places to play in have to be made over HTTP: it says how, or does not say which there are."""
        is_known = self.scopes is not None or self.people is None
        return bool(self.rooms.make or (self.ways_into_rooms.make and not is_known))

    @property
    def service_token(self) -> str:
        """What services bring as bearer; empty where nobody knows. Raises UsageError where the environment lacks it.

        The reference server's is taken for granted only where its sessions are.
        """
        service = self.service or (_reference(self.protocol).service if self.people is None else None)
        return "" if service is None else service.key

    @property
    def makes_places(self) -> bool:
        """Whether the places to play in are new for every run, so that nobody else is in them."""
        return isinstance(self._places, str)

    @property
    def _places(self) -> str | tuple[str, ...]:
        return self.scopes or _reference(self.protocol).scopes

    def deadline_s(self, within_ms: float) -> float:
        """Return how long, in seconds of ours, to wait for what is promised within `within_ms` of the target's.

        The target's timers run at its time scale; the network and its processor do not, and get their second at least.
        """
        promised_s = within_ms / 1000
        return max(promised_s / self.time_scale, min(promised_s, _REAL_S)) * self.patience

    @property
    def connect_s(self) -> float:
        """How long, in seconds, each step of opening a connection may take."""
        return max(self.deadline_s(1000), _CONNECT_S)

    def place(self, n: int, run: str) -> str:
        """Return the n-th place of a run to play in, from 0; a fixed list begins again at its end."""
        places = self._places
        if isinstance(places, str):
            return places.replace("{n}", str(n)).replace("{run}", run)
        return places[n % len(places)]

    def endpoint(self, **changes: Unpack[EndpointChanges]) -> Endpoint:
        """Return where to connect; raises UsageError while the namespace is not known."""
        if self.namespace is None and "namespace" not in changes:
            raise UsageError("the namespace is not known yet; name it, or let located() find out")
        changes.setdefault("namespace", self.namespace or "/")
        changes.setdefault("path", self.path)
        changes.setdefault("transport", self.transport)
        pace = self._pace if changes.get("local_addr") is None else None
        return Endpoint(url=self.url, pace=pace, **changes)

    def door(self, holder: Holder | None, **changes: Unpack[EndpointChanges]) -> Endpoint:
        """Return where somebody connects, with their session where the protocol wants it in the handshake."""
        if holder is None or self.contract.handshake is None:
            return self.endpoint(**changes)
        shown = self.showing(holder)
        shown.update(changes)
        return self.endpoint(**shown)

    def showing(self, holder: Holder, **instead: Json) -> EndpointChanges:
        """Return how a handshake shows a session; `instead` is shown in place of, say, its `token`."""
        parts = self.credentials.handshake.parts({**values_of(holder), **instead})
        return EndpointChanges(auth=parts["auth"], headers=parts["headers"], query=parts["query"])

    @cached_property
    def _pace(self) -> Pace:
        return Pace(self.limits.connects_per_minute)

    async def located(self) -> Self:
        """Return the target with its namespace: the one said, the protocol's own, or `/` where that does not exist.

        Raises TargetUnreachable.
        """
        if self.namespace is not None:
            return self
        return replace(self, namespace=self.contract.namespace if await self.has_own_namespace() else "/")

    async def has_own_namespace(self) -> bool:
        """Say whether there is the namespace that the contract gives to the protocol; raises TargetUnreachable."""
        try:
            connection = await Connection.open(
                self.endpoint(namespace=self.contract.namespace), self.contract, "scout", patience_s=self.patience
            )
        except ConnectRefused as error:
            # A namespace that wants credentials refuses too, in other words: it exists.
            return error.message not in NO_NAMESPACE
        await connection.close()
        return True


@dataclass(frozen=True, kw_only=True, config=TABLE)
class _Reference:
    """What our own reference server has for those who come to it: the same tables as in a target.toml."""

    scopes: str | tuple[str, ...] = _NEW_PLACES
    people: PeopleConfig = PeopleConfig()
    rooms: Rooms = Rooms()
    service: Service | None = None

    @field_validator("scopes")
    @classmethod
    def _names_places(cls, scopes: str | tuple[str, ...]) -> str | tuple[str, ...]:
        return _checked(scopes)


def _at_home(table: dict[str, object], folder: Path) -> dict[str, object]:
    """Let commands run where the file is, whoever calls from wherever."""
    process = table.get("process")
    if not isinstance(process, dict):
        return table
    cwd = process.get("cwd", "")
    return {**table, "process": {**process, "cwd": str((folder / cwd).resolve()) if isinstance(cwd, str) else cwd}}


@cache
def _reference(protocol: str) -> _Reference:
    path = _REFERENCE / f"{protocol}.toml"
    return read_table(_Reference, read_toml(path), f"{path}: ")


def _checked(scopes: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if isinstance(scopes, str):
        names = set(_PLACEHOLDER.findall(scopes))
        if "n" not in names or not names <= {"n", "run"}:
            return wrong('a pattern needs {n} and may have {run}; write a list for spaces that exist: ["plaza"]')
    elif not scopes:
        return wrong("at least one space is needed")
    return scopes
