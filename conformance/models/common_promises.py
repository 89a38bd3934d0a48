"""Scenes of what holds for all protocols alike; each protocol has those whose requirements stand in its contract.

They speak of ana and ben, whom every cast brings together, and of whatever the protocol's events are.
"""

import asyncio
import time
import urllib.parse
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.case import Case, Skipped
from conformance.cast import Cast
from conformance.scene import Scenes, require
from conformance.verdict import Broken
from protocols.contract import Audience, Operation, Protocol
from protocols.errors import ConnectRefused, NotHeard, TargetUnreachable
from simulators.connection import Connection

OWN_ORIGIN: Final = "http://localhost:3000"
FOREIGN_ORIGIN: Final = "http://evil.example"
SILENCE_MS: Final = 85_000
"""pingInterval + pingTimeout."""
STRANGER: Final = "127.0.0.77"
"""An address of this machine that no server should mistake for its developer."""
TOO_BIG: Final = 1_100_000
"""Characters; the wire admits a million bytes."""
SHARED: Final = frozenset({Audience.ROOM, Audience.OTHERS, Audience.NAMESPACE, Audience.PEERS})


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


@_shows("all/2")
async def all__unknown_event(cast: Cast) -> None:
    """Names that the protocol does not have, or has only the other way, are refused like an invalid payload."""
    await cast.assemble()
    ana, protocol = cast.person("ana"), cast.model.protocol
    names = ["no:such:event", *list(protocol.outbound)[:2], *(name.swapcase() for name in list(protocol.inbound)[:1])]
    for name in [*names, "", "__proto__", "message", "가나다"]:
        if name not in protocol.inbound:
            await cast.stage.say_invalid(ana, name, [{}])
            await cast.stage.say_invalid(ana, name, [])
    await cast.settle()


@_shows("all/5", "all/7")
async def all__polling(cast: Cast) -> None:
    """Somebody on HTTP long polling hears and is heard like everybody else."""
    await cast.assemble()
    polly = await cast.come("polly", transport="polling")
    await cast.enter(polly, 0)
    operation = _shared(cast.model.protocol)
    who = await cast.ready(operation)
    await cast.stage.say(who, cast.event(operation, who))
    for operation in {operation.id: operation for operation in cast.likely(polly)}.values():
        await cast.stage.say(polly, cast.event(operation, polly))
    with_payload = next(one for one in cast.model.protocol.inbound.values() if one.schema is not None)
    await cast.stage.say_invalid(polly, with_payload.name, [None])
    await cast.stage.leave(polly)
    await cast.settle()


def _shared(protocol: Protocol) -> Operation:
    """Return the first event that others hear of as well."""
    for operation in protocol.inbound.values():
        if any(trigger.to in SHARED for trigger in operation.triggers):
            return operation
    return next(iter(protocol.inbound.values()))


# ---- how connections end -----------------------------------------------------------------------------------------


@_shows("all/10", "all/8")
async def all__too_big(cast: Cast) -> None:
    """A message over 1 MB ends its own connection, and only that; those who must hear of the departure do."""
    await cast.assemble()
    ana = cast.person("ana")
    connection = ana.connection
    assert connection is not None

    async def send() -> None:
        connection.emit_raw(next(iter(cast.model.protocol.inbound)), {"content": "a" * TOO_BIG})
        try:
            await connection.wait_closed(cast.stage.target.deadline_s(1000))
        except NotHeard as open_still:
            expected = "a message over 1 MB closes its connection"
            raise Broken(cast.address("all/10"), expected, str(open_still)) from None

    await cast.stage.vanish(ana, send)
    await cast.settle()


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
        limit_s = SILENCE_MS / 1000 + cast.stage.target.deadline_s(1000)
        await cast.stage.until(lambda: all(who.inbox for who in mourners), mourners, time.monotonic() + limit_s)
        deaf = [who.name for who in mourners if not who.inbox]
        expected = f"{', '.join(who.name for who in mourners)} hear of it within {limit_s:.0f} s"
        require(not deaf, cast.address("all/8"), expected, f"{', '.join(deaf)} heard nothing")

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
        raise Skipped(f"nobody can connect from {STRANGER} here: {refusals[0]}")
    if len(opened) > 100 or not any("Rate limit exceeded" in refusal for refusal in refusals):
        came = f"{len(opened)} of 120 were let in; refusals: {sorted(set(refusals))[:2]}"
        expected = 'attempts beyond 100 a minute are refused with "Rate limit exceeded"'
        cast.stage.lapse(Broken(cast.address("all/11"), expected, came))


async def _attempt(cast: Cast) -> Connection:
    """Connect from the stranger's address, each time as somebody else."""
    target = cast.stage.target
    auth = None if target.contract.handshake is None else {"token": (await cast.stranger("stranger")).token}
    endpoint = target.endpoint(local_addr=STRANGER, transport="websocket", auth=auth)
    return await Connection.open(endpoint, target.contract, "stranger", patience_s=target.deadline_s(1000))


# ---- HTTP --------------------------------------------------------------------------------------------------------


@_shows("http/1")
async def http__health(cast: Cast) -> None:
    """GET /health answers 200 with status, uptime, timestamp, environment and connections."""
    requirement = cast.address("http/1")
    reply = (await cast.http.ask("GET", "/health", requirement)).expect(requirement, 200)
    missing = {"status", "uptime", "timestamp", "environment", "connections"} - reply.json(requirement).keys()
    require(not missing, requirement, f"/health says {', '.join(sorted(missing))}", reply)


@_shows("http/2")
async def http__ready(cast: Cast) -> None:
    """GET /ready answers 200 while everything the target depends on answers."""
    requirement = cast.address("http/2")
    (await cast.http.ask("GET", "/ready", requirement)).expect(requirement, 200)


@_shows("http/3")
async def http__cors(cast: Cast) -> None:
    """The configured origin may read answers, also those of Socket.IO polling; a foreign one may not."""
    requirement = cast.address("http/3")
    for url in ("/health", f"{cast.stage.target.path}?EIO=4&transport=polling"):
        for origin, is_ours in ((OWN_ORIGIN, True), (FOREIGN_ORIGIN, False)):
            reply = await cast.http.ask("GET", url, requirement, headers={"Origin": origin})
            allowed = reply.headers.get("Access-Control-Allow-Origin", "")
            expected = f"GET {url} {'allows' if is_ours else 'does not allow'} the origin {origin}"
            came = f"Access-Control-Allow-Origin: {allowed or 'absent'}"
            require((allowed == origin) if is_ours else (allowed not in {origin, "*"}), requirement, expected, came)


@_shows("http/4")
async def http__security_headers(cast: Cast) -> None:
    """Every answer carries the security headers, errors too."""
    requirement = cast.address("http/4")
    for path in ("/health", "/metrics", "/no-such-page", f"{cast.stage.target.path}?EIO=4&transport=nonsense"):
        reply = await cast.http.ask("GET", path, requirement)
        for header in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy"):
            require(header in reply.headers, requirement, f"GET {path} answers with {header}", "it is absent")
        nosniff = reply.headers["X-Content-Type-Options"]
        require(nosniff == "nosniff", requirement, f"GET {path} answers nosniff", nosniff)
