"""A Redis of a test's own."""

import contextlib
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.free_port import free_port

from .house import WITHIN_S


class RedisServer:
    """A Redis on a free port of this machine, that keeps nothing; it can be started again."""

    INSTALLED = shutil.which("redis-server") is not None

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._folder = folder
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no", "--daemonize", "no"], stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + WITHIN_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
                return
            time.sleep(0.01)
        pytest.fail("redis-server did not begin to listen")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
