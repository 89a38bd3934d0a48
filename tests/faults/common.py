"""Servers that are wrong in what all protocols share: the wire, the door, the gate, and who may hear what.

Each is one part of the whole server with one small patch, and takes that part's place in the app. What the rules of a
protocol decide is broken in the module of that protocol; `common_http` has what is wrong beside the socket.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final, cast

import jwt
from aiohttp import web

from protocols import gateway, hub
from protocols.contract import Ack, Event, Json
from reference_server.admission import Admission
from reference_server.effects import Connected, Drop, Effect, Emit, Enter, Entry, Garbled, Stamp
from reference_server.gate import BadToken, Gate, Verified
from reference_server.namespace import Guest, ProtocolNamespace
from reference_server.rules.hub import Hub
from reference_server.rules.hub_state import EVERYBODY
from reference_server.rules.space import Space
from reference_server.strict import Frame, Refusal, StrictServer, Visit
from reference_server.strict.session import PARSE_ERROR, TRANSPORT_ERROR
from tests.faults.fault import breaks

# ---- unknown names -----------------------------------------------------------------------------------------------


class Misread(Hub):
    """A server of hub that treats an unknown event in a way of its own."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Garbled) and entry.event_name not in self.protocol.inbound:
            yield from self.unknown(entry)
        yield from super().handle(entry, stamp)

    def unknown(self, garbled: Garbled) -> Iterator[Effect]:
        raise NotImplementedError


@breaks("hub/all/2", "forged", at="all/unknown-event")
class ServersEventsRelayed(Misread):
    """An event that only the server may emit is passed on to everybody as if it had."""

    def unknown(self, garbled: Garbled) -> Iterator[Effect]:
        if garbled.event_name in self.protocol.outbound:
            yield Emit(hub.UserJoined(userId="somebody", nickname="Somebody"), EVERYBODY)


@breaks("hub/all/2", "disconnected", at="all/unknown-event")
class UnknownDisconnects(Misread):
    """Whoever emits an unknown event is disconnected."""

    def unknown(self, garbled: Garbled) -> Iterator[Effect]:
        yield Drop(garbled.sid)


@breaks("hub/all/2", "accepted invalid", at="all/unknown-event")
class NamesInAnyCase(ProtocolNamespace):
    """`JOIN_ROOM` is taken for `join_room`."""

    async def event(self, sid: str, name: str, args: tuple[object, ...], ack: int | None) -> None:
        await super().event(sid, name.lower(), args, ack)


# ---- what is emitted ---------------------------------------------------------------------------------------------


@breaks("hub/all/3", "wrong type", at="send_message/valid")
class FieldsOfItsOwn(ProtocolNamespace):
    """Every event has a field more than the contract."""

    def _encode(self, event: Event) -> Sequence[Frame]:
        return self._around.server.encode(self.path, event.event_name, {**event.to_json(), "debug": True})


@breaks("hub/all/3", "wrong type", at="join_room/valid")
class NamesOfItsOwn(ProtocolNamespace):
    """Events go out under names that the contract does not know."""

    def _encode(self, event: Event) -> Sequence[Frame]:
        return self._around.server.encode(self.path, event.event_name.replace("_", "-"), *event.to_args())


@breaks("hub/all/3", "duplicated", at="join_room/asked")
class EverythingAcknowledged(ProtocolNamespace):
    """Whoever asks for an ack gets one, also where the contract has none."""

    async def event(self, sid: str, name: str, args: tuple[object, ...], ack: int | None) -> None:
        await super().event(sid, name, args, ack)
        if ack is not None:
            self._around.server.acknowledge(sid, self.path, ack, {"success": True})


# ---- acks --------------------------------------------------------------------------------------------------------


class Acknowledging(ProtocolNamespace):
    """A server of gateway that acknowledges messages, and nothing else, in a way of its own."""

    def _acknowledge(self, sid: str, ack: int, value: Ack) -> None:
        if isinstance(value, gateway.SendMessageAck):
            self.answer(sid, ack, value.to_json())
        else:
            super()._acknowledge(sid, ack, value)

    def answer(self, sid: str, ack: int, value: Mapping[str, Json]) -> None:
        """Send an ack, valid or not."""
        self._around.server.acknowledge(sid, self.path, ack, value)


@breaks("gateway/send/5", "dropped", at="sendMessage/valid")
class Unacknowledged(Acknowledging):
    """No ack ever comes."""

    def answer(self, sid: str, ack: int, value: Mapping[str, Json]) -> None:
        pass


@breaks("gateway/send/5", "duplicated", at="sendMessage/valid")
class AcknowledgedTwice(Acknowledging):
    """Every ack comes twice."""

    def answer(self, sid: str, ack: int, value: Mapping[str, Json]) -> None:
        super().answer(sid, ack, value)
        super().answer(sid, ack, value)


