"""The way of the stock client: a session begins with polling and goes over to a WebSocket."""

import asyncio

from protocols.errors import TargetUnreachable, WireError
from simulators.endpoint import Endpoint
from simulators.polling import Polling
from simulators.transport import LIMITS, Receiver, Transport
from simulators.websocket import WebSocket
from simulators.wire import EnginePacket, Ping, Pong, Upgrade, decode_frame

_PROBE = b"probe"


class _Probe:
    """Waits for the one answer that a probe may have."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_transport(self, transport: Transport) -> None:
        pass

    def on_text(self, frame: bytes, at_ns: int) -> None:
        self.on_packet(decode_frame(frame, False, LIMITS), at_ns)

    def on_packet(self, packet: EnginePacket, at_ns: int) -> None:
        if packet != Pong(_PROBE) or self.answered.done():
            raise WireError(f"no answer to a probe: {packet}")
        self.answered.set_result(None)

    def on_lost(self, reason: str) -> None:
        if not self.answered.done():
            self.answered.set_exception(TargetUnreachable(f"the WebSocket of an upgrade ended: {reason}"))


async def open_upgraded(endpoint: Endpoint, receiver: Receiver, *, patience_s: float) -> WebSocket:
    """Begin a session with polling and take it to a WebSocket; raises TargetUnreachable, ConnectRefused."""
    polling = await Polling.open(endpoint, receiver, patience_s=patience_s)
    try:
        if "websocket" not in polling.handshake.upgrades:
            raise TargetUnreachable(f"{endpoint.url} offers no upgrade to WebSocket")
        probe = _Probe()
        websocket = await WebSocket.open(endpoint, probe, patience_s=patience_s, sid=polling.handshake.sid)
    except BaseException:
        await polling.close()
        raise
    try:
        async with asyncio.timeout(patience_s):
            websocket.send(Ping(_PROBE))
            await probe.answered
            await polling.pause()
    except BaseException as error:
        websocket.abort("transport aborted")
        await polling.close()
        if isinstance(error, TimeoutError):
            raise TargetUnreachable(f"{endpoint.url} did not complete an upgrade in time") from error
        raise
    websocket.receiver = receiver
    receiver.on_transport(websocket)
    websocket.send(Upgrade())
    await polling.retire()
    return websocket
