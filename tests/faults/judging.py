"""Has the judge play on a server of ours, whole or with faults in it, as a target file would describe it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from conformance.case import Case
from conformance.playground import Options
from conformance.runner import Finished
from conformance.verdict import Outcome, Verdict
from reference_server.mode import Mode
from tests.faults.fault import Fault
from tests.faults.patience import UNHURRIED
from tests.faults.serving import serving
from tests.faults.subjects import Play, cases, playing, settings, target

PATIENCE: Final = 2.0
"""With which one faulty server is judged by the cases about its fault."""
SLOW_FROM: Final = 20.0
"""From this time scale on, cases that take minutes are over soon enough to be played."""


@contextmanager
def judging(
    subject: str,
    options: Options,
    *,
    faults: Sequence[str] = (),
    patience: float = UNHURRIED,
    time_scale: float = 1.0,
    redis_url: str = "",
    mode: Mode = Mode.PRODUCTION,
) -> Iterator[Play]:
    """Serve a protocol, or what the wire needs, with these faults in it by name; gives what plays cases there."""
    how = settings(subject, time_scale=time_scale, redis_url=redis_url, mode=mode)
    with (
        serving(how, faults) as served,
        playing(subject, target(subject, served.url, patience=patience, settings=how), options) as play,
    ):
        yield play


def failures(fault: Fault, redis_url: str) -> Iterator[Verdict]:
    """Play the cases about a fault one after the other until one fails at its requirement; yield all failures."""
    slow = fault.time_scale >= SLOW_FROM
    with judging(
        fault.protocol,
        Options(seed=0, budget_s=60.0, slow=slow),
        faults=[fault.name],
        patience=PATIENCE,
        time_scale=fault.time_scale,
        redis_url=redis_url,
    ) as play:
        for case in _suspects(fault, slow=slow):
            failed = list(failures_of(play, [case]))
            yield from failed
            if any(is_at(fault, verdict) for verdict in failed):
                return


def failures_of(play: Play, chosen: Sequence[Case]) -> Iterator[Verdict]:
    """Play cases, and yield what fails."""
    for event in play(chosen):
        for verdict in event.verdicts if isinstance(event, Finished) else ():
            if verdict.outcome is Outcome.FAIL:
                yield verdict


def is_at(fault: Fault, verdict: Verdict) -> bool:
    """Say whether a failure names what a fault breaks."""
    return fault.requirement in (verdict.requirement, *verdict.also)


def _suspects(fault: Fault, *, slow: bool) -> Sequence[Case]:
    """Return the cases that may see a fault, those first that see most; the random ones are for what no other sees."""
    address = fault.case or fault.requirement
    found = [case for case in cases(fault.protocol) if case.is_under(address) and (slow or not case.is_slow)]
    return sorted(found, key=lambda case: (case.is_random, not case.is_slow, case.kind != "scene"))