@breaks("gateway/send/5", "late", at="sendMessage/valid")
class AcknowledgedLate(Acknowledging):
    """Every ack takes eight times as long as it may, and the message does not."""

    def answer(self, sid: str, ack: int, value: Mapping[str, Json]) -> None:
        self._around.clock.later(800, partial(super().answer, sid, ack, value))


@breaks("gateway/send/5", "misdirected", at="sendMessage/valid")
class AcknowledgedUnderAnotherId(Acknowledging):
    """Every ack answers an event that nobody has emitted yet."""

    def answer(self, sid: str, ack: int, value: Mapping[str, Json]) -> None:
        super().answer(sid, ack + 1, value)


@breaks("gateway/send/5", "wrong value", at="sendMessage/valid")
class AcknowledgedForAnother(Acknowledging):
    """Every ack repeats the id of another message."""

    def answer(self, sid: str, ack: int, value: Mapping[str, Json]) -> None:
        super().answer(sid, ack, {**value, "clientMsgId": str(uuid.UUID(int=0))})


@breaks("gateway/all/3", "wrong type", at="sendMessage/valid")
class AcksOfItsOwn(Acknowledging):
    """Every ack has a field more than the contract."""

    def answer(self, sid: str, ack: int, value: Mapping[str, Json]) -> None:
        super().answer(sid, ack, {**value, "debug": True})


@breaks("gateway/all/3", "duplicated", at="sendMessage/unasked")
class AcknowledgedUnasked(Acknowledging):
    """Who asks for no ack gets one all the same."""

    async def event(self, sid: str, name: str, args: tuple[object, ...], ack: int | None) -> None:
        await super().event(sid, name, args, ack)
        if ack is None:
            self.answer(sid, 7, {"success": True})


# ---- polling -----------------------------------------------------------------------------------------------------


class Telling(StrictServer):
    """A server that tells those on long polling in a way of its own."""

    def tell(self, namespace: str, room: str | None, frames: Sequence[Frame], *, skip_sid: str | None = None) -> None:
        members: Mapping[str, str] = self.manager.rooms.get(namespace, {}).get(room, {})
        everybody: Mapping[str, str] = self.manager.rooms.get(namespace, {}).get(None, {})
        for sid, eio_sid in everybody.items():
            if eio_sid not in self.eio.sockets or sid == skip_sid:
                continue
            is_meant = sid in members
            times = int(is_meant) if self.eio.sockets[eio_sid].upgraded else self.times(is_meant=is_meant)
            for _ in range(times):
                self.eio.post(eio_sid, frames)

    def times(self, *, is_meant: bool) -> int:
        """Return how often somebody on long polling is told what is meant for them, or for others."""
        raise NotImplementedError


@breaks("hub/all/7", "dropped", at="all/polling")
class PollersMissIt(Telling):
    """Broadcasts go to WebSockets alone."""

    def times(self, *, is_meant: bool) -> int:
        return 0


@breaks("hub/all/7", "duplicated", at="all/polling")
class PollersHearTwice(Telling):
    """Broadcasts come twice over long polling."""

    def times(self, *, is_meant: bool) -> int:
        return 2 if is_meant else 0


@breaks("hub/all/5", "misdirected", at="all/polling")
class PollersHearEverything(Telling):
    """Whoever is on long polling hears every room."""

    def times(self, *, is_meant: bool) -> int:
        return 1


# ---- how connections end -----------------------------------------------------------------------------------------


@breaks("hub/all/8", "forgotten clean-up", at="all/heartbeat")
class TheDeadLive(StrictServer):
    """Who answers no more pings is waited for for an hour."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ping_timeout": 3600.0})


@breaks("hub/all/8", "forgotten clean-up", at="all/too-big")
class TheCutOffStay(StrictServer):
    """Whose connection ends without a goodbye stays in every room."""

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        pass


@breaks("hub/all/10", "accepted invalid", at="all/too-big")
class AnythingFits(StrictServer):
    """Messages may be of any size."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "max_http_buffer_size": 100_000_000})


@breaks("hub/all/10", "disconnected", at="all/too-big")
class AllForOne(StrictServer):
    """One connection that breaks the protocol takes all others with it."""

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        await super()._handle_eio_disconnect(eio_sid, reason)
        if reason == PARSE_ERROR:
            for session in list(self.eio.sockets.values()):
                session.close(TRANSPORT_ERROR)


# ---- the door ----------------------------------------------------------------------------------------------------


@breaks("space/all/11", "unauthorised", at="all/rate-limit")
class AsOftenAsTheyLike(Admission):
    """Anybody may try as often as they like."""

    def refusal(self, address: str) -> str:
        return ""


