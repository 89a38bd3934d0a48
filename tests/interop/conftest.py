"""Node, and the JavaScript client and server that are pinned in package-lock.json."""

import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reference_server.serve import running
from reference_server.settings import Settings
from simulators.engine import Engine

HERE = Path(__file__).parent
INSTALL_S = 300.0
WITHIN_S = 60.0

RunNode = Callable[..., str]


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node, with the packages installed."""
    found = shutil.which("node"), shutil.which("npm")
    if None in found:
        message = "Node.js 18 or newer, with npm, is needed to play against JavaScript's socket.io"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    if not (HERE / "node_modules" / "socket.io").exists():
        command = [str(found[1]), "ci", "--no-fund", "--no-audit"]
        installed = subprocess.run(command, check=False, cwd=HERE, capture_output=True, text=True, timeout=INSTALL_S)
        assert installed.returncode == 0, installed.stderr
    return str(found[0])


@pytest.fixture(scope="session")
def run_node(node: str) -> RunNode:
    """Run a script to its end, and return what it printed; it must not fail."""

    def run(script: Path | str, *arguments: str) -> str:
        ended = subprocess.run(
            [node, HERE / script, *arguments], check=False, cwd=HERE, capture_output=True, text=True, timeout=WITHIN_S
        )
        assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    return run


@pytest.fixture
def url() -> Iterator[str]:
    """Our server, with space in the namespace `/`."""
    with running(Settings(port=0, protocols=("space",)), log_stream=io.StringIO()) as url:
        yield url


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine
