"""HTTP and WebSocket with every byte chosen: what a client says here need not be what a client may say."""

import asyncio
import base64
import os
import ssl
import time
import urllib.parse
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from protocols.errors import TargetUnreachable, WireError

Text: TypeAlias = str | bytes
"""A WebSocket message, or a body: text or binary."""

MAX_BYTES: Final = 64_000_000
"""A message of the target beyond this is not read to its end."""
_BUFFER: Final = 2**22
_TAIL: Final = b"\x00\x00\xff\xff"  # what permessage-deflate leaves out at the end of each message


@dataclass(frozen=True, slots=True)
class Address:
    """Where a target listens."""

    url: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def authority(self) -> str:
        """Host and port as in the header `Host`."""
        return urllib.parse.urlsplit(self.url).netloc.rpartition("@")[2]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a TCP connection, or one of TLS; raises TargetUnreachable."""
        parts = urllib.parse.urlsplit(self.url)
        secure = parts.scheme in {"https", "wss"}
        try:
            return await asyncio.open_connection(
                parts.hostname, parts.port or (443 if secure else 80), limit=_BUFFER, ssl=_tls() if secure else None
            )
        except OSError as error:
            raise TargetUnreachable(f"{self.url} cannot be reached: {error}") from error

    def request(self, method: str, query: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
        """Encode a request; a header given as empty is left out."""
        fields = {"Host": self.authority, **self.headers, **(headers or {})}
        if method in {"POST", "PUT", "PATCH"} and "Transfer-Encoding" not in fields:
            fields.setdefault("Content-Length", str(len(body)))
            fields.setdefault("Content-Type", "text/plain;charset=UTF-8")
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        return f"{method} {self.path}?{query} HTTP/1.1\r\n{lines}\r\n".encode() + body


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for an HTTP request; status 0 where the connection just ended."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""

    def __str__(self) -> str:
        return f"HTTP {self.status}" if self.status else "the end of the TCP connection"


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Read a whole answer; an end of the connection before that is an answer of its own."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        if status == 101 or status == 204:
            return Answer(status, headers)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return Answer(status, headers, await _chunks(reader))
        if (length := headers.get("content-length")) is not None:
            return Answer(status, headers, await reader.readexactly(int(length)))
        return Answer(status, headers, await reader.read(MAX_BYTES))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError, IndexError):
        return Answer(0)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    return body


def frame(opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """Encode a WebSocket frame of a client."""
    mask = 0x80 if masked else 0
    first = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    size = len(payload)
    if size < 126:
        head = first + bytes([mask | size])
    elif size < 65536:
        head = first + bytes([mask | 126]) + size.to_bytes(2, "big")
    else:
        head = first + bytes([mask | 127]) + size.to_bytes(8, "big")
    return head + (b"\0\0\0\0" if masked else b"") + payload  # a mask of zeros is a mask


def message(data: Text) -> bytes:
    """Encode a whole WebSocket message."""
    return frame(1, data.encode("utf-8", "surrogatepass")) if isinstance(data, str) else frame(2, data)


def upgrade_headers(*, version: str = "13", deflate: bool = False) -> dict[str, str]:
    """Return the headers that ask for a WebSocket."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": version,
    }
    if deflate:
        headers["Sec-WebSocket-Extensions"] = (
            "permessage-deflate; client_no_context_takeover; server_no_context_takeover"
        )
    return headers


class FrameReader:
    """Reads WebSocket messages, put together from their frames."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._parts = bytearray()
        self._kind = 0
        self._deflated = False

    async def next(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next message or control frame.

        Raises asyncio.IncompleteReadError and OSError at the end, WireError for what is no WebSocket.
        """
        while True:
            first, second = await self._reader.readexactly(2)
            size = second & 0x7F
            if size > 125:
                size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
            if second & 0x80 or size > MAX_BYTES:
                raise WireError("a masked frame of a server" if second & 0x80 else f"a frame of {size} bytes")
            payload = await self._reader.readexactly(size)
            opcode = first & 0xF
            if opcode >= 8:
                return opcode, payload
            if opcode:
                self._kind, self._deflated = opcode, bool(first & 0x40)
            self._parts += payload
            if first & 0x80:
                whole, self._parts = bytes(self._parts), bytearray()
                return self._kind, _inflated(whole) if self._deflated else whole


def _inflated(data: bytes) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data + _TAIL)


def deflated(data: bytes) -> bytes:
    """Compress a message as permessage-deflate does."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_TAIL)


async def exchange(
    address: Address,
    segments: Sequence[bytes],
    pause_s: float,
    writers: list[asyncio.StreamWriter],
    sent: asyncio.Event | None = None,
) -> Answer:
    """Send a request in TCP segments on a connection of its own and read the answer; `sent` is set in between."""
    reader, writer = await address.connect()
    writers.append(writer)
    for index, segment in enumerate(segments):
        if index:
            await asyncio.sleep(pause_s)  # or the kernel would send them together
        writer.write(segment)
    await writer.drain()
    if sent is not None:
        sent.set()
    answer = await read_answer(reader)
    writer.transport.abort()
    return answer


def now() -> float:
    """Seconds of a clock that only goes forward."""
    return time.monotonic()
