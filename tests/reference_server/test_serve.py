"""How the server starts, what it says, and how it ends."""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from protocols import space
from protocols.errors import TargetUnreachable, UsageError
from reference_server.serve import run, running
from reference_server.settings import Settings
from reference_server.verify import LIMIT_S
from simulators.endpoint import Endpoint, TransportName
from simulators.engine import Engine, SyncConnection

from .house import WITHIN_S, House, http, joining, open_house, receiver

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys
from reference_server.serve import run
from reference_server.settings import Settings
sys.exit(run(Settings(port=0, protocols=("space",), json_logs=True)))
"""


@contextlib.contextmanager
def process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the server as `rehearsal serve` does; gives the process and its greeting."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as server:
        try:
            assert server.stdout is not None
            greeting = ""
            while "Ctrl-C" not in greeting:
                line = server.stdout.readline()
                assert line, f"it ended after {greeting!r}"
                greeting += line
            yield server, greeting
        finally:
            if server.poll() is None:
                server.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_soon_and_everybody_is_told(engine: Engine, number: signal.Signals) -> None:
    transports: list[TransportName] = ["websocket", "polling", "upgrade"] * 3
    with process() as (server, greeting):
        listening, _, url = greeting.splitlines()[0].strip().rpartition(" ")
        assert listening.strip() == "Listening on"
        people = []
        for transport in transports:
            endpoint = Endpoint(url=url, transport=transport)
            people.append(SyncConnection.open(engine, endpoint, space.PROTOCOL, "somebody"))
        people[0].emit(joining("mina"))
        people[0].expect(space.RoomJoined, within_s=WITHIN_S)
        idle = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
        server.send_signal(number)
        # A second is promised, on an idle machine. Nothing here ends by itself: heartbeats come every 25 s.
        _, log = server.communicate(timeout=WITHIN_S)
        assert server.returncode == 0
        for somebody in people:
            assert somebody.wait_closed(WITHIN_S)
        idle.close()
        assert "namespace /" in greeting
        assert "auth-mina-test" in greeting
        assert "Traceback" not in log
        assert all(json.loads(line)["level"] != "error" for line in log.splitlines())


def test_a_block_ends_soon_with_clients_that_say_nothing(engine: Engine) -> None:
    with open_house(engine) as house:
        house.connect(transport="websocket").fall_silent()
        house.connect(transport="polling").fall_silent()
        began = time.monotonic()
    assert time.monotonic() - began < WITHIN_S  # to wait for them would be to wait for the heartbeat
    with pytest.raises(TargetUnreachable):
        House(house.url, engine, io.StringIO()).connect()


def test_a_question_that_nobody_answers_does_not_hold_up_the_end(engine: Engine) -> None:
    asked, released = threading.Event(), threading.Event()

    def hang(_number: int, _handler: object) -> None:
        asked.set()
        released.wait(WITHIN_S)

    with receiver(hang) as verifier:
        with open_house(engine, verify_url=verifier.url) as house:
            somebody = house.connect()
            somebody.emit(joining("somebody", token="auth-of-elsewhere"))
            assert asked.wait(WITHIN_S)
            somebody.abort()  # saying goodbye would wait for the server, which waits for the verifier
            began = time.monotonic()
        assert time.monotonic() - began < LIMIT_S  # what the verifier has to answer
        released.set()


def test_a_port_in_use_is_one_clear_line() -> None:
    with running(Settings(port=0), log_stream=io.StringIO()) as url:
        port = int(url.rpartition(":")[2])
        for start in (run, lambda settings: running(settings).__enter__()):
            with pytest.raises(UsageError, match=f"127.0.0.1:{port} is in use already.*--port"):
                start(Settings(port=port))


@pytest.mark.parametrize(
    ("host", "words"),
    [("no-such-host.invalid", "no host 'no-such-host.invalid'"), ("192.0.2.1", "cannot listen on 192.0.2.1")],
)
def test_a_host_that_cannot_be_had_is_one_clear_line(host: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        run(Settings(host=host, port=0, test_credentials=True))
    assert "\n" not in str(caught.value)


def test_a_certificate_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("nonsense")
    settings = Settings(port=0, tls_certificate=tmp_path / "cert.pem", tls_key=tmp_path / "cert.pem")
    with pytest.raises(UsageError, match=r"cert\.pem cannot be used"):
        run(settings)


def test_an_ipv6_address_is_written_as_one() -> None:
    with running(Settings(host="::1", port=0), log_stream=io.StringIO()) as url:
        assert url.startswith("http://[::1]:")
        assert http(url + "/health").status == 200


def test_the_greeting_names_no_token_where_none_is_accepted(tmp_path: Path) -> None:
    world = tmp_path / "world.yaml"
    world.write_text("users: [{id: a, nickname: Ann, token: auth-private}]\nspaces: []\n")
    said = io.StringIO()

    class Telling(Console):
        def print(self, *objects: object, **_options: object) -> None:
            super().print(*objects)
            threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGTERM)).start()

    assert run(Settings(port=0, world=world), Telling(file=said, width=100)) == 0
    assert "Listening on" in said.getvalue()
    assert "namespace /space" in said.getvalue()
    assert "private" not in said.getvalue()
