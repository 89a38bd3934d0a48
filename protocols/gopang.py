"""gopang: Personal messaging with consents, transactions, hash records and vaults. A user has up to three devices, and all of them are told the same. Every time is in milliseconds since 1970-01-01T00:00:00Z. Canonical JSON has its keys sorted by code point and no white space, writes strings and numbers as ECMAScript does, and is UTF-8; a hash is SHA-256 in lowercase hexadecimal.

Generated from spec/protocols/gopang.yaml by `rehearsal spec generate`. Do not edit.
"""

# ruff: noqa: E501, RUF100 -- tables stand in single lines

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import MISSING, ConfigDict, Field
from typing_extensions import TypeAliasType

from protocols.contract import (
    Ack,
    Action,
    Audience,
    Condition,
    Event,
    Handshake,
    JsonSchema,
    Level,
    Operation,
    Payload,
    Protocol,
    Refusal,
    Requirement,
    Trigger,
)

EpochMilliseconds = TypeAliasType(
    "EpochMilliseconds",
    Annotated[int, Field(description="Milliseconds since 1970-01-01T00:00:00Z.", ge=0, le=9007199254740991)],
)


Id = TypeAliasType("Id", Annotated[str, Field(description="An opaque identifier.", max_length=64, min_length=1)])


class ConsentStatus(Event):
    """How a consent stands."""

    event_name: ClassVar[str] = "consent:status"

    consentId: Id
    status: Literal["pending", "approved", "rejected", "expired"]
    updatedAt: EpochMilliseconds


Content = TypeAliasType("Content", Annotated[str, Field(description="Something said.", max_length=4000, min_length=1)])


ConversationId = TypeAliasType(
    "ConversationId", Annotated[str, Field(description="Which conversation.", max_length=64, min_length=1)]
)


class DrawerContent(Payload):
    """What a drawer holds."""

    model_config = ConfigDict(extra="allow")


DrawerType = TypeAliasType(
    "DrawerType",
    Annotated[
        Literal["FINANCE", "MEDICAL", "EDUCATION", "ADMIN", "TRANSPORT", "GENERAL"],
        Field(description="What a drawer is for, and what a consent is about."),
    ],
)


Email = TypeAliasType("Email", Annotated[str, Field(description="A user's address.", max_length=254)])


Explanation = TypeAliasType(
    "Explanation", Annotated[str, Field(description="Words for people.", max_length=500, min_length=1)]
)


class GopangAiResponse(Event):
    """What an AI says in a conversation."""

    event_name: ClassVar[str] = "gopang:ai_response"

    conversationId: ConversationId
    aiId: Id
    aiName: Annotated[str, Field(max_length=100, min_length=1)]
    response: Content
    handshake: Annotated[bool | MISSING, Field(description="Whether the AI asks for a handshake.")] = MISSING
    timestamp: EpochMilliseconds


class GopangError(Event):
    """Why something was refused."""

    event_name: ClassVar[str] = "gopang:error"

    code: Annotated[str, Field(max_length=64, min_length=1)]
    message: Explanation
    conversationId: ConversationId | MISSING = MISSING


class GopangStatus(Event):
    """How far the handling of a message has come."""

    event_name: ClassVar[str] = "gopang:status"

    status: Literal["processing", "completed", "error", "timeout"]
    conversationId: ConversationId
    details: Explanation | MISSING = MISSING


Hash = TypeAliasType(
    "Hash", Annotated[str, Field(description="A SHA-256 in lowercase hexadecimal.", pattern="^[0-9a-f]{64}$")]
)


HashText = TypeAliasType(
    "HashText",
    Annotated[
        str, Field(description="What may be a hash; that of no record where it is none.", max_length=128, min_length=1)
    ],
)


class HashVerification(Payload):
    """Whether a hash is that of a record."""

    hashValue: HashText
    verified: bool
    layer: Annotated[int | MISSING, Field(ge=1, le=4)] = MISSING
    recordedAt: EpochMilliseconds | MISSING = MISSING


MessageId = TypeAliasType("MessageId", Annotated[str, Field(description="Which message.", max_length=64, min_length=1)])


class MessageSendOutcome(Payload):
    """What became of a message."""

    success: bool
    messageId: MessageId | MISSING = MISSING
    status: Literal["sent", "failed", "error", "timeout"] | MISSING = MISSING
    error: Explanation | MISSING = MISSING


class MessageStatus(Event):
    """How far a message has come."""

    event_name: ClassVar[str] = "message:status"

    messageId: MessageId
    status: Literal["sent", "delivered", "read", "failed"]
    timestamp: EpochMilliseconds


MessageType = TypeAliasType(
    "MessageType",
    Annotated[
        Literal["text", "system", "ai_response", "transaction", "handshake"],
        Field(description="What kind of message it is."),
    ],
)


class Metadata(Payload):
    """What a client says of its message besides; not passed on."""

    model_config = ConfigDict(extra="allow")


class OpenhashRecord(Event):
    """Something was recorded."""

    event_name: ClassVar[str] = "openhash:record"

    documentId: Id
    hashValue: Hash
    layer: Annotated[int, Field(ge=1, le=4)]
    timestamp: EpochMilliseconds


class OpenhashSync(Event):
    """How far a batch of records has come."""

    event_name: ClassVar[str] = "openhash:sync"

    batchId: Id
    recordCount: Annotated[int, Field(ge=1, le=1000000)]
    merkleRoot: Hash
    status: Literal["syncing", "completed", "failed"]


class Pong(Payload):
    """The server is there."""

    pong: Literal[True]
    time: EpochMilliseconds


class SyncRequest(Event):
    """Somebody asks for what it has missed."""

    event_name: ClassVar[str] = "sync:request"

    lastMessageId: MessageId | MISSING = MISSING


class SyncedMessage(Payload):
    """Something that was said, as who missed it learns it."""

    messageId: MessageId
    conversationId: ConversationId
    senderId: Id
    content: Content
    messageType: MessageType
    timestamp: EpochMilliseconds


class TokenRefresh(Event):
    """The token ends soon."""

    event_name: ClassVar[str] = "token:refresh"

    message: Explanation
    expiresIn: Annotated[int, Field(description="Seconds that are left.", ge=0, le=600)]


class TransactionCreate(Event):
    """Somebody pays. Any number is an amount here; the second step of the verification refuses what cannot be paid."""

    event_name: ClassVar[str] = "transaction:create"

    receiverId: Id
    amount: float
    description: Explanation | MISSING = MISSING
    category: Annotated[str | MISSING, Field(max_length=50, min_length=1)] = MISSING


TransactionId = TypeAliasType(
    "TransactionId", Annotated[str, Field(description="Which transaction.", max_length=64, min_length=1)]
)


class TransactionStatus(Event):
    """How a transaction stands."""

    event_name: ClassVar[str] = "transaction:status"

    transactionId: TransactionId
    status: Literal["pending", "verified", "completed", "failed", "cancelled"]
    updatedAt: EpochMilliseconds


class TransactionVerify(Event):
    """What one step of the verification found: 1 parties, 2 amount, 3 balance."""

    event_name: ClassVar[str] = "transaction:verify"

    transactionId: TransactionId
    step: Annotated[int, Field(ge=1, le=3)]
    result: Literal["pass", "fail"]
    reason: Explanation | MISSING = MISSING


UserType = TypeAliasType(
    "UserType", Annotated[str, Field(description="What kind of user somebody is.", max_length=32, min_length=1)]
)


class VaultAccess(Event):
    """Somebody wants to read, write or list drawers."""

    event_name: ClassVar[str] = "vault:access"

    vaultId: Id
    drawerId: Id | MISSING = MISSING
    action: Literal["read", "write", "list"]
    content: DrawerContent | MISSING = MISSING


