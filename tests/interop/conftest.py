"""Node, and the JavaScript client and server that are pinned in package-lock.json."""

import fcntl
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
Install = Callable[[Path], None]


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Install what the package-lock.json of a folder says, unless it is there; raises Skipped where there is no npm."""
    npm = shutil.which("npm")
    if npm is None:
        message = "Node.js 20 or newer, with npm, is needed to play against JavaScript's socket.io"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)

    def install(folder: Path) -> None:
        installed = folder / "node_modules" / "up-to-date"
        with (tmp_path_factory.getbasetemp().parent / "npm.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # other tests, at the same time, in processes of their own
            if installed.exists():
                return
            command = [npm, "ci", "--no-fund", "--no-audit"]
            ended = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S)
            assert ended.returncode == 0, ended.stderr
            installed.touch()

    return install


@pytest.fixture(scope="session")
def node(install: Install) -> str:
    """The path of Node, with the packages of the tests installed."""
    install(HERE)
    found = shutil.which("node")
    assert found is not None
    return found


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
