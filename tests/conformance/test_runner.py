"""How cases end: kept, broken, skipped, or nobody can tell; a crash of ours never passes, and a dead target ends it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.case import Case, Skipped
from conformance.checks import Check
from conformance.playground import Options, Playground
from conformance.runner import Finished, RunEvent, Started, TargetDied, run
from conformance.stage import Lapse
from conformance.suite import ground, suite_of
from conformance.verdict import Broken, Outcome, Verdict
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard, TargetUnreachable, UsageError
from simulators.target import Target
from tests.faults.space import MovesUnlimited

from .conftest import Faultily

ROOT = Path(__file__).parents[2]


def case(play: Callable[[Playground], None], name: str = "one", **changes: object) -> Case:
    made = Case(
        address=f"space/toy/{name}", subject="toy", kind="valid", cites=("space/jump/1", "space/move/2"), play=play
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # names of its own fields


def raising(error: BaseException) -> Callable[[Playground], None]:
    def play(_: Playground) -> None:
        raise error

    return play


def fine(_: Playground) -> None:
    """Find nothing wrong."""


def verdicts(ground: Playground, *cases: Case) -> Sequence[Verdict]:
    return [verdict for event in run(ground, cases) if isinstance(event, Finished) for verdict in event.verdicts]


def outcomes(found: Sequence[Verdict]) -> dict[str, Outcome]:
    return {verdict.requirement: verdict.outcome for verdict in found}


# ---- how one case ends -------------------------------------------------------------------------------------------


def test_a_case_in_which_nothing_is_wrong_passes_for_all_that_it_cites(honest: Playground) -> None:
    assert outcomes(verdicts(honest, case(fine))) == {"space/jump/1": Outcome.PASS, "space/move/2": Outcome.PASS}


def test_a_broken_promise_is_the_only_verdict_of_its_case(honest: Playground) -> None:
    broken = Broken("space/all/5", "silence", "talk", ("space/jump/1",))
    [found] = verdicts(honest, case(raising(broken)))
    assert (found.requirement, found.outcome, found.also) == ("space/all/5", Outcome.FAIL, ("space/jump/1",))
    assert (found.expected, found.came, found.case) == ("silence", "talk", "space/toy/one")


@pytest.mark.parametrize(("late", "outcome"), [(1, Outcome.PASS), (2, Outcome.PASS), (3, Outcome.FAIL)])
def test_what_is_late_counts_when_it_is_late_again(honest: Playground, late: int, outcome: Outcome) -> None:
    played: list[int] = []

    def play(_: Playground) -> None:
        played.append(len(played))
        if len(played) <= late:
            raise Broken("space/jump/1", "a jump in time", "it came late", check=Check.LATE_DELIVERY)

    found = verdicts(honest, case(play))

    assert found[0].outcome is outcome
    assert len(played) == min(late + 1, 3)


def test_what_is_missing_counts_at_once(honest: Playground) -> None:
    played: list[int] = []

    def play(_: Playground) -> None:
        played.append(1)
        raise Broken("space/jump/1", "a jump", "nothing", check=Check.MISSING_DELIVERY)

    assert outcomes(verdicts(honest, case(play))) == {"space/jump/1": Outcome.FAIL}
    assert len(played) == 1


def test_skipping_says_why(honest: Playground) -> None:
    found = verdicts(honest, case(raising(Skipped("needs staff"))))
    assert {(verdict.outcome, verdict.reason) for verdict in found} == {(Outcome.SKIP, "needs staff")}


@pytest.mark.parametrize(("slow", "outcome"), [(False, Outcome.SKIP), (True, Outcome.PASS)])
def test_slow_cases_are_played_when_asked_for(honest: Playground, slow: bool, outcome: Outcome) -> None:
    options, honest.options = honest.options, replace(honest.options, slow=slow)
    try:
        found = verdicts(honest, case(fine, is_slow=True))
    finally:
        honest.options = options
    assert {verdict.outcome for verdict in found} == {outcome}


@pytest.mark.parametrize(
    "error",
    [
        ConnectionLost("it hung up"),
        ConnectRefused("not you"),
        NotHeard("no answer"),
        TargetUnreachable("nobody there"),
        UsageError("mend `pick`"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_surroundings_lack_says_nothing_about_the_target(honest: Playground, error: Exception) -> None:
    found = verdicts(honest, case(raising(error)))
    assert {(verdict.outcome, verdict.reason) for verdict in found} == {
        (Outcome.UNKNOWN, f"{type(error).__name__}: {error}")
    }


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("ours"), AssertionError("ours"), LookupError("ours"), RecursionError("ours")],
    ids=lambda error: type(error).__name__,
)
def test_a_crash_of_ours_is_unknown_with_its_traceback_and_the_run_goes_on(
    honest: Playground, error: Exception
) -> None:
    crashed, went_on = case(raising(error)), case(fine, "two")
    events = list(run(honest, [crashed, went_on]))
    first, second = (event for event in events if isinstance(event, Finished))
    assert {verdict.outcome for verdict in first.verdicts} == {Outcome.UNKNOWN}
    for verdict in first.verdicts:
        assert verdict.reason.startswith("our own check crashed:\nTraceback")
        assert verdict.reason.rstrip().endswith(f"{type(error).__name__}: ours")
    assert {verdict.outcome for verdict in second.verdicts} == {Outcome.PASS}


def test_who_interrupts_is_obeyed(honest: Playground) -> None:
    with pytest.raises(KeyboardInterrupt):
        verdicts(honest, case(raising(KeyboardInterrupt())))


# ---- lapses ------------------------------------------------------------------------------------------------------


def lapse(requirement: str, came: str = "many", *, broken: Broken | None = None) -> Callable[[Playground], None]:
    def play(ground: Playground) -> None:
        ground.lapses.append(Lapse(Broken(requirement, "few", came), (f"! {came}",)))
        ground.lapses.append(Lapse(Broken(requirement, "few", "more"), ("! more",)))
        if broken is not None:
            raise broken

    return play


def test_a_lapse_is_told_once_beside_what_was_kept(honest: Playground) -> None:
    found = verdicts(honest, case(lapse("space/move/2")))
    assert outcomes(found) == {"space/move/2": Outcome.FAIL, "space/jump/1": Outcome.PASS}
    assert found[0].conversation == ("! many",)


def test_a_lapse_is_not_lost_when_a_must_is_broken_after_it(honest: Playground) -> None:
    found = verdicts(honest, case(lapse("space/move/2", broken=Broken("space/jump/1", "a jump", "nothing"))))
    assert outcomes(found) == {"space/move/2": Outcome.FAIL, "space/jump/1": Outcome.FAIL}


def test_lapses_belong_to_their_case(honest: Playground) -> None:
    verdicts(honest, case(lapse("space/move/2")))
    assert {verdict.outcome for verdict in verdicts(honest, case(fine))} == {Outcome.PASS}


def test_a_real_lapse(faultily: Faultily) -> None:
    [surplus] = suite_of("space").select(["space/move/surplus"])
    with faultily(MovesUnlimited) as playground:
        found = verdicts(playground, surplus)
    assert outcomes(found) == {"space/move/2": Outcome.FAIL}
    assert found[0].came.endswith("were heard")


# ---- a whole run -------------------------------------------------------------------------------------------------


def test_fixed_cases_come_first_and_random_ones_share_the_budget(honest: Playground) -> None:
    shares: dict[str, float] = {}

    def note(name: str) -> Callable[[Playground], None]:
        def play(ground: Playground) -> None:
            shares[name] = ground.deadline - time.monotonic()

        return play

    cases = [
        case(note("light"), "light", is_random=True),
        case(fine, "fixed"),
        case(note("heavy"), "heavy", is_random=True, weight=3.0),
    ]
    options, honest.options = honest.options, replace(honest.options, budget_s=40.0)
    try:
        events = list(run(honest, cases))
    finally:
        honest.options = options
    started = [(event.case.address, event.number, event.of) for event in events if isinstance(event, Started)]
    assert started == [("space/toy/fixed", 1, 3), ("space/toy/light", 2, 3), ("space/toy/heavy", 3, 3)]
    assert shares == {"light": pytest.approx(10, abs=0.5), "heavy": pytest.approx(30, abs=0.5)}


# ---- a target that goes away -------------------------------------------------------------------------------------

SERVER = """
import sys
from reference_server.serve import running
from reference_server.settings import Settings

