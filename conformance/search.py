"""One random search: Hypothesis draws and shrinks, and the shortest conversation that broke a promise is kept."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.errors import HypothesisException

from conformance.playground import Playground
from conformance.verdict import Broken

SHRINK_S: Final = 10.0
"""How long to look for a shorter conversation once one has failed."""
SETTINGS: Final = settings(
    max_examples=1_000_000,  # the budget of time ends a search, not their number
    deadline=None,
    database=None,
    verbosity=Verbosity.quiet,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    report_multiple_bugs=False,
)


class Over(BaseException):
    """Ends a search at once; no Exception, since those are findings that Hypothesis would shrink."""


class Search:
    """What a search has found so far, and whether it should go on."""

    def __init__(self, ground: Playground) -> None:
        self.ground = ground
        self.broken: Broken | None = None
        self.conversation: tuple[str, ...] = ()
        self._size = 0
        self._crash: Exception | None = None
        self._ends = ground.deadline
        self._is_over = False

    def go_on(self) -> None:
        """Raise Over when the time for this search is used up; a test that Hypothesis plays calls it first."""
        if time.monotonic() >= self._ends:
            self._is_over = True
            raise Over

    @property
    def is_shrinking(self) -> bool:
        """Whether a promise has been broken and only a shorter way to show it is sought."""
        return self.broken is not None

    @contextmanager
    def watching(self, shown: Callable[[Broken], tuple[int, tuple[str, ...]]]) -> Iterator[None]:
        """Note what goes wrong in the block; `shown` gives the size and the conversation of a broken promise.

        Anything else ends the search: shrinking it is no use, and it must not be lost when the time is over.
        """
        try:
            yield
        except Broken as broken:
            self._found(broken, *shown(broken))
            raise
        except HypothesisException:
            raise  # a draw that came to nothing
        except Exception as error:
            self._crash = error
            raise Over from error

    def _found(self, broken: Broken, size: int, conversation: tuple[str, ...]) -> None:
        """Keep a finding if it is the first, or a smaller one of the same promise."""
        if self.broken is None:
            self._ends = time.monotonic() + SHRINK_S
        elif broken.requirement != self.broken.requirement or size > self._size:
            return
        self.broken, self._size, self.conversation = broken, size, conversation

    def run(self, test: Callable[[], None]) -> None:
        """Let Hypothesis play a test until the search is over; raises the Broken that was found, or what crashed."""
        try:
            test()
        except (Broken, Over):
            pass
        except HypothesisException:
            # Hypothesis calls flaky what stops for the time, and a target that does not always answer alike.
            if self.broken is None and not self._is_over:
                raise
        if self.broken is not None:
            self.ground.conversation = self.conversation
            raise self.broken
        if self._crash is not None:
            raise self._crash
