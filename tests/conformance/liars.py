"""Small servers that lie: they speak the wire, answer fences, and say of space whatever a test tells them to."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

from conformance.model import Model
from conformance.models.space import Seat, SpaceModel
from conformance.person import Person
from conformance.stage import Stage
from protocols.contract import Event
from simulators.history import History
from simulators.target import Target
from tests.simulators.conftest import Peer

PATIENCE = 1.0
"""Deadlines of a second end after one: long enough for a busy machine, short enough to wait for in vain."""


class Liar:
    """A server of `space` without rules: it knows who is connected, in the order in which they came."""

    def __init__(self, answer: "Answer") -> None:
        self.people: list[Peer] = []
        self.answers_fences = True
        self.asked: list[tuple[int, int]] = []
        """Who asked for an ack by which id, in the order of their asking."""
        self._answer = answer
        self._later: set[asyncio.Task[None]] = set()

    def tell(self, event: Event, *listeners: int) -> None:
        """Emit an event to people by their number, to everybody when none is named."""
        text = "42" + json.dumps([event.event_name, *event.to_args()])
        for number in listeners or range(len(self.people)):
            self.people[number].frame(text.encode())

    def acknowledge(self, *values: Any, times: int = 1) -> None:
        """Acknowledge the latest event that asked for that."""
        number, ack_id = self.asked[-1]
        for _ in range(times):
            self.people[number].frame(f"43{ack_id}{json.dumps(values)}".encode())

    def hang_up(self, number: int) -> None:
        """Cut somebody's connection."""
        self.people[number].writer.close()

    def later(self, work: Awaitable[None]) -> None:
        """Do something on the side while this server goes on answering."""

        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        try:
            await peer.connect()
            self.people.append(peer)
            while not writer.is_closing():
                await self._hear(peer, (await peer.read_frame()).decode("utf-8", "replace"))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # somebody went away, or the test is over
        finally:
            writer.close()

    async def _hear(self, peer: Peer, packet: str) -> None:
        if packet.startswith("40/rehearsal-fence") and self.answers_fences:
            namespace = packet.removeprefix("40").partition(",")[0]
            peer.frame(f'44{namespace},{{"message":"Invalid namespace"}}'.encode())
        elif packet == "41":
            peer.writer.close()
        elif packet.startswith("42"):
            ack_id, bracket, rest = packet[2:].partition("[")
            if ack_id:
                self.asked.append((self.people.index(peer), int(ack_id)))
            name, *arguments = json.loads(bracket + rest)
            await self._answer(self, name, arguments)


Answer = Callable[[Liar, str, list[Any]], Awaitable[None]]


@asynccontextmanager
async def stage_at(
    answer: Answer, *names: str, standing: Collection[str] = ()
) -> AsyncIterator[tuple[Stage, Liar, list[Person]]]:
    """Connect people to a liar, and let the model believe that they sit in `plaza` under `ana-id` and so on.

    Those who are standing sit nowhere; they may join as whomever they say.
    """
    async with stage_of(SpaceModel, answer, *names) as (stage, liar, people):
        assert isinstance(stage.model, SpaceModel)
        for who in people:
            if who.name not in standing:
                stage.model.seats[who] = Seat("plaza", f"{who.name}-id", who.name.title(), "blue")
        yield stage, liar, people


@asynccontextmanager
async def stage_of(
    make_model: Callable[[Target], Model],
    answer: Answer,
    *names: str,
    time_scale: float = 1.0,
    patience: float = PATIENCE,
) -> AsyncIterator[tuple[Stage, Liar, list[Person]]]:
    """Connect people to a liar, whatever the model says of them."""
    liar = Liar(answer)
    server = await asyncio.start_server(liar.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    target = Target.at(
        f"http://127.0.0.1:{port}", namespace="/", mode="development", patience=patience, time_scale=time_scale
    )
    stage = Stage(target, make_model(target), History())
    try:
        yield stage, liar, [await stage.connect(name) for name in names]
    finally:
        await stage.close()
        server.close()
