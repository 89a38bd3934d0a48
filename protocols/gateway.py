"""gateway: A chat gateway. Messages are accepted at once and told to the room afterwards; who is online stands in Redis for others to read.

Generated from spec/protocols/gateway.yaml by `rehearsal spec generate`. Do not edit.
"""

# ruff: noqa: E501, RUF100 -- tables stand in single lines

from __future__ import annotations

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

Id = TypeAliasType("Id", Annotated[str, Field(description="An opaque identifier.", max_length=64, min_length=1)])


ClientMsgId = TypeAliasType(
    "ClientMsgId", Annotated[str, Field(description="What the sender calls a message, so that it can be sent again.")]
)


Content = TypeAliasType(
    "Content", Annotated[str, Field(description="What is said, or where the image is.", max_length=5000, min_length=1)]
)


Email = TypeAliasType("Email", Annotated[str, Field(description="How somebody is reached.", max_length=254)])


class GatewayClaims(Payload):
    """What a token says of its bearer."""

    model_config = ConfigDict(extra="allow")

    sub: Id
    email: Email
    iat: int | MISSING = MISSING
    exp: int | MISSING = MISSING


class Heartbeat(Event):
    """A client says that it is still there."""

    event_name: ClassVar[str] = "heartbeat"
    is_object: ClassVar[bool] = True


MessageId = TypeAliasType(
    "MessageId",
    Annotated[
        str,
        Field(
            description="A ULID: 48 bits of time, then 80 that make it unique. As texts they rise in the order of delivery.",
            pattern="^[0-7][0-9A-HJKMNP-TV-Z]{25}$",
        ),
    ],
)


MessageType = TypeAliasType(
    "MessageType", Annotated[Literal["TEXT", "IMAGE"], Field(description="What a message's content is.")]
)


Reason = TypeAliasType(
    "Reason", Annotated[str, Field(description="Why something was refused.", max_length=500, min_length=1)]
)


RoomId = TypeAliasType("RoomId", Annotated[str, Field(description="A room.")])


class SendMessage(Event):
    """A member says something; without a type it is TEXT."""

    event_name: ClassVar[str] = "sendMessage"

    roomId: RoomId
    clientMsgId: ClientMsgId
    type: MessageType | MISSING = MISSING
    content: Content


class SendMessageAck(Ack):
    """Whether a message was accepted, and why not."""

    clientMsgId: Annotated[
        str, Field(description='The sender\'s own id, or "" where it could not be read.', max_length=64)
    ]
    status: Literal["ACCEPTED", "FAILED"]
    error: Reason | MISSING = MISSING


class JoinRoom(Event):
    """A member asks to hear a room."""

    event_name: ClassVar[str] = "joinRoom"

    roomId: RoomId


class NewMessage(Event):
    """A message of a room."""

    event_name: ClassVar[str] = "newMessage"

    messageId: MessageId
    roomId: RoomId
    senderId: Id
    clientMsgId: ClientMsgId
    type: MessageType
    content: Content
    createdAt: str


class Outcome(Payload):
    """Whether something was done, and why not."""

    success: bool
    error: Reason | MISSING = MISSING


class JoinRoomAck(Outcome, Ack):
    """Whether one hears the room now."""


class HeartbeatAck(Outcome, Ack):
    """The heartbeat was heard."""


Inbound: TypeAlias = JoinRoom | SendMessage | Heartbeat
Outbound: TypeAlias = NewMessage

