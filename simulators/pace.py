"""Keeps the number of connections a minute below what a target lets one make."""

import asyncio
import time
from typing import Final

_OF_THE_LIMIT: Final = 0.9
"""How much of it is used: on their way two may come closer together."""


class Pace:
    """Turns at even distances, so that no minute has more of them than is allowed, wherever it begins."""

    def __init__(self, per_minute: int | None) -> None:
        self._distance_s = 0.0 if per_minute is None else 60 / (per_minute * _OF_THE_LIMIT)
        self._next = 0.0  # time.monotonic() of the next turn

    async def turn(self) -> None:
        """Wait for one's turn; who comes first has it first."""
        if self._distance_s:
            now = time.monotonic()
            mine = max(now, self._next)
            self._next = mine + self._distance_s
            await asyncio.sleep(mine - now)
