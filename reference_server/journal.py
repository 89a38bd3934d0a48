"""Orders what happens to one protocol's rules, and stamps it.

Rule 1: an entry is stamped, handled and its effects are listed in one call, with nothing awaited between.
Rule 2: the entries and their stamps are all that the rules' state depends on. So whoever reads the same journal holds
the same state, be it a test, a replay, or another instance.
"""

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from reference_server.clock import Clock
from reference_server.effects import Effect, Entry, Rules, Stamp

ENTROPY_BYTES = 32

Entropy = Callable[[], bytes]
"""Gives each entry random bytes of its own."""


def system_entropy() -> bytes:
    """Draw from the system: what nobody can guess."""
    return secrets.token_bytes(ENTROPY_BYTES)


def seeded_entropy(seed: int, protocol: str) -> Entropy:
    """Draw from a seed: the same for the same protocol each time, and different for each protocol."""
    source = random.Random(f"{seed}/{protocol}")
    return lambda: source.randbytes(ENTROPY_BYTES)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an entry came to. After a crash the effects are those before it, which the state already reflects."""

    effects: tuple[Effect, ...]
    crash: Exception | None = None


class Journal:
    """The journal of one process: to append an entry is to have it handled."""

    def __init__(self, rules: Rules, clock: Clock, entropy: Entropy = system_entropy) -> None:
        self.rules = rules
        self._clock = clock
        self._entropy = entropy

    def enter(self, entry: Entry) -> Outcome:
        """Append an entry, and return what is to be done about it."""
        stamp = Stamp(self._clock.now_ms(), self._entropy())
        effects: list[Effect] = []
        try:
            effects.extend(self.rules.handle(entry, stamp))  # keeps those before a crash
        except Exception as crash:  # noqa: BLE001  # a fault of ours must cost nobody but its sender anything
            return Outcome(tuple(effects), crash)
        return Outcome(tuple(effects))
