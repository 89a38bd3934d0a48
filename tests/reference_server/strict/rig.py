"""A strict server on a free port, and clients that can say anything: they write bytes, not packets."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from aiohttp import web

from reference_server.strict import Json, Refusal, StrictServer, Visit, http_logger

T = TypeVar("T")

# What an answer may take on a busy machine (seconds). The heartbeat, which would close anything, is at 25 + 60.
PATIENCE = 10.0


def run(test: Coroutine[Any, Any, T]) -> T:
    """Run one test to its end, or fail it."""

    async def limited() -> T:
        async with asyncio.timeout(60):
            return await test

    return asyncio.run(limited())


@dataclass
class Application:
    """A handler that writes down what it is told, answers `echo`, and passes `say` on to everybody."""

    server: StrictServer
    namespace: str
    guests: list[Visit] = field(default_factory=list)
    sids: list[str] = field(default_factory=list)
    events: list[tuple[str, tuple[Json, ...]]] = field(default_factory=list)
    gone: asyncio.Queue[tuple[str, str]] = field(default_factory=asyncio.Queue)

    async def admit(self, visit: Visit) -> Visit | Refusal:
        if visit.auth.get("token") == "crash":
            raise RuntimeError("asked for")
        return Refusal("Not authorized", "bad token") if visit.auth.get("token") == "bad" else visit

    async def connect(self, sid: str, guest: Visit) -> None:
        self.guests.append(guest)
        self.sids.append(sid)
        if greeting := guest.auth.get("greet"):
            self.server.broadcast(self.namespace, sid, "hello", greeting)

    async def event(self, sid: str, name: str, args: tuple[Json, ...], ack: int | None) -> None:
        self.events.append((name, args))
        match name:
            case "say":
                self.server.broadcast(self.namespace, None, "said", *args, skip_sid=sid)
            case "leave":
                await self.server.disconnect(sid, self.namespace)
            case "crash":
                raise RuntimeError("asked for")
            case "ignored":
                return
        if ack is not None:
            self.server.acknowledge(sid, self.namespace, ack, *args)

    async def disconnect(self, sid: str, reason: str) -> None:
        self.gone.put_nowait((sid, reason))

    async def next_gone(self) -> tuple[str, str]:
        async with asyncio.timeout(PATIENCE):
            return await self.gone.get()


class Closed(Exception):
    """The server closed the WebSocket; the argument is the close code, or 0 where the TCP connection just ended."""


class WebSocket:
    """A WebSocket client of which every byte can be chosen."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def frame(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            head = bytes([0x80 | opcode, 0x80 | size])
        elif size < 65536:
            head = bytes([0x80 | opcode, 0x80 | 126]) + size.to_bytes(2, "big")
        else:
            head = bytes([0x80 | opcode, 0x80 | 127]) + size.to_bytes(8, "big")
        self.writer.write(head + b"\0\0\0\0" + payload)  # a mask of zeros is a mask

    def send(self, *messages: str | bytes) -> None:
        for message in messages:
            if isinstance(message, str):
                self.frame(1, message.encode())
            else:
                self.frame(2, message)

    async def receive(self) -> str | bytes:
        """Give the next message; a ping of Engine.IO would be one too."""
        async with asyncio.timeout(PATIENCE):
            try:
                head = await self.reader.readexactly(2)
                size = head[1] & 0x7F
                if size > 125:
                    size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
                payload = await self.reader.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                raise Closed(0) from error
        if head[0] & 0xF == 8:
            raise Closed(int.from_bytes(payload[:2], "big"))
        return payload.decode() if head[0] & 0xF == 1 else payload

    async def fence(self) -> list[str | bytes]:
        """Make a round trip through the application, and give what came before its answer."""
        self.send('4277["echo"]')
        before = []
        while (message := await self.receive()) != "4377[]":
            before.append(message)
        return before

    async def close_code(self) -> int:
        """Read on until the server closes; a TimeoutError says it did not."""
        while True:
            try:
                await self.receive()
            except Closed as closed:
                code: int = closed.args[0]
                return code

    def abort(self) -> None:
        self.writer.transport.abort()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Visitor:
    """Whoever speaks to the server on a port."""

    port: int
    writers: list[asyncio.StreamWriter] = field(default_factory=list, kw_only=True)

    async def leave(self) -> None:
        """Hang up wherever it has called."""
        for writer in self.writers:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
        self.writers.append(writer)
        return reader, writer

    async def raw(self, *segments: bytes, pause: float = 0.05) -> Answer:
        """Send an HTTP request in the given TCP segments and read its answer."""
        reader, writer = await self.connect()
        for segment in segments:
            writer.write(segment)
            await asyncio.sleep(pause if len(segments) > 1 else 0)  # so that they are segments
        return await read_answer(reader)

    async def http(self, method: str, query: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        return await self.raw(request(method, query, body, headers))

    async def get(self, sid: str) -> Answer:
        return await self.http("GET", f"EIO=4&transport=polling&sid={sid}")

    async def post(self, sid: str, body: str | bytes, headers: dict[str, str] | None = None) -> Answer:
        data = body.encode() if isinstance(body, str) else body
        return await self.http("POST", f"EIO=4&transport=polling&sid={sid}", data, headers)

    async def polling(self, *, join: bool = True) -> str:
        """Open a polling session, in the namespace unless told otherwise, and give its Engine.IO id."""
        opened = await self.http("GET", "EIO=4&transport=polling")
        sid: str = json.loads(opened.body[1:])["sid"]
        if join:
            assert (await self.post(sid, "40")).status == 200
            assert (await self.get(sid)).body.startswith(b'40{"sid":')
        return sid

    async def handshake(self, query: str, version: str = "13") -> tuple[int, WebSocket]:
        """Ask for a WebSocket; give the HTTP status and the socket."""
        reader, writer = await self.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": version,
        }
        writer.write(request("GET", query, b"", upgrade))
        async with asyncio.timeout(PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1]), WebSocket(reader, writer)

    async def websocket(self, *, join: str | None = "40") -> WebSocket:
        """Open a WebSocket session, in the namespace unless told otherwise."""
        status, socket = await self.handshake("EIO=4&transport=websocket")
        assert status == 101
        assert str(await socket.receive()).startswith("0{")
        if join is not None:
            socket.send(join)
            assert str(await socket.receive()).startswith(join.split("{")[0])
        return socket

    async def probe(self, sid: str) -> WebSocket:
        status, socket = await self.handshake(f"EIO=4&transport=websocket&sid={sid}")
        assert status == 101
        return socket


