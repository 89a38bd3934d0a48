"""Plays one failure again, from the file that a report holds of it, and says whether it still shows."""

import asyncio
from pathlib import Path

from rich.console import Console

from conformance.reproduce import codec
from conformance.reproduce.replay import shows
from conformance.tally import FAILED_EXIT, PASSED_EXIT, UNKNOWN_EXIT
from protocols.errors import ConnectionLost, NotHeard, TargetUnreachable


def replay(path: Path, url: str | None, console: Console) -> int:
    """Return the exit code: 1 where the fault still shows, 0 where it does not, 2 where nobody can tell.

    Raises UsageError for a file that holds no replay, and where the environment lacks what it needs.
    """
    trace = codec.read(path)
    url = url or trace.url
    try:
        still = asyncio.run(shows(trace, url))
    except (ConnectionLost, NotHeard, TargetUnreachable) as error:
        console.print(f"nobody can tell at {url}: {error}", markup=False, soft_wrap=True)
        return UNKNOWN_EXIT
    told = "the fault still shows" if still else "the fault does not show any more"
    console.print(f"{told} at {url}", markup=False, soft_wrap=True)
    return FAILED_EXIT if still else PASSED_EXIT
