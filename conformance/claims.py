"""What a target does not claim to have is not held against it: its cases are skipped, and say so."""

from collections.abc import Sequence
from dataclasses import replace

from conformance.case import Case
from conformance.verdict import Outcome, Verdict
from protocols.errors import UsageError
from simulators.target import Target


def check_claims(target: Target, cases: Sequence[Case]) -> None:
    """Raise UsageError for what `[scope]` names and neither the contract nor the suite has."""
    protocol = target.contract
    for lack in target.scope.lacks:
        is_event = lack in protocol.inbound or lack in protocol.outbound
        if not is_event and not any(case.is_under(lack) for case in cases):
            raise UsageError(
                f"scope.lacks: {protocol.name} has no event and no requirement {lack!r}; "
                "`rehearsal check --list` shows them all"
            )


def unclaimed(target: Target, case: Case) -> str:
    """Return why a case is not played: its event, it itself or all that it cites is not claimed; empty where it is."""
    reasons = [target.scope.reason(address) for address in case.cites]
    return target.scope.reason(case.address, case.subject) or (reasons[0] if reasons and all(reasons) else "")


def as_claimed(target: Target, verdict: Verdict) -> Verdict:
    """Return a verdict that says nothing of what is not claimed."""
    if reason := target.scope.reason(verdict.requirement):
        return replace(verdict, outcome=Outcome.SKIP, reason=reason, also=())
    return replace(verdict, also=tuple(address for address in verdict.also if not target.scope.reason(address)))
