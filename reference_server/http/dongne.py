"""The HTTP that dongne needs beside its socket: what one was notified of, and by which channels one wants to be."""

from typing import cast

from aiohttp import web

from protocols.dongne import PROTOCOL
from reference_server.http.api import Api
from reference_server.http.body import Shape
from reference_server.rules.dongne_center import Channel
from reference_server.rules.dongne_commands import ChangeSettings, ReadNotifications, ReadSettings

_SETTINGS = Shape(
    {
        "immediateAlerts": {"type": "boolean"},
        "channels": {
            "type": "array",
            "items": {"enum": [channel.value for channel in Channel]},
            "maxItems": len(Channel),
            "uniqueItems": True,
        },
    },
    [],
    PROTOCOL.schemas,
)


class DongneApi(Api):
    """Checks who asks and the shape of what is asked, and puts it before the rules of dongne."""

    def routes(self) -> list[web.RouteDef]:
        """List what is served where."""
        return [
            web.get("/api/notifications", self.read_notifications),
            web.get("/api/notification-settings", self.read_settings),
            web.put("/api/notification-settings", self.change_settings),
        ]

    async def read_notifications(self, request: web.Request) -> web.Response:
        """Bearer token → 200 `{notifications: [{…notification, deliveries: [{channel, state, attempts}]}]}`."""
        return self.order(ReadNotifications(self._user_id(request)))

    async def read_settings(self, request: web.Request) -> web.Response:
        """Bearer token → 200 `{immediateAlerts, channels}`."""
        return self.order(ReadSettings(self._user_id(request)))

    async def change_settings(self, request: web.Request) -> web.Response:
        """`{immediateAlerts?, channels?}` with the bearer token → 200 `{immediateAlerts, channels}`."""
        user_id = self._user_id(request)
        body = await _SETTINGS.read(request)
        alerts, channels = body.get("immediateAlerts"), cast("list[str] | None", body.get("channels"))
        chosen = None if channels is None else tuple(map(Channel, channels))
        return self.order(ChangeSettings(user_id, None if alerts is None else bool(alerts), chosen))

    def _user_id(self, request: web.Request) -> str:
        """Return who asks, by the token; raises Refused with 401. Whether they exist is for the rules to say."""
        return str(self.claims(request)["userId"])