@breaks("space/all/11", "off by one", at="all/rate-limit")
class AFewMore(Admission):
    """The limit is ten attempts above that of the contract."""

    def __init__(self, per_minute: int, *arguments: Any, **options: Any) -> None:
        super().__init__(per_minute + 10, *arguments, **options)


@breaks("space/all/11", "wrong value", at="all/rate-limit")
class TooManyInOtherWords(Admission):
    """Who tries too often is told something else."""

    def refusal(self, address: str) -> str:
        return super().refusal(address) and "Too many requests"


@breaks("space/all/9", "leaked", at="all/uninvited-socket")
class EverybodyOverhears(Space):
    """Whoever connects hears every space, joined or not."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        if isinstance(entry, Connected):
            yield from (Enter(entry.sid, place.room) for place in self._places.values())


# ---- the gate ----------------------------------------------------------------------------------------------------


class Lax(Gate):
    """A gate that looks once more at a token which opens nothing."""

    def verify(self, token: Json) -> Verified:
        try:
            return super().verify(token)
        except BadToken as bad:
            return self.reconsider(token, bad)

    def reconsider(self, token: Json, bad: BadToken) -> Verified:
        """Let somebody in all the same, or raise BadToken."""
        raise NotImplementedError

    def read(self, token: Json, bad: BadToken, **options: Any) -> Verified:
        """Return what a token says, verified as the options have it; raises BadToken for one that is not even so."""
        try:
            return Verified(jwt.decode(str(token), **options), None)
        except jwt.InvalidTokenError:
            raise bad from None


NOBODY: Final[Mapping[str, Json]] = {"id": "nobody", "email": "nobody@example.org", "nickname": "Nobody"}


@breaks("hub/all/9", "unauthorised", at="handshake/missing")
class NoTokenNeeded(Lax):
    """Who brings no token comes in as a guest."""

    def reconsider(self, token: Json, bad: BadToken) -> Verified:
        if token is not None:
            raise bad
        return Verified(NOBODY, None)


@breaks("hub/handshake/1", "wrong value", at="handshake/missing")
class MissingInOtherWords(Lax):
    """Who brings no token is refused in other words."""

    def reconsider(self, token: Json, bad: BadToken) -> Verified:
        raise BadToken("Who are you?") if token is None else bad


@breaks("hub/all/9", "accepted invalid", at="handshake/malformed")
class TokensInArrays(Lax):
    """A token may be wrapped in an array, as query strings are parsed."""

    def reconsider(self, token: Json, bad: BadToken) -> Verified:
        if not isinstance(token, list):
            raise bad
        return self.verify(token[0])


@breaks("hub/all/9", "unauthorised", at="handshake/malformed")
class SignaturesUnread(Lax):
    """Nobody looks at signatures."""

    def reconsider(self, token: Json, bad: BadToken) -> Verified:
        return self.read(token, bad, options={"verify_signature": False, "verify_exp": True})


@breaks("hub/all/9", "unauthorised", at="handshake/foreign")
class SignedByNobody(Lax):
    """A token may say of itself that it needs no signature."""

    def reconsider(self, token: Json, bad: BadToken) -> Verified:
        if method(token) != "none":
            raise bad
        return self.read(token, bad, options={"verify_signature": False})


def method(token: Json) -> str:
    """Return how a token says that it is signed; nothing where it is no token."""
    try:
        return str(jwt.get_unverified_header(str(token))["alg"])
    except jwt.InvalidTokenError:
        return ""


@breaks("hub/all/9", "unauthorised", at="handshake/foreign")
class UnknownMethodsBelieved(Lax):
    """A token is believed if the gate does not know how to look at its signature."""

    def reconsider(self, token: Json, bad: BadToken) -> Verified:
        if method(token) not in {"HS384", "HS512"}:
            raise bad
        return self.read(token, bad, options={"verify_signature": False})


@breaks("hub/handshake/2", "unauthorised", at="handshake/expired")
class TokensAreForEver(Lax):
    """No token ever expires."""

    def reconsider(self, token: Json, bad: BadToken) -> Verified:
        return self.read(token, bad, key=self._secret, algorithms=["HS256"], options={"verify_exp": False})


@breaks("hub/all/9", "accepted invalid", at="handshake/claims")
class AnyClaims(Lax):
    """A token with the right signature may claim what it likes."""

    def reconsider(self, token: Json, bad: BadToken) -> Verified:
        claims = self.read(token, bad, key=self._secret, algorithms=["HS256"]).claims
        return Verified({**NOBODY, **{name: claims[name] for name in claims if isinstance(claims[name], str)}}, None)


@breaks("hub/all/9", "unauthorised", at="handshake/missing")
class InThenOut(ProtocolNamespace):
    """Who is refused comes in, and is sent away at once."""

    async def admit(self, visit: Visit) -> Guest | Refusal:
        guest = await super().admit(visit)
        return Guest(visit, Verified(NOBODY, None)) if isinstance(guest, Refusal) else guest

    async def connect(self, sid: str, guest: Guest) -> None:
        if guest.verified.claims == NOBODY:
            self._around.server.drop(sid, self.path)
        else:
            await super().connect(sid, guest)


@breaks("hub/all/9", "dropped", at="handshake/missing")
class HungUpOn(StrictServer):
    """Who is refused is hung up on, and not told why."""

    def _refuse(self, eio_sid: str, namespace: str, refusal: Refusal) -> None:
        if namespace in self._served:
            self.eio.sockets[eio_sid].close(TRANSPORT_ERROR)
        else:
            super()._refuse(eio_sid, namespace, refusal)


@breaks("gateway/handshake/2", "unauthorised", at="handshake/missing")
class InToStay(Lax):
    """Who brings no token comes in and stays, in a protocol where it would do to send them away."""

    def reconsider(self, token: Json, bad: BadToken) -> Verified:
        if token:
            raise bad
        return Verified({"sub": "nobody", "email": "nobody@example.org"}, None)


@breaks("gateway/handshake/1", "refused valid", at="handshake/header")
class HeaderUnread(ProtocolNamespace):
    """A token counts in `auth` alone."""

    def _token(self, visit: Visit) -> Json:
        return cast("Json", visit.auth.get("token"))


@breaks("gateway/all/9", "forged", at="handshake/header")
class HeaderFirst(ProtocolNamespace):
    """A token in the header outweighs the one in `auth`."""

    def _token(self, visit: Visit) -> Json:
        return super()._token(Visit(visit.address, visit.headers, visit.query)) or super()._token(visit)


@breaks("gateway/all/9", "refused valid", at="handshake/header")
class RefusedByHttp(StrictServer):
    """A bad token in the header is refused before there is a Socket.IO that could say so."""

    def __init__(self, *, admit: Callable[[web.Request], str | None], **options: Any) -> None:
        def check(request: web.Request) -> str | None:
            header = request.headers.get("Authorization", "Bearer a.b.c")
            return admit(request) if header.count(".") == 2 else "Unauthorized"

        super().__init__(admit=check, **options)


# ---- who was refused, and hears all the same ---------------------------------------------------------------------


class Overheard(StrictServer):
    """A server that remembers whom it has refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.refused: list[str] = []  # Engine.IO ids

    def _refuse(self, eio_sid: str, namespace: str, refusal: Refusal) -> None:
        super()._refuse(eio_sid, namespace, refusal)
        if namespace in self._served:
            self.refused.append(eio_sid)