class VaultContent(Event):
    """What a drawer holds."""

    event_name: ClassVar[str] = "vault:content"

    vaultId: Id
    drawerId: Id
    drawerType: DrawerType
    content: DrawerContent
    updatedAt: EpochMilliseconds


class VaultProof(Event):
    """What a drawer's content hashes to."""

    event_name: ClassVar[str] = "vault:proof"

    vaultId: Id
    drawerId: Id
    proof: Hash
    verifiedAt: EpochMilliseconds


class ConnectedUser(Payload):
    """Who one is, by one's token."""

    userId: Id
    email: Email
    userType: UserType


class ConsentRequest(Event):
    """Somebody asks for one's consent."""

    event_name: ClassVar[str] = "consent:request"

    consentId: Id
    requesterId: Id
    requesterName: Annotated[str, Field(max_length=254, min_length=1)]
    dataType: DrawerType
    purpose: Explanation
    expiresAt: EpochMilliseconds


class ConsentRespond(Event):
    """Somebody approves or rejects."""

    event_name: ClassVar[str] = "consent:respond"

    consentId: Id
    approved: bool
    conditions: Explanation | MISSING = MISSING


class ErrorMessage(Payload):
    """Why something was refused, or ends."""

    message: Explanation


class GopangClaims(Payload):
    """What the token says of its bearer."""

    model_config = ConfigDict(extra="allow")

    userId: Id
    email: Email
    userType: UserType
    iat: int
    exp: int


class MessageNew(Event):
    """Something that was said."""

    event_name: ClassVar[str] = "message:new"

    messageId: MessageId
    conversationId: ConversationId
    senderId: Id
    senderEmail: Email
    content: Content
    messageType: MessageType
    timestamp: EpochMilliseconds


class MessageSend(Event):
    """Somebody says something in a conversation."""

    event_name: ClassVar[str] = "message:send"

    conversationId: ConversationId
    content: Content
    messageType: MessageType | MISSING = MISSING
    metadata: Metadata | MISSING = MISSING


class MessagesSync(Event):
    """What somebody has missed."""

    event_name: ClassVar[str] = "messages:sync"

    count: Annotated[int, Field(ge=0, le=100)]
    messages: Annotated[Sequence[SyncedMessage], Field(max_length=100)]


class TransactionComplete(Event):
    """Somebody has paid."""

    event_name: ClassVar[str] = "transaction:complete"

    transactionId: TransactionId
    amount: Annotated[int, Field(ge=1, le=9007199254740991)]
    senderId: Id
    receiverId: Id
    blockchainHash: Hash | MISSING = MISSING
    completedAt: EpochMilliseconds


class TransactionCreateOutcome(Payload):
    """Whether a transaction has begun."""

    success: bool
    transactionId: TransactionId | MISSING = MISSING
    error: Explanation | MISSING = MISSING


class Connected(Event):
    """One is connected."""

    event_name: ClassVar[str] = "connected"

    socketId: Annotated[str, Field(max_length=128, min_length=1)]
    user: ConnectedUser
    serverTime: EpochMilliseconds


class ConversationJoin(Event):
    """Become a member of a conversation."""

    event_name: ClassVar[str] = "conversation:join"
    is_value: ClassVar[bool] = True

    value: ConversationId


class ConversationLeave(Event):
    """Stop being a member of a conversation."""

    event_name: ClassVar[str] = "conversation:leave"
    is_value: ClassVar[bool] = True

    value: ConversationId


class Ping(Event):
    """Ask whether the server is there."""

    event_name: ClassVar[str] = "ping"


class MessageRead(Event):
    """Say that one has read a message."""

    event_name: ClassVar[str] = "message:read"
    is_value: ClassVar[bool] = True

    value: MessageId


class TransactionCancel(Event):
    """Take a payment back that has not been verified yet."""

    event_name: ClassVar[str] = "transaction:cancel"
    is_value: ClassVar[bool] = True

    value: TransactionId


class OpenhashVerifyRequest(Event):
    """Ask whether a hash is that of a record."""

    event_name: ClassVar[str] = "openhash:verify"
    is_value: ClassVar[bool] = True

    value: HashText


class Error(ErrorMessage, Event):
    """Something was refused, or there is no room."""

    event_name: ClassVar[str] = "error"


class ConnectionReplaced(ErrorMessage, Event):
    """A further device has taken the place of this one."""

    event_name: ClassVar[str] = "connection:replaced"


class OpenhashVerifyResult(HashVerification, Event):
    """Whether a hash is recorded."""

    event_name: ClassVar[str] = "openhash:verify"


class PingAck(Pong, Ack):
    """What PingAck carries."""


class MessageSendAck(MessageSendOutcome, Ack):
    """What MessageSendAck carries."""


class TransactionCreateAck(TransactionCreateOutcome, Ack):
    """What TransactionCreateAck carries."""


class OpenhashVerifyAck(HashVerification, Ack):
    """What OpenhashVerifyAck carries."""


Inbound: TypeAlias = (
    ConversationJoin
    | ConversationLeave
    | Ping
    | MessageSend
    | MessageRead
    | SyncRequest
    | ConsentRespond
    | TransactionCreate
    | TransactionCancel
    | OpenhashVerifyRequest
    | VaultAccess
)
Outbound: TypeAlias = (
    Connected
    | Error
    | TokenRefresh
    | ConnectionReplaced
    | MessageNew
    | MessageStatus
    | MessagesSync
    | GopangStatus
    | GopangAiResponse
    | GopangError
    | ConsentRequest
    | ConsentStatus
    | TransactionStatus
    | TransactionVerify
    | TransactionComplete
    | OpenhashRecord
    | OpenhashVerifyResult
    | OpenhashSync
    | VaultContent
    | VaultProof
)

