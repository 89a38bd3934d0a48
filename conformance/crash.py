"""Lets a scene make a target die and bring it back, by the commands that its target file names."""

import asyncio
import time

from conformance.case import Skipped
from conformance.process import LOOK_S
from conformance.stage import Stage
from protocols.errors import RehearsalError, TargetUnreachable
from simulators.connection import Connection
from simulators.people import Identity
from simulators.process import READY_S
from simulators.target import Target


def demand(target: Target) -> None:
    """Raise Skipped where nobody has said how the target dies and comes back."""
    if not target.process.crash or not target.process.start:
        raise Skipped("nothing here can make the target crash; say crash = […] and start = […] in [process]")


async def come_back(stage: Stage, scout: Identity) -> None:
    """Start the target again, and wait until this user can connect.

    Raises UsageError where the command cannot be run, TargetUnreachable when nobody can connect in time.
    """
    target = stage.target
    stage.keeper.start()
    await stage.keeper.until_ready()
    deadline = time.monotonic() + READY_S * target.patience
    endpoint = target.door(scout)
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
