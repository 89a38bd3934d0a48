"""space: A shared 2D space. Players move, jump, chat, whisper, form parties and meet in zones of the map.

Generated from spec/protocols/space.yaml by `rehearsal spec generate`. Do not edit.
"""

# ruff: noqa: E501, RUF100 -- tables stand in single lines

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import MISSING, Field
from typing_extensions import TypeAliasType

from protocols.contract import (
    Action,
    Audience,
    Condition,
    Event,
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


AvatarColor = TypeAliasType(
    "AvatarColor",
    Annotated[
        Literal["default", "red", "green", "purple", "orange", "pink", "yellow", "blue"],
        Field(description="What a player wears."),
    ],
)


Content = TypeAliasType(
    "Content",
    Annotated[str, Field(description="Something said; not blank.", max_length=1000, min_length=1, pattern="\\S")],
)


Direction = TypeAliasType(
    "Direction", Annotated[Literal["up", "down", "left", "right"], Field(description="Where a player looks.")]
)


class ErrorMessage(Payload):
    """Why something was refused."""

    message: Annotated[str, Field(max_length=500, min_length=1)]


Nickname = TypeAliasType(
    "Nickname",
    Annotated[str, Field(description="What others call a player.", max_length=20, min_length=1, pattern="\\S")],
)


class PartyInvite(Event):
    """A member invites a player."""

    event_name: ClassVar[str] = "party:invite"

    partyId: Id
    targetId: Id


class PartyJoined(Event):
    """Everybody who is in a party or zone now."""

    event_name: ClassVar[str] = "party:joined"

    partyId: Id
    members: Annotated[Sequence[Id], Field(max_length=500, min_length=1)]


class PartyMemberLeft(Event):
    """Who left which party or zone."""

    event_name: ClassVar[str] = "party:member_left"

    partyId: Id
    memberId: Id


class PartyMessageEvent(Event):
    """What was said to the party, and by whom."""

    event_name: ClassVar[str] = "party:message"

    partyId: Id
    senderId: Id
    senderName: Nickname
    content: Content


class PartyMessageRequest(Event):
    """A member says something to its party."""

    event_name: ClassVar[str] = "party:message"

    partyId: Id
    content: Content


PartyName = TypeAliasType(
    "PartyName",
    Annotated[str, Field(description="What a party or zone is called.", max_length=30, min_length=1, pattern="\\S")],
)


class PartyRef(Payload):
    """Names a party."""

    partyId: Id


class PlayerJump(Event):
    """A player jumps."""

    event_name: ClassVar[str] = "player:jump"

    id: Id | MISSING = MISSING
    x: float
    y: float


class PlayerJumped(Event):
    """A player jumped."""

    event_name: ClassVar[str] = "player:jumped"

    id: Id
    x: float
    y: float


class PlayerLeft(Event):
    """Who left."""

    event_name: ClassVar[str] = "player:left"

    id: Id


class PlayerMove(Event):
    """A player says where it is now."""

    event_name: ClassVar[str] = "player:move"

    id: Id | MISSING = MISSING
    x: float
    y: float
    direction: Direction
    isMoving: bool


class PlayerPosition(Payload):
    """Where a player is, and how it looks."""

    id: Id
    nickname: Nickname
    x: float
    y: float
    direction: Direction
    isMoving: bool
    avatarColor: AvatarColor | MISSING = MISSING


class ProximityChanged(Event):
    """Whether proximity talk is on."""

    event_name: ClassVar[str] = "proximity:changed"

    spaceId: Id
    enabled: bool


class ProximitySet(Event):
    """OWNER or STAFF switches proximity talk."""

    event_name: ClassVar[str] = "proximity:set"

    enabled: bool


class RoomJoined(Event):
    """The space one has entered, and who is in it."""

    event_name: ClassVar[str] = "room:joined"

    spaceId: Id
    players: Annotated[Sequence[PlayerPosition], Field(max_length=500)]
    yourPlayerId: Id


SessionToken = TypeAliasType(
    "SessionToken",
    Annotated[
        str,
        Field(
            description="Opaque; its prefix says what it is: guest-*, auth-* or dev-*. A missing token is an invalid session, not an invalid payload.",
            max_length=512,
        ),
    ],
)


class WhisperReceived(Event):
    """What was whispered, and by whom."""

    event_name: ClassVar[str] = "whisper:received"

    senderId: Id
    senderName: Nickname
    content: Content


class WhisperSend(Event):
    """A player says something to one other."""

    event_name: ClassVar[str] = "whisper:send"

    targetId: Id
    content: Content


class ChatMessageData(Payload):
    """Something said, as others hear it."""

    id: Id
    senderId: Id
    senderNickname: Nickname
    content: Content
    timestamp: EpochMilliseconds
    type: Literal["message", "whisper", "party", "system"]
    targetId: Id | MISSING = MISSING
    partyId: Id | MISSING = MISSING
    partyName: PartyName | MISSING = MISSING


class ChatMessageRequest(Event):
    """A player says something."""

    event_name: ClassVar[str] = "chat:message"

    content: Content
    type: Literal["message", "party"] | MISSING = MISSING


class JoinParty(Event):
    """A player walks into a zone."""

    event_name: ClassVar[str] = "joinParty"

    partyId: Id
    partyName: PartyName


class JoinSpace(Event):
    """A player asks to enter a space."""

    event_name: ClassVar[str] = "join:space"

    spaceId: Id
    playerId: Id
    nickname: Nickname
    avatarColor: AvatarColor
    sessionToken: SessionToken | MISSING = MISSING


class PartyCreate(Event):
    """A player founds a party."""

    event_name: ClassVar[str] = "party:create"

    name: PartyName


class PartyInvited(Event):
    """Who invites one to which party."""

    event_name: ClassVar[str] = "party:invited"

    partyId: Id
    partyName: PartyName
    inviterId: Id


class LeaveSpace(Event):
    """Leave the space."""

    event_name: ClassVar[str] = "leave:space"


class PartyAccept(PartyRef, Event):
    """Accept an invitation."""

    event_name: ClassVar[str] = "party:accept"


class PartyDecline(PartyRef, Event):
    """Decline an invitation."""

    event_name: ClassVar[str] = "party:decline"


class PartyLeave(PartyRef, Event):
    """Leave one's party."""

    event_name: ClassVar[str] = "party:leave"


class LeaveParty(Event):
    """Leave the zone."""

    event_name: ClassVar[str] = "leaveParty"


class PlayerJoined(PlayerPosition, Event):
    """Somebody entered the space."""

    event_name: ClassVar[str] = "player:joined"


class PlayerMoved(PlayerPosition, Event):
    """Somebody is now here."""

    event_name: ClassVar[str] = "player:moved"


class ChatMessageEvent(ChatMessageData, Event):
    """Somebody said something."""

    event_name: ClassVar[str] = "chat:message"


class ChatSystem(ChatMessageData, Event):
    """The space itself says something."""

    event_name: ClassVar[str] = "chat:system"


class ProximityError(ErrorMessage, Event):
    """You may not set proximity."""

    event_name: ClassVar[str] = "proximity:error"


class Error(ErrorMessage, Event):
    """What you asked for was refused."""

    event_name: ClassVar[str] = "error"


Inbound: TypeAlias = (
    JoinSpace
    | LeaveSpace
    | PlayerMove
    | PlayerJump
    | ChatMessageRequest
    | WhisperSend
    | PartyCreate
    | PartyInvite
    | PartyAccept
    | PartyDecline
    | PartyLeave
    | PartyMessageRequest
    | ProximitySet
    | JoinParty
    | LeaveParty
)
Outbound: TypeAlias = (
    RoomJoined
    | PlayerJoined
    | PlayerLeft
    | PlayerMoved
    | PlayerJumped
    | ChatMessageEvent
    | ChatSystem
    | WhisperReceived
    | PartyInvited
    | PartyJoined
    | PartyMessageEvent
    | PartyMemberLeft
    | ProximityChanged
    | ProximityError
    | Error
)

OPERATIONS = (
    Operation(
        id="onJoinSpace",
        action=Action.RECEIVE,
        event=JoinSpace,
        schema="JoinSpace",
        summary="Enter a space",
        requires=(
            Condition.parse("admitted"),
            Condition.parse("not full"),
        ),
        triggers=(
            Trigger(
                operation="emitPlayerLeft",
                to=Audience.OTHERS,
                within_ms=1000,
                room="space:{sender.spaceId}",
                when=(Condition.parse("joined"),),
                where={"id": "{sender.id}"},
                requirement="space/join/4",
            ),
            Trigger(
                operation="emitChatSystem",
                to=Audience.OTHERS,
                within_ms=1000,
                room="space:{sender.spaceId}",
                when=(Condition.parse("joined"),),
                where={"type": "system"},
                requirement="space/join/4",
            ),
            Trigger(
                operation="emitPartyMemberLeft",
                to=Audience.OTHERS,
                within_ms=1000,
                room="party:{sender.partyId}",
                when=(
                    Condition.parse("joined"),
                    Condition.parse("in-party"),
                ),
                where={"partyId": "{sender.partyId}", "memberId": "{sender.id}"},
                requirement="space/join/4",
            ),
            Trigger(
                operation="emitPartyMemberLeft",
                to=Audience.OTHERS,
                within_ms=1000,
                room="zone:{sender.spaceId}/{sender.zoneId}",
                when=(
                    Condition.parse("joined"),
                    Condition.parse("in-zone"),
                ),
                where={"partyId": "{sender.zoneId}", "memberId": "{sender.id}"},
                requirement="space/join/4",
            ),
            Trigger(
                operation="emitError",
                to=Audience.USER,
                within_ms=1000,
                user="{session.id}",
                when=(Condition.parse("session-in-use"),),
                disconnects=True,
                requirement="space/join/3",
            ),
            Trigger(
                operation="emitRoomJoined",
                to=Audience.SENDER,
                within_ms=1000,
                where={"spaceId": "{payload.spaceId}", "yourPlayerId": "{session.id}"},
                requirement="space/join/1",
            ),
            Trigger(
                operation="emitPlayerJoined",
                to=Audience.OTHERS,
                within_ms=1000,
                room="space:{payload.spaceId}",
                when=(Condition.parse("not taking-over"),),
                where={"id": "{session.id}", "nickname": "{session.nickname}", "avatarColor": "{payload.avatarColor}"},
                requirement="space/join/5",
            ),
            Trigger(
                operation="emitChatSystem",
                to=Audience.ROOM,
                within_ms=1000,
                room="space:{payload.spaceId}",
                when=(Condition.parse("not taking-over"),),
                where={"type": "system"},
                requirement="space/join/5",
            ),
            Trigger(
                operation="emitPlayerLeft",
                to=Audience.OTHERS,
                within_ms=1000,
                room="space:{payload.spaceId}",
                when=(Condition.parse("taking-over"),),
                where={"id": "{session.id}"},
                level=Level.MAY,
                requirement="space/join/3",
            ),
            Trigger(
                operation="emitPlayerJoined",
                to=Audience.OTHERS,
                within_ms=1000,
                room="space:{payload.spaceId}",
                when=(Condition.parse("taking-over"),),
                where={"id": "{session.id}"},
                level=Level.MAY,
                requirement="space/join/3",
            ),
            Trigger(
                operation="emitProximityChanged",
                to=Audience.SENDER,
                within_ms=1000,
                where={"spaceId": "{payload.spaceId}"},
                level=Level.SHOULD,
                requirement="space/proximity/3",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError",
                code="E1001",
                when=(Condition.parse("not admitted"),),
                disconnects=True,
                requirement="space/session/1",
            ),
            Refusal(operation="emitError", code="E3009", when=(Condition.parse("full"),)),
        ),
        server_derived=(
            "playerId",
            "nickname",
        ),
        requirements=(
            "space/join/1",
            "space/join/2",
            "space/join/3",
            "space/join/4",
            "space/join/5",
        ),
    ),
    Operation(
        id="onLeaveSpace",
        action=Action.RECEIVE,
        event=LeaveSpace,
        schema=None,
        summary="Leave the space",
        requires=(Condition.parse("joined"),),
        triggers=(
            Trigger(
                operation="emitPlayerLeft",
                to=Audience.OTHERS,
                within_ms=1000,
                room="space:{sender.spaceId}",
                where={"id": "{sender.id}"},
                requirement="space/leave/1",
            ),
            Trigger(
                operation="emitChatSystem",
                to=Audience.OTHERS,
                within_ms=1000,
                room="space:{sender.spaceId}",
                where={"type": "system"},
                requirement="space/leave/1",
            ),
            Trigger(
                operation="emitPartyMemberLeft",
                to=Audience.OTHERS,
                within_ms=1000,
                room="party:{sender.partyId}",
                when=(Condition.parse("in-party"),),
                where={"partyId": "{sender.partyId}", "memberId": "{sender.id}"},
                requirement="space/leave/2",
            ),
            Trigger(
                operation="emitPartyMemberLeft",
                to=Audience.OTHERS,
                within_ms=1000,
                room="zone:{sender.spaceId}/{sender.zoneId}",
                when=(Condition.parse("in-zone"),),
                where={"partyId": "{sender.zoneId}", "memberId": "{sender.id}"},
                requirement="space/zone/2",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
        ),
        requirements=("space/leave/1",),
    ),
    Operation(
        id="onPlayerMove",
        action=Action.RECEIVE,
        event=PlayerMove,
        schema="PlayerMove",
        summary="Say where one is now",
        requires=(Condition.parse("joined"),),
        triggers=(
            Trigger(
                operation="emitPlayerMoved",
                to=Audience.OTHERS,
                within_ms=200,
                room="space:{sender.spaceId}",
                where={
                    "id": "{sender.id}",
                    "nickname": "{sender.nickname}",
                    "avatarColor": "{sender.avatarColor}",
                    "x": "{payload.x}",
                    "y": "{payload.y}",
                    "direction": "{payload.direction}",
                    "isMoving": "{payload.isMoving}",
                },
                requirement="space/move/1",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
        ),
        server_derived=("id",),
        rate_per_second=30,
        rate_requirement="space/move/2",
        requirements=(
            "space/move/1",
            "space/move/2",
        ),
    ),
    Operation(
        id="onPlayerJump",
        action=Action.RECEIVE,
        event=PlayerJump,
        schema="PlayerJump",
        summary="Jump",
        requires=(Condition.parse("joined"),),
        triggers=(
            Trigger(
                operation="emitPlayerJumped",
                to=Audience.OTHERS,
                within_ms=1000,
                room="space:{sender.spaceId}",
                where={"id": "{sender.id}", "x": "{payload.x}", "y": "{payload.y}"},
                requirement="space/jump/1",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
        ),
        server_derived=("id",),
        requirements=("space/jump/1",),
    ),
    Operation(
        id="onChatMessage",
        action=Action.RECEIVE,
        event=ChatMessageRequest,
        schema="ChatMessageRequest",
        summary="Talk to the space, or to the zone one stands in",
        requires=(Condition.parse("joined"),),
        triggers=(
            Trigger(
                operation="emitChatMessage",
                to=Audience.ROOM,
                within_ms=1000,
                room="space:{sender.spaceId}",
                when=(Condition.parse("not zone-talk"),),
                where={
                    "senderId": "{sender.id}",
                    "senderNickname": "{sender.nickname}",
                    "content": "{payload.content|trim}",
                    "type": "message",
                },
                requirement="space/chat/1",
            ),
            Trigger(
                operation="emitChatMessage",
                to=Audience.ROOM,
                within_ms=1000,
                room="zone:{sender.spaceId}/{sender.zoneId}",
                when=(
                    Condition.parse("zone-talk"),
                    Condition.parse("in-zone"),
                ),
                where={
                    "senderId": "{sender.id}",
                    "senderNickname": "{sender.nickname}",
                    "content": "{payload.content|trim}",
                    "type": "party",
                    "partyId": "{sender.zoneId}",
                },
                requirement="space/zone/3",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
            Refusal(
                operation="emitError",
                code="E3006",
                when=(
                    Condition.parse("zone-talk"),
                    Condition.parse("not in-zone"),
                ),
                requirement="space/zone/3",
            ),
        ),
        requirements=(
            "space/chat/1",
            "space/chat/2",
        ),
    ),
    Operation(
        id="onWhisperSend",
        action=Action.RECEIVE,
        event=WhisperSend,
        schema="WhisperSend",
        summary="Say something to one player",
        requires=(
            Condition.parse("joined"),
            Condition.parse("target-here"),
        ),
        triggers=(
            Trigger(
                operation="emitWhisperReceived",
                to=Audience.USER,
                within_ms=1000,
                user="{payload.targetId}",
                where={
                    "senderId": "{sender.id}",
                    "senderName": "{sender.nickname}",
                    "content": "{payload.content|trim}",
                },
                requirement="space/whisper/1",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
            Refusal(
                operation="emitError",
                code="E3003",
                when=(Condition.parse("not target-here"),),
                requirement="space/whisper/2",
            ),
        ),
        requirements=(
            "space/whisper/1",
            "space/whisper/2",
        ),
    ),
    Operation(
        id="onPartyCreate",
        action=Action.RECEIVE,
        event=PartyCreate,
        schema="PartyCreate",
        summary="Found a party",
        requires=(
            Condition.parse("joined"),
            Condition.parse("not in-party"),
        ),
        triggers=(
            Trigger(
                operation="emitPartyJoined",
                to=Audience.SENDER,
                within_ms=1000,
                where={"members": ["{sender.id}"]},
                requirement="space/party/6",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
            Refusal(
                operation="emitError", code="E3004", when=(Condition.parse("in-party"),), requirement="space/party/5"
            ),
        ),
        requirements=(
            "space/party/5",
            "space/party/6",
        ),
    ),
    Operation(
        id="onPartyInvite",
        action=Action.RECEIVE,
        event=PartyInvite,
        schema="PartyInvite",
        summary="Invite a player into one's party",
        requires=(
            Condition.parse("joined"),
            Condition.parse("party-member"),
            Condition.parse("target-here"),
            Condition.parse("not target-in-party"),
        ),
        triggers=(
            Trigger(
                operation="emitPartyInvited",
                to=Audience.USER,
                within_ms=1000,
                user="{payload.targetId}",
                where={"partyId": "{payload.partyId}", "partyName": "{sender.partyName}", "inviterId": "{sender.id}"},
                requirement="space/party/1",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
            Refusal(
                operation="emitError",
                code="E3005",
                when=(Condition.parse("not party-member"),),
                requirement="space/party/1",
            ),
            Refusal(
                operation="emitError",
                code="E3003",
                when=(Condition.parse("not target-here"),),
                requirement="space/party/4",
            ),
            Refusal(
                operation="emitError",
                code="E3004",
                when=(Condition.parse("target-in-party"),),
                requirement="space/party/5",
            ),
        ),
        requirements=(
            "space/party/1",
            "space/party/4",
        ),
    ),
    Operation(
        id="onPartyAccept",
        action=Action.RECEIVE,
        event=PartyAccept,
        schema="PartyRef",
        summary="Accept an invitation",
        requires=(
            Condition.parse("joined"),
            Condition.parse("not in-party"),
            Condition.parse("invited"),
            Condition.parse("not party-full"),
        ),
        triggers=(
            Trigger(
                operation="emitPartyJoined",
                to=Audience.ROOM,
                within_ms=1000,
                room="party:{payload.partyId}",
                where={"partyId": "{payload.partyId}"},
                requirement="space/party/6",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
            Refusal(
                operation="emitError", code="E3004", when=(Condition.parse("in-party"),), requirement="space/party/5"
            ),
            Refusal(
                operation="emitError", code="E3005", when=(Condition.parse("not invited"),), requirement="space/party/2"
            ),
            Refusal(operation="emitError", code="E3009", when=(Condition.parse("party-full"),)),
        ),
        requirements=("space/party/2",),
    ),
    Operation(
        id="onPartyDecline",
        action=Action.RECEIVE,
        event=PartyDecline,
        schema="PartyRef",
        summary="Decline an invitation",
        requires=(
            Condition.parse("joined"),
            Condition.parse("invited"),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
            Refusal(
                operation="emitError", code="E3005", when=(Condition.parse("not invited"),), requirement="space/party/7"
            ),
        ),
        requirements=("space/party/7",),
    ),
    Operation(
        id="onPartyLeave",
        action=Action.RECEIVE,
        event=PartyLeave,
        schema="PartyRef",
        summary="Leave one's party",
        requires=(
            Condition.parse("joined"),
            Condition.parse("party-member"),
        ),
        triggers=(
            Trigger(
                operation="emitPartyMemberLeft",
                to=Audience.OTHERS,
                within_ms=1000,
                room="party:{payload.partyId}",
                where={"partyId": "{payload.partyId}", "memberId": "{sender.id}"},
                requirement="space/party/8",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
            Refusal(
                operation="emitError",
                code="E3005",
                when=(Condition.parse("not party-member"),),
                requirement="space/party/3",
            ),
        ),
        requirements=("space/party/8",),
    ),
    Operation(
        id="onPartyMessage",
        action=Action.RECEIVE,
        event=PartyMessageRequest,
        schema="PartyMessageRequest",
        summary="Talk to one's party",
        requires=(
            Condition.parse("joined"),
            Condition.parse("party-member"),
        ),
        triggers=(
            Trigger(
                operation="emitPartyMessage",
                to=Audience.ROOM,
                within_ms=1000,
                room="party:{payload.partyId}",
                where={
                    "partyId": "{payload.partyId}",
                    "senderId": "{sender.id}",
                    "senderName": "{sender.nickname}",
                    "content": "{payload.content|trim}",
                },
                requirement="space/party/9",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
            Refusal(
                operation="emitError",
                code="E3005",
                when=(Condition.parse("not party-member"),),
                requirement="space/party/3",
            ),
        ),
        requirements=(
            "space/party/3",
            "space/party/9",
        ),
    ),
    Operation(
        id="onProximitySet",
        action=Action.RECEIVE,
        event=ProximitySet,
        schema="ProximitySet",
        summary="Switch proximity talk for the whole space",
        requires=(
            Condition.parse("joined"),
            Condition.parse("staff"),
        ),
        triggers=(
            Trigger(
                operation="emitProximityChanged",
                to=Audience.ROOM,
                within_ms=1000,
                room="space:{sender.spaceId}",
                where={"spaceId": "{sender.spaceId}", "enabled": "{payload.enabled}"},
                requirement="space/proximity/2",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
            Refusal(
                operation="emitProximityError",
                code="E1003",
                when=(Condition.parse("not staff"),),
                requirement="space/proximity/1",
            ),
        ),
        requirements=(
            "space/proximity/1",
            "space/proximity/2",
            "space/proximity/3",
        ),
    ),
    Operation(
        id="onJoinParty",
        action=Action.RECEIVE,
        event=JoinParty,
        schema="JoinParty",
        summary="Enter a party zone of the map",
        requires=(Condition.parse("joined"),),
        triggers=(
            Trigger(
                operation="emitPartyMemberLeft",
                to=Audience.OTHERS,
                within_ms=1000,
                room="zone:{sender.spaceId}/{sender.zoneId}",
                when=(Condition.parse("in-other-zone"),),
                where={"partyId": "{sender.zoneId}", "memberId": "{sender.id}"},
                requirement="space/zone/2",
            ),
            Trigger(
                operation="emitPartyJoined",
                to=Audience.ROOM,
                within_ms=1000,
                room="zone:{sender.spaceId}/{payload.partyId}",
                where={"partyId": "{payload.partyId}"},
                requirement="space/zone/2",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
        ),
        requirements=(
            "space/zone/1",
            "space/zone/2",
        ),
    ),
    Operation(
        id="onLeaveParty",
        action=Action.RECEIVE,
        event=LeaveParty,
        schema=None,
        summary="Leave the zone",
        requires=(
            Condition.parse("joined"),
            Condition.parse("in-zone"),
        ),
        triggers=(
            Trigger(
                operation="emitPartyMemberLeft",
                to=Audience.OTHERS,
                within_ms=1000,
                room="zone:{sender.spaceId}/{sender.zoneId}",
                where={"partyId": "{sender.zoneId}", "memberId": "{sender.id}"},
                requirement="space/zone/2",
            ),
        ),
        refusals=(
            Refusal(operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="space/all/1"),
            Refusal(
                operation="emitError", code="E3002", when=(Condition.parse("not joined"),), requirement="space/join/6"
            ),
            Refusal(
                operation="emitError", code="E3006", when=(Condition.parse("not in-zone"),), requirement="space/zone/3"
            ),
        ),
        requirements=("space/zone/3",),
    ),
    Operation(id="emitRoomJoined", action=Action.SEND, event=RoomJoined, schema="RoomJoined", summary="You are in"),
    Operation(
        id="emitPlayerJoined",
        action=Action.SEND,
        event=PlayerJoined,
        schema="PlayerPosition",
        summary="Somebody entered the space",
    ),
    Operation(
        id="emitPlayerLeft",
        action=Action.SEND,
        event=PlayerLeft,
        schema="PlayerLeft",
        summary="Somebody left the space",
    ),
    Operation(
        id="emitPlayerMoved",
        action=Action.SEND,
        event=PlayerMoved,
        schema="PlayerPosition",
        summary="Somebody is now here",
    ),
    Operation(
        id="emitPlayerJumped", action=Action.SEND, event=PlayerJumped, schema="PlayerJumped", summary="Somebody jumped"
    ),
    Operation(
        id="emitChatMessage",
        action=Action.SEND,
        event=ChatMessageEvent,
        schema="ChatMessageData",
        summary="Somebody said something",
    ),
    Operation(
        id="emitChatSystem",
        action=Action.SEND,
        event=ChatSystem,
        schema="ChatMessageData",
        summary="The space itself says something",
    ),
    Operation(
        id="emitWhisperReceived",
        action=Action.SEND,
        event=WhisperReceived,
        schema="WhisperReceived",
        summary="Somebody whispered to you",
    ),
    Operation(
        id="emitPartyInvited",
        action=Action.SEND,
        event=PartyInvited,
        schema="PartyInvited",
        summary="Somebody invites you",
    ),
    Operation(
        id="emitPartyJoined",
        action=Action.SEND,
        event=PartyJoined,
        schema="PartyJoined",
        summary="Who is in your party or zone now",
    ),
    Operation(
        id="emitPartyMessage",
        action=Action.SEND,
        event=PartyMessageEvent,
        schema="PartyMessageEvent",
        summary="Somebody said something to the party",
    ),
    Operation(
        id="emitPartyMemberLeft",
        action=Action.SEND,
        event=PartyMemberLeft,
        schema="PartyMemberLeft",
        summary="Somebody left your party or zone",
    ),
    Operation(
        id="emitProximityChanged",
        action=Action.SEND,
        event=ProximityChanged,
        schema="ProximityChanged",
        summary="The space's proximity setting",
    ),
    Operation(
        id="emitProximityError",
        action=Action.SEND,
        event=ProximityError,
        schema="ErrorMessage",
        summary="You may not set proximity",
    ),
    Operation(
        id="emitError", action=Action.SEND, event=Error, schema="ErrorMessage", summary="What you asked for was refused"
    ),
)

REQUIREMENTS = (
    Requirement(
        address="space/all/1",
        level=Level.MUST,
        text="A payload that breaks its schema changes nothing and reaches nobody else; its sender learns of it (the failing ack where the operation has one, else the protocol's error event); the connection stays open and other clients notice nothing.",
    ),
    Requirement(
        address="space/all/2",
        level=Level.MUST,
        text="An event name that the protocol does not know gets the same treatment as a payload that breaks its schema.",
    ),
    Requirement(
        address="space/all/3",
        level=Level.MUST,
        text="Everything the server emits, and every ack, is valid against its schema, with no fields beyond it.",
    ),
    Requirement(
        address="space/all/4",
        level=Level.MUST,
        text="Identity comes from the verified session alone. An id, nickname, role or timestamp that the client put into a payload never overrides it.",
    ),
    Requirement(
        address="space/all/5",
        level=Level.MUST,
        text="Nothing said in one room, conversation, party or to one user is ever heard outside it, also not by a member who has left, been disconnected or was never admitted.",
    ),
    Requirement(
        address="space/all/6",
        level=Level.MUST,
        text="What one client emits is handled in the order it was emitted, and two receivers of the same two broadcasts of one sender hear them in the same order.",
    ),
    Requirement(
        address="space/all/7", level=Level.MUST, text="Each broadcast reaches every present member exactly once."
    ),
    Requirement(
        address="space/all/8",
        level=Level.MUST,
        text="When a socket goes away, politely or not, its rooms, parties, typing and presence are cleaned up and those who must hear of it do, within pingInterval + pingTimeout (25 s + 60 s) for a silent death and 1 s for a clean one.",
    ),
    Requirement(
        address="space/all/9",
        level=Level.MUST,
        text="A handshake without valid credentials (where the protocol wants any) is refused with a Socket.IO connect error; nothing is delivered to that socket before or after.",
    ),
    Requirement(
        address="space/all/10",
        level=Level.MUST,
        text="A message over 1 MB (maxHttpBufferSize 1e6) closes only its own connection.",
    ),
    Requirement(
        address="space/all/11",
        level=Level.SHOULD,
        text='More than 100 connection attempts a minute from one address are refused with "Rate limit exceeded".',
    ),
    Requirement(
        address="space/all/12",
        level=Level.MUST,
        text="No error, refusal or failing ack shows a secret, a stack trace, what is inside the server, or what only somebody else may know.",
    ),
    Requirement(
        address="space/http/1",
        level=Level.MUST,
        text="GET /health answers 200 while the process is up: status, uptime in seconds, timestamp, environment, connection count.",
    ),
    Requirement(
        address="space/http/2",
        level=Level.MUST,
        text="GET /ready answers 200 only when every dependency answers, else 503 naming the one that does not.",
    ),
    Requirement(
        address="space/http/3",
        level=Level.MUST,
        text="Browsers of the configured origins, and of no others, are allowed by CORS.",
    ),
    Requirement(
        address="space/http/4",
        level=Level.MUST,
        text="Every HTTP response carries security headers: nosniff, frame-options, referrer-policy, a content security policy, and HSTS under TLS.",
    ),
    Requirement(
        address="space/session/1",
        level=Level.MUST,
        text="In production a join whose session token is missing or invalid is refused with `error`, after which the socket is disconnected. A `dev-*` token is invalid there.",
    ),
    Requirement(
        address="space/session/2",
        level=Level.MUST,
        text="In development a join whose token is missing or invalid, or is a `dev-*` token, goes on under the client's playerId.",
    ),
    Requirement(
        address="space/session/3",
        level=Level.MUST,
        text="Only the mode may switch how sessions are verified; no other setting may weaken it.",
    ),
    Requirement(
        address="space/session/4",
        level=Level.MUST,
        text="Where an external verify URL is configured it has 3 s to answer; in production its failure counts as an invalid session.",
    ),
    Requirement(
        address="space/guest/1",
        level=Level.MUST,
        text="POST /api/guest {spaceId, nickname, avatarColor?} answers 201 {sessionToken, participantId, nickname}; the token begins with `guest-` and opens that space.",
    ),
    Requirement(
        address="space/guest/2",
        level=Level.MUST,
        text="POST /api/guest/verify {sessionToken, spaceId} answers 200 {valid, participantId?, nickname?, role?, error?}; a token is not valid for another space.",
    ),
    Requirement(
        address="space/guest/3",
        level=Level.MUST,
        text="POST /api/guest/event {sessionToken, spaceId, eventType, payload?} with eventType ENTER, EXIT or CHAT is logged.",
    ),
    Requirement(
        address="space/guest/4",
        level=Level.MUST,
        text="DELETE /api/spaces/{spaceId}/visit with an auth-token as bearer records EXIT for that user.",
    ),
    Requirement(
        address="space/guest/5",
        level=Level.MUST,
        text="GET /api/spaces/{spaceId}/events answers the event log to OWNER and STAFF of that space, and to nobody else.",
    ),
    Requirement(
        address="space/join/6",
        level=Level.MUST,
        text="Moving, jumping, chatting, whispering, parties, zones and proximity before a join are refused with `error` and change nothing.",
    ),
    Requirement(
        address="space/leave/2",
        level=Level.MUST,
        text="A party membership ends with leaving or disconnecting, and the remaining members hear of it.",
    ),
    Requirement(address="space/leave/3", level=Level.MUST, text="An empty party and an empty space are forgotten."),
    Requirement(
        address="space/log/1",
        level=Level.MUST,
        text="ENTER is logged on join, EXIT on leave and on disconnect, for guests and for signed-in users each by its own path.",
    ),
    Requirement(address="space/log/2", level=Level.MUST, text="Nothing is logged for `dev-*` sessions."),
    Requirement(
        address="space/log/3", level=Level.MUST, text="A failing log call does not delay or prevent the leave."
    ),
    Requirement(address="space/log/4", level=Level.MUST, text="Stays over 24 hours are left out of the statistics."),
    Requirement(
        address="space/metrics/1",
        level=Level.MUST,
        text="GET /metrics answers JSON: server, version, timestamp, uptime, connections with rooms, parties, process memory and storage.",
    ),
    Requirement(
        address="space/metrics/2",
        level=Level.MUST,
        text="GET /metrics answers Prometheus text where the client accepts text/plain.",
    ),
    Requirement(
        address="space/operations/1",
        level=Level.MUST,
        text="Logs are JSON lines {timestamp, level, code?, message, context}; codes are E1xxx authentication, E2xxx connection, E3xxx event, E4xxx external; level debug appears in development only.",
    ),
    Requirement(
        address="space/operations/2",
        level=Level.MUST,
        text="A configured webhook gets every error-level log, and authentication failures from 10 a minute on; it never blocks the server and is retried.",
    ),
    Requirement(
        address="space/join/1",
        level=Level.MUST,
        text="`yourPlayerId` is the id derived from the verified session, and every later event of this socket carries it, whatever id the client sends.",
    ),
    Requirement(
        address="space/join/2",
        level=Level.MUST,
        text="`players` includes the joiner and exactly those now in the space, each at its last known position.",
    ),
    Requirement(
        address="space/join/3",
        level=Level.MUST,
        text="A second socket that joins with the same session takes the place of the first: the first gets `error` and is disconnected, others see no duplicate player.",
    ),
    Requirement(
        address="space/join/4",
        level=Level.MUST,
        text="Joining another space leaves the first, with all that leaving does.",
    ),
    Requirement(
        address="space/join/5",
        level=Level.MUST,
        text="The others in the space hear `player:joined`, and everybody in it a `chat:system`.",
    ),
    Requirement(
        address="space/leave/1",
        level=Level.MUST,
        text="Leaving and disconnecting both give `player:left` once, and a `chat:system`, to the rest.",
    ),
    Requirement(
        address="space/move/1",
        level=Level.MUST,
        text="`player:moved` carries the sender's stored nickname and avatar, and reaches the others within 200 ms.",
    ),
    Requirement(
        address="space/move/2",
        level=Level.SHOULD,
        text="Moves are limited to 30 a second per player; the surplus is dropped silently, and the last position always wins.",
    ),
    Requirement(
        address="space/jump/1",
        level=Level.MUST,
        text="`player:jumped` reaches the others under the sender's verified id.",
    ),
    Requirement(
        address="space/chat/1",
        level=Level.MUST,
        text="`chat:message` reaches everybody in the space, the sender too, with the sender's verified id and nickname.",
    ),
    Requirement(
        address="space/chat/2",
        level=Level.MUST,
        text="Content has 1 to 1000 characters, is not blank, and is delivered trimmed.",
    ),
    Requirement(
        address="space/whisper/1", level=Level.MUST, text="A whisper is heard by its target, and by nobody else."
    ),
    Requirement(
        address="space/whisper/2",
        level=Level.MUST,
        text="A whisper to an unknown id, to someone in another space or to oneself is an `error`, delivered to nobody.",
    ),
    Requirement(address="space/party/5", level=Level.MUST, text="A player is in at most one party."),
    Requirement(
        address="space/party/6",
        level=Level.MUST,
        text="`party:joined` names all members, to the founder when the party is founded and to every member when one enters.",
    ),
    Requirement(
        address="space/party/1",
        level=Level.MUST,
        text="Only a member may invite, and only the invited player hears of it.",
    ),
    Requirement(address="space/party/4", level=Level.MUST, text="Inviting someone in another space is refused."),
    Requirement(address="space/party/2", level=Level.MUST, text="Only an invited player may accept, once."),
    Requirement(
        address="space/party/7", level=Level.MUST, text="Declining ends the invitation, and nobody hears of it."
    ),
    Requirement(address="space/party/8", level=Level.MUST, text="The remaining members hear `party:member_left`."),
    Requirement(address="space/party/3", level=Level.MUST, text="Only a member may speak or leave."),
    Requirement(
        address="space/party/9",
        level=Level.MUST,
        text="A party message is heard by all members, the sender too, and by nobody else.",
    ),
    Requirement(
        address="space/proximity/1",
        level=Level.MUST,
        text="A PARTICIPANT who sets proximity gets `proximity:error`, and others hear nothing.",
    ),
    Requirement(
        address="space/proximity/2",
        level=Level.MUST,
        text="When OWNER or STAFF sets proximity, everybody in the space hears `proximity:changed`.",
    ),
    Requirement(
        address="space/proximity/3", level=Level.SHOULD, text="A newcomer learns the present setting on joining."
    ),
    Requirement(
        address="space/zone/1",
        level=Level.MUST,
        text="Being in a zone does not make one a member of the party of that id, nor the reverse.",
    ),
    Requirement(
        address="space/zone/2",
        level=Level.MUST,
        text="Those in a zone hear `party:joined` with all who are in it when one enters, and `party:member_left` when one leaves. A player is in at most one zone.",
    ),
    Requirement(
        address="space/zone/3",
        level=Level.MUST,
        text="Talk of type party is `chat:message` of type party, heard by those in the sender's zone and by nobody else; outside a zone it is refused, and so is leaving one.",
    ),
)

# fmt: off
SCHEMAS: dict[str, JsonSchema] = {
    'EpochMilliseconds': {'type': 'integer', 'minimum': 0, 'maximum': 9007199254740991},
    'Id': {'type': 'string', 'minLength': 1, 'maxLength': 64},
    'AvatarColor': {'type': 'string', 'enum': ['default', 'red', 'green', 'purple', 'orange', 'pink', 'yellow', 'blue']},
    'ChatMessageData': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'senderId', 'senderNickname', 'content', 'timestamp', 'type'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'senderId': {'$ref': '#/$defs/Id'}, 'senderNickname': {'$ref': '#/$defs/Nickname'}, 'content': {'$ref': '#/$defs/Content'}, 'timestamp': {'$ref': '#/$defs/EpochMilliseconds'}, 'type': {'type': 'string', 'enum': ['message', 'whisper', 'party', 'system']}, 'targetId': {'$ref': '#/$defs/Id'}, 'partyId': {'$ref': '#/$defs/Id'}, 'partyName': {'$ref': '#/$defs/PartyName'}}},
    'ChatMessageRequest': {'type': 'object', 'additionalProperties': False, 'required': ['content'], 'properties': {'content': {'$ref': '#/$defs/Content'}, 'type': {'type': 'string', 'enum': ['message', 'party']}}},
    'Content': {'type': 'string', 'minLength': 1, 'maxLength': 1000, 'pattern': '\\S'},
    'Direction': {'type': 'string', 'enum': ['up', 'down', 'left', 'right']},
    'ErrorMessage': {'type': 'object', 'additionalProperties': False, 'required': ['message'], 'properties': {'message': {'type': 'string', 'minLength': 1, 'maxLength': 500}}},
    'JoinParty': {'type': 'object', 'additionalProperties': False, 'required': ['partyId', 'partyName'], 'properties': {'partyId': {'$ref': '#/$defs/Id'}, 'partyName': {'$ref': '#/$defs/PartyName'}}},
    'JoinSpace': {'type': 'object', 'additionalProperties': False, 'required': ['spaceId', 'playerId', 'nickname', 'avatarColor'], 'properties': {'spaceId': {'$ref': '#/$defs/Id'}, 'playerId': {'$ref': '#/$defs/Id'}, 'nickname': {'$ref': '#/$defs/Nickname'}, 'avatarColor': {'$ref': '#/$defs/AvatarColor'}, 'sessionToken': {'$ref': '#/$defs/SessionToken'}}},
    'Nickname': {'type': 'string', 'minLength': 1, 'maxLength': 20, 'pattern': '\\S'},
    'PartyCreate': {'type': 'object', 'additionalProperties': False, 'required': ['name'], 'properties': {'name': {'$ref': '#/$defs/PartyName'}}},
    'PartyInvite': {'type': 'object', 'additionalProperties': False, 'required': ['partyId', 'targetId'], 'properties': {'partyId': {'$ref': '#/$defs/Id'}, 'targetId': {'$ref': '#/$defs/Id'}}},
    'PartyInvited': {'type': 'object', 'additionalProperties': False, 'required': ['partyId', 'partyName', 'inviterId'], 'properties': {'partyId': {'$ref': '#/$defs/Id'}, 'partyName': {'$ref': '#/$defs/PartyName'}, 'inviterId': {'$ref': '#/$defs/Id'}}},
    'PartyJoined': {'type': 'object', 'additionalProperties': False, 'required': ['partyId', 'members'], 'properties': {'partyId': {'$ref': '#/$defs/Id'}, 'members': {'type': 'array', 'minItems': 1, 'maxItems': 500, 'uniqueItems': True, 'items': {'$ref': '#/$defs/Id'}}}},
    'PartyMemberLeft': {'type': 'object', 'additionalProperties': False, 'required': ['partyId', 'memberId'], 'properties': {'partyId': {'$ref': '#/$defs/Id'}, 'memberId': {'$ref': '#/$defs/Id'}}},
    'PartyMessageEvent': {'type': 'object', 'additionalProperties': False, 'required': ['partyId', 'senderId', 'senderName', 'content'], 'properties': {'partyId': {'$ref': '#/$defs/Id'}, 'senderId': {'$ref': '#/$defs/Id'}, 'senderName': {'$ref': '#/$defs/Nickname'}, 'content': {'$ref': '#/$defs/Content'}}},
    'PartyMessageRequest': {'type': 'object', 'additionalProperties': False, 'required': ['partyId', 'content'], 'properties': {'partyId': {'$ref': '#/$defs/Id'}, 'content': {'$ref': '#/$defs/Content'}}},
    'PartyName': {'type': 'string', 'minLength': 1, 'maxLength': 30, 'pattern': '\\S'},
    'PartyRef': {'type': 'object', 'additionalProperties': False, 'required': ['partyId'], 'properties': {'partyId': {'$ref': '#/$defs/Id'}}},
    'PlayerJump': {'type': 'object', 'additionalProperties': False, 'required': ['x', 'y'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'x': {'type': 'number'}, 'y': {'type': 'number'}}},
    'PlayerJumped': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'x', 'y'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'x': {'type': 'number'}, 'y': {'type': 'number'}}},
    'PlayerLeft': {'type': 'object', 'additionalProperties': False, 'required': ['id'], 'properties': {'id': {'$ref': '#/$defs/Id'}}},
    'PlayerMove': {'type': 'object', 'additionalProperties': False, 'required': ['x', 'y', 'direction', 'isMoving'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'x': {'type': 'number'}, 'y': {'type': 'number'}, 'direction': {'$ref': '#/$defs/Direction'}, 'isMoving': {'type': 'boolean'}}},
    'PlayerPosition': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'nickname', 'x', 'y', 'direction', 'isMoving'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'nickname': {'$ref': '#/$defs/Nickname'}, 'x': {'type': 'number'}, 'y': {'type': 'number'}, 'direction': {'$ref': '#/$defs/Direction'}, 'isMoving': {'type': 'boolean'}, 'avatarColor': {'$ref': '#/$defs/AvatarColor'}}},
    'ProximityChanged': {'type': 'object', 'additionalProperties': False, 'required': ['spaceId', 'enabled'], 'properties': {'spaceId': {'$ref': '#/$defs/Id'}, 'enabled': {'type': 'boolean'}}},
    'ProximitySet': {'type': 'object', 'additionalProperties': False, 'required': ['enabled'], 'properties': {'enabled': {'type': 'boolean'}}},
    'RoomJoined': {'type': 'object', 'additionalProperties': False, 'required': ['spaceId', 'players', 'yourPlayerId'], 'properties': {'spaceId': {'$ref': '#/$defs/Id'}, 'players': {'type': 'array', 'maxItems': 500, 'items': {'$ref': '#/$defs/PlayerPosition'}}, 'yourPlayerId': {'$ref': '#/$defs/Id'}}},
    'SessionToken': {'type': 'string', 'maxLength': 512},
    'WhisperReceived': {'type': 'object', 'additionalProperties': False, 'required': ['senderId', 'senderName', 'content'], 'properties': {'senderId': {'$ref': '#/$defs/Id'}, 'senderName': {'$ref': '#/$defs/Nickname'}, 'content': {'$ref': '#/$defs/Content'}}},
    'WhisperSend': {'type': 'object', 'additionalProperties': False, 'required': ['targetId', 'content'], 'properties': {'targetId': {'$ref': '#/$defs/Id'}, 'content': {'$ref': '#/$defs/Content'}}},
}
# fmt: on

PROTOCOL = Protocol(
    name="space",
    title="A shared 2D space. Players move, jump, chat, whisper, form parties and meet in zones of the map.",
    namespace="/space",
    operations=OPERATIONS,
    requirements=REQUIREMENTS,
    disconnect="onLeaveSpace",
    conditions={
        "joined": "the sender is in a space",
        "admitted": "the session token is valid for the named space, or the server runs in development",
        "full": "the named space holds 500 players already",
        "session-in-use": "the same session is in a space through another socket",
        "taking-over": "the same session is in the named space through another socket",
        "staff": "the sender is OWNER or STAFF of its space",
        "target-here": "targetId is somebody else in the sender's space",
        "target-in-party": "targetId is a member of the named party already",
        "in-party": "the sender is in a party",
        "party-member": "the sender is in the party that partyId names",
        "party-full": "the named party has 50 members already",
        "invited": "the sender holds an unused invitation to the party that partyId names, and that party still exists",
        "zone-talk": "the payload's type is party",
        "in-zone": "the sender is in a zone",
        "in-other-zone": "the sender is in a zone other than the one that partyId names",
    },
    schemas=SCHEMAS,
)
