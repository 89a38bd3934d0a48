"""Whose things were that are over, so that who asks too late is told so, and not that there was never such a thing."""

from typing import Final

REMEMBERED: Final = 10_000
"""Things that are over and still known. Whoever asks for an older one is answered like for one that never was."""


class Bygones:
    """The last things of one kind that are over, each with whose it was."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}  # id of the thing -> user id, the oldest first

    def add(self, thing_id: str, user_id: str) -> None:
        """Remember one, and forget the oldest where there are too many."""
        self._owners[thing_id] = user_id
        if len(self._owners) > REMEMBERED:
            del self._owners[next(iter(self._owners))]

    def owner(self, thing_id: str) -> str | None:
        """Return whose it was; None where that is not known any more, or never was."""
        return self._owners.get(thing_id)
