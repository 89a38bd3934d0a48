"""Servers of gopang that are wrong in one thing of sessions, devices or conversations, each named for what it breaks.

Each is the whole server with one small patch: an entry that is treated otherwise, or an effect that is changed. What is
wrong in messages stands in `gopang_messages`; in money, records, consents and vaults in `gopang_dealings`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, TypeVar, cast

from aiohttp import web

from protocols import gopang
from protocols.contract import Event, Json
from reference_server.effects import (
    Acknowledge,
    Connected,
    Drop,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Gone,
    Later,
    Leave,
    Said,
    Stamp,
)
from reference_server.http.gopang import GopangApi
from reference_server.http.refusal import json_response
from reference_server.rules.gopang import Gopang
from reference_server.rules.gopang_commands import RemindOfToken
from reference_server.rules.gopang_conversations import Conversations
from reference_server.rules.gopang_devices import Device
from reference_server.rules.gopang_rooms import room_of
from tests.faults.fault import breaks

Part = TypeVar("Part")


class Faulty(Gopang):
    """A server of gopang with something wrong."""


def said(entry: Entry, event: type[Any]) -> bool:
    return isinstance(entry, Said) and isinstance(entry.event, event)


def become(part: Part, other: type[Part]) -> None:
    """Let a part of a server be of another class, with all that it remembers."""
    part.__class__ = other


class Changed(Faulty):
    """A server whose effects pass through `change` before they are carried out."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        for effect in super().handle(entry, stamp):
            yield from self.change(effect, entry, stamp)

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        raise NotImplementedError


class Retold(Changed):
    """A server that tells one event otherwise."""

    event: ClassVar[type[Any]]
    where: ClassVar[Mapping[str, Json]] = {}
    """Only where it has these fields."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(effect, Emit) and isinstance(effect.event, self.event) and self._is_meant(effect.event):
            yield from self.retell(effect, entry)
        else:
            yield effect

    def _is_meant(self, event: Event) -> bool:
        return all(getattr(event, name) == value for name, value in self.where.items())

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        """Tell it not at all, unless a fault says how."""
        yield from ()


def altered(emit: Emit, **fields: object) -> Emit:
    return replace(emit, event=emit.event.model_copy(update=fields))


# ---- sessions ----------------------------------------------------------------------------------------------------


@breaks("gopang/session/2", "wrong value")
class OneSocketId(Retold):
    """All devices of a user are told the same socketId."""

    event = gopang.Connected

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield altered(emit, socketId=cast("gopang.Connected", emit.event).user.userId)


@breaks("gopang/session/2", "wrong value")
class EverybodyIsAMember(Retold):
    """Whatever the token says, the user is told to be somebody else."""

    event = gopang.Connected

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        user = cast("gopang.Connected", emit.event).user
        yield altered(emit, user=user.model_copy(update={"email": "somebody@example.org"}))


@breaks("gopang/session/3", "misdirected")
class FirstDeviceOnly(Changed):
    """What is for a user reaches the first device alone."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(effect, Enter) and effect.room.startswith("user:"):
            if len(self._devices.of(effect.room.removeprefix("user:"))) == 1:
                yield effect
        else:
            yield effect


@breaks("gopang/token/1", "dropped")
class TokenNeverMentioned(Changed):
    """Nobody hears that a token ends soon, unless it does when it comes."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not (isinstance(effect, Later) and isinstance(effect.command, RemindOfToken)):
            yield effect


@breaks("gopang/token/1", "duplicated")
class TokenMentionedTwice(Retold):
    """That a token ends soon is told twice."""

    event = gopang.TokenRefresh

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield from (emit, emit)


@breaks("gopang/token/2", "dropped")
class ShortTokenUnmentioned(Retold):
    """Who comes with a token that ends soon is not told."""

    event = gopang.TokenRefresh

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not isinstance(entry, Connected):
            yield emit


@breaks("gopang/token/2", "wrong value")
class AlwaysTenMinutes(Retold):
    """Every token that ends soon is said to end in ten minutes."""

    event = gopang.TokenRefresh

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield altered(emit, expiresIn=600)


# ---- devices -----------------------------------------------------------------------------------------------------


@breaks("gopang/device/1", "off by one")
class AnyNumberOfDevices(Faulty):
    """The fourth device pushes out nobody."""

    def _push_out(self, device: Device) -> Iterator[Effect]:
        yield from ()


@breaks("gopang/device/1", "forgotten clean-up")
class ReplacedMayStay(Changed):
    """Who is pushed out hears so, and is not disconnected."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not isinstance(effect, Drop):
            yield effect


@breaks("gopang/device/2", "misdirected")
class NewestPushedOut(Faulty):
    """The newest of the three is pushed out."""

    def _push_out(self, device: Device) -> Iterator[Effect]:
        yield from super()._push_out(self._devices.of(device.user_id)[-1])


