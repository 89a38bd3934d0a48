"""Pings, pongs, and what becomes of who does not answer. These only wait, so all of them wait side by side."""

import math
from typing import Final

from conformance.case import Skipped
from conformance.wire import raw
from conformance.wire.bench import Bench
from conformance.wire.case import Wires

WIRES: Final = Wires("heartbeat")
HORIZON_S: Final = 60.0
"""No longer is waited for anything, unless slow cases are asked for."""


def wait_s(bench: Bench, seconds: float) -> float:
    """Return how long to wait for what takes so long; raises Skipped where that is too long."""
    if seconds > HORIZON_S and not bench.ground.options.slow:
        raise Skipped(f"takes {seconds:.0f} s with this server's heartbeat; asked for with --slow")
    return seconds + bench.within_s


@WIRES.shows("heartbeat/1", "heartbeat/3", beside=True)
async def pings_over_websocket(bench: Bench) -> None:
    """Two pings come, and who answers them stays."""
    opened = bench.ground.opened
    wait = wait_s(bench, 2 * opened.ping_interval_s) + opened.ping_timeout_s
    socket = await bench.socket()
    came = await socket.until(lambda: len(socket.pings) >= 2, wait)
    bench.require(not socket.closed, "who answers its pings stays", socket.closed, "wire/heartbeat/3")
    promise = f"two pings within {2 * opened.ping_interval_s + opened.ping_timeout_s:g} s"
    bench.require(came, promise, f"{len(socket.pings)} in {raw.now() - socket.began:.1f} s")
    await bench.serves(socket, "who answers its pings stays")


@WIRES.shows("heartbeat/1", "heartbeat/3", beside=True)
async def pings_over_polling(bench: Bench) -> None:
    """Likewise in polls."""
    opened = bench.ground.opened
    wait = wait_s(bench, 2 * opened.ping_interval_s) + opened.ping_timeout_s
    session = await bench.session()
    deadline = session.began + wait
    pings = 0
    while pings < 2 and (left := deadline - raw.now()) > 0:
        answer = await session.get(left)
        if answer is not None and answer.status != 200:
            bench.broken("who answers its pings stays", answer, "wire/heartbeat/3")
        if answer is not None and "2" in answer.body.decode().split("\x1e"):
            pings += 1
            await session.post("3")
    bench.require(pings == 2, "two pings", f"{pings} in {raw.now() - session.began:.1f} s")
    await bench.session_serves(session, "who answers its pings stays")


@WIRES.shows("heartbeat/4", beside=True)
async def pongs_that_nobody_asked_for(bench: Bench) -> None:
    """A thousand pongs make no ping come sooner, nor oftener."""
    interval_s = bench.ground.opened.ping_interval_s
    wait = wait_s(bench, 1.5 * interval_s)
    asked = raw.now()
    socket = await bench.socket()
    for _ in range(1000):
        socket.write(raw.message("3"))
    socket.log.note(socket.who, ">", "3, a thousand times")
    await socket.until(lambda: len(socket.pings) > math.ceil((raw.now() - asked) / interval_s), wait - bench.within_s)
    most = math.ceil((raw.now() - asked) / interval_s)
    bench.log.keep_pings(most + 1)
    bench.require(len(socket.pings) <= most, f"at most {most} pings in that time", len(socket.pings))


@WIRES.shows("heartbeat/2", beside=True)
async def silence_over_websocket(bench: Bench) -> None:
    """Who never answers is closed in the end."""
    opened = bench.ground.opened
    whole_s = opened.ping_interval_s + opened.ping_timeout_s
    wait = wait_s(bench, whole_s)
    socket = await bench.socket(answers_pings=False)
    await socket.until(lambda: False, wait)
    bench.require(bool(socket.closed), f"a close {whole_s:g} s after the handshake", "it stays open")


@WIRES.shows("heartbeat/3", beside=True)
async def nobody_is_closed_before_the_time_is_up(bench: Bench) -> None:
    """Who has not answered yet still has time to."""
    opened = bench.ground.opened
    socket = await bench.socket(answers_pings=False)
    # Half of the time: a busy machine makes nothing come sooner by so much.
    await socket.until(
        lambda: False, wait_s(bench, (opened.ping_interval_s + opened.ping_timeout_s) / 2) - bench.within_s
    )
    bench.require(not socket.closed, "who has not answered yet stays until its time is up", socket.closed)


@WIRES.shows("heartbeat/2", beside=True)
async def silence_over_polling(bench: Bench) -> None:
    """Who never polls is gone in the end."""
    opened = bench.ground.opened
    whole_s = opened.ping_interval_s + opened.ping_timeout_s
    wait = wait_s(bench, whole_s)
    session = await bench.session()
    await bench.rest(wait)
    answer = await session.get()
    bench.require(answer is not None and answer.status == 400, f"HTTP 400 after {wait:g} s of silence", answer)
