"""Servers that are wrong below the events: in the handshake, in polling, in packets, or in how connections end."""

import asyncio
from typing import Any

from aiohttp import web

from reference_server.strict import Refusal, StrictServer
from reference_server.strict.engine import StrictEngine
from reference_server.strict.errors import ProtocolError
from reference_server.strict.frames import Frame, Packet, PacketType
from reference_server.strict.heartbeat import Heartbeat
from reference_server.strict.masks import MaskedWebSocket
from reference_server.strict.packet import CONNECT_ERROR, StrictPacket
from reference_server.strict.session import PARSE_ERROR, TRANSPORT_ERROR, Session
from tests.faults.failing import die
from tests.faults.fault import breaks

# ---- the handshake -----------------------------------------------------------------------------------------------


@breaks("wire/handshake/2", "wrong value")
class NotFoundInstead(StrictEngine):
    """Whatever is wrong with a request is answered with 404."""

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        response = await super().handle_request(request)
        if response.status == 400:
            response.set_status(404)
        return response


@breaks("wire/handshake/6", "wrong value")
class UpgradesOfEverything(StrictEngine):
    """Who is on a WebSocket is told that they may upgrade to one."""

    async def _session(self, request: web.Request, upgrades: list[str]) -> Session:
        return await super()._session(request, ["websocket"])


@breaks("wire/handshake/4", "accepted invalid")
class PostsOpenSessions(StrictEngine):
    """A session may be opened by POST."""

    async def _open(self, request: web.Request, transport: str, headers: dict[str, str]) -> web.StreamResponse:
        return await super()._open(request.clone(method="GET"), transport, headers)


@breaks("wire/handshake/1", "missing field")
class NoLimitTold(StrictEngine):
    """The handshake does not say how much may be sent at once."""

    async def _session(self, request: web.Request, upgrades: list[str]) -> Session:
        session = await super()._session(request, upgrades)
        first = session.outbound.pop()
        session.outbound.put([Frame(first.payload.replace(b',"maxPayload":1000000', b""))])
        return session


# ---- polling -----------------------------------------------------------------------------------------------------


