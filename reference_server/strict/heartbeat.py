"""Is the client still there? One timer per client, so that a silent death is found on time."""

import asyncio
from collections.abc import Callable


class Heartbeat:
    """Asks every `interval` seconds and gives the client `timeout` seconds to answer.

    "At a given interval (the `pingInterval` value sent in the handshake) the server sends a `ping` packet and the
    client has a few seconds (the `pingTimeout` value) to send a `pong` packet back." Upstream looks for dead clients
    in one round over all of them, and finds them up to twice as late.
    """

    def __init__(self, interval: float, timeout: float, ping: Callable[[], None], lapse: Callable[[], None]) -> None:
        self._interval, self._timeout = interval, timeout
        self._ping, self._lapse = ping, lapse
        self._asked = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin, or begin again after an answer."""
        self._asked = False
        self._after(self._interval, self._ask)

    def pong(self) -> None:
        """Take the client's answer. One that nobody asked for changes nothing, else it could postpone its own end."""
        if self._asked:
            self.start()

    def stop(self) -> None:
        """End: no timer stays behind."""
        if self._timer is not None:
            self._timer.cancel()

    def _ask(self) -> None:
        self._asked = True
        self._after(self._timeout, self._lapse)
        self._ping()

    def _after(self, delay: float, call: Callable[[], None]) -> None:
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(delay, call)
