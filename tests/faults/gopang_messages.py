"""Servers of gopang that are wrong in one thing of messages and of what somebody has missed; as in `gopang`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, cast

from protocols import gopang
from protocols.contract import Json
from reference_server.effects import Acknowledge, Effect, Emit, Entry, Later, Said, Stamp
from reference_server.rules.gopang import STORE_MS
from reference_server.rules.gopang_commands import GiveUpStoring
from reference_server.rules.gopang_devices import Device
from reference_server.rules.gopang_messages import PAGE, Message, Messages, Progress
from reference_server.rules.gopang_rooms import room_of
from tests.faults.fault import breaks
from tests.faults.gopang import Changed, Faulty, Retold, altered, become, said

# ---- messages ----------------------------------------------------------------------------------------------------


@breaks("gopang/send/1", "misordered")
class CompletedFirst(Faulty):
    """A message is completed before it is said to be sent."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        effects = list(super().handle(entry, stamp))
        if said(entry, gopang.MessageSend):
            effects.sort(key=lambda one: isinstance(one, Emit) and isinstance(one.event, gopang.MessageStatus))
        yield from effects


@breaks("gopang/send/1", "misordered")
class AckFirst(Faulty):
    """The ack comes before everything else."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        effects = list(super().handle(entry, stamp))
        if said(entry, gopang.MessageSend):
            effects.sort(key=lambda one: not isinstance(one, Acknowledge))
        yield from effects


@breaks("gopang/send/2", "wrong value")
class AckOfAnother(Changed):
    """The ack names a message that there is not."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(effect, Acknowledge) and isinstance(effect.value, gopang.MessageSendAck) and effect.value.success:
            effect = replace(effect, value=effect.value.model_copy(update={"messageId": stamp.fresh("another")}))
        yield effect


@breaks("gopang/send/3", "duplicated")
class EchoToSender(Retold):
    """The socket that sent a message hears it as well."""

    event = gopang.MessageNew

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, skip="")


