"""Servers that die of what they are told, that hang on it, or that lose one of two things which come at once."""

import os
import time
from collections.abc import Iterator
from typing import Any, ClassVar, cast

from protocols import dongne, gopang, hub, space
from protocols.contract import Json
from reference_server.effects import Effect, Emit, Entry, Gone, Said, Stamp
from reference_server.namespace import ProtocolNamespace
from reference_server.rules.dongne import Dongne
from reference_server.rules.gateway import Gateway
from reference_server.rules.gateway_commands import EnterRoom
from reference_server.rules.gopang import Gopang
from reference_server.rules.hub import Hub
from reference_server.rules.space import Space
from tests.faults.fault import breaks

AT_ONCE_MS = 5_000
"""So close together that a store which writes back every few seconds has not seen the first when the second comes."""
FOR_EVER_S = 3600.0


def die() -> None:
    os._exit(70)


def hang() -> None:
    time.sleep(FOR_EVER_S)


# ---- who dies ----------------------------------------------------------------------------------------------------


@breaks("space/all/1", "crash")
class NullKills(ProtocolNamespace):
    """Who reads a field of a payload that is null ends the process."""

    async def event(self, sid: str, name: str, args: tuple[object, ...], ack: int | None) -> None:
        if args == (None,):
            die()
        await super().event(sid, name, args, ack)


@breaks("gateway/all/1", "crash")
class TwoArgumentsKill(ProtocolNamespace):
    """More arguments than a handler takes end the process."""

    async def event(self, sid: str, name: str, args: tuple[object, ...], ack: int | None) -> None:
        if len(args) > 1:
            die()
        await super().event(sid, name, args, ack)


@breaks("dongne/all/1", "crash", at="all/unknown-event")
class UnknownNamesKill(ProtocolNamespace):
    """An event for which nobody has a handler ends the process."""

    async def event(self, sid: str, name: str, args: tuple[object, ...], ack: int | None) -> None:
        if name not in self.protocol.inbound:
            die()
        await super().event(sid, name, args, ack)


@breaks("hub/all/1", "crash", at="join_room/state")
class SecondJoinKills(Hub):
    """Who joins a room that they are in ends the process."""

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(event, hub.JoinRoom) and event.roomId in socket.rooms:
            die()
        yield from super()._said(socket, event, stamp)


@breaks("gopang/all/1", "crash")
class MissingAckKills(ProtocolNamespace):
    """Who wants no ack of what is acknowledged ends the process, which calls it all the same."""

    async def event(self, sid: str, name: str, args: tuple[object, ...], ack: int | None) -> None:
        operation = self.protocol.inbound.get(name)
        if ack is None and operation is not None and operation.ack is not None:
            die()
        await super().event(sid, name, args, ack)


@breaks("space/leave/1", "crash", at="leave/ends-party")
class DepartureFails(Space):
    """Whoever goes while in a party: an exception, after which nobody is told of anything."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets.get(entry.sid) if isinstance(entry, Gone) else None
        if player is not None and player.party is not None:
            raise KeyError(player.party.id)
        yield from super().handle(entry, stamp)


@breaks("dongne/answer/1", "crash")
class LongAnswersFail(Dongne):
    """An answer that is longer than a column of the database: an exception in the handler."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Said) and isinstance(entry.event, dongne.CreateAnswer) and len(entry.event.content) > 255:
            raise ValueError("value too long for type character varying(255)")
        yield from super().handle(entry, stamp)


# ---- who hangs ---------------------------------------------------------------------------------------------------


