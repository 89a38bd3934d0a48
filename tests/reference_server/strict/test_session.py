"""Protocol errors over a WebSocket: each closes its own connection, once, with one log line, and nothing else."""

import asyncio
import logging

import pytest

from .rig import Closed, run, serving

MUST_CLOSE: list[tuple[str | bytes, ...]] = [
    # Engine.IO: packet types, in ASCII, and only those a client sends
    *[(text,) for text in ("", "abc", "7", '\u06642["echo"]', '\uff142["echo"]', "0", "2", "2probe", " ", "b4AAA")],
    # Socket.IO: the grammar
    *[(text,) for text in ("4", "4abc", "47", "4true", '4"2[\\"echo\\"]"', '4\u00b2["echo"]', '4\uff12["echo"]')],
    *[
        ("42" + text,)
        for text in ("", "{}", "[]", "null", "[null]", "[{}]", "[true]", '"echo"', '["echo"', 'abc["echo"]')
    ],
    *[('42\u0663["echo"]',), ('4211111111111111111["echo"]',), ('42-["echo"]',), ('421-["echo"]',)],
    # reserved names, binary or not
    *[(f'42["{name}",{{}},{{"token":"admin"}}]',) for name in ("connect", "connect_error", "disconnect")],
    *[(f'42["{name}"]',) for name in ("disconnecting", "newListener", "removeListener")],
    ('451-["disconnect",{"_placeholder":true,"num":0}]', b"x"),
    # CONNECT first, and once
    *[
        ("40",),
        ('42/other,["echo"]',),
        ("41/other",),
        ("43/other,1[]",),
        ('451-/other,["echo"]',),
        ('42/none,["echo"]',),
    ],
    *[("40[]",), ("40null",), ("40/other,[]",), ('40/other,"a"',)],
    # DISCONNECT, ACK, CONNECT_ERROR
    *[("41{}",), ('41["echo"]',), ("41", '42["echo"]'), ("43",), ('43["a"]',), ("431",), ("431{}",), ("44",)],
    ('44{"message":"a"}',),
    ('451-/other,["echo"]', b"x"),
    # attachments
    *[(b"orphan",), ('451-["echo",{"_placeholder":true,"num":0}]', b"x", b"orphan")],
    ('451-["echo",{"_placeholder":true,"num":0}]', '42["echo"]'),
    *[(f'451-["echo",{{"_placeholder":true,"num":{n}}}]', b"x") for n in ("-1", "1", "0.0", '"0"', "true", "null")],
    *[(text,) for text in ('45["echo"]', '450-["echo"]', '4511-["echo"]', '45999999999-["echo"]', '461-["echo"]')],
    # JSON
    *[(f'42["echo",{text}]',) for text in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "[" * 64 + "]" * 64)],
    *[('42["echo",' + "[" * 100_000 + "]" * 100_000 + "]",), ('42["echo",]',), ('42["echo"]]',)],
]


