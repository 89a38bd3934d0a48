"""A server in a process of its own that a broken packet kills, or makes grow: `mortal.py dies|grows [PORT]`.

Without a port it takes a free one, says which, and ends with its input.
"""

import asyncio
import os
import sys
from pathlib import Path

from aiohttp import web

sys.path.insert(0, str(Path(__file__).parents[3]))  # whatever folder this is run in

from reference_server.strict import session
from reference_server.strict.errors import ProtocolError
from tests.conformance.wire.echoing import strict

MEMORY: list[bytes] = []
Fail = session.Session.fail


def dies(self: session.Session, error: ProtocolError) -> None:
    os._exit(1)


def grows(self: session.Session, error: ProtocolError) -> None:
    MEMORY.append(b"x" * 150_000_000)
    Fail(self, error)


async def serve() -> None:
    app = web.Application()
    strict().attach(app)
    runner = web.AppRunner(app)
    await runner.setup()
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(runner.addresses[0][1], flush=True)
    if port:
        await asyncio.Event().wait()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    session.Session.fail = {"dies": dies, "grows": grows}[sys.argv[1]]  # type: ignore[method-assign]
    asyncio.run(serve())
