"""What is known of one faulty server after some trials."""

from dataclasses import asdict, dataclass, field
from typing import Any

from tests.faults.fault import WIRE, Fault
from tests.faults.trial import Trial


@dataclass(slots=True, kw_only=True)
class Result:
    """The trials of one fault, and what they come to."""

    fault: Fault
    budget_s: float
    trials: list[Trial] = field(default_factory=list)

    def first_s(self, seed: int) -> float | None:
        """Return how long a run with this seed takes to its first finding, in seconds; None where it has none."""
        passed_s = 0.0
        for trial in self._of(seed):
            if trial.first_s is not None:
                at_s = passed_s + trial.first_s
                return at_s if at_s <= self.budget_s else None
            passed_s += trial.took_s
        return None

    def _of(self, seed: int) -> list[Trial]:
        """Return the trials of a run with this seed in order: fixed cases are played once for all."""
        return [trial for trial in self.trials if trial.phase != "random" or trial.seed == seed]

    @property
    def is_right(self) -> bool:
        """Whether the fault's own requirement was found broken."""
        return any(trial.is_right for trial in self.trials)

    @property
    def is_named(self) -> bool:
        """Whether it was, or was named along with another."""
        return any(trial.is_named for trial in self.trials)

    def killed(self, seeds: int) -> int:
        """Return with how many of these seeds a run finds something."""
        return sum(self.first_s(seed) is not None for seed in range(seeds))

    def is_complete(self, seeds: int) -> bool:
        """Whether there is nothing left to play."""
        random = [trial for trial in self.trials if trial.phase == "random"]
        found = any(trial.first_s is not None for trial in self.trials if trial.phase != "random")
        if self.fault.protocol == WIRE:
            return bool(self.trials)
        return self.is_right or len(random) >= (1 if found else seeds)

    def phase(self) -> str:
        """Return the phase that finds it first; empty where none does."""
        return next((trial.phase for trial in self.trials if trial.first_s is not None), "")

    def to_json(self, seeds: int) -> dict[str, Any]:
        """Return everything, for a file."""
        return {
            "name": self.fault.name,
            "kind": self.fault.kind,
            "requirement": self.fault.requirement,
            "killed": self.killed(seeds),
            "first_s": self.first_s(0),
            "right": self.is_right,
            "named": self.is_named,
            "complete": self.is_complete(seeds),
            "trials": [asdict(trial) for trial in self.trials],
        }
