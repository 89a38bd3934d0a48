"""Where somebody stands in gopang: its conversation, what it has heard of there, and what others ask of it."""

import json
from collections import deque
from collections.abc import Mapping
from typing import ClassVar, Final, TypeVar

from protocols.contract import Ack, Condition, Event, Json
from protocols.gopang import (
    Connected,
    ConnectionReplaced,
    ConsentRequest,
    ConsentRespond,
    ConsentStatus,
    ConversationJoin,
    ConversationLeave,
    DrawerContent,
    DrawerType,
    GopangAiResponse,
    GopangError,
    GopangStatus,
    MessageNew,
    MessageRead,
    MessageSend,
    MessagesSync,
    MessageStatus,
    OpenhashRecord,
    OpenhashSync,
    OpenhashVerifyRequest,
    SyncRequest,
    TokenRefresh,
    TransactionCancel,
    TransactionComplete,
    TransactionCreate,
    TransactionCreateAck,
    TransactionStatus,
    TransactionVerify,
    VaultAccess,
    VaultContent,
    VaultProof,
)
from simulators.actor import Standing
from simulators.people import Identity

Value = TypeVar("Value")

MATTERS: Final[frozenset[type[Event]]] = frozenset(
    {
        Connected,
        ConsentRequest,
        ConsentStatus,
        MessageNew,
        MessagesSync,
        MessageStatus,
        OpenhashRecord,
        TransactionComplete,
        TransactionStatus,
        VaultContent,
    }
)
"""What is heard about one's own place."""

REMEMBERED: Final = 200
"""How many messages, people, consents, hashes and transactions somebody keeps in mind; the oldest go first."""
NOBODY: Final = "nobody-of-this-name"
"""An id that nobody and nothing has."""
LARGEST: Final = 65_536
"""Bytes of canonical JSON that a drawer holds, as the contract's condition `oversized` says."""


def vault_of(user_id: str) -> str:
    """Return the id that a user's vault has where nobody has named it otherwise."""
    return f"vault-{user_id}"


