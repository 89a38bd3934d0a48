"""Much of everything: floods, what is parked and never completed, who reads or writes slowly, what inflates."""

import asyncio
import socket as sockets
import zlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from conformance.case import Skipped
from conformance.wire import raw
from conformance.wire.bench import Bench
from conformance.wire.clients import Socket, fence_namespace
from conformance.wire.malformed.input import End, malformed

_HOLE: Final = '{"_placeholder":true,"num":0}'
_PIECE: Final = 900_000
_BOMB: Final = 150_000_000


async def _pour(socket: Socket, label: str, pieces: Iterable[raw.Text]) -> None:
    """Write much, bytes as they are or messages, as fast as it is taken, until the server has enough of it."""
    socket.log.note(socket.who, ">", label)
    for piece in pieces:
        if socket.closed or socket.writer.transport.is_closing():
            return
        socket.pour(piece) if isinstance(piece, str) else socket.write(piece)
        if socket.writer.transport.get_write_buffer_size() > _PIECE:
            try:
                async with asyncio.timeout(2):
                    await socket.writer.drain()
            except (TimeoutError, OSError):
                return  # it takes no more


async def _flood(bench: Bench, label: str, pieces: Iterable[raw.Text]) -> None:
    socket = await bench.socket()
    before = bench.memory()
    await _pour(socket, label, pieces)
    await bench.others_are_served()
    bench.memory_is_flat(before)
    await bench.is_not_dead(socket, busy=True)


async def broken_packets(bench: Bench) -> None:
    """Five thousand of them: one log line each would fill a disk."""
    await _flood(bench, "4, five thousand times", [raw.message("4")] * 5000)


async def pongs(bench: Bench) -> None:
    """Twenty thousand that nobody asked for."""
    await _flood(bench, "3, twenty thousand times", [raw.message("3")] * 20_000)


async def events(bench: Bench) -> None:
    """Two thousand that nobody handles."""
    await _flood(bench, "an unknown event, two thousand times", [raw.message(f'42{bench.at}["rehearsal",1]')] * 2000)


async def connects(bench: Bench) -> None:
    """Two thousand to namespaces that do not exist."""
    await _flood(
        bench,
        "40/rehearsal-nowhere-N, two thousand times",
        (f"40/rehearsal-nowhere-{n}," for n in range(2000)),
    )


async def attachments_parked(bench: Bench) -> None:
    """Nine of ten attachments, and never the tenth."""
    head = raw.message(f'4510-{bench.at}["rehearsal",{_HOLE}]')
    await _flood(bench, "9 of 10 attachments, 900 kB each", [head, *[raw.message(bytes(_PIECE))] * 9])


async def attachments_without_end(bench: Bench) -> None:
    """A packet that announces three hundred of them."""
    head = raw.message(f'45300-{bench.at}["rehearsal",{_HOLE}]')
    await _flood(bench, "150 of 300 attachments, 900 kB each", [head, *[raw.message(bytes(_PIECE))] * 150])


async def message_too_long(bench: Bench) -> None:
    """One byte more than maxPayload."""
    size = bench.ground.opened.max_payload + 1
    if size > 20_000_000:
        raise Skipped(f"its maxPayload of {size - 1} bytes is too much to try")
    await _flood(bench, "a message of maxPayload + 1 bytes", [raw.message("3" + "x" * (size - 1))])


async def fragments_without_end(bench: Bench) -> None:
    """A message that never ends: 120 MB of it."""
    first, more = raw.frame(1, b"3", fin=False), raw.frame(0, b"x" * 60_000, fin=False)
    await _flood(bench, "a message without end, 120 MB of it", [first, *[more] * 2000])


async def fragments_of_nothing(bench: Bench) -> None:
    """Twenty thousand empty frames of one message."""
    first, more = raw.frame(1, b"3", fin=False), raw.frame(0, b"", fin=False)
    await _flood(bench, "20,000 empty frames of one message", [first, *[more] * 20_000])


async def a_frame_that_stalls(bench: Bench) -> None:
    """Half a frame, others, and the other half."""
    socket = await bench.socket()
    name = fence_namespace()
    whole = raw.message(f"40{name},")
    socket.log.note(socket.who, ">", f"40{name}, in two halves")
    socket.write(whole[:9])
    await bench.others_are_served()
    socket.write(whole[9:])
    heard = await socket.until(lambda: socket.heard(f"44{name}", f"40{name}"), bench.within_s)
    bench.require(heard, "an answer once the frame is whole", socket.closed or "nothing")


