"""A server that acknowledges each message of gateway at once, and does no more: `python -m benchmarks.ack_server`.

It is there to be out of the way: what a generator measures at it is nearly all the generator's own. Prints its URL.
"""

import itertools
import resource
from typing import Final

import orjson
import picows
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest

_TEXT: Final = WSMsgType.TEXT
_OPEN: Final = b'0{"sid":"%d","upgrades":[],"pingInterval":300000,"pingTimeout":60000,"maxPayload":1000000}'
_CONNECTED: Final = b'40/gateway,{"sid":"%d"}'
_numbers = itertools.count()


class Peer(WSListener):
    """One connection."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Shake hands."""
        transport.send(_TEXT, _OPEN % next(_numbers))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer what wants an answer: 40 is CONNECT, 42 an event, which is acknowledged by 43."""
        data = frame.get_payload_as_bytes()
        if data.startswith(b"42/gateway,"):
            begin = data.index(b"[")
            _, message = orjson.loads(data[begin:])
            ack = orjson.dumps([{"clientMsgId": message["clientMsgId"], "status": "ACCEPTED"}])
            transport.send(_TEXT, b"43/gateway,%b%b" % (data[11:begin], ack))
        elif data.startswith(b"40"):
            transport.send(_TEXT, _CONNECTED % next(_numbers))
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()


def accept(_: WSUpgradeRequest) -> WSListener:
    """Let anybody in."""
    return Peer()


async def serve() -> None:
    """Serve until the process is ended."""
    server = await picows.ws_create_server(accept, "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def raise_file_limit() -> None:
    """Let this process have as many connections as the machine allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    raise_file_limit()
    uvloop.run(serve())
