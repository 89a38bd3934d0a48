"""Requests that are no requests, or name sessions, methods and lengths as they should not."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from conformance.wire.bench import Bench
from conformance.wire.case import WireCase
from conformance.wire.clients import DIRECT, Session
from conformance.wire.malformed.input import End, malformed
from conformance.wire.malformed.polling import ends

_LONG: Final = "x" * 100_000
_PATH: Final = b"/socket.io/"
"""Where these requests go, unless the target is elsewhere."""
_UPGRADE: Final = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"


def _requests(family: str, table: Mapping[str, Sequence[bytes]]) -> list[WireCase]:
    """Return cases of raw requests by strangers, who are owed nothing: only others are looked at."""
    return [
        malformed(f"polling/{family}/{name}", End.EITHER, "robust/2", partial(_sends, segments))
        for name, segments in table.items()
    ]


async def _sends(segments: Sequence[bytes], bench: Bench) -> None:
    stranger = bench.stranger()
    here = [segment.replace(_PATH, stranger.address.path.encode()) for segment in segments]
    await stranger.exchange(f"{b''.join(here)[:60]!r} …", *here, within_s=bench.ground.quiet_s / 4)


def _queries(table: Mapping[str, str]) -> list[WireCase]:
    return [
        malformed(f"polling/sid/{name}", End.EITHER, "polling/1", partial(_asks, sid)) for name, sid in table.items()
    ]


async def _asks(sid: str, bench: Bench) -> None:
    """Name a session that there is not, by GET, POST and WebSocket; nobody may get one by that."""
    bench.needs("polling")
    stranger = bench.stranger()
    for method in ("GET", "POST"):
        answer = await stranger.http(method, f"EIO=4&transport=polling&sid={sid}", "3" if method == "POST" else "")
        refused = answer is not None and (answer.status == 0 or 400 <= answer.status < 500)
        bench.require(refused, f"{method} is refused", answer, "wire/polling/1")
    _, socket = await bench.ask(f"{DIRECT}&sid={sid}")
    if socket is not None:
        await socket.until(lambda: bool(socket.closed or socket.inbox), bench.ground.quiet_s)
        bench.require(not socket.heard("0"), "no session by the ID of none", socket.inbox, "wire/polling/1")


def _sessions(family: str, end: End, cites: str, table: Mapping[str, Callable[[Session], bytes]]) -> list[WireCase]:
    """Return cases of raw requests within a session, which ends as it must."""
    return [
        malformed(f"polling/{family}/{name}", end, cites, partial(_within, make, end)) for name, make in table.items()
    ]


async def _within(make: Callable[[Session], bytes], end: End, bench: Bench) -> None:
    session = await bench.session()
    request = make(session)
    head = request.split(b"\r\n\r\n")[0].decode("latin-1")
    await session.exchange(head[:150], request, within_s=bench.ground.quiet_s / 4)
    await ends(bench, session, end)


def _post(session: Session, body: bytes, **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return session.address.request("POST", session.query(), body, session.headers(named))


def _method(name: str) -> Callable[[Session], bytes]:
    return lambda session: session.address.request(name, session.query(), b"", session.headers())


def _query(text: str) -> Callable[[Session], bytes]:
    return lambda session: session.address.request("GET", text.format(session.sid), b"", session.headers())


CASES: Final = (
    *_requests(
        "http",
        {
            "no-request": (b"GARBAGE\r\n\r\n",),
            "binary": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",),
            "version-9": (b"GET / HTTP/9\r\n\r\n",),
            "path-of-other-bytes": (b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",),
            "path-with-nul": (b"GET /socket.io/\0?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n",),
            "path-bad-escape": (b"GET /socket.io/?EIO=4&transport=%zz HTTP/1.1\r\nHost: x\r\n\r\n",),
            "header-without-colon": (b"GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\nA\r\n\r\n",),
            "header-of-100-kB": (b"GET /socket.io/ HTTP/1.1\r\nHost: x\r\nX: " + _LONG.encode() + b"\r\n\r\n",),
            "a-thousand-headers": (b"GET /socket.io/ HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 1000 + b"\r\n",),
            "query-of-100-kB": (
                b"GET /socket.io/?EIO=4&transport=" + _LONG.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n",
            ),
            "half-open": (b"",),
            "half-a-head": (b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n",),
            "a-head-that-trickles": tuple(bytes([one]) for one in b"GET /socket.io/?EIO=4&tran"),
            "a-websocket-without-key": (_UPGRADE + b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",),
            "a-websocket-with-a-short-key": (
                _UPGRADE + b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n",
            ),
            "another-upgrade": (_UPGRADE + b"Upgrade: h2c\r\n\r\n",),
            "expect-continue": (
                b"POST /socket.io/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
            ),
        },
    ),
    *_queries(
        {
            "empty-but-there": "%20",
            "nul": "%00",
            "long": "x" * 5000,
            "path": "..%2F..%2Fetc%2Fpasswd",
            "proto": "__proto__",
            "constructor": "constructor",
            "unicode": "%F0%9F%98%8A",
            "no-utf8": "%FF%FE",
            "line-feed": "a%0D%0AX-Injected:%20b",
            "array": "a&sid[]=b",
        }
    ),
    *_sessions(
        "method",
        End.SERVES,
        "packet/4",
        {name.lower(): _method(name) for name in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "REHEARSE")},
    ),
    *_sessions(
        "query",
        End.EITHER,
        "robust/1",
        {
            "another-transport": _query("EIO=4&transport=rehearsal&sid={}"),
            "version-3": _query("EIO=3&transport=polling&sid={}"),
            "websocket-without-upgrade": _query("EIO=4&transport=websocket&sid={}"),
            "two-sids": _query("EIO=4&transport=polling&sid=nobody&sid={}"),
            "two-transports": _query("EIO=4&transport=rehearsal&transport=polling&sid={}"),
        },
    ),
    *_sessions(
        "length",
        End.EITHER,
        "robust/1",
        {
            "too-great-and-gone": lambda session: _post(session, b"3", Content_Length="100"),
            "too-small": lambda session: _post(session, b'42["rehearsal"]', Content_Length="1"),
            "negative": lambda session: _post(session, b"3", Content_Length="-1"),
            "letters": lambda session: _post(session, b"3", Content_Length="one"),
            "enormous": lambda session: _post(session, b"3", Content_Length="99999999999999"),
            "and-chunked": lambda session: _post(
                session, b"1\r\n3\r\n0\r\n\r\n", Content_Length="3", Transfer_Encoding="chunked"
            ),
            "chunk-of-letters": lambda session: _post(session, b"zz\r\n3\r\n0\r\n\r\n", Transfer_Encoding="chunked"),
            "chunk-too-long": lambda session: _post(session, b"fffffffff\r\n3", Transfer_Encoding="chunked"),
            "chunks-without-end": lambda session: _post(session, b"1\r\n3\r\n", Transfer_Encoding="chunked"),
        },
    ),
)
