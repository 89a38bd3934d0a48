"""Adds verdicts up: one standing for each requirement and each case, every defect once, and the exit code."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from conformance.case import Case
from conformance.checks import Check
from conformance.coverage import Coverage
from conformance.defects import Defect, defects_of
from conformance.known import Known
from conformance.runner import Finished, RunEvent, TargetDied, TargetRevived
from conformance.verdict import Outcome, Verdict
from protocols.contract import Level, Protocol, Requirement

PASSED_EXIT: Final = 0
FAILED_EXIT: Final = 1
UNKNOWN_EXIT: Final = 2


def worst(codes: Iterable[int]) -> int:
    """Return one exit code for several: a failure is known, whatever else nobody can tell."""
    return max(codes, key=(PASSED_EXIT, UNKNOWN_EXIT, FAILED_EXIT).index, default=UNKNOWN_EXIT)


class Standing(StrEnum):
    """What is known of a requirement, or of a case, in the end; the worst first."""

    FAILED = "failed"
    UNKNOWN = "unknown"
    """Nobody can tell: the check crashed, or the target went away."""
    WARNED = "warned"
    """Failed, and does not count: a SHOULD, or known to fail."""
    PASSED = "passed"
    SKIPPED = "skipped"
    """Cited by a case that was not played, or that ended before it came to it."""
    UNTESTED = "untested"
    """Cited by no case."""


_WORST_FIRST: Final = tuple(Standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one requirement."""

    requirement: Requirement
    standing: Standing
    is_known: bool
    """Whether the target is known to break it."""
    reason: str = ""
    """Why nobody can tell, or why it was skipped or is not tested."""
    cases: tuple[str, ...] = ()
    """Addresses of the cases that spoke of it."""


@dataclass(frozen=True, slots=True)
class Mended:
    """Something that was known to fail, and did not."""

    requirement: Requirement
    check: Check | None
    """The kind of check; None for a requirement as a whole."""


