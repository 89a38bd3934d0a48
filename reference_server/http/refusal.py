"""Every HTTP answer that says no, in one shape: `{"error": {"code", "message"}}`."""

from collections.abc import Mapping

import orjson
from aiohttp import web

from protocols.contract import Json

UNAUTHORIZED = "E1001"
ORIGIN = "E2003"
NO_SUCH_PATH = "E2004"
METHOD = "E2005"
BAD_REQUEST = "E3001"
INTERNAL = "E3503"


def json_response(
    value: Mapping[str, Json], status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Answer with a JSON object. It says how things are now, so nobody may keep it."""
    body = orjson.dumps(value)
    return web.Response(
        body=body,
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with an error."""
    return json_response({"error": {"code": code, "message": message}}, status, headers)


class Refused(Exception):
    """Raised in a handler, answered by the middleware."""

    def __init__(self, status: int, message: str, code: str = BAD_REQUEST) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def response(self) -> web.Response:
        """Write the answer."""
        return refusal(self.status, self.code, self.message)
