"""Serves a fault: a fresh server in a process of its own, which may die or hang and takes nobody along."""

import contextlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from tests.faults.fault import built_in
from tests.faults.registry import fault_named

BEGINS_WITHIN_S: Final = 120.0
"""Before a server listens; generous, for machines that are busy with others."""

_FORKS = multiprocessing.get_context("forkserver")  # whose children find everything imported
# `python -m tests.faults.power` and its like are imported by each child, as the main module that they are.
_FORKS.set_forkserver_preload([__name__, "tests.faults.pool", "tests.faults.trial"])
World.built_in()  # and its world read


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs."""

    url: str
    pid: int


@contextlib.contextmanager
def serving(settings: Settings, faults: Sequence[str] = ()) -> Iterator[Served]:
    """Serve the whole server, or one with these faults in it by their names, for as long as the block lasts."""
    ours, theirs = _FORKS.Pipe()
    process = _FORKS.Process(target=_serve, args=(settings, tuple(faults), theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(BEGINS_WITHIN_S):
            raise RuntimeError(f"the server with {', '.join(faults) or 'no fault'} did not begin to listen")
        assert process.pid is not None
        yield Served(str(ours.recv()), process.pid)
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def _serve(settings: Settings, faults: Sequence[str], line: Connection) -> None:
    """Run in the child: tell the URL, and serve until killed, or until whoever wanted it is gone."""
    with contextlib.ExitStack() as stack:
        for name in faults:
            stack.enter_context(built_in(fault_named(name)))
        quiet = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        line.send(stack.enter_context(running(settings, log_stream=quiet)))
        with contextlib.suppress(EOFError):
            line.recv()
        os._exit(0)  # a loop that hangs is not waited for
