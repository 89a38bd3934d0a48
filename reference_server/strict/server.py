"""The Socket.IO server: who may enter a namespace, and what a packet means there."""

import asyncio
import logging
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import replace
from typing import Any, cast

import socketio
from aiohttp import web

from reference_server.strict.engine import Admit, StrictEngine
from reference_server.strict.errors import ProtocolError
from reference_server.strict.frames import Frame
from reference_server.strict.handler import Guest, Handler, Refusal, Visit
from reference_server.strict.json import Json
from reference_server.strict.manager import StrictManager
from reference_server.strict.packet import ACK, BINARY_EVENT, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT, StrictPacket
from reference_server.strict.session import SERVER_DISCONNECT

logger = logging.getLogger(__name__)

# Upstream says much at INFO, the client's payloads included; what it reports as an error is heard.
library = logging.getLogger(f"{__name__}.library")
library.setLevel(logging.ERROR)

INVALID_NAMESPACE = Refusal("Invalid namespace")


class StrictServer(socketio.AsyncServer):  # type: ignore[misc]  # python-socketio has no types
    """A Socket.IO v5 server for aiohttp that closes on every protocol error and bounds what a client may cost.

    - `ping_interval`: seconds between a client's answer and the next question whether it is there.
    - `ping_timeout`: seconds it has to answer, and to send the whole body of a POST.
    - `max_http_buffer_size`: bytes of one WebSocket message or POST body.
    - `connect_timeout`: seconds a connection may be in no namespace.
    - `upgrade_timeout`: seconds an upgrade to WebSocket may take.
    - `max_outbound_bytes`: bytes that may wait for one client before it is dropped.
    - `max_depth`: arrays and objects inside each other in one payload.
    - `max_attachments`: binary attachments of one packet, each at most `max_http_buffer_size` long.
    - `cors_allowed_origins`: the origins besides the server's own, or "*".
    - `admit`: asked at every handshake; a string refuses it with HTTP 429 and becomes the `message` of the body.
    """

    def __init__(
        self,
        *,
        ping_interval: float = 25.0,
        ping_timeout: float = 60.0,
        max_http_buffer_size: int = 1_000_000,
        connect_timeout: float = 45.0,
        upgrade_timeout: float = 10.0,
        max_outbound_bytes: int = 4_000_000,
        max_depth: int = 64,
        max_attachments: int = 10,
        cors_allowed_origins: Collection[str] | str = (),
        admit: Admit | None = None,
    ) -> None:
        super().__init__(
            client_manager=StrictManager(),
            logger=library,
            serializer=StrictPacket,
            async_handlers=False,  # else two events of one client may overtake each other
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            max_http_buffer_size=max_http_buffer_size,
            max_outbound_bytes=max_outbound_bytes,
            upgrade_timeout=upgrade_timeout,
            cors_allowed_origins=cors_allowed_origins,
            admit=admit,
            log=library,
        )
        self._max_depth, self._max_attachments = max_depth, max_attachments
        self._connect_timeout = connect_timeout
        self._served: dict[str, Handler[Any]] = {}  # by namespace; each has its own type of guest
        self._parked: dict[str, StrictPacket] = {}  # by Engine.IO id: packets that wait for their attachments
        self._lobby: dict[str, asyncio.TimerHandle] = {}  # by Engine.IO id: those in no namespace
        self._departures: set[asyncio.Task[None]] = set()
        self._dropped: dict[str, set[str]] = {}  # by Engine.IO id: the namespaces we have sent it away from

    def serve(self, namespace: str, handler: Handler[Guest]) -> None:
        """Open a namespace: `"/"`, or a path such as `"/space"`."""
        self._served[namespace] = handler

    def attach(self, app: web.Application, socketio_path: str = "socket.io") -> None:
        """Serve `/<socketio_path>/` of the application; its shutdown closes all connections."""
        self.eio.attach(app, socketio_path)
        app.on_shutdown.append(self._on_shutdown)

    def broadcast(
        self, namespace: str, room: str | None, event: str, *args: object, skip_sid: str | None = None
    ) -> None:
        """Emit an event to a room, to one client (its sid is a room) or to the whole namespace (None), at once."""
        self.tell(namespace, room, self.encode(namespace, event, *args), skip_sid=skip_sid)

    def encode(self, namespace: str, event: str, *args: object) -> Sequence[Frame]:
        """Return an event as it goes on the wire, for those who tell it to several rooms."""
        return StrictPacket(EVENT, [event, *args], namespace).frames()

    def tell(self, namespace: str, room: str | None, frames: Sequence[Frame], *, skip_sid: str | None = None) -> None:
        """Emit what is encoded, as `broadcast` does."""
        self.manager.fan_out(namespace, room, frames, () if skip_sid is None else (skip_sid,))

    def acknowledge(self, sid: str, namespace: str, ack: int, *args: object) -> None:
        """Answer an event that asked for it; a client that is gone or was sent away hears nothing."""
        if self.is_connected(sid, namespace):
            eio_sid = self.manager.eio_sid_from_sid(sid, namespace)
            self.eio.post(eio_sid, StrictPacket(ACK, list(args), namespace, ack).frames())

    def enter(self, sid: str, namespace: str, room: str) -> None:
        """Put a client into a room; one that is gone stays gone."""
        if self.is_connected(sid, namespace):
            self.manager.basic_enter_room(sid, namespace, room)

    def leave(self, sid: str, namespace: str, room: str) -> None:
        """Take a client out of a room, if it is there."""
        self.manager.basic_leave_room(sid, namespace, room)

    def is_connected(self, sid: str, namespace: str) -> bool:
        """Say whether the client is in the namespace and not on its way out."""
        return bool(self.manager.is_connected(sid, namespace))

    def connections(self, namespace: str | None = None) -> int:
        """Count the clients of a namespace, or the connections of all."""
        if namespace is None:
            return len(self.eio.sockets)
        return len(self.manager.rooms.get(namespace, {}).get(None, {}))

    def visit(self, sid: str, namespace: str) -> Visit | None:
        """Look up what the client's handshake said, its address among it; None once it is gone."""
        visit: Visit | None = self.get_environ(sid, namespace)
        return visit

    def drop(self, sid: str, namespace: str) -> None:
        """Send a client away from a namespace, at once; its connection may serve others.

        It hears nothing more and counts as gone from here on; its `disconnect` is called when the loop gets to it.
        """
        departure = self._drop(sid, namespace)
        if departure is not None:
            task = asyncio.get_running_loop().create_task(departure)
            self._departures.add(task)
            task.add_done_callback(self._departures.discard)

    async def disconnect(self, sid: str, namespace: str = "/", ignore_queue: bool = False) -> None:
        """Do what `drop` does, and wait until the `disconnect` of the handler is done."""
        departure = self._drop(sid, namespace)
        if departure is not None:
            await departure

    async def shutdown(self) -> None:
        """Close all connections and wait until every departure has been handled."""
        await super().shutdown()
        await asyncio.gather(*self._departures)

    def _drop(self, sid: str, namespace: str) -> Coroutine[None, None, None] | None:
        if not self.is_connected(sid, namespace):
            return None
        eio_sid: str = self.manager.pre_disconnect(sid, namespace)
        # What it sent before it heard of this is no protocol error.
        self._dropped.setdefault(eio_sid, set()).add(namespace)
        self.eio.post(eio_sid, StrictPacket(DISCONNECT, namespace=namespace).frames())
        return self._depart(sid, eio_sid, namespace)

    async def _depart(self, sid: str, eio_sid: str, namespace: str) -> None:
        await self._trigger_event("disconnect", namespace, sid, SERVER_DISCONNECT)
        await self.manager.disconnect(sid, namespace)
        self._wait_in_lobby(eio_sid)

    async def _handle_eio_connect(self, eio_sid: str, environ: Visit) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        self._wait_in_lobby(eio_sid)

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        packet = self._assemble(eio_sid, data)
        if packet is None:
            return
        namespace = packet.namespace
        if packet.packet_type == CONNECT:
            await self._enter(eio_sid, namespace, packet.data)
        elif packet.packet_type in (EVENT, BINARY_EVENT):
            await self._handle_event(eio_sid, namespace, packet.id, cast("list[Any]", packet.data))
        elif not self._is_inside(eio_sid, namespace):
            pass  # sent away while its attachments came in
        elif packet.packet_type == DISCONNECT:
            await self._handle_disconnect(eio_sid, namespace)
            self._wait_in_lobby(eio_sid)
        else:
            await self._handle_ack(eio_sid, namespace, packet.id, packet.data)

    def _assemble(self, eio_sid: str, data: str | bytes) -> StrictPacket | None:
        """Give the next whole packet, or None while attachments are due or when it came too late to matter."""
        packet = self._parked.get(eio_sid)
        if packet is not None:
            if not packet.add_attachment(data):
                return None
            return self._parked.pop(eio_sid)
        packet = StrictPacket.parse(data, self._max_attachments, self._max_depth)
        if packet.attachment_count:
            self._check_inside(eio_sid, packet.namespace)
            self._parked[eio_sid] = packet
            return None
        if packet.packet_type != CONNECT:
            self._check_inside(eio_sid, packet.namespace)
        return packet

    def _is_inside(self, eio_sid: str, namespace: str) -> bool:
        return self.manager.sid_from_eio_sid(eio_sid, namespace) is not None

    def _check_inside(self, eio_sid: str, namespace: str) -> None:
        # "If the server does not receive a `CONNECT` packet first, then it MUST close the connection immediately."
        if not self._is_inside(eio_sid, namespace) and namespace not in self._dropped.get(eio_sid, ()):
            raise ProtocolError("a packet for a namespace without a CONNECT")

    async def _enter(self, eio_sid: str, namespace: str, auth: Json) -> None:
        """Answer a CONNECT.

        "The server MUST respond with either: a `CONNECT` packet if the connection is successful, with the session ID
        in the payload, or a `CONNECT_ERROR` packet if the connection is not allowed."
        """
        if self._is_inside(eio_sid, namespace):
            raise ProtocolError("a second CONNECT to a namespace")
        handler = self._served.get(namespace)
        if handler is None:
            self._refuse(eio_sid, namespace, INVALID_NAMESPACE)
            return
        visit = replace(self.environ[eio_sid], auth=auth or {})
        try:
            guest = await handler.admit(visit)
        except Exception:
            logger.exception("fault while a client was admitted to %s", namespace)
            guest = Refusal("Internal error")
        if isinstance(guest, Refusal):
            self._refuse(eio_sid, namespace, guest)
        elif eio_sid in self.eio.sockets:  # it may have gone in the meantime
            await self._welcome(eio_sid, namespace, handler, guest)

    def _refuse(self, eio_sid: str, namespace: str, refusal: Refusal) -> None:
        self.eio.post(eio_sid, StrictPacket(CONNECT_ERROR, refusal.payload(), namespace).frames())

    async def _welcome(self, eio_sid: str, namespace: str, handler: Handler[Guest], guest: Guest) -> None:
        sid = await self.manager.pre_connect(eio_sid, namespace)
        self.eio.post(eio_sid, StrictPacket(CONNECT, {"sid": sid}, namespace).frames())
        await self.manager.connect(sid, namespace)
        self._dropped.get(eio_sid, set()).discard(namespace)
        if eio_sid in self._lobby:
            self._lobby.pop(eio_sid).cancel()
        try:
            await handler.connect(sid, guest)
        except Exception:
            logger.exception("%s: fault in the handler of connect", sid)

    async def _handle_event(self, eio_sid: str, namespace: str, ack: int | None, data: list[Any]) -> None:
        """Call the handler; upstream's own way to it knows acks only as the results of handlers."""
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        if sid is None or not self.manager.is_connected(sid, namespace):
            return  # sent away, perhaps while its attachments came in
        name, *args = data
        try:
            await self._served[namespace].event(sid, name, tuple(args), ack)
        except Exception:
            logger.exception("%s: fault in a handler", sid)

    async def _trigger_event(self, event: str, namespace: str, *args: Any) -> None:
        """Tell the handler who is gone, which is all that upstream says this way."""
        assert event == "disconnect", event
        sid, reason = args
        try:
            await self._served[namespace].disconnect(sid, reason)
        except Exception:
            logger.exception("%s: fault in a handler", sid)

    async def _send_packet(self, eio_sid: str, pkt: StrictPacket) -> None:
        self.eio.post(eio_sid, pkt.frames())

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        if eio_sid in self._lobby:
            self._lobby.pop(eio_sid).cancel()
        await super()._handle_eio_disconnect(eio_sid, reason)
        self._parked.pop(eio_sid, None)
        self._dropped.pop(eio_sid, None)

    def _wait_in_lobby(self, eio_sid: str) -> None:
        """Give a connection that is in no namespace its time to enter one."""
        if eio_sid not in self.eio.sockets or any(self._is_inside(eio_sid, name) for name in self._served):
            return
        if eio_sid not in self._lobby:
            loop = asyncio.get_running_loop()
            self._lobby[eio_sid] = loop.call_later(self._connect_timeout, self._expel, eio_sid)

    def _expel(self, eio_sid: str) -> None:
        # "The low-level connection MAY be kept alive if the client is connected to another namespace."
        self._lobby.pop(eio_sid, None)
        session = self.eio.sockets.get(eio_sid)
        if session is not None:
            session.fail(ProtocolError("in no namespace for too long"))

    async def _on_shutdown(self, _app: web.Application) -> None:
        await self.shutdown()

    def _engineio_server_class(self) -> type[StrictEngine]:
        return StrictEngine
