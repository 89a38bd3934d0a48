"""WebSocket as a transport: carrying a session, and taking one over from polling."""

import asyncio
from contextlib import suppress

from aiohttp import WebSocketError, WSCloseCode, WSMsgType, web

from reference_server.strict.errors import ProtocolError
from reference_server.strict.fast_path import FastPath
from reference_server.strict.frames import PROBE_ANSWER, Packet, PacketType, decode_text
from reference_server.strict.masks import MaskedWebSocket
from reference_server.strict.session import TRANSPORT_CLOSE, Session

# A client has this long (seconds) to answer the WebSocket's close frame.
CLOSE_HANDSHAKE = 0.5


async def accept(request: web.Request, max_message: int, headers: dict[str, str]) -> web.WebSocketResponse:
    """Complete the WebSocket handshake.

    Uncompressed, as in the reference implementation: so a frame is encoded once for all who hear it. aiohttp refuses
    a message *of* its maximum, hence one more.
    """
    socket = MaskedWebSocket(max_msg_size=max_message + 1, compress=False, timeout=CLOSE_HANDSHAKE)
    socket.headers.update(headers)
    await socket.prepare(request)
    return socket


async def carry(session: Session, socket: web.WebSocketResponse, request: web.Request) -> None:
    """Read and write until either side has had enough."""
    session.upgraded = True
    session.carrier = transport = request.transport
    if transport is not None:
        session.fast_path = FastPath(session.outbound, socket, request.protocol, transport)
    writer = asyncio.create_task(_write(session, socket))
    try:
        await _read(session, socket)
    except ProtocolError as error:
        session.fail(error)
    except Exception:  # noqa: BLE001  # crash() logs it
        session.crash()
    finally:
        session.close(TRANSPORT_CLOSE)
        await writer
        session.carrier = session.fast_path = None


async def take_over(
    session: Session, socket: web.WebSocketResponse, transport: asyncio.Transport | None, timeout: float
) -> bool:
    """Play the server's part of an upgrade; False when it came to nothing and polling goes on.

    "The server MUST: send a `noop` packet to any pending `GET` request (if applicable) to cleanly close HTTP
    long-polling transport; respond with a `pong` packet with the string `probe` in the payload. Finally, the client
    MUST send a `upgrade` packet to complete the upgrade."
    """
    session.probing, done = True, False
    try:
        with session.hearing(transport):
            async with asyncio.timeout(timeout):
                done = await _probe(session, socket)
        return done
    except (TimeoutError, ConnectionError):
        return False
    finally:
        session.probing, session.upgrading, session.upgraded = False, False, done
        session.outbound.wake()


async def refuse(socket: web.WebSocketResponse) -> None:
    """Close a WebSocket that carries no session."""
    with suppress(ConnectionError):
        await socket.close(code=WSCloseCode.POLICY_VIOLATION)


async def _probe(session: Session, socket: web.WebSocketResponse) -> bool:
    if await _text(socket) != "2probe":
        return False
    await socket.send_str(PROBE_ANSWER.payload.decode())
    session.upgrading = True
    session.outbound.wake()
    if await _text(socket) != "5":
        return False
    session.upgraded = not session.closed
    session.outbound.wake()
    if session.polling:  # what it is writing must arrive before what the WebSocket will bring
        await session.poll_over.wait()
    return session.upgraded


async def _text(socket: web.WebSocketResponse) -> str | None:
    message = await socket.receive()
    return str(message.data) if message.type is WSMsgType.TEXT else None


async def _read(session: Session, socket: web.WebSocketResponse) -> None:
    while not session.closed:
        message = await socket.receive()
        match message.type:
            case WSMsgType.TEXT:
                await session.receive(decode_text(str(message.data)))
            case WSMsgType.BINARY:
                await session.receive(Packet(PacketType.MESSAGE, bytes(message.data)))
            case WSMsgType.ERROR if isinstance(message.data, WebSocketError):
                # a frame that RFC 6455 forbids, or a message that is too long: aiohttp has answered it
                raise ProtocolError(f"WebSocket error {int(message.data.code)}")
            case _:
                return


async def _write(session: Session, socket: web.WebSocketResponse) -> None:
    try:
        while True:
            while session.outbound:
                frame = session.outbound.pop()
                await socket.send_frame(frame.payload, WSMsgType.BINARY if frame.binary else WSMsgType.TEXT)
            if session.closed:
                break
            await session.outbound.changed()
        await socket.close(code=session.close_code)
    except ConnectionError:
        session.close(TRANSPORT_CLOSE)
