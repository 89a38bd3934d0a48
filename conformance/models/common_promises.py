"""Scenes of what holds for all protocols alike; each protocol has those whose requirements stand in its contract.

They speak of ana and ben, whom every cast brings together, and of whatever the protocol's events are.
"""

import asyncio
import time
import urllib.parse
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, Final

from conformance.case import Case, Skipped
from conformance.cast import Cast
from conformance.checks import Check
from conformance.http import Reply
from conformance.person import Person
from conformance.reproduce.unshown import IN_DIFFERENCES, IN_WORDS
from conformance.scene import Scenes, require, unseen
from conformance.symptom import ADMITTED, CLOSED, HANDSHAKE, HTTP, Symptom, Test, fields_are
from conformance.verdict import Broken
from protocols.contract import Audience, Json, Operation, Protocol, Trigger
from protocols.errors import ConnectRefused, NotHeard, TargetUnreachable
from simulators.connection import Connection
from simulators.history import Direction

FOREIGN_ORIGIN: Final = "http://evil.example"
SILENCE_MS: Final = 85_000
"""pingInterval + pingTimeout."""
TOO_BIG: Final = 1_100_000
"""Characters; the wire admits a million bytes."""
QUERIES: Final[Sequence[Json]] = ({"$gt": ""}, {"toString": None}, -1e308, "'\" OR 1=1 --\x00" * 100)
"""What a server that hands payloads on unread makes errors of: in its database, or in its own code."""
ATTEMPTS_A_MINUTE: Final = 100
"""To connect, from one address."""
STRANGER: Final = "stranger"
"""Who tries to connect more often than that."""
BROWSER: Final = "browser"
"""Who asks over HTTP, in conversations."""
ROUNDING_S: Final = 1.0
"""By how much an uptime that is told in whole seconds may be off."""


@dataclass(frozen=True, slots=True)
class _Common:
    """A scene, and what it shows."""

    play: Callable[[Cast], Awaitable[None]]
    cites: tuple[str, ...]
    slow: bool


_COMMON: Final[list[_Common]] = []


def common_cases(protocol: Protocol) -> Sequence[Case]:
    """Return the scenes that a protocol has in common with others."""
    scenes: Scenes[Cast] = Scenes(protocol.name)
    for scene in _COMMON:
        if protocol.requirements.keys() >= {f"{protocol.name}/{cite}" for cite in scene.cites}:
            scenes.shows(*scene.cites, slow=scene.slow)(scene.play)
    return scenes.cases


def _shows(*cites: str, slow: bool = False) -> Callable[[Callable[[Cast], Awaitable[None]]], None]:
    def register(play: Callable[[Cast], Awaitable[None]]) -> None:
        _COMMON.append(_Common(play, cites, slow))

    return register


# ---- events ------------------------------------------------------------------------------------------------------


@_shows("all/12")
async def all__errors_say_little(cast: Cast) -> None:
    """Whatever is wrong with a payload, and in whatever way: no error shows more than that."""
    await cast.assemble()
    ana, eve = cast.person("ana"), await cast.outsider()  # who knows everybody, and who has done nothing
    for operation in cast.model.protocol.inbound.values():
        if operation.schema is None:
            continue
        base = cast.base(operation, ana)
        wrong: list[Json] = [None, [], *QUERIES]
        if isinstance(base, Mapping):
            wrong += [{**base, member: value} for member in base for value in tuple(wrong)]
        for payload in wrong:
            if cast.model.protocol.faults(operation.schema, payload):
                for who in (ana, eve):
                    await cast.stage.say_invalid(who, operation.name, [payload])
    await cast.settle()


@_shows("all/5", "all/7")
async def all__polling(cast: Cast) -> None:
    """Somebody on HTTP long polling hears and is heard like everybody else."""
    await cast.assemble()
    polly = await cast.come("polly", transport="polling")
    await cast.enter(polly, 0)
    try:
        operation = spoken(cast)[0]
        who = await cast.ready(operation)
        await cast.stage.say(who, cast.event(operation, who))
        await _say_everything(cast, polly)
        await _say_everything(cast, cast.person("dee"))  # in another place, where nobody listens
    except Broken as broken:
        found = (broken.requirement, *broken.also)
        overheard = cast.address("all/5")
        requirement = overheard if overheard in found else cast.address("all/7")
        raise broken.at(requirement) from broken
    with_payload = next(one for one in cast.model.claimed if one.schema is not None)
    await cast.stage.say_invalid(polly, with_payload.name, [None])
    await cast.stage.leave(polly)
    await cast.settle()


