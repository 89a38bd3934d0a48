"""Headers of every response, whoever wrote it: security, and CORS for the configured origins.

They are set where aiohttp is about to send, so that polls, WebSocket handshakes and errors have them too.
"""

from collections.abc import Collection, MutableMapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from reference_server.http.refusal import ORIGIN, refusal

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # We answer with data, never with a page: nothing in it is to be loaded, run or framed.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Server": "rehearsal",
}

# A year; sent under TLS only, since "The UA MUST ignore any present STS header" that came without (RFC 6797, 8.1).
HSTS = "max-age=31536000"

METHODS = "GET, POST, DELETE, OPTIONS"
REQUEST_HEADERS = "Authorization, Content-Type"
PREFLIGHT_S = "600"


class Origins:
    """Decides whose pages may speak to the server, over HTTP, polling and WebSocket alike."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = frozenset(allowed)

    def allows(self, request: web.BaseRequest) -> bool:
        """Say whether the page that asks may; whoever is no page (no `Origin`) may, and so may our own."""
        origin = request.headers.get("Origin")
        return origin is None or origin in self._allowed or origin == f"{request.scheme}://{request.host}"

    async def set_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Complete a response that is about to be sent."""
        set_security(response.headers, tls=request.secure)
        response.headers["Vary"] = "Origin"
        origin = request.headers.get("Origin")
        if origin is not None and self.allows(request):
            # The origin itself and never `*`, which browsers refuse together with credentials.
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"

    def middleware(self) -> Middleware:
        """Refuse other pages, and answer preflights, before anything else looks at a request."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self.allows(request):
                return refusal(403, ORIGIN, "Pages of this origin may not speak to the server; allow it by --origin")
            if request.method == "OPTIONS":
                return web.Response(status=204, headers=_PREFLIGHT)
            return await handler(request)

        return check


_PREFLIGHT = {
    "Allow": METHODS,
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": REQUEST_HEADERS,
    "Access-Control-Max-Age": PREFLIGHT_S,
}


def set_security(headers: MutableMapping[str, str], *, tls: bool) -> None:
    """Set the security headers of one response."""
    for name, value in SECURITY.items():
        headers[name] = value
    if tls:
        headers["Strict-Transport-Security"] = HSTS