@breaks("space/all/1", "hang", at="whisper/nowhere")
class WhisperToOneselfHangs(Space):
    """A whisper to oneself is passed on to oneself, and so on."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets[said.sid]
        if isinstance(said.event, space.WhisperSend) and player is not None and said.event.targetId == player.id:
            hang()
        yield from super()._said(said, stamp)


class HangsOn(ProtocolNamespace):
    """A server that never comes to an end with some payloads."""

    async def event(self, sid: str, name: str, args: tuple[object, ...], ack: int | None) -> None:
        if any(map(self.never_ends, args)):
            hang()
        await super().event(sid, name, args, ack)

    def never_ends(self, payload: Any) -> bool:
        raise NotImplementedError


@breaks("hub/all/1", "hang", at="send_message/valid")
class LongWordsHang(HangsOn):
    """A regular expression takes for ever over a word of more than a thousand letters."""

    def never_ends(self, payload: Any) -> bool:
        texts = payload.values() if isinstance(payload, dict) else ()
        return any(isinstance(text, str) and max(map(len, text.split() or [""])) > 1000 for text in texts)


@breaks("gateway/all/1", "hang")
class NumbersHang(HangsOn):
    """A loop counts up to whatever number stands where a text is due."""

    def never_ends(self, payload: Any) -> bool:
        values = payload.values() if isinstance(payload, dict) else ()
        return any(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


@breaks("gopang/all/1", "hang")
class DepthHangs(HangsOn):
    """Something deep is compared with all that is in it, at every depth."""

    def never_ends(self, payload: Any) -> bool:
        depth = 0
        while isinstance(payload, dict | list) and payload:
            payload = next(iter(payload.values())) if isinstance(payload, dict) else payload[0]
            depth += 1
        return depth > 20


@breaks("dongne/all/1", "hang")
class DeafAfterInvalid(ProtocolNamespace):
    """Whoever has said something invalid is heard no more, and stays connected."""

    deaf: ClassVar[set[str]] = set()

    async def event(self, sid: str, name: str, args: tuple[object, ...], ack: int | None) -> None:
        if sid in self.deaf:
            return
        await super().event(sid, name, args, ack)
        operation = self.protocol.inbound.get(name)
        if operation is not None and operation.schema is not None:
            payload = cast("Json", args[0] if args else None)
            if self.protocol.faults(operation.schema, payload):
                self.deaf.add(sid)


# ---- two at once -------------------------------------------------------------------------------------------------


@breaks("hub/send/1", "lost update")
class LastWordWins(Hub):
    """Of what two say in a room at once, the room keeps what came last, and nobody hears the first in time."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.last: dict[str, tuple[int, str]] = {}  # room -> when somebody spoke there last, and who

    def _said(self, socket: Any, event: hub.Inbound, stamp: Stamp) -> Iterator[Effect]:
        effects = list(super()._said(socket, event, stamp))
        if isinstance(event, hub.SendMessage):
            at_ms, who = self.last.get(event.roomId, (0, ""))
            self.last[event.roomId] = stamp.now_ms, socket.user.id
            if stamp.now_ms - at_ms < AT_ONCE_MS and who != socket.user.id:
                effects = [one for one in effects if not (isinstance(one, Emit) and isinstance(one.event, hub.Message))]
        yield from effects


@breaks("gateway/rooms/2", "lost update", at="rooms/joined-at-once")
class LastMemberWins(Gateway):
    """Of two who become members of a room at once, the first is written over."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.last: dict[str, tuple[int, str]] = {}  # room -> when somebody became a member last, and who

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        if isinstance(entry, EnterRoom) and (room := self._rooms.get(entry.room_id)) is not None:
            at_ms, who = self.last.get(room.id, (0, ""))
            self.last[room.id] = stamp.now_ms, entry.bearer.id
            if stamp.now_ms - at_ms < AT_ONCE_MS and who != entry.bearer.id:
                room.members.pop(who, None)


@breaks("space/leave/2", "lost update", at="leave/ends-party")
class LastToAcceptWins(Space):
    """Of two who enter a party at once, the first is written over."""

    entered_ms = 0

    def _act(self, player: Any, event: Any, stamp: Stamp) -> Iterator[Effect]:
        yield from super()._act(player, event, stamp)
        if isinstance(event, space.PartyAccept) and player.party is not None:
            members = player.party.members
            if stamp.now_ms - self.entered_ms < AT_ONCE_MS and len(members) > 2:
                del members[list(members)[-2]]
            self.entered_ms = stamp.now_ms


@breaks("dongne/accept/2", "lost update")
class BothAccepted(Dongne):
    """Two answers that are accepted at once are both accepted: each looks before the other has written."""

    accepted: tuple[int, Any] = (0, None)

    def _said(self, socket: Any, event: dongne.Inbound, stamp: Stamp) -> Iterator[Effect]:
        answer = self._archive.answers.get(event.answerId) if isinstance(event, dongne.AcceptAnswer) else None
        if answer is not None:
            at_ms, accepted = self.accepted
            if answer.question.accepted is accepted and stamp.now_ms - at_ms < AT_ONCE_MS:
                answer.question.accepted = None
        yield from super()._said(socket, event, stamp)
        if answer is not None:
            self.accepted = stamp.now_ms, answer.question.accepted


@breaks("gopang/conversation/1", "lost update")
class LastJoinerWins(Gopang):
    """Of two who join a conversation at once, the first is written over."""

    joined: tuple[int, str, str] = (0, "", "")

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        device = self._devices.get(entry.sid) if isinstance(entry, Said) else None
        if device is not None and isinstance(entry, Said) and isinstance(entry.event, gopang.ConversationJoin):
            at_ms, conversation, user = self.joined
            is_at_once = stamp.now_ms - at_ms < AT_ONCE_MS and conversation == entry.event.value
            if is_at_once and user != device.user_id:
                self._conversations.leave(user, conversation)
            self.joined = stamp.now_ms, entry.event.value, device.user_id