@breaks("wire/polling/1", "accepted invalid")
class AnySid(StrictEngine):
    """Who names a session that there is not gets a new one."""

    async def _route(self, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
        if request.method == "GET" and request.query.get("sid", "") not in {"", *self.sockets}:
            return await self._open(request, "polling", headers)
        return await super()._route(request, headers)


@breaks("wire/polling/3", "wrong value")
class OkInCapitals(StrictEngine):
    """What is posted is answered with OK."""

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        response = await super().handle_request(request)
        if isinstance(response, web.Response) and response.text == "ok":
            response.text = "OK"
        return response


@breaks("wire/polling/5", "accepted invalid")
class ManyPolls(Session):
    """As many polls may be open as one likes."""

    @property
    def polling(self) -> bool:
        """Whether a poll is open; nobody looks."""
        return False

    @polling.setter
    def polling(self, _: bool) -> None:
        pass


@breaks("wire/polling/7", "dropped")
class OnlyTheFirstPacket(Session):
    """Of several packets in one payload the first is read."""

    read = 0

    @property
    def posting(self) -> bool:
        """Whether a payload is read."""
        return self._posting

    @posting.setter
    def posting(self, is_posting: bool) -> None:
        self._posting, self.read = is_posting, 0

    async def receive(self, packet: Packet) -> None:
        self.read += 1
        if self.upgraded or self.read == 1:
            await super().receive(packet)


# ---- packets -----------------------------------------------------------------------------------------------------


class Forgiving(StrictServer):
    """A server that goes on after a packet that breaks the protocol, in a way of its own."""

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        try:
            await super()._handle_eio_message(eio_sid, data)
        except ProtocolError as error:
            self.forgive(eio_sid, error)

    def forgive(self, eio_sid: str, error: ProtocolError) -> None:
        """Do what it does then: nothing."""


@breaks("wire/packet/2", "accepted invalid")
class NothingIsWrong(Forgiving):
    """What is no packet is passed over."""


@breaks("wire/packet/3", "accepted invalid")
class OnlyGrammarCounts(Forgiving):
    """What is no packet closes the connection, unless it only is no JSON."""

    def forgive(self, eio_sid: str, error: ProtocolError) -> None:
        if "JSON" not in str(error):
            raise error


@breaks("wire/robust/1", "hang")
class OpenAndDead(Forgiving):
    """Who has said something wrong is heard no more, and stays connected."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.dead: set[str] = set()

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        if eio_sid not in self.dead:
            await super()._handle_eio_message(eio_sid, data)

    def forgive(self, eio_sid: str, error: ProtocolError) -> None:
        self.dead.add(eio_sid)


@breaks("wire/robust/2", "disconnected")
class AllPay(StrictServer):
    """One connection that breaks the protocol takes all others with it."""

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        await super()._handle_eio_disconnect(eio_sid, reason)
        if reason == PARSE_ERROR:
            for session in list(self.eio.sockets.values()):
                session.close(TRANSPORT_ERROR)


@breaks("wire/robust/3", "crash")
class StrayAttachmentKills(StrictServer):
    """An attachment that nobody has announced ends the process."""

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        if isinstance(data, bytes) and eio_sid not in self._parked:
            die()
        await super()._handle_eio_message(eio_sid, data)


# ---- acks and attachments ----------------------------------------------------------------------------------------


@breaks("wire/ack/1", "duplicated")
class AcksTwice(StrictServer):
    """Every ack is sent twice."""

    def acknowledge(self, sid: str, namespace: str, ack: int, *args: object) -> None:
        super().acknowledge(sid, namespace, ack, *args)
        super().acknowledge(sid, namespace, ack, *args)


@breaks("wire/ack/2", "wrong type")
class BareAcks(StrictServer):
    """What an ack says stands there without an array around it."""

    def acknowledge(self, sid: str, namespace: str, ack: int, *args: object) -> None:
        if self.is_connected(sid, namespace):
            eio_sid = self.manager.eio_sid_from_sid(sid, namespace)
            [frame] = StrictPacket(3, args[0], namespace, ack).frames()
            self.eio.post(eio_sid, [frame])


@breaks("wire/binary/3", "accepted invalid")
class PlaceholdersUnchecked(StrictPacket):
    """A placeholder that names no attachment stays what it is."""

    def add_attachment(self, attachment: str | bytes) -> bool:
        try:
            return super().add_attachment(attachment)
        except ProtocolError:
            return True


# ---- what is kept ------------------------------------------------------------------------------------------------


@breaks("wire/robust/4", "memory", at="malformed/ws/flood/attachments-without-end")
class AttachmentsParked(StrictPacket):
    """As many attachments as a packet announces are kept until the last of them has come."""

    @classmethod
    def parse(cls, text: str | bytes, max_attachments: int, max_depth: int) -> StrictPacket:
        return super().parse(text, 999, max_depth)


@breaks("wire/robust/4", "memory", at="malformed/ws/flood/fragments-without-end")
class EndlessMessages(MaskedWebSocket):
    """A message may be as long as it likes, and is kept until its end."""

    def __init__(self, *, max_msg_size: int, compress: bool, timeout: float) -> None:
        super().__init__(max_msg_size=0, compress=compress, timeout=timeout)


# ---- namespaces --------------------------------------------------------------------------------------------------


@breaks("wire/namespace/2", "dropped")
class UnknownNamespacesUnanswered(StrictServer):
    """Who asks for a namespace that there is not hears nothing."""

    def _refuse(self, eio_sid: str, namespace: str, refusal: Refusal) -> None:
        if namespace in self._served:
            super()._refuse(eio_sid, namespace, refusal)


@breaks("wire/namespace/2", "wrong type")
class RefusedInAString(StrictServer):
    """Who is refused is told why in a string, as version 2 had it."""

    def _refuse(self, eio_sid: str, namespace: str, refusal: Refusal) -> None:
        self.eio.post(eio_sid, StrictPacket(CONNECT_ERROR, refusal.message, namespace).frames())


@breaks("wire/namespace/3", "accepted invalid")
class NoConnectNeeded(StrictServer):
    """Who has not connected to a namespace is not heard there, and may try for ever."""

    def _check_inside(self, eio_sid: str, namespace: str) -> None:
        pass


# ---- how it ends -------------------------------------------------------------------------------------------------


@breaks("wire/close/1", "dropped")
class CloseUnheard(Session):
    """A close packet closes nothing."""

    async def receive(self, packet: Packet) -> None:
        if packet.type is not PacketType.CLOSE:
            await super().receive(packet)


@breaks("wire/close/1", "late")
class CloseInAMinute(Session):
    """A close packet closes in a minute."""

    async def receive(self, packet: Packet) -> None:
        if packet.type is PacketType.CLOSE:
            asyncio.get_running_loop().call_later(60.0, self.close, "client disconnect")
        else:
            await super().receive(packet)


@breaks("wire/heartbeat/4", "duplicated")
class PingsForPongs(Heartbeat):
    """Whoever says pong is asked again at once."""

    def pong(self) -> None:
        super().pong()
        self._ping()
