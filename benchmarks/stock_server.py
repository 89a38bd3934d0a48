"""python-socketio as it comes, on uvloop, with the fan-out of space and nothing checked: what stock Python costs."""

import asyncio
from typing import Any

import socketio
import uvloop
from aiohttp import web

server = socketio.AsyncServer(async_mode="aiohttp")


@server.on("join:space")  # type: ignore[untyped-decorator]  # python-socketio has no types
async def join(sid: str, data: dict[str, Any]) -> None:
    """Let somebody into a room."""
    await server.save_session(sid, data)
    await server.enter_room(sid, data["spaceId"])
    await server.emit("room:joined", {"spaceId": data["spaceId"], "players": [], "yourPlayerId": sid}, to=sid)


@server.on("player:move")  # type: ignore[untyped-decorator]  # python-socketio has no types
async def move(sid: str, data: dict[str, Any]) -> None:
    """Tell the others in the room."""
    mover = await server.get_session(sid)
    told = {"id": sid, "nickname": mover["nickname"], **data, "avatarColor": mover["avatarColor"]}
    await server.emit("player:moved", told, room=mover["spaceId"], skip_sid=sid)


async def serve() -> None:
    """Serve until the process is ended; prints the URL."""
    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
