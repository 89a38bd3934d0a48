"""Runs a reproducer alone: a script for Node by Node, one in Python by a process that has imported its libraries."""

import contextlib
import multiprocessing
import os
import runpy
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import socketio  # noqa: F401, TID251 -- the stock client, imported once for all who are forked from here

WITHIN_S: Final = 120.0
MODULES: Final = Path(__file__).parents[2] / "interop" / "node_modules"

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.faults.serving", "tests.faults.pool", "tests.faults.trial", __name__])


@dataclass(frozen=True, slots=True)
class Ended:
    """How a script ended, and what it printed."""

    code: int
    printed: str


def run_python(path: Path, url: str) -> Ended:
    """Run a script in Python on a server."""
    printed = path.with_suffix(f".{os.urandom(4).hex()}.out")
    process = _FORKS.Process(target=_run, args=(path, url, printed), daemon=True)
    process.start()
    process.join(WITHIN_S)
    if process.is_alive():
        process.kill()
        process.join()
    return Ended(process.exitcode or 0, printed.read_text())


def run_node(path: Path, url: str) -> Ended:
    """Run a script for Node on a server."""
    ended = subprocess.run(
        ["node", path, url],
        check=False,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        env={**os.environ, "NODE_PATH": str(MODULES)},
    )
    return Ended(ended.returncode, ended.stdout + ended.stderr)


def _run(path: Path, url: str, printed: Path) -> None:
    """Run in the child, as `python path url` does."""
    with printed.open("w") as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        sys.argv = [str(path), url]
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as end:
            os._exit(int(end.code or 0))
        except BaseException:  # noqa: BLE001 -- the hook of the script says what it means
            sys.excepthook(*sys.exc_info())
            os._exit(1)
