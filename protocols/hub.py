"""hub: Chat, presence and notifications on one connection, for users who may have several of them open.

Generated from spec/protocols/hub.yaml by `rehearsal spec generate`. Do not edit.
"""

# ruff: noqa: E501, RUF100 -- tables stand in single lines

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import MISSING, ConfigDict, Field
from typing_extensions import TypeAliasType

from protocols.contract import (
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


Availability = TypeAliasType(
    "Availability",
    Annotated[Literal["online", "away"], Field(description="What a user says of its presence, for all its sockets.")],
)


Content = TypeAliasType(
    "Content", Annotated[str, Field(description="What is said, or where the image is.", max_length=5000, min_length=1)]
)


class Error(Event):
    """Why something was refused."""

    event_name: ClassVar[str] = "error"

    code: Annotated[
        Literal["INVALID_EVENT", "NOT_IN_ROOM", "TOO_MANY_ROOMS"],
        Field(
            description="INVALID_EVENT: the event's name or payload breaks this contract; NOT_IN_ROOM: the socket has not joined that room; TOO_MANY_ROOMS: the socket is in as many as it may be."
        ),
    ]
    message: Annotated[str, Field(max_length=500, min_length=1)]


class MessageRead(Event):
    """Who has read what."""

    event_name: ClassVar[str] = "message_read"

    userId: Id
    messageId: Id


class MessageSent(Event):
    """What became of one's message."""

    event_name: ClassVar[str] = "message_sent"

    success: bool
    messageId: Id


Moment = TypeAliasType("Moment", Annotated[str, Field(description="A moment in ISO 8601 with its offset from UTC.")])


Nickname = TypeAliasType(
    "Nickname", Annotated[str, Field(description="What others call a user.", max_length=50, min_length=1)]
)


class Notification(Event):
    """Something that happened and concerns one user."""

    event_name: ClassVar[str] = "notification"

    id: Id
    type: Literal["message", "friend_request", "like", "comment", "system"]
    title: Annotated[str, Field(max_length=200, min_length=1)]
    content: Annotated[str, Field(max_length=2000, min_length=1)]
    createdAt: Moment
    isRead: bool


class PresenceUpdate(Event):
    """How somebody is present; when it is offline, since when."""

    event_name: ClassVar[str] = "presence_update"

    userId: Id
    status: Literal["online", "offline", "away"]
    lastSeen: Moment | MISSING = MISSING


class ReadMessage(Event):
    """A user has read a room up to this message."""

    event_name: ClassVar[str] = "read_message"

    roomId: Id
    messageId: Id


class RoomRef(Payload):
    """Names a room. Rooms need no founding."""

    roomId: Id


class SendMessage(Event):
    """A user says something in a room."""

    event_name: ClassVar[str] = "send_message"

    roomId: Id
    content: Content
    type: Literal["text", "image"] | MISSING = MISSING


class TypingEvent(Event):
    """Who is typing, or no longer."""

    event_name: ClassVar[str] = "typing"

    userId: Id
    nickname: Nickname
    isTyping: bool


class TypingRequest(Event):
    """A user is typing in a room, or no longer."""

    event_name: ClassVar[str] = "typing"

    roomId: Id
    isTyping: bool


class HubClaims(Payload):
    """What a token says of its holder."""

    model_config = ConfigDict(extra="allow")

    id: Id
    email: Annotated[str, Field(max_length=254, min_length=3, pattern="@")]
    nickname: Nickname
    iat: Annotated[int | MISSING, Field(ge=0)] = MISSING
    exp: Annotated[int | MISSING, Field(ge=0)] = MISSING


class Member(Payload):
    """Who came or went."""

    userId: Id
    nickname: Nickname


class Message(Event):
    """Something said, as everybody in the room hears it."""

    event_name: ClassVar[str] = "message"

    id: Id
    roomId: Id
    senderId: Id
    senderNickname: Nickname
    content: Content
    type: Literal["text", "image", "system"]
    createdAt: Moment
    emotionLabel: Annotated[
        str | MISSING,
        Field(description="What a classifier reads in it, where the service has one.", max_length=50, min_length=1),
    ] = MISSING


class JoinRoom(RoomRef, Event):
    """Enter a room."""

    event_name: ClassVar[str] = "join_room"


class LeaveRoom(RoomRef, Event):
    """Leave a room."""

    event_name: ClassVar[str] = "leave_room"


class UpdatePresence(Event):
    """Say whether one is there."""

    event_name: ClassVar[str] = "update_presence"
    is_value: ClassVar[bool] = True

    value: Availability


class UserJoined(Member, Event):
    """Somebody entered a room."""

    event_name: ClassVar[str] = "user_joined"


class UserLeft(Member, Event):
    """Somebody left a room."""

    event_name: ClassVar[str] = "user_left"


Inbound: TypeAlias = JoinRoom | LeaveRoom | SendMessage | TypingRequest | ReadMessage | UpdatePresence
Outbound: TypeAlias = (
    Message | MessageSent | TypingEvent | UserJoined | UserLeft | MessageRead | Notification | PresenceUpdate | Error
)

OPERATIONS = (
    Operation(
        id="onJoinRoom",
        action=Action.RECEIVE,
        event=JoinRoom,
        schema="RoomRef",
        summary="Enter a room",
        requires=(Condition.parse("not rooms-full"),),
        triggers=(
            Trigger(
                operation="emitUserJoined",
                to=Audience.OTHERS,
                within_ms=1000,
                room="room:{payload.roomId}",
                when=(
                    Condition.parse("not in-room"),
                    Condition.parse("not user-in-room"),
                ),
                where={"userId": "{sender.id}", "nickname": "{sender.nickname}"},
                requirement="hub/join/1",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError",
                code="E3001",
                when=(Condition.parse("invalid"),),
                where={"code": "INVALID_EVENT"},
                requirement="hub/all/1",
            ),
            Refusal(
                operation="emitError",
                code="E3009",
                when=(Condition.parse("rooms-full"),),
                where={"code": "TOO_MANY_ROOMS"},
                requirement="hub/join/4",
            ),
        ),
        requirements=(
            "hub/join/1",
            "hub/join/2",
            "hub/join/3",
            "hub/join/4",
        ),
    ),
    Operation(
        id="onLeaveRoom",
        action=Action.RECEIVE,
        event=LeaveRoom,
        schema="RoomRef",
        summary="Leave a room",
        requires=(Condition.parse("in-room"),),
        triggers=(
            Trigger(
                operation="emitUserLeft",
                to=Audience.OTHERS,
                within_ms=1000,
                room="room:{payload.roomId}",
                when=(Condition.parse("not user-in-room"),),
                where={"userId": "{sender.id}", "nickname": "{sender.nickname}"},
                requirement="hub/leave/1",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError",
                code="E3001",
                when=(Condition.parse("invalid"),),
                where={"code": "INVALID_EVENT"},
                requirement="hub/all/1",
            ),
            Refusal(
                operation="emitError",
                code="E3002",
                when=(Condition.parse("not in-room"),),
                where={"code": "NOT_IN_ROOM"},
                requirement="hub/leave/3",
            ),
        ),
        requirements=(
            "hub/leave/1",
            "hub/leave/2",
            "hub/leave/3",
        ),
    ),
    Operation(
        id="onSendMessage",
        action=Action.RECEIVE,
        event=SendMessage,
        schema="SendMessage",
        summary="Say something in a room",
        requires=(Condition.parse("in-room"),),
        triggers=(
            Trigger(
                operation="emitMessage",
                to=Audience.ROOM,
                within_ms=1000,
                room="room:{payload.roomId}",
                when=(Condition.parse("not image"),),
                where={
                    "roomId": "{payload.roomId}",
                    "senderId": "{sender.id}",
                    "senderNickname": "{sender.nickname}",
                    "content": "{payload.content}",
                    "type": "text",
                },
                requirement="hub/send/1",
            ),
            Trigger(
                operation="emitMessage",
                to=Audience.ROOM,
                within_ms=1000,
                room="room:{payload.roomId}",
                when=(Condition.parse("image"),),
                where={
                    "roomId": "{payload.roomId}",
                    "senderId": "{sender.id}",
                    "senderNickname": "{sender.nickname}",
                    "content": "{payload.content}",
                    "type": "image",
                },
                requirement="hub/send/1",
            ),
            Trigger(
                operation="emitMessageSent",
                to=Audience.SENDER,
                within_ms=1000,
                where={"success": True},
                requirement="hub/send/2",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError",
                code="E3001",
                when=(Condition.parse("invalid"),),
                where={"code": "INVALID_EVENT"},
                requirement="hub/all/1",
            ),
            Refusal(
                operation="emitError",
                code="E3002",
                when=(Condition.parse("not in-room"),),
                where={"code": "NOT_IN_ROOM"},
                requirement="hub/send/6",
            ),
        ),
        requirements=(
            "hub/send/1",
            "hub/send/2",
            "hub/send/3",
            "hub/send/4",
            "hub/send/5",
            "hub/send/6",
        ),
    ),
    Operation(
        id="onTyping",
        action=Action.RECEIVE,
        event=TypingRequest,
        schema="TypingRequest",
        summary="Say that one is typing, or no longer",
        requires=(Condition.parse("in-room"),),
        triggers=(
            Trigger(
                operation="emitTyping",
                to=Audience.OTHERS,
                within_ms=1000,
                room="room:{payload.roomId}",
                where={"userId": "{sender.id}", "nickname": "{sender.nickname}", "isTyping": "{payload.isTyping}"},
                requirement="hub/typing/1",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError",
                code="E3001",
                when=(Condition.parse("invalid"),),
                where={"code": "INVALID_EVENT"},
                requirement="hub/all/1",
            ),
            Refusal(
                operation="emitError",
                code="E3002",
                when=(Condition.parse("not in-room"),),
                where={"code": "NOT_IN_ROOM"},
                requirement="hub/typing/2",
            ),
        ),
        requirements=(
            "hub/typing/1",
            "hub/typing/2",
        ),
    ),
    Operation(
        id="onReadMessage",
        action=Action.RECEIVE,
        event=ReadMessage,
        schema="ReadMessage",
        summary="Say up to which message one has read",
        requires=(Condition.parse("in-room"),),
        triggers=(
            Trigger(
                operation="emitMessageRead",
                to=Audience.OTHERS,
                within_ms=1000,
                room="room:{payload.roomId}",
                where={"userId": "{sender.id}", "messageId": "{payload.messageId}"},
                requirement="hub/read/1",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError",
                code="E3001",
                when=(Condition.parse("invalid"),),
                where={"code": "INVALID_EVENT"},
                requirement="hub/all/1",
            ),
            Refusal(
                operation="emitError",
                code="E3002",
                when=(Condition.parse("not in-room"),),
                where={"code": "NOT_IN_ROOM"},
                requirement="hub/read/2",
            ),
        ),
        requirements=(
            "hub/read/1",
            "hub/read/2",
        ),
    ),
    Operation(
        id="onUpdatePresence",
        action=Action.RECEIVE,
        event=UpdatePresence,
        schema="Availability",
        summary="Say whether one is there",
        triggers=(
            Trigger(
                operation="emitPresenceUpdate",
                to=Audience.PEERS,
                within_ms=1000,
                where={"userId": "{sender.id}", "status": "{payload.value}"},
                requirement="hub/presence/1",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError",
                code="E3001",
                when=(Condition.parse("invalid"),),
                where={"code": "INVALID_EVENT"},
                requirement="hub/all/1",
            ),
        ),
        requirements=("hub/presence/1",),
    ),
    Operation(
        id="emitMessage",
        action=Action.SEND,
        event=Message,
        schema="Message",
        summary="Somebody said something in a room",
    ),
    Operation(
        id="emitMessageSent",
        action=Action.SEND,
        event=MessageSent,
        schema="MessageSent",
        summary="What you said was passed on",
    ),
    Operation(
        id="emitTyping",
        action=Action.SEND,
        event=TypingEvent,
        schema="TypingEvent",
        summary="Somebody is typing, or no longer",
    ),
    Operation(
        id="emitUserJoined", action=Action.SEND, event=UserJoined, schema="Member", summary="Somebody entered a room"
    ),
    Operation(id="emitUserLeft", action=Action.SEND, event=UserLeft, schema="Member", summary="Somebody left a room"),
    Operation(
        id="emitMessageRead",
        action=Action.SEND,
        event=MessageRead,
        schema="MessageRead",
        summary="Somebody has read a message",
    ),
    Operation(
        id="emitNotification",
        action=Action.SEND,
        event=Notification,
        schema="Notification",
        summary="Something happened that concerns you",
    ),
    Operation(
        id="emitPresenceUpdate",
        action=Action.SEND,
        event=PresenceUpdate,
        schema="PresenceUpdate",
        summary="Somebody came, went, or stepped away",
    ),
    Operation(
        id="emitError", action=Action.SEND, event=Error, schema="Error", summary="What you asked for was refused"
    ),
)

REQUIREMENTS = (
    Requirement(
        address="hub/all/1",
        level=Level.MUST,
        text="A payload that breaks its schema changes nothing and reaches nobody else; its sender learns of it (the failing ack where the operation has one, else the protocol's error event); the connection stays open and other clients notice nothing.",
    ),
    Requirement(
        address="hub/all/2",
        level=Level.MUST,
        text="An event name that the protocol does not know gets the same treatment as a payload that breaks its schema.",
    ),
    Requirement(
        address="hub/all/3",
        level=Level.MUST,
        text="Everything the server emits, and every ack, is valid against its schema, with no fields beyond it.",
    ),
    Requirement(
        address="hub/all/4",
        level=Level.MUST,
        text="Identity comes from the verified session alone. An id, nickname, role or timestamp that the client put into a payload never overrides it.",
    ),
    Requirement(
        address="hub/all/5",
        level=Level.MUST,
        text="Nothing said in one room, conversation, party or to one user is ever heard outside it, also not by a member who has left, been disconnected or was never admitted.",
    ),
    Requirement(
        address="hub/all/6",
        level=Level.MUST,
        text="What one client emits is handled in the order it was emitted, and two receivers of the same two broadcasts of one sender hear them in the same order.",
    ),
    Requirement(
        address="hub/all/7", level=Level.MUST, text="Each broadcast reaches every present member exactly once."
    ),
    Requirement(
        address="hub/all/8",
        level=Level.MUST,
        text="When a socket goes away, politely or not, its rooms, parties, typing and presence are cleaned up and those who must hear of it do, within pingInterval + pingTimeout (25 s + 60 s) for a silent death and 1 s for a clean one.",
    ),
    Requirement(
        address="hub/all/9",
        level=Level.MUST,
        text="A handshake without valid credentials (where the protocol wants any) is refused with a Socket.IO connect error; nothing is delivered to that socket before or after.",
    ),
    Requirement(
        address="hub/all/10",
        level=Level.MUST,
        text="A message over 1 MB (maxHttpBufferSize 1e6) closes only its own connection.",
    ),
    Requirement(
        address="hub/all/11",
        level=Level.SHOULD,
        text='More than 100 connection attempts a minute from one address are refused with "Rate limit exceeded".',
    ),
    Requirement(
        address="hub/all/12",
        level=Level.MUST,
        text="No error, refusal or failing ack shows a secret, a stack trace, what is inside the server, or what only somebody else may know.",
    ),
    Requirement(
        address="hub/http/1",
        level=Level.MUST,
        text="GET /health answers 200 while the process is up: status, uptime in seconds, timestamp, environment, connection count.",
    ),
    Requirement(
        address="hub/http/2",
        level=Level.MUST,
        text="GET /ready answers 200 only when every dependency answers, else 503 naming the one that does not.",
    ),
    Requirement(
        address="hub/http/3",
        level=Level.MUST,
        text="Browsers of the configured origins, and of no others, are allowed by CORS.",
    ),
    Requirement(
        address="hub/http/4",
        level=Level.MUST,
        text="Every HTTP response carries security headers: nosniff, frame-options, referrer-policy, a content security policy, and HSTS under TLS.",
    ),
    Requirement(
        address="hub/handshake/1",
        level=Level.MUST,
        text='A handshake without a token is refused with the connect error "Authentication required".',
    ),
    Requirement(
        address="hub/handshake/2",
        level=Level.MUST,
        text='A handshake whose token is invalid or expired is refused with the connect error "Invalid token".',
    ),
    Requirement(
        address="hub/disconnect/1",
        level=Level.MUST,
        text="Disconnecting gives `user_left` in every joined room; where another socket of the same user is still in a room, it comes there with the last of them.",
    ),
    Requirement(
        address="hub/presence/2",
        level=Level.MUST,
        text="Connecting gives `presence_update` with status online to every other user.",
    ),
    Requirement(
        address="hub/presence/3",
        level=Level.MUST,
        text="A further socket of a user who is connected already gives no `presence_update`.",
    ),
    Requirement(
        address="hub/presence/4",
        level=Level.MUST,
        text="Disconnecting gives `presence_update` with status offline to every other user once the user's last socket is gone.",
    ),
    Requirement(
        address="hub/presence/5",
        level=Level.MUST,
        text="While another socket of its user is connected, a disconnected socket gives no `presence_update`.",
    ),
    Requirement(
        address="hub/presence/6",
        level=Level.MUST,
        text="`presence_update` with status offline says in `lastSeen` when the user's last socket went.",
    ),
    Requirement(
        address="hub/notification/1", level=Level.MUST, text="A notification reaches every socket of its user."
    ),
    Requirement(address="hub/notification/2", level=Level.MUST, text="A notification reaches nobody but its user."),
    Requirement(
        address="hub/notification/3",
        level=Level.MUST,
        text="POST /internal/notifications {userId, type, title, content} with the service token as bearer answers 201 {id, delivered}, where delivered says whether a socket of the user is open, and makes the server emit `notification` with that id, the type, title and content that were posted, and isRead false.",
    ),
    Requirement(
        address="hub/notification/4",
        level=Level.MUST,
        text="A user who is offline gets its notifications on the next connect, each once, the oldest first.",
    ),
    Requirement(
        address="hub/notification/5",
        level=Level.MUST,
        text="POST /internal/notifications without the service token answers 401, with a user's own token 403, with a body of another shape 400; nobody hears of it, then or later.",
    ),
    Requirement(
        address="hub/notification/6",
        level=Level.SHOULD,
        text="At least the last 100 notifications of a user who is offline are kept; beyond these the oldest are dropped.",
    ),
    Requirement(
        address="hub/join/1",
        level=Level.MUST,
        text="The others in the room hear `user_joined` with the verified id and nickname of who joins.",
    ),
    Requirement(
        address="hub/join/2",
        level=Level.MUST,
        text="Joining a room twice announces once, and doubles nothing that is said in it.",
    ),
    Requirement(
        address="hub/join/3",
        level=Level.MUST,
        text="A user who joins a room with several sockets is announced with the first of them only.",
    ),
    Requirement(
        address="hub/join/4",
        level=Level.SHOULD,
        text="A socket may be in 100 rooms; joining one more is `error` with code TOO_MANY_ROOMS, and changes nothing.",
    ),
    Requirement(
        address="hub/leave/1",
        level=Level.MUST,
        text="The others in the room hear `user_left` with the verified id and nickname of who leaves.",
    ),
    Requirement(
        address="hub/leave/2",
        level=Level.MUST,
        text="A user who is in a room with several sockets has left it with the last of them only.",
    ),
    Requirement(
        address="hub/leave/3",
        level=Level.MUST,
        text="Leaving a room that one has not joined is `error` with code NOT_IN_ROOM, and reaches nobody.",
    ),
    Requirement(
        address="hub/send/1",
        level=Level.MUST,
        text="`message` reaches everybody in the room, the sender too, with the sender's verified id and nickname and the content as it was sent.",
    ),
    Requirement(
        address="hub/send/2",
        level=Level.MUST,
        text="The socket that sent it gets `message_sent` with success true, and no other socket does.",
    ),
    Requirement(
        address="hub/send/3",
        level=Level.MUST,
        text="`messageId` of `message_sent` is the `id` of the `message` that the room got, and of no other.",
    ),
    Requirement(address="hub/send/4", level=Level.MUST, text="A message without a `type` is of type text."),
    Requirement(
        address="hub/send/5",
        level=Level.MUST,
        text="A message of type system that comes from a client is refused with `error`, and reaches nobody.",
    ),
    Requirement(
        address="hub/send/6",
        level=Level.MUST,
        text="Speaking in a room that one has not joined is `error` with code NOT_IN_ROOM, and reaches nobody.",
    ),
    Requirement(
        address="hub/typing/1",
        level=Level.MUST,
        text="`typing` reaches the others in the room, with the sender's verified id and nickname.",
    ),
    Requirement(
        address="hub/typing/2",
        level=Level.MUST,
        text="Typing in a room that one has not joined is `error` with code NOT_IN_ROOM, and reaches nobody.",
    ),
    Requirement(
        address="hub/read/1",
        level=Level.MUST,
        text="`message_read` reaches the others in the room, with the sender's verified id.",
    ),
    Requirement(
        address="hub/read/2",
        level=Level.MUST,
        text="Reading in a room that one has not joined is `error` with code NOT_IN_ROOM, and reaches nobody.",
    ),
    Requirement(
        address="hub/presence/1",
        level=Level.MUST,
        text="`presence_update` with the sender's verified id and the status it said reaches every other user, on all of their sockets, whatever rooms they are in.",
    ),
)

# fmt: off
SCHEMAS: dict[str, JsonSchema] = {
    'Id': {'type': 'string', 'minLength': 1, 'maxLength': 64},
    'Availability': {'type': 'string', 'enum': ['online', 'away']},
    'Content': {'type': 'string', 'minLength': 1, 'maxLength': 5000},
    'Error': {'type': 'object', 'additionalProperties': False, 'required': ['code', 'message'], 'properties': {'code': {'type': 'string', 'enum': ['INVALID_EVENT', 'NOT_IN_ROOM', 'TOO_MANY_ROOMS']}, 'message': {'type': 'string', 'minLength': 1, 'maxLength': 500}}},
    'HubClaims': {'type': 'object', 'additionalProperties': True, 'required': ['id', 'email', 'nickname'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'email': {'type': 'string', 'minLength': 3, 'maxLength': 254, 'pattern': '@'}, 'nickname': {'$ref': '#/$defs/Nickname'}, 'iat': {'type': 'integer', 'minimum': 0}, 'exp': {'type': 'integer', 'minimum': 0}}},
    'Member': {'type': 'object', 'additionalProperties': False, 'required': ['userId', 'nickname'], 'properties': {'userId': {'$ref': '#/$defs/Id'}, 'nickname': {'$ref': '#/$defs/Nickname'}}},
    'Message': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'roomId', 'senderId', 'senderNickname', 'content', 'type', 'createdAt'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'roomId': {'$ref': '#/$defs/Id'}, 'senderId': {'$ref': '#/$defs/Id'}, 'senderNickname': {'$ref': '#/$defs/Nickname'}, 'content': {'$ref': '#/$defs/Content'}, 'type': {'type': 'string', 'enum': ['text', 'image', 'system']}, 'createdAt': {'$ref': '#/$defs/Moment'}, 'emotionLabel': {'type': 'string', 'minLength': 1, 'maxLength': 50}}},
    'MessageRead': {'type': 'object', 'additionalProperties': False, 'required': ['userId', 'messageId'], 'properties': {'userId': {'$ref': '#/$defs/Id'}, 'messageId': {'$ref': '#/$defs/Id'}}},
    'MessageSent': {'type': 'object', 'additionalProperties': False, 'required': ['success', 'messageId'], 'properties': {'success': {'type': 'boolean'}, 'messageId': {'$ref': '#/$defs/Id'}}},
    'Moment': {'type': 'string', 'format': 'date-time'},
    'Nickname': {'type': 'string', 'minLength': 1, 'maxLength': 50},
    'Notification': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'type', 'title', 'content', 'createdAt', 'isRead'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'type': {'type': 'string', 'enum': ['message', 'friend_request', 'like', 'comment', 'system']}, 'title': {'type': 'string', 'minLength': 1, 'maxLength': 200}, 'content': {'type': 'string', 'minLength': 1, 'maxLength': 2000}, 'createdAt': {'$ref': '#/$defs/Moment'}, 'isRead': {'type': 'boolean'}}},
    'PresenceUpdate': {'type': 'object', 'additionalProperties': False, 'required': ['userId', 'status'], 'properties': {'userId': {'$ref': '#/$defs/Id'}, 'status': {'type': 'string', 'enum': ['online', 'offline', 'away']}, 'lastSeen': {'$ref': '#/$defs/Moment'}}},
    'ReadMessage': {'type': 'object', 'additionalProperties': False, 'required': ['roomId', 'messageId'], 'properties': {'roomId': {'$ref': '#/$defs/Id'}, 'messageId': {'$ref': '#/$defs/Id'}}},
    'RoomRef': {'type': 'object', 'additionalProperties': False, 'required': ['roomId'], 'properties': {'roomId': {'$ref': '#/$defs/Id'}}},
    'SendMessage': {'type': 'object', 'additionalProperties': False, 'required': ['roomId', 'content'], 'properties': {'roomId': {'$ref': '#/$defs/Id'}, 'content': {'$ref': '#/$defs/Content'}, 'type': {'type': 'string', 'enum': ['text', 'image']}}},
    'TypingEvent': {'type': 'object', 'additionalProperties': False, 'required': ['userId', 'nickname', 'isTyping'], 'properties': {'userId': {'$ref': '#/$defs/Id'}, 'nickname': {'$ref': '#/$defs/Nickname'}, 'isTyping': {'type': 'boolean'}}},
    'TypingRequest': {'type': 'object', 'additionalProperties': False, 'required': ['roomId', 'isTyping'], 'properties': {'roomId': {'$ref': '#/$defs/Id'}, 'isTyping': {'type': 'boolean'}}},
}
# fmt: on

