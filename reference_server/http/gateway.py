"""The HTTP that gateway needs beside its socket: accounts, rooms, and the history."""

from typing import cast

from aiohttp import web

from protocols.contract import JsonSchema
from protocols.gateway import PROTOCOL
from reference_server.http.api import Api
from reference_server.http.body import Shape
from reference_server.http.refusal import UNAUTHORIZED, Refused, json_response
from reference_server.namespace import ProtocolNamespace
from reference_server.passwords import Busy, Digest, Passwords
from reference_server.rules.gateway_commands import (
    Bearer,
    EnterRoom,
    FindAccount,
    KeepDigest,
    ListMembers,
    ListRooms,
    MakeRoom,
    MarkRead,
    ReadMessages,
    Register,
)

MAX_LIMIT = 100
DEFAULT_LIMIT = 50

BUSY = "E2006"

_ROOM_ID: JsonSchema = {"$ref": "#/$defs/RoomId"}
_MESSAGE_ID: JsonSchema = {"$ref": "#/$defs/MessageId"}
_NAME: JsonSchema = {"type": "string", "minLength": 1, "maxLength": 100}

_REGISTER = Shape(
    {"email": {"$ref": "#/$defs/Email"}, "password": {"type": "string", "minLength": 6, "maxLength": 100}},
    ["email", "password"],
    PROTOCOL.schemas,
)
# What could not be registered is wrong, not malformed: it is answered like any other wrong password.
_LOGIN = Shape(
    {"email": {"type": "string", "maxLength": 254}, "password": {"type": "string", "maxLength": 100}},
    ["email", "password"],
    PROTOCOL.schemas,
)
_ROOM = Shape({"name": _NAME}, ["name"], PROTOCOL.schemas)
_READ = Shape({"lastReadMessageId": _MESSAGE_ID}, ["lastReadMessageId"], PROTOCOL.schemas)
_PATH = Shape({"roomId": _ROOM_ID}, ["roomId"], PROTOCOL.schemas)
_CURSORS = Shape({"after": _MESSAGE_ID, "before": _MESSAGE_ID}, [], PROTOCOL.schemas)


class GatewayApi(Api):
    """Checks who asks and the shape of what is asked, and puts it before the rules of gateway."""

    def __init__(self, namespace: ProtocolNamespace, passwords: Passwords | None = None) -> None:
        super().__init__(namespace)
        self._passwords = passwords or Passwords()

    def routes(self) -> list[web.RouteDef]:
        """List what is served where."""
        return [
            web.post("/auth/register", self.register),
            web.post("/auth/login", self.login),
            web.post("/rooms", self.make_room),
            web.get("/rooms", self.list_rooms),
            web.post("/rooms/{roomId}/join", self.enter_room),
            web.get("/rooms/{roomId}/members", self.list_members),
            web.get("/rooms/{roomId}/messages", self.read_messages),
            web.post("/rooms/{roomId}/read", self.mark_read),
        ]

    # ---- accounts ----------------------------------------------------------------------------------------------------

    async def register(self, request: web.Request) -> web.Response:
        """`{email, password}` → 201 `{id, email}`, 409."""
        body = await _REGISTER.read(request)
        made = await self._digest(str(body["password"]))
        return self.order(Register(str(body["email"]), made.salt, made.digest))

    async def login(self, request: web.Request) -> web.Response:
        """`{email, password}` → 200 `{accessToken}`; 401 for an unknown email and a wrong password alike."""
        body = await _LOGIN.read(request)
        found = self.reply(FindAccount(str(body["email"])))
        account = cast("dict[str, str]", found.value) if found.status == 200 else None
        known = None if account is None else await self._known(account)
        try:
            matches = await self._passwords.matches(str(body["password"]), known)
        except Busy:
            raise _busy() from None
        if account is None or not matches:
            raise Refused(401, "The email or the password is wrong", UNAUTHORIZED)
        token = self._namespace.gate.mint({"sub": account["id"], "email": account["email"]})
        return json_response({"accessToken": token})

    async def _known(self, account: dict[str, str]) -> Digest:
        """Return the digest of an account's password; one of the world is digested when it is first needed."""
        if "password" not in account:
            return Digest(account["salt"], account["digest"])
        made = await self._digest(account["password"])
        self.reply(KeepDigest(account["email"], made.salt, made.digest))
        return made

    async def _digest(self, password: str) -> Digest:
        try:
            return await self._passwords.digest(password)
        except Busy:
            raise _busy() from None

    # ---- rooms -------------------------------------------------------------------------------------------------------

    async def make_room(self, request: web.Request) -> web.Response:
        """`{name}` → 201 `{id, name}`; whoever makes a room is a member of it."""
        bearer = self._bearer(request)
        body = await _ROOM.read(request)
        return self.order(MakeRoom(bearer, str(body["name"])))

    async def list_rooms(self, request: web.Request) -> web.Response:
        """→ 200 `{rooms: [{id, name}]}`: those that the bearer is a member of."""
        return self.order(ListRooms(self._bearer(request)))

    async def enter_room(self, request: web.Request) -> web.Response:
        """→ 200 `{id, name}`, 404. A body says nothing, and is not read."""
        return self.order(EnterRoom(self._bearer(request), _room_id(request)))

    async def list_members(self, request: web.Request) -> web.Response:
        """→ 200 `{members: [{id, email}]}`, 404, 403 to non-members."""
        return self.order(ListMembers(self._bearer(request), _room_id(request)))

    async def read_messages(self, request: web.Request) -> web.Response:
        """`?before&after&limit=50` → 200 `{messages: [...]}` as newMessage has them, rising; 404, 403."""
        bearer = self._bearer(request)
        query = {name: request.query[name] for name in ("after", "before") if name in request.query}
        _CURSORS.check(query)
        after, before = query.get("after", ""), query.get("before", "")
        return self.order(ReadMessages(bearer, _room_id(request), after, before, _limit(request)))

    async def mark_read(self, request: web.Request) -> web.Response:
        """`{lastReadMessageId}` → 200 `{lastReadMessageId}`: the furthest that the bearer has read; 404, 403."""
        bearer = self._bearer(request)
        body = await _READ.read(request)
        return self.order(MarkRead(bearer, _room_id(request), str(body["lastReadMessageId"])))

    def _bearer(self, request: web.Request) -> Bearer:
        claims = self.claims(request)
        return Bearer(str(claims["sub"]), str(claims["email"]))


def _busy() -> Refused:
    return Refused(503, "Too many are logging in at this moment; try again in a few seconds", BUSY)


def _room_id(request: web.Request) -> str:
    room_id = request.match_info["roomId"]
    _PATH.check({"roomId": room_id})
    return room_id


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MAX_LIMIT):
        raise Refused(400, f"limit: a number from 1 to {MAX_LIMIT} is expected")
    return int(text)
