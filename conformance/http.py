"""HTTP of the target as the judge asks it: every answer that does not come breaks the requirement it was to show."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Self, cast

import aiohttp

from conformance.checks import Check
from conformance.reproduce.evidence import Exchange
from conformance.symptom import Symptom, Test
from conformance.verdict import Broken
from protocols.contract import Json
from protocols.errors import TargetUnreachable
from simulators import strict_json
from simulators.credentials import values_of
from simulators.people import Identity
from simulators.target import Target

ANSWERED_MS: Final = 3000
"""How long an answer may take; times the target's patience."""
AGAIN_S: Final = 1.0
"""How long the judge waits once an answer has failed to come: one wait is enough to know."""
GOODBYE_S: Final = 0.25
"""How long connections under TLS may take to end."""
SHOWN: Final = 200
"""Characters of a body that people are shown."""


class Reply:
    """What came back over HTTP."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        self.of = f"{response.method} {response.url.path}"
        """What it answers, such as `GET /health`."""
        self.status = response.status
        self.headers = response.headers
        self.text = body.decode("utf-8", "replace")

    def expect(self, requirement: str, *statuses: int) -> Self:
        """Return it if it has one of these statuses; raises Broken."""
        if self.status not in statuses:
            promised = f"HTTP {' or '.join(map(str, statuses))}"
            otherwise = Broken(requirement, promised, str(self), check=Check.HTTP_STATUS, about=self.of)
            raise otherwise.shown(Symptom.answered_otherwise(Test(("status",), "is one of", statuses)))
        return self

    def json(self, requirement: str) -> Mapping[str, Any]:
        """Return the JSON object of the body; raises Broken where it is none."""
        value = self._value()
        if not isinstance(value, dict):
            raise Broken(requirement, "a JSON object", str(self), check=Check.HTTP_BODY, about=self.of)
        return cast("Mapping[str, Any]", value)

    def items(self, requirement: str) -> list[Any]:
        """Return the JSON array of the body; raises Broken where it is none."""
        value = self._value()
        if not isinstance(value, list):
            raise Broken(requirement, "a JSON array", str(self), check=Check.HTTP_BODY, about=self.of)
        return value

    def _value(self) -> object:
        try:
            return strict_json.loads(self.text.encode())
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"HTTP {self.status} {self.text[:SHOWN]}"


class Http:
    """The way to the target's HTTP for all cases of a run; belongs to one loop."""

    def __init__(self, target: Target) -> None:
        self._patience_s = target.deadline_s(ANSWERED_MS)
        self._credentials = target.credentials.http
        self._is_secure = target.url.startswith("https:")
        self.session = aiohttp.ClientSession(
            target.url,
            auto_decompress=True,
            cookie_jar=aiohttp.DummyCookieJar(),  # many people share it
        )
        self.on_exchange: Callable[[Exchange, int], None] = lambda exchange, place: None
        """Told of every request once it is over, and of the place in the history at which it began."""
        self.place: Callable[[], int] = lambda: 0
        """Says how long the history is now."""

    async def close(self) -> None:
        """Let go of the connections."""
        await self.session.close()
        if self._is_secure:
            # aiohttp leaves the goodbyes of TLS to the loop (its "graceful shutdown" advises to wait this long), and
            # uvloop cannot close a loop while they are under way.
            await asyncio.sleep(GOODBYE_S)

    async def ask(
        self,
        method: str,
        path: str,
        requirement: str,
        *,
        by: Identity | None = None,
        headers: Mapping[str, str] | None = None,
        json: Json = None,
    ) -> Reply:
        """Make a request, with somebody's credentials, and return what came.

        Raises Broken at the requirement when nothing comes, TargetUnreachable when there is no connection.
        """
        shown = {} if by is None else self._credentials.shown(values_of(by))
        headers = {**shown, **(headers or {})}
        reply: Reply | None = None
        place = self.place()
        timeout = aiohttp.ClientTimeout(total=self._patience_s)
        try:
            async with self.session.request(
                method,
                path,
                headers=headers,
                json=json,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                reply = Reply(response, await response.read())
                return reply
        except TimeoutError as silence:
            waited_s, self._patience_s = self._patience_s, min(self._patience_s, AGAIN_S)
            came = f"nothing in {waited_s:g} s"
            expected = f"{method} {path} is answered"
            silent = Broken(requirement, expected, came, check=Check.HTTP_ANSWERED)
            raise silent.shown(Symptom.answered_otherwise()) from silence
        except aiohttp.ClientError as error:
            raise TargetUnreachable(f"{method} {path}: {error or type(error).__name__}") from error
        finally:
            exchange = Exchange(method=method, path=path, headers=headers, json=json)
            if reply is not None:
                exchange = replace(exchange, status=reply.status, answered=reply.headers, text=reply.text)
            self.on_exchange(exchange, place)
