"""How a correct server of gopang answers: events in, effects out. No I/O, no await, no clock, no randomness.

What is allowed when stands in the contract's `x-errors`, and is asked before anything changes; here stands what each
allowed event does. What belongs to a user is there whether the user is connected or not; a device is but a way to
reach it. Money, consents, records and vaults have modules of their own.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, TypeAlias, assert_never, cast

from pydantic import MISSING

from protocols import contract, gopang
from protocols.contract import Ack, Json
from reference_server.effects import (
    Acknowledge,
    Command,
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
    Note,
    Reply,
    Rules,
    Said,
    Stamp,
    acknowledge,
)
from reference_server.mode import Mode
from reference_server.rules import gopang_conversations as conversations
from reference_server.rules.gopang_bank import Bank, BankCommand
from reference_server.rules.gopang_commands import GiveUpStoring, ReadAccount, RemindOfToken
from reference_server.rules.gopang_conditions import REFUSALS, Memory, Situation
from reference_server.rules.gopang_consents import AskConsent, ConsentCommand, Consents
from reference_server.rules.gopang_conversations import Conversations
from reference_server.rules.gopang_devices import DEVICES_PER_USER, Device, Devices
from reference_server.rules.gopang_messages import Message, Messages, Progress
from reference_server.rules.gopang_records import Records, RecordsCommand
from reference_server.rules.gopang_responder import Parrot, Responder
from reference_server.rules.gopang_rooms import room_of, tell
from reference_server.rules.gopang_vaults import Vaults
from reference_server.rules.refusals import Refused
from reference_server.world import World

MAX_CONNECTIONS: Final = 100
"""As the contract's `capacity/1` says; a setting."""
STORE_MS: Final = 30_000
"""How long a message may take to be stored (`gopang/send/6`)."""
NOTICE_MS: Final = 600_000
"""How long before its end a token is said to end (`gopang/token/1`)."""
LOOK_AGAIN_MS: Final = 3_600_000
"""How long a timer about a token runs at most. A token may be valid for years, and its socket is soon gone."""

_GopangCommand: TypeAlias = ReadAccount | RemindOfToken | GiveUpStoring | ConsentCommand | BankCommand | RecordsCommand


