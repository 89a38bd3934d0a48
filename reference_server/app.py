"""Puts one server together. Every app has state of its own: several in one process do not disturb each other."""

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TextIO

import aiohttp
from aiohttp import web

from protocols.contract import Protocol
from protocols.errors import UsageError
from reference_server.admission import Admission
from reference_server.alerts import Alerts
from reference_server.board import Board, MemoryBoard
from reference_server.clock import Clock, LoopClock
from reference_server.effects import Rules
from reference_server.gate import DEVELOPMENT_SECRET, Gate
from reference_server.http import errors
from reference_server.http.headers import Origins
from reference_server.http.operations import Operations
from reference_server.journal import Entropy, Journal, seeded_entropy, system_entropy
from reference_server.journal_file import JournalFile
from reference_server.logs import LibraryHandler, Line, Log
from reference_server.meter import Meter
from reference_server.mode import Mode
from reference_server.namespace import ProtocolNamespace, Surroundings
from reference_server.outbox import EMAIL, EVENT_LOG, MONITORING, PUSH, SMS, WEBHOOK, Outbox
from reference_server.served import SERVED
from reference_server.settings import Settings
from reference_server.strict import StrictServer
from reference_server.verify import Verifier
from reference_server.world import World

# What is still to be delivered when the server ends gets this long (seconds).
LAST_DELIVERIES_S = 0.3


@dataclass(frozen=True, slots=True)
class Parts:
    """What those who run an app need of it."""

    settings: Settings
    world: World
    log: Log
    namespaces: tuple[ProtocolNamespace, ...]


PARTS = web.AppKey("PARTS", Parts)


def create_app(
    settings: Settings,
    rules: Sequence[Rules] | None = None,
    *,
    clock: Clock | None = None,
    log_stream: TextIO | None = None,
) -> web.Application:
    """Build a fresh server from its settings.

    `rules` serves these instead of those that `settings.protocols` names; `clock` instead of one that passes by
    itself. The log goes to `log_stream`, by default standard error.

    Raises UsageError: an unknown protocol, a world that cannot be read, or test credentials that others could use.
    """
    world = _world(settings)
    if rules is None:
        rules = _rules(settings, world)
    development = settings.mode is Mode.DEVELOPMENT
    log = Log(log_stream or sys.stderr, json=settings.json_logs, debug=development)
    outbox = Outbox(
        {
            WEBHOOK: settings.webhook_url,
            EVENT_LOG: settings.event_log_url,
            MONITORING: settings.monitoring_url,
            PUSH: settings.push_url,
            EMAIL: settings.email_url,
            SMS: settings.sms_url,
        },
        log,
    )
    meter = Meter()
    clock = clock or LoopClock(settings.time_scale)
    admission = Admission(settings.attempts_per_minute, settings.limit_exempt, time.monotonic, blocked=settings.blocked)
    around = Surroundings(
        server=StrictServer(
            ping_interval=settings.ping_interval_s,
            ping_timeout=settings.ping_timeout_s,
            cors_allowed_origins="*",  # by then `Origins` has decided, for polls and WebSockets too
            admit=partial(_admit, admission, log),
        ),
        clock=clock,
        log=log,
        board=_board(settings, clock, log),
        outbox=outbox,
        verifier=Verifier(settings.verify_url),
        meter=meter,
    )
    namespaces = tuple(_namespace(settings, one, around) for one in rules)
    log.listen(Alerts(outbox).hear)
    log.listen(lambda line, _written: meter.line(line.level))
    app = _application(settings, around, namespaces)
    app[PARTS] = Parts(settings, world, log, namespaces)
    return app


def _world(settings: Settings) -> World:
    """Tokens that stand in our documentation open nothing where strangers could use them."""
    if settings.world is not None:
        return World.load(settings.world)
    if settings.accepts_test_credentials:
        return World.built_in()
    if settings.verify_url:
        return World.built_in().without_test_credentials()
    raise UsageError(
        f"others can reach {settings.host}, and the built-in users' tokens are public: give the server a world of your "
        "own (--world FILE) or a verify URL (--verify-url URL), or accept them all the same (--test-credentials)"
    )


def _rules(settings: Settings, world: World) -> list[Rules]:
    names = list(dict.fromkeys(settings.protocols)) or list(SERVED)
    if unknown := [name for name in names if name not in SERVED]:
        raise UsageError(f"there is no protocol {unknown[0]!r}; choose from {', '.join(SERVED)}")
    return [SERVED[name].rules(world, settings) for name in names]


