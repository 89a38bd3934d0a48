"""One lie each: a small change of our own server, or of its HTTP, and the case that sees it."""

import ast
import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from reference_server.strict import StrictServer, engine, frames, heartbeat, polling, session, websocket
from reference_server.strict.errors import ProtocolError
from reference_server.strict.frames import Frame, PacketType
from reference_server.strict.packet import CONNECT, StrictPacket

from .echoing import Echoing

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Lie:
    """What is changed, and who sees it."""

    requirement: str
    case: str
    patches: Sequence[tuple[object, str, object]] = ()
    """Object, attribute, and what stands there instead."""
    http: Any = None
    application: type[Echoing] = Echoing
    settings: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.case.removeprefix("wire/").replace("/", "-")


# ---- handshakes ------------------------------------------------------------------------------------------------------


def says_less(sid: str, upgrades: list[str], *numbers: float) -> Frame:
    return Frame(frames.open_frame(sid, upgrades, *numbers).payload.replace(b'"maxPayload"', b'"max"'))  # type: ignore[arg-type]


def offers_more(sid: str, _upgrades: list[str], *numbers: float) -> Frame:
    return frames.open_frame(sid, ["websocket"], *numbers)  # type: ignore[arg-type]


def is_lenient(request: web.Request, name: str) -> str:
    values = {"EIO": "4", "transport": "websocket" if "Upgrade" in request.headers else "polling"}
    return values.get(name, request.query.get(name, ""))


async def opens_for_anybody(
    self: engine.StrictEngine, request: web.Request, transport: str, headers: dict[str, str]
) -> web.StreamResponse:
    return await polling.poll(await self._session(request, []), request, headers)


# ---- HTTP ------------------------------------------------------------------------------------------------------------


