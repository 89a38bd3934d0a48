"""CORS: which pages may speak to the server, and the headers that tell their browsers."""

from collections.abc import Collection

from aiohttp import web

from reference_server.strict.errors import FORBIDDEN, Refused


class Origins:
    """The allowed origins: `"*"`, or a list of them. A page of the server's own origin is always welcome."""

    def __init__(self, allowed: Collection[str] | str) -> None:
        self._any = allowed == "*" or "*" in allowed
        self._allowed = frozenset([allowed] if isinstance(allowed, str) else allowed)

    def headers(self, request: web.Request) -> dict[str, str]:
        """Give the headers for an answer to this request.

        Raises Refused: the page's origin is not allowed; browsers ask no leave for a WebSocket, so it is checked here.
        """
        origin = request.headers.get("Origin")
        if origin is None:
            return {}
        if self._any:
            headers = {"Access-Control-Allow-Origin": "*"}
        elif origin in self._allowed or origin == f"{request.scheme}://{request.host}":
            headers = {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Credentials": "true",
                "Vary": "Origin",
            }
        else:
            raise Refused(FORBIDDEN, status=403)
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = "GET, POST"
            if asked := request.headers.get("Access-Control-Request-Headers"):
                headers["Access-Control-Allow-Headers"] = asked
        return headers
