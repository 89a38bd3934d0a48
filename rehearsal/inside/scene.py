"""Scenes inside: each starts servers of our own, as it needs them, and looks at them from both sides."""

import io
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Final, Protocol, TextIO, TypeAlias, cast

from conformance.case import Case
from conformance.models.space_cast import SpaceCast
from conformance.person import Person
from conformance.playground import Playground
from conformance.scene import require
from conformance.suite import ground
from protocols.contract import Event, Json
from reference_server.clock import Clock
from reference_server.settings import Settings
from simulators.history import Direction
from simulators.target import Target

AT_ONCE_S: Final = 0.5
"""What does not wait for anybody outside is told sooner, the quickest of several times even on a busy machine."""

LogLine: TypeAlias = dict[str, Json]


class Serve(Protocol):
    """Runs a server for as long as a `with` block lasts, and gives its URL; `reference_server.serve.running` does."""

    def __call__(
        self, settings: Settings, *, clock: Clock | None = None, log_stream: TextIO | None = None
    ) -> AbstractContextManager[str]:
        """Start it."""
        ...


@dataclass(frozen=True, slots=True)
class Server:
    """One server of our own."""

    ground: Playground
    """Where it is judged as any target is."""
    log: io.StringIO

    @contextmanager
    def cast(self) -> Iterator[SpaceCast]:
        """Bring new people, whose connections end with the block."""
        with self.ground.opened() as people:
            yield cast("SpaceCast", people)

    def lines(self) -> list[LogLine]:
        """Return the lines of its log so far; raises ValueError where one is no JSON."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@dataclass(frozen=True, slots=True)
class Inside:
    """What a scene may use."""

    ground: Playground
    """That of the run, whose options and patience hold here too."""
    serve: Serve

    def deadline_s(self, within_ms: float) -> float:
        """Return how long to wait for what is promised within so many milliseconds."""
        return within_ms / 1000 * self.ground.target.patience

    @contextmanager
    def server(self, settings: Settings, *, clock: Clock | None = None) -> Iterator[Server]:
        """Start a server, on a free port and with its log in JSON; what shows a fault there is told by the run."""
        log = io.StringIO()
        with self.serve(replace(settings, port=0, json_logs=True), clock=clock, log_stream=log) as url:
            target = Target.at(url, mode=settings.mode.value, patience=self.ground.target.patience)
            with ground(target, self.ground.options) as there:
                try:
                    yield Server(there, log)
                finally:
                    self.ground.conversation = there.conversation
                    self.ground.lapses += there.lapses


@dataclass(frozen=True, slots=True)
class InsideScene:
    """One scene: what it shows, and how it is played."""

    play: Callable[[Inside], None]
    cites: tuple[str, ...]

    def case(self, serve: Serve) -> Case:
        """Make a case of it, by the name of its function: `topic__what_happens`."""
        topic, _, name = self.play.__name__.partition("__")
        return Case(
            address=f"space/{topic}/inside-{name.replace('_', '-')}",
            subject=topic,
            kind="inside",
            cites=tuple(f"space/{cite}" for cite in self.cites),
            play=lambda run_on: self.play(Inside(run_on, serve)),
        )


def shows(*cites: str) -> Callable[[Callable[[Inside], None]], InsideScene]:
    """Make a scene of a function, citing requirements such as `log/3`."""
    return lambda play: InsideScene(play, cites)


async def require_at_once(
    people: SpaceCast, listener: Person, event: type[Event], acts: Iterable[Callable[[], Awaitable[object]]], cite: str
) -> None:
    """Let people act, each act of which the listener must hear by one event, and require that nothing delays that.

    The contract's deadlines are multiplied by patience, so that somebody waiting for a second would go unnoticed there.
    """
    history = people.stage.history
    delays_s = []
    for act in acts:
        earlier, began_ns = len(history), time.monotonic_ns()
        await act()
        heard = next(
            record
            for record in list(history)[earlier:]
            if record.name == event.event_name
            and record.direction is Direction.RECEIVED
            and record.actor == listener.name
        )
        delays_s.append((heard.at_ns - began_ns) / 1e9)
    expected = f"{event.event_name} is told at once: at least one of {len(delays_s)} within {AT_ONCE_S:g} s"
    require(min(delays_s) < AT_ONCE_S, cite, expected, f"the quickest took {min(delays_s):.2f} s")
