"""A little server of gateway that keeps its promises, for subclasses to break: nothing is checked, nothing stored."""

import itertools
import json
import re
import time
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import jwt
from aiohttp import WSMsgType, web

_PACKET: Final = re.compile(r"4(?P<type>\d)(?:(?P<namespace>/[^,]*),)?(?P<id>\d+)?(?P<json>[\[{].*)?", re.DOTALL)
_CONNECT: Final = "0"
_EVENT: Final = "2"
_OPEN: Final = '0{"sid":"s","upgrades":[],"pingInterval":600000,"pingTimeout":600000,"maxPayload":1000000}'


class Little:
    """Lets everybody in, acknowledges everything, and tells each message to all who joined its room."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[web.WebSocketResponse, str]] = {}  # room -> its sockets, each with its namespace
        self._seen: set[str] = set()  # clientMsgIds: what is said again is acknowledged, and told to nobody
        self._numbers = itertools.count()

    async def start(self) -> None:
        """Listen at a free port."""
        app = web.Application()
        app.router.add_get("/socket.io/", self._talk)
        app.router.add_post("/{path:.*}", self._agree)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()

    async def close(self) -> None:
        """End, and every connection with it."""
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it is."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    # --- what subclasses break ---

    async def hesitate(self) -> None:
        """Do something before a packet is read."""

    def acknowledges(self) -> bool:
        """Say whether the next ack is sent."""
        return True

    def delivers(self) -> bool:
        """Say whether the next delivery is made."""
        return True

    # --- the protocol ---

    async def _agree(self, _: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(_OPEN)
        who = ""
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT or (packet := _PACKET.fullmatch(frame.data)) is None:
                continue
            await self.hesitate()
            place = f"{packet['namespace']}," if packet["namespace"] else ""
            content: Any = json.loads(packet["json"] or "{}")
            if packet["type"] == _CONNECT:
                if token := content.get("token"):
                    who = jwt.decode(token, options={"verify_signature": False})["sub"]
                await socket.send_str(f'40{place}{{"sid":"{next(self._numbers)}"}}')
            elif packet["type"] == _EVENT:
                ack = await self._handle(socket, place, who, content)
                if packet["id"] and self.acknowledges():
                    await socket.send_str(f"43{place}{packet['id']}{json.dumps([ack])}")
        for sockets in self._rooms.values():
            sockets.pop(socket, None)
        return socket

    async def _handle(self, socket: web.WebSocketResponse, place: str, who: str, content: list[Any]) -> dict[str, Any]:
        match content:
            case ["joinRoom", {"roomId": room}]:
                self._rooms.setdefault(room, {})[socket] = place
                return {"success": True}
            case ["sendMessage", {"roomId": room, "clientMsgId": name} as said]:
                if name not in self._seen:
                    self._seen.add(name)
                    await self._tell(room, {"type": "TEXT", **said, "senderId": who})
                return {"clientMsgId": name, "status": "ACCEPTED"}
            case _:
                return {"success": True}

    async def _tell(self, room: str, said: dict[str, Any]) -> None:
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        message = {**said, "messageId": f"{next(self._numbers):026}", "createdAt": now}
        text = json.dumps(["newMessage", message])
        for socket, place in list(self._rooms.get(room, {}).items()):
            if self.delivers() and not socket.closed:
                await socket.send_str(f"42{place}{text}")


class Freezing(Little):
    """Stands still once, for some seconds, some time after the first has come."""

    AFTER_S: ClassVar[float] = 4.0
    FOR_S: ClassVar[float] = 6.0

    def __init__(self) -> None:
        super().__init__()
        self._first_s = 0.0
        self._frozen = False

    async def hesitate(self) -> None:
        """Stand still, with all that others say meanwhile."""
        now_s = time.monotonic()
        self._first_s = self._first_s or now_s
        if not self._frozen and now_s - self._first_s >= self.AFTER_S:
            self._frozen = True
            time.sleep(self.FOR_S)  # noqa: ASYNC251  # that is what it is for


class Silent(Little):
    """Does everything, and acknowledges nothing."""

    def acknowledges(self) -> bool:
        """Never do."""
        return False


class Losing(Little):
    """Keeps three of each hundred deliveries to itself."""

    def __init__(self) -> None:
        super().__init__()
        self._deliveries = 0

    def delivers(self) -> bool:
        """Drop them at even distances, so that it is always three in a hundred."""
        self._deliveries += 1
        return self._deliveries % 100 not in {33, 66, 99}
