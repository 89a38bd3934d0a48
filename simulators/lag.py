"""How late a generator of load is itself, which tells whether its times can be believed."""

import asyncio
import time
from typing import Final

from simulators.tally import Tally

_TICK_NS: Final = 10_000_000
"""How often the loop is asked how late it is."""


class Lag:
    """Puts into a tally how late everything was that this side had to do; belongs to one loop."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._longest_ns = 0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None  # of the next look at the clock
        self._due_ns = 0  # when that is

    def note(self, due_ns: int, now_ns: int) -> None:
        """Take in that something was done now."""
        self._tally.lag.add(due_ns, now_ns)
        self._longest_ns = max(self._longest_ns, now_ns - due_ns)

    def take_longest_ms(self) -> float:
        """Return the longest since this was asked last."""
        longest_ns, self._longest_ns = self._longest_ns, 0
        return longest_ns / 1e6

    def begin(self) -> None:
        """Look at the clock at even distances from now on; a stall counts once for each look that it delayed."""
        self._due_ns = time.monotonic_ns()
        self._look()

    def end(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        now_ns = time.monotonic_ns()
        while self._due_ns <= now_ns:
            self.note(self._due_ns, now_ns)
            self._due_ns += _TICK_NS
        self._timer = self._loop.call_later((self._due_ns - now_ns) / 1e9, self._look)
