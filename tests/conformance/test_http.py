"""What HTTP answers is read once for all; what it never answers is waited for once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from conformance import http
from conformance.checks import Check
from conformance.http import Http
from conformance.verdict import Broken
from protocols.errors import TargetUnreachable
from simulators.people import Identity
from simulators.target import Target

ANA = Identity(token="t-ana", id="ana", nickname="Ana")


@asynccontextmanager
async def asking() -> AsyncIterator[Http]:
    """Ask a server that tells who asks, and one path of which is silent."""

    async def whoami(request: web.Request) -> web.Response:
        return web.json_response({"bearer": request.headers.get("Authorization"), "x": request.headers.get("X-Who")})

    async def texts(request: web.Request) -> web.Response:
        return web.Response(text="<html>", status=404)

    over = asyncio.Event()

    async def silence(request: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/whoami", whoami)
    app.router.add_get("/text", texts)
    app.router.add_get("/silence", silence)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    asked = Http(Target.at(f"http://127.0.0.1:{runner.addresses[0][1]}", patience=0.1))
    try:
        yield asked
    finally:
        over.set()
        await asked.close()
        await runner.cleanup()


def test_a_reply_is_read() -> None:
    async def play() -> None:
        async with asking() as asked:
            reply = await asked.ask("GET", "/whoami", "toy/http/1", by=ANA, headers={"X-Who": "me"})
            assert reply.expect("toy/http/1", 200, 201).json("toy/http/1") == {"bearer": "Bearer t-ana", "x": "me"}
            with pytest.raises(Broken, match="toy/http/2: expected HTTP 401; came HTTP 200"):
                reply.expect("toy/http/2", 401)
            with pytest.raises(Broken, match="expected a JSON array"):
                reply.items("toy/http/2")
            with pytest.raises(Broken, match="toy/http/2: expected a JSON object; came HTTP 404 <html>"):
                (await asked.ask("GET", "/text", "toy/http/1")).json("toy/http/2")

    asyncio.run(play())


def test_what_is_never_answered_breaks_its_requirement_and_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "AGAIN_S", 0.05)

    async def play() -> list[float]:
        waits = []
        async with asking() as asked:
            for _ in range(2):
                began = time.monotonic()
                with pytest.raises(
                    Broken, match="toy/http/1: expected GET /silence is answered; came nothing in 0"
                ) as caught:
                    await asked.ask("GET", "/silence", "toy/http/1")
                assert caught.value.check is Check.HTTP_ANSWERED
                waits.append(time.monotonic() - began)
        return waits

    first, again = asyncio.run(play())
    assert again < 0.2 < first


def test_where_nobody_is_nobody_can_tell() -> None:
    async def play() -> None:
        asked = Http(Target.at("http://127.0.0.1:9"))
        try:
            with pytest.raises(TargetUnreachable, match="GET /health"):
                await asked.ask("GET", "/health", "toy/http/1")
        finally:
            await asked.close()

    asyncio.run(play())