OPERATIONS = (
    Operation(
        id="onConversationJoin",
        action=Action.RECEIVE,
        event=ConversationJoin,
        schema="ConversationId",
        summary="Become a member of a conversation",
        requires=(
            Condition.parse("admissible"),
            Condition.parse("not in-too-many"),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="gopang/all/1"
            ),
            Refusal(
                operation="emitError",
                code="E1003",
                when=(Condition.parse("not admissible"),),
                requirement="gopang/conversation/2",
            ),
            Refusal(operation="emitError", code="E3009", when=(Condition.parse("in-too-many"),)),
        ),
        requirements=(
            "gopang/conversation/1",
            "gopang/conversation/2",
        ),
    ),
    Operation(
        id="onConversationLeave",
        action=Action.RECEIVE,
        event=ConversationLeave,
        schema="ConversationId",
        summary="Stop being a member of a conversation",
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="gopang/all/1"
            ),
        ),
        requirements=("gopang/conversation/3",),
    ),
    Operation(
        id="onPing",
        action=Action.RECEIVE,
        event=Ping,
        schema=None,
        summary="Ask whether the server is there",
        ack=PingAck,
        ack_schema="Pong",
        ack_timeout_ms=1000,
        ack_where={"pong": True},
        ack_requirement="gopang/ping/1",
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="gopang/all/1"
            ),
        ),
        requirements=("gopang/ping/1",),
    ),
    Operation(
        id="onMessageSend",
        action=Action.RECEIVE,
        event=MessageSend,
        schema="MessageSend",
        summary="Say something in a conversation",
        ack=MessageSendAck,
        ack_schema="MessageSendOutcome",
        ack_timeout_ms=2000,
        ack_where={"success": True, "status": "sent"},
        ack_requirement="gopang/send/2",
        requires=(Condition.parse("member"),),
        triggers=(
            Trigger(
                operation="emitGopangStatus",
                to=Audience.SENDER,
                within_ms=1000,
                where={"status": "processing", "conversationId": "{payload.conversationId}"},
                requirement="gopang/send/1",
            ),
            Trigger(
                operation="emitMessageStatus",
                to=Audience.SENDER,
                within_ms=1000,
                where={"status": "sent"},
                requirement="gopang/send/1",
            ),
            Trigger(
                operation="emitGopangStatus",
                to=Audience.SENDER,
                within_ms=1000,
                where={"status": "completed", "conversationId": "{payload.conversationId}"},
                requirement="gopang/send/1",
            ),
            Trigger(
                operation="emitMessageNew",
                to=Audience.OTHERS,
                within_ms=1000,
                room="conversation:{payload.conversationId}",
                where={
                    "conversationId": "{payload.conversationId}",
                    "senderId": "{sender.userId}",
                    "senderEmail": "{sender.email}",
                    "content": "{payload.content}",
                },
                requirement="gopang/send/3",
            ),
            Trigger(
                operation="emitMessageStatus",
                to=Audience.USER,
                within_ms=1000,
                user="{sender.userId}",
                when=(Condition.parse("heard"),),
                where={"status": "delivered"},
                level=Level.SHOULD,
                requirement="gopang/status/2",
            ),
            Trigger(
                operation="emitGopangAiResponse",
                to=Audience.ROOM,
                within_ms=5000,
                room="conversation:{payload.conversationId}",
                when=(Condition.parse("ai-member"),),
                where={"conversationId": "{payload.conversationId}"},
                level=Level.MAY,
                requirement="gopang/ai/1",
            ),
        ),
        refusals=(
            Refusal(
                operation="",
                code="E3001",
                by_ack=True,
                when=(Condition.parse("invalid"),),
                where={"success": False},
                requirement="gopang/all/1",
            ),
            Refusal(
                operation="",
                code="E3005",
                by_ack=True,
                when=(Condition.parse("not member"),),
                where={"success": False},
                requirement="gopang/send/4",
            ),
        ),
        requirements=(
            "gopang/send/1",
            "gopang/send/2",
            "gopang/send/3",
            "gopang/send/4",
            "gopang/send/5",
            "gopang/status/2",
            "gopang/ai/1",
        ),
    ),
    Operation(
        id="onMessageRead",
        action=Action.RECEIVE,
        event=MessageRead,
        schema="MessageId",
        summary="Say that one has read a message",
        requires=(Condition.parse("known-message"),),
        triggers=(
            Trigger(
                operation="emitMessageStatus",
                to=Audience.USER,
                within_ms=1000,
                user="{sender.authorId}",
                when=(
                    Condition.parse("not own-message"),
                    Condition.parse("not read"),
                ),
                where={"messageId": "{payload.value}", "status": "read"},
                requirement="gopang/status/3",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="gopang/all/1"
            ),
            Refusal(
                operation="emitError",
                code="E3003",
                when=(Condition.parse("not known-message"),),
                requirement="gopang/status/5",
            ),
        ),
        requirements=(
            "gopang/status/3",
            "gopang/status/4",
            "gopang/status/5",
        ),
    ),
    Operation(
        id="onSyncRequest",
        action=Action.RECEIVE,
        event=SyncRequest,
        schema="SyncRequest",
        summary="Ask for the messages that one has missed",
        triggers=(
            Trigger(operation="emitMessagesSync", to=Audience.SENDER, within_ms=1000, requirement="gopang/sync/1"),
            Trigger(
                operation="emitMessageStatus",
                to=Audience.USERS,
                within_ms=1000,
                user="{sender.undeliveredAuthors}",
                where={"status": "delivered"},
                level=Level.SHOULD,
                requirement="gopang/status/2",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="gopang/all/1"
            ),
        ),
        requirements=(
            "gopang/sync/1",
            "gopang/sync/2",
            "gopang/sync/3",
            "gopang/sync/4",
            "gopang/sync/5",
        ),
    ),
    Operation(
        id="onConsentRespond",
        action=Action.RECEIVE,
        event=ConsentRespond,
        schema="ConsentRespond",
        summary="Approve or reject what one is asked to consent to",
        requires=(
            Condition.parse("asked-of-sender"),
            Condition.parse("consent-pending"),
        ),
        triggers=(
            Trigger(
                operation="emitConsentStatus",
                to=Audience.USERS,
                within_ms=1000,
                user="{sender.consentParties}",
                when=(Condition.parse("approving"),),
                where={"consentId": "{payload.consentId}", "status": "approved"},
                requirement="gopang/consent/5",
            ),
            Trigger(
                operation="emitConsentStatus",
                to=Audience.USERS,
                within_ms=1000,
                user="{sender.consentParties}",
                when=(Condition.parse("not approving"),),
                where={"consentId": "{payload.consentId}", "status": "rejected"},
                requirement="gopang/consent/5",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitGopangError",
                code="E3001",
                when=(Condition.parse("invalid"),),
                requirement="gopang/all/1",
            ),
            Refusal(
                operation="emitGopangError",
                code="E3005",
                when=(Condition.parse("not asked-of-sender"),),
                requirement="gopang/consent/2",
            ),
            Refusal(
                operation="emitGopangError",
                code="E3004",
                when=(Condition.parse("not consent-pending"),),
                requirement="gopang/consent/3",
            ),
        ),
        requirements=(
            "gopang/consent/2",
            "gopang/consent/3",
            "gopang/consent/4",
            "gopang/consent/5",
        ),
    ),
    Operation(
        id="onTransactionCreate",
        action=Action.RECEIVE,
        event=TransactionCreate,
        schema="TransactionCreate",
        summary="Pay somebody",
        ack=TransactionCreateAck,
        ack_schema="TransactionCreateOutcome",
        ack_timeout_ms=2000,
        ack_where={"success": True},
        ack_requirement="gopang/transaction/13",
        requires=(Condition.parse("not overloaded"),),
        triggers=(
            Trigger(
                operation="emitTransactionStatus",
                to=Audience.USER,
                within_ms=1000,
                user="{sender.userId}",
                where={"status": "pending"},
                level=Level.SHOULD,
                requirement="gopang/transaction/14",
            ),
            Trigger(
                operation="emitTransactionStatus",
                to=Audience.USER,
                within_ms=1000,
                user="{payload.receiverId}",
                when=(Condition.parse("other-party"),),
                where={"status": "pending"},
                level=Level.SHOULD,
                requirement="gopang/transaction/14",
            ),
        ),
        refusals=(
            Refusal(
                operation="",
                code="E3001",
                by_ack=True,
                when=(Condition.parse("invalid"),),
                where={"success": False},
                requirement="gopang/all/1",
            ),
            Refusal(
                operation="", code="E3009", by_ack=True, when=(Condition.parse("overloaded"),), where={"success": False}
            ),
        ),
        requirements=(
            "gopang/transaction/13",
            "gopang/transaction/14",
        ),
    ),
    Operation(
        id="onTransactionCancel",
        action=Action.RECEIVE,
        event=TransactionCancel,
        schema="TransactionId",
        summary="Take a payment back that has not been verified yet",
        requires=(
            Condition.parse("own-transaction"),
            Condition.parse("transaction-pending"),
        ),
        triggers=(
            Trigger(
                operation="emitTransactionStatus",
                to=Audience.USERS,
                within_ms=1000,
                user="{sender.transactionParties}",
                where={"transactionId": "{payload.value}", "status": "cancelled"},
                requirement="gopang/transaction/9",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitGopangError",
                code="E3001",
                when=(Condition.parse("invalid"),),
                requirement="gopang/all/1",
            ),
            Refusal(
                operation="emitGopangError",
                code="E3005",
                when=(Condition.parse("not own-transaction"),),
                requirement="gopang/transaction/8",
            ),
            Refusal(
                operation="emitGopangError",
                code="E3004",
                when=(Condition.parse("not transaction-pending"),),
                requirement="gopang/transaction/8",
            ),
        ),
        requirements=(
            "gopang/transaction/8",
            "gopang/transaction/9",
        ),
    ),
    Operation(
        id="onOpenhashVerify",
        action=Action.RECEIVE,
        event=OpenhashVerifyRequest,
        schema="HashText",
        summary="Ask whether a hash is that of a record",
        ack=OpenhashVerifyAck,
        ack_schema="HashVerification",
        ack_timeout_ms=2000,
        ack_where={"hashValue": "{payload.value}"},
        ack_requirement="gopang/openhash/3",
        triggers=(
            Trigger(
                operation="emitOpenhashVerify",
                to=Audience.SENDER,
                within_ms=1000,
                when=(Condition.parse("recorded"),),
                where={"hashValue": "{payload.value}", "verified": True},
                requirement="gopang/openhash/3",
            ),
            Trigger(
                operation="emitOpenhashVerify",
                to=Audience.SENDER,
                within_ms=1000,
                when=(Condition.parse("not recorded"),),
                where={"hashValue": "{payload.value}", "verified": False},
                requirement="gopang/openhash/3",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitGopangError",
                code="E3001",
                when=(Condition.parse("invalid"),),
                requirement="gopang/all/1",
            ),
        ),
        requirements=("gopang/openhash/3",),
    ),
    Operation(
        id="onVaultAccess",
        action=Action.RECEIVE,
        event=VaultAccess,
        schema="VaultAccess",
        summary="Read, write or list the drawers of a vault",
        triggers=(
            Trigger(
                operation="emitVaultContent",
                to=Audience.SENDER,
                within_ms=1000,
                when=(Condition.parse("not listing"),),
                where={"vaultId": "{payload.vaultId}", "drawerId": "{payload.drawerId}"},
                requirement="gopang/vault/1",
            ),
            Trigger(
                operation="emitVaultProof",
                to=Audience.SENDER,
                within_ms=1000,
                when=(Condition.parse("not listing"),),
                where={"vaultId": "{payload.vaultId}", "drawerId": "{payload.drawerId}"},
                requirement="gopang/vault/5",
            ),
            Trigger(
                operation="emitVaultContent",
                to=Audience.SENDER,
                within_ms=1000,
                when=(Condition.parse("listing"),),
                where={"vaultId": "{payload.vaultId}"},
                requirement="gopang/vault/7",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitGopangError",
                code="E3001",
                when=(Condition.parse("invalid"),),
                requirement="gopang/all/1",
            ),
            Refusal(
                operation="emitGopangError",
                code="E1003",
                when=(
                    Condition.parse("not vault-owner"),
                    Condition.parse("not reading"),
                ),
                requirement="gopang/vault/3",
            ),
            Refusal(
                operation="emitGopangError",
                code="E1003",
                when=(
                    Condition.parse("not vault-owner"),
                    Condition.parse("not consented"),
                ),
                requirement="gopang/vault/2",
            ),
            Refusal(
                operation="emitGopangError",
                code="E3003",
                when=(
                    Condition.parse("not listing"),
                    Condition.parse("not drawer-known"),
                ),
                requirement="gopang/vault/4",
            ),
            Refusal(
                operation="emitGopangError",
                code="E3001",
                when=(
                    Condition.parse("writing"),
                    Condition.parse("not with-content"),
                ),
                requirement="gopang/vault/4",
            ),
            Refusal(
                operation="emitGopangError",
                code="E3009",
                when=(
                    Condition.parse("writing"),
                    Condition.parse("oversized"),
                ),
            ),
        ),
        requirements=(
            "gopang/vault/1",
            "gopang/vault/2",
            "gopang/vault/3",
            "gopang/vault/4",
            "gopang/vault/5",
            "gopang/vault/6",
            "gopang/vault/7",
        ),
    ),
    Operation(
        id="emitConnected",
        action=Action.SEND,
        event=Connected,
        schema="Connected",
        summary="The connection is admitted, as whom, and what time it is here",
    ),
    Operation(
        id="emitError",
        action=Action.SEND,
        event=Error,
        schema="ErrorMessage",
        summary="Something was refused, or there is no room",
    ),
    Operation(
        id="emitTokenRefresh",
        action=Action.SEND,
        event=TokenRefresh,
        schema="TokenRefresh",
        summary="The token ends soon",
    ),
    Operation(
        id="emitConnectionReplaced",
        action=Action.SEND,
        event=ConnectionReplaced,
        schema="ErrorMessage",
        summary="A further device has taken the place of this one",
    ),
    Operation(
        id="emitMessageNew",
        action=Action.SEND,
        event=MessageNew,
        schema="MessageNew",
        summary="Somebody has said something in a conversation",
    ),
    Operation(
        id="emitMessageStatus",
        action=Action.SEND,
        event=MessageStatus,
        schema="MessageStatus",
        summary="How far a message has come",
    ),
    Operation(
        id="emitMessagesSync",
        action=Action.SEND,
        event=MessagesSync,
        schema="MessagesSync",
        summary="What was missed, oldest first",
    ),
    Operation(
        id="emitGopangStatus",
        action=Action.SEND,
        event=GopangStatus,
        schema="GopangStatus",
        summary="How the handling of a message goes",
    ),
    Operation(
        id="emitGopangAiResponse",
        action=Action.SEND,
        event=GopangAiResponse,
        schema="GopangAiResponse",
        summary="What the AI of a conversation answers",
    ),
    Operation(
        id="emitGopangError",
        action=Action.SEND,
        event=GopangError,
        schema="GopangError",
        summary="Something was refused, with a code",
    ),
    Operation(
        id="emitConsentRequest",
        action=Action.SEND,
        event=ConsentRequest,
        schema="ConsentRequest",
        summary="Somebody asks for a consent",
    ),
    Operation(
        id="emitConsentStatus",
        action=Action.SEND,
        event=ConsentStatus,
        schema="ConsentStatus",
        summary="What has become of a consent",
    ),
    Operation(
        id="emitTransactionStatus",
        action=Action.SEND,
        event=TransactionStatus,
        schema="TransactionStatus",
        summary="What has become of a transaction",
    ),
    Operation(
        id="emitTransactionVerify",
        action=Action.SEND,
        event=TransactionVerify,
        schema="TransactionVerify",
        summary="How one step of a verification ended",
    ),
    Operation(
        id="emitTransactionComplete",
        action=Action.SEND,
        event=TransactionComplete,
        schema="TransactionComplete",
        summary="A transaction is done and recorded",
    ),
    Operation(
        id="emitOpenhashRecord",
        action=Action.SEND,
        event=OpenhashRecord,
        schema="OpenhashRecord",
        summary="Something was recorded under its hash",
    ),
    Operation(
        id="emitOpenhashVerify",
        action=Action.SEND,
        event=OpenhashVerifyResult,
        schema="HashVerification",
        summary="Whether a hash is recorded",
    ),
    Operation(
        id="emitOpenhashSync",
        action=Action.SEND,
        event=OpenhashSync,
        schema="OpenhashSync",
        summary="A batch of records, with its Merkle root",
    ),
    Operation(
        id="emitVaultContent",
        action=Action.SEND,
        event=VaultContent,
        schema="VaultContent",
        summary="What a drawer of a vault holds",
    ),
    Operation(
        id="emitVaultProof",
        action=Action.SEND,
        event=VaultProof,
        schema="VaultProof",
        summary="The hash of what a drawer holds",
    ),
)

