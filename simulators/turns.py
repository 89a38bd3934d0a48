"""Whose turn it is, and when: a schedule, a clock, and one timer in the loop."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

from simulators.actor import Act, Actor
from simulators.lag import Lag
from simulators.schedule import Schedule

_TURN_S: Final = 0.01
"""How long actors may act before what has arrived is read."""
_LOOK_S: Final = 0.25
"""How often whoever has the turns taken is asked how it goes."""


class Turns:
    """Has everybody act when it is due; belongs to one loop. Moments are seconds since `begin`."""

    def __init__(self, do: Callable[[Actor, Act, int], None], goes_on: Callable[[float], bool], lag: Lag) -> None:
        """Let `do` do what an actor wants, with the moment it was due (`time.monotonic_ns()`).

        Every quarter of a second `goes_on` is told the moment, and says whether it is worth it to go on.
        """
        self._do = do
        self._goes_on = goes_on
        self._lag = lag
        self._schedule = Schedule()
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.Handle | None = None  # of the next turn
        self._next_s = -math.inf  # when that is; nobody is woken while it is being taken, or when there is none
        self._look_s = 0.0
        self._ends_s = math.inf
        self._stopped = False
        self._failure: BaseException | None = None
        self._start_ns = time.monotonic_ns()

    def begin(self) -> None:
        """Let the time run from now on."""
        self._start_ns = time.monotonic_ns()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the time began to run."""
        return (time.monotonic_ns() - self._start_ns) / 1e9

    def put(self, actor: Actor) -> None:
        """See to it that an actor's turn comes when it has something to do; say so whenever that may have changed."""
        self._schedule.put(actor)
        if actor.due_s < self._next_s:
            self._wake_up()

    def stop(self) -> None:
        """Let nobody act any more, as if the time were over."""
        self._stopped = True
        self._wake_up()

    def fail(self, error: BaseException) -> None:
        """Let nobody act any more, and have `take` raise why; of several reasons the first."""
        self._failure = self._failure or error
        self.stop()

    async def take(self, for_s: float) -> None:
        """Have everybody act for so many seconds; raises what `fail` was told meanwhile, and what actors raise."""
        self._ends_s = for_s
        self._turn()
        try:
            await self._over
        finally:
            self._next_s = -math.inf
            if self._timer is not None:
                self._timer.cancel()
        if self._failure is not None:
            raise self._failure

    def _turn(self) -> None:
        # A callback with a timer, and no task that sleeps: there are hundreds of turns a second.
        self._next_s = -math.inf
        try:
            self._act()
        except Exception as error:  # noqa: BLE001 -- nobody awaits a callback; `take` raises it
            self.fail(error)
        if not self._stopped:
            self._next_s = min(self._schedule.next_s, self._ends_s, self._look_s)
            # uvloop counts whole milliseconds: with less than one left, it would turn without rest until then.
            left_s = math.ceil((self._next_s - self.elapsed_s) * 1000) / 1000
            self._timer = self._loop.call_later(max(0.0, left_s), self._turn)
        elif not self._over.done():
            self._over.set_result(None)

    def _act(self) -> None:
        """Have those act whose moment has come."""
        now_s = self.elapsed_s
        if now_s >= self._look_s:
            self._stopped = self._stopped or not self._goes_on(now_s)
            self._look_s = now_s + _LOOK_S
        self._stopped = self._stopped or now_s >= self._ends_s
        schedule, note, do, start_ns = self._schedule, self._lag.note, self._do, self._start_ns
        while not self._stopped and schedule.next_s <= (moment_s := self.elapsed_s) < now_s + _TURN_S:
            actor = schedule.pop()
            for due_s, act in actor.act(moment_s):
                due_ns = start_ns + int(due_s * 1e9)
                note(due_ns, time.monotonic_ns())
                do(actor, act, due_ns)
            schedule.put(actor)

    def _wake_up(self) -> None:
        """Have a turn taken at once, unless one is being taken, or all have been."""
        if self._next_s > -math.inf and self._timer is not None:
            self._next_s = -math.inf
            self._timer.cancel()
            self._timer = self._loop.call_soon(self._turn)
