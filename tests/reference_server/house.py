"""A running server of space, people who connect to it, and HTTP beside it."""

import contextlib
import io
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from protocols import space
from reference_server.effects import Rules
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.endpoint import Endpoint, TransportName
from simulators.engine import Engine, SyncConnection

WITHIN_S = 15.0
"""How long a test waits for what must come; ten times what is usual on a busy machine."""


@dataclass
class Reply:
    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def http(
    url: str,
    method: str = "GET",
    body: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    raw: bytes | None = None,
) -> Reply:
    """Ask over HTTP; a body is sent as JSON."""
    data = raw if raw is not None else None if body is None else json.dumps(body).encode()
    given = {"Content-Type": "application/json"} if data is not None else {}
    request = urllib.request.Request(url, data, {**given, **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=WITHIN_S) as response:
            return Reply(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.headers, error.read())


@dataclass
class House:
    url: str
    engine: Engine
    log: io.StringIO
    namespace: str = "/"
    guests: list[SyncConnection] = field(default_factory=list)

    def connect(self, name: str = "somebody", transport: TransportName = "websocket") -> SyncConnection:
        endpoint = Endpoint(url=self.url, namespace=self.namespace, transport=transport)
        connection = SyncConnection.open(self.engine, endpoint, space.PROTOCOL, name)
        self.guests.append(connection)
        return connection

    def join(
        self, name: str, space_id: str = "plaza", transport: TransportName = "websocket", token: str | None = None
    ) -> SyncConnection:
        """Connect a user of the built-in world, and wait until it is in."""
        connection = self.connect(name, transport)
        connection.emit(joining(name, space_id, token))
        connection.expect(space.RoomJoined, within_s=WITHIN_S)
        return connection

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def players(self, space_id: str = "plaza") -> int:
        rooms = http(f"{self.url}/metrics").json()["connections"]["rooms"]
        return sum(room["connections"] for room in rooms if room["spaceId"] == space_id)


def joining(name: str, space_id: str = "plaza", token: str | None = None) -> space.JoinSpace:
    return space.JoinSpace(
        spaceId=space_id,
        playerId="me",
        nickname=name.capitalize(),
        avatarColor="blue",
        sessionToken=f"auth-{name}-test" if token is None else token,
    )


@contextlib.contextmanager
def open_house(engine: Engine, rules: Sequence[Rules] | None = None, **options: Any) -> Iterator[House]:
    """Run a server on a free port. Unless a test says otherwise it serves space alone, and logs JSON."""
    settings = Settings(**{"port": 0, "protocols": ("space",), "json_logs": True, **options})
    log = io.StringIO()
    with running(settings, rules, log_stream=log) as url:
        house = House(url, engine, log, "/" if len(settings.protocols) == 1 else "/space")
        try:
            yield house
        finally:
            for connection in house.guests:
                if connection.closed is None:
                    connection.close()


@dataclass
class Receiver:
    """A local HTTP server that does with each request what it is told to."""

    url: str
    bodies: list[Any] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int) -> list[Any]:
        with self.came:
            assert self.came.wait_for(lambda: len(self.bodies) >= count, WITHIN_S), f"only {self.bodies} came"
            return list(self.bodies)


Answering = Callable[[int, BaseHTTPRequestHandler], None]
"""Answers a request, given how many came before it."""


def answer(status: int = 200, body: object = None) -> Answering:
    def respond(_number: int, handler: BaseHTTPRequestHandler) -> None:
        reply(handler, status, body)

    return respond


def reply(
    handler: BaseHTTPRequestHandler, status: int, body: object = None, headers: Mapping[str, str] | None = None
) -> None:
    data = b"" if body is None else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)


@contextlib.contextmanager
def receiver(answering: Answering) -> Iterator[Receiver]:
    """Listen on a free port and remember the JSON bodies of all requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            with there.came:
                number = len(there.bodies)
                there.bodies.append(json.loads(body) if body else None)
                there.came.notify_all()
            with contextlib.suppress(ConnectionError):
                answering(number, self)

        do_GET = do_POST

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there = Receiver(f"http://127.0.0.1:{server.server_port}/in")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