PROTOCOL = Protocol(
    name="hub",
    title="Chat, presence and notifications on one connection, for users who may have several of them open.",
    namespace="/hub",
    operations=OPERATIONS,
    requirements=REQUIREMENTS,
    handshake=Handshake(
        claims="HubClaims", missing="Authentication required", expired="Invalid token", invalid="Invalid token"
    ),
    connect=(
        Trigger(
            operation="emitPresenceUpdate",
            to=Audience.PEERS,
            within_ms=1000,
            when=(Condition.parse("not other-socket"),),
            where={"userId": "{sender.id}", "status": "online"},
            requirement="hub/presence/2",
        ),
    ),
    disconnected=(
        Trigger(
            operation="emitUserLeft",
            to=Audience.OTHERS,
            within_ms=1000,
            room="{sender.soleRooms}",
            where={"userId": "{sender.id}", "nickname": "{sender.nickname}"},
            requirement="hub/disconnect/1",
        ),
        Trigger(
            operation="emitPresenceUpdate",
            to=Audience.PEERS,
            within_ms=1000,
            when=(Condition.parse("not other-socket"),),
            where={"userId": "{sender.id}", "status": "offline"},
            requirement="hub/presence/4",
        ),
    ),
    conditions={
        "in-room": "the sender's socket is in the room that roomId names",
        "user-in-room": "another socket of the sender's user is in the room that roomId names",
        "other-socket": "another socket of the sender's user is connected",
        "rooms-full": "the sender's socket is in 100 rooms, and not in the one that roomId names",
        "image": "the payload's type is image",
    },
    schemas=SCHEMAS,
)
