"""One trial: the suite is played on a fresh server, as a stranger would, until it finds what is wrong with it.

The judge is told nothing of the fault: its target says where the server is, how fast its time passes, and which Redis
it uses, and says the same for every fault of a protocol.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from conformance.case import Case
from conformance.playground import Options
from conformance.runner import Finished, TargetDied
from conformance.tally import Standing, Tally
from conformance.verdict import Outcome
from protocols.errors import RehearsalError
from tests.faults.judging import judging
from tests.faults.registry import fault_named
from tests.faults.subjects import cases, promises
from tests.reference_server.redis_server import RedisServer

Phase: TypeAlias = Literal["fixed", "slow", "random"]
TOO_SLOW: Final = "all/silent-death"
"""Waits for 85 s of the wall, whatever the time scale; nobody's minute is long enough."""
IN_REDIS: Final = frozenset({"gateway", "dongne"})
"""Those who put what others may read into Redis."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the time of a protocol's server passes: where its cases are quick, and where they take minutes."""

    usual: float = 1.0
    slow: float = 1.0


PATIENCE: Final = 5.0
"""What a target has of it where its file says nothing."""
PACES: Final = {
    "space": Pace(),
    "gateway": Pace(slow=30.0),
    "dongne": Pace(usual=3.0, slow=150.0),
    "gopang": Pace(usual=20.0, slow=20.0),
    "hub": Pace(),
    "wire": Pace(),
}


@dataclass(slots=True, kw_only=True)
class Trial:
    """What became of one part of a run on one server; times in seconds from its beginning."""

    server: str
    """The name of the fault; that of the protocol alone for the whole server."""
    phase: Phase
    seed: int
    took_s: float = 0.0
    first_s: float | None = None
    """When the first finding that counts was there."""
    first: str = ""
    """The requirement that it named, and the case."""
    is_right: bool = False
    """Whether the fault's requirement was found broken, itself."""
    is_named: bool = False
    """Whether it was found broken, itself or along with another."""
    cases: int = 0
    unsure: list[str] = field(default_factory=list)
    """Why the judge could not tell, where it could not."""


def chosen(subject: str, phase: Phase) -> Sequence[Case]:
    """Return the cases of a phase, in their own order."""
    every = [case for case in cases(subject) if case.address != f"{subject}/{TOO_SLOW}"]
    match phase:
        case "fixed":
            return [case for case in every if not case.is_random and not case.is_slow]
        case "slow":
            return [case for case in every if not case.is_random and case.is_slow]
        case "random":
            return [case for case in every if case.is_random]


def play(server: str, phase: Phase, seed: int, within_s: float) -> Trial:
    """Play one phase on one server: until the fault's requirement is found broken, all is played, or time is up."""
    subject, _, part = server.partition("/")
    fault, trial = fault_named(server) if part else None, Trial(server=server, phase=phase, seed=seed)
    pace = PACES[subject].slow if phase == "slow" else PACES[subject].usual
    options = Options(seed=seed, budget_s=within_s, slow=phase == "slow")
    wanted, faults = chosen(subject, phase), [server] if fault else []
    tally = Tally(protocol=promises(subject), cases=wanted, strict=True)
    began = time.monotonic()
    try:
        with (
            redis_for(subject) as redis_url,
            judging(subject, options, faults=faults, patience=PATIENCE, time_scale=pace, redis_url=redis_url) as judge,
        ):
            began = time.monotonic()
            for event in judge(wanted) if wanted else ():
                _note(trial, event, tally, time.monotonic() - began, fault.requirement if fault else "")
                if trial.is_right or time.monotonic() - began > within_s:
                    break
            trial.took_s = time.monotonic() - began
    except RehearsalError as error:
        trial.unsure.append(f"{type(error).__name__}: {error}")
        trial.took_s = time.monotonic() - began
    return trial


def _note(trial: Trial, event: object, tally: Tally, at_s: float, requirement: str) -> None:
    if isinstance(event, TargetDied):
        trial.unsure.append(f"it died: {event.reason}")
    if not isinstance(event, Finished):
        return
    trial.cases += 1
    for verdict in event.verdicts:
        if verdict.outcome is Outcome.UNKNOWN:
            trial.unsure.append(f"{verdict.case}: {verdict.reason}")
        if verdict.outcome is not Outcome.FAIL or tally.standing_of_verdict(verdict) is not Standing.FAILED:
            continue
        if trial.first_s is None:
            trial.first_s, trial.first = at_s, f"{verdict.requirement} by {verdict.case}: {verdict.came}"
        trial.is_right |= verdict.requirement == requirement
        trial.is_named |= requirement in (verdict.requirement, *verdict.also)


@contextmanager
def redis_for(protocol: str) -> Iterator[str]:
    """Start a Redis that nobody has used before, where the protocol wants one and there is any; gives its URL."""
    if protocol not in IN_REDIS or not RedisServer.INSTALLED:
        yield ""
        return
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server.url
        finally:
            server.stop()
