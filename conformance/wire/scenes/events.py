"""Events, acks and binary data: what comes back to who sends something."""

import json
from collections.abc import Sequence
from typing import Final

from conformance.case import Skipped
from conformance.wire.bench import Bench
from conformance.wire.case import Wires
from conformance.wire.clients import Socket
from conformance.wire.raw import Text

EVENTS: Final = Wires("event")
ACKS: Final = Wires("ack")
BINARY: Final = Wires("binary")

_HOLES: Final = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'
_ATTACHMENTS: Final = (b"\1\2\3", b"\4\5\6")


@EVENTS.shows("event/2")
async def nobody_handles_it(bench: Bench) -> None:
    """An event that the server does not know."""
    socket = await bench.socket()
    socket.send(f'42{bench.at}["rehearsal",1,"2",{{"3":[true]}}]')
    await bench.serves(socket)


async def _echoes(bench: Bench, arguments: Sequence[object]) -> None:
    name = bench.own_event("echo")
    socket = await bench.socket()
    socket.inbox.clear()
    socket.send(f"42{bench.at}{json.dumps([name, *arguments], ensure_ascii=False)}")
    start = f"42{bench.at}["
    came = await socket.until(lambda: any(_carries(one, start, arguments) for one in socket.inbox), bench.within_s)
    bench.require(came, f"an event with the arguments {arguments}", socket.inbox)


def _carries(message: Text, start: str, arguments: Sequence[object]) -> bool:
    """Say whether an event has these arguments; a server that can recover sessions puts an offset behind them."""
    came = _arguments(message, start)
    if came is None or list(came[: len(arguments)]) != list(arguments):
        return False
    offset = came[len(arguments) :]
    return len(offset) <= 1 and all(isinstance(one, str) for one in offset)


def _arguments(message: Text, start: str) -> Sequence[object] | None:
    if not isinstance(message, str) or not message.startswith(start):
        return None
    arguments: list[object] = json.loads(message[len(start) - 1 :])[1:]
    return arguments


@EVENTS.shows("event/3")
async def an_echo(bench: Bench) -> None:
    """What the official suite sends."""
    await _echoes(bench, [1, "2", {"3": [True]}])


@EVENTS.shows("event/3")
async def an_echo_of_all_kinds(bench: Bench) -> None:
    """Everything that JSON has."""
    await _echoes(bench, [None, True, False, 0, -1, 0.5, 1e21, "", "안녕 😊", "a\x1eb\u2028\0", [], {}, {"": [[]]}])


@EVENTS.shows("event/3")
async def an_echo_without_arguments(bench: Bench) -> None:
    """Nothing is something, too."""
    await _echoes(bench, [])


async def _acked(bench: Bench, ack_id: int | None, times: int = 1) -> tuple[Socket, str]:
    """Send an event that is acknowledged, and wait for that; return how the namespace is named, too."""
    if bench.ground.acked is None:
        raise Skipped("needs an event that is acknowledged: name one in the target file, [wire] ack = ...")
    namespace, name, arguments = bench.ground.acked
    at = bench.ground.prefix(namespace)
    socket = await bench.socket(namespace=namespace)
    socket.inbox.clear()
    for _ in range(times):
        number = "" if ack_id is None else ack_id
        socket.send(f"42{at}{number}{json.dumps([name, *arguments], ensure_ascii=False)}")
    if ack_id is not None:
        start = f"43{at}{ack_id}["
        came = await socket.until(lambda: _count(socket, start) >= times, bench.within_s)
        bench.require(came, f"an ack {start}...", socket.closed or socket.inbox)
    return socket, at


def _count(socket: Socket, start: str) -> int:
    return sum(isinstance(one, str) and one.startswith(start) for one in socket.inbox)


@ACKS.shows("ack/1")
async def with_the_same_id(bench: Bench) -> None:
    """The id comes back, once."""
    socket, at = await _acked(bench, 456)
    for _ in range(2):
        await socket.fence(bench.within_s)
    count = _count(socket, f"43{at}")
    bench.require(count == 1, "one ack for one event", f"{count}: {socket.inbox}")


@ACKS.shows("ack/1")
async def with_the_id_0(bench: Bench) -> None:
    """JavaScript's client begins with it."""
    await _acked(bench, 0)


@ACKS.shows("ack/1")
async def with_a_great_id(bench: Bench) -> None:
    """The greatest that JavaScript can count to."""
    await _acked(bench, 2**53 - 1)


@ACKS.shows("ack/1")
async def with_an_id_that_is_used_again(bench: Bench) -> None:
    """Two events, two acks."""
    await _acked(bench, 7, times=2)


@ACKS.shows("ack/2")
async def its_payload_is_an_array(bench: Bench) -> None:
    """JSON, an array."""
    socket, at = await _acked(bench, 12)
    packet = next(str(one) for one in socket.inbox if str(one).startswith(f"43{at}12"))
    try:
        payload: object = json.loads(packet.removeprefix(f"43{at}12"))
    except ValueError:
        payload = packet
    bench.require(isinstance(payload, list), "an array", payload)


@ACKS.shows("ack/3")
async def none_without_an_id(bench: Bench) -> None:
    """Nobody asked for it."""
    socket, at = await _acked(bench, None)
    for _ in range(3):
        await socket.fence(bench.within_s)
    bench.require(not socket.heard(f"43{at}", "46"), "no ack", socket.inbox)


@BINARY.shows("binary/1")
async def an_echo_with_attachments(bench: Bench) -> None:
    """What the official suite sends."""
    name = bench.own_event("echo")
    socket = await bench.socket()
    socket.inbox.clear()
    socket.send(f'452-{bench.at}["{name}",{_HOLES}]', *_ATTACHMENTS)
    await _comes_back(bench, socket, f"452-{bench.at}[")


@BINARY.shows("binary/2")
async def an_ack_with_attachments(bench: Bench) -> None:
    """What the official suite sends."""
    name = bench.own_event("ack")
    socket = await bench.socket()
    socket.inbox.clear()
    socket.send(f'452-{bench.at}789["{name}",{_HOLES}]', *_ATTACHMENTS)
    start = f"462-{bench.at}789["
    plain = f"43{bench.at}789["
    answered = await socket.until(lambda: socket.heard(start, plain), bench.within_s)
    bench.require(answered, f"an ack of 789, {start}...", socket.closed or socket.inbox)
    if socket.heard(plain):
        raise Skipped("its ack does not give back what it was given")
    await _comes_back(bench, socket, start)


async def _comes_back(bench: Bench, socket: Socket, start: str) -> None:
    await socket.until(lambda: len(socket.inbox) >= 3, bench.within_s)
    texts = [one for one in socket.inbox if isinstance(one, str)]
    holes = next((_HOLES in one for one in texts if one.startswith(start)), False)
    attachments = tuple(one for one in socket.inbox if isinstance(one, bytes))
    whole = holes and attachments == _ATTACHMENTS
    bench.require(whole, f"{start}...{_HOLES}] and two attachments", socket.closed or socket.inbox)


CASES: Final = (*EVENTS.cases, *ACKS.cases, *BINARY.cases)