class Gopang(Rules):
    """All users of one running server, with their conversations, money, consents, records and vaults."""

    protocol: ClassVar[contract.Protocol] = gopang.PROTOCOL

    def __init__(
        self, world: World, _mode: Mode, *, max_connections: int = MAX_CONNECTIONS, responder: Responder | None = None
    ) -> None:
        """Begin with nobody connected; `responder` says what the AIs of the world answer."""
        # user id -> name: the world's users, and whoever came with a valid token since; bank and consents look here too
        self._names = {user.id: user.name for user in world.gopang.users}
        self._responder = responder or Parrot()
        self._devices = Devices(max_connections)
        self._unstored: dict[str, tuple[Said, Device]] = {}  # message id -> who waits for it to be stored
        self._conversations = Conversations(world.gopang.conversations)
        self._messages = Messages()
        self._records = Records()
        self._bank = Bank(self._names, self._records)
        self._consents = Consents(self._names)
        self._vaults = Vaults(world.gopang.each_vault(), self._consents)
        self._memory = Memory(self._conversations, self._messages, self._bank, self._consents, self._vaults)

    def health(self) -> Mapping[str, Json]:
        """Count users and connections."""
        return self._devices.statistics()

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        """Change the state, and yield what is to be done, in the order of the wire.

        A socket that was not let in, is gone or was dropped is not answered: nobody is there to hear it.
        """
        match entry:
            case Connected():
                yield from self._connected(entry, stamp)
            case Said():
                if device := self._devices.get(entry.sid):
                    yield from self._said(entry, device, stamp)
            case Garbled():
                if device := self._devices.get(entry.sid):
                    yield from _garbled(entry, device)
            case Gone():
                self._devices.remove(entry.sid)
            case Command():
                yield from self._ordered(cast("_GopangCommand", entry), stamp)
            case _:
                assert_never(entry)

    # ---- coming and going -------------------------------------------------------------------------------------------

    def _connected(self, connected: Connected, stamp: Stamp) -> Iterator[Effect]:
        """Let a device in; the fourth of a user pushes out the oldest, the one too many of the server is sent away."""
        claims = connected.claims
        device = Device(connected.sid, str(claims["userId"]), str(claims["email"]), str(claims["userType"]))
        if self._devices.is_full:
            yield Emit(
                gopang.Error(message=f"the server has {self._devices.capacity} connections, its most"), device.sid
            )
            yield Note("warn", "no room for another connection", "E2003", device.context)
            yield Drop(device.sid)
            return
        if len(older := self._devices.of(device.user_id)) >= DEVICES_PER_USER:
            yield from self._push_out(older[0])
        self._know(device.user_id, device.email)
        self._devices.add(device)
        yield from (Enter(device.sid, room) for room in self._rooms(device.user_id))
        user = gopang.ConnectedUser(userId=device.user_id, email=device.email, userType=device.user_type)
        yield Emit(gopang.Connected(socketId=device.sid, user=user, serverTime=stamp.now_ms), device.sid)
        if connected.expires_in_ms is not None:
            yield _remind(device.sid, connected.expires_in_ms)

    def _push_out(self, device: Device) -> Iterator[Effect]:
        """Send a device away; it is out of its rooms at once, so that it hears nothing while it is being closed."""
        yield Emit(gopang.ConnectionReplaced(message="another device of yours has connected"), device.sid)
        yield from (Leave(device.sid, room) for room in self._rooms(device.user_id))
        self._devices.remove(device.sid)
        yield Drop(device.sid)

    def _rooms(self, user_id: str) -> Iterator[str]:
        yield room_of(user_id)
        yield from map(conversations.room_of, self._conversations.of(user_id))

    def _know(self, user_id: str, name: str) -> None:
        """Know whoever brings a valid token; only who signs tokens can make these more."""
        self._names.setdefault(user_id, name)

    # ---- events -----------------------------------------------------------------------------------------------------

    def _said(self, said: Said, device: Device, stamp: Stamp) -> Iterator[Effect]:
        event = cast("gopang.Inbound", said.event)  # the gate lets nothing else in
        if refused := REFUSALS.first(event, Situation(self._memory, device.user_id, event, stamp.now_ms)):
            yield from _refuse(said, device, refused)
            return
        match event:
            case gopang.ConversationJoin():
                yield from self._join(device.user_id, event.value)
            case gopang.ConversationLeave():
                yield from self._leave(device.user_id, event.value)
            case gopang.Ping():
                yield from acknowledge(said, gopang.PingAck(pong=True, time=stamp.now_ms))
            case gopang.MessageSend():
                yield from self._send(said, event, device, stamp)
            case gopang.MessageRead():
                yield from self._read(event, device.user_id, stamp)
            case gopang.SyncRequest():
                yield from self._sync(event, device, stamp)
            case gopang.ConsentRespond():
                yield from self._consents.respond(event, stamp)
            case gopang.TransactionCreate():
                transaction_id = yield from self._bank.create(device.user_id, event, stamp)
                yield from acknowledge(said, gopang.TransactionCreateAck(success=True, transactionId=transaction_id))
            case gopang.TransactionCancel():
                yield from self._bank.cancel(event.value, stamp)
            case gopang.OpenhashVerifyRequest():
                yield from self._verify(said, event.value)
            case gopang.VaultAccess():
                yield from self._vaults.access(device.sid, event, stamp)
            case _:
                assert_never(event)

    def _join(self, user_id: str, conversation_id: str) -> Iterator[Effect]:
        """Make a user a member, with all its devices."""
        self._conversations.join(user_id, conversation_id)
        room = conversations.room_of(conversation_id)
        yield from (Enter(device.sid, room) for device in self._devices.of(user_id))

    def _leave(self, user_id: str, conversation_id: str) -> Iterator[Effect]:
        """End a membership, on all devices; where there is none this changes nothing."""
        if self._conversations.leave(user_id, conversation_id):
            room = conversations.room_of(conversation_id)
            yield from (Leave(device.sid, room) for device in self._devices.of(user_id))

    def _verify(self, said: Said, hash_value: str) -> Iterator[Effect]:
        """Say whether a hash was recorded, by event and by ack (`gopang/openhash/3`)."""
        record = self._records.find(hash_value)
        fields: dict[str, Json] = {"hashValue": hash_value, "verified": record is not None}
        if record is not None:
            fields |= {"layer": record.layer, "recordedAt": record.recorded_at}
        yield Emit(gopang.OpenhashVerifyResult.model_validate(fields), said.sid)
        yield from acknowledge(said, gopang.OpenhashVerifyAck.model_validate(fields))

    # ---- messages ---------------------------------------------------------------------------------------------------

    def _send(self, said: Said, event: gopang.MessageSend, device: Device, stamp: Stamp) -> Iterator[Effect]:
        """Begin to store a message; whatever is not stored at once has `STORE_MS` for it, counted from now."""
        yield Emit(gopang.GopangStatus(status="processing", conversationId=event.conversationId), device.sid)
        message_id = stamp.fresh("message")
        self._unstored[message_id] = said, device
        effects = [*self._store(message_id, stamp)]
        if message_id in self._unstored:
            yield Later(STORE_MS, GiveUpStoring(message_id))
        yield from effects

    def _store(self, message_id: str, stamp: Stamp) -> Iterator[Effect]:
        """Have a message stored, which here takes no time: whoever does it says `_stored`, at most once."""
        yield from self._stored(message_id, stamp)

    def _stored(self, message_id: str, stamp: Stamp) -> Iterator[Effect]:
        """Tell everybody of a message that is stored, unless it was given up: never both (`gopang/send/7`)."""
        if (waiting := self._unstored.pop(message_id, None)) is None:
            return
        said, device = waiting
        event = cast("gopang.MessageSend", said.event)
        message = Message(
            id=message_id,
            conversation_id=event.conversationId,
            sender_id=device.user_id,
            sender_email=device.email,
            content=event.content,
            type="text" if event.messageType is MISSING else event.messageType,
            sent_ms=stamp.now_ms,
        )
        self._messages.keep(message)
        # In this order (`gopang/send/1`).
        yield Emit(gopang.MessageStatus(messageId=message.id, status="sent", timestamp=stamp.now_ms), said.sid)
        yield Emit(gopang.GopangStatus(status="completed", conversationId=message.conversation_id), said.sid)
        yield from acknowledge(said, gopang.MessageSendAck(success=True, messageId=message.id, status="sent"))
        yield from self._deliver(message, said.sid, stamp)

    def _deliver(self, message: Message, sid: str, stamp: Stamp) -> Iterator[Effect]:
        """Tell all members but the socket that sent it, then who wrote it that somebody else has it, then the AI."""
        room = conversations.room_of(message.conversation_id)
        yield Emit(message.new(), room, skip=sid)
        others = (user for user in self._conversations.members(message.conversation_id) if user != message.sender_id)
        if any(map(self._devices.is_connected, others)):
            yield from _advance(message, Progress.DELIVERED, stamp)
        if ai := self._conversations.ai(message.conversation_id):
            response = gopang.GopangAiResponse(
                conversationId=message.conversation_id,
                aiId=ai.id,
                aiName=ai.name,
                response=self._responder.respond(message.content),
                timestamp=stamp.now_ms,
            )
            yield Emit(response, room)

    def _give_up(self, message_id: str) -> Iterator[Effect]:
        """Tell who sent a message that it was not stored in time (`gopang/send/6`)."""
        if (waiting := self._unstored.pop(message_id, None)) is None:
            return
        said, device = waiting
        event = cast("gopang.MessageSend", said.event)
        reason = "the message was not stored in time"
        yield Emit(gopang.GopangStatus(status="timeout", conversationId=event.conversationId, details=reason), said.sid)
        yield from acknowledge(said, gopang.MessageSendAck(success=False, status="timeout", error=reason))
        yield Note("error", reason, "E4002", device.context)

    def _read(self, event: gopang.MessageRead, user_id: str, stamp: Stamp) -> Iterator[Effect]:
        """Remember that a member has read a message; the first but who wrote it is news for who wrote it."""
        message = self._messages.get(event.value)
        assert message is not None  # `known-message` is required
        if user_id != message.sender_id:
            message.readers.add(user_id)
            yield from _advance(message, Progress.READ, stamp)

    def _sync(self, event: gopang.SyncRequest, device: Device, stamp: Stamp) -> Iterator[Effect]:
        """Hand out what somebody has missed; what others wrote is thereby delivered."""
        last_id = "" if event.lastMessageId is MISSING else event.lastMessageId
        own = self._conversations.of(device.user_id)
        missed = self._messages.missed(device.user_id, own.__contains__, last_id, stamp.now_ms)
        yield Emit(gopang.MessagesSync(count=len(missed), messages=[each.missed() for each in missed]), device.sid)
        for message in missed:
            if message.sender_id != device.user_id:
                yield from _advance(message, Progress.DELIVERED, stamp)

    # ---- commands ---------------------------------------------------------------------------------------------------

    def _ordered(self, command: _GopangCommand, stamp: Stamp) -> Iterator[Effect]:
        match command:
            case RemindOfToken():
                if self._devices.get(command.sid):
                    yield _remind(command.sid, command.left_ms)
            case GiveUpStoring():
                yield from self._give_up(command.message_id)
            case ReadAccount():
                self._know(command.user_id, command.email)
                yield Reply({"userId": command.user_id, "balance": self._bank.balance(command.user_id)})
            case ConsentCommand():
                if isinstance(command, AskConsent):
                    self._know(command.requester_id, command.requester_id)
                yield from self._consents.handle(command, stamp)
            case BankCommand():
                yield from self._bank.handle(command, stamp)
            case RecordsCommand():
                yield from self._records.handle(command, stamp)
            case _:
                assert_never(command)