class GopangStanding(Standing):
    """One device of a user. The user is a member of conversations, with all devices, connected or not.

    Nobody is told that a join has been handled, so it is `messages:sync`, asked for after it, that makes it sure. From
    the connection on it may be a member already, because of an earlier connection or of another device.
    """

    notes: ClassVar[frozenset[type[Event]] | None] = MATTERS
    notes_said: ClassVar[frozenset[type[Event]] | None] = frozenset(
        {ConversationJoin, ConversationLeave, SyncRequest, MessageRead, ConsentRespond}
    )

    def __init__(self, conversation: str, *, provokes: bool = False) -> None:
        """Take the conversation that it means to be in, and whether it says things that break the contract."""
        super().__init__()
        self.conversation = conversation
        self.provokes = provokes
        self.me = ""
        self.vault = ""
        """The id of its own vault."""
        self.messages: dict[str, str] = {}
        """Message id -> who wrote it, in the order in which it learned of them."""
        self.has_read: dict[str, None] = {}
        """The messages that it said it has read."""
        self.people: dict[str, None] = {}
        """The ids of others who spoke."""
        self.requests: dict[str, ConsentRequest] = {}
        """Consent id -> what is asked of it and not answered."""
        self.asked: dict[str, str] = {}
        """Consent id -> how a consent stands that it was asked for, or asked for itself."""
        self.hashes: dict[str, None] = {}
        """Hashes that it heard were recorded."""
        self.transactions: dict[str, str] = {}
        """Transaction id -> how it stands."""
        self.payments: dict[str, str] = {}
        """Transaction id -> whom it pays by it."""
        self.drawers: dict[str, DrawerType] = {}
        """Drawer id -> type, of its own vault."""
        self._unanswered: deque[frozenset[str]] = deque()  # the rooms that it had asked for before each sync

    @property
    def confirmed(self) -> bool:
        """Whether the target has handled that it joined its conversation."""
        return self.rooms.get(_room(self.conversation), False)

    @property
    def last_message(self) -> str | None:
        """The id of the last message that it learned of."""
        return next(reversed(self.messages), None)

    def connected(self, identity: Identity) -> None:
        """Begin anew, with a session on a new connection."""
        self.me = identity.id
        self.vault = identity.details.get("vault", vault_of(identity.id))
        self.expelled = False
        self.session = {"id": identity.id, "userId": identity.id, "email": identity.details.get("email")}
        self.facts = dict(self.session)
        self.disconnected()
        self._enter(f"user:{self.me}", sure=False)
        self._enter(_room(self.conversation), sure=False)

    def disconnected(self) -> None:
        """Note that the connection is gone; what it has learned stays."""
        self.rooms.clear()
        self._unanswered.clear()
        self.version += 1

    def about(self, event: Event) -> None:
        """Have ready what the contract's triggers ask about the thing that is to be named next."""
        match event:
            case MessageRead():
                self.facts["authorId"] = self.messages.get(event.value)
            case ConsentRespond() if (request := self.requests.get(event.consentId)) is not None:
                self.facts["consentParties"] = [request.requesterId, self.me]
            case TransactionCancel():
                # Of one that it did not hear to be its own it cannot say who pays whom.
                receiver = self.payments.get(event.value, self.me)
                self.facts["transactionParties"] = list(dict.fromkeys((self.me, receiver)))
            case _:
                pass

    def said(self, event: Event) -> None:
        """Note what was said, where it has an effect."""
        match event:
            case ConversationJoin():
                self._enter(_room(event.value), sure=self.rooms.get(_room(event.value), False))
            case ConversationLeave() if self.rooms.pop(_room(event.value), None) is not None:
                self.version += 1
            case SyncRequest():
                self._unanswered.append(frozenset(self.rooms))
            case MessageRead():
                _keep(self.has_read, event.value, None)
            case ConsentRespond():
                if self.requests.pop(event.consentId, None) is not None:
                    _keep(self.asked, event.consentId, "answered")
            case _:
                pass

    def heard(self, event: Event) -> None:
        """Note what was heard, where it is about its own place."""
        match event:
            case Connected():
                self.facts["email"] = self.session["email"] = event.user.email
                self._enter(f"user:{self.me}", sure=True)
            case MessagesSync():
                for message in event.messages:
                    self._learn(message.messageId, message.senderId)
                for room in self._unanswered.popleft() if self._unanswered else ():
                    if self.rooms.get(room) is False:
                        self._enter(room, sure=True)
            case MessageNew():
                self._learn(event.messageId, event.senderId)
            case MessageStatus(status="sent"):
                self._learn(event.messageId, self.me)
            case ConsentRequest():
                _keep(self.requests, event.consentId, event)
            case ConsentStatus():
                _keep(self.asked, event.consentId, event.status)
                if event.status != "pending":
                    self.requests.pop(event.consentId, None)
            case OpenhashRecord():
                _keep(self.hashes, event.hashValue, None)
            case TransactionStatus():
                _keep(self.transactions, event.transactionId, event.status)
            case VaultContent() if event.vaultId == self.vault:
                _keep(self.drawers, event.drawerId, event.drawerType)
            case _:
                pass

    def answered(self, event: Event, ack: Ack) -> None:
        """Note which transaction is its own."""
        match event, ack:
            case TransactionCreate(), TransactionCreateAck(success=True, transactionId=str(transaction_id)):
                _keep(self.payments, transaction_id, event.receiverId)
            case _:
                pass

    def may_hear(self, event: Event) -> bool:
        """Say whether something can be right that nobody said anything for: what timers and HTTP requests cause."""
        match event:
            case Connected():
                return event.user.userId == self.me
            case TransactionComplete():
                return self.me in {event.senderId, event.receiverId}
            case MessageStatus(status="delivered"):
                return self.messages.get(event.messageId, self.me) == self.me
            case ConsentStatus():
                return event.status in {"pending", "expired"}
            case TransactionStatus():
                return event.status != "pending"  # of what was pending before it came it hears the rest
            case VaultContent() | VaultProof():
                return event.vaultId == self.vault  # each drawer of a list, of which the contract names one
            case GopangError():
                # The contract has the ack say so; where none was asked for, only the error can.
                return self.provokes
            case GopangStatus():
                return event.status in {"error", "timeout"}
            case (
                TokenRefresh()
                | ConnectionReplaced()
                | ConsentRequest()
                | GopangAiResponse()
                | OpenhashRecord()
                | OpenhashSync()
                | TransactionVerify()
            ):
                return True
            case _:
                return False

    def holds(self, condition: Condition, event: Event) -> bool | None:
        """Say whether a condition holds for what is about to be said."""
        truth = self._truth(condition.name, event)
        return None if truth is None else truth != condition.negated

    def _truth(self, name: str, event: Event) -> bool | None:
        if name == "invalid":
            return False  # what is invalid is not said as an event
        match event:
            case MessageSend() if name == "member":
                room = _room(event.conversationId)
                return self.rooms[room] or None if room in self.rooms else False
            case MessageRead():
                return self._truth_of_message(name, event.value)
            case ConsentRespond():
                return self._truth_of_consent(name, event)
            case TransactionCreate() if name == "other-party":
                return event.receiverId in self.people or (False if event.receiverId in {self.me, NOBODY} else None)
            case TransactionCancel():
                return self._truth_of_cancelling(name, event.value)
            case OpenhashVerifyRequest():
                return event.value in self.hashes
            case VaultAccess():
                return self._truth_of_access(name, event)
            case _:
                return False if name in {"in-too-many", "overloaded"} else None

    def _truth_of_message(self, name: str, message_id: str) -> bool | None:
        match name:
            case "known-message":
                return message_id in self.messages
            case "own-message":
                return self.messages.get(message_id) == self.me
            case "read":
                return message_id in self.has_read or None
            case _:
                return False

    def _truth_of_consent(self, name: str, event: ConsentRespond) -> bool | None:
        match name:
            case "asked-of-sender":
                # Those that it asked for itself are not asked of it, and are not answered in earnest.
                return event.consentId in self.requests or (None if event.consentId in self.asked else False)
            case "consent-pending":
                return None if event.consentId in self.requests else False
            case "approving":
                return event.approved
            case _:
                return False

    def _truth_of_cancelling(self, name: str, transaction_id: str) -> bool | None:
        match name:
            case "own-transaction":
                return transaction_id in self.payments or (False if transaction_id == NOBODY else None)
            case "transaction-pending":
                # What it heard to be pending may be over by the time it is cancelled.
                return None if self.transactions.get(transaction_id, "pending") == "pending" else False
            case _:
                return False

    def _truth_of_access(self, name: str, event: VaultAccess) -> bool | None:
        match name:
            case "vault-owner":
                if event.vaultId != self.vault:
                    return False
                return True if self.drawers else None  # whether its vault has that name shows when it is listed
            case "drawer-known":
                if not isinstance(event.drawerId, str) or event.drawerId == NOBODY:
                    return False
                return True if event.vaultId == self.vault and event.drawerId in self.drawers else None
            case "consented":
                return None if "approved" in self.asked.values() else False
            case "reading" | "writing" | "listing":
                return {"read": "reading", "write": "writing", "list": "listing"}[event.action] == name
            case "with-content":
                return isinstance(event.content, DrawerContent)
            case "oversized":
                return isinstance(event.content, DrawerContent) and _size(event.content.to_json()) > LARGEST
            case _:
                return False

    def _learn(self, message_id: str, author: str) -> None:
        _keep(self.messages, message_id, author)
        if author != self.me:
            _keep(self.people, author, None)

    def _enter(self, room: str, *, sure: bool) -> None:
        self.rooms[room] = sure
        self.version += 1


def _keep(memory: dict[str, Value], key: str, value: Value) -> None:
    """Remember something as the latest, and forget the oldest where there is too much."""
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]


def _room(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


def _size(content: Mapping[str, Json]) -> int:
    """Return the bytes of some content that has no fractions, written tightly."""
    return len(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())
