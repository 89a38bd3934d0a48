"""People who only move, evenly: the load that all generators give, and the figures that each prints of it as JSON.

Each move carries the moment at which it was due, so that whoever hears it knows how long it took.
"""

import argparse
import json
from dataclasses import dataclass
from typing import Final

WARM_UP_S: Final = 2.0
LISTEN_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many there are, and what they do."""

    clients: int
    per_room: int
    moves_per_s: float
    """By all of them together."""
    seconds: float


@dataclass(slots=True)
class Figures:
    """What was sent and heard while it was measured."""

    sent: int
    heard: int
    cpu_s: float
    """CPU that this process used for it."""
    p50_ms: float
    """From when a move was due to when somebody heard it."""
    p99_ms: float

    @property
    def us_per_message(self) -> float:
        """CPU of this process for each message that it sent or heard, in microseconds."""
        return self.cpu_s / (self.sent + self.heard) * 1e6


def asked(doc: str | None) -> tuple[str, Load]:
    """Return the URL and the load that a generator's command line names; `doc` says what it is."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("url")
    parser.add_argument("--load", type=json.loads, required=True, help="a Load as JSON")
    options = parser.parse_args()
    return options.url, Load(**options.load)