def _advance(message: Message, progress: Progress, stamp: Stamp) -> Iterator[Effect]:
    """Let who wrote a message hear how far it has come, on all devices, if that is news (`gopang/status/1`)."""
    if message.advance(progress):
        status: Json = "read" if progress is Progress.READ else "delivered"
        fields: dict[str, Json] = {"messageId": message.id, "status": status, "timestamp": stamp.now_ms}
        yield from tell(gopang.MessageStatus.model_validate(fields), message.sender_id)


def _remind(sid: str, left_ms: int) -> Effect:
    """Say that a token ends soon, or look again when it does."""
    if left_ms <= NOTICE_MS:
        return Emit(gopang.TokenRefresh(message="your token ends soon", expiresIn=max(0, left_ms // 1000)), sid)
    wait_ms = min(left_ms - NOTICE_MS, LOOK_AGAIN_MS)
    return Later(wait_ms, RemindOfToken(sid, left_ms - wait_ms))


def _refuse(said: Said, device: Device, refused: Refused) -> Iterator[Effect]:
    """Tell the sender, and nobody else, why not; by an event where it asked for no ack that could say it."""
    if not isinstance(refused.told, Ack):
        yield Emit(refused.told, said.sid)
    elif said.ack is not None:
        yield Acknowledge(said.sid, said.ack, refused.told)
    else:
        yield Emit(gopang.GopangError(code=refused.code, message=refused.reason), said.sid)
    # A trespass is worth a warning; all else is the client's affair.
    yield Note("warn" if refused.code.startswith("E1") else "info", refused.reason, refused.code, device.context)


_INVALID: Final = contract.Condition(name="invalid")


def _garbled(garbled: Garbled, device: Device) -> Iterator[Effect]:
    """Tell the sender, and nobody else, what was wrong (`gopang/all/1`, `gopang/all/2`)."""
    reason = garbled.reason.encode(errors="replace").decode()[:500] or "this breaks the contract"
    operation = gopang.PROTOCOL.inbound.get(garbled.event_name)
    refusal = next((each for each in operation.refusals if _INVALID in each.when), None) if operation else None
    if operation and operation.ack and refusal and refusal.by_ack and garbled.ack is not None:
        ack = operation.ack.model_validate({"error": reason, **refusal.where})
        yield Acknowledge(garbled.sid, garbled.ack, ack)
    elif refusal and refusal.operation != "emitError":
        yield Emit(gopang.GopangError(code="E3001", message=reason), garbled.sid)
    else:
        yield Emit(gopang.Error(message=reason), garbled.sid)
    yield Note("info", f"refused {garbled.event_name}", "E3001", device.context)
