"""What is judged: a protocol by its name, or the wire below all of them; both are played and told alike."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeAlias

from conformance.case import Case
from conformance.playground import Options
from conformance.runner import RunEvent, run
from conformance.suite import ground, suite_of
from conformance.wire.case import WireCase
from conformance.wire.requirements import PROTOCOL as WIRE_PROMISES
from conformance.wire.run import run as run_wire
from conformance.wire.run import wire_ground
from conformance.wire.suite import CASES as WIRE_CASES
from protocols.contract import Protocol
from reference_server.mode import Mode
from reference_server.settings import Settings
from simulators.target import Target
from tests.faults.fault import WIRE

Play: TypeAlias = Callable[[Sequence[Case]], Iterator[RunEvent]]
"""Plays cases, and tells what happens."""


def promises(subject: str) -> Protocol:
    """Return what is promised there."""
    return WIRE_PROMISES if subject == WIRE else suite_of(subject).protocol


def cases(subject: str) -> Sequence[Case]:
    """Return all that is tried there."""
    return WIRE_CASES if subject == WIRE else suite_of(subject).cases()


def settings(subject: str, *, time_scale: float = 1.0, redis_url: str = "", mode: Mode = Mode.PRODUCTION) -> Settings:
    """Return how our server is to serve it: a protocol alone, and all of them above the wire."""
    served = () if subject == WIRE else (subject,)
    return Settings(port=0, protocols=served, time_scale=time_scale, redis_url=redis_url, mode=mode)


def target(subject: str, url: str, *, patience: float, settings: Settings) -> Target:
    """Return what a target file would say of such a server."""
    told = Target.at(url, patience=patience, time_scale=settings.time_scale, mode=settings.mode.value)
    told = replace(told, redis_url=settings.redis_url)
    return told if subject == WIRE else replace(told, protocol=subject)


@contextmanager
def playing(subject: str, target: Target, options: Options) -> Iterator[Play]:
    """Open the ground there, and give what plays cases on it; errors as `ground` and `wire_ground`."""
    if subject == WIRE:
        with wire_ground(target, options) as bottom:
            yield lambda chosen: run_wire(bottom, [case for case in chosen if isinstance(case, WireCase)])
    else:
        with ground(target, options) as played:
            yield lambda chosen: run(played, chosen)
