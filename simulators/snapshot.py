"""How a crowd is at one moment, for who watches it."""

from collections import Counter
from dataclasses import dataclass

from simulators.tally import Times


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a crowd is doing at one moment."""

    elapsed_s: float
    scopes: dict[str, Counter[str]]
    """Space -> kind of actor -> how many are connected."""
    said: list[tuple[str, str, str]]
    """The latest words: where, by whom and how, what."""
    pranks: list[tuple[str, str]]
    """The latest breaches of the contract: by whom, what."""
    sent: int
    delivered: int
    lost: int
    faults: int
    waiting: int
    """Deliveries that are under way."""
    latest: Times
    """How long those since the last snapshot took."""
    lag_ms: float = 0.0
    """How late this side was with something at most, since the last snapshot."""