async def a_reader_that_stalls(bench: Bench) -> None:
    """Who takes nothing of what it asked for is cut off, or gets it later; others do not wait."""
    socket = await bench.socket()
    before = bench.memory()
    socket.writer.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 65_536)
    socket.stop_reading()
    long = "n" * 240
    await _pour(socket, "40/nnn…, ten thousand times, and reads nothing", (f"40/{long}{n}," for n in range(10_000)))
    await bench.others_are_served()
    bench.memory_is_flat(before)
    socket.resume_reading()
    await bench.is_not_dead(socket, busy=True)


async def a_body_that_stalls(bench: Bench) -> None:
    """A POST without its end keeps nobody waiting."""
    session = await bench.session()
    request = session.address.request("POST", session.query(), b"3" * 1000, session.headers())
    await bench.half(session, "POST, half of its body", request[:-500])
    await bench.others_are_served()
    bench.hang_up(session)
    await bench.session_is_not_dead(session)


async def sessions_abandoned(bench: Bench) -> None:
    """A hundred sessions of which nobody asks again."""
    bench.needs("polling")
    before = bench.memory()
    for _ in range(100):
        session = bench.ground.session("ann", bench.log)
        await session.http("GET", session.query())
    bench.log.lines[:] = ["ann > GET, a hundred times, and never again"]
    bench.memory_is_flat(before)


async def sockets_abandoned(bench: Bench) -> None:
    """A hundred WebSockets that are cut at once."""
    for _ in range(100):
        socket = await bench.socket(join=False)
        await socket.leave()
    bench.log.lines[:] = ["ann > a WebSocket, cut at once, a hundred times"]


async def all_of_it(bench: Bench) -> None:
    """All that was said before this leaves nothing behind."""
    bench.memory_is_flat(bench.ground.first_memory)


async def _compressing(bench: Bench) -> Socket:
    bench.needs("websocket")
    answer, socket = await bench.ask("EIO=4&transport=websocket", headers=raw.upgrade_headers(deflate=True))
    if socket is None or "permessage-deflate" not in answer.headers.get("sec-websocket-extensions", ""):
        raise Skipped("it grants no permessage-deflate")
    return socket


async def compressed(bench: Bench) -> None:
    """A compressed message is a message."""
    socket = await _compressing(bench)
    name = fence_namespace()
    socket.log.note(socket.who, ">", f"40{name}, compressed")
    socket.write(raw.frame(1, raw.deflated(f"40{name},".encode()), rsv=4))
    heard = await socket.until(lambda: socket.heard(f"44{name}", f"40{name}"), bench.within_s)
    bench.require(heard, "an answer to a compressed message", socket.closed or "nothing")


async def compressed_garbage(bench: Bench) -> None:
    """What cannot be inflated."""
    socket = await _compressing(bench)
    socket.log.note(socket.who, ">", "a compressed message that cannot be inflated")
    socket.write(raw.frame(1, b"\xff" * 20, rsv=4))
    await bench.closes(socket)


async def compressed_bomb(bench: Bench) -> None:
    """150 MB in 150 kB."""
    socket = await _compressing(bench)
    before = bench.memory()
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = b"3" * 1_000_000
    packed = b"".join(packer.compress(piece) for _ in range(_BOMB // len(piece)))
    socket.log.note(socket.who, ">", f"{_BOMB // 1_000_000} MB, compressed")
    socket.write(raw.frame(1, packed + packer.flush(zlib.Z_SYNC_FLUSH).removesuffix(b"\0\0\xff\xff"), rsv=4))
    await bench.is_not_dead(socket)
    bench.memory_is_flat(before)


_Scene = Callable[[Bench], Awaitable[None]]
_SCENES: Final[tuple[tuple[str, End, str, tuple[_Scene, ...]], ...]] = (
    (
        "ws/flood",
        End.EITHER,
        "robust/1",
        (broken_packets, pongs, events, connects, attachments_parked, attachments_without_end, message_too_long),
    ),
    ("ws/flood", End.EITHER, "robust/1", (fragments_without_end, fragments_of_nothing, sockets_abandoned)),
    ("ws/slow", End.SERVES, "packet/4", (a_frame_that_stalls,)),
    ("ws/slow", End.EITHER, "robust/1", (a_reader_that_stalls,)),
    ("ws/deflate", End.SERVES, "packet/4", (compressed,)),
    ("ws/deflate", End.CLOSES, "engine/4", (compressed_garbage,)),
    ("ws/deflate", End.EITHER, "robust/1", (compressed_bomb,)),
    ("polling/slow", End.EITHER, "robust/1", (a_body_that_stalls, sessions_abandoned)),
    ("ws/memory-after", End.EITHER, "robust/4", (all_of_it,)),
)

CASES: Final = tuple(
    malformed(f"{family}/{scene.__name__.replace('_', '-')}", end, cites, scene)
    for family, end, cites, scenes in _SCENES
    for scene in scenes
)
