"""What cases are played on: the target, the loop of its connections, and the people, places and time there are."""

import random
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from conformance.cast import Cast, Scopes
from conformance.http import Http
from conformance.model import Model
from conformance.process import Keeper
from conformance.stage import Lapse, Stage
from conformance.verdict import Broken, Key
from protocols.errors import RehearsalError
from simulators.engine import Engine
from simulators.history import History, Record
from simulators.people import People
from simulators.target import Target

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How thoroughly to try, and what to repeat."""

    seed: int = field(default_factory=lambda: random.SystemRandom().randrange(2**32))
    budget_s: float = 60.0
    """Seconds for the random cases, all together; the fixed ones are always played."""
    slow: bool = False
    """Whether to play the slow cases too."""


@dataclass(slots=True)
class Found:
    """A broken promise that a search has found: the shortest conversation that shows it, and how often it was met."""

    broken: Broken
    conversation: tuple[str, ...]
    times: int


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
    known: set[Key] = field(default_factory=set)
    """What is broken as far as the cases before this one could tell: met again, it is only counted."""
    found: list[Found] = field(default_factory=list)
    """What the search of the present case has found."""
    conversation: tuple[str, ...] = ()
    """What showed the last broken promise."""
    keeper: Keeper
    """Who starts the target, where its target file says how."""

    watch: Callable[[Record], None] | None = None
    """Hears of everything that anybody on a stage sends or receives."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the loop of the connections, and return its result."""
        return self.engine.submit(work)

    @asynccontextmanager
    async def cast(self, *, hurried: bool = False) -> AsyncIterator[Cast]:
        """Bring new people onto a new stage; when a promise is broken there, keep the conversation that shows it."""
        stage = Stage(self.target, self.make_model(self.target), History(self.watch), self.keeper)
        stage.hurried = hurried
        stage.given_up = self.given_up
        stage.proven = self.people.proven
        stage.origins, stage.runs = self.people.origins, (self.people.run, self.scopes.run)
        self.http.on_exchange = stage.note
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
