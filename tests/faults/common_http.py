"""Servers that are wrong in the HTTP that all protocols share: health, readiness, and the headers of every answer."""

from typing import ClassVar

from aiohttp import web

from protocols.contract import Json
from reference_server.http.headers import Origins
from reference_server.http.operations import Operations
from reference_server.http.refusal import json_response
from tests.faults.fault import breaks

# ---- how it is ---------------------------------------------------------------------------------------------------


class Unwell(Operations):
    """A server that says something else of how it is."""

    async def health(self, request: web.Request) -> web.Response:
        answer: dict[str, Json] = {"status": "ok", "uptime": 1.0, "timestamp": 0, "environment": "x", "connections": 99}
        return json_response({**answer, **self.said()})

    def said(self) -> dict[str, Json]:
        """Return what it says that is wrong."""
        raise NotImplementedError


@breaks("hub/http/1", "wrong value", at="http/health")
class CountsNobody(Unwell):
    """There are never any connections."""

    def said(self) -> dict[str, Json]:
        return {"connections": 0}


@breaks("hub/http/1", "wrong value", at="http/health")
class UptimeInMilliseconds(Unwell):
    """The uptime is in milliseconds."""

    def said(self) -> dict[str, Json]:
        return {"uptime": self._uptime.seconds * 1000}


@breaks("hub/http/1", "wrong type", at="http/health")
class ConnectionsByProtocol(Unwell):
    """The connections are not counted but listed."""

    def said(self) -> dict[str, Json]:
        return {"connections": {"hub": 3}}


@breaks("hub/http/1", "missing field", at="http/health")
class SaysOkAlone(Operations):
    """It says that it is well, and no more."""

    async def health(self, _request: web.Request) -> web.Response:
        return json_response({"status": "ok"})


@breaks("hub/http/1", "wrong type", at="http/health")
class HealthInWords(Operations):
    """It says how it is in words."""

    async def health(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok")


@breaks("hub/http/2", "refused valid", at="http/ready")
class NeverReady(Operations):
    """Something that nobody needs does not answer."""

    async def ready(self, _request: web.Request) -> web.Response:
        return json_response({"status": "unavailable", "failing": ["weather"]}, 503)


# ---- headers -----------------------------------------------------------------------------------------------------


class Spoilt(Origins):
    """A server that completes its answers, and then changes them."""

    async def set_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        await super().set_headers(request, response)
        self.spoil(request, response)

    def spoil(self, request: web.Request, response: web.StreamResponse) -> None:
        """Change the headers of an answer."""
        raise NotImplementedError


@breaks("hub/http/3", "unauthorised", at="http/cors")
class OpenToAll(Origins):
    """Every page may speak to the server."""

    def allows(self, request: web.BaseRequest) -> bool:
        return True


@breaks("hub/http/3", "unauthorised", at="http/cors")
class OpenInHeadersAlone(Spoilt):
    """Every page is told that it may read the answer, be it a refusal."""

    def spoil(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Access-Control-Allow-Origin"] = "*"


@breaks("hub/http/3", "missing field", at="http/cors")
class PollsWithoutCors(Spoilt):
    """No page may read what long polling answers."""

    def spoil(self, request: web.Request, response: web.StreamResponse) -> None:
        if request.path.startswith("/socket.io"):
            response.headers.popall("Access-Control-Allow-Origin", None)


@breaks("hub/http/3", "unauthorised", at="http/cors")
class PollsOpenToAll(Spoilt):
    """Every page may read what long polling answers."""

    def spoil(self, request: web.Request, response: web.StreamResponse) -> None:
        if request.path.startswith("/socket.io"):
            response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")


class Bare(Spoilt):
    """A server that forgets a header."""

    header: ClassVar[str]

    def spoil(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers.popall(self.header, None)


@breaks("hub/http/4", "missing field", at="http/security-headers")
class Sniffed(Bare):
    """Browsers may guess what an answer is."""

    header = "X-Content-Type-Options"


@breaks("hub/http/4", "missing field", at="http/security-headers")
class Framed(Bare):
    """Other pages may show the server in a frame."""

    header = "X-Frame-Options"


@breaks("hub/http/4", "missing field", at="http/security-headers")
class Referred(Bare):
    """Browsers tell others where they come from."""

    header = "Referrer-Policy"


@breaks("hub/http/4", "missing field", at="http/security-headers")
class WithoutPolicy(Bare):
    """Nothing says what a page of the server may load."""

    header = "Content-Security-Policy"


@breaks("hub/http/4", "wrong value", at="http/security-headers")
class NosniffMisspelt(Spoilt):
    """A header is there, and means nothing."""

    def spoil(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-Content-Type-Options"] = "no-sniff"


@breaks("hub/http/4", "missing field", at="http/security-headers")
class ErrorsAreBare(Spoilt):
    """What went wrong is answered without the headers."""

    def spoil(self, request: web.Request, response: web.StreamResponse) -> None:
        if response.status == 404:
            response.headers.popall("X-Frame-Options", None)


@breaks("hub/http/4", "missing field", at="http/security-headers")
class PollsAreBare(Spoilt):
    """What Socket.IO answers goes out without the headers."""

    def spoil(self, request: web.Request, response: web.StreamResponse) -> None:
        if request.path.startswith("/socket.io"):
            response.headers.popall("Content-Security-Policy", None)


class WithoutHsts(Bare):
    """Nothing says that the server is to be reached by TLS alone; which only shows under TLS."""

    header = "Strict-Transport-Security"
