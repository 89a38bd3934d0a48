"""What cases are played on: the target, the loop of its connections, and the people, places and time there are."""

import random
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from conformance.case import Case
from conformance.cast import Cast, Scopes
from conformance.checks import Check
from conformance.coverage import Hearing
from conformance.deaths import Deaths, End
from conformance.http import Http
from conformance.model import Model
from conformance.process import Keeper
from conformance.stage import Lapse, Stage
from conformance.trial import Found, Trial
from conformance.verdict import Broken, Key
from protocols.errors import RehearsalError
from simulators.engine import Engine
from simulators.history import History, Record
from simulators.people import People
from simulators.target import Target

T = TypeVar("T")
LEAST_RANDOM: Final = 0.25
"""Part of the budget that random cases have, however long the fixed ones took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How thoroughly to try, and what to repeat."""

    seed: int = field(default_factory=lambda: random.SystemRandom().randrange(2**32))
    budget_s: float = 35.0
    """Seconds for the whole run; the fixed cases are always played, and the random ones share what they leave."""
    slow: bool = False
    """Whether to play the slow cases too."""

    def random_s(self, spent_s: float) -> float:
        """Return how long the random cases may take, all together, after the others took so long."""
        return max(self.budget_s - spent_s, self.budget_s * LEAST_RANDOM)


LEFT: Final = frozenset({Check.CONNECTION_KEPT, Check.STILL_SERVED})
"""What is broken where somebody is left alone, by one fault or by the end of the target."""


@dataclass(kw_only=True)
class Playground:
    """Everything a case may use. Connections live in the engine's loop; a case runs in the thread of its caller."""

    target: Target
    engine: Engine
    people: People
    http: Http
    options: Options
    make_model: Callable[[Target], Model]
    make_cast: Callable[[Stage, People, Http, Scopes], Cast]
    scopes: Scopes
    deadline: float = 0.0
    """`time.monotonic()` at which a random case stops looking for more."""
    lapses: list[Lapse] = field(default_factory=list)
    given_up: set[str] = field(default_factory=set)
    """Ids of operations that a SHOULD promised in vain: one case has waited for them, which is enough."""
    missed: set[tuple[str, str]] = field(default_factory=set)
    """What was once waited for in vain at full patience, see `Stage.missed`: nobody waits so long for it again."""
    known: set[Key] = field(default_factory=set)
    """What is broken as far as the cases before this one could tell: met again, it is only counted."""
    hearing: Hearing = field(default_factory=Hearing)
    """Notes what the target says."""
    found: list[Found] = field(default_factory=list)
    """What the present case has found so far."""
    conversation: tuple[str, ...] = ()
    """What showed the last broken promise."""
    keeper: Keeper
    """Who starts the target, where its target file says how."""
    deaths: Deaths
    stage: Stage | None = None
    """Where the last cast has played."""
    before: Stage | None = None
    """Where somebody has said something last before that."""
    watch: Callable[[Record], None] | None = None
    """Hears of everything that anybody on a stage sends or receives."""
    _was_hasty: bool = False

    def __post_init__(self) -> None:
        self.begin(Case(address="", subject="", kind="", cites=(), play=lambda _: None))

    def begin(self, case: Case, *, unhurried: bool = False) -> None:
        """Get ready for a case."""
        self.trial = Trial(case)
        if self.stage is not None and self.stage.said:
            self.before = self.stage
        self.stage = None
        self.unhurried = unhurried
        self.lapses.clear()
        self.found.clear()
        self.conversation = ()
        self._was_hasty = False

    def is_hasty(self, error: Exception) -> bool:
        """Say whether the last cast waited too briefly to say so, and it is nothing that is known already."""
        return self._was_hasty and not (isinstance(error, Broken) and error.key in self.known)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the loop of the connections, and return its result."""
        return self.engine.submit(work)

    def end_behind(self, error: Exception) -> End | None:
        """Return the end of the target that something comes from which went wrong; None where it lives."""
        return None if self._is_answered(error) else self.run(self.explain(error))

    def _is_answered(self, error: Exception) -> bool:
        """Say whether the target lives for sure: it has answered after what was done, and keeps its connections."""
        if not isinstance(error, Broken) or error.check in LEFT:
            return False
        return self.stage is None or self.stage.answered

    async def explain(self, error: Exception) -> End | None:
        """Do the same in the loop of the connections."""
        if self._is_answered(error):
            return None
        stage = self.stage if self.stage is not None and self.stage.said else self.before
        return await self.deaths.explain(error, stage, self.trial.case.subject)

    def bring_back(self, end: End, *, counts: bool = True) -> bool:
        """Start the target again, and say whether it is back; see `Deaths.bring_back`."""
        return self.run(self.deaths.bring_back(end, counts=counts))

    @asynccontextmanager
    async def cast(self, *, hurried: bool = False, unhurried: bool = False) -> AsyncIterator[Cast]:
        """Bring new people onto a new stage; when a promise is broken there, keep the conversation that shows it.

        With `unhurried` they wait in full for everything, whatever was missed before.
        """
        stage = Stage(self.target, self.make_model(self.target), History(self.watch), self.keeper)
        if self.stage is not None and self.stage.said:
            self.before = self.stage
        self.stage = stage
        stage.hurried = hurried
        stage.given_up = self.given_up
        stage.hearing = self.hearing
        stage.missed = set() if unhurried or self.unhurried else self.missed
        stage.proven = self.people.proven
        stage.origins, stage.runs = self.people.origins, (self.people.run, self.scopes.run)
        self.http.on_exchange = stage.note
        self.http.place = stage.history.__len__
        try:
            yield self.make_cast(stage, self.people, self.http, self.scopes)
            await stage.finish()
        except Broken as broken:
            self.conversation = stage.conversation(broken)
            stage.witness(broken)
            raise
        except RehearsalError as error:
            self.conversation = stage.conversation(Broken("", "an answer", str(error)))
            raise
        finally:
            self.lapses += stage.lapses
            self._was_hasty = stage.was_hasty
            await stage.close()

    @contextmanager
    def opened(self, *, hurried: bool = False) -> Iterator[Cast]:
        """Do the same for a case that draws as it goes, which only the caller's thread can do."""
        context = self.cast(hurried=hurried)
        cast = self.run(context.__aenter__())
        try:
            yield cast
        finally:
            self.run(context.__aexit__(*sys.exc_info()))
