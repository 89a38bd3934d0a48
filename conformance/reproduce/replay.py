"""Plays a trace again, by the judge's own connections, and says whether the fault still shows."""

import asyncio
import os
import secrets
import time
import uuid
from collections import Counter
from typing import Final

import aiohttp
import jwt

from conformance.reproduce.trace import Env, Fresh, Picked, Run, Shown, Source, Step, Template, Token, Trace, Turn, fill
from conformance.symptom import (
    ACK,
    ADMITTED,
    ALL,
    CLOSED,
    GONE,
    GONE_S,
    HANDSHAKE,
    HTTP,
    REFUSED,
    STRAY_ACK,
    Symptom,
    Test,
    value_at,
)
from protocols import PROTOCOLS
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard, TargetUnreachable, UsageError, WireError
from simulators import strict_json
from simulators.connection import Connection
from simulators.endpoint import Endpoint
from simulators.received import Answer, Received

ANSWERED_S: Final = 10.0
"""How long anything may take that is no promise."""
LOOKS: Final = 5
"""How often it is seen whether the server answers anybody, until it is said that it goes on."""
_LOOK_S: Final = 0.02
_AGAIN_S: Final = 0.4


async def shows(trace: Trace, url: str) -> bool:
    """Play a trace on a server and say whether the fault shows there.

    Raises UsageError for what this machine lacks, NotHeard or TargetUnreachable when it does not come so far.
    """
    async with aiohttp.ClientSession() as http:
        player = _Player(trace, url, http)
        try:
            for n, step in enumerate(trace.steps):
                for player.turn in range(step.times):
                    await player.play(n, step)
            return all([await player.is_there(n, one) for n, one in enumerate(trace.symptoms)])
        finally:
            await player.close()