REQUIREMENTS = (
    Requirement(
        address="gopang/all/1",
        level=Level.MUST,
        text="A payload that breaks its schema changes nothing and reaches nobody else; its sender learns of it (the failing ack where the operation has one, else the protocol's error event); the connection stays open and other clients notice nothing.",
    ),
    Requirement(
        address="gopang/all/2",
        level=Level.MUST,
        text="An event name that the protocol does not know gets the same treatment as a payload that breaks its schema.",
    ),
    Requirement(
        address="gopang/all/3",
        level=Level.MUST,
        text="Everything the server emits, and every ack, is valid against its schema, with no fields beyond it.",
    ),
    Requirement(
        address="gopang/all/4",
        level=Level.MUST,
        text="Identity comes from the verified session alone. An id, nickname, role or timestamp that the client put into a payload never overrides it.",
    ),
    Requirement(
        address="gopang/all/5",
        level=Level.MUST,
        text="Nothing said in one room, conversation, party or to one user is ever heard outside it, also not by a member who has left, been disconnected or was never admitted.",
    ),
    Requirement(
        address="gopang/all/6",
        level=Level.MUST,
        text="What one client emits is handled in the order it was emitted, and two receivers of the same two broadcasts of one sender hear them in the same order.",
    ),
    Requirement(
        address="gopang/all/7", level=Level.MUST, text="Each broadcast reaches every present member exactly once."
    ),
    Requirement(
        address="gopang/all/8",
        level=Level.MUST,
        text="When a socket goes away, politely or not, its rooms, parties, typing and presence are cleaned up and those who must hear of it do, within pingInterval + pingTimeout (25 s + 60 s) for a silent death and 1 s for a clean one.",
    ),
    Requirement(
        address="gopang/all/9",
        level=Level.MUST,
        text="A handshake without valid credentials (where the protocol wants any) is refused with a Socket.IO connect error; nothing is delivered to that socket before or after.",
    ),
    Requirement(
        address="gopang/all/10",
        level=Level.MUST,
        text="A message over 1 MB (maxHttpBufferSize 1e6) closes only its own connection.",
    ),
    Requirement(
        address="gopang/all/11",
        level=Level.SHOULD,
        text='More than 100 connection attempts a minute from one address are refused with "Rate limit exceeded".',
    ),
    Requirement(
        address="gopang/all/12",
        level=Level.MUST,
        text="No error, refusal or failing ack shows a secret, a stack trace, what is inside the server, or what only somebody else may know.",
    ),
    Requirement(
        address="gopang/http/1",
        level=Level.MUST,
        text="GET /health answers 200 while the process is up: status, uptime in seconds, timestamp, environment, connection count.",
    ),
    Requirement(
        address="gopang/http/2",
        level=Level.MUST,
        text="GET /ready answers 200 only when every dependency answers, else 503 naming the one that does not.",
    ),
    Requirement(
        address="gopang/http/3",
        level=Level.MUST,
        text="Browsers of the configured origins, and of no others, are allowed by CORS.",
    ),
    Requirement(
        address="gopang/http/4",
        level=Level.MUST,
        text="Every HTTP response carries security headers: nosniff, frame-options, referrer-policy, a content security policy, and HSTS under TLS.",
    ),
    Requirement(
        address="gopang/session/1",
        level=Level.MUST,
        text="A handshake whose token is missing, one whose token has expired and one whose token is invalid are each refused with a message of their own.",
    ),
    Requirement(
        address="gopang/session/2",
        level=Level.MUST,
        text="Who is admitted hears `connected` with the id of its socket, the userId, email and userType of its verified token, and the server's time.",
    ),
    Requirement(
        address="gopang/session/3", level=Level.MUST, text="What is for a user reaches each of the user's sockets."
    ),
    Requirement(
        address="gopang/token/1",
        level=Level.MUST,
        text="10 minutes before its token ends a socket hears `token:refresh` with `expiresIn` 600.",
    ),
    Requirement(
        address="gopang/token/2",
        level=Level.MUST,
        text="A socket whose token ends in less than 10 minutes hears `token:refresh` at once, with the seconds that are left.",
    ),
    Requirement(
        address="gopang/device/1",
        level=Level.MUST,
        text="The fourth connection of one user pushes out the oldest of the other three, which hears `connection:replaced` and is disconnected.",
    ),
    Requirement(
        address="gopang/device/2",
        level=Level.MUST,
        text="The fourth connection stays, and so do the two that are not the oldest.",
    ),
    Requirement(
        address="gopang/device/3",
        level=Level.MUST,
        text="A message is delivered to every socket of every member, to the other devices of who wrote it too.",
    ),
    Requirement(
        address="gopang/capacity/1",
        level=Level.MUST,
        text="At most 100 sockets are connected at a time, a setting; the next hears `error` and is disconnected.",
    ),
    Requirement(
        address="gopang/stats/1",
        level=Level.MUST,
        text="GET /health tells `totalUsers` and `totalConnections`: how many users are connected now, and how many sockets.",
    ),
    Requirement(
        address="gopang/send/6",
        level=Level.MUST,
        text='A message that is not stored within 30 s ends in the ack `{success: false, status: "timeout"}` and `gopang:status timeout`.',
    ),
    Requirement(
        address="gopang/send/7", level=Level.MUST, text="A message never ends in both a timeout and a success."
    ),
    Requirement(
        address="gopang/status/1",
        level=Level.MUST,
        text="The status of a message only moves forward, from sent to delivered to read, and nobody hears of the same status of the same message twice.",
    ),
    Requirement(
        address="gopang/sync/6",
        level=Level.MUST,
        text="Who asks again and again for what is after the last message it has comes to the end, with no message lost and none twice.",
    ),
    Requirement(
        address="gopang/consent/1",
        level=Level.MUST,
        text="POST /consents {ownerId, dataType, purpose, expiresAt} with the bearer's token answers 201 {consentId, status: pending}; who is asked hears `consent:request` with that id, the verified id of who asks, and these fields.",
    ),
    Requirement(
        address="gopang/consent/6",
        level=Level.MUST,
        text="A consent that nobody has answered by `expiresAt` becomes expired by itself: both sides hear `consent:status expired`.",
    ),
    Requirement(
        address="gopang/consent/7",
        level=Level.MUST,
        text="An approved consent opens nothing any more once `expiresAt` has passed; both sides may hear `consent:status expired` then too.",
    ),
    Requirement(
        address="gopang/consent/8",
        level=Level.SHOULD,
        text="When a consent is asked for, both sides hear `consent:status pending`.",
    ),
    Requirement(
        address="gopang/transaction/1",
        level=Level.MUST,
        text="A transaction is verified in three steps, in this order: 1 parties, 2 amount, 3 balance.",
    ),
    Requirement(
        address="gopang/transaction/2",
        level=Level.MUST,
        text="Each step gives `transaction:verify` with its result to both parties, as far as there are two.",
    ),
    Requirement(
        address="gopang/transaction/3",
        level=Level.MUST,
        text="The first step that fails is the last, and ends the transaction as failed: both parties hear `transaction:status failed`.",
    ),
    Requirement(
        address="gopang/transaction/4",
        level=Level.MUST,
        text="A completed transaction has moved its amount from the one to the other exactly once; no other transaction moves anything.",
    ),
    Requirement(
        address="gopang/transaction/5",
        level=Level.MUST,
        text="The sum of all balances never changes, whatever runs at the same time.",
    ),
    Requirement(
        address="gopang/transaction/6",
        level=Level.MUST,
        text="No balance goes below zero, whatever runs at the same time.",
    ),
    Requirement(
        address="gopang/transaction/7",
        level=Level.MUST,
        text="GET /accounts/me with the bearer's token answers 200 {userId, balance}; the balance is 1000000 at first.",
    ),
    Requirement(
        address="gopang/transaction/10",
        level=Level.MUST,
        text="When a transaction is completed both parties hear `transaction:status completed` and `transaction:complete`.",
    ),
    Requirement(
        address="gopang/transaction/11",
        level=Level.MUST,
        text="An amount that is no integer above zero fails at step 2, however the balance stands.",
    ),
    Requirement(
        address="gopang/transaction/12",
        level=Level.SHOULD,
        text="A transaction that nobody cancels comes to its end within 5 s.",
    ),
    Requirement(
        address="gopang/openhash/1",
        level=Level.MUST,
        text="A completed transaction is recorded, and both parties hear `openhash:record` with its id as `documentId`.",
    ),
    Requirement(
        address="gopang/openhash/2",
        level=Level.MUST,
        text="`hashValue` is the hash of the canonical JSON of {transactionId, amount, senderId, receiverId, completedAt} as `transaction:complete` tells them; where that has a `blockchainHash`, it is the same.",
    ),
    Requirement(
        address="gopang/openhash/4",
        level=Level.MUST,
        text="What was recorded is verified from then on, also after a restart with the same store.",
    ),
    Requirement(
        address="gopang/openhash/5",
        level=Level.MUST,
        text="The records that a user is a party to are gathered in batches, in the order in which the user heard of them; each batch gives that user `openhash:sync`.",
    ),
    Requirement(
        address="gopang/openhash/6",
        level=Level.MUST,
        text="`merkleRoot` is that of the batch's hashes in order. A node is the SHA-256 of the bytes of its left child followed by those of its right; where a level has an odd number of nodes, the last goes up as it is; the root of one hash is that hash.",
    ),
    Requirement(
        address="gopang/conversation/1",
        level=Level.MUST,
        text="Who joins a public conversation, or a private one whose participant it is, is a member of it from then on.",
    ),
    Requirement(
        address="gopang/conversation/2",
        level=Level.MUST,
        text="Joining a private conversation whose participant one is not gives `error`, and nothing of it is heard.",
    ),
    Requirement(
        address="gopang/conversation/3",
        level=Level.MUST,
        text="Who has left a conversation hears nothing more of it, on none of its sockets, and may send nothing to it.",
    ),
    Requirement(
        address="gopang/ping/1",
        level=Level.MUST,
        text="A ping is acknowledged with `{pong: true, time}`, the server's time.",
    ),
    Requirement(
        address="gopang/send/1",
        level=Level.MUST,
        text="The sender hears `gopang:status processing`, `message:status sent`, `gopang:status completed` and gets its ack, in this order.",
    ),
    Requirement(
        address="gopang/send/2",
        level=Level.MUST,
        text='The ack is `{success: true, messageId, status: "sent"}`, and `message:status` has the same messageId.',
    ),
    Requirement(
        address="gopang/send/3",
        level=Level.MUST,
        text="Every other member of the conversation hears `message:new` with that messageId, once on each socket, with the verified id and email of who wrote it.",
    ),
    Requirement(
        address="gopang/send/4",
        level=Level.MUST,
        text="Sending to a conversation that one is no member of fails: the ack is `{success: false, error}`, and nobody hears of it.",
    ),
    Requirement(
        address="gopang/send/5",
        level=Level.MUST,
        text="`message:new` has the content and the messageType that were sent; where none was sent, that is text.",
    ),
    Requirement(
        address="gopang/status/2",
        level=Level.SHOULD,
        text="Who wrote a message hears `message:status delivered`, on all its sockets, as soon as a socket of another member has the message.",
    ),
    Requirement(
        address="gopang/ai/1",
        level=Level.MAY,
        text="Where an AI takes part in a conversation, its members hear the AI's answer as `gopang:ai_response`.",
    ),
    Requirement(
        address="gopang/status/3",
        level=Level.MUST,
        text="When a member other than who wrote a message says for the first time that it has read it, who wrote it hears `message:status read`, on all its sockets.",
    ),
    Requirement(
        address="gopang/status/4", level=Level.MUST, text="Who says that it has read its own message moves nothing."
    ),
    Requirement(
        address="gopang/status/5",
        level=Level.MUST,
        text="Saying that one has read a message that does not exist, or one of a conversation that one is no member of, gives `error`, and nobody else hears of it.",
    ),
    Requirement(
        address="gopang/sync/1",
        level=Level.MUST,
        text="Every `sync:request` is answered by `messages:sync`, also where nothing was missed.",
    ),
    Requirement(
        address="gopang/sync/2",
        level=Level.MUST,
        text="The answer has at most 100 messages, all of conversations that the sender is a member of.",
    ),
    Requirement(
        address="gopang/sync/3",
        level=Level.MUST,
        text="With `lastMessageId` they are the first that came after that message, whoever wrote them, oldest first.",
    ),
    Requirement(
        address="gopang/sync/4",
        level=Level.MUST,
        text="Without it they are the first of the last 24 hours which others wrote and the sender has not said that it has read, oldest first.",
    ),
    Requirement(address="gopang/sync/5", level=Level.MUST, text="`count` is the length of the list."),
    Requirement(
        address="gopang/consent/2",
        level=Level.MUST,
        text="Only who is asked may respond; anybody else gets `gopang:error`, and nobody hears of it.",
    ),
    Requirement(
        address="gopang/consent/3", level=Level.MUST, text="Who is asked may respond once; the first response stands."
    ),
    Requirement(
        address="gopang/consent/4",
        level=Level.MUST,
        text="Who is asked may respond before `expiresAt`, and not after it.",
    ),
    Requirement(
        address="gopang/consent/5",
        level=Level.MUST,
        text="Both sides hear `consent:status approved` or `consent:status rejected`.",
    ),
    Requirement(
        address="gopang/transaction/13",
        level=Level.MUST,
        text="The ack is `{success: true, transactionId}`; what the verification finds is told by `transaction:verify` and `transaction:status` alone.",
    ),
    Requirement(
        address="gopang/transaction/14",
        level=Level.SHOULD,
        text="Both parties hear `transaction:status pending`, before any other event about the transaction.",
    ),
    Requirement(
        address="gopang/transaction/8",
        level=Level.MUST,
        text="A transaction is cancelled only by who created it, and only while it is pending.",
    ),
    Requirement(
        address="gopang/transaction/9",
        level=Level.MUST,
        text="Both parties hear `transaction:status cancelled`, and nothing more of that transaction; it moves nothing.",
    ),
    Requirement(
        address="gopang/openhash/3",
        level=Level.MUST,
        text="The ack and the event `openhash:verify` say the same: whether the hash is that of a record, and where it is, the record's layer and when it was made.",
    ),
    Requirement(
        address="gopang/vault/1",
        level=Level.MUST,
        text="The owner of a vault reads and writes each of its drawers, and lists them.",
    ),
    Requirement(
        address="gopang/vault/2",
        level=Level.MUST,
        text="Anybody else reads a drawer only while it holds a consent of the owner for that drawer's type which is approved and has not expired.",
    ),
    Requirement(
        address="gopang/vault/3",
        level=Level.MUST,
        text="Anybody else only reads: writing and listing are refused, with a consent too.",
    ),
    Requirement(
        address="gopang/vault/4", level=Level.MUST, text="Access that is refused gives `gopang:error`, and no content."
    ),
    Requirement(
        address="gopang/vault/5", level=Level.MUST, text="`proof` is the hash of the canonical JSON of the content."
    ),
    Requirement(
        address="gopang/vault/6",
        level=Level.MUST,
        text="What the owner has written is what is read from then on, and `updatedAt` says when that was.",
    ),
    Requirement(
        address="gopang/vault/7",
        level=Level.MUST,
        text="Listing shows each drawer of the vault once, whatever `drawerId` says: its trigger stands for each of them.",
    ),
)

