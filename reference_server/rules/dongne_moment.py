"""Moments as dongne writes them on the wire: ISO 8601 in UTC, to the millisecond."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEAP: Final = ":60"


def moment(ms: int) -> str:
    """Write milliseconds since the epoch."""
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(said: str | int) -> int:
    """Return when that was, in milliseconds since the epoch, whatever a contract's date-time or number may be.

    Parts of a millisecond are cut off. A leap second is the one before it: the epoch does not count it. What no
    calendar of ours holds, such as the year 0, was before everything.
    """
    if isinstance(said, int):
        return said
    text = said.upper().replace(_LEAP, ":59", 1) if said[16:19] == _LEAP else said.upper()
    try:
        when = datetime.fromisoformat(text)
        return (when - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return 0
