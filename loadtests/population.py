"""The people of a load test: a crowd that anybody may enter or leave while it lives, and that samples what it does."""

import asyncio
import math
import time

from loadtests.account import TimedLedger, TimedTally
from loadtests.samples import Batch, Label, Samples
from protocols.errors import RehearsalError
from simulators.actor import Actor
from simulators.connection import Connection
from simulators.crowd import Crowd
from simulators.history import History
from simulators.people import Identity, People
from simulators.scenario import Scenario
from simulators.target import Target


class Population(Crowd):
    """A crowd to which nobody belongs at first; made by `gather`, belongs to one loop."""

    def __init__(
        self, target: Target, scenario: Scenario, people: People, *, history: History | None = None, outsiders: bool
    ) -> None:
        super().__init__(target, scenario, people, history=history, outsiders=outsiders)
        self._samples = Samples()
        self._connect = Label("connect", target.transport)
        self._timed_tally = TimedTally(self._samples, target.contract, self._connect)
        self.tally = self._timed_tally
        self._ledger = TimedLedger(
            target.contract,
            self._timed_tally,
            self._samples,
            deadline_s=target.deadline_s,
            time_scale=target.time_scale,
            outsiders=outsiders,
        )
        self._stays: dict[str, asyncio.Task[None]] = {}  # name of an actor -> what brings it in and stays with it

    @property
    def seats(self) -> float:
        """How many may be there at once: as many as the target has sessions for."""
        return math.inf if self._people.gives_guests else len(self._accounts)

    def enter(self, actor: Actor) -> None:
        """Let somebody come now."""
        self._ledger.add(actor.name, actor.standing)
        actor.come(self.elapsed_s)
        self._reschedule(actor)

    def leave(self, actor: Actor) -> None:
        """Let somebody go now, politely and for good, also one who is still on the way in."""
        if actor.name in self._connections:
            self._hang_up(actor, time.monotonic_ns(), politely=True)
        elif (stay := self._stays.get(actor.name)) is not None:
            stay.cancel()
            self._disconnected(actor)
        actor.come(math.inf)
        self._reschedule(actor)

    def take(self) -> Batch:
        """Return what was measured since the last time."""
        self._timed_tally.sample_faults()
        return self._samples.take()

    async def _visit(self, actor: Actor) -> None:
        stay = asyncio.current_task()
        assert stay is not None  # this is a coroutine
        self._stays[actor.name] = stay
        try:
            await super()._visit(actor)
        finally:
            if self._stays.get(actor.name) is stay:
                del self._stays[actor.name]

    async def _open(self, actor: Actor, identity: Identity) -> Connection:
        begin_ns = time.monotonic_ns()
        connection = await super()._open(actor, identity)
        self._samples.time(self._connect, begin_ns, time.monotonic_ns())
        return connection

    def _turned_away(self, actor: Actor, error: RehearsalError) -> None:
        self._samples.fail(self._connect, str(error))
        self._arrived = True  # a load test goes on even when the first one is refused
        super()._turned_away(actor, error)
