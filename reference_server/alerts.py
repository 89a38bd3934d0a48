"""What of the log somebody must be told at once."""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from protocols.contract import Json
from reference_server.logs import Line
from reference_server.outbox import WEBHOOK, Outbox

RED = 15158332
AUTHENTICATION = "E1"
FAILURES = 10
WINDOW_S = 60.0


class Alerts:
    """Sends every error to the webhook, and authentication failures once there are ten within a minute."""

    def __init__(self, outbox: Outbox, now_s: Callable[[], float] = time.monotonic) -> None:
        self._outbox = outbox
        self._now_s = now_s
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._quiet_until = float("-inf")

    def hear(self, line: Line, written: bool) -> None:
        """Listen to a line of the log."""
        if line.level == "error":
            if written:
                self._send("Socket server error", line.message, line.code)
        elif line.code.startswith(AUTHENTICATION):
            self._count(line)

    def _count(self, line: Line) -> None:
        now = self._now_s()
        self._failures.append(now)
        many = len(self._failures) == FAILURES and now - self._failures[0] < WINDOW_S
        if many and now >= self._quiet_until:
            self._quiet_until = now + WINDOW_S  # one alarm a minute: it says that there are many, not each of them
            self._send(
                "Many authentication failures", f"{FAILURES} within a minute, the last: {line.message}", line.code
            )

    def _send(self, title: str, description: str, code: str) -> None:
        self._outbox.put(WEBHOOK, embed(title, description, code))


def embed(title: str, description: str, code: str) -> dict[str, Json]:
    """Write an alarm in the shape of a Discord webhook; longer texts than Discord takes are cut."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "embeds": [
            {
                "title": title[:256],
                "description": description[:2000],
                "color": RED,
                "fields": [{"name": "Error Code", "value": code or "-"}, {"name": "Timestamp", "value": moment}],
            }
        ]
    }
