"""Handshakes: who gets a session, and what the others are told."""

import asyncio
import json

import pytest
from aiohttp import web

from .rig import Closed, request, run, serving, until

UNKNOWN_TRANSPORT = {"code": 0, "message": "Transport unknown"}
UNKNOWN_SID = {"code": 1, "message": "Session ID unknown"}
BAD_METHOD = {"code": 2, "message": "Bad handshake method"}
BAD_REQUEST = {"code": 3, "message": "Bad request"}
UNSUPPORTED = {"code": 5, "message": "Unsupported protocol version"}


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [
        # "If a mandatory query parameter is missing, then the server MUST respond with an HTTP 400 error status."
        ("GET", "", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4&transport=abc", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4&transport=constructor", UNKNOWN_TRANSPORT),
        ("GET", "EIO=4&transport=polling&transport=websocket", UNKNOWN_TRANSPORT),
        ("GET", "transport=polling", UNSUPPORTED),
        ("GET", "EIO=3&transport=polling", UNSUPPORTED),
        ("GET", "EIO=abc&transport=polling", UNSUPPORTED),
        ("GET", "EIO=%EF%BC%94&transport=polling", UNSUPPORTED),
        ("GET", "EIO=4&EIO=4&transport=polling", UNSUPPORTED),
        # "The server MUST return an HTTP 400 response if the session ID is not known."
        ("GET", "EIO=4&transport=polling&sid=nobody", UNKNOWN_SID),
        ("POST", "EIO=4&transport=polling&sid=nobody", UNKNOWN_SID),
        ("GET", "EIO=4&transport=polling&sid=", UNKNOWN_SID),
        ("POST", "EIO=4&transport=polling", BAD_METHOD),
        ("PUT", "EIO=4&transport=polling", BAD_METHOD),
        ("DELETE", "EIO=4&transport=polling", BAD_METHOD),
        ("GET", "EIO=4&transport=websocket", BAD_REQUEST),
    ],
)
def test_bad_requests(method: str, query: str, expected: dict[str, object]) -> None:
    async def test() -> None:
        async with serving() as rig:
            answer = await rig.http(method, query)
            assert (answer.status, answer.json()) == (400, expected)
            assert rig.server.connections() == 0

    run(test())