OPERATIONS = (
    Operation(
        id="onJoinRoom",
        action=Action.RECEIVE,
        event=JoinRoom,
        schema="JoinRoom",
        summary="Begin to hear a room that one is a member of",
        ack=JoinRoomAck,
        ack_schema="Outcome",
        ack_timeout_ms=1000,
        ack_where={"success": True},
        ack_requirement="gateway/join/1",
        requires=(Condition.parse("member"),),
        refusals=(
            Refusal(
                operation="",
                code="E3001",
                by_ack=True,
                when=(Condition.parse("invalid"),),
                where={"success": False},
                requirement="gateway/all/1",
            ),
            Refusal(
                operation="",
                code="E3003",
                by_ack=True,
                when=(Condition.parse("not member"),),
                where={"success": False},
                requirement="gateway/join/2",
            ),
        ),
        requirements=(
            "gateway/join/1",
            "gateway/join/2",
            "gateway/join/3",
            "gateway/join/4",
        ),
    ),
    Operation(
        id="onSendMessage",
        action=Action.RECEIVE,
        event=SendMessage,
        schema="SendMessage",
        summary="Say something in a room that one is a member of",
        ack=SendMessageAck,
        ack_schema="SendMessageAck",
        ack_timeout_ms=100,
        ack_where={"clientMsgId": "{payload.clientMsgId}", "status": "ACCEPTED"},
        ack_requirement="gateway/send/5",
        requires=(Condition.parse("member"),),
        triggers=(
            Trigger(
                operation="emitNewMessage",
                to=Audience.ROOM,
                within_ms=1000,
                room="room:{payload.roomId}",
                when=(
                    Condition.parse("not retried"),
                    Condition.parse("typed"),
                ),
                where={
                    "roomId": "{payload.roomId}",
                    "senderId": "{sender.id}",
                    "clientMsgId": "{payload.clientMsgId}",
                    "type": "{payload.type}",
                    "content": "{payload.content}",
                },
                requirement="gateway/send/6",
            ),
            Trigger(
                operation="emitNewMessage",
                to=Audience.ROOM,
                within_ms=1000,
                room="room:{payload.roomId}",
                when=(
                    Condition.parse("not retried"),
                    Condition.parse("not typed"),
                ),
                where={
                    "roomId": "{payload.roomId}",
                    "senderId": "{sender.id}",
                    "clientMsgId": "{payload.clientMsgId}",
                    "type": "TEXT",
                    "content": "{payload.content}",
                },
                requirement="gateway/send/6",
            ),
        ),
        refusals=(
            Refusal(
                operation="",
                code="E3001",
                by_ack=True,
                when=(Condition.parse("invalid"),),
                where={"clientMsgId": "{payload.clientMsgId}", "status": "FAILED"},
                requirement="gateway/send/2",
            ),
            Refusal(
                operation="",
                code="E3003",
                by_ack=True,
                when=(Condition.parse("not member"),),
                where={"clientMsgId": "{payload.clientMsgId}", "status": "FAILED"},
                requirement="gateway/send/1",
            ),
        ),
        requirements=(
            "gateway/send/1",
            "gateway/send/2",
            "gateway/send/3",
            "gateway/send/4",
            "gateway/send/5",
            "gateway/send/6",
            "gateway/send/7",
            "gateway/send/8",
            "gateway/send/9",
        ),
    ),
    Operation(
        id="onHeartbeat",
        action=Action.RECEIVE,
        event=Heartbeat,
        schema="Heartbeat",
        summary="Stay online",
        ack=HeartbeatAck,
        ack_schema="Outcome",
        ack_timeout_ms=1000,
        ack_where={"success": True},
        ack_requirement="gateway/heartbeat/1",
        refusals=(
            Refusal(
                operation="",
                code="E3001",
                by_ack=True,
                when=(Condition.parse("invalid"),),
                where={"success": False},
                requirement="gateway/all/1",
            ),
        ),
        requirements=(
            "gateway/heartbeat/1",
            "gateway/heartbeat/2",
        ),
    ),
    Operation(
        id="emitNewMessage",
        action=Action.SEND,
        event=NewMessage,
        schema="NewMessage",
        summary="Somebody said something in a room",
    ),
)

