"""Time, as the protocols see it: real, scaled, or moved by hand."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Tells the time and calls back. A call is never early, and calls due at one moment come in the order asked for."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch; never goes back."""
        ...

    def later(self, after_ms: int, call: Callable[[], None]) -> None:
        """Call back once, after so many milliseconds of this clock's time."""
        ...

    def catch_up(self, to_ms: int) -> None:
        """Go on from this moment, where it has not come yet; nothing may be due before."""
        ...

    def stop(self) -> None:
        """Forget everything that is still to come, and take no more."""
        ...


class LoopClock:
    """Passes by itself, `scale` times as fast as the wall clock, and calls back on the running event loop."""

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        # Counted from one look at the calendar, so that a machine that sets its clock does not turn back ours.
        self._epoch_ms = time.time_ns() / 1e6
        self._origin = time.monotonic()
        self._order = itertools.count()
        self._calls: list[tuple[float, int, Callable[[], None]]] = []  # heap of (due, order, call)
        self._timer: asyncio.TimerHandle | None = None  # rings when the first of them is due
        self._stopped = False

    def now_ms(self) -> int:
        """Milliseconds since the epoch; never goes back."""
        return int(self._now())

    def later(self, after_ms: int, call: Callable[[], None]) -> None:
        """Call back on the event loop that runs now."""
        if self._stopped:
            return
        entry = (self._now() + after_ms, next(self._order), call)
        heapq.heappush(self._calls, entry)
        if self._calls[0] is entry:
            self._wait()

    def catch_up(self, to_ms: int) -> None:
        """Go on from this moment, where it has not come yet; nothing may be due before."""
        self._epoch_ms += max(0.0, to_ms - self._now())

    def stop(self) -> None:
        """Forget everything that is still to come, and take no more."""
        self._stopped = True
        self._calls.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _now(self) -> float:
        return self._epoch_ms + (time.monotonic() - self._origin) * 1000 * self._scale

    def _wait(self) -> None:
        """Let the event loop ring when the next call is due."""
        if self._timer is not None:
            self._timer.cancel()
        delay_s = max(0.0, self._calls[0][0] - self._now()) / 1000 / self._scale
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._ring)

    def _ring(self) -> None:
        # Event loops round to their own resolution, and may ring early: a rule must not be called before its time.
        self._timer = None
        now = self._now()  # looked at once, or calls that ask for others at once would hold the loop
        while self._calls and self._calls[0][0] <= now:
            _, _, call = heapq.heappop(self._calls)
            try:
                call()
            except Exception as error:  # noqa: BLE001  # it must not cost those behind it their moment
                loop = asyncio.get_running_loop()
                loop.call_exception_handler({"message": "a call of the clock failed", "exception": error})
        if self._calls and self._timer is None:
            self._wait()


class ManualClock:
    """Stands still until somebody moves it."""

    def __init__(self, start_ms: int = 0) -> None:
        self._now_ms = start_ms
        self._order = itertools.count()
        self._calls: list[tuple[int, int, Callable[[], None]]] = []  # heap of (due, order, call)
        self._stopped = False

    def now_ms(self) -> int:
        """Milliseconds since the epoch that it was given."""
        return self._now_ms

    def later(self, after_ms: int, call: Callable[[], None]) -> None:
        """Call back from within `advance`."""
        if not self._stopped:
            heapq.heappush(self._calls, (self._now_ms + max(0, after_ms), next(self._order), call))

    def advance(self, by_ms: int) -> None:
        """Let time pass; every call that comes due on the way is made at its own moment."""
        end = self._now_ms + by_ms
        while self._calls and self._calls[0][0] <= end:
            self._now_ms, _, call = heapq.heappop(self._calls)
            call()
        self._now_ms = end

    def catch_up(self, to_ms: int) -> None:
        """Go on from this moment, where it has not come yet; nothing may be due before."""
        self._now_ms = max(self._now_ms, to_ms)

    def stop(self) -> None:
        """Forget everything that is still to come, and take no more."""
        self._stopped = True
        self._calls.clear()
