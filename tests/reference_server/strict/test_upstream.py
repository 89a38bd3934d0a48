"""What stock python-socketio still does. When one of these fails, upstream has mended it and our piece can go."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pytest
import socketio

from .rig import Visitor, listening, request, run, until

pytestmark = pytest.mark.logs_errors


@dataclass
class Stock(Visitor):
    server: Any
    calls: list[tuple[Any, ...]]


@asynccontextmanager
async def stock(**settings: Any) -> AsyncIterator[Stock]:
    quiet = logging.getLogger("stock")
    server = socketio.AsyncServer(
        async_mode="aiohttp",
        async_handlers=False,
        logger=quiet,
        engineio_logger=quiet,
        **{"ping_interval": 25, "ping_timeout": 60} | settings,
    )
    calls: list[tuple[Any, ...]] = []

    async def connect(_sid: str, _environ: Any, auth: Any) -> None:
        calls.append(("connect", auth))

    async def echo(_sid: str, *args: Any) -> tuple[Any, ...]:
        calls.append(("echo", *args))
        return args

    server.on("connect", connect)
    server.on("echo", echo)
    async with listening(server) as port:
        visitor = Stock(port, server, calls)
        try:
            yield visitor
        finally:
            await visitor.leave()
            for session in list(server.eio.sockets.values()):
                await session.close(wait=False, abort=True)
                session.queue.put_nowait(None)
            await server.shutdown()


def test_the_layer_is_written_for_these_versions() -> None:
    installed = {name: version(name) for name in ("python-socketio", "python-engineio", "aiohttp")}
    assert {name: number.rpartition(".")[0] for name, number in installed.items()} == {
        "python-socketio": "5.18",
        "python-engineio": "4.15",
        "aiohttp": "3.14",
    }


def test_fractions_of_a_second_are_cut_from_the_ping_interval() -> None:
    async def test() -> None:
        async with stock(ping_interval=2.5) as rig:
            opened = await rig.http("GET", "EIO=4&transport=polling")
            assert json.loads(opened.body[1:])["pingInterval"] == 2000

    run(test())


@pytest.mark.parametrize("message", ["4abc", "42{}", "4true", "44", "2", '42["echo",', "41{}"])
def test_protocol_errors_do_not_close(message: str) -> None:
    async def test() -> None:
        async with stock() as rig:
            socket = await rig.websocket()
            socket.send(message, message, "40/unknown,")
            assert await socket.receive() == '44/unknown,"Unable to connect"'  # and it should be an object

    run(test())


def test_digits_of_other_scripts_count() -> None:
    async def test() -> None:
        async with stock() as rig:
            socket = await rig.websocket()
            socket.send('\uff14\uff121["echo"]')
            assert await socket.receive() == "431[]"

    run(test())


def test_a_client_can_call_the_connect_handler() -> None:
    async def test() -> None:
        async with stock() as rig:
            socket = await rig.websocket()
            socket.send('42["connect",{},{"token":"admin"}]')
            await socket.fence()
            assert rig.calls[1] == ("connect", {"token": "admin"})

    run(test())


def test_numbers_that_json_does_not_have_are_passed_on() -> None:
    async def test() -> None:
        async with stock() as rig:
            socket = await rig.websocket()
            socket.send('421["echo",1e999,NaN]')
            assert await socket.receive() == "431[Infinity,NaN]"

    run(test())


def test_an_ack_of_id_0_breaks_later_acks() -> None:
    async def test() -> None:
        async with stock() as rig:
            socket = await rig.websocket()
            await rig.server.emit("asked", callback=print)
            assert await socket.receive() == '421["asked"]'
            socket.send("430[]")
            await asyncio.sleep(0)
            await socket.fence()
            with pytest.raises(KeyError):
                await rig.server.emit("asked", callback=print)

    run(test())


def test_close_leaves_the_websocket_open() -> None:
    async def test() -> None:
        async with stock() as rig:
            socket = await rig.websocket()
            socket.send("1")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await socket.close_code()

    run(test())


def test_a_body_in_two_segments_is_cut_and_called_ok() -> None:
    async def test() -> None:
        async with stock() as rig:
            sid = await rig.polling()
            raw = request("POST", f"EIO=4&transport=polling&sid={sid}", b'42["echo","whole"]')
            answer = await rig.raw(raw[:-9], raw[-9:])
            assert (answer.status, answer.body) == (200, b"OK")  # and it should be `ok`
            assert ("echo", "whole") not in rig.calls

    run(test())


def test_a_payload_of_17_packets_is_lost_and_called_ok() -> None:
    async def test() -> None:
        async with stock() as rig:
            sid = await rig.polling()
            assert (await rig.post(sid, "\x1e".join(['42["echo"]'] * 17))).status == 200
            assert ("echo",) not in rig.calls

    run(test())


def test_a_second_poll_is_let_in() -> None:
    async def test() -> None:
        async with stock() as rig:
            sid = await rig.polling()
            polls = [asyncio.create_task(rig.get(sid)) for _ in range(2)]
            done, _ = await asyncio.wait(polls, timeout=0.3)
            assert not done
            for poll in polls:
                poll.cancel()

    run(test())


def test_websocket_version_8_is_spoken() -> None:
    async def test() -> None:
        async with stock() as rig:
            assert (await rig.handshake("EIO=4&transport=websocket", "8"))[0] == 101

    run(test())


def test_attachments_are_parked_without_bound() -> None:
    async def test() -> None:
        async with stock() as rig:
            socket = await rig.websocket()
            socket.send('45999-["echo"]', *[b"x"] * 50)
            parked = rig.server._binary_packet
            await until(lambda: any(len(packet.attachments) == 50 for packet in parked.values()))

    run(test())


def test_binary_for_polling_and_websocket_listeners_is_encoded_for_the_first() -> None:
    async def test() -> None:
        async with stock() as rig:
            sid = await rig.polling()
            socket = await rig.websocket()
            poll = asyncio.create_task(rig.get(sid))
            await until(lambda: bool(rig.server.eio.sockets[sid].queue._getters))  # the poll is waiting
            await rig.server.emit("both", b"\5")
            await poll
            assert (await socket.receive(), await socket.receive())[1] == "bBQ=="  # text, where bytes are due

    run(test())