REQUIREMENTS = (
    Requirement(
        address="gateway/all/1",
        level=Level.MUST,
        text="A payload that breaks its schema changes nothing and reaches nobody else; its sender learns of it (the failing ack where the operation has one, else the protocol's error event); the connection stays open and other clients notice nothing.",
    ),
    Requirement(
        address="gateway/all/2",
        level=Level.MUST,
        text="An event name that the protocol does not know gets the same treatment as a payload that breaks its schema.",
    ),
    Requirement(
        address="gateway/all/3",
        level=Level.MUST,
        text="Everything the server emits, and every ack, is valid against its schema, with no fields beyond it.",
    ),
    Requirement(
        address="gateway/all/4",
        level=Level.MUST,
        text="Identity comes from the verified session alone. An id, nickname, role or timestamp that the client put into a payload never overrides it.",
    ),
    Requirement(
        address="gateway/all/5",
        level=Level.MUST,
        text="Nothing said in one room, conversation, party or to one user is ever heard outside it, also not by a member who has left, been disconnected or was never admitted.",
    ),
    Requirement(
        address="gateway/all/6",
        level=Level.MUST,
        text="What one client emits is handled in the order it was emitted, and two receivers of the same two broadcasts of one sender hear them in the same order.",
    ),
    Requirement(
        address="gateway/all/7", level=Level.MUST, text="Each broadcast reaches every present member exactly once."
    ),
    Requirement(
        address="gateway/all/8",
        level=Level.MUST,
        text="When a socket goes away, politely or not, its rooms, parties, typing and presence are cleaned up and those who must hear of it do, within pingInterval + pingTimeout (25 s + 60 s) for a silent death and 1 s for a clean one.",
    ),
    Requirement(
        address="gateway/all/9",
        level=Level.MUST,
        text="A handshake without valid credentials (where the protocol wants any) is refused with a Socket.IO connect error; nothing is delivered to that socket before or after.",
    ),
    Requirement(
        address="gateway/all/10",
        level=Level.MUST,
        text="A message over 1 MB (maxHttpBufferSize 1e6) closes only its own connection.",
    ),
    Requirement(
        address="gateway/all/11",
        level=Level.SHOULD,
        text='More than 100 connection attempts a minute from one address are refused with "Rate limit exceeded".',
    ),
    Requirement(
        address="gateway/all/12",
        level=Level.MUST,
        text="No error, refusal or failing ack shows a secret, a stack trace, what is inside the server, or what only somebody else may know.",
    ),
    Requirement(
        address="gateway/http/1",
        level=Level.MUST,
        text="GET /health answers 200 while the process is up: status, uptime in seconds, timestamp, environment, connection count.",
    ),
    Requirement(
        address="gateway/http/2",
        level=Level.MUST,
        text="GET /ready answers 200 only when every dependency answers, else 503 naming the one that does not.",
    ),
    Requirement(
        address="gateway/http/3",
        level=Level.MUST,
        text="Browsers of the configured origins, and of no others, are allowed by CORS.",
    ),
    Requirement(
        address="gateway/http/4",
        level=Level.MUST,
        text="Every HTTP response carries security headers: nosniff, frame-options, referrer-policy, a content security policy, and HSTS under TLS.",
    ),
    Requirement(
        address="gateway/handshake/1",
        level=Level.MUST,
        text="The token is a JWT (HS256) in `auth.token`, else in the `Authorization: Bearer` header; its claims are `sub`, the user's id, and `email`.",
    ),
    Requirement(
        address="gateway/handshake/2",
        level=Level.MUST,
        text="A missing or bad token ends the connection at once, by a connect error or by a connect that a disconnect follows, with nothing delivered.",
    ),
    Requirement(
        address="gateway/handshake/3",
        level=Level.MUST,
        text="The token is verified once; afterwards the socket's user is trusted, also when the token has expired meanwhile.",
    ),
    Requirement(
        address="gateway/auth/1",
        level=Level.MUST,
        text="POST /auth/register {email, password}, the password of 6 to 100 characters, answers 201 {id, email}.",
    ),
    Requirement(
        address="gateway/auth/2", level=Level.MUST, text="POST /auth/register answers 409 where the email is taken."
    ),
    Requirement(
        address="gateway/auth/3",
        level=Level.MUST,
        text="POST /auth/login {email, password} answers 200 {accessToken}: a token of that user, for the handshake and for HTTP.",
    ),
    Requirement(
        address="gateway/auth/4",
        level=Level.MUST,
        text="POST /auth/login answers 401 for an email that nobody registered, and for a wrong password.",
    ),
    Requirement(
        address="gateway/auth/5",
        level=Level.MUST,
        text="All HTTP but /auth wants the token as bearer, and answers 401 without a valid one.",
    ),
    Requirement(
        address="gateway/rooms/1",
        level=Level.MUST,
        text="POST /rooms {name}, the name of 1 to 100 characters, makes a room and answers its `id` and `name`; its maker is a member.",
    ),
    Requirement(
        address="gateway/rooms/2",
        level=Level.MUST,
        text="POST /rooms/{roomId}/join makes the bearer a member of the room.",
    ),
    Requirement(
        address="gateway/rooms/3",
        level=Level.MUST,
        text="GET /rooms answers the rooms that the bearer is a member of, each with its `id` and `name`.",
    ),
    Requirement(
        address="gateway/rooms/4",
        level=Level.MUST,
        text="GET /rooms/{roomId}/members answers the members of a room to its members, each with its `id`.",
    ),
    Requirement(
        address="gateway/rooms/5",
        level=Level.MUST,
        text="GET /rooms/{roomId}/members answers 403 to those who are no members.",
    ),
    Requirement(
        address="gateway/history/1",
        level=Level.MUST,
        text="GET /rooms/{roomId}/messages answers messages of the room to its members, each as `newMessage` carries it, rising by `messageId`.",
    ),
    Requirement(
        address="gateway/history/2",
        level=Level.MUST,
        text="`after` gives those next behind a messageId, `before` those next in front of one, neither of them the last of all; `limit` is 1 to 100 of them, by default 50.",
    ),
    Requirement(
        address="gateway/history/3",
        level=Level.MUST,
        text="Paging through the messages of a room gives each once, in the order of delivery.",
    ),
    Requirement(
        address="gateway/history/4",
        level=Level.MUST,
        text="POST /rooms/{roomId}/read {lastReadMessageId} records how far a member has read.",
    ),
    Requirement(
        address="gateway/order/1", level=Level.MUST, text="The messageIds of a room rise in the order of delivery."
    ),
    Requirement(
        address="gateway/order/2",
        level=Level.MUST,
        text="The order of delivery of a room's messages is the same for all receivers.",
    ),
    Requirement(
        address="gateway/durability/1",
        level=Level.MUST,
        text="A message ACKed before a crash of the instance or of a worker is still delivered, or is in the history afterwards.",
    ),
    Requirement(
        address="gateway/presence/1",
        level=Level.MUST,
        text="Presence lives in Redis, for others to read: key `presence:user:{userId}`, a hash with a field `{socketId}` for each socket, whose value is JSON {serverId, connectedAt}.",
    ),
    Requirement(
        address="gateway/presence/2",
        level=Level.MUST,
        text="A connect sets the socket's field, and lets the key last for 60 s from then on.",
    ),
    Requirement(
        address="gateway/presence/3",
        level=Level.MUST,
        text="A disconnect takes the socket's field away; the key goes with the last socket.",
    ),
    Requirement(address="gateway/presence/4", level=Level.MUST, text="A user is online while any of his sockets is."),
    Requirement(
        address="gateway/presence/5", level=Level.MUST, text="Without heartbeats a user is offline after 60 s."
    ),
    Requirement(
        address="gateway/join/1",
        level=Level.MUST,
        text="joinRoom by a member is ACKed with `success: true`; from then on the socket hears what is said in the room.",
    ),
    Requirement(
        address="gateway/join/2", level=Level.MUST, text="joinRoom by a non-member is ACKed with `success: false`."
    ),
    Requirement(
        address="gateway/join/3",
        level=Level.MUST,
        text="Membership comes from POST /rooms/{roomId}/join alone: an attempt to join, to send or to read makes nobody a member.",
    ),
    Requirement(address="gateway/join/4", level=Level.MUST, text="Joining twice does not double deliveries."),
    Requirement(
        address="gateway/send/1", level=Level.MUST, text="sendMessage by a non-member is ACKed `FAILED` with an error."
    ),
    Requirement(
        address="gateway/send/2",
        level=Level.MUST,
        text="sendMessage with an invalid payload is ACKed `FAILED` with an error.",
    ),
    Requirement(
        address="gateway/send/3",
        level=Level.MUST,
        text='A `FAILED` ack echoes `clientMsgId` where it was readable, a text of up to 64 characters; else it says "".',
    ),
    Requirement(
        address="gateway/send/4", level=Level.MUST, text="What was ACKed `FAILED` is not stored, and nobody hears it."
    ),
    Requirement(
        address="gateway/send/5",
        level=Level.MUST,
        text="sendMessage is ACKed without waiting for the store: within 100 ms.",
    ),
    Requirement(
        address="gateway/send/6",
        level=Level.MUST,
        text="Every `ACCEPTED` message arrives as `newMessage` at every socket that joined the room, the sender's too, once, within 1 s.",
    ),
    Requirement(
        address="gateway/send/7",
        level=Level.MUST,
        text="Every `ACCEPTED` message is in GET /rooms/{roomId}/messages afterwards.",
    ),
    Requirement(
        address="gateway/send/8",
        level=Level.MUST,
        text="The same `clientMsgId` again by the same sender in the same room is ACKed `ACCEPTED`.",
    ),
    Requirement(
        address="gateway/send/9",
        level=Level.MUST,
        text="The same `clientMsgId` again by the same sender in the same room produces no second message, whatever else it says.",
    ),
    Requirement(address="gateway/heartbeat/1", level=Level.MUST, text="heartbeat is ACKed with `success: true`."),
    Requirement(
        address="gateway/heartbeat/2",
        level=Level.MUST,
        text="heartbeat, which clients send every 20 s, lets the user's presence last for 60 s from then on.",
    ),
)

