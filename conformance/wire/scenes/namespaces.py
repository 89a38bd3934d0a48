"""Coming into namespaces, and leaving them."""

import json
from typing import Final

from conformance.case import Skipped
from conformance.wire.bench import Bench
from conformance.wire.case import Wires
from conformance.wire.clients import Socket, fence_namespace
from conformance.wire.scenes.heartbeats import HORIZON_S

WIRES: Final = Wires("namespace")


async def _answer(bench: Bench, socket: Socket, start: str, to: str) -> object:
    """Return the payload of the answer that begins so."""
    if not await socket.until(lambda: socket.heard(start), bench.within_s):
        bench.broken(f"{start}{{...}} for {to}", socket.closed or socket.inbox[-1:])
    packet = next(str(one) for one in socket.inbox if str(one).startswith(start))
    try:
        return json.loads(packet.removeprefix(start))
    except ValueError:
        bench.broken("a payload of JSON", packet)


@WIRES.shows("namespace/1")
async def connect(bench: Bench) -> None:
    """Who is let in is told its session ID."""
    at = bench.at
    socket = await bench.socket(join=False)
    socket.send(bench.connect())
    said = await _answer(bench, socket, f"40{at}", "CONNECT")
    sid = said.get("sid") if isinstance(said, dict) else None
    bench.require(isinstance(sid, str) and bool(sid), 'a payload with the session ID, {"sid": "..."}', said)


@WIRES.shows("namespace/1")
async def connect_with_a_payload(bench: Bench) -> None:
    """Credentials, wanted or not, are no reason to fail."""
    at = bench.at
    socket = await bench.socket(join=False)
    connect = bench.connect()
    socket.send(connect if "{" in connect else f'{connect}{{"rehearsal":"123"}}')
    await _answer(bench, socket, f"40{at}", "CONNECT with a payload")


@WIRES.shows("namespace/1")
async def connect_over_polling(bench: Bench) -> None:
    """The same over HTTP."""
    at = bench.at
    session = await bench.session(join=False)
    await session.post(bench.connect())
    came, _ = await session.poll_for(f"40{at}", bench.within_s)
    bench.require(any(one.startswith(f'40{at}{{"sid"') for one in came), f"40{at} with a sid in a poll", came)


@WIRES.shows("namespace/2")
async def unknown(bench: Bench) -> None:
    """A namespace that does not exist."""
    socket = await bench.socket(join=False)
    said = await _refusal(bench, socket, ",")
    message = said.get("message") if isinstance(said, dict) else None
    bench.require(isinstance(message, str), 'an object, {"message": "..."}', said)


@WIRES.shows("namespace/2")
async def unknown_without_its_comma(bench: Bench) -> None:
    """The official suite leaves out the comma where nothing follows."""
    socket = await bench.socket(join=False)
    said = await _refusal(bench, socket, "")
    bench.require(isinstance(said, dict), 'an object, {"message": "..."}', said)


async def _refusal(bench: Bench, socket: Socket, end: str) -> object:
    """Ask for a namespace that does not exist, and return the payload of the refusal."""
    name = fence_namespace()
    socket.send(f"40{name}{end}")
    await socket.until(lambda: socket.heard(f"44{name}", f"40{name}"), bench.within_s)
    if socket.heard(f"40{name}"):
        raise Skipped("it has whatever namespace one asks for")
    return await _answer(bench, socket, f"44{name},", "a namespace that does not exist")


@WIRES.shows("namespace/3")
async def an_event_first(bench: Bench) -> None:
    """An event of somebody who has joined nothing."""
    at = bench.at
    socket = await bench.socket(join=False)
    socket.send(f'42{at}["rehearsal"]')
    await bench.closes(socket)


@WIRES.shows("namespace/4", beside=True)
async def nothing_at_all(bench: Bench) -> None:
    """A session that joins nothing, and answers its pings."""
    socket = await bench.socket(join=False)
    await socket.until(lambda: False, HORIZON_S)
    bench.require(bool(socket.closed), f"a close within {HORIZON_S:g} s", "it stays open")


@WIRES.shows("namespace/5")
async def two_at_a_time(bench: Bench) -> None:
    """Two namespaces over one WebSocket, and out of one of them again."""
    if len(bench.ground.doors) < 2:
        raise Skipped("needs a server with two namespaces that let us in")
    first, second = list(bench.ground.doors)[:2]
    socket = await bench.socket()
    socket.send(bench.connect(second))
    await _answer(bench, socket, f"40{bench.ground.prefix(second)}", "a second namespace")
    socket.send(f"41{bench.ground.prefix(second)}")
    await bench.serves(socket, f"who leaves {second} stays in {first}")


@WIRES.shows("namespace/6")
async def disconnect(bench: Bench) -> None:
    """Out, and in again, unless the connection is closed then."""
    socket = await bench.socket()
    socket.send(f"41{bench.at}")
    await bench.is_not_dead(socket)
    if not socket.closed:
        socket.inbox.clear()
        await bench.join(socket)
        await bench.serves(socket)
