"""Runs the server: until a signal for `rehearsal serve`, or as long as a `with` block for tests and demonstrations."""

import asyncio
import contextlib
import errno
import gc
import ipaddress
import logging
import shlex
import signal
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TextIO

from aiohttp import web
from aiohttp.web_request import BaseRequest
from rich.console import Console
from rich.table import Table

from protocols.errors import UsageError
from reference_server.app import PARTS, Parts, create_app
from reference_server.clock import Clock
from reference_server.effects import Rules
from reference_server.http.headers import set_security
from reference_server.http.refusal import BAD_REQUEST, INTERNAL, refusal
from reference_server.logs import Log, library_logger
from reference_server.namespace import ProtocolNamespace
from reference_server.served import SERVED
from reference_server.settings import Settings

# After a signal everybody has been told within this time (seconds), or is cut off.
FAREWELL_S = 0.4

# Of the built-in ones; enough to begin with.
SHOWN_USERS = 3

# Requests are counted, not logged.
_SILENT = logging.Logger("silent", logging.CRITICAL)  # noqa: LOG001  # nobody else's


def run(settings: Settings, console: Console | None = None) -> int:
    """Serve until SIGINT or SIGTERM, and return the exit status.

    Raises UsageError: the settings cannot be, or the address cannot be listened on.
    """
    app = create_app(settings)
    # All that has been imported stays. If collections of garbage looked through it, everybody would wait meanwhile, for
    # tens of milliseconds each time.
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_until_signal(app, console or Console()))
    return 0


@contextlib.contextmanager
def running(
    settings: Settings,
    rules: Sequence[Rules] | None = None,
    *,
    clock: Clock | None = None,
    log_stream: TextIO | None = None,
) -> Iterator[str]:
    """Serve in a thread of its own for as long as the block lasts; gives the URL.

    Arguments and errors as `create_app`.
    """
    app = create_app(settings, rules, clock=clock, log_stream=log_stream)
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        async with listening(app) as url:
            started.set_result((url, asyncio.get_running_loop(), stop))
            await stop.wait()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(serve())
        except BaseException as error:  # belongs to whoever waits for the start
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=work, name="reference-server")
    thread.start()
    try:
        url, loop, stop = started.result()
        try:
            yield url
        finally:
            loop.call_soon_threadsafe(stop.set)
    finally:
        thread.join()


@contextlib.asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    """Serve an app on the running event loop; gives the URL. Raises UsageError when the address cannot be had."""
    settings, log = app[PARTS].settings, app[PARTS].log
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_reporter(log))
    tls = _tls(settings)
    runner = web.AppRunner(app, shutdown_timeout=FAREWELL_S)
    await runner.setup()
    assert runner.server is not None
    http = runner.server
    try:
        logger = library_logger(log, "aiohttp", "E2000")

        def connection() -> _Connection:
            # Nobody here takes compressed bodies: a few kilobytes of one can be megabytes, or no gzip at all.
            return _Connection(http, loop=loop, logger=logger, access_log=_SILENT, auto_decompress=False)

        try:
            server = await loop.create_server(connection, settings.host or None, settings.port, ssl=tls)
        except OSError as error:
            raise UsageError(_why_not(settings, error)) from error
        try:
            yield _url(settings, server.sockets)
        finally:
            server.close()
    finally:
        await runner.cleanup()


class _Connection(web.RequestHandler):
    """aiohttp's side of one HTTP connection; even bytes that are no HTTP are answered in our own words."""

    __slots__ = ()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Log as aiohttp does, and answer without quoting what came."""
        super().handle_error(request, status, exc, message)
        fault = status >= 500
        answer = refusal(
            status, INTERNAL if fault else BAD_REQUEST, "Internal server error" if fault else "This is not HTTP"
        )
        set_security(answer.headers, tls=request.secure)
        return answer


async def _until_signal(app: web.Application, console: Console) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with listening(app) as url:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        _greet(console, url, app[PARTS])
        await stop.wait()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)  # a second signal ends the process at once


def _greet(console: Console, url: str, parts: Parts) -> None:
    """Say what is served where, and how to get in."""
    settings = parts.settings
    table = Table.grid(padding=(0, 2))
    table.add_row("Listening on", f"[bold]{url}[/bold]")
    for namespace in parts.namespaces:
        table.add_row(namespace.protocol.name, f"namespace {namespace.path}{_token_hint(namespace, parts)}")
    table.add_row("mode", settings.mode.value)
    if settings.time_scale != 1:
        table.add_row("time", f"{settings.time_scale:g} times as fast")
    if parts.world.test_credentials:
        for number, user in enumerate(parts.world.users[:SHOWN_USERS]):
            table.add_row("" if number else "test users", f"{user.nickname}: {user.token}")
        table.add_row("", f"and {len(parts.world.users) - SHOWN_USERS} more")
    table.add_row("stop", "Ctrl-C")
    console.print(table)


def _token_hint(namespace: ProtocolNamespace, parts: Parts) -> str:
    """Say how to get a token of somebody, where the protocol wants one and everybody may know its secret."""
    served = SERVED.get(namespace.protocol.name)
    claims = next(iter(served.claims(parts.world)), None) if served is not None else None
    if claims is None or parts.settings.jwt_secret:
        return ""
    somebody = shlex.quote(str(claims.get("email", next(iter(claims.values())))))
    return f"   (rehearsal token --protocol {namespace.protocol.name} --user {somebody})"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Prefer uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _reporter(log: Log) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """Bring what falls through on the event loop into the log."""

    def report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception") or RuntimeError(context["message"])
        log.crash(str(context["message"]), INTERNAL, error)

    return report


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"the TLS certificate {settings.tls_certificate} cannot be used: {error}") from error
    return context


def _url(settings: Settings, sockets: Sequence[socket.socket]) -> str:
    scheme = "http" if settings.tls_certificate is None else "https"
    port = sockets[0].getsockname()[1]
    host = settings.host
    try:
        address = ipaddress.ip_address(host) if host else ipaddress.ip_address("0.0.0.0")  # noqa: S104  # not bound here
    except ValueError:
        return f"{scheme}://{host}:{port}"
    if address.is_unspecified:
        return f"{scheme}://localhost:{port}"  # where this machine reaches it; `0.0.0.0` is no address to go to
    return f"{scheme}://[{host}]:{port}" if address.version == 6 else f"{scheme}://{host}:{port}"


def _why_not(settings: Settings, error: OSError) -> str:
    where = f"{settings.host}:{settings.port}"
    if isinstance(error, socket.gaierror):
        return f"there is no host {settings.host!r}; use 127.0.0.1, or an address of this machine"
    match error:
        case PermissionError():
            return f"listening on {where} is forbidden; choose a port above 1023 (--port)"
        case OSError(errno=number) if number in _IN_USE:
            return f"{where} is in use already; choose another port (--port), or 0 for a free one"
        case _:
            return f"cannot listen on {where}: {error.strerror or error}"


_IN_USE = {errno.EADDRINUSE}