@pytest.mark.parametrize("messages", MUST_CLOSE, ids=lambda messages: repr(messages)[:50])
def test_protocol_errors_close(messages: tuple[str | bytes, ...], caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving() as rig:
            witness, hostile = await rig.websocket(), await rig.websocket()
            with caplog.at_level(logging.INFO, "reference_server"):
                hostile.send(*messages, '42["echo","must not be heard"]')
                assert await hostile.close_code() == 1002
            sid, reason = await rig.application.next_gone()
            assert (sid, reason in ("parse error", "client disconnect")) == (rig.application.sids[1], True)
            assert await witness.fence() == []
            assert ("echo", ("must not be heard",)) not in rig.application.events
            assert rig.application.gone.empty()

    run(test())
    assert [record.levelname for record in caplog.records] == ["WARNING"]


HARMLESS = [
    *("3", "3", "3probe", "5", "6", "6x", '430["nobody asked"]', "431[]", "439999999999999999[]", "430[]"),
    *('42["echo",' + "[" * 63 + "]" * 63 + "]", '42["echo","\\ud800"]', '42[1,"a number as name"]', '42["unknown"]'),
    *('42["echo",{"_placeholder":true,"num":7}]', "40/other,", "40/none,", '42["echo",123456789012345678901234567890]'),
    *('42["*"]', '42["message"]', '42[""]', '42["__proto__",{"__proto__":1}]', '42["echo","\\u0000"]'),
]


@pytest.mark.parametrize("message", HARMLESS)
def test_what_the_protocol_allows_does_not_close(message: str) -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            socket.send(message)
            await socket.fence()
            await socket.fence()
            assert rig.server.connections() == 1

    run(test())


def test_a_flood_of_bad_packets_is_one_line_of_log(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving() as rig:
            witness, hostile = await rig.websocket(), await rig.websocket()
            hostile.send(*["4"] * 5_000)
            assert await hostile.close_code() in (1002, 0)
            assert await witness.fence() == []

    run(test())
    assert len(caplog.text) < 200
    assert len(caplog.records) == 1


def test_a_log_line_holds_nothing_that_the_client_wrote(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving() as rig:
            for message in ("secret", "4secret", '42["connect","secret"]', '42/secret,["a"]', '40/other,["secret"]'):
                hostile = await rig.websocket()
                hostile.send(message)
                await hostile.close_code()

    run(test())
    assert len(caplog.records) == 5
    assert "secret" not in caplog.text


def test_a_flood_of_good_packets_leaves_the_others_their_turn() -> None:
    async def test() -> None:
        async with serving() as rig:
            witness, busy = await rig.websocket(), await rig.websocket()
            busy.send(*["3"] * 50_000)
            assert await witness.fence() == []
            assert await busy.fence() == []

    run(test())


def test_close_frees_the_transport() -> None:
    """ "close: Used to indicate that a transport can be closed."."""

    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            socket.send("1")
            assert await socket.close_code() == 1000
            assert await rig.application.next_gone() == (rig.application.sids[0], "client disconnect")
            assert rig.server.connections() == 0

    run(test())


@pytest.mark.parametrize("how", ["abort", "close"])
def test_a_connection_that_ends_is_a_departure_at_once(how: str) -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            if how == "abort":
                socket.abort()
            else:
                socket.frame(8, b"\x03\xe9")
            assert await rig.application.next_gone() == (rig.application.sids[0], "transport close")
            assert rig.server.connections() == 0

    run(test())


def test_a_silent_client_is_found_in_time() -> None:
    async def test() -> None:
        async with serving(ping_interval=0.2, ping_timeout=1.5) as rig:
            silent, alive = await rig.websocket(), await rig.websocket()
            start = asyncio.get_running_loop().time()

            async def answer() -> None:
                while True:
                    if await alive.receive() == "2":
                        alive.send("3")

            answering = asyncio.create_task(answer())
            assert await rig.application.next_gone() == (rig.application.sids[0], "ping timeout")
            assert asyncio.get_running_loop().time() - start > 1.5
            assert await silent.close_code() == 1000
            await asyncio.sleep(2.0)  # more than interval and timeout: who answers stays
            assert rig.server.connections() == 1
            answering.cancel()

    run(test())


def test_unasked_pongs_neither_postpone_the_ping_nor_multiply_it() -> None:
    async def test() -> None:
        async with serving(ping_interval=1.0, ping_timeout=20.0) as rig:
            socket = await rig.websocket()
            pinged = asyncio.create_task(socket.receive())
            while not pinged.done():
                socket.send(*["3"] * 400)
                await asyncio.sleep(0.1)
            assert await pinged == "2"
            assert await socket.fence() == []

    run(test())


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_who_enters_no_namespace_is_closed(transport: str) -> None:
    async def test() -> None:
        async with serving(connect_timeout=1.5) as rig:
            inside = await rig.websocket()
            if transport == "websocket":
                socket = await rig.websocket(join=None)
                assert await socket.close_code() == 1002
            else:
                sid = await rig.polling(join=False)
                assert (await rig.get(sid)).body == b"1"
                assert (await rig.get(sid)).status == 400
            assert await inside.fence() == []
            inside.send("41")  # and so is who has left the last one
            assert await inside.close_code() == 1002

    run(test())


def test_who_is_refused_everywhere_is_closed_too() -> None:
    async def test() -> None:
        async with serving(connect_timeout=1.5) as rig:
            socket = await rig.websocket(join=None)
            socket.send('40{"token":"bad"}', "40/none")
            assert await socket.receive() == '44{"message":"Not authorized","data":"bad token"}'
            assert await socket.receive() == '44/none,{"message":"Invalid namespace"}'
            with pytest.raises(Closed):
                await socket.receive()

    run(test())
