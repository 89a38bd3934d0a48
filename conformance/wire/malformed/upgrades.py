"""Upgrades out of step, and sessions that are spoken to over two transports at once."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from conformance.wire.bench import Bench
from conformance.wire.clients import Session, Socket, fence_namespace
from conformance.wire.malformed.input import End, malformed
from conformance.wire.raw import Text


async def _races(race: Callable[[Bench, Session, Socket], Awaitable[None]], bench: Bench) -> None:
    bench.needs("polling", "websocket")
    session = await bench.session()
    socket = await bench.probe(session)
    await race(bench, session, socket)
    if not socket.closed and await socket.fence(bench.ground.quiet_s / 4):
        return  # it has gone over
    await bench.session_is_not_dead(session)


def _saying(*messages: Text) -> Callable[[Bench, Session, Socket], Awaitable[None]]:
    async def race(_bench: Bench, _session: Session, socket: Socket) -> None:
        socket.send(*messages)

    return race


async def _two_probes(bench: Bench, session: Session, socket: Socket) -> None:
    _, second = await bench.ask(session.query("websocket"), "ann2", session.headers())
    for one in (socket, second):
        if one is not None:
            one.send("2probe", "5")


async def _post_meanwhile(bench: Bench, session: Session, socket: Socket) -> None:
    posting = asyncio.create_task(session.post(f"40{fence_namespace()},"))
    socket.send("2probe", "5")
    await posting


async def _get_meanwhile(bench: Bench, session: Session, socket: Socket) -> None:
    polling = bench.meanwhile(session)
    socket.send("2probe", "5")
    await polling


async def _gets_after_the_probe(bench: Bench, session: Session, socket: Socket) -> None:
    socket.send("2probe")
    await asyncio.gather(bench.meanwhile(session), bench.meanwhile(session))


async def _close_by_post(bench: Bench, session: Session, socket: Socket) -> None:
    socket.send("2probe")
    await session.post("1")
    socket.send("5")


async def _dies_with_the_upgrade(bench: Bench, session: Session, socket: Socket) -> None:
    socket.send("2probe", "5")
    await socket.leave()


async def _joins_twice(bench: Bench, session: Session, socket: Socket) -> None:
    await session.post(bench.connect())
    socket.send("2probe", "5", bench.connect())


CASES: Final = tuple(
    malformed(f"ws/upgrade/{name}", End.EITHER, "robust/1", partial(_races, race))
    for name, race in {
        "without-probe": _saying("5"),
        "probe-twice": _saying("2probe", "2probe", "5"),
        "upgrade-twice": _saying("2probe", "5", "5"),
        "probe-of-other-words": _saying("2rehearsal"),
        "probe-binary": _saying(b"2probe"),
        "upgrade-binary": _saying("2probe", b"5"),
        "message-before-probe": _saying("40/rehearsal-nowhere,", "2probe", "5"),
        "message-before-upgrade": _saying("2probe", "40/rehearsal-nowhere,"),
        "close-instead": _saying("2probe", "1"),
        "no-packet-instead": _saying("2probe", "abc"),
        "broken-right-after": _saying("2probe", "5", "4abc"),
        "by-two-at-once": _two_probes,
        "post-meanwhile": _post_meanwhile,
        "get-meanwhile": _get_meanwhile,
        "two-gets-meanwhile": _gets_after_the_probe,
        "close-by-post": _close_by_post,
        "dies-at-once": _dies_with_the_upgrade,
        "joins-twice": _joins_twice,
    }.items()
)