@pytest.mark.parametrize(
    "line", [b"GARBAGE", b"GET /\xff HTTP/1.1", b"GET / HTTP/9", b"GET /socket.io/?EIO=4 HTTP/1.1\r\nA"]
)
def test_what_is_not_http_gets_one_line_in_the_log(line: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving() as rig:
            witness = await rig.websocket()
            assert (await rig.raw(line + b"\r\n\r\n")).status == 400
            assert await witness.fence() == []

    run(test())
    # for the first request of a connection aiohttp takes an unknown method to be TLS, and says nothing
    assert [record.levelname for record in caplog.records] == ([] if line == b"GARBAGE" else ["WARNING"])


def test_other_methods_on_a_session_are_refused_and_it_lives_on() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            for method in ("PUT", "DELETE", "PATCH"):
                assert (await rig.http(method, f"EIO=4&transport=polling&sid={sid}")).json() == BAD_METHOD
            assert (await rig.post(sid, '421["echo"]')).status == 200
            assert (await rig.get(sid)).body == b"431[]"

    run(test())


@pytest.mark.parametrize("version", ["8", "7", "12", "14", "0", "13, 8", ""])
def test_only_websocket_version_13_is_spoken(version: str) -> None:
    async def test() -> None:
        async with serving() as rig:
            status, _ = await rig.handshake("EIO=4&transport=websocket", version)
            assert status == 426
            assert rig.server.connections() == 0

    run(test())


@pytest.mark.parametrize(
    "query", ["EIO=3&transport=websocket", "EIO=4", "EIO=4&transport=polling", "EIO=4&transport=websocket&sid=x"]
)
def test_bad_websocket_handshakes(query: str) -> None:
    async def test() -> None:
        async with serving() as rig:
            status, _ = await rig.handshake(query)
            assert status == 400
            assert rig.server.connections() == 0

    run(test())


def test_a_handshake_may_be_refused_before_anything_is_kept() -> None:
    async def test() -> None:
        asked: list[str | None] = []

        def admit(request: web.Request) -> str | None:
            asked.append(request.remote)
            return "Rate limit exceeded" if len(asked) > 2 else None

        async with serving(admit=admit) as rig:
            sid = await rig.polling()
            socket = await rig.websocket()
            answer = await rig.http("GET", "EIO=4&transport=polling")
            assert (answer.status, answer.json()) == (429, {"code": 4, "message": "Rate limit exceeded"})
            assert (await rig.handshake("EIO=4&transport=websocket"))[0] == 429
            assert asked == ["127.0.0.1"] * 4
            assert rig.server.connections() == 2
            rig.server.broadcast("/", None, "those inside")
            assert (await rig.get(sid)).status == 200  # are not asked again
            assert await socket.fence() == ['42["those inside"]']
            assert len(asked) == 4

    run(test())


def test_shutdown_tells_everybody_and_ends_within_a_second() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket, sid = await rig.websocket(), await rig.polling()
            pending = asyncio.create_task(rig.get(sid))
            probe = await rig.probe(sid)  # an upgrade that hangs, and a POST that does
            reader, writer = await rig.connect()
            writer.write(request("POST", f"EIO=4&transport=polling&sid={sid}", b'42["echo"]')[:-3])
            session = rig.server.eio.sockets[sid]
            await until(lambda: session.polling and len(session.listening) == 2)
            start = asyncio.get_running_loop().time()
            await rig.server.shutdown()
            assert asyncio.get_running_loop().time() - start < 1
            assert await socket.close_code() == 1001
            assert (await pending).body == b"1"
            assert (await probe.close_code(), await reader.read()) == (0, b"")
            assert {rig.application.gone.get_nowait()[1] for _ in range(2)} == {"server disconnect"}
            assert (await rig.http("GET", "EIO=4&transport=polling")).status == 503

    run(test())


def test_a_client_that_vanishes_in_its_handshake_leaves_nothing() -> None:
    async def test() -> None:
        async with serving(connect_timeout=0.2) as rig:
            for _ in range(20):
                _, writer = await rig.connect()
                writer.write(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n")
                await writer.drain()
                writer.transport.abort()
            for _ in range(20):
                (await rig.websocket(join=None)).abort()
            await until(lambda: not rig.server.connections())
            assert (rig.server.environ, rig.server._lobby, rig.server._dropped) == ({}, {}, {})

    run(test())


@pytest.mark.parametrize(
    ("allowed", "origin", "status", "header"),
    [
        ("*", "http://page.example", 200, "*"),
        (["*"], "http://page.example", 200, "*"),
        (["http://page.example"], "http://page.example", 200, "http://page.example"),
        (["http://page.example"], "http://localhost", 200, "http://localhost"),  # the server's own
        (["http://page.example"], "http://evil.example", 403, None),
        ("http://page.example", "http://page.example.evil.example", 403, None),
        ((), "null", 403, None),
        ((), None, 200, None),
    ],
)
def test_origins(allowed: list[str] | str, origin: str | None, status: int, header: str | None) -> None:
    async def test() -> None:
        async with serving(cors_allowed_origins=allowed) as rig:
            headers = {} if origin is None else {"Origin": origin}
            answer = await rig.http("GET", "EIO=4&transport=polling", headers=headers)
            assert (answer.status, answer.headers.get("access-control-allow-origin")) == (status, header)
            preflight = await rig.http("OPTIONS", "", headers=headers | {"Access-Control-Request-Headers": "x-a"})
            assert preflight.status == (204 if status == 200 else status)
            if header is not None:
                assert preflight.headers["access-control-allow-headers"] == "x-a"

    run(test())


def test_the_sessions_of_two_servers_are_their_own() -> None:
    async def test() -> None:
        async with serving() as one, serving() as other:
            sid = await one.polling()
            assert (await other.get(sid)).json() == UNKNOWN_SID
            socket = await other.websocket()
            one.server.broadcast("/", None, "here only")
            assert await socket.fence() == []
            assert json.loads((await other.get(sid)).body) == UNKNOWN_SID
            socket.abort()
            with pytest.raises(Closed):
                await socket.receive()

    run(test())
