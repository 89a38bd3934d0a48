"""What may still come of earlier steps: events that are no MUST have their time too, and people go on meanwhile."""

from collections.abc import Iterator
from dataclasses import replace

from conformance.expectation import Expectation, Heard, fits
from conformance.judge import Step
from protocols.contract import Level
from simulators.target import Target


class Belated:
    """The SHOULDs and MAYs of one stage that have not come, each until its deadline."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._open: list[tuple[Expectation, int]] = []  # and until when, in time.monotonic_ns()

    def before(self, began_ns: int) -> list[Expectation]:
        """Return what may come although the steps before this moment caused it; nobody misses it."""
        self._open = [(item, until) for item, until in self._open if until > began_ns]
        return [item for item, _ in self._open]

    def note(self, step: Step, heard: Heard) -> None:
        """Cross out what has come by the end of a step, and take in what has not come of that step."""
        self._open = [
            (item, until)
            for item, until in (*self._open, *self._new(step))
            if not any(fits(item, received) for received in heard.by.get(item.receiver, ()))
        ]

    def _new(self, step: Step) -> Iterator[tuple[Expectation, int]]:
        for item in step.outlook.expectations:
            if item.level is not Level.MUST:
                until = step.began_ns + int(self.target.deadline_s(item.within_ms) * 1e9)
                yield replace(item, level=Level.MAY), until
