"""Plays cases on a target and tells what happened, case by case; prints nothing."""

import re
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from conformance.case import Case, Skipped
from conformance.checks import OF_TIME
from conformance.claims import as_claimed, unclaimed
from conformance.coverage import Mark
from conformance.playground import Playground
from conformance.reproduce.record import record, unrecorded
from conformance.reproduce.trace import Trace
from conformance.trial import ONCE_MORE, Found
from conformance.verdict import Broken, Outcome, Verdict
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard, RehearsalError, TargetUnreachable, UsageError


@dataclass(frozen=True, slots=True)
class Started:
    """A case begins."""

    case: Case
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A case has ended with these verdicts, at least one; those of an example carry its own address."""

    case: Case
    verdicts: tuple[Verdict, ...]
    took_s: float
    untried: Mapping[str, str] = field(default_factory=dict)
    """Ids of the examples that were not tried, and why."""
    heard: Mapping[Mark, int] = field(default_factory=dict)
    """What the target said meanwhile, for the coverage."""


def parts(finished: Finished) -> list[Finished]:
    """Return what became of each example as if it were a case, and of the case where there is more to say of it."""
    case = finished.case
    if not case.examples:
        return [finished]
    own = [verdict for verdict in finished.verdicts if verdict.case == case.address]
    skipped = own[0].reason if own and all(verdict.outcome is Outcome.SKIP for verdict in own) else None
    each = []
    for example in case.examples:
        part = replace(case, address=case.address_of(example), examples=())
        why = finished.untried.get(example, skipped)
        told = [verdict for verdict in finished.verdicts if verdict.case == part.address]
        told = told or list(_all(part, Outcome.PASS) if why is None else _all(part, Outcome.SKIP, why))
        each.append(Finished(part, tuple(told), finished.took_s / len(case.examples)))
    more = tuple(verdict for verdict in own if verdict.outcome >= Outcome.UNKNOWN)
    return [*each, *([replace(finished, verdicts=more)] if more else [])]


@dataclass(frozen=True, slots=True)
class TargetDied:
    """The target no longer answers; nothing more can be tried unless it is brought back."""

    during: Case
    reason: str


@dataclass(frozen=True, slots=True)
class TargetRevived:
    """The target has been started again, and the run goes on."""

    after: Case


RunEvent: TypeAlias = Started | Finished | TargetDied | TargetRevived

LIMITED: Final = "; if it counts connections, say [limits] connects_per_minute = … in the target file"
_LIMIT: Final = re.compile(r"rate|limit|too many", re.IGNORECASE)
HOSTILE: Final = frozenset({"invalid", "arguments", "forged", "asked", "unasked"})
"""Kinds of cases whose inputs are set aside once those of their event have ended the target often enough."""


def run(ground: Playground, cases: Sequence[Case]) -> Iterator[RunEvent]:
    """Play the fixed cases and then the random ones, which share by their weights what is left of the budget."""
    fixed = [case for case in cases if not case.is_random]
    random = [case for case in cases if case.is_random]
    weights = sum(case.weight for case in random)
    run_began = time.monotonic()
    shared_s = 0.0
    for number, case in enumerate([*fixed, *random], 1):
        yield Started(case, number, len(cases))
        began = time.monotonic()
        if case.is_random:
            shared_s = shared_s or ground.options.random_s(began - run_began)
            ground.deadline = began + shared_s * case.weight / weights
        verdicts = tuple(as_claimed(ground.target, verdict) for verdict in _play(ground, case))
        ground.known |= {verdict.key for verdict in verdicts if verdict.outcome is Outcome.FAIL}
        yield Finished(case, verdicts, time.monotonic() - began, dict(ground.trial.untried), ground.hearing.taken())
        end = ground.trial.end
        is_back = end is not None and ground.bring_back(end)
        if ground.deaths.is_final:
            yield TargetDied(case, f"{ground.deaths.words}; it cannot be brought back: {ground.deaths.why_final}")
            return
        if is_back:
            yield TargetDied(case, ground.deaths.words)
            yield TargetRevived(case)


def _play(ground: Playground, case: Case) -> list[Verdict]:
    ground.begin(case, unhurried=case.is_random)
    if reason := _reason_to_skip(ground, case):
        return list(_all(case, Outcome.SKIP, reason))
    error = _once(ground, case)
    for _ in range(ONCE_MORE):
        if case.is_random or ground.trial.end is not None or not _is_doubtful(ground, error):
            break
        ground.begin(case, unhurried=True)
        error = _once(ground, case)
    return list(_verdicts(ground, case, error))


def _reason_to_skip(ground: Playground, case: Case) -> str:
    """Return why a case is not played at all; empty where it is."""
    if case.is_slow and not ground.options.slow:
        return "slow; asked for with --slow"
    set_aside = ground.deaths.reason(case.subject) if case.kind in HOSTILE else ""
    return unclaimed(ground.target, case) or set_aside


def _is_doubtful(ground: Playground, error: Exception | None) -> bool:
    """Say whether a case must end like this once more before it counts."""
    lapsed = [lapse.broken for lapse in ground.lapses]
    raised = [error] if isinstance(error, Broken) else []
    is_of_time = any(broken.check in OF_TIME for broken in (*lapsed, *raised))
    return is_of_time or (error is not None and ground.is_hasty(error))


def _once(ground: Playground, case: Case) -> Exception | None:
    """Play a case, and return what it raised; what comes from the end of the target is that."""
    try:
        case.play(ground)
    except RehearsalError as error:
        ground.trial.end = end = ground.end_behind(error)
        if end is None:
            return error
        ground.conversation = end.told(ground.conversation)
        return end.broken
    except Exception as error:  # noqa: BLE001 -- whatever a check of ours dies of, it says nothing about the target
        return error
    return None


def _verdicts(ground: Playground, case: Case, error: Exception | None) -> Iterator[Verdict]:
    """Yield what was found, and then what the end of the case says of all else that it cites."""
    found = [*ground.found, *([Found(error, ground.conversation)] if isinstance(error, Broken) else ())]
    broken = [*_lapsed(ground, case), *(_failed(case, one) for one in found)]
    yield from broken
    outcome, reason = _end(ground, error)
    # What has found something ends all the same, and that shows nothing.
    if not found or outcome is Outcome.UNKNOWN:
        known = {verdict.requirement for verdict in broken}
        rest = [address for address in case.cites if address not in known]
        yield from (Verdict(requirement=one, outcome=outcome, case=case.address, reason=reason) for one in rest)


def _end(ground: Playground, error: Exception | None) -> tuple[Outcome, str]:
    """Return what the end of a case says, and why."""
    match error:
        case None if ground.trial.is_untried:
            return Outcome.SKIP, next(iter(ground.trial.untried.values()))
        case None | Broken():
            return Outcome.PASS, ""
        case Skipped():
            return Outcome.SKIP, str(error)
        case ConnectRefused():
            is_limited = _LIMIT.search(error.message) and not ground.target.limits.connects_per_minute
            return Outcome.UNKNOWN, f"ConnectRefused: {error}{LIMITED if is_limited else ''}"
        case ConnectionLost() | NotHeard() | TargetUnreachable() | UsageError():
            return Outcome.UNKNOWN, f"{type(error).__name__}: {error}"
        case _:
            return Outcome.UNKNOWN, "our own check crashed:\n" + "".join(traceback.format_exception(error))


def _lapsed(ground: Playground, case: Case) -> Iterator[Verdict]:
    """Yield a verdict for each promise that was not kept while the case went on, as it was seen first."""
    lapses = {(lapse.broken.requirement, lapse.broken.check): lapse for lapse in reversed(ground.lapses)}
    yield from (_failed(case, Found(lapse.broken, lapse.conversation)) for lapse in lapses.values())


def _all(case: Case, outcome: Outcome, reason: str = "") -> Iterator[Verdict]:
    for address in case.cites:
        yield Verdict(requirement=address, outcome=outcome, case=case.address, reason=reason)


def _failed(case: Case, found: Found) -> Verdict:
    broken = found.broken
    return Verdict(
        requirement=broken.requirement,
        outcome=Outcome.FAIL,
        case=case.address_of(found.example),
        expected=broken.expected,
        came=broken.came,
        check=broken.check,
        about=broken.about,
        origin=broken.origin,
        trace=_trace(broken),
        times=found.times,
        conversation=found.conversation,
        also=tuple(address for address in dict.fromkeys((*broken.also, *case.means)) if address != broken.requirement),
    )


def _trace(broken: Broken) -> Trace | None:
    if (evidence := broken.evidence) is None:
        return None
    if broken.unshown:
        return unrecorded(evidence, broken.unshown)
    try:
        return record(evidence, broken.symptoms, expected=broken.expected, came=broken.came)
    except Exception:  # noqa: BLE001 -- whatever our own telling dies of, the finding stands
        return unrecorded(evidence, "our own recorder crashed:\n" + traceback.format_exc())
