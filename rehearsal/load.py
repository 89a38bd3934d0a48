"""Runs Locust with our locustfile in a process of its own: what `rehearsal load` does, and Locust can all the same."""

import os
import signal
import socket
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

import loadtests
from loadtests.options import Options, add_options
from protocols.errors import UsageError
from simulators.scenario import Cast
from simulators.target import Target

LOCUSTFILE: Final = Path(loadtests.__file__).with_name("locustfile.py")
_LOCUSTS: Final = (
    ("--users", "num_users", int),
    ("--spawn-rate", "spawn_rate", float),
    ("--run-time", "run_time", str),
)
"""Options of Locust's that ours depend on."""
_ALL_WITHIN_S: Final = 5.0
"""In what time everybody comes where nobody has said how quickly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One load test, as it is asked for."""

    target: Target
    file: Path | None = None
    """Where the target was read from."""
    cast: str = ""
    users: int | None = None
    """As many as the cast has, when None."""
    rate: float | None = None
    shape: str = ""
    arrivals: float | None = None
    stay: str = ""
    for_s: float
    slo: str = ""
    network: str = ""
    validate: str = "sample"
    seed: int
    processes: int = 1
    report: Path | None = None
    view: str = "auto"

    def check(self) -> None:
        """Raise UsageError for whatever cannot be, before anything is started."""
        if find_spec("locust") is None:
            raise UsageError("load tests need Locust: pip install 'socketio-rehearsal[load]'")
        # Read as Locust will read it, so that nothing is understood in two ways.
        parser = ArgumentParser()
        add_options(parser)
        for option, name, kind in _LOCUSTS:
            parser.add_argument(option, dest=name, type=kind)
        parsed, _ = parser.parse_known_args(self.options())
        Options.read(parsed, self.target.url)

    def options(self) -> list[str]:
        """Return what is said to Locust."""
        cast = Cast.parse(self.cast, self.target.protocol) if self.cast else Cast.usual(self.target.protocol)
        users = self.users or cast.size
        said: dict[str, object] = {
            "--host": self.target.url,
            "--target": self.file,
            "--protocol": self.target.protocol,
            "--cast": self.cast,
            "--users": users,
            "--spawn-rate": self.rate if self.rate or self.shape else max(1.0, users / _ALL_WITHIN_S),
            "--shape": self.shape,
            "--arrivals": self.arrivals,
            "--stay": self.stay,
            "--run-time": f"{self.for_s:g}s",
            "--slo": self.slo,
            "--network": self.network,
            "--validate": self.validate,
            "--seed": self.seed,
            "--processes": self.processes if self.processes > 1 else None,
            "--report": self.report,
            "--view": self.view,
            "--loglevel": "WARNING",
        }
        return [word for option, value in said.items() if value not in {None, ""} for word in (option, str(value))]

    def words(self) -> list[str]:
        """Return Locust's command line."""
        words = [sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless", *self.options()]
        if self.processes == 1:
            return words
        # Where Locust's own port is taken, its workers would join whoever has it.
        port = str(_free_port())
        home = ("--master-bind-host", "127.0.0.1", "--master-host", "127.0.0.1")
        return [*words, *home, "--master-bind-port", port, "--master-port", port]

    def run(self) -> int:
        """Run it to its end and return its exit code; Ctrl-C ends it early, with everything that it measured."""
        self.check()
        return _run(self.words())


def _free_port() -> int:
    """Return a port that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _run(words: Sequence[str]) -> int:
    # Locust is told of a Ctrl-C by us alone, and once: it waits for the last deliveries then, and its workers do not
    # hear of it. Whoever runs in the background has inherited that Ctrl-C is ignored, which is not meant for it.
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with start(words) as locust:
            return _wait(locust)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(locust: subprocess.Popen[bytes]) -> int:
    """Wait for the end; the first Ctrl-C asks for it, the second does not wait for it."""
    try:
        return locust.wait()
    except KeyboardInterrupt:
        locust.send_signal(signal.SIGINT)
    try:
        return locust.wait()
    except KeyboardInterrupt:
        os.killpg(locust.pid, signal.SIGKILL)  # it leads a session of its own, in which its workers are
        raise


def start(words: Sequence[str], output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """Start Locust where a Ctrl-C does not reach it, as a command and not as the library that it is for tests."""
    environment = {name: value for name, value in os.environ.items() if name != "LOCUST_SKIP_MONKEY_PATCH"}
    return subprocess.Popen(  # noqa: S603 - our own arguments
        words, stdout=output, stderr=output, start_new_session=True, env=environment
    )