async def _say_everything(cast: Cast, who: Person) -> None:
    """Let somebody emit each event once."""
    for operation in {operation.id: operation for operation in cast.likely(who)}.values():
        await cast.stage.say(who, cast.event(operation, who))


def spoken(cast: Cast) -> Sequence[Operation]:
    """Return the events that others hear of as well; where there is none, the first one of all."""
    told = [operation for operation in cast.model.claimed if any(map(_is_shared, operation.triggers))]
    return told or cast.model.claimed[:1]


def _is_shared(trigger: Trigger) -> bool:
    return trigger.to in {Audience.ROOM, Audience.OTHERS, Audience.NAMESPACE, Audience.PEERS}


# ---- how connections end -----------------------------------------------------------------------------------------


@_shows("all/10", "all/8")
async def all__too_big(cast: Cast) -> None:
    """A message over 1 MB ends its own connection, and only that; those who must hear of the departure do."""
    await cast.assemble()
    ana, requirement = cast.person("ana"), cast.address("all/10")
    connection = ana.connection
    assert connection is not None

    async def send() -> None:
        connection.emit_raw(cast.model.claimed[0].name, {"content": "a" * TOO_BIG})
        try:
            await connection.wait_closed(cast.stage.target.deadline_s(1000))
        except NotHeard as open_still:
            expected = "a message over 1 MB closes its connection"
            stays = Broken(requirement, expected, str(open_still), check=Check.CONNECTION_CLOSED)
            raise stays.shown(Symptom.unheard(ana, CLOSED, {}, cast.stage.target.deadline_s(1000))) from None
        await cast.stage.fence()
        cut_off = [str(who) for who in cast.stage.people if who.is_here and not who.is_connected]
        expected = "a message over 1 MB closes no connection but its own"
        require(
            not cut_off,
            requirement,
            expected,
            f"{', '.join(cut_off)} disconnected too",
            check=Check.CONNECTION_KEPT,
            shown=[Symptom.heard(who, CLOSED) for who in cut_off[:1]],
        )

    try:
        await cast.stage.vanish(ana, send)
    except Broken as broken:
        if broken.requirement == requirement:
            raise
        raise broken.at(cast.address("all/8")) from broken
    await cast.settle()


@_shows("all/8")
async def all__heartbeat(cast: Cast) -> None:
    """The handshake says how soon the dead are missed: pingInterval and pingTimeout are 85 s together, or less."""
    await cast.assemble()
    connection = cast.person("ana").connection
    assert connection is not None
    expected = f"a handshake whose pingInterval and pingTimeout are {SILENCE_MS} ms together, or less"
    require(
        connection.missed_after_ms <= SILENCE_MS,
        cast.address("all/8"),
        expected,
        f"{connection.missed_after_ms} ms",
        shown=[Symptom.heard("ana", HANDSHAKE, *fields_are(connection.heartbeat), times=1)],
    )


@_shows("all/8", slow=True)
async def all__silent_death(cast: Cast) -> None:
    """A machine that answers no more pings is taken for gone within pingInterval + pingTimeout."""
    await cast.assemble()
    ana = cast.person("ana")
    connection = ana.connection
    assert connection is not None
    mourners = {expectation.receiver for expectation in cast.model.foresee_end(ana).expectations}
    if not mourners:
        raise Skipped("nobody hears of a departure")

    async def fall_silent() -> None:
        connection.fall_silent()
        cast.stage.history.append(ana.name, Direction.STATE, "answers no more pings")
        limit_s = SILENCE_MS / 1000 + cast.stage.target.deadline_s(1000)
        await cast.stage.until(lambda: all(who.inbox for who in mourners), mourners, time.monotonic() + limit_s)
        deaf = [who.name for who in mourners if not who.inbox]
        expected = f"{', '.join(who.name for who in mourners)} hear of it within {limit_s:.0f} s"
        require(
            not deaf, cast.address("all/8"), expected, f"{', '.join(deaf)} heard nothing", check=Check.MISSING_DELIVERY
        )

    await cast.stage.vanish(ana, fall_silent)


