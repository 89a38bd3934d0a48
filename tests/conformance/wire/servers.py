"""Serves whatever is to be judged, python-socketio as it comes among it, and judges it."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import socketio
from aiohttp import web

from conformance.playground import Options
from conformance.runner import Finished
from conformance.verdict import Verdict
from conformance.wire.run import run, wire_ground
from conformance.wire.suite import select
from reference_server.strict import http_logger
from simulators.engine import Engine
from simulators.target import Target
from simulators.wire_config import WireConfig

EVENTS = WireConfig(echo="echo", ack="ack", broadcast="say")
QUIET = logging.getLogger("tests.conformance.wire")
QUIET.setLevel(logging.CRITICAL + 1)


def plain() -> Any:
    """Return python-socketio as it comes."""
    server = socketio.AsyncServer(async_mode="aiohttp", logger=QUIET, engineio_logger=QUIET)
    server.on("connect", lambda sid, environ, auth=None: None)

    async def echo(sid: str, *args: Any) -> None:
        await server.emit("echoed", args, to=sid)

    async def ack(sid: str, *args: Any) -> Any:
        return args

    async def say(sid: str, *args: Any) -> None:
        await server.emit("said", args, skip_sid=sid)

    for name, handler in {"echo": echo, "ack": ack, "say": say}.items():
        server.on(name, handler)
    return server


@contextmanager
def served(server: Any, *middlewares: Any) -> Iterator[str]:
    """Serve on a port of one's own, in a loop of one's own; give the URL."""
    stack = AsyncExitStack()

    async def begin() -> str:
        app = web.Application(middlewares=middlewares)
        server.attach(app)
        runner = web.AppRunner(app, access_log=None, logger=http_logger, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    with Engine() as engine:
        try:
            yield engine.submit(begin())
        finally:
            engine.submit(_ended(stack))


async def _ended(stack: AsyncExitStack) -> None:
    try:
        async with asyncio.timeout(5):
            await stack.aclose()
    except TimeoutError:
        pass  # a liar that does not let go; its loop ends now


def judged(url: str, *addresses: str, patience: float = 5.0, wire: WireConfig = EVENTS) -> list[Verdict]:
    """Judge the wire of a server; return what was said of every case."""
    with wire_ground(Target(url=url, patience=patience, wire=wire), Options()) as ground:
        events = list(run(ground, select(addresses)))
    return [verdict for event in events if isinstance(event, Finished) for verdict in event.verdicts]
