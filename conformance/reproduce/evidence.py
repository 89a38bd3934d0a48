"""What is left of a case in which a promise was broken: all that is needed to do the same again elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from protocols.contract import Json
from simulators.history import Record
from simulators.people import Origin
from simulators.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request over HTTP, and what came back."""

    method: str
    path: str
    headers: Mapping[str, str]
    json: Json
    status: int = 0
    """0 where nothing came in time."""
    answered: Mapping[str, str] = field(default_factory=dict)
    """The headers of the answer."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that passed while nobody did anything."""

    seconds: float


Aside: TypeAlias = Exchange | Pause
"""What no connection has seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The end of a case, seen from where a promise was broken."""

    target: Target
    records: Sequence[Record]
    asides: Sequence[tuple[int, Aside]]
    """And after how many records each was."""
    begun: Sequence[int]
    """After how many records each step began."""
    refused: Sequence[int]
    """After how many records steps began that the contract refuses."""
    origins: Mapping[str, Origin]
    """Where each token comes from."""
    runs: Sequence[str]
    """Texts that are new in each run."""

    @property
    def window(self) -> int:
        """After how many records the step began that shows the fault."""
        return self.begun[-1] if self.begun else 0
