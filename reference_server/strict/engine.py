"""The Engine.IO server: which request opens, feeds or ends which session."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence

import engineio
from aiohttp import WSCloseCode, web

from reference_server.strict import websocket
from reference_server.strict.errors import (
    BAD_HANDSHAKE_METHOD,
    BAD_REQUEST,
    FORBIDDEN,
    UNKNOWN_SID,
    UNKNOWN_TRANSPORT,
    UNSUPPORTED_VERSION,
    Refused,
)
from reference_server.strict.fast_path import Turns
from reference_server.strict.frames import Frame, message_frame, open_frame
from reference_server.strict.handler import Visit
from reference_server.strict.origins import Origins
from reference_server.strict.polling import poll, push
from reference_server.strict.session import SERVER_DISCONNECT, Session

logger = logging.getLogger(__name__)

Admit = Callable[[web.Request], str | None]
"""Says why a handshake is refused, or None. Asked once per session, before anything is kept of it."""


class StrictEngine(engineio.AsyncServer):  # type: ignore[misc]  # python-engineio has no types
    """python-engineio's server with its sessions and its aiohttp entry replaced; ids and callbacks are upstream's."""

    def __init__(
        self,
        *,
        ping_interval: float,
        ping_timeout: float,
        max_http_buffer_size: int,
        max_outbound_bytes: int,
        upgrade_timeout: float,
        cors_allowed_origins: Collection[str] | str,
        admit: Admit | None,
        log: logging.Logger,
        async_handlers: bool = False,
    ) -> None:
        super().__init__(
            async_mode="aiohttp",
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            max_http_buffer_size=max_http_buffer_size,
            monitor_clients=False,  # every session has its own timer
            logger=log,
            async_handlers=async_handlers,  # upstream's Socket.IO server passes False, whatever it was told itself
        )
        self.sockets: dict[str, Session] = {}
        self.turns = Turns()
        self.max_outbound_bytes = max_outbound_bytes
        self.upgrade_timeout = upgrade_timeout
        self._origins = Origins(cors_allowed_origins)
        self._admit = admit
        self._closing = False
        self._departures: set[asyncio.Task[None]] = set()

    def attach(self, app: web.Application, engineio_path: str = "engine.io") -> None:
        """Serve `/<engineio_path>/` of the application."""
        app.router.add_route("*", f"/{engineio_path.strip('/')}/", self.handle_request)

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request, which for a WebSocket takes as long as it is open."""
        headers: dict[str, str] = {}
        try:
            headers = self._origins.headers(request)
            if request.method == "OPTIONS":
                return web.Response(status=204, headers=headers)
            return await self._route(request, headers)
        except Refused as refusal:
            return refusal.response(headers)

    def post(self, sid: str, frames: Sequence[Frame]) -> None:
        """Send the frames of a packet to a session; one that is gone by now misses nothing."""
        session = self.sockets.get(sid)
        if session is not None:
            session.post(frames)

    async def send(self, sid: str, data: str | bytes) -> None:
        """Send one message to a session."""
        self.post(sid, [message_frame(data)])

    async def disconnect(self, sid: str | None = None) -> None:
        """Close one session, or all."""
        for session in list(self.sockets.values()):
            if sid in (None, session.sid):
                session.close(SERVER_DISCONNECT)

    async def shutdown(self) -> None:
        """Refuse new sessions, close all others and wait until their departures have been handled."""
        self._closing = True
        for session in list(self.sockets.values()):
            session.close(SERVER_DISCONNECT, WSCloseCode.GOING_AWAY)
        await asyncio.gather(*self._departures)

    async def message(self, sid: str, data: str | bytes) -> None:
        """Hand a message to who registered for it; its exceptions are the session's to judge."""
        handler = self.handlers.get("message")
        if handler is not None:
            await handler(sid, data)

    def departed(self, session: Session, reason: str) -> None:
        """Forget a session now, and tell of it once the message in hand is done."""
        self.sockets.pop(session.sid, None)
        task = asyncio.create_task(self._depart(session, reason))
        self._departures.add(task)
        task.add_done_callback(self._departures.discard)

    async def _depart(self, session: Session, reason: str) -> None:
        async with session.turn:
            try:
                await self._call("disconnect", session.sid, reason)
            except Exception:
                logger.exception("%s: fault while its departure was handled", session.sid)

    async def _call(self, event: str, *args: object) -> None:
        handler = self.handlers.get(event)
        if handler is not None:
            await handler(*args)

    async def _route(self, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
        # "If a mandatory query parameter is missing, then the server MUST respond with an HTTP 400 error status."
        transport = _parameter(request, "transport")
        if transport not in ("polling", "websocket"):
            raise Refused(UNKNOWN_TRANSPORT)
        if _parameter(request, "EIO") != "4":
            raise Refused(UNSUPPORTED_VERSION)
        _check_upgrade(request, transport)
        if "sid" not in request.query:
            return await self._open(request, transport, headers)
        # "The server MUST return an HTTP 400 response if the session ID is not known."
        session = self.sockets.get(_parameter(request, "sid"))
        if session is None:
            raise Refused(UNKNOWN_SID)
        if transport == "websocket":
            return await self._upgrade(session, request, headers)
        if session.upgraded:
            raise Refused(BAD_REQUEST)
        if request.method == "GET":
            return await poll(session, request, headers)
        if request.method != "POST":
            raise Refused(BAD_HANDSHAKE_METHOD)
        await push(session, request, self.max_http_buffer_size)
        # "To indicate success, the server MUST return an HTTP 200 response, with the string `ok` in the response body."
        return web.Response(text="ok", headers=headers)

    async def _open(self, request: web.Request, transport: str, headers: dict[str, str]) -> web.StreamResponse:
        if request.method != "GET":
            raise Refused(BAD_HANDSHAKE_METHOD)
        if self._closing:
            raise Refused(FORBIDDEN, status=503)
        refusal = self._admit(request) if self._admit is not None else None
        if refusal is not None:
            raise Refused((FORBIDDEN[0], refusal), status=429)
        if transport == "polling":
            session = await self._session(request, ["websocket"])
            return await poll(session, request, headers)
        socket = await websocket.accept(request, self.max_http_buffer_size, headers)
        session = await self._session(request, [])
        await websocket.carry(session, socket, request)
        return socket

    async def _session(self, request: web.Request, upgrades: list[str]) -> Session:
        session = Session(self, self.generate_id())
        self.sockets[session.sid] = session
        await self._call("connect", session.sid, Visit.of(request))
        session.post(
            [open_frame(session.sid, upgrades, self.ping_interval, self.ping_timeout, self.max_http_buffer_size)]
        )
        session.heartbeat.start()
        return session

    async def _upgrade(self, session: Session, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
        socket = await websocket.accept(request, self.max_http_buffer_size, headers)
        # "A client MUST NOT open more than one WebSocket connection per session. Should it happen, the server MUST
        # close the WebSocket connection": the second, the first has done nothing wrong.
        second = session.upgraded or session.probing
        if not second and await websocket.take_over(session, socket, request.transport, self.upgrade_timeout):
            await websocket.carry(session, socket, request)
        else:
            await websocket.refuse(socket)
        return socket


def _parameter(request: web.Request, name: str) -> str:
    values = request.query.getall(name, [])
    return values[0] if len(values) == 1 else ""


def _check_upgrade(request: web.Request, transport: str) -> None:
    wanted = request.headers.get("Upgrade", "").lower() == "websocket"
    if wanted != (transport == "websocket") or (wanted and request.method != "GET"):
        raise Refused(BAD_REQUEST)
    if wanted and request.headers.get("Sec-WebSocket-Version") != "13":
        # RFC 6455 section 4.2.2: "the server MUST abort the WebSocket handshake [...] and instead send an appropriate
        # HTTP error code (such as 426 Upgrade Required) and a |Sec-WebSocket-Version| header field". aiohttp takes 7
        # and 8 too.
        raise Refused(BAD_REQUEST, status=426, headers={"Sec-WebSocket-Version": "13"})
