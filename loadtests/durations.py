"""Durations, shares and rates as people write them: `200ms`, `0.1%`, `0.1/s`."""

import re
from typing import Final

from protocols.errors import UsageError

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PERCENT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*s")


def seconds(text: str) -> float:
    """Read `500ms`, `30s`, `2m` or `1h`; raises UsageError."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no duration; write it like 500ms, 30s or 2m")
    return float(found[1]) * _SECONDS[found[2]]


def share(text: str) -> float:
    """Read `0.1%` as 0.001; raises UsageError."""
    found = _PERCENT.fullmatch(text.strip())
    if found is None or float(found[1]) > 100:
        raise UsageError(f"{text!r} is no share; write it like 0.1%")
    return float(found[1]) / 100


def per_second(text: str) -> float:
    """Read `0.1/s`; raises UsageError."""
    found = _RATE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no rate; write it like 0.1/s")
    return float(found[1])
