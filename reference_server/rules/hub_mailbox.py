"""Notifications for users who are offline, until they come."""

from collections import deque
from collections.abc import Sequence

from protocols.hub import Notification

KEPT_PER_USER = 100
"""`hub/notification/6`: beyond these, the oldest of a user go."""
USERS = 10_000
"""Users of whom some are kept; beyond these, all of the user go whose first is the oldest. Only services can post."""


class Mailbox:
    """All notifications that nobody was there for."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Notification]] = {}  # user id -> its own, oldest first

    def put(self, user_id: str, notification: Notification) -> None:
        """Keep one for a user."""
        if user_id not in self._waiting and len(self._waiting) >= USERS:
            del self._waiting[next(iter(self._waiting))]
        self._waiting.setdefault(user_id, deque(maxlen=KEPT_PER_USER)).append(notification)

    def take(self, user_id: str) -> Sequence[Notification]:
        """Hand out, once, what is kept for a user, the oldest first."""
        return self._waiting.pop(user_id, ())
