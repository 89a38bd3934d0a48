"""Keeps the machine busy: a loop on each core, for as long as a block lasts and no longer than is said."""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Iterator


@contextlib.contextmanager
def busy(loops: int, at_most_s: float) -> Iterator[None]:
    """Run so many loops that compute without end, each on a core of its own; they end by themselves in any case."""
    cores = sorted(os.sched_getaffinity(0))
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_burn, args=(cores[n % len(cores)], os.getpid(), at_most_s), daemon=True)
        for n in range(loops)
    ]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def _burn(core: int, parent: int, at_most_s: float) -> None:
    os.sched_setaffinity(0, {core})
    until = time.monotonic() + at_most_s
    while time.monotonic() < until and os.getppid() == parent:
        for _ in range(1_000_000):
            pass
