"""Has Python look for garbage seldom while a crowd plays: hardly any of what it makes needs that, and it takes long."""

import gc
from typing import Final

_SELDOM: Final = 50_000
"""So many things are made before they are looked through."""
_MANY: Final = 500
"""With so many more connections, looking through all that they need takes long enough to be measured."""


class Garbage:
    """What the collector is told while one crowd plays."""

    def __init__(self) -> None:
        self._left_alone = -_MANY  # how many were connected when it was last told to leave all alone

    def look_seldom(self) -> None:
        """Look seldom from now on, for good: a process that plays people does little else."""
        first, *others = gc.get_threshold()
        gc.set_threshold(max(first, _SELDOM), *others)

    def leave_alone(self, connected: int) -> None:
        """Take what has come to stay from what is looked through: what is imported, then the many."""
        if connected >= self._left_alone + _MANY:
            self._left_alone = connected
            gc.freeze()

    def end(self) -> None:
        """Look through everything again."""
        gc.unfreeze()
