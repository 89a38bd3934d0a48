"""One random search: Hypothesis draws and shrinks, and of every defect the shortest conversation is kept.

A search is played in rounds until its time is over. A defect that is met for the first time is shrunk for a while; that
ends its round, and the next ones draw otherwise. What is known by then ends a conversation and is only counted.
"""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Final

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.errors import Flaky, HypothesisException

from conformance.checks import OF_TIME
from conformance.playground import Playground
from conformance.trial import Found
from conformance.verdict import Broken, Key
from protocols.errors import RehearsalError

SHRINK_S: Final = 8.0
"""How long to look for a shorter conversation once one has failed."""
SHRINK_LATE_S: Final = 3.0
"""How long to do so where the search's own time ends sooner."""
ONCE_MORE: Final = 2
"""How often what is late must come again while it is shrunk: a machine stops for a moment, a server is late again."""
SETTINGS: Final = settings(
    max_examples=200,  # and then anew, until the time is over: Hypothesis begins with short ones, a tenth of them all
    deadline=None,
    database=None,
    verbosity=Verbosity.quiet,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    report_multiple_bugs=False,
)


def _is_of_time(key: Key) -> bool:
    check, *_ = key
    return check in OF_TIME


class Over(BaseException):
    """Ends a round at once; no Exception, since those are findings that Hypothesis would shrink."""


class Search:
    """What a search has found so far, and whether it should go on."""

    def __init__(self, ground: Playground) -> None:
        self.ground = ground
        self.is_spent = False
        """Whether the conversation that is played now has met something known, and says nothing more."""
        self._found: dict[Key, Found] = {}
        self._sizes: dict[Key, int] = {}
        self._shrinking: Key | None = None
        self._again = 0  # how often what is shrunk has come again
        self._crash: Exception | None = None
        self._is_over = False
        self._shrunk_by = 0.0

    def go_on(self) -> None:
        """Begin a conversation, as a test that Hypothesis plays must; raises Over when there is no time for it."""
        self.is_spent = False
        if time.monotonic() >= (self._shrunk_by if self.is_shrinking else self.ground.deadline):
            self._is_over = True
            raise Over

    @property
    def found(self) -> Collection[Found]:
        """What was found so far, and what was known and has been met."""
        return self._found.values()

    @property
    def is_shrinking(self) -> bool:
        """Whether a promise has been broken and only a shorter way to show it is sought."""
        return self._shrinking is not None

    @property
    def is_hurried(self) -> bool:
        """Whether nothing is waited for any longer than it usually takes; whoever looks for what is late has time."""
        return self._shrinking is not None and not _is_of_time(self._shrinking)

    @contextmanager
    def watching(self, shown: Callable[[Broken], tuple[int, tuple[str, ...]]]) -> Iterator[None]:
        """Note what goes wrong in the block; `shown` gives the size and the conversation of a broken promise.

        It is raised for Hypothesis to shrink if it is new, or shorter to show; else the conversation is spent. Anything
        but a broken promise ends the search: shrinking it is no use, and it must not be lost when the time is over.
        """
        try:
            yield
        except HypothesisException:
            raise  # a draw that came to nothing
        except Exception as error:
            broken = self._read(error)
            if broken is None:
                self._crash = error
                raise Over from error
            is_wanted = self._is_wanted(broken, *shown(broken))
            if self.ground.deaths.is_final:
                raise Over from error
            if is_wanted:
                raise broken from None
            self.is_spent = True

    def _read(self, error: Exception) -> Broken | None:
        """Return the broken promise that an error means, be it the end of the target, which is brought back then."""
        end = self.ground.end_behind(error) if isinstance(error, RehearsalError) else None
        if end is None:
            return error if isinstance(error, Broken) else None
        self.ground.bring_back(end, counts=not self.is_shrinking)
        return end.broken

    def _is_wanted(self, broken: Broken, size: int, conversation: tuple[str, ...]) -> bool:
        """Take in a finding, and say whether Hypothesis should make something of it."""
        key = broken.key
        if self._shrinking is not None:
            # Whoever only looks for a shorter way waits too briefly to be sure of anything else.
            if key == self._shrinking:
                self._again += 1
                if size <= self._sizes[key]:
                    self._keep(broken, size, conversation, times=0)
            return key == self._shrinking
        is_new = key not in self._found and key not in self.ground.known
        if key not in self._found or size < self._sizes[key]:
            self._keep(broken, size, conversation, times=1)
        else:
            self._found[key].times += 1
        if is_new:
            self._shrinking = key
            now = time.monotonic()
            self._shrunk_by = now + min(SHRINK_S, max(SHRINK_LATE_S, self.ground.deadline - now))
        return is_new

    def _keep(self, broken: Broken, size: int, conversation: tuple[str, ...], *, times: int) -> None:
        met = self._found.get(broken.key)
        self._found[broken.key] = Found(broken, conversation, times + (met.times if met else 0))
        self._sizes[broken.key] = size

    def run(self, test: Callable[[int | str], None]) -> None:
        """Let Hypothesis play a test, given a seed, again and again until the time is over.

        What was found stands on the ground then. Raises what crashed.
        """
        seed: int | str = self.ground.options.seed
        number = 0
        while self._play(lambda: test(seed)):  # noqa: B023 -- it is called at once
            number += 1
            seed = f"{self.ground.options.seed} {number}"
        self.ground.found += self.found
        if self._crash is not None:
            raise self._crash

    def _play(self, test: Callable[[], None]) -> bool:
        """Let Hypothesis play one round, and say whether another may find more."""
        self._shrinking, self._is_over, self._again = None, False, 0
        try:
            test()
        except (Broken, Over, Flaky):
            # Hypothesis calls flaky what stops for the time, and a target that does not always answer alike.
            pass
        except HypothesisException:
            if not self.is_shrinking and not self._is_over:
                raise
        if self._shrinking is not None:
            if _is_of_time(self._shrinking) and self._again < ONCE_MORE:
                del self._found[self._shrinking]  # the machine stopped for a moment, for all that anybody knows
            self._crash = None  # whatever crashed while shrinking will do so again, or was of no account
        is_over = self.ground.deaths.is_final or time.monotonic() >= self.ground.deadline
        return self._crash is None and not is_over
