"""Close packets and close frames."""

from typing import Final

from conformance.wire import raw
from conformance.wire.bench import Bench
from conformance.wire.case import Wires

WIRES: Final = Wires("close")


@WIRES.shows("close/1")
async def a_close_packet_over_websocket(bench: Bench) -> None:
    """A `1` ends it."""
    socket = await bench.socket()
    socket.send("1")
    await bench.closes(socket)


@WIRES.shows("close/1")
async def a_close_packet_before_anything_else(bench: Bench) -> None:
    """Likewise for who has joined nothing."""
    socket = await bench.socket(join=False)
    socket.send("1")
    await bench.closes(socket)


@WIRES.shows("close/2")
async def a_close_packet_over_polling(bench: Bench) -> None:
    """The session is gone."""
    session = await bench.session(join=False)
    await session.post("1")
    await bench.session_closes(session)


@WIRES.shows("close/3")
async def a_close_packet_ends_a_pending_poll(bench: Bench) -> None:
    """The poll gets a noop."""
    session = await bench.session(join=False)
    poll = await bench.pending(session)
    await session.post("1")
    answer = await poll
    ended = answer is not None and (answer.status, answer.body) == (200, b"6")
    bench.require(ended, "the pending poll ends with a `6`", answer and f"{answer} {answer.body!r}")


@WIRES.shows("close/4")
async def a_close_frame(bench: Bench) -> None:
    """WebSocket's own goodbye is answered."""
    socket = await bench.socket()
    socket.log.note(socket.who, ">", "a close frame, 1000")
    socket.write(raw.frame(8, (1000).to_bytes(2, "big")))
    closed = await socket.until(lambda: bool(socket.closed), bench.within_s)
    bench.require(closed, "the server closes the WebSocket", "it stays open")
