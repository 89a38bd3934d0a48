"""The HTTP that gopang needs beside its socket: asking for a consent, and reading one's balance."""

from typing import cast

from aiohttp import web

from protocols.gopang import PROTOCOL, DrawerType
from reference_server.http.api import Api
from reference_server.http.body import Shape
from reference_server.rules.gopang_commands import ReadAccount
from reference_server.rules.gopang_consents import AskConsent

_CONSENT = Shape(
    {
        "ownerId": {"$ref": "#/$defs/Id"},
        "dataType": {"$ref": "#/$defs/DrawerType"},
        "purpose": {"$ref": "#/$defs/Explanation"},
        "expiresAt": {"$ref": "#/$defs/EpochMilliseconds"},
    },
    ["ownerId", "dataType", "purpose", "expiresAt"],
    PROTOCOL.schemas,
)


class GopangApi(Api):
    """Checks who asks and the shape of what is asked, and puts it before the rules of gopang."""

    def routes(self) -> list[web.RouteDef]:
        """List what is served where."""
        return [web.post("/consents", self.ask_consent), web.get("/accounts/me", self.read_account)]

    async def ask_consent(self, request: web.Request) -> web.Response:
        """`{ownerId, dataType, purpose, expiresAt}` with the token as bearer → 201 `{consentId, status}`."""
        claims = self.claims(request)
        body = await _CONSENT.read(request)
        return self.order(
            AskConsent(
                requester_id=str(claims["userId"]),
                owner_id=str(body["ownerId"]),
                data_type=cast("DrawerType", body["dataType"]),
                purpose=str(body["purpose"]),
                expires_at=int(cast("float", body["expiresAt"])),  # JSON Schema takes 1e12 for an integer too
            )
        )

    async def read_account(self, request: web.Request) -> web.Response:
        """Ask with the token as bearer → 200 `{userId, balance}`."""
        claims = self.claims(request)
        return self.order(ReadAccount(str(claims["userId"]), str(claims["email"])))