@dataclass(kw_only=True)
class Tally:
    """The verdicts of a run so far; `hear` every event of the run."""

    protocol: Protocol
    cases: Sequence[Case]
    """What is to be played."""
    untested: Mapping[str, str] = field(default_factory=dict)
    """Requirements that no case of the whole suite cites -> the reason; see `uncited`."""
    known: Known = field(default_factory=Known)
    """What fails no run."""
    strict: bool = False
    """Whether a SHOULD counts as a MUST does."""
    finished: dict[str, Finished] = field(default_factory=dict, init=False)
    # address of a case -> how it ended
    coverage: Coverage = field(init=False)
    died: TargetDied | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.coverage = Coverage(self.protocol)

    def hear(self, event: RunEvent) -> None:
        """Take in what has just happened."""
        match event:
            case Finished():
                self.finished[event.case.address] = event
                is_skipped = all(verdict.outcome is Outcome.SKIP for verdict in event.verdicts)
                self.coverage.take(event.case, event.case.examples if is_skipped else event.untried, event.heard)
            case TargetDied():
                self.died = event
            case TargetRevived():
                self.died = None

    # ---- of the run ------------------------------------------------------------------------------------------------

    @property
    def is_complete(self) -> bool:
        """Whether every case has been played."""
        return len(self.finished) == len(self.cases)

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 2 could not tell: of two cases that say nothing and something, the something counts.

        A target that has died for good, before all was tried, leaves more open than what it has failed.
        """
        if self.died is not None and not self.is_complete:
            return UNKNOWN_EXIT
        results = self.results()
        if any(result.standing is Standing.FAILED for result in results):
            return FAILED_EXIT
        if self.died is not None or not self.is_complete:
            return UNKNOWN_EXIT
        if any(result.standing is Standing.UNKNOWN and self._counts(result.requirement) for result in results):
            return UNKNOWN_EXIT
        judged = {Standing.PASSED, Standing.WARNED, Standing.UNKNOWN}
        return PASSED_EXIT if any(result.standing in judged for result in results) else UNKNOWN_EXIT

    def counts(self) -> Counter[Standing]:
        """Return how many requirements stand how."""
        return Counter(result.standing for result in self.results())

    def mended(self) -> list[Mended]:
        """Return what the target was known to break, and did not, though all was played that speaks of it."""
        return [
            Mended(result.requirement, check)
            for result in self.results()
            for check in self._unmet(result)
            if self.is_played(result.requirement)
        ]

    def _unmet(self, result: Result) -> list[Check | None]:
        """Return the kinds of check that were known to fail at a requirement, and did not; None for all of them."""
        address = result.requirement.address
        if self.known.covers_wholly(address):
            return [None] if result.standing is Standing.PASSED else []
        met = {
            verdict.check
            for verdict in self._verdicts()
            if verdict.outcome is Outcome.FAIL and address in (verdict.requirement, verdict.origin)
        }
        is_told = result.standing in (Standing.PASSED, Standing.WARNED, Standing.FAILED)
        return [*sorted(self.known.failures.get(address, frozenset()) - met)] if is_told else []

    def is_played(self, requirement: Requirement) -> bool:
        """Say whether every case has been played that speaks of a requirement."""
        citing = [case for case in self.cases if requirement.address in case.cites]
        return all(case.address in self.finished for case in citing)

    # ---- of requirements -------------------------------------------------------------------------------------------

    def results(self) -> list[Result]:
        """Return what became of every requirement in question, in the contract's order."""
        spoken = self._spoken()
        cited = {address for case in self.cases for address in case.cites}
        in_question = [*self.protocol.requirements, *(address for address in spoken if address)]
        return [
            self._result(address, spoken.get(address, []))
            for address in dict.fromkeys(in_question)
            if address in spoken or address in cited or address in self.untested
        ]

    def requirement(self, address: str) -> Requirement:
        """Return a requirement; one that the contract lacks is a MUST without words."""
        known = self.protocol.requirements.get(address)
        return known or Requirement(address=address, level=Level.MUST, text="")

    def _spoken(self) -> dict[str, list[Verdict]]:
        """Return the verdicts by the requirement that they speak of, also in passing."""
        spoken: dict[str, list[Verdict]] = {}
        for verdict in self._verdicts():
            for address in (verdict.requirement, *verdict.also):
                spoken.setdefault(address, []).append(verdict)
        return spoken

    def _verdicts(self) -> Iterator[Verdict]:
        for finished in self.finished.values():
            yield from finished.verdicts

    def _result(self, address: str, verdicts: Sequence[Verdict]) -> Result:
        requirement = self.requirement(address)
        standings = [self._standing(verdict, requirement) for verdict in verdicts]
        standing = _worst(standings)
        reason = next((v.reason for v, one in zip(verdicts, standings, strict=True) if one is standing), "")
        if standing is None:
            standing, reason = self._not_spoken_of(address)
        return Result(
            requirement=requirement,
            standing=standing,
            is_known=address in self.known.failures and standing is not Standing.FAILED,
            reason=reason,
            cases=tuple(dict.fromkeys(verdict.case for verdict in verdicts)),
        )

    def _not_spoken_of(self, address: str) -> tuple[Standing, str]:
        if address in self.untested:
            return Standing.UNTESTED, self.untested[address]
        for case in self.cases:
            if address in case.cites and case.address in self.finished:
                return Standing.SKIPPED, f"{case.address} ended before it came to it"
        return Standing.SKIPPED, "the run ended before it"

    def _standing(self, verdict: Verdict, requirement: Requirement) -> Standing:
        match verdict.outcome:
            case Outcome.FAIL:
                counts = self._counts(requirement) and not self.known.covers(verdict)
                return Standing.FAILED if counts else Standing.WARNED
            case Outcome.UNKNOWN:
                return Standing.UNKNOWN
            case Outcome.PASS:
                return Standing.PASSED
            case Outcome.SKIP:
                return Standing.SKIPPED

    def _counts(self, requirement: Requirement) -> bool:
        is_known = self.known.covers_wholly(requirement.address)
        return not is_known and (requirement.level is Level.MUST or (self.strict and requirement.level is Level.SHOULD))

    # ---- of cases --------------------------------------------------------------------------------------------------

    def standing_of(self, case: Case) -> Standing | None:
        """Return how a case ended; None while it has not."""
        finished = self.finished.get(case.address)
        return None if finished is None else self.standing_of_all(finished.verdicts)

    def standing_of_all(self, verdicts: Iterable[Verdict]) -> Standing | None:
        """Return what several verdicts mean together; None where there are none."""
        return _worst(map(self.standing_of_verdict, verdicts))

    def standing_of_verdict(self, verdict: Verdict) -> Standing:
        """Return what one verdict means for the run."""
        addresses = (verdict.requirement, *verdict.also)
        worst = _worst(self._standing(verdict, self.requirement(address)) for address in addresses)
        assert worst is not None  # a verdict speaks of one requirement at least
        return worst

    # ---- of defects ------------------------------------------------------------------------------------------------

    def defects(self) -> list[Defect]:
        """Return what is broken, those that count first; everything once."""
        return defects_of(self._verdicts(), lambda verdict: self.standing_of_verdict(verdict) is Standing.FAILED)

    def riddles(self) -> dict[str, list[Verdict]]:
        """Return the verdicts that could not tell, by the reason."""
        riddles: dict[str, list[Verdict]] = {}
        for verdict in self._verdicts():
            if verdict.outcome is Outcome.UNKNOWN:
                riddles.setdefault(verdict.reason, []).append(verdict)
        return riddles


def uncited(protocol: Protocol, cases: Iterable[Case], reasons: Mapping[str, str]) -> dict[str, str]:
    """Return every requirement that none of these cases cites, with the reason where one is given."""
    cited = {address for case in cases for address in case.cites}
    return {
        address: reasons.get(address, "no case cites it") for address in protocol.requirements if address not in cited
    }


def _worst(standings: Iterable[Standing]) -> Standing | None:
    return min(standings, key=_WORST_FIRST.index, default=None)