def _gate(settings: Settings, protocol: Protocol) -> Gate:
    """Make the gate of a protocol. The secret in our documentation signs nothing where strangers could use it."""
    secret = settings.jwt_secret or (DEVELOPMENT_SECRET if settings.accepts_test_credentials else "")
    if protocol.handshake is not None and not secret:
        raise UsageError(
            f"others can reach {settings.host}, and everybody knows the built-in secret that the tokens of "
            f"{protocol.name} are signed with: give the server one of your own (--jwt-secret-env NAME), or accept such "
            "tokens all the same (--test-credentials)"
        )
    return Gate(protocol, secret)


def _namespace(settings: Settings, rules: Rules, around: Surroundings) -> ProtocolNamespace:
    entropy: Entropy = system_entropy() if settings.seed is None else seeded_entropy(settings.seed, rules.protocol.name)
    path = "/" if len(set(settings.protocols)) == 1 else rules.protocol.namespace
    gate = _gate(settings, rules.protocol)
    file = None
    if settings.journal is not None:
        file = JournalFile(settings.journal / f"{rules.protocol.name}.jsonl", rules.protocol)
    namespace = ProtocolNamespace(path, Journal(rules, around.clock, entropy, file), gate, around)
    around.server.serve(path, namespace)
    return namespace


def _board(settings: Settings, clock: Clock, log: Log) -> Board:
    if not settings.redis_url:
        return MemoryBoard(clock)
    # Here, since the client for Redis takes more than a tenth of a second to import, and most servers need none.
    from reference_server.redis_board import RedisBoard

    return RedisBoard(settings.redis_url, log, time_scale=settings.time_scale)


def _admit(admission: Admission, log: Log, request: web.Request) -> str | None:
    address = request.remote or ""
    reason = admission.refusal(address)
    if not reason:
        return None
    log.write(Line("warn", reason, "E2001", {"address": address}))
    return reason


def _application(
    settings: Settings, around: Surroundings, namespaces: tuple[ProtocolNamespace, ...]
) -> web.Application:
    origins = Origins(settings.origins)
    app = web.Application(middlewares=[origins.middleware(), errors.middleware(around.log)])
    app.on_response_prepare.append(origins.set_headers)
    dependencies = {"verify": around.verifier.answers} if settings.verify_url else {}
    if settings.redis_url:
        dependencies["redis"] = around.board.answers
    operations = Operations(mode=settings.mode, namespaces=namespaces, dependencies=dependencies, meter=around.meter)
    app.add_routes(operations.routes())
    for namespace in namespaces:
        served = SERVED.get(namespace.protocol.name)
        if served is not None and served.api is not None:  # rules of a test's own have no HTTP, nor have all of ours
            app.add_routes(served.api(namespace, settings).routes())
    app.on_shutdown.append(partial(_stop_asking, around))  # first, or those who are told to go would wait for answers
    around.server.attach(app)
    app.cleanup_ctx.append(partial(_lifetime, around, namespaces))
    return app


async def _stop_asking(around: Surroundings, _app: web.Application) -> None:
    around.verifier.stop()


async def _lifetime(
    around: Surroundings, namespaces: Sequence[ProtocolNamespace], _app: web.Application
) -> AsyncIterator[None]:
    """Run what begins with the app and ends with it, after everybody has been sent away."""
    async with aiohttp.ClientSession() as client:
        around.board.start()
        around.outbox.start(client)
        around.verifier.start(client)
        with _library_lines(around.log):
            for namespace in namespaces:
                namespace.resume()
            yield
            around.clock.stop()
        for namespace in namespaces:
            namespace.close()
        await asyncio.gather(around.outbox.stop(LAST_DELIVERIES_S), around.board.stop(LAST_DELIVERIES_S))


@contextlib.contextmanager
def _library_lines(log: Log) -> Iterator[None]:
    """Bring what the strict layer reports into this server's log.

    Its loggers belong to the process, so of two servers in two threads each takes what was said in its own.
    """
    logger = logging.getLogger("reference_server.strict")
    handler = LibraryHandler(log, "E2002")
    thread = threading.get_ident()
    handler.addFilter(lambda record: record.thread == thread)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
