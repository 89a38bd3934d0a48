"""Durations, written in milliseconds."""

from simulators.tally import Times


def times(*each_ms: float) -> Times:
    """Return these, as a run would have measured them."""
    made = Times()
    for ms in each_ms:
        made.add(0, round(ms * 1_000_000))
    return made
