"""Plays cases on a target and tells what happened, case by case; prints nothing."""

import subprocess
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from conformance.case import Case, Skipped
from conformance.checks import OF_TIME, Check
from conformance.playground import Playground
from conformance.reproduce.record import record
from conformance.verdict import Broken, Outcome, Verdict
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard, RehearsalError, TargetUnreachable, UsageError
from simulators.connection import Connection


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

MAX_REVIVALS: Final = 20
"""A target that dies oftener than this is left alone."""
ONCE_MORE: Final = 2
"""How often a case is played again that found something late: a machine stops for a moment, a server is late again."""
REVIVAL_MS: Final = 10_000
"""How long a restart may take until the target answers again; times the target's patience."""


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
        reason = _why_dead(ground) if in_doubt else ""
        if reason:
            verdicts = _blamed(ground, case, verdicts, reason)
        yield Finished(case, verdicts, time.monotonic() - began)
        if reason:
            yield TargetDied(case, reason)
            revivals += 1
            if revivals > MAX_REVIVALS or not _revive(ground):
                return
            yield TargetRevived(case)


def _play(ground: Playground, case: Case) -> Iterator[Verdict]:
    _forget(ground)
    if case.is_slow and not ground.options.slow:
        yield from _all(case, Outcome.SKIP, "slow; asked for with --slow")
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
    except (ConnectionLost, ConnectRefused, NotHeard, TargetUnreachable, UsageError) as error:
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


def _why_dead(ground: Playground) -> str:
    """Return why the target takes no more connections; empty while it does."""

    async def knock() -> None:
        target = ground.target
        connection = await Connection.open(target.endpoint(), target.contract, "knock", patience_s=target.connect_s)
        await connection.close()

    try:
        ground.run(knock())
    except RehearsalError as error:
        # Where credentials are wanted, whoever comes without any is refused by a target that lives.
        is_alive = isinstance(error, ConnectRefused) and ground.target.contract.handshake is not None
        return "" if is_alive else str(error)
    return ""


def _blamed(ground: Playground, case: Case, verdicts: tuple[Verdict, ...], reason: str) -> tuple[Verdict, ...]:
    """Make a death a failure of its own: of `all/1`, unless the case has named another requirement already."""
    if any(verdict.outcome is Outcome.FAIL for verdict in verdicts):
        return verdicts
    broken = Broken(
        f"{ground.target.protocol}/all/1",
        "the target goes on serving",
        f"it died: {reason}",
        check=Check.SERVER_SURVIVES,
        about=case.subject,
    )
    return (_failed(case, broken, ground.conversation),)


def _revive(ground: Playground) -> bool:
    """Run the target's restart command, if it has one, and wait until the target answers; say whether it does."""
    if ground.target.restart is None:
        return False
    # What may be run stands in the target file of whoever runs this; it may go on running, as a server does.
    try:
        process = subprocess.Popen(ground.target.restart, stdin=subprocess.DEVNULL)  # noqa: S603
    except OSError:
        return False  # the report says that the target died, and what has been found
    ground.started.append(process)
    deadline = time.monotonic() + REVIVAL_MS / 1000 * ground.target.patience
    while time.monotonic() < deadline:
        if not _why_dead(ground):
            return True
        if process.poll():
            return False
        time.sleep(0.1)
    return False
