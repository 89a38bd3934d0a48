"""Makes a target die and brings it back, by the commands that its target file names."""

import asyncio
import subprocess
import time
from typing import Final

from conformance.case import Skipped
from conformance.stage import Stage
from protocols.errors import RehearsalError, TargetUnreachable, UsageError
from simulators.connection import Connection
from simulators.people import Identity
from simulators.target import Target

BACK_MS: Final = 10_000
"""How long a restart may take until the target answers again; times the target's patience."""
LOOK_S: Final = 0.05
"""Between two looks whether it does."""


def demand(target: Target) -> None:
    """Raise Skipped where nobody has said how the target dies and comes back."""
    if target.crash is None or target.restart is None:
        raise Skipped("nothing here can make the target crash; say crash = […] and restart = […] in the target file")


async def crash(target: Target) -> None:
    """Run the command that makes the target die, to its end; raises UsageError where it fails."""
    command = target.crash
    assert command is not None  # the scene has demanded it
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.DEVNULL)
        code = await process.wait()
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be run: {error}; mend crash in the target file") from error
    if code != 0:
        raise UsageError(f"{' '.join(command)} ended with {code}; mend crash in the target file")


async def come_back(stage: Stage, scout: Identity) -> None:
    """Run the restart command, which may go on running, and wait until this user can connect again.

    Raises UsageError where the command cannot be run, TargetUnreachable when nobody can connect in time.
    """
    target = stage.target
    assert target.restart is not None  # the scene has demanded it
    try:
        # What may be run stands in the target file of whoever runs this.
        process = subprocess.Popen(target.restart, stdin=subprocess.DEVNULL)  # noqa: S603, ASYNC220
    except OSError as error:
        raise UsageError(f"{target.restart[0]} cannot be run: {error}; mend restart in the target file") from error
    stage.started.append(process)
    deadline = time.monotonic() + BACK_MS / 1000 * target.patience
    endpoint = target.endpoint(auth={"token": scout.token})
    while True:
        try:
            connection = await Connection.open(endpoint, target.contract, "scout", patience_s=target.connect_s)
        except RehearsalError as error:
            if time.monotonic() >= deadline:
                raise TargetUnreachable(f"the target has not come back after its restart: {error}") from error
            await asyncio.sleep(LOOK_S)
        else:
            await connection.close()
            return
