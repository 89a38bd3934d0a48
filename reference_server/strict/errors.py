"""What a client can do wrong: ProtocolError ends its session, Refused answers one HTTP request."""

from collections.abc import Mapping

import orjson
from aiohttp import web

# The `code` of a refused request, numbered and worded as in the reference implementation, whose clients know them.
UNKNOWN_TRANSPORT = (0, "Transport unknown")
UNKNOWN_SID = (1, "Session ID unknown")
BAD_HANDSHAKE_METHOD = (2, "Bad handshake method")
BAD_REQUEST = (3, "Bad request")
FORBIDDEN = (4, "Forbidden")
UNSUPPORTED_VERSION = (5, "Unsupported protocol version")


class ProtocolError(Exception):
    """The client broke the Engine.IO or Socket.IO protocol, and its connection must be closed.

    The text goes to the log, so it is always ours: no byte that the client chose may stand in it.
    """


class TooLong(ProtocolError):
    """A message or body over `max_http_buffer_size`."""


class Refused(Exception):
    """A request gets an HTTP error, with the body `{"code": int, "message": str}`."""

    def __init__(self, why: tuple[int, str], status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(why[1])
        self.code, self.message = why
        self.status = status
        self.headers = headers or {}

    def response(self, headers: Mapping[str, str]) -> web.Response:
        """Shape the answer; `headers` come with every answer to this origin."""
        response = web.Response(
            status=self.status,
            body=orjson.dumps({"code": self.code, "message": self.message}),
            content_type="application/json",
            headers={**headers, **self.headers},
        )
        # What is left of a refused request, perhaps megabytes, must not be taken for the next one.
        response.force_close()
        return response
