"""One case while it is played: its examples one after another, and what has been found so far.

The examples share a stage, which is quick. One that breaks a promise is noted, and those after it go on with new people
on a stage of their own, so that no failure hides the next.
"""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from conformance.case import Case, Skipped
from conformance.cast import Cast
from conformance.checks import OF_TIME
from conformance.deaths import End
from conformance.process import Life
from conformance.verdict import Broken, Key
from protocols.errors import RehearsalError

if TYPE_CHECKING:
    from conformance.playground import Playground

ALIKE: Final = 2
"""How often one promise may be broken by examples of one kind until the rest of a case is left."""
MOST: Final = 8
"""How many examples of one case may break a promise until its rest is left."""
SUSPECTS: Final = 3
"""How many of the last examples may have ended the target: what is done late is not done much later."""
ONCE_MORE: Final = 2
"""How often what was found late is tried again: a machine stops for a moment, a server is late again."""

Attempt: TypeAlias = Callable[[Cast, str], Awaitable[None]]
"""Tries one example, by its id."""


@dataclass(slots=True)
class Found:
    """A broken promise, the shortest conversation that shows it, and how often it was met."""

    broken: Broken
    conversation: tuple[str, ...]
    times: int = 1
    example: str = ""
    """Id of the example that it was found by; empty where it takes the whole case."""


@dataclass
class Trial:
    """What becomes of the examples of a case."""

    case: Case
    untried: dict[str, str] = field(default_factory=dict)
    """Those that were left out, and why."""
    end: End | None = None
    """The end of the target that nobody has dealt with yet."""

    @property
    def is_untried(self) -> bool:
        """Whether no example could be tried."""
        return bool(self.case.examples) and len(self.untried) == len(self.case.examples)


async def _nothing(cast: Cast) -> None:
    """End without anything to check."""


class Series:
    """The examples of the present case, tried one after another."""

    def __init__(
        self, ground: "Playground", attempt: Attempt, end: Callable[[Cast], Awaitable[None]], last: Collection[str]
    ) -> None:
        self._ground = ground
        self._last = last
        self._trial = ground.trial
        self._attempt = attempt
        self._end = end
        self._waiting = deque(self._trial.case.examples)
        self._tried: list[str] = []
        """What was tried on the present stage."""
        self._is_ending = False
        self._doubts: Counter[str] = Counter()

    async def play(self) -> None:
        """Try all; what is found is with the trial, anything but a broken promise is raised."""
        unhurried = False
        while self._waiting:
            self._tried, self._is_ending = [], False
            try:
                async with self._ground.cast(unhurried=unhurried) as cast:
                    await self._on(cast)
                unhurried = False
            except Skipped as skipped:
                self._skip(self._tried[-1], str(skipped))
            except RehearsalError as error:
                if (end := await self._ground.explain(error)) is not None:
                    await self._survive(end)
                elif isinstance(error, Broken):
                    unhurried = self._take(error)
                else:
                    self._leave(self._waiting, "the case ended before it")
                    raise
            except Exception:
                self._leave([*self._tried[-1:], *self._waiting], "the case ended before that was known")
                raise

    def _take(self, broken: Broken) -> bool:
        """Note a broken promise, unless what shows it must be tried again, without hurry; say whether it must."""
        if self._is_doubtful(broken):
            self._waiting.extendleft(reversed(self._tried))
            return True
        # What comes to light in the end takes all those that were tried before.
        example = "" if self._is_ending and len(self._tried) > 1 else self._tried[-1]
        self._note(Found(broken, self._ground.conversation, example=example))
        return False

    async def _survive(self, end: End) -> None:
        """Note what has ended the target, and bring it back for all that follows."""
        found = Found(end.broken, end.told(self._ground.conversation), example=self._tried[-1])
        suspects = self._tried[: -SUSPECTS - 1 : -1]
        is_back = await self._ground.deaths.bring_back(end)
        if is_back and len(self._tried) > 1 and end.condition.life is Life.DEAD:
            found = await self._convict(suspects, found)
        self._ground.known.add(found.broken.key)
        self._ground.found.append(found)
        deaths = self._ground.deaths
        if deaths.is_final:
            self._leave(self._waiting, f"the target has ended, and cannot be brought back: {deaths.why_final}")
        elif reason := deaths.reason(end.operation):
            self._leave(self._waiting, reason)

    async def _convict(self, suspects: Sequence[str], found: Found) -> Found:
        """Try the last examples again, each alone, the last one first; return what ends the target by itself."""
        for example in suspects:
            self._tried = [example]
            try:
                async with self._ground.cast(unhurried=True) as cast:
                    await self._attempt(cast, example)
                    await self._end(cast)
            except Skipped:
                continue
            except RehearsalError as error:
                if (end := await self._ground.explain(error)) is not None:
                    again = Found(end.broken, end.told(self._ground.conversation), example=example)
                    await self._ground.deaths.bring_back(end, counts=False)
                    return again
        found.broken.came += f"; none of the last {len(suspects)} inputs ends it alone"
        return found

    async def _on(self, cast: Cast) -> None:
        while self._waiting and not any(one in self._last for one in self._tried):
            self._tried.append(self._waiting.popleft())
            await self._attempt(cast, self._tried[-1])
        self._is_ending = True
        await self._end(cast)

    def _is_doubtful(self, broken: Broken) -> bool:
        """Say whether something must come again before it counts."""
        if broken.check in OF_TIME and self._doubts[self._tried[-1]] < ONCE_MORE:
            self._doubts[self._tried[-1]] += 1
            return True
        return self._ground.is_hasty(broken)

    def _note(self, found: Found) -> None:
        self._ground.known.add(found.broken.key)
        self._ground.found.append(found)
        alike = Counter(map(_kind, self._ground.found))
        if alike[_kind(found)] >= ALIKE or len(self._ground.found) >= MOST:
            self._leave(self._waiting, f"enough was found: {len(self._ground.found)} examples before it failed")

    def _skip(self, example: str, why: str) -> None:
        """Leave an example out; and all that follow when it is for the same reason as before."""
        self._leave([example, *(self._waiting if why in self._trial.untried.values() else ())], why)

    def _leave(self, examples: Iterable[str], why: str) -> None:
        self._trial.untried.update(dict.fromkeys(examples, why))
        self._waiting = deque(waiting for waiting in self._waiting if waiting not in self._trial.untried)


def _kind(found: Found) -> tuple[Key, str]:
    return found.broken.key, found.example.partition("/")[0]


def try_each(
    ground: "Playground",
    attempt: Attempt,
    end: Callable[[Cast], Awaitable[None]] = _nothing,
    *,
    last: Collection[str] = (),
) -> None:
    """Try each example of the present case; `end` checks what those on one stage have come to together.

    After one of `last` nobody is where they should be, and a new stage begins.
    """
    ground.run(Series(ground, attempt, end, last).play())