@dataclass
class Rig(Visitor):
    """The server under test, and who visits it."""

    server: StrictServer
    application: Application


def request(method: str, query: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """Encode an HTTP request to the endpoint."""
    fields = {"Host": "localhost", **(headers or {})}
    if method in ("POST", "PUT") and "Transfer-Encoding" not in fields:
        fields.setdefault("Content-Length", str(len(body)))
        fields.setdefault("Content-Type", "text/plain;charset=UTF-8")
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} /socket.io/?{query} HTTP/1.1\r\n{head}\r\n".encode() + body


def stop_reading(writer: asyncio.StreamWriter) -> None:
    """Take nothing more from the connection: the kernel's buffers fill, then the server's."""
    cast("asyncio.Transport", writer.transport).pause_reading()


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    async with asyncio.timeout(PATIENCE):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(head[0].split()[1]), headers, body)


async def until(condition: Callable[[], bool], within: float = PATIENCE) -> None:
    """Wait until a condition of the server's own state holds; it changes without telling us."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  # the server has no event for it, and shall not get one for us
            await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(server: Any) -> AsyncIterator[int]:
    """Attach a server to a port of its own."""
    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app, access_log=None, logger=http_logger, shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Rig]:
    """Serve `/` and `/other` on a free port. Settings are those of StrictServer, the heartbeat its real 25 s + 60 s."""
    server = StrictServer(**settings)
    application = Application(server, "/")
    server.serve("/", application)
    server.serve("/other", Application(server, "/other"))
    async with listening(server) as port:
        rig = Rig(port, server, application)
        try:
            yield rig
        finally:
            await rig.leave()
    assert server.connections() == 0
