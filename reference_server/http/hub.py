"""The HTTP that hub needs beside its socket: notifications, which other services of the same house post."""

import hmac
from typing import cast

from aiohttp import web

from protocols.contract import Json
from protocols.hub import PROTOCOL
from reference_server.gate import BadToken
from reference_server.http.api import Api
from reference_server.http.body import Shape, bearer
from reference_server.http.refusal import UNAUTHORIZED, Refused
from reference_server.namespace import ProtocolNamespace
from reference_server.rules.hub_commands import NotificationType, PostNotification

FORBIDDEN = "E1003"

_FIELDS = cast("dict[str, dict[str, Json]]", PROTOCOL.schemas["Notification"]["properties"])
_NOTIFICATION = Shape(
    {"userId": {"$ref": "#/$defs/Id"}, **{name: _FIELDS[name] for name in ("type", "title", "content")}},
    ["userId", "type", "title", "content"],
    PROTOCOL.schemas,
)


class HubApi(Api):
    """Checks who asks and the shape of what is asked, and puts it before the rules of hub."""

    def __init__(self, namespace: ProtocolNamespace, service_key: str) -> None:
        """Take the token that services bring; without one nobody gets in."""
        super().__init__(namespace)
        self._service_key = service_key.encode()

    def routes(self) -> list[web.RouteDef]:
        """List what is served where."""
        return [web.post("/internal/notifications", self.notify)]

    async def notify(self, request: web.Request) -> web.Response:
        """`{userId, type, title, content}` with the service token as bearer → 201 `{id, delivered}`."""
        self._require_service(bearer(request.headers))
        body = await _NOTIFICATION.read(request)
        return self.order(
            PostNotification(
                user_id=str(body["userId"]),
                type=cast("NotificationType", body["type"]),
                title=str(body["title"]),
                content=str(body["content"]),
            )
        )

    def _require_service(self, token: str) -> None:
        """Raise Refused: 403 for a user, who is somebody and may not, 401 for everybody else but a service."""
        # Compared in constant time, so that nobody finds the token out letter by letter.
        if self._service_key and hmac.compare_digest(token.encode(errors="replace"), self._service_key):
            return
        try:
            self._namespace.gate.verify(token)
        except BadToken:
            raise Refused(401, "The service token is needed as bearer", UNAUTHORIZED) from None
        raise Refused(403, "Only services may post notifications", FORBIDDEN)
