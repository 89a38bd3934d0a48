"""The servers that are measured, each in a process of its own on the first core."""

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.pinned import process

SERVER_CORE: Final = 0
MODULES: Final = Path(__file__).parents[1] / "tests" / "interop" / "node_modules"
_URL = re.compile(r"http://\S+")


@contextlib.contextmanager
def reference(protocol: str = "space", *options: str) -> "Iterator[tuple[str, subprocess.Popen[str]]]":
    """Run our reference server: every rule of a protocol, every payload checked on its way in and out."""
    command = [sys.executable, "-m", "rehearsal", "serve", protocol, "--port", "0", *options]
    with _serving(command, {"COLUMNS": "200"}) as served:
        yield served


@contextlib.contextmanager
def plain() -> "Iterator[tuple[str, subprocess.Popen[str]]]":
    """Run a plain Node server with socket.io: the same fan-out, no rules, nothing checked."""
    node = shutil.which("node")
    if node is None or not MODULES.exists():
        raise FileNotFoundError("Node.js with the packages of tests/interop is needed: npm ci")
    command = [node, str(Path(__file__).with_name("plain_server.cjs"))]
    with _serving(command, {"NODE_PATH": str(MODULES), "NODE_ENV": "production"}) as served:
        yield served


@contextlib.contextmanager
def stock() -> "Iterator[tuple[str, subprocess.Popen[str]]]":
    """Run a server of python-socketio's that does the same as the plain one."""
    with _serving([sys.executable, "-m", "benchmarks.stock_server"], {}) as served:
        yield served


@contextlib.contextmanager
def acknowledging() -> "Iterator[tuple[str, subprocess.Popen[str]]]":
    """Run a server that acknowledges at once and does nothing else."""
    with _serving([sys.executable, "-m", "benchmarks.ack_server"], {}) as served:
        yield served


@contextlib.contextmanager
def _serving(command: Sequence[str], environment: Mapping[str, str]) -> "Iterator[tuple[str, subprocess.Popen[str]]]":
    with process(command, SERVER_CORE, environment) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if found := _URL.search(line):
                yield found[0], server
                return
        raise RuntimeError(f"{command} ended and said no URL")
