"""Where commands print: a terminal as wide as it is, or a file or pipe wide enough for our tables."""

import os
import sys
from typing import Final

from rich.console import Console

_PIPE_WIDTH: Final = 120


class _Output(Console):
    def on_broken_pipe(self) -> None:
        """Let whoever called know that nobody reads on; rich would end the process as if something had failed."""
        raise BrokenPipeError


def output() -> Console:
    """Return standard output; COLUMNS, where it is set, says how wide."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return _Output(highlight=False, width=width)
