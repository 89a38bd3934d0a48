"""Keeps one client, or many, from filling the log."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

WINDOW_S = 10.0
PER_SOCKET = 10
PER_CODE = 300


class FloodGate:
    """Lets so many lines through in a window of time: a few from each socket, and some of each code from all."""

    def __init__(
        self, per_socket: int = PER_SOCKET, per_code: int = PER_CODE, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_socket, self._per_code = per_socket, per_code
        self._now_s = now_s
        self._window_ends = now_s() + WINDOW_S
        # Emptied with the window; a socket is only counted while its code has room, so they are bounded.
        self._sockets: Counter[tuple[str, str, str]] = Counter()  # (socket, level, code) -> lines
        self._codes: Counter[tuple[str, str]] = Counter()  # (level, code) -> lines
        self._missed: Counter[tuple[str, str]] = Counter()  # (level, code) -> lines that did not pass

    def passes(self, socket: str, level: str, code: str) -> bool:
        """Count a line, and say whether it may be written."""
        within = self._codes[level, code] < self._per_code
        if within and socket:
            within = self._sockets[socket, level, code] < self._per_socket
            self._sockets[socket, level, code] += within
        self._codes[level, code] += within
        self._missed[level, code] += not within
        return within

    def missed(self) -> Iterator[tuple[str, str, int]]:
        """Where a window has ended, begin the next and tell (level, code, how many) did not pass."""
        if self._now_s() < self._window_ends:
            return
        self._window_ends = self._now_s() + WINDOW_S
        missed, self._missed = self._missed, Counter()
        self._sockets.clear()
        self._codes.clear()
        for (level, code), count in missed.items():
            if count:
                yield level, code, count
