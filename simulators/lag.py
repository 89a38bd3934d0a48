"""How late a generator of load is itself, which tells whether its times can be believed."""

import asyncio
import time
from typing import Final

from simulators.tally import Tally

_TICK_NS: Final = 10_000_000
"""How often the loop is asked how late it is."""


class Lag:
    """Puts into a tally how late everything was that this side had to do."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._longest_ns = 0

    def note(self, due_ns: int, now_ns: int) -> None:
        """Take in that something was done now."""
        self._tally.lag.add(due_ns, now_ns)
        self._longest_ns = max(self._longest_ns, now_ns - due_ns)

    def take_longest_ms(self) -> float:
        """Return the longest since this was asked last."""
        longest_ns, self._longest_ns = self._longest_ns, 0
        return longest_ns / 1e6

    async def watch(self) -> None:
        """Look at the clock at even distances from now on; a stall counts once for each look that it delayed."""
        due_ns = time.monotonic_ns()
        while True:
            now_ns = time.monotonic_ns()
            while due_ns <= now_ns:
                self.note(due_ns, now_ns)
                due_ns += _TICK_NS
            await asyncio.sleep((due_ns - now_ns) / 1e9)
