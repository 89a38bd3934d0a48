"""The process of a target: how it is started, when it is ready, and how one makes it crash."""

import shlex
from typing import Final

from pydantic import field_validator
from pydantic.dataclasses import dataclass

from simulators.tables import TABLE, wrong

READY_S: Final = 10.0
"""How long a start may take; times the target's patience."""


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Process:
    """The commands that start and end a target; what may be run stands in the target file of whoever runs it."""

    start: tuple[str, ...] = ()
    """Command and arguments that bring it up, and back when it has died; it may go on running, as a server does."""
    ready: str = ""
    """When it is ready: a URL that answers below 400, or words of a line that it prints; empty for whenever it can be
    connected to."""
    crash: tuple[str, ...] = ()
    """Command and arguments that make it, or a worker of it, die at once."""
    cwd: str = ""
    """Folder in which these commands run; that of the target file where it does not say another, relative to that."""
    deaths: int = 3
    """After so many deaths by one operation, no more hostile inputs of that operation are tried."""

    @field_validator("start", "crash", mode="before")
    @classmethod
    def _is_command(cls, command: object) -> object:
        try:
            words = shlex.split(command) if isinstance(command, str) else command
        except ValueError as error:
            wrong(f"{error}; write the command and its arguments as a list")
        if words == []:
            wrong("write the command and its arguments, or leave it out")
        return tuple(words) if isinstance(words, list) else words

    @field_validator("deaths")
    @classmethod
    def _is_a_number_of_deaths(cls, deaths: int) -> int:
        return deaths if 1 <= deaths <= 1000 else wrong(f"{deaths} deaths; it takes 1 to 1000")
