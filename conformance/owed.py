"""What the target owes somebody for later: events that a timer of its own causes, such as the end of typing."""

from dataclasses import dataclass, replace

from conformance.checks import Check
from conformance.expectation import Expectation, fits
from conformance.symptom import Symptom, fields_are
from conformance.verdict import Broken
from simulators.received import Received

BY_ITSELF = "by itself"
"""What causes the event of a timer, where a finding says what it is about."""
EARLY_S = 0.05
"""What a timer may be early by: the two clocks are read at different moments, and some tick coarsely."""


@dataclass(eq=False, slots=True)
class Owed:
    """One delivery that is due between two moments of `time.monotonic()`, whatever anybody does meanwhile."""

    expectation: Expectation
    not_before: float
    by: float

    def is_paid_by(self, received: Received) -> bool:
        """Say whether what its receiver heard is what is owed."""
        return fits(self.expectation, received)

    def brings(self, symptom: Symptom) -> bool:
        """Say whether it is what somebody else misses who wants it now."""
        due = self._unheard()
        return (due.who, due.names, due.tests) == (symptom.who, symptom.names, symptom.tests)

    def untimely(self, received: Received) -> Broken | None:
        """Return what is wrong with the moment at which it came, if anything is."""
        at = received.at_ns / 1e9
        if at < self.not_before - EARLY_S:
            early_ms = (self.not_before - at) * 1000
            came = f"it came {early_ms:.0f} ms before that"
            broken = self._broken(f"{self.expectation} only when its time has come", came)
            # Who waits until midway between the two moments knows as well.
            until_ns = int((at + self.not_before) / 2 * 1e9)
            return broken.shown(replace(self._heard(), until_ns=until_ns, is_belated=True))
        if at > self.by:
            late_ms = (at - self.by) * 1000
            broken = self._broken(f"{self.expectation} in time", f"it came {late_ms:.0f} ms late")
            return broken.shown(self._unheard())
        return None

    def missing(self) -> Broken:
        """Return what is wrong when it has not come."""
        who = self.expectation.receiver
        broken = self._broken(f"{self.expectation}, by itself", f"{who} has not heard it in time")
        return broken.shown(self._unheard())

    def _heard(self) -> Symptom:
        operation, where = self.expectation.operation, self.expectation.where
        return Symptom.heard(self.expectation.receiver, operation.name, *fields_are(where))

    def _unheard(self) -> Symptom:
        within_s = self.by - self.not_before + 1
        operation, where = self.expectation.operation, self.expectation.where
        return replace(Symptom.unheard(self.expectation.receiver, operation.name, where, within_s), is_belated=True)

    def _broken(self, expected: str, came: str) -> Broken:
        about = f"{BY_ITSELF} > {self.expectation.operation.name}"
        return Broken(self.expectation.requirement, expected, came, check=Check.TIMER_IN_TIME, about=about)