@_shows("all/11")
async def all__rate_limit(cast: Cast) -> None:
    """More than 100 attempts a minute from one address are refused; tried from an address of its own."""
    target = cast.stage.target
    if urllib.parse.urlsplit(target.url).hostname not in {"127.0.0.1", "localhost"}:
        raise Skipped("would lock this machine out of the target for a minute; tried on 127.0.0.1 alone")
    opened: list[Connection] = []
    refusals: list[str] = []
    try:
        for _ in range(12):
            for outcome in await asyncio.gather(*[_attempt(cast) for _ in range(10)], return_exceptions=True):
                match outcome:
                    case Connection():
                        opened.append(outcome)
                    case ConnectRefused() | TargetUnreachable():
                        refusals.append(str(outcome))
                    case BaseException():
                        raise outcome
    finally:
        await asyncio.gather(*(connection.close() for connection in opened))
    if not opened:
        raise Skipped(f"nobody can connect from {_address(cast)} here: {refusals[0]}")
    if len(opened) > ATTEMPTS_A_MINUTE or not any("Rate limit exceeded" in refusal for refusal in refusals):
        came = f"{len(opened)} of 120 were let in; refusals: {sorted(set(refusals))[:2]}"
        expected = 'attempts beyond 100 a minute are refused with "Rate limit exceeded"'
        broken = Broken(cast.address("all/11"), expected, came, check=Check.RATE_LIMIT)
        too_many = Symptom.heard(STRANGER, ADMITTED, times=ATTEMPTS_A_MINUTE + 1)
        is_shown = len(opened) > ATTEMPTS_A_MINUTE
        cast.stage.lapse(broken.shown(too_many) if is_shown else broken.hidden(IN_WORDS))


def _address(cast: Cast) -> str:
    """Return an address of this machine that no server should mistake for its developer; each run has another."""
    first, second, third = bytes.fromhex(cast.scopes.run)
    return f"127.{64 + first % 128}.{second}.{1 + third % 254}"


async def _attempt(cast: Cast) -> Connection:
    """Connect from the stranger's address, each time as somebody else."""
    target = cast.stage.target
    stranger = None if target.contract.handshake is None else await cast.stranger(STRANGER)
    endpoint = target.door(stranger, local_addr=_address(cast), transport="websocket")
    history = cast.stage.history
    return await Connection.open(endpoint, target.contract, STRANGER, history, patience_s=target.connect_s)


# ---- HTTP --------------------------------------------------------------------------------------------------------


@_shows("http/1")
async def http__health(cast: Cast) -> None:
    """GET /health answers 200 with status, uptime, timestamp, environment and connections."""
    requirement = cast.address("http/1")
    before = await _health(cast, requirement)
    began = time.monotonic()
    await cast.assemble()
    here = sum(person.is_connected for person in cast.stage.people)
    after = await _health(cast, requirement)
    passed_s, counted_s = time.monotonic() - began, after["uptime"] - before["uptime"]
    expected = f"an uptime in seconds, of which {passed_s:.2f} have passed"
    with unseen(IN_DIFFERENCES):
        require(
            0 <= counted_s <= passed_s + ROUNDING_S,
            requirement,
            expected,
            f"{counted_s:g} more than before",
            check=Check.HTTP_BODY,
        )
    require(
        after["connections"] >= here,
        requirement,
        f"at least {here} connections",
        after["connections"],
        check=Check.HTTP_BODY,
        shown=[Symptom.heard(HTTP, HTTP, Test(("body", "connections"), "is under", here), times=1)],
    )


