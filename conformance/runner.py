"""Plays cases on a target and tells what happened, case by case; prints nothing."""

import re
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from conformance.case import Case, Skipped
from conformance.checks import OF_TIME, Check
from conformance.claims import as_claimed, unclaimed
from conformance.playground import Playground
from conformance.process import FINE, Condition, Life, examine
from conformance.reproduce.record import record
from conformance.verdict import Broken, Outcome, Verdict
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard, TargetUnreachable, UsageError


@dataclass(frozen=True, slots=True)
class Started:
    """A case begins."""

    case: Case
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A case has ended with these verdicts, at least one."""

    case: Case
    verdicts: tuple[Verdict, ...]
    took_s: float


@dataclass(frozen=True, slots=True)
class TargetDied:
    """The target no longer answers; nothing more can be tried unless it is brought back."""

    during: Case
    reason: str


@dataclass(frozen=True, slots=True)
class TargetRevived:
    """The target's restart command has brought it back, and the run goes on."""

    after: Case


RunEvent: TypeAlias = Started | Finished | TargetDied | TargetRevived

LIMITED: Final = "; if it counts connections, say [limits] connects_per_minute = … in the target file"
_LIMIT: Final = re.compile(r"rate|limit|too many", re.IGNORECASE)
MAX_REVIVALS: Final = 20
"""A target that dies oftener than this is left alone."""
ONCE_MORE: Final = 2
"""How often a case is played again that found something late: a machine stops for a moment, a server is late again."""


def run(ground: Playground, cases: Sequence[Case]) -> Iterator[RunEvent]:
    """Play the fixed cases and then the random ones, which share the budget by their weights."""
    fixed = [case for case in cases if not case.is_random]
    random = [case for case in cases if case.is_random]
    weights = sum(case.weight for case in random)
    revivals = 0
    for number, case in enumerate([*fixed, *random], 1):
        yield Started(case, number, len(cases))
        if case.is_random:
            ground.deadline = time.monotonic() + ground.options.budget_s * case.weight / weights
        began = time.monotonic()
        verdicts = tuple(_play(ground, case))
        ground.known |= {verdict.key for verdict in verdicts if verdict.outcome is Outcome.FAIL}
        in_doubt = any(verdict.outcome >= Outcome.UNKNOWN for verdict in verdicts)
        condition = ground.run(examine(ground.target)) if in_doubt else FINE
        if condition.is_gone:
            verdicts = _blamed(ground, case, verdicts, condition)
        verdicts = tuple(as_claimed(ground.target, verdict) for verdict in verdicts)
        yield Finished(case, verdicts, time.monotonic() - began)
        if condition.is_gone:
            yield TargetDied(case, condition.words)
            revivals += 1
            if revivals > MAX_REVIVALS or not _revive(ground, condition):
                return
            yield TargetRevived(case)


def _play(ground: Playground, case: Case) -> Iterator[Verdict]:
    _forget(ground)
    if case.is_slow and not ground.options.slow:
        yield from _all(case, Outcome.SKIP, "slow; asked for with --slow")
        return
    if reason := unclaimed(ground.target, case):
        yield from _all(case, Outcome.SKIP, reason)
        return
    ended = list(_end(ground, case))
    for _ in range(ONCE_MORE):
        if case.is_random or not any(verdict.check in OF_TIME for verdict in ended):
            break
        _forget(ground)
        ended = list(_end(ground, case))
    yield from (_failed(case, found.broken, found.conversation, found.times) for found in ground.found)
    # A search that has found something ends all the same, and that shows nothing.
    yield from (verdict for verdict in ended if not ground.found or verdict.outcome is not Outcome.PASS)


def _forget(ground: Playground) -> None:
    ground.lapses.clear()
    ground.found.clear()
    ground.conversation = ()


def _end(ground: Playground, case: Case) -> Iterator[Verdict]:
    """Play a case to its end, and yield what that says."""
    try:
        case.play(ground)
    except Broken as broken:
        yield from _lapsed(ground, case)
        yield _failed(case, broken, ground.conversation)
    except Skipped as skipped:
        yield from _all(case, Outcome.SKIP, str(skipped))
    except ConnectRefused as refused:
        hint = LIMITED if _LIMIT.search(refused.message) and not ground.target.limits.connects_per_minute else ""
        yield from _all(case, Outcome.UNKNOWN, f"ConnectRefused: {refused}{hint}")
    except (ConnectionLost, NotHeard, TargetUnreachable, UsageError) as error:
        yield from _all(case, Outcome.UNKNOWN, f"{type(error).__name__}: {error}")
    except Exception:  # noqa: BLE001 -- whatever a check of ours dies of, it says nothing about the target
        yield from _all(case, Outcome.UNKNOWN, "our own check crashed:\n" + traceback.format_exc())
    else:
        lapsed = list(_lapsed(ground, case))
        unkept = {verdict.requirement for verdict in lapsed}
        yield from (*lapsed, *(verdict for verdict in _all(case, Outcome.PASS) if verdict.requirement not in unkept))


def _lapsed(ground: Playground, case: Case) -> Iterator[Verdict]:
    """Yield a verdict for each promise that was not kept while the case went on, as it was seen first."""
    lapses = {(lapse.broken.requirement, lapse.broken.check): lapse for lapse in reversed(ground.lapses)}
    yield from (_failed(case, lapse.broken, lapse.conversation) for lapse in lapses.values())


def _all(case: Case, outcome: Outcome, reason: str = "") -> Iterator[Verdict]:
    for address in case.cites:
        yield Verdict(requirement=address, outcome=outcome, case=case.address, reason=reason)


def _failed(case: Case, broken: Broken, conversation: tuple[str, ...], times: int = 1) -> Verdict:
    return Verdict(
        requirement=broken.requirement,
        outcome=Outcome.FAIL,
        case=case.address,
        expected=broken.expected,
        came=broken.came,
        check=broken.check,
        about=broken.about,
        origin=broken.origin,
        trace=None if broken.evidence is None else record(broken.evidence, broken.symptoms),
        times=times,
        conversation=conversation,
        also=tuple(address for address in dict.fromkeys((*broken.also, *case.means)) if address != broken.requirement),
    )


def _blamed(ground: Playground, case: Case, verdicts: tuple[Verdict, ...], condition: Condition) -> tuple[Verdict, ...]:
    """Say of what has failed that the target died of it; where nothing has, `all/1` is broken by that alone."""
    address = f"{ground.target.protocol}/all/1"
    words = ground.keeper.last_words or condition.words
    end = f"it hangs: {words}" if condition.life is Life.HUNG else f"it died: {words}"
    if any(verdict.outcome is Outcome.FAIL for verdict in verdicts):
        return tuple(_died_of(verdict, address, end) for verdict in verdicts)
    expected = "the target goes on serving"
    broken = Broken(address, expected, end, check=Check.SERVER_SURVIVES, about=case.subject)
    return (_failed(case, broken, ground.conversation),)


def _died_of(verdict: Verdict, address: str, end: str) -> Verdict:
    if verdict.outcome is not Outcome.FAIL:
        return verdict
    if verdict.requirement == address:
        return replace(verdict, expected="the target goes on serving", came=end, check=Check.SERVER_SURVIVES)
    return replace(verdict, came=f"{verdict.came}; {end}", also=tuple(dict.fromkeys((*verdict.also, address))))


def _revive(ground: Playground, condition: Condition) -> bool:
    """Bring the target back, where its target file says how; say whether it is."""
    try:
        ground.run(ground.keeper.revive(condition))
    except (UsageError, TargetUnreachable):
        return False  # the report says that the target died, and what has been found
    return True
