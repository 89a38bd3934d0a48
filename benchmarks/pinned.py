"""Processes that have one core each, and how much of it they used."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_STOP_S: Final = 5.0


@contextlib.contextmanager
def on_core(index: int) -> Iterator[None]:
    """Keep this thread, and the processes that it starts, on one of the cores that it may use."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(allowed)[index]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextlib.contextmanager
def process(
    command: Sequence[str], core: int, environment: Mapping[str, str] | None = None
) -> "Iterator[subprocess.Popen[str]]":
    """Run a process on one core for as long as the block lasts; what it prints can be read."""
    with on_core(core):
        started = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # where servers log everybody who comes and goes
            text=True,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    with started:
        try:
            yield started
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGTERM)
            try:
                started.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)


def cpu_s(pid: int) -> float:
    """Return how many seconds of CPU a process and those below it have used; those that have ended count as well."""
    # After the command's name, which may hold anything: state is field 3, utime 14, stime 15, those of the dead 16, 17.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    used = sum(int(field) for field in fields[11:15]) / TICKS_PER_S
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = (child for task in tasks for child in (task / "children").read_text(encoding="utf-8").split())
    return used + sum(cpu_s(int(child)) for child in children)