@breaks("hub/all/9", "leaked", at="handshake/missing")
class GreetedAndRefused(StrictServer):
    """Whoever knocks is told something before it is known who they are."""

    def _refuse(self, eio_sid: str, namespace: str, refusal: Refusal) -> None:
        if namespace in self._served:
            self.eio.post(eio_sid, self.encode(namespace, "presence_update", {"userId": "mina", "status": "online"}))
        super()._refuse(eio_sid, namespace, refusal)


class TellsTheRefused(Overheard):
    """Who was refused hears what is told to rooms."""

    event: ClassVar[str]

    def tell(self, namespace: str, room: str | None, frames: Sequence[Frame], *, skip_sid: str | None = None) -> None:
        super().tell(namespace, room, frames, skip_sid=skip_sid)
        if any(self.event.encode() in frame.payload for frame in frames):
            for eio_sid in self.refused:
                self.eio.post(eio_sid, frames)


@breaks("hub/all/9", "leaked", at="handshake/missing")
class MessagesToTheRefused(TellsTheRefused):
    """Who was refused hears what is said."""

    event = '"message"'


@breaks("hub/all/9", "leaked", at="handshake/malformed")
class PresenceToTheRefused(TellsTheRefused):
    """Who was refused hears who is away."""

    event = '"away"'


@breaks("gateway/all/9", "leaked", at="handshake/expired")
class NewMessagesToTheRefused(TellsTheRefused):
    """Who was refused hears what is said, in a protocol where nobody hears who joins."""

    event = '"newMessage"'


@breaks("hub/all/9", "unauthorised", at="handshake/foreign")
class RefusedAndLetIn(Overheard):
    """Who was refused is told so, and counts as admitted when they speak all the same."""

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        namespace = next(iter(self._served))
        if eio_sid in self.refused and str(data).startswith("2"):
            self.refused.remove(eio_sid)
            await self._welcome_quietly(eio_sid, namespace)
        await super()._handle_eio_message(eio_sid, data)

    async def _welcome_quietly(self, eio_sid: str, namespace: str) -> None:
        sid = await self.manager.pre_connect(eio_sid, namespace)
        await self.manager.connect(sid, namespace)
        await self._served[namespace].connect(sid, Guest(self.environ[eio_sid], Verified(NOBODY, None)))