@breaks("gopang/send/4", "unauthorised")
class AnybodySends(Faulty):
    """Who is no member may send."""

    def _said(self, said: Said, device: Device, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(said.event, gopang.MessageSend):
            yield from self._send(said, said.event, device, stamp)
        else:
            yield from super()._said(said, device, stamp)


@breaks("gopang/send/5", "wrong value")
class EverythingIsText(Retold):
    """The kind of a message is lost."""

    event = gopang.MessageNew

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield altered(emit, messageType="text")


@breaks("gopang/send/7", "forgotten clean-up", time_scale=20.0)
class GivenUpAllTheSame(Changed):
    """A message that was stored is given up when the time to store it is over."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield effect
        told = effect.event if isinstance(effect, Emit) else None
        if isinstance(told, gopang.MessageStatus) and told.status == "sent" and isinstance(entry, Said):
            message_id, message = told.messageId, self._messages.get(told.messageId)
            assert message is not None
            self._sent[message_id] = entry.sid, message.conversation_id
            yield Later(STORE_MS, GiveUpStoring(message_id))

    def _give_up(self, message_id: str) -> Iterator[Effect]:
        sid, conversation = self._sent[message_id]
        yield Emit(gopang.GopangStatus(status="timeout", conversationId=conversation), sid)

    @property
    def _sent(self) -> dict[str, tuple[str, str]]:
        return cast("dict[str, tuple[str, str]]", self.__dict__.setdefault("sent", {}))


@breaks("gopang/status/1", "duplicated")
class ReadAgainAndAgain(Faulty):
    """Each reader is told of, not the first alone."""

    def _read(self, event: gopang.MessageRead, user_id: str, stamp: Stamp) -> Iterator[Effect]:
        message = self._messages.get(event.value)
        if message is not None and user_id != message.sender_id:
            message.progress = Progress.DELIVERED
        yield from super()._read(event, user_id, stamp)


@breaks("gopang/status/1", "wrong value")
class BackToDelivered(Faulty):
    """A message that was read is delivered again when somebody else asks for it."""

    def _sync(self, event: gopang.SyncRequest, device: Device, stamp: Stamp) -> Iterator[Effect]:
        for message in self._messages.missed(device.user_id, lambda _: True, "", stamp.now_ms):
            message.progress = Progress.SENT
        yield from super()._sync(event, device, stamp)


@breaks("gopang/status/2", "dropped")
class NeverDelivered(Retold):
    """Nobody hears that a message is delivered."""

    event = gopang.MessageStatus
    where: ClassVar[Mapping[str, Json]] = {"status": "delivered"}


@breaks("gopang/status/2", "wrong value")
class DeliveredToNobody(Changed):
    """A message is delivered as soon as it is sent, whether anybody is there or not."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield effect
        if isinstance(effect, Emit) and isinstance(effect.event, gopang.MessageNew):
            message = self._messages.get(effect.event.messageId)
            assert message is not None
            if message.advance(Progress.DELIVERED):
                event = gopang.MessageStatus(messageId=message.id, status="delivered", timestamp=stamp.now_ms)
                yield Emit(event, room_of(message.sender_id))


@breaks("gopang/status/3", "dropped")
class ReadUntold(Retold):
    """Nobody hears that a message was read."""

    event = gopang.MessageStatus
    where: ClassVar[Mapping[str, Json]] = {"status": "read"}


@breaks("gopang/status/4", "wrong value")
class OwnReadCounts(Faulty):
    """Who reads its own message has it read."""

    def _read(self, event: gopang.MessageRead, user_id: str, stamp: Stamp) -> Iterator[Effect]:
        yield from super()._read(event, f"{user_id}'s reader", stamp)


@breaks("gopang/status/5", "unauthorised")
class StrangersRead(Faulty):
    """Whoever knows the id of a message can read it."""

    def _said(self, said: Said, device: Device, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(said.event, gopang.MessageRead) and self._messages.get(said.event.value) is not None:
            yield from self._read(said.event, device.user_id, stamp)
        else:
            yield from super()._said(said, device, stamp)


@breaks("gopang/ai/1", "leaked")
class AiOverheard(Retold):
    """What an AI says is heard by everybody who is connected."""

    event = gopang.GopangAiResponse

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield from (replace(emit, room=room_of(user)) for user in self._devices._by_user)


# ---- what was missed ---------------------------------------------------------------------------------------------


class Recalling(Faulty):
    """A server that finds what somebody has missed in another way."""

    messages: ClassVar[type[Messages]]

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        become(self._messages, self.messages)
        yield from super().handle(entry, stamp)


@breaks("gopang/sync/1", "dropped")
class NothingMissedUnanswered(Retold):
    """Who has missed nothing gets no answer."""

    event = gopang.MessagesSync
    where: ClassVar[Mapping[str, Json]] = {"count": 0}


class _OfEverybody(Messages):
    def missed(self, user_id: str, is_own: Callable[[str], bool], last_id: str, now_ms: int) -> list[Message]:
        return super().missed(user_id, lambda _: True, last_id, now_ms)


@breaks("gopang/sync/2", "leaked")
class EverybodysMessages(Recalling):
    """The answer has messages of all conversations."""

    messages = _OfEverybody


class _NewestFirst(Messages):
    def missed(self, user_id: str, is_own: Callable[[str], bool], last_id: str, now_ms: int) -> list[Message]:
        found = super().missed(user_id, is_own, last_id, now_ms)
        return found[::-1] if last_id else found


@breaks("gopang/sync/3", "misordered")
class NewestFirst(Recalling):
    """What came after a message is told backwards."""

    messages = _NewestFirst


class _ReadAgain(Messages):
    def missed(self, user_id: str, is_own: Callable[[str], bool], last_id: str, now_ms: int) -> list[Message]:
        for message in self._messages.values():
            message.readers.discard(user_id)
        return super().missed(user_id, is_own, last_id, now_ms)


@breaks("gopang/sync/4", "duplicated")
class ReadMessagesToo(Recalling):
    """What somebody has read is told again."""

    messages = _ReadAgain


@breaks("gopang/sync/5", "off by one")
class CountIsOneLess(Retold):
    """The count is one less than the list is long."""

    event = gopang.MessagesSync

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield altered(emit, count=max(0, cast("gopang.MessagesSync", emit.event).count - 1))


def _after(messages: Iterable[Message], last_id: str) -> list[Message]:
    ids = [message.id for message in messages]
    return list(messages)[ids.index(last_id) + 1 :] if last_id in ids else []


class _LastPage(Messages):
    def missed(self, user_id: str, is_own: Callable[[str], bool], last_id: str, now_ms: int) -> list[Message]:
        found = [one for one in _after(list(self._messages.values()), last_id) if is_own(one.conversation_id)]
        return found[-PAGE:] if last_id in self._messages else super().missed(user_id, is_own, last_id, now_ms)


@breaks("gopang/sync/6", "misordered")
class LastPageFirst(Recalling):
    """Of much that was missed the newest page is told, and the rest never."""

    messages = _LastPage


class _Inclusive(Messages):
    def missed(self, user_id: str, is_own: Callable[[str], bool], last_id: str, now_ms: int) -> list[Message]:
        found = super().missed(user_id, is_own, last_id, now_ms)
        last = self._messages.get(last_id)
        return [last, *found][:PAGE] if last is not None and len(found) > PAGE // 2 else found


@breaks("gopang/sync/6", "off by one")
class LastMessageAgain(Recalling):
    """Every full page begins with the last message of the one before."""

    messages = _Inclusive
