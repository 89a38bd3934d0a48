"""Namespaces, rooms and handlers."""

import asyncio

import pytest

from .rig import Closed, run, serving, until


def test_a_connect_is_answered_before_what_the_handler_says() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket(join='40{"greet":"hi"}')
            assert await socket.receive() == '42["hello","hi"]'
            visit = rig.server.visit(rig.application.sids[0], "/")
            assert visit is not None
            assert (visit.address, visit.headers["host"], visit.query["EIO"]) == ("127.0.0.1", "localhost", "4")
            assert rig.application.guests[0].auth == {"greet": "hi"}

    run(test())


def test_who_is_refused_hears_why_and_nothing_else() -> None:
    async def test() -> None:
        async with serving() as rig:
            refused, inside = await rig.websocket(join=None), await rig.websocket()
            refused.send('40{"token":"bad"}')
            assert await refused.receive() == '44{"message":"Not authorized","data":"bad token"}'
            rig.server.broadcast("/", None, "secret")
            assert await inside.fence() == ['42["secret"]']
            assert rig.server.connections("/") == 1
            refused.send("40")  # it may come back with better manners
            assert str(await refused.receive()).startswith('40{"sid":')

    run(test())


def test_an_unknown_namespace_is_refused_in_an_object() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            socket.send("40/x,", '40/y{"a":1}')
            assert await socket.receive() == '44/x,{"message":"Invalid namespace"}'
            assert await socket.receive() == '44/y{"a":1},{"message":"Invalid namespace"}'
            assert await socket.fence() == []

    run(test())


def test_namespaces_of_one_connection_are_apart() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            socket.send("40/other,")
            assert str(await socket.receive()).startswith('40/other,{"sid":')
            rig.server.broadcast("/other", None, "there")
            rig.server.broadcast("/", None, "here", 1, None)
            assert await socket.fence() == ['42/other,["there"]', '42["here",1,null]']
            socket.send("41/other,")
            assert await socket.fence() == []
            assert (rig.server.connections("/other"), rig.server.connections("/")) == (0, 1)
            socket.send("40/other")  # and back
            assert str(await socket.receive()).startswith('40/other,{"sid":')

    run(test())


def test_rooms() -> None:
    async def test() -> None:
        async with serving() as rig:
            a, b, c = [await rig.websocket() for _ in range(3)]
            first, second, third = rig.application.sids
            for sid in (first, second):
                rig.server.enter(sid, "/", "room")
            rig.server.broadcast("/", "room", "all of it")
            rig.server.broadcast("/", "room", "not the first", skip_sid=first)
            rig.server.broadcast("/", third, "only the third")
            rig.server.leave(second, "/", "room")
            rig.server.leave(third, "/", "room")
            rig.server.broadcast("/", "room", "only the first")
            rig.server.broadcast("/", "nobody", "nobody")
            rig.server.broadcast("/nowhere", None, "nobody")
            assert await a.fence() == ['42["all of it"]', '42["only the first"]']
            assert await b.fence() == ['42["all of it"]', '42["not the first"]']
            assert await c.fence() == ['42["only the third"]']
            b.abort()
            assert (await rig.application.next_gone())[0] == second
            rig.server.enter(second, "/", "room")  # an effect that comes too late
            assert rig.server.visit(second, "/") is None
            assert not rig.server.is_connected(second, "/")
            assert rig.server.manager.rooms["/"].keys() == {None, "room", first, third}

    run(test())


def test_upstreams_own_emit_takes_the_same_way() -> None:
    async def test() -> None:
        async with serving() as rig:
            a, b = await rig.websocket(), await rig.websocket()
            await rig.server.emit("news", ("two", "arguments"), skip_sid=rig.application.sids[0])
            assert (await a.fence(), await b.fence()) == ([], ['42["news","two","arguments"]'])

    run(test())


def test_broadcasts_arrive_in_one_order_everywhere() -> None:
    async def test() -> None:
        async with serving() as rig:
            a, b, c = [await rig.websocket() for _ in range(3)]
            a.send(*[f'42["say","a",{n}]' for n in range(200)])
            b.send(*[f'42["say","b",{n}]' for n in range(200)])
            await a.fence()
            await b.fence()
            heard = await c.fence()
            for speaker in "ab":
                own = [message for message in heard if f'"{speaker}"' in str(message)]
                assert own == [f'42["said","{speaker}",{n}]' for n in range(200)]

    run(test())


