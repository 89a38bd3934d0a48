"""A failure as a list of deeds and what shows it, in which nothing belongs to the run that found it.

What the server makes anew each time (ids, sessions), and what we make anew (names of places, ids of messages),
stands in it as `Bound`: text and sources, from which whoever plays it takes what is current.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from conformance.symptom import ADMITTED, REFUSED, Symptom
from simulators.endpoint import TransportName


@dataclass(frozen=True, slots=True)
class Run:
    """A short text that is new each time, so that nobody meets what an earlier run has left."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A UUID that is new each time."""

    number: int
    """The same number is the same UUID."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The number of the time that a step is done now, of those that are done more than once."""


@dataclass(frozen=True, slots=True)
class Token:
    """A JSON Web Token that is signed when it is needed."""

    claims: "tuple[tuple[str, Template], ...]"
    prefix: str
    algorithm: str
    expires_s: int | None
    """Seconds that it lives; None where its claims say when it ends, or nothing does."""
    secret: str
    """The secret itself where it is known to everybody, as that of our own server; else empty."""
    secret_env: str
    """The environment variable that holds the secret."""


@dataclass(frozen=True, slots=True)
class Env:
    """What an environment variable holds: tokens and passwords are never written into a file."""

    name: str


@dataclass(frozen=True, slots=True)
class Picked:
    """A value of something that came because of an earlier step."""

    step: int
    """Place of that step in the trace."""
    who: str
    name: str
    """The event's name, or what else it is, as in `conformance.symptom`."""
    number: int
    """Which one of that name it is, of those that this step caused, from 0."""
    path: tuple[str | int, ...]
    """Where in its first value it stands."""
    plus: int = 0
    """What is added to it, where it is a moment and another one is meant."""


Source: TypeAlias = Run | Fresh | Turn | Token | Env | Picked


@dataclass(frozen=True, slots=True)
class Bound:
    """Text with sources in it; one source alone keeps its type."""

    parts: tuple[str | Source, ...]


Template: TypeAlias = "bool | int | float | str | bytes | Bound | Sequence[Template] | Mapping[str, Template] | None"

Deed: TypeAlias = Literal["connect", "emit", "raw", "leave", "cut", "http", "wait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that somebody did."""

    deed: Deed
    who: str
    name: str = ""
    """The event's name, or the method of an HTTP request."""
    arguments: tuple[Template, ...] = ()
    """Of an event; the body of a request, if it has one; what goes over the wire as it is."""
    asks: bool = False
    """Whether an ack is wanted."""
    is_followed: bool = False
    """Whether the next step follows at once; otherwise everybody first hears what this one has caused."""
    url: Template = ""
    """Of an HTTP request."""
    headers: Mapping[str, Template] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    auth: Template = None
    transport: TransportName = "websocket"
    is_elsewhere: bool = False
    """Of who connects: whether they come from an address of this machine that nobody else comes from."""
    times: int = 1
    """How often it is done, one time after the other."""
    wait_s: float = 0.0
    heard: tuple[tuple[str, str], ...] = ()
    """Who heard what of it, by name, until the next step; as often as it came."""
    matches: tuple[int, ...] = ()
    """How often what shows the fault came of it, for each of the trace's symptoms."""
    is_session: bool = False
    """Of a request: whether it was made for a token alone."""
    is_refused: bool = False
    """Whether the contract refuses it, so that it changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What must be done to see a fault, and what shows it."""

    protocol: str
    url: str
    path: str
    namespace: str
    steps: tuple[Step, ...]
    window: int
    """Place of the step with which what shows the fault begins; as long as there are steps for after the last."""
    symptoms: tuple["Shown", ...]
    """The fault shows when all of them are there."""
    unshown: str = ""
    """Why nobody but the judge can see the fault; empty where others can."""
    makers: frozenset[str] = frozenset()
    """Who said something before of which what must not come speaks: it may be that which a timer brings now."""

    def stays(self, step: Step) -> bool:
        """Say whether somebody is refused who goes on as if they were not: what is heard then is what matters."""
        asked = {name for one in self.symptoms for name in one.symptom.names}
        return step.deed == "connect" and (step.who, REFUSED) in step.heard and asked.isdisjoint({REFUSED, ADMITTED})


@dataclass(frozen=True, slots=True)
class Shown:
    """A symptom, with what its tests compare as a template."""

    symptom: Symptom
    values: tuple[Template, ...]
    """One for each of its tests, in place of the value that stands there."""
    later: "Shown | None" = None
    """The same of what is heard later."""

    @property
    def every(self) -> tuple[Template, ...]:
        """All values, those of what is heard later too."""
        return (*self.values, *(self.later.every if self.later is not None else ()))

    def changed(self, change: Callable[[Template], Template]) -> "Shown":
        """Return the same with other values."""
        later = None if self.later is None else self.later.changed(change)
        return Shown(self.symptom, tuple(map(change, self.values)), later)


def fill(template: Template, now: Callable[[Source], object]) -> object:
    """Return a template with what its sources are now."""
    match template:
        case Bound(parts=(str() as text,)):
            return text
        case Bound(parts=(source,)) if not isinstance(source, str):
            return now(source)
        case Bound(parts=parts):
            return "".join(part if isinstance(part, str) else str(now(part)) for part in parts)
        case str() | bytes():
            return template
        case Mapping():
            return {key: fill(value, now) for key, value in template.items()}
        case Sequence():
            return [fill(value, now) for value in template]
        case _:
            return template


def sources(template: Template) -> Iterator[Source]:
    """Yield the sources that a template speaks of, and those that these speak of."""
    match template:
        case Bound(parts=parts):
            for part in parts:
                if not isinstance(part, str):
                    yield part
                if isinstance(part, Token):
                    yield from sources(dict(part.claims))
        case str() | bytes():
            return
        case Mapping():
            for value in template.values():
                yield from sources(value)
        case Sequence():
            for value in template:
                yield from sources(value)


def spoken(step: Step) -> Iterator[Source]:
    """Yield the sources that a step speaks of."""
    for template in (step.arguments, step.url, step.headers, step.auth):
        yield from sources(template)
