"""How patient the judge is with our own server while other tests keep the machine busy."""

from typing import Final

UNHURRIED: Final = 15.0
"""For servers that are right: what comes in time is not waited for any longer."""