def test_acks() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            socket.send('420["echo",1,"2",{"3":[true]}]', '42["echo","no id, no ack"]', '429007199254740991["echo"]')
            assert await socket.receive() == '430[1,"2",{"3":[true]}]'
            assert await socket.receive() == "439007199254740991[]"
            socket.send('425["ignored"]')  # the application gives no ack for this one, so none is made up
            assert await socket.fence() == []

    run(test())


def test_more_arguments_than_a_stack_could_hold() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            arguments = ",".join(["0"] * 400_000)
            socket.send(f'421["echo",{arguments}]')
            assert await socket.receive() == f"431[{arguments}]"

    run(test())


def test_a_forged_ack_does_not_break_the_true_ones() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            heard: list[str] = []
            for n in (1, 2, 3):
                await rig.server.emit("asked", n, room=rig.application.sids[0], callback=heard.append)
                assert await socket.receive() == f'42{n}["asked",{n}]'
                socket.send('430["forged"]', '4399["forged"]', '439007199254740991["forged"]')
                assert await socket.fence() == []
                socket.send(f'43{n}["true {n}"]', f'43{n}["twice"]')
                assert await socket.fence() == []
            assert heard == ["true 1", "true 2", "true 3"]

    run(test())


def test_who_is_being_sent_away_hears_no_more() -> None:
    async def test() -> None:
        async with serving() as rig:
            begun, release = asyncio.Event(), asyncio.Event()

            async def gone(_sid: str, _reason: str) -> None:
                begun.set()
                await release.wait()

            rig.application.disconnect = gone  # type: ignore[method-assign,assignment]  # a slower application
            leaving, other = await rig.websocket(), await rig.websocket()
            sending = asyncio.create_task(rig.server.disconnect(rig.application.sids[0], "/"))
            await begun.wait()
            rig.server.broadcast("/", None, "those inside")
            release.set()
            await sending
            assert await leaving.receive() == "41"
            leaving.send("40/other,")
            assert str(await leaving.receive()).startswith("40/other,")
            assert await other.fence() == ['42["those inside"]']

    run(test())


def test_surrogates_reach_the_handler_and_break_nobody() -> None:
    async def test() -> None:
        async with serving() as rig:
            sender, receiver = await rig.websocket(), await rig.websocket()
            polling = await rig.polling()
            sender.send('421["say","a\\ud800b",{"\\udc00":1}]')
            assert await sender.receive() == '431["a\ufffdb",{"\ufffd":1}]'
            assert rig.application.events == [("say", ("a\ud800b", {"\udc00": 1}))]
            assert await receiver.receive() == '42["said","a\ufffdb",{"\ufffd":1}]'
            assert (await rig.get(polling)).body == '42["said","a\ufffdb",{"\ufffd":1}]'.encode()
            sender.send('42["\\ud800"]')
            assert await sender.fence() == []

    run(test())


def test_no_number_is_passed_on_that_json_does_not_have() -> None:
    async def test() -> None:
        async with serving() as rig:
            receiver = await rig.websocket()
            rig.server.broadcast("/", None, "numbers", float("nan"), float("inf"), 1e308)
            assert await receiver.receive() == '42["numbers",null,null,1e+308]'

    run(test())


def test_the_server_sends_a_client_away() -> None:
    async def test() -> None:
        async with serving() as rig:
            socket, other = await rig.websocket(), await rig.websocket()
            # what was on its way when the DISCONNECT was sent is not heard, and no protocol error
            socket.send('42["leave"]', '42["echo","crossed"]', '451-["echo",{"_placeholder":true,"num":0}]', b"x", "41")
            assert await socket.receive() == "41"
            assert await rig.application.next_gone() == (rig.application.sids[0], "server disconnect")
            rig.server.broadcast("/", None, "those inside")
            assert await other.fence() == ['42["those inside"]']
            assert ("echo", ("crossed",)) not in rig.application.events
            socket.send("40")
            assert str(await socket.receive()).startswith('40{"sid":')
            assert await socket.fence() == []
            await rig.server.disconnect("nobody", "/")

    run(test())


