"""The outside world as our server meets it: HTTP on this machine that answers, fails or hangs as it is told."""

import contextlib
import json
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Final, Self, TypeAlias

from protocols.contract import Json

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Json, status: int = 200) -> Self:
        """Answer with JSON."""
        return cls(status, json.dumps(value).encode())


Answering: TypeAlias = Callable[[int, Json], Reply | None]
"""Answers a request by how many came before it and by its body; may take its time. None hangs up without a word."""


class Outside:
    """One such service; `with` it. Until it is `open` its port is taken and refuses connections."""

    def __init__(self, answering: Answering) -> None:
        self.bodies: list[Json] = []
        """What was posted, in the order of arrival."""
        self.accepted: list[Json] = []
        """What of it was answered with success."""
        self.released = threading.Event()
        """Set when the service ends, for answers that wait until then; or before."""
        self._answering = answering
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outside._handle(self)

            def log_message(self, *_args: object) -> None:
                """Log nothing: requests are remembered."""

        self._server = _Server((LOOPBACK, 0), Handler, bind_and_activate=False)
        self._server.server_bind()
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.released.set()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def open(self) -> Self:
        """Take connections from now on."""
        self._server.server_activate()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="outside")
        self._thread.start()
        return self

    def wait(self, enough: Callable[[], bool], within_s: float) -> bool:
        """Wait until enough has come, and say whether it has in time."""
        with self._changed:
            return self._changed.wait_for(enough, within_s)

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        body: Json = json.loads(handler.rfile.read(int(handler.headers.get("Content-Length", "0"))))
        with self._changed:
            number = len(self.bodies)
            self.bodies.append(body)
            self._changed.notify_all()
        reply = self._answering(number, body)
        if reply is None:
            return
        if 200 <= reply.status < 300:
            # Before the answer: once it is read, the next request comes, and may be handled by a quicker thread.
            with self._changed:
                self.accepted.append(body)
                self._changed.notify_all()
        with contextlib.suppress(ConnectionError):  # whoever asked need not wait for a slow answer
            handler.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(reply.body)


class _Server(socketserver.ThreadingTCPServer):
    """One thread a request, all of them ended when the server is."""

    daemon_threads = False
    request_queue_size = 50
