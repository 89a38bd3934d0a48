"""HTTP long-polling: GET brings what the server has to say, POST what the client has."""

import asyncio
from contextlib import suppress

from aiohttp import web

from reference_server.strict.errors import BAD_REQUEST, ProtocolError, Refused, TooLong
from reference_server.strict.frames import CLOSE, NOOP, Frame, decode_payload, encode_payload
from reference_server.strict.session import CLIENT_DISCONNECT, TRANSPORT_CLOSE, Session

# aiohttp tells a handler nothing when its client hangs up, so a waiting GET looks this often (seconds).
WATCH = 0.5

# A GET that comes in the middle of an upgrade is held this long (seconds), so that a client which polls on through a
# stalled upgrade does so ten times a second, the rate of the reference implementation, and not as fast as it can.
UPGRADE_HOLD = 0.1


async def poll(session: Session, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
    """Answer a GET with what is waiting, or as soon as something is.

    The answer is written here and not by aiohttp, since until the client has taken it the poll is not over.

    Raises Refused: a second GET, the client hung up, or a WebSocket has taken over.
    """
    if session.polling:
        # "a client MUST NOT have more than one active `GET` request."
        session.fail(ProtocolError("a second GET while one is active"))
        raise Refused(BAD_REQUEST)
    session.polling = True
    session.poll_over.clear()
    try:
        if session.upgrading:
            await _changed(session, UPGRADE_HOLD)
        frames = await _next_frames(session, request)
        return await _answer(session, request, frames, headers)
    finally:
        session.polling = False
        if session.carrier is request.transport:
            session.carrier = None
        session.poll_over.set()


async def push(session: Session, request: web.Request, limit: int) -> None:
    """Handle every packet of a POST, read whole.

    Raises Refused: a second POST, a body that is too long or broken; the session is closed.
    """
    if session.posting:
        # "a client MUST NOT have more than one active `POST` request."
        session.fail(ProtocolError("a second POST while one is active"))
        raise Refused(BAD_REQUEST)
    session.posting = True
    try:
        with session.hearing(request.transport):
            async with asyncio.timeout(session.owner.ping_timeout):
                body = await _body(request, limit)
        for packet in decode_payload(body):
            await session.receive(packet)
    except ProtocolError as error:
        session.fail(error)
        raise Refused(BAD_REQUEST, status=413 if isinstance(error, TooLong) else 400) from error
    except (ConnectionError, TimeoutError) as error:
        session.close(TRANSPORT_CLOSE)
        raise Refused(BAD_REQUEST) from error
    except Exception as error:
        session.crash()
        raise Refused(BAD_REQUEST) from error
    finally:
        session.posting = False


async def _next_frames(session: Session, request: web.Request) -> list[Frame]:
    while True:
        if session.closed:
            # The client that said goodbye itself gets a NOOP, any other learns that it is over.
            return [*session.outbound.take(), NOOP if session.reason == CLIENT_DISCONNECT else CLOSE]
        if session.upgraded:
            raise Refused(BAD_REQUEST)
        if session.upgrading:
            # "send a `noop` packet to any pending `GET` request (if applicable) to cleanly close HTTP long-polling"
            return [NOOP]
        if session.outbound:
            return session.outbound.take()
        await _changed(session, WATCH)
        if request.transport is None:
            session.close(TRANSPORT_CLOSE)
            raise Refused(BAD_REQUEST)


async def _changed(session: Session, within: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await session.outbound.changed()


async def _answer(
    session: Session, request: web.Request, frames: list[Frame], headers: dict[str, str]
) -> web.StreamResponse:
    session.carrier = request.transport
    response = web.Response(body=encode_payload(frames), content_type="text/plain", charset="UTF-8", headers=headers)
    try:
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError as error:
        session.close(TRANSPORT_CLOSE)
        raise Refused(BAD_REQUEST) from error
    return response


async def _body(request: web.Request, limit: int) -> bytes:
    # "When sending binary data, the sender MUST include a `Content-Type: application/octet-stream` header": which in
    # version 4 nobody does, since "Binary payloads MUST be base64-encoded".
    if request.content_type == "application/octet-stream" and "Content-Type" in request.headers:
        raise ProtocolError("POST with a binary body")
    if (request.content_length or 0) > limit:
        raise TooLong("POST body over the limit")
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise TooLong("POST body over the limit")
    return bytes(body)
