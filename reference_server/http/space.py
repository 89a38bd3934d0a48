"""The HTTP that space needs beside its socket: guests, visits, and the event log."""

from typing import cast

import orjson
from aiohttp import web

from protocols.contract import Json, JsonSchema
from protocols.space import PROTOCOL
from reference_server.http.api import Api
from reference_server.http.body import Shape, bearer
from reference_server.http.refusal import Refused
from reference_server.rules.space_commands import (
    CreateGuest,
    EventType,
    LeaveVisit,
    LogGuestEvent,
    ReadEvents,
    VerifyGuest,
)

# The log keeps many of them.
MAX_PAYLOAD = 1024

MAX_EVENTS = 1000
DEFAULT_EVENTS = 100

_ID: JsonSchema = {"$ref": "#/$defs/Id"}
_TOKEN: JsonSchema = {"$ref": "#/$defs/SessionToken"}

_GUEST = Shape(
    {"spaceId": _ID, "nickname": {"$ref": "#/$defs/Nickname"}, "avatarColor": {"$ref": "#/$defs/AvatarColor"}},
    ["spaceId", "nickname"],
    PROTOCOL.schemas,
)
_VERIFY = Shape({"sessionToken": _TOKEN, "spaceId": _ID}, ["sessionToken", "spaceId"], PROTOCOL.schemas)
_EVENT = Shape(
    {
        "sessionToken": _TOKEN,
        "spaceId": _ID,
        "eventType": {"enum": ["ENTER", "EXIT", "CHAT"]},
        "payload": {"type": "object"},
    },
    ["sessionToken", "spaceId", "eventType"],
    PROTOCOL.schemas,
)
_SPACE = Shape({"spaceId": _ID}, ["spaceId"], PROTOCOL.schemas)


class SpaceApi(Api):
    """Checks the shape of what is asked, and puts it before the rules of space."""

    def routes(self) -> list[web.RouteDef]:
        """List what is served where."""
        return [
            web.post("/api/guest", self.create_guest),
            web.post("/api/guest/verify", self.verify_guest),
            web.post("/api/guest/event", self.log_event),
            web.delete("/api/spaces/{spaceId}/visit", self.leave_visit),
            web.get("/api/spaces/{spaceId}/events", self.read_events),
        ]

    async def create_guest(self, request: web.Request) -> web.Response:
        """`{spaceId, nickname, avatarColor?}` → 201 `{sessionToken, participantId, nickname}`."""
        body = await _GUEST.read(request)
        return self.order(CreateGuest(str(body["spaceId"]), str(body["nickname"])))

    async def verify_guest(self, request: web.Request) -> web.Response:
        """`{sessionToken, spaceId}` → 200 `{valid, participantId?, nickname?, role?, error?}`."""
        body = await _VERIFY.read(request)
        return self.order(VerifyGuest(str(body["sessionToken"]), str(body["spaceId"])))

    async def log_event(self, request: web.Request) -> web.Response:
        """`{sessionToken, spaceId, eventType, payload?}` → 201 `{event}`."""
        body = await _EVENT.read(request)
        payload = cast("dict[str, Json]", body.get("payload", {}))
        if len(orjson.dumps(payload)) > MAX_PAYLOAD:
            raise Refused(400, f"payload: longer than {MAX_PAYLOAD} bytes")
        kind = cast("EventType", body["eventType"])
        return self.order(LogGuestEvent(str(body["sessionToken"]), str(body["spaceId"]), kind, payload))

    async def leave_visit(self, request: web.Request) -> web.Response:
        """Bearer auth-token → 200 `{event}`: the EXIT of a signed-in user."""
        return self.order(LeaveVisit(_space_id(request), bearer(request.headers)))

    async def read_events(self, request: web.Request) -> web.Response:
        """Bearer auth-token of OWNER or STAFF, `?limit=` → 200 `{spaceId, events, statistics}`."""
        return self.order(ReadEvents(_space_id(request), bearer(request.headers), _limit(request)))


def _space_id(request: web.Request) -> str:
    space_id = request.match_info["spaceId"]
    _SPACE.check({"spaceId": space_id})
    return space_id


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", str(DEFAULT_EVENTS))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MAX_EVENTS):
        raise Refused(400, f"limit: a number from 1 to {MAX_EVENTS} is expected")
    return int(text)
