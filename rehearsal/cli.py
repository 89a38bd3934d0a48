"""Where the command `rehearsal` begins, and what it does when somebody changes their mind.

It imports nothing that takes time before it is ready for a Ctrl-C.
"""

import sys
from typing import Final

INTERRUPTED: Final = 130
"""What shells say of a command that Ctrl-C ended: 128 and the number of SIGINT."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done or passed, 1 failed, 2 could not tell, 130 interrupted."""
    try:
        from rehearsal.application import run

        sys.exit(run(arguments))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
