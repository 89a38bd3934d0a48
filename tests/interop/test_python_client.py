"""A second opinion: python-socketio's client plays space against our server."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
import socketio

from reference_server.serve import running
from reference_server.settings import Settings

WITHIN_S = 10.0
TRANSPORTS = [["websocket"], ["polling"], ["polling", "websocket"]]


class Person:
    """A connected client, and what it hears, to be expected in any order."""

    def __init__(self, sio: Any) -> None:
        self.sio = sio
        self.id = ""
        self._unheard: list[tuple[str, Any]] = []
        self._news = asyncio.Condition()

    async def hear(self, name: str, payload: Any = None) -> None:
        async with self._news:
            self._unheard.append((name, payload))
            self._news.notify_all()

    async def hear_end(self, reason: str) -> None:
        await self.hear("disconnect", {"reason": reason})

    async def expect(self, name: str, **fields: object) -> Any:
        def found() -> tuple[str, Any] | None:
            return next((heard for heard in self._unheard if heard[0] == name and _has(heard[1], fields)), None)

        try:
            async with asyncio.timeout(WITHIN_S), self._news:
                heard = await self._news.wait_for(found)
        except TimeoutError:
            raise AssertionError(f"no {name} {fields}, but {self._unheard}") from None
        assert heard is not None
        self._unheard.remove(heard)
        return heard[1]

    def heard(self, name: str) -> list[Any]:
        return [payload for heard, payload in self._unheard if heard == name]


def _has(payload: Any, fields: dict[str, object]) -> bool:
    return all(payload.get(name) == value for name, value in fields.items())


@contextlib.asynccontextmanager
async def connected(url: str, transports: list[str], namespace: str = "/") -> AsyncIterator[Person]:
    async with aiohttp.ClientSession() as http:
        sio = socketio.AsyncClient(reconnection=False, http_session=http)
        person = Person(sio)
        sio.on("*", person.hear, namespace=namespace)
        sio.on("disconnect", person.hear_end, namespace=namespace)
        await sio.connect(url, transports=transports, namespaces=[namespace], wait_timeout=WITHIN_S)
        try:
            yield person
        finally:
            await sio.disconnect()


@contextlib.asynccontextmanager
async def joined(url: str, transports: list[str], user: str, namespace: str = "/") -> AsyncIterator[Person]:
    async with connected(url, transports, namespace) as person:
        join = {
            "spaceId": "plaza",
            "playerId": "me",
            "nickname": user,
            "avatarColor": "green",
            "sessionToken": f"auth-{user}-test",
        }
        await person.sio.emit("join:space", join, namespace=namespace)
        person.id = (await person.expect("room:joined", spaceId="plaza"))["yourPlayerId"]
        yield person


@pytest.mark.parametrize("transports", TRANSPORTS)
def test_a_session(url: str, transports: list[str]) -> None:
    async def play() -> None:
        async with joined(url, transports, "mina") as mina, joined(url, transports, "dain") as dain:
            assert mina.id == "user-mina"
            await mina.expect("player:joined", id=dain.id, nickname="Dain")
            await dain.sio.emit("player:move", {"x": 1, "y": 2, "direction": "up", "isMoving": False})
            await mina.expect("player:moved", id=dain.id, nickname="Dain", x=1, y=2)
            await mina.sio.emit("chat:message", {"content": "어서 오세요"})
            for person in (mina, dain):
                await person.expect("chat:message", senderId=mina.id, content="어서 오세요")
            await dain.sio.emit("whisper:send", {"targetId": mina.id, "content": "psst"})
            await mina.expect("whisper:received", senderId=dain.id, content="psst")
            await dain.sio.emit("proximity:set", {"enabled": True})
            await dain.expect("proximity:error")
            await mina.sio.emit("proximity:set", {"enabled": True})
            for person in (mina, dain):
                await person.expect("proximity:changed", enabled=True)
            await dain.sio.emit("chat:message", {"content": ""})
            assert (await dain.expect("error"))["message"]
            await dain.sio.emit("leave:space")
            await mina.expect("player:left", id=dain.id)
            assert not dain.heard("whisper:received")

    asyncio.run(play())


@pytest.mark.parametrize("transports", TRANSPORTS)
def test_who_is_not_let_in_is_told_and_disconnected(url: str, transports: list[str]) -> None:
    async def play() -> None:
        async with connected(url, transports) as stranger:
            forged = {"spaceId": "plaza", "playerId": "me", "nickname": "x", "avatarColor": "red", "sessionToken": "?"}
            await stranger.sio.emit("join:space", forged)
            await stranger.expect("error")
            await stranger.expect("disconnect")

    asyncio.run(play())


def test_a_cut_is_heard_of_by_the_others(url: str) -> None:
    async def play() -> None:
        async with joined(url, ["websocket"], "mina") as mina, joined(url, ["websocket"], "dain") as dain:
            began = time.monotonic()
            await dain.sio.eio.ws.close()
            await mina.expect("player:left", id=dain.id)
            assert time.monotonic() - began < WITHIN_S

    asyncio.run(play())


@pytest.fixture
def all_protocols() -> Iterator[str]:
    with running(Settings(port=0)) as url:
        yield url


@pytest.mark.parametrize("transports", TRANSPORTS)
def test_a_server_of_all_protocols_has_a_namespace_for_each(all_protocols: str, transports: list[str]) -> None:
    async def play() -> None:
        async with joined(all_protocols, transports, "mina", "/space") as mina:
            assert mina.id == "user-mina"
        with pytest.raises(socketio.exceptions.ConnectionError):
            async with connected(all_protocols, transports, "/nowhere"):
                pass

    asyncio.run(play())
