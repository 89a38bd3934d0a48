"""The people of a load test: a crowd that anybody may enter or leave while it lives, and that samples what it does."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from random import Random
from typing import ClassVar, Final

from loadtests.account import TimedLedger, TimedTally
from loadtests.results.record import Delivery
from loadtests.samples import Account, Batch, Label, Samples
from loadtests.workers.promises import Bulletin
from loadtests.workers.shared_ledger import SharedLedger
from protocols.errors import RehearsalError
from simulators.actor import Actor
from simulators.crowd import Crowd
from simulators.delivery import Ledger
from simulators.tally import Row, Tally, Times

ACK_LIMIT_S: Final = 10.0
"""How long an ack is waited for at least; one that has not come by then is timed as if it came now, and fails."""


class Population(Crowd):
    """A crowd to which nobody belongs at first; made by `gather`, belongs to one loop."""

    is_open: ClassVar[bool] = True

    def account(self, *, outsiders: bool) -> tuple[Tally, Ledger]:
        """Count as every crowd does, and put it all among the samples as well."""
        target = self.target
        self._people_here: dict[str, Actor] = {}
        self._samples = Samples()
        self._draw_life_s: Callable[[], float] | None = None  # how long a connection lives, where all are cut
        self._cut_timers: dict[str, asyncio.TimerHandle] = {}  # name of an actor -> what will cut its connection
        self._connect = Label("connect", target.transport)
        self._timed_tally = TimedTally(self._samples, target.contract, self._connect)
        return self._timed_tally, self._open_ledger(outsiders=outsiders)

    def _open_ledger(self, *, outsiders: bool) -> Ledger:
        target = self.target
        return TimedLedger(
            target.contract,
            self._timed_tally,
            self._samples,
            deadline_s=target.deadline_s,
            time_scale=target.time_scale,
            outsiders=outsiders,
        )

    def admit(self, actor: Actor) -> None:
        """Let somebody come."""
        self._people_here[actor.name] = actor
        super().admit(actor)

    def dismiss(self, actor: Actor) -> None:
        """Let somebody go for good."""
        self._people_here.pop(actor.name, None)
        self._spare(actor)
        super().dismiss(actor)

    def storm(self, part: float, random: Random) -> None:
        """Cut the connections of a part of all without a word, and have them come back at once."""
        here = [actor for name, actor in self._people_here.items() if name in self._connections]
        for actor in random.sample(here, round(part * len(here))):
            self._hang_up(actor, time.monotonic_ns(), politely=False)
            actor.come(self.elapsed_s)
            self._turns.put(actor)

    def ack_wait_s(self, within_s: float) -> float:
        """Wait beyond the deadline: users feel how late an ack is, and no limit of ours is to make it look quicker."""
        return max(within_s, ACK_LIMIT_S)

    def opened(self, actor: Actor, begin_ns: int, end_ns: int) -> None:
        """Sample how long a connection took to be made, and see to its being cut where all of them are."""
        self._samples.time(self._connect, begin_ns, end_ns)
        if self._draw_life_s is not None:
            self._spare(actor)
            visit = self._visits[actor.name]
            self._cut_timers[actor.name] = self._loop.call_later(self._draw_life_s(), self._cut, actor, visit)

    def cut_connections(self, per_s: float, random: Random) -> None:
        """Cut each connection that is opened from now on, so often in a second on average; who is cut comes back.

        It is done at this end, as the people themselves would do it: a cut is known then for what it is, and no failure
        of the target's.
        """
        self._draw_life_s = partial(random.expovariate, per_s)

    def stop(self) -> None:
        """Have everybody stop acting now, and cut nobody any more, since nobody comes back."""
        self._draw_life_s = None
        for timer in self._cut_timers.values():
            timer.cancel()
        super().stop()

    def _spare(self, actor: Actor) -> None:
        if (timer := self._cut_timers.pop(actor.name, None)) is not None:
            timer.cancel()

    def _cut(self, actor: Actor, visit: int) -> None:
        if self._visits[actor.name] == visit:
            self._hang_up(actor, time.monotonic_ns(), politely=False)
            self._turns.put(actor)

    def refused(self, error: RehearsalError) -> None:
        """Sample that a connection came to nothing."""
        self._samples.fail(self._connect, str(error))

    def take(self) -> Batch:
        """Return what was measured since the last time."""
        self._backlog.catch_up()
        tally = self._timed_tally
        tally.sample_deliveries()
        batch = self._samples.take()
        batch.lag, tally.lag = tally.lag, Times()
        batch.account = Account(dict(tally.sent), [_delivery(row) for row in tally.rows.values()], list(tally.examples))
        return batch


class Neighbours(Population):
    """The people of one worker of several, who account for what comes from the others' people as well."""

    def _open_ledger(self, *, outsiders: bool) -> Ledger:
        target = self.target
        self._shared_ledger = SharedLedger(
            target.contract,
            self._timed_tally,
            self._samples,
            deadline_s=target.deadline_s,
            time_scale=target.time_scale,
        )
        return self._shared_ledger

    def tell(self) -> Bulletin:
        """Return what the other workers are to know, since the last time."""
        self._backlog.catch_up()
        return self._shared_ledger.tell(time.monotonic_ns())

    def told(self, worker: str, bulletin: Bulletin) -> None:
        """Take in what another worker tells."""
        self._backlog.catch_up()
        self._shared_ledger.told(worker, bulletin, time.monotonic_ns())


def _delivery(row: Row) -> Delivery:
    return Delivery(
        cause=row.cause,
        heard=row.heard,
        expected=row.expected,
        delivered=row.delivered,
        lost=row.lost,
        duplicated=row.duplicated,
        misordered=row.misordered,
        misheard=row.misheard,
        late=row.late,
        excluded=row.excluded,
    )
