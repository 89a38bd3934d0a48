"""HTTP long-polling over raw sockets."""

import asyncio
import json

import pytest

from .rig import Rig, request, run, serving, stop_reading, until


def packets(body: bytes) -> list[str]:
    return body.decode().split("\x1e")


def test_events_and_acks_pass_both_ways() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid, other = await rig.polling(), await rig.websocket()
            posted = await rig.post(sid, '42["say","hi"]\x1e421["echo",2]')
            # "the server MUST return an HTTP 200 response, with the string `ok` in the response body"
            assert (posted.status, posted.body) == (200, b"ok")
            assert (await rig.get(sid)).body == b"431[2]"
            assert await other.receive() == '42["said","hi"]'

    run(test())


def test_binary_passes_both_ways() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid, other = await rig.polling(), await rig.websocket()
            await rig.post(sid, '451-7["say",{"_placeholder":true,"num":0}]\x1ebAQIDBA==')
            assert packets((await rig.get(sid)).body) == ['461-7[{"_placeholder":true,"num":0}]', "bAQIDBA=="]
            assert await other.receive() == '451-["said",{"_placeholder":true,"num":0}]'
            assert await other.receive() == b"\1\2\3\4"
            # the same attachment to listeners on both transports: each gets it in its own encoding
            rig.server.broadcast("/", None, "both", b"\5")
            assert packets((await rig.get(sid)).body)[1] == "bBQ=="
            assert [await other.receive(), await other.receive()][1] == b"\5"

    run(test())


def test_all_packets_of_a_payload_are_handled() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            await rig.post(sid, "\x1e".join(f'42{n}["echo",{n}]' for n in range(500)))
            assert packets((await rig.get(sid)).body) == [f"43{n}[{n}]" for n in range(500)]

    run(test())


async def whole(rig: Rig, *segments: bytes, size: int) -> None:
    answer = await rig.raw(*segments)
    assert (answer.status, answer.body) == (200, b"ok")
    assert rig.application.events == [("echo", ("x" * size,))]


def test_a_body_in_several_segments_is_read_whole() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            raw = request("POST", f"EIO=4&transport=polling&sid={sid}", b'42["echo","' + b"x" * 100 + b'"]')
            await whole(rig, raw[:-60], raw[-60:-30], raw[-30:], size=100)

    run(test())


def test_a_long_body_is_read_whole() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            body = b'42["echo","' + b"x" * 999_987 + b'"]'
            assert len(body) == 1_000_000
            await whole(rig, request("POST", f"EIO=4&transport=polling&sid={sid}", body), size=999_987)

    run(test())


def chunked(sid: str, body: bytes, chunk: int) -> bytes:
    headers = {"Transfer-Encoding": "chunked", "Content-Type": "text/plain"}
    parts = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    encoded = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return request("POST", f"EIO=4&transport=polling&sid={sid}", b"", headers) + encoded + b"0\r\n\r\n"


def test_a_chunked_body_is_read_whole() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            await whole(rig, chunked(sid, b'42["echo","' + b"x" * 1_000 + b'"]', 100), size=1_000)

    run(test())


