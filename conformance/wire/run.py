"""Plays cases of the wire on a target and tells what happened, case by case; prints nothing."""

import asyncio
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from conformance.case import Skipped
from conformance.checks import Check
from conformance.deaths import MAX_REVIVALS
from conformance.playground import Options
from conformance.process import Keeper, Life, examine
from conformance.reproduce.tape import Tape
from conformance.runner import Finished, RunEvent, Started, TargetDied, TargetRevived
from conformance.verdict import Broken, Outcome, Verdict
from conformance.wire.bench import MEMORY, Bench
from conformance.wire.case import WireCase
from conformance.wire.ground import WireGround, find
from protocols.errors import RehearsalError
from simulators.engine import Engine
from simulators.target import Target

PROCESS_LIVES: Final = "wire/robust/3"
INTERRUPTED: Final = "the server died while this waited; try it alone"
UNSEEN: Final = (
    "whose memory it is cannot be told: the server is on another machine, another user's, or in this process"
)


@dataclass(frozen=True, slots=True)
class Played:
    """How one case went."""

    verdicts: tuple[Verdict, ...]
    lines: tuple[str, ...]
    tape: Tape
    took_s: float


@contextmanager
def wire_ground(target: Target, options: Options, watch: Callable[[str], None] | None = None) -> Iterator[WireGround]:
    """Open the ground to play on, and let `watch` hear of every line of the conversations there.

    Raises TargetUnreachable or UsageError where there is none.
    """
    with Engine() as engine:
        keeper = Keeper(target)
        try:
            engine.submit(_up(target, keeper))
            ground = engine.submit(find(target, options, engine, keeper))
            ground.watch = watch
            try:
                yield ground
            finally:
                engine.submit(ground.leave())
        finally:
            keeper.end()


async def _up(target: Target, keeper: Keeper) -> None:
    """Start the target where nobody is there and its file says how."""
    if keeper.can_start and (await examine(target)).life is Life.DEAD:
        keeper.start()
        await keeper.until_ready()


def run(ground: WireGround, cases: Sequence[WireCase]) -> Iterator[RunEvent]:
    """Play the cases one after the other, and those that only wait beside them."""
    waiting = [(case, ground.engine.spawn(_play(ground, case))) for case in cases if case.is_beside]
    deaths = number = 0
    for case in cases:
        if case.is_beside:
            continue
        number += 1
        yield Started(case, number, len(cases))
        played = ground.run(_play(ground, case))
        reason = ground.run(ground.why_dead())
        yield Finished(case, _blamed(case, played, reason) if reason else played.verdicts, played.took_s)
        if reason:
            yield TargetDied(case, reason)
            deaths += 1
            if deaths > MAX_REVIVALS or not ground.run(ground.revive(reason)):
                return
            yield TargetRevived(case)
    for case, job in waiting:
        number += 1
        yield Started(case, number, len(cases))
        played = job.result()
        yield Finished(case, _all(case, Outcome.UNKNOWN, INTERRUPTED) if deaths else played.verdicts, played.took_s)


async def _play(ground: WireGround, case: WireCase) -> Played:
    bench = Bench(ground, case.cites)
    if case.subject.startswith("heartbeat"):
        bench.log.hears_pings, bench.log.slack_s = True, min(1.0, ground.opened.ping_interval_s / 4)
    began = time.monotonic()
    try:
        verdicts = await _verdicts(bench, case)
    finally:
        await bench.leave()
    return Played(verdicts, tuple(bench.log.lines), bench.tape(None), time.monotonic() - began)


async def _verdicts(bench: Bench, case: WireCase) -> tuple[Verdict, ...]:
    try:
        await case.scene(bench)
    except Broken as broken:
        return (_failed(case, broken, tuple(bench.log.lines), bench.tape(broken)),)
    except Skipped as skipped:
        return _all(case, Outcome.SKIP, str(skipped))
    except (RehearsalError, OSError) as error:
        return _all(case, Outcome.UNKNOWN, str(error) or type(error).__name__)
    except asyncio.CancelledError:
        raise
    except Exception:  # noqa: BLE001 -- whatever a check of ours dies of, it says nothing about the target
        return _all(case, Outcome.UNKNOWN, "our own check crashed:\n" + traceback.format_exc())
    return tuple(_seen(bench, verdict) for verdict in _all(case, Outcome.PASS))


def _seen(bench: Bench, verdict: Verdict) -> Verdict:
    """Return what a case that went well says of a requirement: nothing where nobody could look."""
    if verdict.requirement == MEMORY and bench.ground.process is None:
        return replace(verdict, outcome=Outcome.SKIP, reason=UNSEEN)
    return verdict


def _all(case: WireCase, outcome: Outcome, reason: str = "") -> tuple[Verdict, ...]:
    return tuple(
        Verdict(requirement=address, outcome=outcome, case=case.address, reason=reason) for address in case.cites
    )


def _failed(case: WireCase, broken: Broken, lines: tuple[str, ...], tape: Tape) -> Verdict:
    return Verdict(
        requirement=broken.requirement,
        outcome=Outcome.FAIL,
        case=case.address,
        expected=broken.expected,
        came=broken.came,
        check=broken.check,
        about=case.subject,
        origin=broken.origin,
        conversation=(*lines, f"! {broken.came}"),
        also=broken.also,
        tape=tape,
    )


def _blamed(case: WireCase, played: Played, reason: str) -> tuple[Verdict, ...]:
    """Make a death a failure of the case that it followed."""
    broken = Broken(PROCESS_LIVES, "the server goes on serving", f"it died: {reason}", check=Check.SERVER_SURVIVES)
    return (_failed(case, broken, played.lines, replace(played.tape, ends_it=True)),)