# fmt: off
SCHEMAS: dict[str, JsonSchema] = {
    'EpochMilliseconds': {'type': 'integer', 'minimum': 0, 'maximum': 9007199254740991},
    'Id': {'type': 'string', 'minLength': 1, 'maxLength': 64},
    'Connected': {'type': 'object', 'additionalProperties': False, 'required': ['socketId', 'user', 'serverTime'], 'properties': {'socketId': {'type': 'string', 'minLength': 1, 'maxLength': 128}, 'user': {'$ref': '#/$defs/ConnectedUser'}, 'serverTime': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'ConnectedUser': {'type': 'object', 'additionalProperties': False, 'required': ['userId', 'email', 'userType'], 'properties': {'userId': {'$ref': '#/$defs/Id'}, 'email': {'$ref': '#/$defs/Email'}, 'userType': {'$ref': '#/$defs/UserType'}}},
    'ConsentRequest': {'type': 'object', 'additionalProperties': False, 'required': ['consentId', 'requesterId', 'requesterName', 'dataType', 'purpose', 'expiresAt'], 'properties': {'consentId': {'$ref': '#/$defs/Id'}, 'requesterId': {'$ref': '#/$defs/Id'}, 'requesterName': {'type': 'string', 'minLength': 1, 'maxLength': 254}, 'dataType': {'$ref': '#/$defs/DrawerType'}, 'purpose': {'$ref': '#/$defs/Explanation'}, 'expiresAt': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'ConsentRespond': {'type': 'object', 'additionalProperties': False, 'required': ['consentId', 'approved'], 'properties': {'consentId': {'$ref': '#/$defs/Id'}, 'approved': {'type': 'boolean'}, 'conditions': {'$ref': '#/$defs/Explanation'}}},
    'ConsentStatus': {'type': 'object', 'additionalProperties': False, 'required': ['consentId', 'status', 'updatedAt'], 'properties': {'consentId': {'$ref': '#/$defs/Id'}, 'status': {'type': 'string', 'enum': ['pending', 'approved', 'rejected', 'expired']}, 'updatedAt': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'Content': {'type': 'string', 'minLength': 1, 'maxLength': 4000},
    'ConversationId': {'type': 'string', 'minLength': 1, 'maxLength': 64},
    'DrawerContent': {'type': 'object', 'additionalProperties': True},
    'DrawerType': {'type': 'string', 'enum': ['FINANCE', 'MEDICAL', 'EDUCATION', 'ADMIN', 'TRANSPORT', 'GENERAL']},
    'Email': {'type': 'string', 'format': 'email', 'maxLength': 254},
    'ErrorMessage': {'type': 'object', 'additionalProperties': False, 'required': ['message'], 'properties': {'message': {'$ref': '#/$defs/Explanation'}}},
    'Explanation': {'type': 'string', 'minLength': 1, 'maxLength': 500},
    'GopangAiResponse': {'type': 'object', 'additionalProperties': False, 'required': ['conversationId', 'aiId', 'aiName', 'response', 'timestamp'], 'properties': {'conversationId': {'$ref': '#/$defs/ConversationId'}, 'aiId': {'$ref': '#/$defs/Id'}, 'aiName': {'type': 'string', 'minLength': 1, 'maxLength': 100}, 'response': {'$ref': '#/$defs/Content'}, 'handshake': {'type': 'boolean'}, 'timestamp': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'GopangClaims': {'type': 'object', 'additionalProperties': True, 'required': ['userId', 'email', 'userType', 'iat', 'exp'], 'properties': {'userId': {'$ref': '#/$defs/Id'}, 'email': {'$ref': '#/$defs/Email'}, 'userType': {'$ref': '#/$defs/UserType'}, 'iat': {'type': 'integer'}, 'exp': {'type': 'integer'}}},
    'GopangError': {'type': 'object', 'additionalProperties': False, 'required': ['code', 'message'], 'properties': {'code': {'type': 'string', 'minLength': 1, 'maxLength': 64}, 'message': {'$ref': '#/$defs/Explanation'}, 'conversationId': {'$ref': '#/$defs/ConversationId'}}},
    'GopangStatus': {'type': 'object', 'additionalProperties': False, 'required': ['status', 'conversationId'], 'properties': {'status': {'type': 'string', 'enum': ['processing', 'completed', 'error', 'timeout']}, 'conversationId': {'$ref': '#/$defs/ConversationId'}, 'details': {'$ref': '#/$defs/Explanation'}}},
    'Hash': {'type': 'string', 'pattern': '^[0-9a-f]{64}$'},
    'HashText': {'type': 'string', 'minLength': 1, 'maxLength': 128},
    'HashVerification': {'type': 'object', 'additionalProperties': False, 'required': ['hashValue', 'verified'], 'properties': {'hashValue': {'$ref': '#/$defs/HashText'}, 'verified': {'type': 'boolean'}, 'layer': {'type': 'integer', 'minimum': 1, 'maximum': 4}, 'recordedAt': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'MessageId': {'type': 'string', 'minLength': 1, 'maxLength': 64},
    'MessageNew': {'type': 'object', 'additionalProperties': False, 'required': ['messageId', 'conversationId', 'senderId', 'senderEmail', 'content', 'messageType', 'timestamp'], 'properties': {'messageId': {'$ref': '#/$defs/MessageId'}, 'conversationId': {'$ref': '#/$defs/ConversationId'}, 'senderId': {'$ref': '#/$defs/Id'}, 'senderEmail': {'$ref': '#/$defs/Email'}, 'content': {'$ref': '#/$defs/Content'}, 'messageType': {'$ref': '#/$defs/MessageType'}, 'timestamp': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'MessageSend': {'type': 'object', 'additionalProperties': False, 'required': ['conversationId', 'content'], 'properties': {'conversationId': {'$ref': '#/$defs/ConversationId'}, 'content': {'$ref': '#/$defs/Content'}, 'messageType': {'$ref': '#/$defs/MessageType'}, 'metadata': {'$ref': '#/$defs/Metadata'}}},
    'MessageSendOutcome': {'type': 'object', 'additionalProperties': False, 'required': ['success'], 'properties': {'success': {'type': 'boolean'}, 'messageId': {'$ref': '#/$defs/MessageId'}, 'status': {'type': 'string', 'enum': ['sent', 'failed', 'error', 'timeout']}, 'error': {'$ref': '#/$defs/Explanation'}}},
    'MessageStatus': {'type': 'object', 'additionalProperties': False, 'required': ['messageId', 'status', 'timestamp'], 'properties': {'messageId': {'$ref': '#/$defs/MessageId'}, 'status': {'type': 'string', 'enum': ['sent', 'delivered', 'read', 'failed']}, 'timestamp': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'MessageType': {'type': 'string', 'enum': ['text', 'system', 'ai_response', 'transaction', 'handshake']},
    'MessagesSync': {'type': 'object', 'additionalProperties': False, 'required': ['count', 'messages'], 'properties': {'count': {'type': 'integer', 'minimum': 0, 'maximum': 100}, 'messages': {'type': 'array', 'maxItems': 100, 'items': {'$ref': '#/$defs/SyncedMessage'}}}},
    'Metadata': {'type': 'object', 'additionalProperties': True},
    'OpenhashRecord': {'type': 'object', 'additionalProperties': False, 'required': ['documentId', 'hashValue', 'layer', 'timestamp'], 'properties': {'documentId': {'$ref': '#/$defs/Id'}, 'hashValue': {'$ref': '#/$defs/Hash'}, 'layer': {'type': 'integer', 'minimum': 1, 'maximum': 4}, 'timestamp': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'OpenhashSync': {'type': 'object', 'additionalProperties': False, 'required': ['batchId', 'recordCount', 'merkleRoot', 'status'], 'properties': {'batchId': {'$ref': '#/$defs/Id'}, 'recordCount': {'type': 'integer', 'minimum': 1, 'maximum': 1000000}, 'merkleRoot': {'$ref': '#/$defs/Hash'}, 'status': {'type': 'string', 'enum': ['syncing', 'completed', 'failed']}}},
    'Pong': {'type': 'object', 'additionalProperties': False, 'required': ['pong', 'time'], 'properties': {'pong': {'const': True}, 'time': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'SyncRequest': {'type': 'object', 'additionalProperties': False, 'properties': {'lastMessageId': {'$ref': '#/$defs/MessageId'}}},
    'SyncedMessage': {'type': 'object', 'additionalProperties': False, 'required': ['messageId', 'conversationId', 'senderId', 'content', 'messageType', 'timestamp'], 'properties': {'messageId': {'$ref': '#/$defs/MessageId'}, 'conversationId': {'$ref': '#/$defs/ConversationId'}, 'senderId': {'$ref': '#/$defs/Id'}, 'content': {'$ref': '#/$defs/Content'}, 'messageType': {'$ref': '#/$defs/MessageType'}, 'timestamp': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'TokenRefresh': {'type': 'object', 'additionalProperties': False, 'required': ['message', 'expiresIn'], 'properties': {'message': {'$ref': '#/$defs/Explanation'}, 'expiresIn': {'type': 'integer', 'minimum': 0, 'maximum': 600}}},
    'TransactionComplete': {'type': 'object', 'additionalProperties': False, 'required': ['transactionId', 'amount', 'senderId', 'receiverId', 'completedAt'], 'properties': {'transactionId': {'$ref': '#/$defs/TransactionId'}, 'amount': {'type': 'integer', 'minimum': 1, 'maximum': 9007199254740991}, 'senderId': {'$ref': '#/$defs/Id'}, 'receiverId': {'$ref': '#/$defs/Id'}, 'blockchainHash': {'$ref': '#/$defs/Hash'}, 'completedAt': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'TransactionCreate': {'type': 'object', 'additionalProperties': False, 'required': ['receiverId', 'amount'], 'properties': {'receiverId': {'$ref': '#/$defs/Id'}, 'amount': {'type': 'number'}, 'description': {'$ref': '#/$defs/Explanation'}, 'category': {'type': 'string', 'minLength': 1, 'maxLength': 50}}},
    'TransactionCreateOutcome': {'type': 'object', 'additionalProperties': False, 'required': ['success'], 'properties': {'success': {'type': 'boolean'}, 'transactionId': {'$ref': '#/$defs/TransactionId'}, 'error': {'$ref': '#/$defs/Explanation'}}},
    'TransactionId': {'type': 'string', 'minLength': 1, 'maxLength': 64},
    'TransactionStatus': {'type': 'object', 'additionalProperties': False, 'required': ['transactionId', 'status', 'updatedAt'], 'properties': {'transactionId': {'$ref': '#/$defs/TransactionId'}, 'status': {'type': 'string', 'enum': ['pending', 'verified', 'completed', 'failed', 'cancelled']}, 'updatedAt': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'TransactionVerify': {'type': 'object', 'additionalProperties': False, 'required': ['transactionId', 'step', 'result'], 'properties': {'transactionId': {'$ref': '#/$defs/TransactionId'}, 'step': {'type': 'integer', 'minimum': 1, 'maximum': 3}, 'result': {'type': 'string', 'enum': ['pass', 'fail']}, 'reason': {'$ref': '#/$defs/Explanation'}}},
    'UserType': {'type': 'string', 'minLength': 1, 'maxLength': 32},
    'VaultAccess': {'type': 'object', 'additionalProperties': False, 'required': ['vaultId', 'action'], 'properties': {'vaultId': {'$ref': '#/$defs/Id'}, 'drawerId': {'$ref': '#/$defs/Id'}, 'action': {'type': 'string', 'enum': ['read', 'write', 'list']}, 'content': {'$ref': '#/$defs/DrawerContent'}}},
    'VaultContent': {'type': 'object', 'additionalProperties': False, 'required': ['vaultId', 'drawerId', 'drawerType', 'content', 'updatedAt'], 'properties': {'vaultId': {'$ref': '#/$defs/Id'}, 'drawerId': {'$ref': '#/$defs/Id'}, 'drawerType': {'$ref': '#/$defs/DrawerType'}, 'content': {'$ref': '#/$defs/DrawerContent'}, 'updatedAt': {'$ref': '#/$defs/EpochMilliseconds'}}},
    'VaultProof': {'type': 'object', 'additionalProperties': False, 'required': ['vaultId', 'drawerId', 'proof', 'verifiedAt'], 'properties': {'vaultId': {'$ref': '#/$defs/Id'}, 'drawerId': {'$ref': '#/$defs/Id'}, 'proof': {'$ref': '#/$defs/Hash'}, 'verifiedAt': {'$ref': '#/$defs/EpochMilliseconds'}}},
}
# fmt: on

PROTOCOL = Protocol(
    name="gopang",
    title="Personal messaging with consents, transactions, hash records and vaults. A user has up to three devices, and all of them are told the same. Every time is in milliseconds since 1970-01-01T00:00:00Z. Canonical JSON has its keys sorted by code point and no white space, writes strings and numbers as ECMAScript does, and is UTF-8; a hash is SHA-256 in lowercase hexadecimal.",
    namespace="/gopang",
    operations=OPERATIONS,
    requirements=REQUIREMENTS,
    handshake=Handshake(
        claims="GopangClaims", missing="Authentication required", expired="Token expired", invalid="Invalid token"
    ),
    connect=(
        Trigger(
            operation="emitError",
            to=Audience.SENDER,
            within_ms=1000,
            when=(Condition.parse("full"),),
            disconnects=True,
            requirement="gopang/capacity/1",
        ),
        Trigger(
            operation="emitConnectionReplaced",
            to=Audience.ROOM,
            within_ms=1000,
            room="oldest-device:{sender.userId}",
            when=(
                Condition.parse("not full"),
                Condition.parse("fourth-device"),
            ),
            disconnects=True,
            requirement="gopang/device/1",
        ),
        Trigger(
            operation="emitConnected",
            to=Audience.SENDER,
            within_ms=1000,
            when=(Condition.parse("not full"),),
            requirement="gopang/session/2",
        ),
        Trigger(
            operation="emitTokenRefresh",
            to=Audience.SENDER,
            within_ms=1000,
            when=(
                Condition.parse("not full"),
                Condition.parse("ending"),
            ),
            requirement="gopang/token/2",
        ),
    ),
    disconnect="",
    conditions={
        "full": "the server has as many connections as it may have",
        "fourth-device": "the user has three connections already",
        "ending": "the token ends in less than 10 minutes",
        "admissible": "the named conversation is public, or the sender is one of its participants",
        "in-too-many": "the sender is a member of 1000 other conversations already",
        "member": "the sender is a member of the named conversation",
        "heard": "a member of the named conversation other than the sender is connected",
        "ai-member": "an AI takes part in the named conversation",
        "known-message": "the payload is the id of a message in a conversation that the sender is a member of",
        "own-message": "the sender wrote the named message",
        "read": "the named message has been read by somebody other than who wrote it",
        "asked-of-sender": "the named consent is asked of the sender",
        "consent-pending": "the named consent has neither been answered nor expired",
        "approving": "the payload approves",
        "other-party": "receiverId is a user whom the server knows, other than the sender",
        "overloaded": "the sender has 100 transactions under way already, or the server can record no more of them",
        "own-transaction": "the sender created the named transaction",
        "transaction-pending": "the named transaction is pending",
        "recorded": "the payload is the hash of a record",
        "vault-owner": "vaultId names a vault of the sender",
        "drawer-known": "drawerId names a drawer of the named vault",
        "consented": "the owner of the named vault has approved a consent for the type of the named drawer which the sender asked for, and it has not expired",
        "reading": "the payload's action is read",
        "writing": "the payload's action is write",
        "listing": "the payload's action is list",
        "with-content": "the payload brings content",
        "oversized": "the canonical JSON of the payload's content is longer than 65536 bytes",
    },
    schemas=SCHEMAS,
)
