"""What ends a target, or makes it hang: each time is a finding, the target is brought back, and the run goes on."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from conformance.checks import Check
from conformance.process import Condition, Keeper, Life, examine
from conformance.symptom import Symptom
from conformance.verdict import Broken
from protocols.errors import TargetUnreachable, UsageError
from simulators.target import Target

if TYPE_CHECKING:
    from conformance.stage import Stage

MAX_REVIVALS: Final = 100
"""A target that ends oftener than this in one run is left alone."""
DEED: Final = 120
"""Characters that are shown of what ended it."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of the target."""

    condition: Condition
    operation: str
    """The event that was emitted last, or the subject of the case."""
    broken: Broken
    """What it breaks: `all/1`."""

    def told(self, conversation: tuple[str, ...]) -> tuple[str, ...]:
        """Return a conversation that ends with this, in the place of what was seen of it."""
        lines = [line for line in conversation if not line.startswith("! ")]
        return (*lines, f"! {self.broken.came}")


class Deaths:
    """How often the target has ended in this run, and of what."""

    def __init__(self, target: Target, keeper: Keeper) -> None:
        self._target = target
        self._keeper = keeper
        self._of: Counter[str] = Counter()
        self._hangs = False
        self.is_final = False
        """Whether the target has ended and cannot be brought back."""
        self.why_final = f"it has ended {MAX_REVIVALS} times"
        """Why not."""
        self.words = ""
        """How it ended last."""

    async def look(self) -> Condition:
        """Say how the target is; one that is known to hang sometimes is not waited for so long again."""
        hang_s = self._target.connect_s if self._hangs else 0.0
        condition = await examine(self._target, hang_s=hang_s)
        self._hangs |= condition.life is Life.HUNG
        return condition

    async def explain(self, error: Exception, stage: "Stage | None", subject: str) -> "End | None":
        """Return what an error comes from when the target has ended meanwhile; None where it lives."""
        condition = await self.look()
        if condition.life is Life.SLOW and isinstance(error, Broken):
            error.came += f"; {condition.words}"
        if not condition.is_gone:
            return None
        if condition.life is Life.DEAD:
            await self._keeper.await_end()
        operation = (stage.said if stage is not None else "") or subject
        broken = self._finding(condition, "" if stage is None else stage.deed, operation)
        if stage is not None:
            stage.witness(broken)
        self.words = broken.came
        return End(condition, operation, broken)

    def _finding(self, condition: Condition, deed: str, operation: str) -> Broken:
        words = self._keeper.last_words or condition.words
        end = f"it hangs: {words}" if condition.life is Life.HUNG else f"it died: {words}"
        cause = f", after {deed if len(deed) <= DEED else deed[: DEED - 1] + '…'}" if deed else ""
        return Broken(
            f"{self._target.protocol}/all/1",
            "the target goes on serving",
            end + cause,
            check=Check.SERVER_SURVIVES,
            about=operation,
        ).shown(Symptom.gone())

    async def bring_back(self, end: "End", *, counts: bool = True) -> bool:
        """Start the target again, and say whether it is back; an end `counts` unless it is one of a known input."""
        if counts:
            self._of[end.operation] += 1
        if self.is_final or self._of.total() > MAX_REVIVALS:
            self.is_final = True
            return False
        try:
            await self._keeper.revive(end.condition)
        except (UsageError, TargetUnreachable) as error:
            self.is_final, self.why_final = True, str(error)
        return not self.is_final

    def reason(self, operation: str) -> str:
        """Return why no more hostile inputs of an operation are tried; empty while they are."""
        times = self._of[operation]
        if times < self._target.process.deaths:
            return ""
        return f"set aside: {times} inputs of {operation} have ended the target, each named; see [process] deaths"
