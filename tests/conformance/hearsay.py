"""People without connections and what they are said to have heard, for judging without a target."""

import time
from collections.abc import Mapping

from conformance.expectation import Expectation, Outlook
from conformance.judge import Step
from conformance.person import Person
from protocols import space
from protocols.contract import Event, Json, Level
from simulators import wire
from simulators.received import Received
from simulators.target import Target

TARGET = Target.at("http://127.0.0.1:1", patience=2.0)
BEGAN_NS = time.monotonic_ns()


def came(event: Event | str, *arguments: Json, after_ms: float = 1.0) -> Received:
    """Return what a connection hears when an event comes, or any name with any arguments."""
    name, values = (event, arguments) if isinstance(event, str) else (event.event_name, event.to_args())
    at_ns = BEGAN_NS + int(after_ms * 1e6)
    return Received(name, at_ns, wire.Event.of(name, *values, namespace="/space"), space.PROTOCOL)


def step(
    who: Person,
    event: Event | None,
    outlook: Outlook,
    *,
    name: str = "",
) -> Step:
    """Return what somebody did at the moment from which `came` counts."""
    return Step(who, event, name or (event.event_name if event else "garbage"), outlook, BEGAN_NS)


def due(
    receiver: Person,
    event: type[Event],
    where: Mapping[str, Json] | None = None,
    *,
    within_ms: int = 1000,
    requirement: str = "space/jump/1",
    level: Level = Level.MUST,
) -> Expectation:
    """Return what somebody is to hear."""
    operation = space.PROTOCOL.operation(event)
    return Expectation(receiver, operation, where or {}, within_ms, requirement, level)
