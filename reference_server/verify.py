"""Asks the configured URL whose a session is; has three seconds, whatever the answer."""

import asyncio
import time
from typing import cast

import aiohttp
import orjson

from protocols.contract import Json
from reference_server.effects import Answer, Question

LIMIT_S = 3.0

# No honest answer is longer, and a dishonest one must not fill the memory.
MAX_ANSWER = 64 * 1024

# Whoever asks whether we are ready must not make us ask the other side as often.
PROBE_EVERY_S = 1.0


class Verifier:
    """The other side's `POST {sessionToken, spaceId}` → `{valid, participantId?, nickname?, role?, error?}`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client: aiohttp.ClientSession | None = None
        self._asking: set[asyncio.Task[Answer]] = set()
        self._ending = False
        self._probed: tuple[float, bool] = (float("-inf"), False)

    def start(self, client: aiohttp.ClientSession) -> None:
        """Begin to ask, through this client."""
        self._client = client

    def stop(self) -> None:
        """Wait for no answer any more; what is being asked now is answered as if nobody were there."""
        self._ending = True
        for asking in self._asking:
            asking.cancel()

    async def ask(self, question: Question) -> Answer:
        """Ask whose the token is. Never raises: that nobody answers is an answer too."""
        asking = asyncio.ensure_future(self._ask(question))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        try:
            return await asking
        except asyncio.CancelledError:
            if self._ending:
                return Answer(valid=False, failed="the server ends")
            asking.cancel()
            raise

    async def _ask(self, question: Question) -> Answer:
        assert self._client is not None
        body = orjson.dumps({"sessionToken": question.token, "spaceId": question.scope})
        headers = {"Content-Type": "application/json"}
        try:
            async with self._client.post(
                self.url, data=body, headers=headers, timeout=_LIMIT, allow_redirects=False
            ) as response:
                if response.status != 200:
                    return Answer(valid=False, failed=f"HTTP {response.status}")
                return _read(await _body(response))
        except TimeoutError:
            return Answer(valid=False, failed=f"no answer within {LIMIT_S:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(valid=False, failed=type(error).__name__)

    async def answers(self) -> bool:
        """Say whether anybody is there; looked up at most once a second."""
        assert self._client is not None
        probed_at, answered = self._probed
        if time.monotonic() - probed_at < PROBE_EVERY_S:
            return answered
        self._probed = (time.monotonic(), answered)  # whoever asks meanwhile gets the last known answer
        try:
            async with self._client.get(self.url, timeout=_LIMIT, allow_redirects=False):
                answered = True  # any status: a verify URL need not like GET
        except (aiohttp.ClientError, OSError, TimeoutError):
            answered = False
        self._probed = (time.monotonic(), answered)
        return answered


_LIMIT = aiohttp.ClientTimeout(total=LIMIT_S)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise ValueError("the answer is too long")
    return bytes(body)


def _read(body: bytes) -> Answer:
    claims: Json = orjson.loads(body)
    if not (isinstance(claims, dict) and isinstance(claims.get("valid"), bool)):
        return Answer(valid=False, failed="the answer has no `valid`")
    return Answer(valid=cast("bool", claims["valid"]), claims=claims)