@pytest.mark.parametrize("encoding", ["length", "chunked"])
def test_a_body_over_the_limit_is_answered_and_closes(encoding: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving() as rig:
            sid, witness = await rig.polling(), await rig.websocket()
            body = b"4" + b"x" * 1_000_000
            raw = request("POST", f"EIO=4&transport=polling&sid={sid}", body)
            answer = await rig.raw(raw if encoding == "length" else chunked(sid, body, 60_000))
            assert answer.status == 413
            assert (await rig.get(sid)).status == 400
            assert await witness.fence() == []

    run(test())
    assert len(caplog.records) == 1


MUST_CLOSE: list[bytes] = [
    *[
        b"",
        b"\x1e",
        b"abc",
        b"4",
        b"4abc",
        b"\xff\xfe",
        b'42["echo","\xc3"]',
        b"b***",
        b"bAQ",
        b"bAQIDBA==",
        b"0",
        b"2",
    ],
    *[b'42["connect"]', b"44", b"42{}", b'42["echo",NaN]', b'42["echo",1e999]', b"40", "\u06642[]".encode()],
    *[b'451-["echo",{"_placeholder":true,"num":0}]\x1e42["echo"]', b"d=4hello"],
]


@pytest.mark.parametrize("body", MUST_CLOSE)
def test_protocol_errors_close(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving() as rig:
            sid, witness = await rig.polling(), await rig.websocket()
            pending = asyncio.create_task(rig.get(sid))
            await until(lambda: rig.server.eio.sockets[sid].polling)
            answer = await rig.post(sid, body)
            assert (answer.status, answer.json()) == (400, {"code": 3, "message": "Bad request"})
            assert (await pending).body == b"1"
            assert (await rig.get(sid)).status == 400
            assert (await rig.post(sid, '42["echo"]')).status == 400
            assert (await rig.application.next_gone())[1] == "parse error"
            assert await witness.fence() == []

    run(test())
    assert len(caplog.records) == 1


def test_a_broken_packet_ends_its_payload() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            assert (await rig.post(sid, '42["echo",1]\x1e4abc\x1e42["echo",2]')).status == 400
            assert rig.application.events == [("echo", (1,))]

    run(test())


def test_a_binary_body_closes() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            assert (await rig.post(sid, b"\1\2", {"Content-Type": "application/octet-stream"})).status == 400
            assert (await rig.get(sid)).status == 400

    run(test())


def test_a_second_poll_closes() -> None:
    """ "a client MUST NOT have more than one active `GET` request. Should it happen, the server MUST return an HTTP 400
    error status and close the session."
    """

    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            first = asyncio.create_task(rig.get(sid))
            await until(lambda: rig.server.eio.sockets[sid].polling)
            assert (await rig.get(sid)).status == 400
            assert (await first).body == b"1"
            assert (await rig.get(sid)).status == 400

    run(test())


def test_a_second_post_closes() -> None:
    """ "a client MUST NOT have more than one active `POST` request." """

    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            raw = request("POST", f"EIO=4&transport=polling&sid={sid}", b'42["echo"]')
            _, writer = await rig.connect()
            writer.write(raw[:-3])
            await until(lambda: rig.server.eio.sockets[sid].posting)
            assert (await rig.post(sid, '42["echo"]')).status == 400
            assert (await rig.get(sid)).status == 400
            assert rig.application.events == []

    run(test())


def test_an_aborted_poll_is_a_departure_and_eats_nothing() -> None:
    """The session ends, as the official suite wants it: no event can vanish into a poll that nobody reads."""

    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            _, writer = await rig.connect()
            writer.write(request("GET", f"EIO=4&transport=polling&sid={sid}"))
            await until(lambda: rig.server.eio.sockets[sid].polling)
            writer.transport.abort()
            assert (await rig.application.next_gone())[1] == "transport close"
            rig.server.broadcast("/", None, "late")
            assert (await rig.get(sid)).status == 400

    run(test())


def test_an_aborted_post_does_nothing_and_closes() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            raw = request("POST", f"EIO=4&transport=polling&sid={sid}", b'42["echo"]\x1e42["echo"]')
            _, writer = await rig.connect()
            writer.write(raw[:-12])
            await until(lambda: rig.server.eio.sockets[sid].posting)
            writer.transport.abort()
            assert (await rig.application.next_gone())[1] == "transport close"
            assert rig.application.events == []

    run(test())


def test_a_post_that_trickles_does_not_outlive_the_ping_timeout() -> None:
    async def test() -> None:
        async with serving(ping_timeout=0.3) as rig:
            sid = await rig.polling()
            reader, writer = await rig.connect()
            writer.write(request("POST", f"EIO=4&transport=polling&sid={sid}", b'42["echo"]')[:-3])
            async with asyncio.timeout(5):
                assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 400")

    run(test())


def test_close_frees_the_transport() -> None:
    """ "close: Used to indicate that a transport can be closed."."""

    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            pending = asyncio.create_task(rig.get(sid))
            await until(lambda: rig.server.eio.sockets[sid].polling)
            assert (await rig.post(sid, '1\x1e42["echo"]')).body == b"ok"
            assert (await pending).body == b"6"
            assert (await rig.get(sid)).status == 400
            assert rig.application.events == []
            assert await rig.application.next_gone() == (rig.application.sids[0], "client disconnect")

    run(test())


def test_a_client_that_never_polls_is_dropped() -> None:
    async def test() -> None:
        async with serving(max_outbound_bytes=200_000) as rig:
            lazy, witness = await rig.polling(), await rig.websocket()
            for _ in range(10):
                rig.server.broadcast("/", None, "much", "x" * 50_000)
                assert len(await witness.fence()) == 1
            assert (await rig.application.next_gone())[1] == "transport error"
            assert (await rig.get(lazy)).status == 400

    run(test())


def test_a_client_that_polls_and_does_not_read_is_dropped() -> None:
    async def test() -> None:
        async with serving(max_outbound_bytes=20_000_000) as rig:
            sid, witness = await rig.polling(), await rig.websocket()
            _, writer = await rig.connect()
            writer.write(request("GET", f"EIO=4&transport=polling&sid={sid}"))
            stop_reading(writer)
            session = rig.server.eio.sockets[sid]
            await until(lambda: session.polling)
            rig.server.broadcast("/", None, "much", "x" * 15_000_000)  # more than the kernel takes
            await until(lambda: session.carrier is not None)
            rig.server.broadcast("/", None, "much", "x" * 15_000_000)
            rig.server.broadcast("/", None, "much", "x" * 15_000_000)
            assert (await rig.application.next_gone())[1] == "transport error"
            await until(lambda: not session.polling)  # the connection was cut, nothing hangs on
            witness.abort()

    run(test())


def test_http_after_an_upgrade_is_refused() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            socket = await rig.probe(sid)
            socket.send("2probe")
            assert await socket.receive() == "3probe"
            socket.send("5")
            await socket.fence()
            assert (await rig.get(sid)).status == 400
            assert (await rig.post(sid, '42["echo"]')).status == 400
            assert await socket.fence() == []

    run(test())


def test_keep_alive_carries_a_whole_conversation() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            reader, writer = await rig.connect()
            for n in range(50):
                writer.write(request("POST", f"EIO=4&transport=polling&sid={sid}", f'42{n}["echo"]'.encode()))
                await reader.readuntil(b"ok")
                writer.write(request("GET", f"EIO=4&transport=polling&sid={sid}"))
                await reader.readuntil(f"43{n}[]".encode())

    run(test())


def test_the_open_packet() -> None:
    async def test() -> None:
        async with serving(ping_interval=2.5) as rig:
            opened = await rig.http("GET", "EIO=4&transport=polling")
            assert opened.headers["content-type"] == "text/plain; charset=utf-8"
            handshake = json.loads(opened.body[1:])
            assert len(handshake.pop("sid")) == 20
            assert handshake == {
                "upgrades": ["websocket"],
                "pingInterval": 2500,
                "pingTimeout": 60_000,
                "maxPayload": 1_000_000,
            }

    run(test())
