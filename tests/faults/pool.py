"""Does much that takes long, some of it at a time, and tells how far it is; Ctrl-C ends it with what is known."""

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from time import monotonic
from typing import Any, Final, TypeAlias, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

T = TypeVar("T")
Piece: TypeAlias = Sequence[Any]
"""The arguments of one piece of work."""
EVERY_S: Final = 60.0
"""How often a log hears how far it is."""


def do(
    work: Callable[..., T],
    first: Iterable[Piece],
    hear: Callable[[T], tuple[str, Iterable[Piece]]],
    jobs: int,
    console: Console,
) -> bool:
    """Do every piece of work in processes of its own, `jobs` at a time; say whether somebody ended it before that.

    `hear` takes each result, and returns what to say of it and what is to be done besides; that comes before all that
    waits, so that whoever ends it early has what was begun played to its end.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=os.setpgrp)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        waiting, told_at = deque(first), monotonic()
        pending: set[Future[T]] = set()
        task = progress.add_task("", total=len(waiting))
        try:
            while waiting or pending:
                while waiting and len(pending) < jobs:
                    pending.add(pool.submit(work, *waiting.popleft()))
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                pending -= done
                for future in done:
                    said, more = hear(future.result())
                    waiting.extendleft(reversed(list(more)))
                    total = round(progress.tasks[task].completed) + 1 + len(pending) + len(waiting)
                    progress.update(task, advance=1, description=said, total=total)
                    if progress.disable and monotonic() - told_at > EVERY_S:
                        console.print(f"{progress.tasks[task].completed:.0f} of {total}: {said}")
                        told_at = monotonic()
        except KeyboardInterrupt:
            for process in list(pool._processes.values()):
                assert process.pid is not None
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # and the servers that it has started
            pool.shutdown(wait=False, cancel_futures=True)
            return True
    pool.shutdown()
    return False