async def _health(cast: Cast, requirement: str) -> Mapping[str, Any]:
    """Ask how the target is, and return what it says once that has the right fields and types."""
    reply = (await _ask(cast, "/health", requirement)).expect(requirement, 200)
    health = reply.json(requirement)
    missing = _HEALTH.keys() - health.keys()
    shown = Symptom.answered_otherwise(*(Test(("body",), "has", name) for name in _HEALTH))
    says = f"/health says {', '.join(sorted(missing))}"
    require(not missing, requirement, says, reply, check=Check.HTTP_BODY, shown=[shown])
    wrong = [name for name, kind in _HEALTH.items() if not isinstance(health[name], kind)]
    require(
        not wrong, requirement, f"/health says {', '.join(wrong)} in a type of its own", reply, check=Check.HTTP_BODY
    )
    return health


_HEALTH: Final[Mapping[str, type | UnionType]] = {
    "status": str,
    "uptime": int | float,
    "timestamp": int | float | str,  # the contract says no more of it
    "environment": str,
    "connections": int,
}


async def _ask(cast: Cast, path: str, requirement: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Make a request; it and its answer stand in the conversation."""
    history = cast.stage.history
    cast.stage.begin()
    history.append(BROWSER, Direction.SENT, f"GET {path}", [dict(headers)] if headers else [])
    reply = await cast.http.ask("GET", path, requirement, headers=headers)
    history.append(BROWSER, Direction.RECEIVED, str(reply))
    return reply


@_shows("http/2")
async def http__ready(cast: Cast) -> None:
    """GET /ready answers 200 while everything the target depends on answers."""
    requirement = cast.address("http/2")
    (await _ask(cast, "/ready", requirement)).expect(requirement, 200)


@_shows("http/3")
async def http__cors(cast: Cast) -> None:
    """The configured origin may read answers, also those of Socket.IO polling; a foreign one may not."""
    requirement = cast.address("http/3")
    origins = [(origin, True) for origin in cast.stage.target.origins]
    if not origins:
        raise Skipped("the target lets no origin read its answers, as its target file says")
    for url in ("/health", f"{cast.stage.target.path}?EIO=4&transport=polling"):
        for origin, is_ours in (*origins, (FOREIGN_ORIGIN, False)):
            reply = await _ask(cast, url, requirement, {"Origin": origin})
            allowed = reply.headers.get("Access-Control-Allow-Origin", "")
            expected = f"GET {url} {'allows' if is_ours else 'does not allow'} the origin {origin}"
            came = f"Access-Control-Allow-Origin: {allowed or 'absent'}"
            at = ("headers", "access-control-allow-origin")
            shown = (
                Symptom.answered_otherwise(Test(at, "is", origin))
                if is_ours
                else Symptom.heard(HTTP, HTTP, Test(at, "is one of", [origin, "*"]))
            )
            holds = (allowed == origin) if is_ours else (allowed not in {origin, "*"})
            require(holds, requirement, expected, came, check=Check.HTTP_HEADERS, shown=[shown])


@_shows("http/4")
async def http__security_headers(cast: Cast) -> None:
    """Every answer carries the security headers, errors too; under TLS that of strict transport as well."""
    requirement = cast.address("http/4")
    for path in ("/health", "/metrics", "/no-such-page", f"{cast.stage.target.path}?EIO=4&transport=nonsense"):
        reply = await _ask(cast, path, requirement)
        for header in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy"):
            shown = Symptom.answered_otherwise(Test(("headers",), "has", header.lower()))
            expected = f"GET {path} answers with {header}"
            require(
                header in reply.headers, requirement, expected, "it is absent", check=Check.HTTP_HEADERS, shown=[shown]
            )
        nosniff = reply.headers["X-Content-Type-Options"]
        shown = Symptom.answered_otherwise(Test(("headers", "x-content-type-options"), "is", "nosniff"))
        answers = f"GET {path} answers nosniff"
        require(nosniff == "nosniff", requirement, answers, nosniff, check=Check.HTTP_HEADERS, shown=[shown])
        if cast.stage.target.url.startswith("https:"):
            hsts = reply.headers.get("Strict-Transport-Security", "absent")
            expected = f"GET {path} tells browsers to come by TLS alone from now on"
            require(
                "max-age=" in hsts,
                requirement,
                expected,
                f"Strict-Transport-Security: {hsts}",
                check=Check.HTTP_HEADERS,
            )