# fmt: off
SCHEMAS: dict[str, JsonSchema] = {
    'Id': {'type': 'string', 'minLength': 1, 'maxLength': 64},
    'ClientMsgId': {'type': 'string', 'format': 'uuid'},
    'Content': {'type': 'string', 'minLength': 1, 'maxLength': 5000},
    'Email': {'type': 'string', 'format': 'email', 'maxLength': 254},
    'GatewayClaims': {'type': 'object', 'additionalProperties': True, 'required': ['sub', 'email'], 'properties': {'sub': {'$ref': '#/$defs/Id'}, 'email': {'$ref': '#/$defs/Email'}, 'iat': {'type': 'integer'}, 'exp': {'type': 'integer'}}},
    'Heartbeat': {'type': 'object', 'additionalProperties': False},
    'JoinRoom': {'type': 'object', 'additionalProperties': False, 'required': ['roomId'], 'properties': {'roomId': {'$ref': '#/$defs/RoomId'}}},
    'MessageId': {'type': 'string', 'pattern': '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'},
    'MessageType': {'type': 'string', 'enum': ['TEXT', 'IMAGE']},
    'NewMessage': {'type': 'object', 'additionalProperties': False, 'required': ['messageId', 'roomId', 'senderId', 'clientMsgId', 'type', 'content', 'createdAt'], 'properties': {'messageId': {'$ref': '#/$defs/MessageId'}, 'roomId': {'$ref': '#/$defs/RoomId'}, 'senderId': {'$ref': '#/$defs/Id'}, 'clientMsgId': {'$ref': '#/$defs/ClientMsgId'}, 'type': {'$ref': '#/$defs/MessageType'}, 'content': {'$ref': '#/$defs/Content'}, 'createdAt': {'type': 'string', 'format': 'date-time'}}},
    'Outcome': {'type': 'object', 'additionalProperties': False, 'required': ['success'], 'properties': {'success': {'type': 'boolean'}, 'error': {'$ref': '#/$defs/Reason'}}},
    'Reason': {'type': 'string', 'minLength': 1, 'maxLength': 500},
    'RoomId': {'type': 'string', 'format': 'uuid'},
    'SendMessage': {'type': 'object', 'additionalProperties': False, 'required': ['roomId', 'clientMsgId', 'content'], 'properties': {'roomId': {'$ref': '#/$defs/RoomId'}, 'clientMsgId': {'$ref': '#/$defs/ClientMsgId'}, 'type': {'$ref': '#/$defs/MessageType'}, 'content': {'$ref': '#/$defs/Content'}}},
    'SendMessageAck': {'type': 'object', 'additionalProperties': False, 'required': ['clientMsgId', 'status'], 'properties': {'clientMsgId': {'type': 'string', 'maxLength': 64}, 'status': {'type': 'string', 'enum': ['ACCEPTED', 'FAILED']}, 'error': {'$ref': '#/$defs/Reason'}}},
}
# fmt: on

PROTOCOL = Protocol(
    name="gateway",
    title="A chat gateway. Messages are accepted at once and told to the room afterwards; who is online stands in Redis for others to read.",
    namespace="/gateway",
    operations=OPERATIONS,
    requirements=REQUIREMENTS,
    handshake=Handshake(
        claims="GatewayClaims",
        missing="Authentication required",
        expired="Invalid token",
        invalid="Invalid token",
        header=True,
    ),
    disconnect="",
    conditions={
        "member": "the sender is a member of the room that roomId names",
        "retried": "the sender's clientMsgId was accepted in that room before",
        "typed": "the payload says its type",
    },
    schemas=SCHEMAS,
)
