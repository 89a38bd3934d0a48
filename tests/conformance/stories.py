"""A small protocol, its cases, and how a run of them may end; what tallies and reports are tested with."""

from collections.abc import Sequence
from datetime import UTC, datetime

from conformance.case import Case
from conformance.checks import Check
from conformance.known import Known
from conformance.playground import Options
from conformance.report import Report, Run
from conformance.runner import Finished
from conformance.tally import Tally
from conformance.verdict import Outcome, Verdict
from protocols.contract import Level, Protocol, Requirement
from simulators.target import Target

REQUIREMENTS = (
    Requirement(address="toy/talk/1", level=Level.MUST, text="Talk is heard."),
    Requirement(address="toy/talk/2", level=Level.MUST, text="Talk is heard once."),
    Requirement(address="toy/talk/3", level=Level.SHOULD, text="Talk is heard soon."),
    Requirement(address="toy/log/1", level=Level.MUST, text="Talk is logged."),
)


def protocol() -> Protocol:
    return Protocol(
        name="toy",
        title="A toy",
        namespace="/toy",
        operations=(),
        requirements=REQUIREMENTS,
        conditions={},
        schemas={},
    )


def case(name: str = "valid", *, cites: Sequence[str] = ("toy/talk/1", "toy/talk/2"), subject: str = "talk") -> Case:
    return Case(
        address=f"toy/{subject}/{name}", subject=subject, kind=name, cites=tuple(cites), play=lambda ground: None
    )


def passed(case: Case) -> Finished:
    return Finished(
        case, tuple(Verdict(requirement=one, outcome=Outcome.PASS, case=case.address) for one in case.cites), 0.25
    )


def failed(
    case: Case,
    requirement: str = "toy/talk/1",
    *,
    also: Sequence[str] = (),
    came: str = "silence",
    check: Check = Check.MISSING_DELIVERY,
    conversation: Sequence[str] = ("= ana, ben", "ana > talk {}", "! silence"),
) -> Finished:
    verdict = Verdict(
        requirement=requirement,
        outcome=Outcome.FAIL,
        case=case.address,
        expected="ben hears talk",
        came=came,
        check=check,
        about="talk > talk",
        conversation=tuple(conversation),
        also=tuple(also),
    )
    return Finished(case, (verdict,), 1.5)


def unknown(case: Case, reason: str = "our own check crashed:\nTraceback\nValueError: 1") -> Finished:
    return Finished(case, _all(case, Outcome.UNKNOWN, reason), 0.5)


def skipped(case: Case, reason: str = "slow; asked for with --slow") -> Finished:
    return Finished(case, _all(case, Outcome.SKIP, reason), 0.0)


def _all(case: Case, outcome: Outcome, reason: str) -> tuple[Verdict, ...]:
    return tuple(Verdict(requirement=one, outcome=outcome, case=case.address, reason=reason) for one in case.cites)


def tally(
    *endings: Finished,
    unplayed: Sequence[Case] = (),
    untested: dict[str, str] | None = None,
    known: Sequence[str] = (),
    strict: bool = False,
) -> Tally:
    """Return the tally of a run that ended so, with more cases that it never came to."""
    found = Tally(
        protocol=protocol(),
        cases=[*(ending.case for ending in endings), *unplayed],
        untested=untested or {},
        known=Known.wholly(known),
        strict=strict,
    )
    for ending in endings:
        found.hear(ending)
    return found


def report(tally: Tally, *, stopped: str = "") -> Report:
    run = Run(
        target=Target.at("http://127.0.0.1:3001", namespace="/toy"),
        options=Options(seed=7),
        addresses=(),
        started=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        repeat=lambda address: f"rehearsal check URL {address} --seed 7",
    )
    return Report(run=run, tally=tally, took_s=2.5, stopped=stopped)
