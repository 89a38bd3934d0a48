"""One difference between two contracts, and what it means to those who rely on the older one."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a change does to a client that was written for the older document."""

    BREAKING = "breaking"
    """It may stop working."""
    REVIEW = "review"
    """It keeps working by the letter, and a person should look whether it does so in fact."""
    COMPATIBLE = "compatible"
    """It need not notice."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    kind: Kind
    address: str
    """What changed: `space`, `space/onPlayerMove`, `space/onPlayerMove/ack` or a requirement's `space/join/2`."""
    what: str
    """A clause that says how, without a full stop."""
    witness: str | None = None
    """For a payload: JSON of a value, or a schema of values, that shows why it breaks."""

    def __str__(self) -> str:
        witness = f" (such as {self.witness})" if self.witness else ""
        return f"{self.kind}: {self.address}: {self.what}{witness}"


def breaking(address: str, what: str, witness: str | None = None) -> Change:
    """Make a change that may break clients."""
    return Change(Kind.BREAKING, address, what, witness)


def review(address: str, what: str) -> Change:
    """Make a change that a person should look at."""
    return Change(Kind.REVIEW, address, what)


def compatible(address: str, what: str) -> Change:
    """Make a change that no client need notice."""
    return Change(Kind.COMPATIBLE, address, what)
