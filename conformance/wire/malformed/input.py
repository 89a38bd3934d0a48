"""One malformed input: what is said, in which state, and what must become of whoever says it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, TypeAlias

from conformance.case import Skipped
from conformance.verdict import Broken
from conformance.wire.bench import Bench
from conformance.wire.case import WireCase
from conformance.wire.clients import Socket
from conformance.wire.raw import Text


class End(StrEnum):
    """What must become of the session."""

    CLOSES = "must close"
    SERVES = "must go on"
    EITHER = "must not hang"
    """No document says more: it is closed, or goes on."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Bytes that are written as they are."""

    data: bytes
    words: str


Part: TypeAlias = "Text | Frames"
Parts: TypeAlias = "Part | tuple[Part, ...]"
ROBUST: Final = ("robust/1", "robust/2", "robust/3", "robust/4")
AT: Final = "@"
"""Stands for the namespace in every text: nothing, or `/name,`."""


def inputs(family: str, end: End, cites: str, table: Mapping[str, Parts], *, joined: bool = True) -> list[WireCase]:
    """Return the cases of a family of inputs over a WebSocket, by their names."""
    return [
        malformed(
            f"ws/{family}/{name}",
            end,
            cites,
            partial(_says, parts if isinstance(parts, tuple) else (parts,), end, joined),
        )
        for name, parts in table.items()
    ]


def malformed(name: str, end: End, cites: str, scene: Callable[[Bench], Awaitable[None]]) -> WireCase:
    """Return a case whose input is told by a scene; other clients and the memory are looked at after it."""
    transport, _, rest = name.partition("/")
    return WireCase(
        address=f"wire/malformed/{name}",
        subject=f"malformed {transport}: {rest.partition('/')[0]}",
        kind=end.value,
        cites=tuple(dict.fromkeys(f"wire/{one}" for one in (cites, *ROBUST))),
        scene=partial(_watched, scene),
    )


async def _watched(scene: Callable[[Bench], Awaitable[None]], bench: Bench) -> None:
    await bench.others_are_served()
    before = bench.memory()
    bench.ground.first_memory = bench.ground.first_memory or before
    await scene(bench)
    await bench.others_are_served()
    bench.memory_is_flat(before)


async def _says(parts: Sequence[Part], end: End, joined: bool, bench: Bench) -> None:
    at = bench.at
    socket = await bench.socket(join=joined)
    for part in parts:
        say(socket, part.replace(AT, at) if isinstance(part, str) else part)
    try:
        await ends(bench, socket, end)
    except Broken:
        if end is End.SERVES and socket.closed and await _minds_unknown_events(bench):
            raise Skipped("it closes the connection at any event that it does not know") from None
        raise


async def _minds_unknown_events(bench: Bench) -> bool:
    """Say whether a plain event that nobody handles ends the connection, as an application may want it."""
    socket = await bench.socket("ben")
    socket.send(f'42{bench.at}["rehearsal"]')
    return not await socket.fence(bench.within_s)


def say(socket: Socket, part: Part) -> None:
    """Send a message, or bytes as they are."""
    if isinstance(part, Frames):
        socket.log.note(socket.who, ">", part.words)
        socket.write(part.data)
    else:
        socket.send(part)


async def ends(bench: Bench, socket: Socket, end: End) -> None:
    """Break a promise unless a session ends, or goes on, as it must."""
    match end:
        case End.CLOSES:
            await bench.closes(socket)
        case End.SERVES:
            await bench.serves(socket)
        case End.EITHER:
            await bench.is_not_dead(socket)
