"""A toy protocol, a stock Socket.IO server that speaks it, and servers that keep to nothing."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import socketio
from aiohttp import web

from protocols.contract import Ack, Action, Event, Operation, Protocol
from simulators.endpoint import Endpoint
from simulators.engine import Engine


class Say(Event):
    event_name: ClassVar[str] = "say"
    text: str


class Said(Event):
    event_name: ClassVar[str] = "said"
    text: str


class Ask(Event):
    event_name: ClassVar[str] = "ask"
    text: str


class Answered(Ack):
    text: str


class Leave(Event):
    event_name: ClassVar[str] = "leave"


TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}},
    "additionalProperties": False,
}

TOY = Protocol(
    name="toy",
    title="Toy",
    namespace="/",
    operations=[
        Operation(id="say", action=Action.RECEIVE, event=Say, schema="Text"),
        Operation(id="said", action=Action.SEND, event=Said, schema="Text"),
        Operation(id="ask", action=Action.RECEIVE, event=Ask, schema="Text", ack=Answered, ack_schema="Text"),
        Operation(id="leave", action=Action.RECEIVE, event=Leave, schema=None),
    ],
    requirements=[],
    conditions={},
    schemas={"Text": TEXT},
)


@pytest.fixture(scope="session")
def toy() -> SimpleNamespace:
    """The protocol and its classes, as a generated module would hold them."""
    return SimpleNamespace(PROTOCOL=TOY, Say=Say, Said=Said, Ask=Ask, Answered=Answered, Leave=Leave)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def stock_app() -> web.Application:
    """A server by python-socketio as it comes, but for handling the events of one client one after the other."""
    sio = socketio.AsyncServer(
        async_mode="aiohttp", namespaces=["/", "/room"], ping_interval=1, ping_timeout=1, async_handlers=False
    )

    async def connect(sid: str, environ: dict[str, Any], auth: dict[str, str] | None) -> None:
        if auth and auth.get("token") == "bad":
            raise socketio.exceptions.ConnectionRefusedError("not you", {"code": "E1001"})

    async def say(sid: str, data: dict[str, Any]) -> None:
        await sio.emit("said", data, to=sid)

    async def flood(sid: str, count: int) -> None:
        for number in range(count):
            await sio.emit("said", {"text": str(number)}, to=sid)

    async def ask(sid: str, data: Any) -> Any:
        return data

    async def lie(sid: str, *data: Any) -> None:
        await sio.emit("said", data, to=sid)
        await sio.emit("unknown", to=sid)

    async def kick(sid: str) -> None:
        await sio.disconnect(sid)

    async def want_ack(sid: str) -> None:
        async def heard(*data: Any) -> None:
            await sio.emit("said", {"text": repr(data)}, to=sid)

        await sio.emit("said", {"text": "please"}, to=sid, callback=heard)

    async def where(sid: str) -> Any:
        environ = sio.get_environ(sid)
        return {
            "from": environ["aiohttp.request"].remote,
            "header": environ.get("HTTP_X_WHO"),
            "transport": sio.transport(sid),
        }

    async def in_room(sid: str, data: Any) -> Any:
        return data

    for handler in (connect, say, flood, ask, lie, kick, want_ack, where):
        sio.on(handler.__name__, handler)
    sio.on("ask", in_room, namespace="/room")
    app = web.Application()
    sio.attach(app)
    return app


@pytest.fixture(scope="session")
def stock_url() -> Iterator[str]:
    """The stock server on a free port, in a loop of its own."""

    async def start() -> tuple[web.AppRunner, int]:
        runner = web.AppRunner(stock_app(), access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, runner.addresses[0][1]

    with Engine() as engine:
        runner, port = engine.submit(start())
        yield f"http://127.0.0.1:{port}"
        engine.submit(runner.cleanup())


class Peer:
    """The server's end of one TCP connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        """Read the head of an HTTP request."""
        return await self.reader.readuntil(b"\r\n\r\n")

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def respond(self, status: str, body: bytes) -> None:
        self.send(
            b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)
        )

    async def accept(self) -> None:
        """Answer a WebSocket handshake."""
        found = re.search(rb"Sec-WebSocket-Key: (\S+)", await self.head(), re.IGNORECASE)
        assert found
        digest = hashlib.sha1(found[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        self.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % base64.b64encode(digest)
        )

    def frame(self, payload: bytes, *, opcode: int = 1, fin: bool = True) -> None:
        """Send an unmasked frame of less than 64 KiB."""
        size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2, "big")
        self.send(bytes([(128 if fin else 0) | opcode]) + size + payload)

    async def read_frame(self) -> bytes:
        """Read a frame of less than 64 KiB and return its payload."""
        head = await self.reader.readexactly(2)
        size = head[1] & 127
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2), "big")
        mask = await self.reader.readexactly(4)
        return bytes(byte ^ mask[index % 4] for index, byte in enumerate(await self.reader.readexactly(size)))

    async def connect(self, *, interval_ms: int = 25_000, timeout_ms: int = 20_000) -> None:
        """Go through a whole correct handshake."""
        await self.accept()
        self.frame(handshake(interval_ms, timeout_ms))
        assert await self.read_frame() == b"40"
        self.frame(b'40{"sid":"s"}')


def handshake(interval_ms: int = 25_000, timeout_ms: int = 20_000, upgrades: str = "") -> bytes:
    """Return an OPEN packet."""
    times = f'"pingInterval":{interval_ms},"pingTimeout":{timeout_ms},"maxPayload":1000000'
    return f'0{{"sid":"e","upgrades":[{upgrades}],{times}}}'.encode()


Behaviour = Callable[[Peer], Awaitable[None]]


@pytest.fixture
def hostile() -> Iterator[Callable[[Behaviour], Endpoint]]:
    """Start a server that treats each connection as a function says, and hangs up when that returns."""

    servers: list[asyncio.Server] = []

    async def start(behave: Behaviour) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await behave(Peer(reader, writer))
                await writer.drain()
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass  # the client gave up first, which is what many of them are here for, or the test is over
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    with Engine() as engine:
        yield lambda behave: Endpoint(url=f"http://127.0.0.1:{engine.submit(start(behave))}")
        for server in servers:
            engine.call(server.close)