@breaks("gopang/device/3", "dropped")
class OwnDevicesUntold(Retold):
    """The author's other devices do not hear the message."""

    event = gopang.MessageNew

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        new = cast("gopang.MessageNew", emit.event)
        others = [user for user in self._conversations.members(new.conversationId) if user != new.senderId]
        yield from (replace(emit, room=room_of(user)) for user in others)


@breaks("gopang/all/8", "forgotten clean-up")
class GhostDevices(Faulty):
    """A device that is gone counts on."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not isinstance(entry, Gone):
            yield from super().handle(entry, stamp)


@breaks("gopang/capacity/1", "accepted invalid")
class RoomForAll(Faulty):
    """Everybody is admitted, however many there are."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        self._devices.capacity = 1000
        yield from super().handle(entry, stamp)


@breaks("gopang/capacity/1", "forgotten clean-up")
class TooManyMayStay(Changed):
    """Who is too many hears so, and is not disconnected."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not (isinstance(effect, Drop) and isinstance(entry, Connected)):
            yield effect


@breaks("gopang/stats/1", "wrong value")
class DevicesCountedAsUsers(Faulty):
    """Each connection is counted as a user."""

    def health(self) -> Mapping[str, Json]:
        connections = super().health()["totalConnections"]
        return {"totalUsers": connections, "totalConnections": connections}


# ---- conversations -----------------------------------------------------------------------------------------------


@breaks("gopang/conversation/1", "wrong value")
class MembershipOfTheSocket(Faulty):
    """Who goes offline is no member any more."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        device = self._devices.get(entry.sid) if isinstance(entry, Gone) else None
        yield from super().handle(entry, stamp)
        if device is not None:
            for conversation in list(self._conversations.of(device.user_id)):
                self._conversations.leave(device.user_id, conversation)


class _Open(Conversations):
    def is_admissible(self, user_id: str, conversation_id: str) -> bool:
        return True


@breaks("gopang/conversation/2", "unauthorised")
class NothingIsPrivate(Faulty):
    """Anybody may join a private conversation."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        become(self._conversations, _Open)
        yield from super().handle(entry, stamp)


@breaks("gopang/conversation/3", "forgotten clean-up")
class OtherDevicesStay(Changed):
    """Who leaves a conversation still hears it on the other devices."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        is_other = isinstance(effect, Leave) and isinstance(entry, Said) and effect.sid != entry.sid
        if not (is_other and said(entry, gopang.ConversationLeave)):
            yield effect


@breaks("gopang/ping/1", "dropped")
class PingUnanswered(Changed):
    """A ping is not acknowledged."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not (isinstance(effect, Acknowledge) and said(entry, gopang.Ping)):
            yield effect


# ---- what holds for all protocols --------------------------------------------------------------------------------


@breaks("gopang/all/1", "dropped")
class InvalidSwallowed(Faulty):
    """Something invalid is dropped without a word."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not isinstance(entry, Garbled) or entry.event_name not in self.protocol.inbound:
            yield from super().handle(entry, stamp)


@breaks("gopang/all/1", "disconnected")
class InvalidDisconnects(Faulty):
    """Who says something invalid is thrown out."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        if isinstance(entry, Garbled):
            yield Drop(entry.sid)


@breaks("gopang/all/2", "dropped")
class UnknownSwallowed(Faulty):
    """An event that nobody knows is dropped without a word."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not isinstance(entry, Garbled) or entry.event_name in self.protocol.inbound:
            yield from super().handle(entry, stamp)


@breaks("gopang/all/4", "leaked")
class AccountsOfNobody(GopangApi):
    """The account is told to whoever asks."""

    async def read_account(self, request: web.Request) -> web.Response:
        return json_response({"userId": "user-mina", "balance": 1_000_000}, 200)


@breaks("gopang/all/5", "leaked")
class HeardEverywhere(Retold):
    """A message is heard in the other conversations of its author's listeners, and by everybody else."""

    event = gopang.MessageNew

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield from (replace(emit, room=room_of(user)) for user in self._devices._by_user)


@breaks("gopang/all/7", "duplicated")
class HeardTwice(Retold):
    """Every third message of a conversation is heard twice."""

    event = gopang.MessageNew

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.counts: Counter[str] = Counter()

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        self.counts[emit.room] += 1
        yield from (emit, emit) if self.counts[emit.room] % 3 == 0 else (emit,)


@breaks("gopang/all/6", "misordered")
class Overtaken(Retold):
    """Every third message is told after the one that follows it."""

    event = gopang.MessageNew
    count = 0
    held: Emit | None = None

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        self.count += 1
        if self.count % 3 == 0:
            self.held = emit
            return
        yield emit
        if self.held is not None:
            yield self.held
            self.held = None
