"""Notices that a server's pings have stopped: none has come for its ping interval and ping timeout together."""

import asyncio
from collections.abc import Callable
from typing import Final

_LONGEST_S: Final = 86_400.0  # a server may name any number; a timer may not be set that far


class Heartbeat:
    """Watches the pings of one session from its handshake on."""

    def __init__(self, interval_ms: int, timeout_ms: int, on_silence: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self.interval_ms = interval_ms
        self.timeout_ms = timeout_ms
        self.patience_ms = interval_ms + timeout_ms
        self._patience_s = min(self.patience_ms / 1000, _LONGEST_S)
        self._on_silence = on_silence
        self._last_s = self._loop.time()
        self._timer = self._loop.call_at(self._last_s + self._patience_s, self._look)

    def beat(self) -> None:
        """Take note of a ping."""
        self._last_s = self._loop.time()

    def stop(self) -> None:
        """Watch no more."""
        self._timer.cancel()

    def _look(self) -> None:
        # The timer moves only when it fires, so that a ping costs nothing.
        due = self._last_s + self._patience_s
        if self._loop.time() < due:
            self._timer = self._loop.call_at(due, self._look)
        else:
            self._on_silence()