def answering(when: Callable[[web.Request], bool], status: int, body: str) -> Any:
    """Return a middleware that answers some requests itself, after they have been handled."""

    @web.middleware
    async def lie(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        return web.Response(status=status, text=body) if when(request) else answer

    return lie


def of_nobody(method: str) -> Callable[[web.Request], bool]:
    return lambda request: request.method == method and request.query.get("sid") == "nobody"


def is_upgraded(request: web.Request) -> bool:
    return "sid" in request.query and "Upgrade" not in request.headers and request.method == "GET"


@web.middleware
async def holds_strangers(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.query.get("sid") != "nobody" or "Upgrade" not in request.headers:
        return await handler(request)
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for _ in socket:
        pass
    return socket


@web.middleware
async def wants_a_type(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.method == "POST" and "Content-Type" not in request.headers:
        return web.Response(status=415)
    return await handler(request)


NextFrames = polling._next_frames


async def brings_noops(one: session.Session, request: web.Request) -> list[Frame]:
    waiting = await NextFrames(one, request)
    return waiting if waiting[0].payload.startswith(b"0") else [frames.NOOP]


def sends_bytes_as_they_are(parts: Iterable[Frame]) -> bytes:
    return b"\x1e".join(b"b" + part.payload if part.binary else part.payload for part in parts)


# ---- sessions --------------------------------------------------------------------------------------------------------

Receive = session.Session.receive


async def ignores_close(self: session.Session, packet: frames.Packet) -> None:
    if packet.type is not PacketType.CLOSE:
        await Receive(self, packet)


def closes_at_a_ping(self: session.Session) -> None:
    self.close(session.PING_TIMEOUT)


def pings_for_every_pong(self: heartbeat.Heartbeat) -> None:
    self._ping()


def nothing(*_arguments: object) -> None:
    pass


def closes_everybody(self: session.Session, error: ProtocolError) -> None:
    for one in list(self.owner.sockets.values()):  # type: ignore[attr-defined]  # a StrictEngine
        one.close(session.PARSE_ERROR)


# ---- WebSockets ------------------------------------------------------------------------------------------------------

Probe = websocket._probe


async def loses_what_waits(one: session.Session, socket: web.WebSocketResponse) -> bool:
    done = await Probe(one, socket)
    one.outbound.clear()
    return done


async def waits(*_arguments: object) -> None:
    await asyncio.sleep(3600)


async def accepts_and_keeps(request: web.Request, max_message: int, headers: dict[str, str]) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(autoclose=False)
    await socket.prepare(request)
    return socket


async def reads_past_the_close(one: session.Session, socket: web.WebSocketResponse) -> None:
    while True:
        message = await socket.receive()
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
            await waits()
        await one.receive(frames.decode_text(str(message.data)))


async def accepts_any_text(request: web.Request, max_message: int, headers: dict[str, str]) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(decode_text=False)
    await socket.prepare(request)
    return socket


def decodes_any_text(text: str) -> frames.Packet:
    return frames.decode_text(ast.literal_eval(text).decode("latin-1"))


# ---- Socket.IO -------------------------------------------------------------------------------------------------------

Frames = StrictPacket.frames


def forgets_the_sid(self: StrictPacket) -> list[Frame]:
    if self.packet_type == CONNECT:
        self.data = {}
    return Frames(self)


def swaps_attachments(self: StrictPacket) -> list[Frame]:
    head, *rest = Frames(self)
    return [head, *reversed(rest)]


async def leaves_all(self: StrictServer, eio_sid: str, _namespace: str) -> None:
    await self.eio.disconnect(eio_sid)


async def minds_an_ack(*_arguments: object) -> None:
    raise ProtocolError("nobody asked")


class Forgetful(Echoing):
    def echo(self, sid: str, *args: Any) -> None:
        self.server.broadcast(self.namespace, sid, "echoed", *args[:-1], None)


class Miscounting(Echoing):
    def acknowledge(self, sid: str, ack: int, *args: Any) -> None:
        super().acknowledge(sid, ack + 1, *args)


class Stammering(Echoing):
    def acknowledge(self, sid: str, ack: int, *args: Any) -> None:
        for _ in range(2):
            super().acknowledge(sid, ack, *args)


class Talkative(Echoing):
    def unasked(self, sid: str) -> None:
        super().acknowledge(sid, 0)


class Objecting(Echoing):
    def acknowledge(self, sid: str, ack: int, *args: Any) -> None:
        eio_sid = self.server.manager.eio_sid_from_sid(sid, self.namespace)
        self.server.eio.post(eio_sid, [Frame(b"43%d[}" % ack)])


class Touchy(Echoing):
    async def unknown(self, sid: str) -> None:
        await self.server.disconnect(sid, self.namespace)
        await self.server.eio.disconnect()


FAST = {"ping_interval": 0.5, "ping_timeout": 3.0}

LIES = [
    Lie("handshake/1", "handshake/polling-opens", [(engine, "open_frame", says_less)]),
    Lie("handshake/1", "handshake/websocket-opens", [(engine, "open_frame", says_less)]),
    Lie("handshake/2", "handshake/polling-without-version", [(engine, "_parameter", is_lenient)]),
    Lie("handshake/3", "handshake/websocket-with-unknown-version", [(engine, "_parameter", is_lenient)]),
    Lie("handshake/4", "handshake/other-methods-open-nothing", [(engine.StrictEngine, "_open", opens_for_anybody)]),
    Lie("handshake/6", "handshake/websocket-has-no-upgrades", [(engine, "open_frame", offers_more)]),
    Lie(
        "handshake/7",
        "handshake/sessions-have-ids-of-their-own",
        [(engine.StrictEngine, "generate_id", lambda _self: "same")],
    ),
    Lie("polling/1", "polling/get-of-an-unknown-session", http=answering(of_nobody("GET"), 404, "")),
    Lie("polling/2", "polling/post-of-an-unknown-session", http=answering(of_nobody("POST"), 200, "ok")),
    Lie("polling/6", "polling/a-poll-brings-what-there-is", [(polling, "_next_frames", brings_noops)]),
    Lie("polling/8", "polling/binary-is-base64", [(polling, "encode_payload", sends_bytes_as_they_are)]),
    Lie("polling/9", "polling/no-content-type-means-text", http=wants_a_type),
    Lie(
        "engine/3",
        "malformed/ws/utf8/latin-1",
        [(websocket, "accept", accepts_any_text), (websocket, "decode_text", decodes_any_text)],
    ),
    Lie(
        "heartbeat/1",
        "heartbeat/pings-over-websocket",
        [(session.Session, "_ping", nothing), (session.Session, "_lapse", nothing)],
        settings=FAST,
    ),
    Lie(
        "heartbeat/1",
        "heartbeat/pings-over-polling",
        [(session.Session, "_ping", nothing), (session.Session, "_lapse", nothing)],
        settings=FAST,
    ),
    Lie("heartbeat/2", "heartbeat/silence-over-websocket", [(session.Session, "_lapse", nothing)], settings=FAST),
    Lie("heartbeat/2", "heartbeat/silence-over-polling", [(session.Session, "_lapse", nothing)], settings=FAST),
    Lie(
        "heartbeat/3",
        "heartbeat/nobody-is-closed-before-the-time-is-up",
        [(session.Session, "_ping", closes_at_a_ping)],
        settings=FAST,
    ),
    Lie("heartbeat/3", "heartbeat/pings-over-websocket", [(session.Session, "_ping", closes_at_a_ping)], settings=FAST),
    Lie(
        "heartbeat/4",
        "heartbeat/pongs-that-nobody-asked-for",
        [(heartbeat.Heartbeat, "pong", pings_for_every_pong)],
        settings=FAST,
    ),
    Lie("close/1", "close/a-close-packet-over-websocket", [(session.Session, "receive", ignores_close)]),
    Lie("close/2", "close/a-close-packet-over-polling", [(session.Session, "receive", ignores_close)]),
    Lie("close/3", "close/a-close-packet-ends-a-pending-poll", [(polling, "NOOP", Frame(b"4"))]),
    Lie(
        "close/4",
        "close/a-close-frame",
        [(websocket, "accept", accepts_and_keeps), (websocket, "_read", reads_past_the_close)],
    ),
    Lie("upgrade/1", "upgrade/a-probe-is-answered", [(websocket, "PROBE_ANSWER", Frame(b"3"))]),
    Lie("upgrade/2", "upgrade/a-pending-poll-ends", [(polling, "NOOP", Frame(b"4"))]),
    Lie("upgrade/3", "upgrade/nothing-is-lost-on-the-way", [(websocket, "_probe", loses_what_waits)]),
    Lie("upgrade/4", "upgrade/http-is-refused-later", http=answering(is_upgraded, 200, "6")),
    Lie("upgrade/5", "upgrade/a-second-websocket-later", [(websocket, "refuse", waits)]),
    Lie("upgrade/5", "upgrade/a-second-websocket-of-a-session-that-began-with-one", [(websocket, "refuse", waits)]),
    Lie("upgrade/6", "upgrade/a-websocket-for-an-unknown-session", http=holds_strangers),
    Lie("namespace/1", "namespace/connect", [(StrictPacket, "frames", forgets_the_sid)]),
    Lie("namespace/5", "namespace/two-at-a-time", [(StrictServer, "_handle_disconnect", leaves_all)]),
    Lie("namespace/6", "namespace/disconnect", [(StrictServer, "_handle_disconnect", waits)]),
    Lie("event/2", "event/nobody-handles-it", application=Touchy),
    Lie("event/3", "event/an-echo", application=Forgetful),
    Lie("ack/1", "ack/with-the-same-id", application=Miscounting),
    Lie("ack/1", "ack/with-the-same-id", application=Stammering),
    Lie("ack/2", "ack/its-payload-is-an-array", application=Objecting),
    Lie("ack/3", "ack/none-without-an-id", application=Talkative),
    Lie("ack/4", "malformed/ws/ack/unasked", [(StrictServer, "_handle_ack", minds_an_ack)]),
    Lie("binary/1", "binary/an-echo-with-attachments", [(StrictPacket, "frames", swaps_attachments)]),
    Lie("binary/2", "binary/an-ack-with-attachments", [(StrictPacket, "frames", swaps_attachments)]),
    Lie("packet/4", "malformed/ws/event/depth-30", settings={"max_depth": 10}),
    Lie("robust/2", "malformed/ws/packet/letters", [(session.Session, "fail", closes_everybody)]),
]