class _Player:
    def __init__(self, trace: Trace, url: str, http: aiohttp.ClientSession) -> None:
        self.trace = trace
        self.url = url
        self.http = http
        self.here: dict[str, Connection] = {}
        self.heard: list[tuple[str, str, object]] = []  # who, what, its first value
        self.began: dict[int, Counter[tuple[str, str]]] = {}  # step -> what had been heard before it
        self.run = secrets.token_hex(3)
        self.address = f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
        self.turn = 0
        self.fresh: dict[int, str] = {}
        self.tokens: dict[str, str] = {}
        self.watchers: list[asyncio.Task[None]] = []

    async def close(self) -> None:
        """Let everybody go."""
        for watcher in self.watchers:
            watcher.cancel()
        for connection in self.here.values():
            await connection.close()

    # ---- deeds -------------------------------------------------------------------------------------------------

    async def play(self, n: int, step: Step) -> None:
        """Do one thing, and wait until everybody has heard what it caused, unless the next follows at once."""
        self.began.setdefault(n, Counter((who, name) for who, name, _ in self.heard))
        try:
            await self._do(step)
        except ConnectionLost:
            return  # whoever is cut off says nothing more; the symptoms tell what that means
        if step.is_followed or step.deed == "wait":
            return
        if n < self.trace.window:
            for who, name in step.heard[:1]:
                await self._nth(who, name, self.began[n][who, name] + 1, ANSWERED_S)
        await self._settle()

    async def _do(self, step: Step) -> None:
        arguments = [await self._fill(value) for value in step.arguments]
        match step.deed:
            case "connect":
                await self._connect(step)
            case "emit" if step.who in self.here and step.asks:
                self.here[step.who].ask_raw(step.name, *arguments)
            case "emit" if step.who in self.here:
                self.here[step.who].emit_raw(step.name, *arguments)
            case "raw" if step.who in self.here:
                [data] = arguments
                assert isinstance(data, str | bytes)
                self.here[step.who].send_raw(data)
            case "leave" | "cut" if step.who in self.here:
                connection = self.here.pop(step.who)
                await connection.close() if step.deed == "leave" else connection.abort()
            case "http":
                await self._request(step, arguments)
            case "wait":
                await asyncio.sleep(step.wait_s)

    async def _connect(self, step: Step) -> None:
        who = step.who

        def on_event(received: Received) -> None:
            arguments = [] if isinstance(received.violation, WireError) else received.arguments
            self.heard.append((who, received.name, arguments[0] if arguments else None))

        def on_answer(answer: Answer) -> None:
            arguments = [] if isinstance(answer.violation, WireError) else answer.arguments
            self.heard.append((who, ACK if answer.name else STRAY_ACK, arguments[0] if arguments else None))

        auth = await self._fill(step.auth)
        headers = {name: str(await self._fill(value)) for name, value in step.headers.items()}
        endpoint = Endpoint(
            url=self.url,
            path=self.trace.path,
            namespace=self.trace.namespace,
            transport=step.transport,
            auth=auth if isinstance(auth, dict) else None,
            headers=headers,
            query=step.query,
            local_addr=self.address if step.is_elsewhere else None,
        )
        try:
            connection, no = await Connection.knock(
                endpoint,
                PROTOCOLS[self.trace.protocol],
                who,
                patience_s=ANSWERED_S,
                on_event=on_event,
                on_answer=on_answer,
            )
        except ConnectRefused as by_http:
            self.heard.append((who, REFUSED, by_http.message))
            return
        self.heard.append((who, ADMITTED, None) if no is None else (who, REFUSED, no.message))
        if no is not None and not self.trace.stays(step):
            connection.abort()
            return
        self.heard.append((who, HANDSHAKE, connection.heartbeat))
        if (before := self.here.pop(who, None)) is not None:
            await before.close()
        self.here[who] = connection
        self.watchers.append(asyncio.create_task(self._watch(who, connection)))

    async def _watch(self, who: str, connection: Connection) -> None:
        why = await connection.wait_closed(86_400.0)
        if self.here.get(who) is connection:
            self.heard.append((who, CLOSED, why))

    async def _request(self, step: Step, arguments: list[object]) -> None:
        url = str(await self._fill(step.url))
        headers = {name: str(await self._fill(value)) for name, value in step.headers.items()}
        body = arguments[0] if arguments else None
        within = aiohttp.ClientTimeout(total=ANSWERED_S)
        where = url if "://" in url else self.url + url
        try:
            async with self.http.request(
                step.name, where, headers=headers, json=body, timeout=within, allow_redirects=False
            ) as answer:
                data = await answer.read()
        except (TimeoutError, aiohttp.ClientError) as error:
            raise TargetUnreachable(f"{step.name} {url}: {error or type(error).__name__}") from error
        told = {name.lower(): value for name, value in answer.headers.items()}
        self.heard.append((HTTP, HTTP, {"status": answer.status, "body": _body(data), "headers": told}))

    async def _settle(self) -> None:
        """Go round everybody twice, so that all have heard what the last to be served has caused."""
        for _ in range(2):
            for connection in list(self.here.values()):
                if connection.closed is None:
                    try:
                        await connection.fence(within_s=ANSWERED_S)
                    except ConnectionLost:
                        continue

    # ---- values ------------------------------------------------------------------------------------------------

    async def _fill(self, template: Template) -> object:
        known: dict[str, object] = {}
        for source in _each(template):
            known[repr(source)] = await self._now(source)
        return fill(template, lambda source: known[repr(source)])

    async def _now(self, source: Source) -> object:
        match source:
            case Run():
                return self.run
            case Turn():
                return self.turn
            case Fresh(number=number):
                return self.fresh.setdefault(number, str(uuid.uuid4()))
            case Env(name=name):
                return _env(name)
            case Token():
                return await self._token(source)
            case Picked(who=who, name=name, path=path):
                times = self.began[source.step][who, name] + source.number + 1
                value = await self._nth(who, name, times, ANSWERED_S)
                for step in path:
                    match value:
                        case dict() if step in value:
                            value = value[step]
                        case list() if isinstance(step, int) and step < len(value):
                            value = value[step]
                        case _:
                            raise NotHeard(f"{name} has nothing at /{'/'.join(map(str, path))}")
                return value + source.plus if source.plus and isinstance(value, int) else value

    async def _token(self, token: Token) -> str:
        claims = await self._fill(dict(token.claims))
        assert isinstance(claims, dict)
        now_s = int(time.time())
        life = {} if token.expires_s is None else {"iat": now_s, "exp": now_s + token.expires_s}
        key = token.secret or _env(token.secret_env)
        place = f"{token.prefix} {token.algorithm} {claims}"
        if place not in self.tokens:
            self.tokens[place] = token.prefix + jwt.encode({**life, **claims}, key, algorithm=token.algorithm)
        return self.tokens[place]

    # ---- hearing -----------------------------------------------------------------------------------------------

    async def _nth(self, who: str, name: str, times: int, within_s: float) -> object:
        deadline = time.monotonic() + within_s
        while True:
            came = [value for one, what, value in self.heard if (one, what) == (who, name)]
            if len(came) >= times:
                return came[times - 1]
            if time.monotonic() > deadline:
                raise NotHeard(f"{who} did not hear {name}")
            await asyncio.sleep(_LOOK_S)

    async def is_there(self, n: int, one: Shown) -> bool:
        """Say whether one of the symptoms is there, once that is known."""
        symptom, tests = one.symptom, await self._tests(one)
        if GONE in symptom.names:
            return await self.is_gone(LOOKS)
        if one.later is not None:
            return await self._is_before(one, one.later)
        before = 0 if symptom.is_ever else sum(step.matches[n] for step in self.trace.steps[: self.trace.window])
        if symptom.gathers is not None:
            if symptom.beside:
                both = [await self._gather(symptom, who, 0, ALL) for who in (symptom.who, symptom.beside)]
                return both[0][-symptom.times :] != both[1][-symptom.times :]
            gathered = await self._gather(symptom, symptom.who, before, symptom.times)
            return all(test.holds(gathered) for test in tests)
        wanted = before + symptom.times
        deadline = time.monotonic() + symptom.waits_s
        while True:
            came = sum(
                who == symptom.who and name in symptom.names and all(test.holds(value) for test in tests)
                for who, name, value in self.heard
            )
            if came >= wanted or time.monotonic() > deadline:
                return (came >= wanted) is not symptom.is_missing
            await asyncio.sleep(_LOOK_S)

    async def _tests(self, one: Shown) -> list[Test]:
        return [
            Test(test.path, test.like, await self._fill(value))  # type: ignore[arg-type]  # of JSON comes JSON
            for test, value in zip(one.symptom.tests, one.values, strict=True)
        ]

    async def _gather(self, symptom: Symptom, whose: str, before: int, times: int) -> list[object]:
        """Return what stands at a path of all that somebody hears, once that is all, but for what came before."""
        deadline = time.monotonic() + symptom.waits_s
        path = symptom.gathers or ()
        while True:
            came = [
                value_at(value, path) if path else name
                for who, name, value in self.heard
                if who == whose and name in symptom.names
            ][before:]
            if len(came) >= times or time.monotonic() > deadline:
                return came
            await asyncio.sleep(_LOOK_S)

    async def _is_before(self, first: Shown, second: Shown) -> bool:
        """Say whether somebody hears one thing before another, once both have come."""
        deadline = time.monotonic() + first.symptom.waits_s
        while (places := [await self._place(first), await self._place(second)]).count(None):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_LOOK_S)
        one, other = places
        return one is not None and other is not None and one < other

    async def _place(self, one: Shown) -> int | None:
        symptom, tests = one.symptom, await self._tests(one)
        places = (
            place
            for place, (who, name, value) in enumerate(self.heard)
            if who == symptom.who and name in symptom.names and all(test.holds(value) for test in tests)
        )
        return next(places, None)

    async def is_gone(self, looks: int) -> bool:
        """Look so often whether the server answers anybody, and say whether it does no more."""
        for _ in range(looks):
            await asyncio.sleep(_AGAIN_S)
            try:
                within = aiohttp.ClientTimeout(total=GONE_S)
                url = f"{self.url}{self.trace.path}?EIO=4&transport=polling"
                async with self.http.get(url, timeout=within):
                    pass
            except (TimeoutError, aiohttp.ClientError):
                return True
        return False


def _each(template: Template) -> list[Source]:
    """Return the sources that a template itself speaks of."""
    found: list[Source] = []

    def note(source: Source) -> str:
        found.append(source)
        return ""

    fill(template, note)
    return found


def _env(name: str) -> str:
    if not (value := os.environ.get(name)):
        raise UsageError(f"the environment variable {name} is not set; it must hold what this replay needs")
    return value


def _body(data: bytes) -> object:
    try:
        return strict_json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")
