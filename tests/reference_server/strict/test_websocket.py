"""WebSocket over raw sockets: as a transport, and as the end of an upgrade."""

import asyncio
import json
import resource
import socket as sockets
from pathlib import Path
from typing import cast

import pytest

from .rig import Closed, Rig, WebSocket, read_answer, request, run, serving, stop_reading, until

STATM = Path("/proc/self/statm")
needs_statm = pytest.mark.skipif(not STATM.exists(), reason="only Linux tells how much memory is in use now")


def memory() -> int:
    """Bytes of this process in RAM."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


async def upgraded(rig: Rig, sid: str) -> WebSocket:
    socket = await rig.probe(sid)
    socket.send("2probe")
    assert await socket.receive() == "3probe"
    socket.send("5")
    return socket


def test_a_message_of_the_limit_passes_and_one_over_it_closes_only_its_own(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving() as rig:
            big, other = await rig.websocket(), await rig.websocket()
            big.send('42["echo","' + "x" * 999_987 + '"]')
            await big.fence()
            assert caplog.records == []
            big.send('42["echo","' + "x" * 999_988 + '"]')
            assert await big.close_code() == 1009
            assert await other.fence() == []
            assert len(rig.application.events) == 3

    run(test())
    assert len(caplog.records) == 1


def test_a_fragmented_message_counts_as_one() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            socket.writer.write(b"\x01\x8a\0\0\0\0" + b'421["echo"' + b"\x80\x81\0\0\0\0" + b"]")
            assert await socket.receive() == "431[]"
            for opcode in [0x01] + [0x00] * 20:
                socket.writer.write(
                    bytes([opcode, 0x80 | 127]) + (60_000).to_bytes(8, "big") + b"\0" * 4 + b"x" * 60_000
                )
            assert await socket.close_code() in (1009, 0)

    run(test())


@needs_statm
def test_parked_attachments_are_bounded() -> None:
    async def test() -> None:
        async with serving() as rig:
            sockets_ = [await rig.websocket() for _ in range(3)]
            before = memory()
            for socket in sockets_:
                socket.send('4510-["echo",{"_placeholder":true,"num":0}]')
                socket.send(*[bytes(1_000_000)] * 9)
            await until(lambda: all(len(packet.attachments) == 9 for packet in rig.server._parked.values()))
            assert memory() - before < 60_000_000
            for socket in sockets_:
                socket.send('42["echo"]')
                assert await socket.close_code() == 1002
            await until(lambda: not rig.server._parked)

    run(test())


def test_ten_attachments_pass_and_eleven_do_not() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            holes = ",".join(f'{{"_placeholder":true,"num":{n}}}' for n in range(10))
            socket.send(f'4510-1["echo",{holes}]', *[bytes([n]) for n in range(10)])
            assert await socket.receive() == f"4610-1[{holes}]"
            assert [await socket.receive() for _ in range(10)] == [bytes([n]) for n in range(10)]
            socket.send(f'4511-["echo",{holes}]')
            assert await socket.close_code() == 1002

    run(test())


@needs_statm
def test_who_does_not_read_is_dropped_and_nobody_else_harmed(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving() as rig:
            slow = await rig.websocket()
            (session,) = rig.server.eio.sockets.values()
            reader = await rig.websocket()
            raw = slow.writer.get_extra_info("socket")
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
            stop_reading(slow.writer)
            before = peak = memory()
            for n in range(150):
                rig.server.broadcast("/", None, "much", n, "x" * 900_000)
                message = await reader.receive()
                assert str(message).startswith(f'42["much",{n},')
                peak = max(peak, memory())
            assert await rig.application.next_gone() == (rig.application.sids[0], "transport error")
            assert (rig.server.connections(), len(session.outbound.take())) == (1, 0)
            assert session.carrier is None  # cut off long ago
            assert peak - before < 40_000_000  # of 135 MB that were sent
            assert await reader.fence() == []

    run(test())
    assert len(caplog.records) == 1


def test_who_reads_late_hears_all_of_it_in_order() -> None:
    """What the transport takes at once, what waits behind it, and what is sent when nothing waits any more."""

    async def test() -> None:
        async with serving(max_outbound_bytes=50_000_000) as rig:
            socket = await rig.websocket()
            (session,) = rig.server.eio.sockets.values()
            stop_reading(socket.writer)
            sent = 0
            while not session.outbound:  # until the kernel and the transport have taken what they take
                rig.server.broadcast("/", None, "n", sent, "x" * 60_000)
                sent += 1
            for _ in range(3):
                rig.server.broadcast("/", None, "n", sent, "")
                sent += 1
            cast("asyncio.Transport", socket.writer.transport).resume_reading()
            await until(lambda: not session.outbound)
            rig.server.broadcast("/", None, "n", sent, "")
            heard = [json.loads(str(await socket.receive())[2:])[1] for _ in range(sent + 1)]
            assert heard == list(range(sent + 1))

    run(test())


def test_one_turn_may_bring_more_than_is_written_in_one_piece() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            for n in range(300):
                rig.server.broadcast("/", None, "n", n, "x" * 1000)
            heard = [json.loads(str(await socket.receive())[2:])[1] for _ in range(300)]
            assert heard == list(range(300))
            assert await socket.fence() == []

    run(test())


@pytest.mark.logs_errors
def test_a_transport_that_fails_costs_the_others_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with serving() as rig:
            await rig.websocket()
            other = await rig.websocket()
            broken, _ = rig.server.eio.sockets.values()
            with monkeypatch.context() as patch:
                patch.setattr(broken.fast_path, "_transport", None)
                rig.server.broadcast("/", None, "n")
                assert await other.receive() == '42["n"]'

    run(test())
    assert [record.message for record in caplog.records] == ["fault while a WebSocket was written to"]


def test_an_upgrade_loses_and_reorders_nothing() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            pending = asyncio.create_task(rig.get(sid))
            await until(lambda: rig.server.eio.sockets[sid].polling)
            socket = await rig.probe(sid)
            socket.send("2probe")
            assert await socket.receive() == "3probe"
            # "send a `noop` packet to any pending `GET` request to cleanly close HTTP long-polling transport"
            assert (await pending).body == b"6"
            rig.server.broadcast("/", None, "between")
            socket.send("5")
            rig.server.broadcast("/", None, "after")
            assert await socket.fence() == ['42["between"]', '42["after"]']
            assert rig.server.transport(rig.application.sids[0]) == "websocket"

    run(test())


def test_what_a_poll_is_still_bringing_comes_before_the_websocket() -> None:
    async def test() -> None:
        async with serving(max_outbound_bytes=50_000_000) as rig:
            sid = await rig.polling()
            reader, writer = await rig.connect()
            writer.write(request("GET", f"EIO=4&transport=polling&sid={sid}"))
            stop_reading(writer)
            session = rig.server.eio.sockets[sid]
            await until(lambda: session.polling)
            rig.server.broadcast("/", None, "first", "x" * 15_000_000)  # more than the kernel takes
            await until(lambda: session.carrier is not None)
            socket = await rig.probe(sid)
            socket.send("2probe")
            assert await socket.receive() == "3probe"
            rig.server.broadcast("/", None, "second")
            socket.send("5")
            second = asyncio.create_task(socket.receive())
            done, _ = await asyncio.wait([second], timeout=0.3)
            assert not done
            cast("asyncio.Transport", writer.transport).resume_reading()
            assert (await read_answer(reader)).body.endswith(b'xxx"]')
            assert await second == '42["second"]'

    run(test())


@pytest.mark.parametrize(
    "said", [[], ["2probe"], ["nonsense"], ["4hello"], [b"2probe"], ["2probe", "4hello"], ["2probe", b"5"]]
)
@pytest.mark.parametrize("then", ["stalls", "dies"])
def test_an_upgrade_that_fails_leaves_polling_as_it_was(said: list[str | bytes], then: str) -> None:
    async def test() -> None:
        async with serving(upgrade_timeout=1.5 if then == "stalls" else 10.0) as rig:
            sid = await rig.polling()
            socket = await rig.probe(sid)
            socket.send(*said)
            if said[:1] == ["2probe"]:
                assert await socket.receive() == "3probe"
            if then == "dies":
                socket.abort()
            else:
                assert await socket.close_code() == 1008
            session = rig.server.eio.sockets[sid]
            await until(lambda: not session.probing)
            assert not session.upgrading
            rig.server.broadcast("/", None, "still here")
            assert (await rig.get(sid)).body == b'42["still here"]'
            assert await (await upgraded(rig, sid)).fence() == []  # and it may try again

    run(test())


def test_a_stalled_upgrade_is_no_busy_loop() -> None:
    async def test() -> None:
        async with serving(upgrade_timeout=1.0) as rig:
            sid = await rig.polling()
            socket = await rig.probe(sid)
            socket.send("2probe")
            assert await socket.receive() == "3probe"
            rig.server.broadcast("/", None, "kept")
            bodies = [(await rig.get(sid)).body]
            while bodies[-1] == b"6":
                bodies.append((await rig.get(sid)).body)
            assert bodies[-1] == b'42["kept"]'
            assert len(bodies) <= 40  # ten a second; a busy loop would make hundreds

    run(test())


def test_a_second_websocket_is_closed_and_the_first_stays() -> None:
    """ "A client MUST NOT open more than one WebSocket connection per session. Should it happen, the server MUST close
    the WebSocket connection."
    """

    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            first = await rig.probe(sid)
            assert await (await rig.probe(sid)).close_code() == 1008
            first.send("2probe")
            assert await first.receive() == "3probe"
            assert await (await rig.probe(sid)).close_code() == 1008
            first.send("5")
            await first.fence()
            second = await rig.probe(sid)
            second.send("2probe", "5", '42["echo","hijacked"]')
            assert await second.close_code() == 1008
            assert await first.fence() == []
            assert ("echo", ("hijacked",)) not in rig.application.events

    run(test())


def test_a_session_that_ends_while_it_upgrades_takes_the_websocket_along() -> None:
    async def test() -> None:
        async with serving() as rig:
            sid = await rig.polling()
            socket = await rig.probe(sid)
            socket.send("2probe")
            assert await socket.receive() == "3probe"
            assert (await rig.post(sid, "1")).body == b"ok"
            socket.send("5")
            with pytest.raises(Closed):
                await socket.receive()
            assert rig.server.connections() == 0

    run(test())


def test_a_websocket_for_a_session_that_has_one_from_birth_is_closed() -> None:
    async def test() -> None:
        async with serving() as rig:
            born = await rig.websocket()
            (sid,) = rig.server.eio.sockets
            assert await (await rig.probe(sid)).close_code() == 1008
            assert await born.fence() == []

    run(test())


def test_who_neither_reads_nor_behaves_is_cut() -> None:
    async def test() -> None:
        async with serving(max_outbound_bytes=50_000_000) as rig:
            socket = await rig.websocket()
            stop_reading(socket.writer)
            for _ in range(20):
                rig.server.broadcast("/", None, "much", "x" * 900_000)  # more than the kernel takes
            (session,) = rig.server.eio.sockets.values()
            socket.send("4abc")
            assert (await rig.application.next_gone())[1] == "parse error"
            await until(lambda: session.carrier is None, within=5)

    run(test())


def test_frames_that_rfc_6455_forbids_close(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving() as rig:
            for opcode, payload, code in [(1, b'42["\xff"]', 1007), (3, b"", 1002), (9, b"x" * 126, 1002)]:
                socket = await rig.websocket()
                socket.frame(opcode, payload)
                assert await socket.close_code() == code

    run(test())
    assert len(caplog.records) == 3


@pytest.mark.parametrize("before", [b"", b"\x81\x81\0\0\0\x003"], ids=["at once", "after one with a mask"])
def test_a_frame_without_a_mask_closes(before: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """ "The server MUST close the connection upon receiving a frame that is not masked." """

    async def test() -> None:
        async with serving() as rig:
            witness, socket = await rig.websocket(), await rig.websocket()
            socket.writer.write(before + b"\x81\x013")
            assert await socket.close_code() == 1002
            assert await witness.fence() == []

    run(test())
    assert len(caplog.records) == 1


def test_a_client_that_does_not_answer_the_close_is_cut() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            socket.send("1")
            assert await socket.close_code() == 1000
            async with asyncio.timeout(5):
                assert await socket.reader.read() == b""

    run(test())