@pytest.mark.logs_errors
def test_a_fault_of_the_application_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving() as rig:
            socket = await rig.websocket()
            socket.send('421["crash"]', '422["echo"]')
            assert await socket.receive() == "432[]"
            other = await rig.websocket(join=None)
            other.send('40{"token":"crash"}')
            assert await other.receive() == '44{"message":"Internal error"}'

    run(test())
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


@pytest.mark.parametrize("end", ["the client's", "ours"])
def test_the_departure_comes_after_the_message_in_hand(end: str) -> None:
    async def test() -> None:
        async with serving() as rig:
            order: list[str] = []
            release = asyncio.Event()

            async def event(_sid: str, name: str, _args: object, _ack: int | None) -> None:
                order.append(f"begin {name}")
                await release.wait()
                order.append(f"end {name}")

            async def gone(_sid: str, _reason: str) -> None:
                order.append("gone")

            rig.application.event = event  # type: ignore[method-assign,assignment]  # a slower application
            rig.application.disconnect = gone  # type: ignore[method-assign,assignment]
            socket = await rig.websocket()
            socket.send('42["slow"]', '42["next"]')
            await until(lambda: order == ["begin slow"])
            if end == "ours":
                await rig.server.eio.disconnect()
            else:
                socket.abort()
            await asyncio.sleep(0.05)
            release.set()
            await until(lambda: "gone" in order)
            rest = [] if end == "ours" else ["begin next", "end next"]  # what came before its end is heard
            assert order == ["begin slow", "end slow", *rest, "gone"]

    run(test())


def test_who_is_gone_before_it_is_admitted_never_was() -> None:
    async def test() -> None:
        async with serving() as rig:
            entered, release = asyncio.Event(), asyncio.Event()

            async def admit(visit: object) -> object:
                entered.set()
                await release.wait()
                return visit

            rig.application.admit = admit  # type: ignore[method-assign,assignment]  # a slower application
            socket = await rig.websocket(join=None)
            socket.send("40")
            await entered.wait()
            await rig.server.eio.disconnect()
            with pytest.raises(Closed):
                await socket.receive()
            release.set()
            await until(lambda: not rig.server.environ)
            assert (rig.application.sids, rig.server.manager.rooms) == ([], {})

    run(test())


def test_a_drop_takes_effect_before_the_next_statement() -> None:
    async def test() -> None:
        async with serving() as rig:
            a, b = await rig.websocket(), await rig.websocket()
            first = rig.application.sids[0]
            rig.server.broadcast("/", None, "before")
            rig.server.drop(first, "/")
            rig.server.drop(first, "/")
            rig.server.drop("nobody", "/")
            rig.server.broadcast("/", None, "after")
            rig.server.enter(first, "/", "room")
            assert not rig.server.is_connected(first, "/")
            assert [await a.receive(), await a.receive()] == ['42["before"]', "41"]
            assert await rig.application.next_gone() == (first, "server disconnect")
            assert await b.fence() == ['42["before"]', '42["after"]']
            a.send("40")
            assert str(await a.receive()).startswith('40{"sid":')
            assert await a.fence() == []
            assert rig.application.gone.empty()

    run(test())


def test_nothing_is_left_of_those_who_have_gone() -> None:
    async def test() -> None:
        async with serving() as rig:
            for how in range(60):
                socket = await rig.websocket()
                rig.server.enter(rig.application.sids[-1], "/", "room")
                if how % 3 == 0:
                    socket.abort()
                else:
                    socket.send("1" if how % 3 == 1 else '451-["parked",{"_placeholder":true,"num":0}]')
                    if how % 3 == 2:
                        socket.send("broken")
                await rig.application.next_gone()
            await until(lambda: not rig.server.environ)
            server = rig.server
            assert (server.manager.rooms, server.eio.sockets, server._parked) == ({}, {}, {})
            assert (server._lobby, server._dropped, server.manager.callbacks) == ({}, {}, {})

    run(test())