with running(Settings(port=0), log_stream=open("/dev/null", "w")) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@contextmanager
def process() -> Iterator[tuple[Playground, "subprocess.Popen[str]"]]:
    """Serve in a process of its own, which a test may kill."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        try:
            with ground(Target.at(url, patience=1.0), Options(seed=1, budget_s=20.0)) as playground:
                yield playground, server
        finally:
            server.kill()


def played(
    playground: Playground, server: "subprocess.Popen[str]", address: str, number: signal.Signals
) -> list[RunEvent]:
    """Play a case at whose second cast the server gets a signal, and one more thereafter."""
    [victim] = suite_of("space").select([address])
    make_cast, casts = playground.make_cast, 0

    def make(*arguments: object) -> object:
        nonlocal casts
        casts += 1
        if casts == 2 or not victim.is_random:
            os.kill(server.pid, number)
        return make_cast(*arguments)  # type: ignore[arg-type]  # handed through

    playground.make_cast = make  # type: ignore[assignment]
    return list(run(playground, [victim, case(fine, "never", is_random=True)]))


@pytest.mark.parametrize(
    "address", ["space/chat:message/valid", "space/conversation/random", "space/chat:message/random"]
)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=lambda number: number.name)
def test_a_target_that_dies_or_freezes_ends_the_run_and_does_not_pass(address: str, number: signal.Signals) -> None:
    with process() as (playground, server):
        began = time.monotonic()
        events = played(playground, server, address, number)
        took_s = time.monotonic() - began
    [finished] = [event for event in events if isinstance(event, Finished)]
    assert finished.case.address == address
    assert Outcome.PASS not in {verdict.outcome for verdict in finished.verdicts}
    assert isinstance(events[-1], TargetDied)
    assert events[-1].during.address == address
    assert took_s < 60.0
