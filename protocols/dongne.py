"""dongne: 동네물어봐, questions in a neighbourhood of Jeju. Who is near hears of a question first, and answers it while the asker waits.

Generated from spec/protocols/dongne.yaml by `rehearsal spec generate`. Do not edit.
"""

# ruff: noqa: E501, RUF100 -- tables stand in single lines

from __future__ import annotations

from collections.abc import Sequence
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

EpochMilliseconds = TypeAliasType(
    "EpochMilliseconds",
    Annotated[int, Field(description="Milliseconds since 1970-01-01T00:00:00Z.", ge=0, le=9007199254740991)],
)


Id = TypeAliasType("Id", Annotated[str, Field(description="An opaque identifier.", max_length=64, min_length=1)])


class AnswerAccepted(Event):
    """Which answer was accepted."""

    event_name: ClassVar[str] = "answer_accepted"

    answerId: Id
    questionId: Id


class AnswerRef(Payload):
    """Names an answer."""

    answerId: Id


AnswerText = TypeAliasType(
    "AnswerText", Annotated[str, Field(description="An answer in words.", max_length=1000, min_length=1, pattern="\\S")]
)


Category = TypeAliasType(
    "Category",
    Annotated[str, Field(description="The field of a question.", max_length=50, min_length=1, pattern="\\S")],
)


Content = TypeAliasType("Content", Annotated[str, Field(description="The rest of a question.", max_length=1000)])


class DongneClaims(Payload):
    """What the token says of who holds it."""

    model_config = ConfigDict(extra="allow")

    userId: Id
    iat: int | MISSING = MISSING
    exp: int | MISSING = MISSING


class ErrorMessage(Payload):
    """Why something was refused."""

    message: Annotated[str, Field(max_length=500, min_length=1)]


Hashtag = TypeAliasType(
    "Hashtag",
    Annotated[
        str, Field(description="A subject, with # in front or without.", max_length=30, min_length=1, pattern="\\S")
    ],
)


ImageUrl = TypeAliasType(
    "ImageUrl", Annotated[str, Field(description="Where a picture is.", max_length=500, pattern="^https?://")]
)


Latitude = TypeAliasType("Latitude", Annotated[float, Field(description="Degrees north.", ge=-90.0, le=90.0)])


Longitude = TypeAliasType("Longitude", Annotated[float, Field(description="Degrees east.", ge=-180.0, le=180.0)])


class MessageStatus(Event):
    """How far an answer has come."""

    event_name: ClassVar[str] = "message_status"

    answerId: Id
    status: Literal["sent", "delivered", "read"]


Nickname = TypeAliasType(
    "Nickname",
    Annotated[str, Field(description="What others call a user.", max_length=20, min_length=1, pattern="\\S")],
)


class NotificationData(Payload):
    """What a notification is about; points are those it gave, and all that its reader has now."""

    questionId: Id | MISSING = MISSING
    answerId: Id | MISSING = MISSING
    points: Annotated[int | MISSING, Field(ge=0)] = MISSING
    totalPoints: Annotated[int | MISSING, Field(ge=0)] = MISSING


Percentage = TypeAliasType("Percentage", Annotated[float, Field(description="A part of a hundred.", ge=0.0, le=100.0)])


class QuestionRef(Payload):
    """Names a question."""

    questionId: Id


RegionCode = TypeAliasType(
    "RegionCode",
    Annotated[
        Literal["애월", "한림", "제주시", "조천", "구좌", "성산", "표선", "남원", "서귀포", "안덕", "대정"],
        Field(description="One of the eleven regions of Jeju."),
    ],
)


class ResponseTimes(Payload):
    """How soon some questions got their first answer: the average in milliseconds, rates as parts of a hundred of all that were asked."""

    questionCount: Annotated[int, Field(ge=0)]
    answeredCount: Annotated[int, Field(ge=0)]
    averageTime: Annotated[float, Field(ge=0.0)]
    under1MinCount: Annotated[int, Field(ge=0)]
    under5MinCount: Annotated[int, Field(ge=0)]
    under10MinCount: Annotated[int, Field(ge=0)]
    under1MinRate: Percentage
    under5MinRate: Percentage
    under10MinRate: Percentage


class SlowResponseAlert(Event):
    """Which question waits, and for how many milliseconds."""

    event_name: ClassVar[str] = "slow_response_alert"

    questionId: Id
    responseTime: Annotated[int, Field(ge=0)]
    message: Annotated[str, Field(max_length=500, min_length=1)]
    urgency: Literal["high"]


Timestamp = TypeAliasType("Timestamp", Annotated[str, Field(description="A moment in UTC, ISO 8601.")])


Title = TypeAliasType(
    "Title", Annotated[str, Field(description="A question in a line.", max_length=100, min_length=1, pattern="\\S")]
)


Urgency = TypeAliasType(
    "Urgency", Annotated[Literal["normal", "urgent"], Field(description="Whether a question can wait.")]
)


class UserRef(Payload):
    """A user, as others see them."""

    id: Id
    nickname: Nickname


class UserStopTyping(Event):
    """Who writes no longer, and where."""

    event_name: ClassVar[str] = "user_stop_typing"

    userId: Id
    questionId: Id


class UserTyping(Event):
    """Who writes, and where."""

    event_name: ClassVar[str] = "user_typing"

    userId: Id
    username: Nickname
    questionId: Id


class Answer(Payload):
    """An answer, as it is kept."""

    id: Id
    questionId: Id
    userId: Id
    user: UserRef
    content: AnswerText
    images: Annotated[Sequence[ImageUrl], Field(max_length=5)]
    isAccepted: bool
    createdAt: Timestamp


class AnswerCreated(Event):
    """The answer that one gave."""

    event_name: ClassVar[str] = "answer_created"

    answer: Answer


class AnswerPreview(Payload):
    """How an answer begins."""

    id: Id
    preview: Annotated[str, Field(max_length=100, min_length=1)]
    user: UserRef
    createdAt: Timestamp


class CreateAnswer(Event):
    """A user answers."""

    event_name: ClassVar[str] = "create_answer"

    questionId: Id
    content: AnswerText
    images: Annotated[Sequence[ImageUrl] | MISSING, Field(max_length=5)] = MISSING


class HeardAnswer(Payload):
    """An answer, as those in the room hear it."""

    id: Id
    content: AnswerText
    user: UserRef
    createdAt: Timestamp
    images: Annotated[Sequence[ImageUrl], Field(max_length=5)]


class Location(Payload):
    """Where a question is about."""

    lat: Latitude
    lng: Longitude


class LocationData(Payload):
    """Where somebody is; accuracy is in metres."""

    latitude: Latitude
    longitude: Longitude
    accuracy: Annotated[float | MISSING, Field(ge=0.0)] = MISSING


class MetricsByRegion(Payload):
    """How soon questions are answered, region by region."""

    애월: ResponseTimes
    한림: ResponseTimes
    제주시: ResponseTimes
    조천: ResponseTimes
    구좌: ResponseTimes
    성산: ResponseTimes
    표선: ResponseTimes
    남원: ResponseTimes
    서귀포: ResponseTimes
    안덕: ResponseTimes
    대정: ResponseTimes


class MetricsUpdate(Event):
    """How the service does; response times are in milliseconds, those of first answers."""

    event_name: ClassVar[str] = "metrics-update"

    connectedUsers: Annotated[int, Field(ge=0)]
    totalMessages: Annotated[int, Field(ge=0)]
    messageRate: Annotated[float, Field(ge=0.0)]
    errorRate: Percentage
    averageResponseTime: Annotated[float, Field(ge=0.0)]
    under10MinuteResponseRate: Percentage
    under5MinuteResponseRate: Percentage
    under1MinuteResponseRate: Percentage
    overall: ResponseTimes
    urgent: ResponseTimes
    locationBasedResponseTime: MetricsByRegion
    urgentQuestionResponseTime: Annotated[float, Field(ge=0.0)]
    activeRooms: Annotated[int, Field(ge=0)]
    timestamp: Timestamp


class NearbyQuestion(Payload):
    """A question of the last hour; its distance is in metres."""

    id: Id
    title: Title
    distance: Annotated[float, Field(ge=0.0)]
    urgency: Urgency
    createdAt: Timestamp


class NearbyQuestionsUpdate(Event):
    """What was asked around a position, the nearest first."""

    event_name: ClassVar[str] = "nearby_questions_update"

    location: LocationData
    questions: Annotated[Sequence[NearbyQuestion], Field(max_length=5)]


class NewAnswer(Event):
    """The answer that somebody gave."""

    event_name: ClassVar[str] = "new_answer"

    answer: HeardAnswer


class Notification(Event):
    """Something that happened to its reader; priority 1 is critical, 4 low."""

    event_name: ClassVar[str] = "notification"

    id: Id
    type: Annotated[str, Field(max_length=50, min_length=1)]
    title: Annotated[str, Field(max_length=100, min_length=1)]
    message: Annotated[str, Field(max_length=1000)]
    data: NotificationData
    priority: Annotated[int, Field(ge=1, le=4)]
    timestamp: Timestamp
    sound: Literal["urgent", "normal", "silent"]


class Presence(Payload):
    """Who came or went, and when."""

    userId: Id
    timestamp: Timestamp


class Question(Payload):
    """A question, as it is kept. It has a region where it is about a place on the island."""

    id: Id
    userId: Id
    title: Title
    content: Content
    location: Location
    regionCode: RegionCode | MISSING = MISSING
    hashtags: Annotated[Sequence[Hashtag], Field(max_length=5)]
    category: Category | MISSING = MISSING
    urgency: Urgency
    createdAt: Timestamp


class QuestionCreated(Event):
    """The question that was asked."""

    event_name: ClassVar[str] = "question_created"

    question: Question


class QuestionMessages(Event):
    """All answers to a question, the oldest first."""

    event_name: ClassVar[str] = "question_messages"

    questionId: Id
    messages: Annotated[Sequence[Answer], Field(max_length=500)]


class QuestionSummary(Payload):
    """What a notification says of a question."""

    id: Id
    title: Title
    location: Location
    hashtags: Annotated[Sequence[Hashtag], Field(max_length=5)]
    urgency: Urgency
    createdAt: Timestamp


class RoomUsers(Event):
    """Everybody who is in the room of a question now."""

    event_name: ClassVar[str] = "room_users"

    questionId: Id
    users: Annotated[Sequence[UserRef], Field(max_length=10000, min_length=1)]


class SyncUnreadMessages(Event):
    """Until when somebody has heard everything, as ISO 8601 or in milliseconds since the epoch."""

    event_name: ClassVar[str] = "sync_unread_messages"

    lastSyncTimestamp: Timestamp | EpochMilliseconds


class UnreadMessages(Event):
    """Answers to one's questions, the oldest first, and until when these are all."""

    event_name: ClassVar[str] = "unread_messages"

    messages: Annotated[Sequence[Answer], Field(max_length=2000)]
    syncedAt: Timestamp


class AnswerNotification(Event):
    """Which question was answered, and how."""

    event_name: ClassVar[str] = "answer_notification"

    questionId: Id
    answer: AnswerPreview


class CreateQuestion(Event):
    """A user asks."""

    event_name: ClassVar[str] = "create_question"

    title: Title
    content: Content | MISSING = MISSING
    location: Location
    hashtags: Annotated[Sequence[Hashtag] | MISSING, Field(max_length=5)] = MISSING
    category: Category | MISSING = MISSING
    urgency: Urgency | MISSING = MISSING


class NewQuestionNotification(Event):
    """A question, and how loudly to tell of it."""

    event_name: ClassVar[str] = "new_question_notification"

    question: QuestionSummary
    priority: Literal["IMMEDIATE", "QUICK", "EXTENDED", "FINAL"]
    sound: Literal["urgent", "normal"]
    vibration: Literal["strong", "light"]


class JoinQuestion(QuestionRef, Event):
    """Open a question."""

    event_name: ClassVar[str] = "join_question"


class LeaveQuestion(QuestionRef, Event):
    """Close a question."""

    event_name: ClassVar[str] = "leave_question"


class AcceptAnswer(AnswerRef, Event):
    """Accept an answer to one's question."""

    event_name: ClassVar[str] = "accept_answer"


class TypingStart(QuestionRef, Event):
    """Begin to write an answer."""

    event_name: ClassVar[str] = "typing_start"


class TypingStop(QuestionRef, Event):
    """Pause in writing an answer."""

    event_name: ClassVar[str] = "typing_stop"


class UpdateLocation(LocationData, Event):
    """Say where one is."""

    event_name: ClassVar[str] = "update_location"


class MessageRead(AnswerRef, Event):
    """Say that one has read an answer."""

    event_name: ClassVar[str] = "message_read"


class UserOnline(Presence, Event):
    """Somebody came."""

    event_name: ClassVar[str] = "user_online"


class UserOffline(Presence, Event):
    """Somebody is gone."""

    event_name: ClassVar[str] = "user_offline"


class Error(ErrorMessage, Event):
    """What you asked for was refused."""

    event_name: ClassVar[str] = "error"


Inbound: TypeAlias = (
    JoinQuestion
    | LeaveQuestion
    | CreateQuestion
    | CreateAnswer
    | AcceptAnswer
    | TypingStart
    | TypingStop
    | UpdateLocation
    | SyncUnreadMessages
    | MessageRead
)
Outbound: TypeAlias = (
    RoomUsers
    | QuestionMessages
    | QuestionCreated
    | NewAnswer
    | AnswerNotification
    | AnswerCreated
    | AnswerAccepted
    | UserTyping
    | UserStopTyping
    | NearbyQuestionsUpdate
    | UnreadMessages
    | MessageStatus
    | UserOnline
    | UserOffline
    | NewQuestionNotification
    | Notification
    | SlowResponseAlert
    | MetricsUpdate
    | Error
)

OPERATIONS = (
    Operation(
        id="onJoinQuestion",
        action=Action.RECEIVE,
        event=JoinQuestion,
        schema="QuestionRef",
        summary="Open a question",
        requires=(
            Condition.parse("known"),
            Condition.parse("not rooms-full"),
        ),
        triggers=(
            Trigger(
                operation="emitRoomUsers",
                to=Audience.SENDER,
                within_ms=1000,
                where={"questionId": "{payload.questionId}"},
                requirement="dongne/join/2",
            ),
            Trigger(
                operation="emitQuestionMessages",
                to=Audience.SENDER,
                within_ms=1000,
                where={"questionId": "{payload.questionId}"},
                requirement="dongne/join/3",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="dongne/all/1"
            ),
            Refusal(
                operation="emitError",
                code="E3003",
                when=(Condition.parse("not known"),),
                where={"message": "Question not found"},
                requirement="dongne/join/1",
            ),
            Refusal(operation="emitError", code="E3009", when=(Condition.parse("rooms-full"),)),
        ),
        requirements=(
            "dongne/join/1",
            "dongne/join/2",
            "dongne/join/3",
        ),
    ),
    Operation(
        id="onLeaveQuestion",
        action=Action.RECEIVE,
        event=LeaveQuestion,
        schema="QuestionRef",
        summary="Close a question",
        requires=(Condition.parse("known"),),
        triggers=(
            Trigger(
                operation="emitUserStopTyping",
                to=Audience.OTHERS,
                within_ms=1000,
                room="question:{payload.questionId}",
                when=(Condition.parse("typing-here"),),
                where={"userId": "{sender.id}", "questionId": "{payload.questionId}"},
                requirement="dongne/leave/2",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="dongne/all/1"
            ),
            Refusal(
                operation="emitError",
                code="E3003",
                when=(Condition.parse("not known"),),
                where={"message": "Question not found"},
                requirement="dongne/join/1",
            ),
        ),
        requirements=(
            "dongne/leave/1",
            "dongne/leave/2",
        ),
    ),
    Operation(
        id="onCreateQuestion",
        action=Action.RECEIVE,
        event=CreateQuestion,
        schema="CreateQuestion",
        summary="Ask the neighbourhood",
        requires=(
            Condition.parse("not spam"),
            Condition.parse("not blank"),
        ),
        triggers=(
            Trigger(operation="emitQuestionCreated", to=Audience.SENDER, within_ms=1000, requirement="dongne/ask/1"),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="dongne/all/1"
            ),
            Refusal(operation="emitError", code="E3006", when=(Condition.parse("spam"),), requirement="dongne/ask/3"),
            Refusal(operation="emitError", code="E3006", when=(Condition.parse("blank"),), requirement="dongne/ask/4"),
        ),
        requirements=(
            "dongne/ask/1",
            "dongne/ask/2",
            "dongne/ask/3",
            "dongne/ask/4",
            "dongne/ask/5",
        ),
    ),
    Operation(
        id="onCreateAnswer",
        action=Action.RECEIVE,
        event=CreateAnswer,
        schema="CreateAnswer",
        summary="Answer a question",
        requires=(
            Condition.parse("known"),
            Condition.parse("not spam"),
            Condition.parse("not blank"),
            Condition.parse("not full"),
        ),
        triggers=(
            Trigger(
                operation="emitUserStopTyping",
                to=Audience.OTHERS,
                within_ms=1000,
                room="question:{payload.questionId}",
                when=(Condition.parse("typing"),),
                where={"userId": "{sender.id}", "questionId": "{payload.questionId}"},
                requirement="dongne/typing/4",
            ),
            Trigger(
                operation="emitNewAnswer",
                to=Audience.OTHERS,
                within_ms=1000,
                room="question:{payload.questionId}",
                requirement="dongne/answer/1",
            ),
            Trigger(
                operation="emitAnswerNotification",
                to=Audience.OTHERS,
                within_ms=1000,
                room="asker:{payload.questionId}",
                where={"questionId": "{payload.questionId}"},
                requirement="dongne/answer/2",
            ),
            Trigger(
                operation="emitAnswerNotification",
                to=Audience.SENDER,
                within_ms=1000,
                when=(Condition.parse("asker"),),
                where={"questionId": "{payload.questionId}"},
                requirement="dongne/answer/2",
            ),
            Trigger(operation="emitAnswerCreated", to=Audience.SENDER, within_ms=1000, requirement="dongne/answer/3"),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="dongne/all/1"
            ),
            Refusal(
                operation="emitError",
                code="E3003",
                when=(Condition.parse("not known"),),
                where={"message": "Question not found"},
                requirement="dongne/join/1",
            ),
            Refusal(
                operation="emitError", code="E3006", when=(Condition.parse("spam"),), requirement="dongne/answer/5"
            ),
            Refusal(
                operation="emitError", code="E3006", when=(Condition.parse("blank"),), requirement="dongne/answer/6"
            ),
            Refusal(operation="emitError", code="E3009", when=(Condition.parse("full"),)),
        ),
        requirements=(
            "dongne/answer/1",
            "dongne/answer/2",
            "dongne/answer/3",
            "dongne/answer/4",
            "dongne/answer/5",
            "dongne/answer/6",
        ),
    ),
    Operation(
        id="onAcceptAnswer",
        action=Action.RECEIVE,
        event=AcceptAnswer,
        schema="AnswerRef",
        summary="Accept an answer to one's question",
        requires=(
            Condition.parse("answer-known"),
            Condition.parse("answer-asker"),
            Condition.parse("not accepted"),
        ),
        triggers=(
            Trigger(
                operation="emitAnswerAccepted",
                to=Audience.ROOM,
                within_ms=1000,
                room="answer:{payload.answerId}",
                where={"answerId": "{payload.answerId}"},
                requirement="dongne/accept/3",
            ),
            Trigger(
                operation="emitNotification",
                to=Audience.OTHERS,
                within_ms=1000,
                room="author:{payload.answerId}",
                when=(Condition.parse("author-listens"),),
                requirement="dongne/accept/5",
            ),
            Trigger(
                operation="emitNotification",
                to=Audience.SENDER,
                within_ms=1000,
                when=(
                    Condition.parse("author"),
                    Condition.parse("author-listens"),
                ),
                requirement="dongne/accept/5",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="dongne/all/1"
            ),
            Refusal(operation="emitError", code="E3003", when=(Condition.parse("not answer-known"),)),
            Refusal(
                operation="emitError",
                code="E3005",
                when=(Condition.parse("not answer-asker"),),
                where={"message": "Unauthorized"},
                requirement="dongne/accept/1",
            ),
            Refusal(
                operation="emitError", code="E3004", when=(Condition.parse("accepted"),), requirement="dongne/accept/2"
            ),
        ),
        requirements=(
            "dongne/accept/1",
            "dongne/accept/2",
            "dongne/accept/3",
            "dongne/accept/4",
            "dongne/accept/5",
        ),
    ),
    Operation(
        id="onTypingStart",
        action=Action.RECEIVE,
        event=TypingStart,
        schema="QuestionRef",
        summary="Begin to write an answer",
        requires=(Condition.parse("known"),),
        triggers=(
            Trigger(
                operation="emitUserTyping",
                to=Audience.OTHERS,
                within_ms=1000,
                room="question:{payload.questionId}",
                where={"userId": "{sender.id}", "username": "{sender.nickname}", "questionId": "{payload.questionId}"},
                requirement="dongne/typing/1",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="dongne/all/1"
            ),
            Refusal(
                operation="emitError",
                code="E3003",
                when=(Condition.parse("not known"),),
                where={"message": "Question not found"},
                requirement="dongne/join/1",
            ),
        ),
        requirements=(
            "dongne/typing/1",
            "dongne/typing/2",
            "dongne/typing/4",
            "dongne/typing/5",
            "dongne/typing/6",
        ),
    ),
    Operation(
        id="onTypingStop",
        action=Action.RECEIVE,
        event=TypingStop,
        schema="QuestionRef",
        summary="Pause in writing an answer",
        requires=(Condition.parse("known"),),
        triggers=(
            Trigger(
                operation="emitUserStopTyping",
                to=Audience.OTHERS,
                within_ms=1000,
                room="question:{payload.questionId}",
                when=(Condition.parse("typing"),),
                where={"userId": "{sender.id}", "questionId": "{payload.questionId}"},
                requirement="dongne/typing/3",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="dongne/all/1"
            ),
            Refusal(
                operation="emitError",
                code="E3003",
                when=(Condition.parse("not known"),),
                where={"message": "Question not found"},
                requirement="dongne/join/1",
            ),
        ),
        requirements=("dongne/typing/3",),
    ),
    Operation(
        id="onUpdateLocation",
        action=Action.RECEIVE,
        event=UpdateLocation,
        schema="LocationData",
        summary="Say where one is",
        triggers=(
            Trigger(
                operation="emitNearbyQuestionsUpdate",
                to=Audience.ROOM,
                within_ms=1000,
                room="near:{payload.latitude},{payload.longitude}",
                requirement="dongne/location/1",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="dongne/all/1"
            ),
        ),
        requirements=(
            "dongne/location/1",
            "dongne/location/2",
            "dongne/location/3",
        ),
    ),
    Operation(
        id="onSyncUnreadMessages",
        action=Action.RECEIVE,
        event=SyncUnreadMessages,
        schema="SyncUnreadMessages",
        summary="Catch up after a drop",
        triggers=(
            Trigger(operation="emitUnreadMessages", to=Audience.SENDER, within_ms=1000, requirement="dongne/sync/1"),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="dongne/all/1"
            ),
        ),
        requirements=("dongne/sync/1",),
    ),
    Operation(
        id="onMessageRead",
        action=Action.RECEIVE,
        event=MessageRead,
        schema="AnswerRef",
        summary="Say that one has read an answer",
        requires=(Condition.parse("answer-known"),),
        triggers=(
            Trigger(
                operation="emitMessageStatus",
                to=Audience.OTHERS,
                within_ms=1000,
                room="author:{payload.answerId}",
                where={"answerId": "{payload.answerId}", "status": "read"},
                requirement="dongne/read/1",
            ),
            Trigger(
                operation="emitMessageStatus",
                to=Audience.SENDER,
                within_ms=1000,
                when=(Condition.parse("author"),),
                where={"answerId": "{payload.answerId}", "status": "read"},
                requirement="dongne/read/1",
            ),
        ),
        refusals=(
            Refusal(
                operation="emitError", code="E3001", when=(Condition.parse("invalid"),), requirement="dongne/all/1"
            ),
            Refusal(operation="emitError", code="E3003", when=(Condition.parse("not answer-known"),)),
        ),
        requirements=("dongne/read/1",),
    ),
    Operation(
        id="emitRoomUsers",
        action=Action.SEND,
        event=RoomUsers,
        schema="RoomUsers",
        summary="Who is in the room of a question now",
    ),
    Operation(
        id="emitQuestionMessages",
        action=Action.SEND,
        event=QuestionMessages,
        schema="QuestionMessages",
        summary="Every answer so far",
    ),
    Operation(
        id="emitQuestionCreated",
        action=Action.SEND,
        event=QuestionCreated,
        schema="QuestionCreated",
        summary="Your question, as it is kept",
    ),
    Operation(id="emitNewAnswer", action=Action.SEND, event=NewAnswer, schema="NewAnswer", summary="Somebody answered"),
    Operation(
        id="emitAnswerNotification",
        action=Action.SEND,
        event=AnswerNotification,
        schema="AnswerNotification",
        summary="Somebody answered your question",
    ),
    Operation(
        id="emitAnswerCreated",
        action=Action.SEND,
        event=AnswerCreated,
        schema="AnswerCreated",
        summary="Your answer, as it is kept",
    ),
    Operation(
        id="emitAnswerAccepted",
        action=Action.SEND,
        event=AnswerAccepted,
        schema="AnswerAccepted",
        summary="The asker accepted an answer",
    ),
    Operation(
        id="emitUserTyping",
        action=Action.SEND,
        event=UserTyping,
        schema="UserTyping",
        summary="Somebody writes an answer",
    ),
    Operation(
        id="emitUserStopTyping",
        action=Action.SEND,
        event=UserStopTyping,
        schema="UserStopTyping",
        summary="Somebody writes no longer",
    ),
    Operation(
        id="emitNearbyQuestionsUpdate",
        action=Action.SEND,
        event=NearbyQuestionsUpdate,
        schema="NearbyQuestionsUpdate",
        summary="What was asked around here",
    ),
    Operation(
        id="emitUnreadMessages",
        action=Action.SEND,
        event=UnreadMessages,
        schema="UnreadMessages",
        summary="What you missed",
    ),
    Operation(
        id="emitMessageStatus",
        action=Action.SEND,
        event=MessageStatus,
        schema="MessageStatus",
        summary="What became of your answer",
    ),
    Operation(id="emitUserOnline", action=Action.SEND, event=UserOnline, schema="Presence", summary="Somebody came"),
    Operation(
        id="emitUserOffline", action=Action.SEND, event=UserOffline, schema="Presence", summary="Somebody is gone"
    ),
    Operation(
        id="emitNewQuestionNotification",
        action=Action.SEND,
        event=NewQuestionNotification,
        schema="NewQuestionNotification",
        summary="Somebody near you, or in your field, has a question",
    ),
    Operation(
        id="emitNotification",
        action=Action.SEND,
        event=Notification,
        schema="Notification",
        summary="Something for you",
    ),
    Operation(
        id="emitSlowResponseAlert",
        action=Action.SEND,
        event=SlowResponseAlert,
        schema="SlowResponseAlert",
        summary="A question waits for too long",
    ),
    Operation(
        id="emitMetricsUpdate",
        action=Action.SEND,
        event=MetricsUpdate,
        schema="MetricsUpdate",
        summary="How the service does",
    ),
    Operation(
        id="emitError", action=Action.SEND, event=Error, schema="ErrorMessage", summary="What you asked for was refused"
    ),
)

REQUIREMENTS = (
    Requirement(
        address="dongne/all/1",
        level=Level.MUST,
        text="A payload that breaks its schema changes nothing and reaches nobody else; its sender learns of it (the failing ack where the operation has one, else the protocol's error event); the connection stays open and other clients notice nothing.",
    ),
    Requirement(
        address="dongne/all/2",
        level=Level.MUST,
        text="An event name that the protocol does not know gets the same treatment as a payload that breaks its schema.",
    ),
    Requirement(
        address="dongne/all/3",
        level=Level.MUST,
        text="Everything the server emits, and every ack, is valid against its schema, with no fields beyond it.",
    ),
    Requirement(
        address="dongne/all/4",
        level=Level.MUST,
        text="Identity comes from the verified session alone. An id, nickname, role or timestamp that the client put into a payload never overrides it.",
    ),
    Requirement(
        address="dongne/all/5",
        level=Level.MUST,
        text="Nothing said in one room, conversation, party or to one user is ever heard outside it, also not by a member who has left, been disconnected or was never admitted.",
    ),
    Requirement(
        address="dongne/all/6",
        level=Level.MUST,
        text="What one client emits is handled in the order it was emitted, and two receivers of the same two broadcasts of one sender hear them in the same order.",
    ),
    Requirement(
        address="dongne/all/7", level=Level.MUST, text="Each broadcast reaches every present member exactly once."
    ),
    Requirement(
        address="dongne/all/8",
        level=Level.MUST,
        text="When a socket goes away, politely or not, its rooms, parties, typing and presence are cleaned up and those who must hear of it do, within pingInterval + pingTimeout (25 s + 60 s) for a silent death and 1 s for a clean one.",
    ),
    Requirement(
        address="dongne/all/9",
        level=Level.MUST,
        text="A handshake without valid credentials (where the protocol wants any) is refused with a Socket.IO connect error; nothing is delivered to that socket before or after.",
    ),
    Requirement(
        address="dongne/all/10",
        level=Level.MUST,
        text="A message over 1 MB (maxHttpBufferSize 1e6) closes only its own connection.",
    ),
    Requirement(
        address="dongne/all/11",
        level=Level.SHOULD,
        text='More than 100 connection attempts a minute from one address are refused with "Rate limit exceeded".',
    ),
    Requirement(
        address="dongne/all/12",
        level=Level.MUST,
        text="No error, refusal or failing ack shows a secret, a stack trace, what is inside the server, or what only somebody else may know.",
    ),
    Requirement(
        address="dongne/http/1",
        level=Level.MUST,
        text="GET /health answers 200 while the process is up: status, uptime in seconds, timestamp, environment, connection count.",
    ),
    Requirement(
        address="dongne/http/2",
        level=Level.MUST,
        text="GET /ready answers 200 only when every dependency answers, else 503 naming the one that does not.",
    ),
    Requirement(
        address="dongne/http/3",
        level=Level.MUST,
        text="Browsers of the configured origins, and of no others, are allowed by CORS.",
    ),
    Requirement(
        address="dongne/http/4",
        level=Level.MUST,
        text="Every HTTP response carries security headers: nosniff, frame-options, referrer-policy, a content security policy, and HSTS under TLS.",
    ),
    Requirement(
        address="dongne/handshake/1",
        level=Level.MUST,
        text='A handshake whose `auth.token` is no HS256 JWT of ours with the claim `userId`, or has expired, is refused with "Authentication failed".',
    ),
    Requirement(
        address="dongne/handshake/2",
        level=Level.MUST,
        text='A handshake whose `userId` names no user is refused with "Authentication failed".',
    ),
    Requirement(
        address="dongne/handshake/3",
        level=Level.MUST,
        text='A handshake from an address on the blacklist is refused with "IP blocked".',
    ),
    Requirement(
        address="dongne/presence/1",
        level=Level.MUST,
        text="`user_online` tells everybody connected that a user came with their first socket.",
    ),
    Requirement(
        address="dongne/presence/2",
        level=Level.MUST,
        text="`user_offline` comes only with the last socket of a user, to everybody connected.",
    ),
    Requirement(
        address="dongne/stage/1",
        level=Level.MUST,
        text="At once, and delivered within 3 s, the nearest verified locals online within 2 km who want immediate alerts, at most 10, hear `new_question_notification` with priority IMMEDIATE, sound urgent, vibration strong.",
    ),
    Requirement(
        address="dongne/stage/2",
        level=Level.MUST,
        text="After 3 s the verified locals online within 5 km hear it with priority QUICK, sound normal, vibration light.",
    ),
    Requirement(
        address="dongne/stage/3",
        level=Level.MUST,
        text="After 30 s the experts online one of whose tags meets one of the hashtags hear it with priority EXTENDED, sound normal, vibration light.",
    ),
    Requirement(
        address="dongne/stage/4",
        level=Level.MUST,
        text="After 120 s, only while there is no answer, every answerer online on the island hears it with priority FINAL, sound normal, vibration light. Whoever is no admin is an answerer.",
    ),
    Requirement(
        address="dongne/stage/5",
        level=Level.MUST,
        text="A user is notified of one question at most once, at the earliest stage that names them.",
    ),
    Requirement(address="dongne/stage/6", level=Level.MUST, text="Within a stage the nearest are notified first."),
    Requirement(address="dongne/stage/7", level=Level.MUST, text="The asker is never notified of their own question."),
    Requirement(address="dongne/stage/8", level=Level.MUST, text="Batches of notifications hold at most 50."),
    Requirement(
        address="dongne/stage/9",
        level=Level.MUST,
        text='An urgent question at stage 1 also goes out by push to the same users, whatever channels their settings name, titled "🚨 긴급 질문이 도착했습니다!", its own title cut to 50 characters.',
    ),
    Requirement(
        address="dongne/stage/10",
        level=Level.MUST,
        text="The stages of a question survive the death of the instance that started them.",
    ),
    Requirement(
        address="dongne/stage/11",
        level=Level.MUST,
        text="Each stage of a question happens once, also where an instance died and another went on.",
    ),
    Requirement(
        address="dongne/stage/12", level=Level.MUST, text="Distances are great-circle on a sphere of 6,371,000 m."
    ),
    Requirement(
        address="dongne/time/1",
        level=Level.MUST,
        text="First answers within 1, 5 and 10 minutes are counted, overall, per region and for urgent questions.",
    ),
    Requirement(
        address="dongne/time/2",
        level=Level.MUST,
        text="A question without an answer after 10 minutes is told to the admins by `slow_response_alert`, once.",
    ),
    Requirement(
        address="dongne/time/3",
        level=Level.MUST,
        text="A question without an answer after 10 minutes is told to the configured webhook.",
    ),
    Requirement(
        address="dongne/metrics/1",
        level=Level.MUST,
        text="Every second `metrics-update` tells each connected admin how the service does.",
    ),
    Requirement(
        address="dongne/metrics/2",
        level=Level.MUST,
        text="Nobody but an admin hears `metrics-update` or `slow_response_alert`.",
    ),
    Requirement(
        address="dongne/notice/1",
        level=Level.MUST,
        text="A `notification` goes out by those of the channels socket, push, email and sms that the user's settings allow, and by no other.",
    ),
    Requirement(
        address="dongne/notice/2", level=Level.MUST, text="Each channel is retried 3 times, with exponential backoff."
    ),
    Requirement(address="dongne/notice/3", level=Level.MUST, text="A history of a user's notifications is kept."),
    Requirement(
        address="dongne/notice/4", level=Level.MUST, text="Priorities of notifications go from 1 critical to 4 low."
    ),
    Requirement(
        address="dongne/load/1",
        level=Level.MUST,
        text="1,000 users at the same time are served within the deadlines on one machine.",
    ),
    Requirement(
        address="dongne/cache/1",
        level=Level.MUST,
        text="Others may read `session:{userId}` in Redis, which lives for 3600 s.",
    ),
    Requirement(
        address="dongne/cache/2",
        level=Level.MUST,
        text="Others may read `question:{id}` in Redis, which lives for 1800 s.",
    ),
    Requirement(
        address="dongne/cache/3",
        level=Level.MUST,
        text="Others may read `stats:{region}` in Redis, which lives for 900 s.",
    ),
    Requirement(
        address="dongne/cache/4",
        level=Level.MUST,
        text="Others may read `trending:{range}` in Redis, which lives for 900 s.",
    ),
    Requirement(
        address="dongne/join/1",
        level=Level.MUST,
        text='A question id that nobody knows is an `error` with the message "Question not found".',
    ),
    Requirement(
        address="dongne/join/2",
        level=Level.MUST,
        text="`room_users` names exactly those in the room now, each once, the one who joins too.",
    ),
    Requirement(
        address="dongne/join/3",
        level=Level.MUST,
        text="`question_messages` holds every answer to the question, in the order in which they were given.",
    ),
    Requirement(
        address="dongne/leave/1",
        level=Level.MUST,
        text="Who has left hears nothing more of what is said in the room, and is not among its users.",
    ),
    Requirement(
        address="dongne/leave/2",
        level=Level.MUST,
        text="Leaving through the socket that said so ends one's typing there, and the others hear so.",
    ),
    Requirement(
        address="dongne/ask/1",
        level=Level.MUST,
        text="`question_created` tells the asker the question as it is kept: trimmed, without markup, with the asker's own id, a new id, the time, and urgency normal unless it was said to be urgent.",
    ),
    Requirement(
        address="dongne/ask/2",
        level=Level.MUST,
        text="Content over 1000 characters is refused, and so are more than 5 hashtags.",
    ),
    Requirement(address="dongne/ask/3", level=Level.MUST, text="Spam is refused, and nobody is notified of it."),
    Requirement(
        address="dongne/ask/4",
        level=Level.MUST,
        text="HTML is stripped, so that no markup of one user reaches another; a question of whose title nothing is left is refused.",
    ),
    Requirement(address="dongne/ask/5", level=Level.MUST, text="The asker's socket is in the room of the question."),
    Requirement(
        address="dongne/answer/1",
        level=Level.MUST,
        text="The others in the room hear `new_answer` with the answer's id, content, time and images, and the id and nickname of the verified author. Nobody need be in the room to answer.",
    ),
    Requirement(
        address="dongne/answer/2",
        level=Level.MUST,
        text="The asker hears `answer_notification` within 1 s through every socket, in the room or not, with the first 100 characters.",
    ),
    Requirement(
        address="dongne/answer/3",
        level=Level.MUST,
        text="`answer_created` tells the author the answer as it is kept: trimmed and without markup.",
    ),
    Requirement(
        address="dongne/answer/4",
        level=Level.MUST,
        text="Content over 1000 characters is refused, and so are more than 5 images.",
    ),
    Requirement(address="dongne/answer/5", level=Level.MUST, text="Spam is refused, and nobody hears of it."),
    Requirement(
        address="dongne/answer/6",
        level=Level.MUST,
        text="HTML is stripped, so that no markup of one user reaches another; an answer of which nothing is left is refused.",
    ),
    Requirement(
        address="dongne/accept/1",
        level=Level.MUST,
        text='Accepting by anyone but the asker is an `error` with the message "Unauthorized".',
    ),
    Requirement(
        address="dongne/accept/2", level=Level.MUST, text="At most one answer of a question is accepted, once."
    ),
    Requirement(
        address="dongne/accept/3",
        level=Level.MUST,
        text="`answer_accepted` reaches everybody in the room of the question, and the asker.",
    ),
    Requirement(address="dongne/accept/4", level=Level.MUST, text="The author of the answer is given points once."),
    Requirement(
        address="dongne/accept/5",
        level=Level.MUST,
        text="The author of the answer hears a `notification` of it, which says how many points it gave.",
    ),
    Requirement(
        address="dongne/typing/1", level=Level.MUST, text="The others in the room hear `user_typing` with each start."
    ),
    Requirement(address="dongne/typing/2", level=Level.MUST, text="Typing stops by itself 3 s after the last start."),
    Requirement(address="dongne/typing/4", level=Level.MUST, text="Answering stops one's typing in that question."),
    Requirement(address="dongne/typing/5", level=Level.MUST, text="Disconnecting stops one's typing."),
    Requirement(
        address="dongne/typing/6",
        level=Level.MUST,
        text="Whatever stops it, the others in the room hear exactly one `user_stop_typing`.",
    ),
    Requirement(
        address="dongne/typing/3",
        level=Level.MUST,
        text="The others in the room hear `user_stop_typing`; who is not typing, stops in silence.",
    ),
    Requirement(
        address="dongne/location/1",
        level=Level.MUST,
        text="Everybody online within 3 km of the new position, the one who moved too, hears `nearby_questions_update` with that position.",
    ),
    Requirement(
        address="dongne/location/2",
        level=Level.MUST,
        text="`questions` holds the nearest questions of the last hour within 3 km of that position, at most 5, nearest first, each with its distance in metres.",
    ),
    Requirement(
        address="dongne/location/3",
        level=Level.MUST,
        text="From then on the stages of questions find the user at the new position.",
    ),
    Requirement(
        address="dongne/sync/1",
        level=Level.MUST,
        text="`unread_messages` holds every answer to a question of the sender's that was given after that time, once, in order. Asked again with `syncedAt`, it holds what came since, none of it twice and none left out.",
    ),
    Requirement(
        address="dongne/read/1",
        level=Level.MUST,
        text="The author of the answer, and nobody else, hears `message_status` with the status read.",
    ),
)

# fmt: off
SCHEMAS: dict[str, JsonSchema] = {
    'EpochMilliseconds': {'type': 'integer', 'minimum': 0, 'maximum': 9007199254740991},
    'Id': {'type': 'string', 'minLength': 1, 'maxLength': 64},
    'Answer': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'questionId', 'userId', 'user', 'content', 'images', 'isAccepted', 'createdAt'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'questionId': {'$ref': '#/$defs/Id'}, 'userId': {'$ref': '#/$defs/Id'}, 'user': {'$ref': '#/$defs/UserRef'}, 'content': {'$ref': '#/$defs/AnswerText'}, 'images': {'type': 'array', 'maxItems': 5, 'items': {'$ref': '#/$defs/ImageUrl'}}, 'isAccepted': {'type': 'boolean'}, 'createdAt': {'$ref': '#/$defs/Timestamp'}}},
    'AnswerAccepted': {'type': 'object', 'additionalProperties': False, 'required': ['answerId', 'questionId'], 'properties': {'answerId': {'$ref': '#/$defs/Id'}, 'questionId': {'$ref': '#/$defs/Id'}}},
    'AnswerCreated': {'type': 'object', 'additionalProperties': False, 'required': ['answer'], 'properties': {'answer': {'$ref': '#/$defs/Answer'}}},
    'AnswerNotification': {'type': 'object', 'additionalProperties': False, 'required': ['questionId', 'answer'], 'properties': {'questionId': {'$ref': '#/$defs/Id'}, 'answer': {'$ref': '#/$defs/AnswerPreview'}}},
    'AnswerPreview': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'preview', 'user', 'createdAt'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'preview': {'type': 'string', 'minLength': 1, 'maxLength': 100}, 'user': {'$ref': '#/$defs/UserRef'}, 'createdAt': {'$ref': '#/$defs/Timestamp'}}},
    'AnswerRef': {'type': 'object', 'additionalProperties': False, 'required': ['answerId'], 'properties': {'answerId': {'$ref': '#/$defs/Id'}}},
    'AnswerText': {'type': 'string', 'minLength': 1, 'maxLength': 1000, 'pattern': '\\S'},
    'Category': {'type': 'string', 'minLength': 1, 'maxLength': 50, 'pattern': '\\S'},
    'Content': {'type': 'string', 'maxLength': 1000},
    'CreateAnswer': {'type': 'object', 'additionalProperties': False, 'required': ['questionId', 'content'], 'properties': {'questionId': {'$ref': '#/$defs/Id'}, 'content': {'$ref': '#/$defs/AnswerText'}, 'images': {'type': 'array', 'maxItems': 5, 'items': {'$ref': '#/$defs/ImageUrl'}}}},
    'CreateQuestion': {'type': 'object', 'additionalProperties': False, 'required': ['title', 'location'], 'properties': {'title': {'$ref': '#/$defs/Title'}, 'content': {'$ref': '#/$defs/Content'}, 'location': {'$ref': '#/$defs/Location'}, 'hashtags': {'type': 'array', 'maxItems': 5, 'items': {'$ref': '#/$defs/Hashtag'}}, 'category': {'$ref': '#/$defs/Category'}, 'urgency': {'$ref': '#/$defs/Urgency'}}},
    'DongneClaims': {'type': 'object', 'additionalProperties': True, 'required': ['userId'], 'properties': {'userId': {'$ref': '#/$defs/Id'}, 'iat': {'type': 'integer'}, 'exp': {'type': 'integer'}}},
    'ErrorMessage': {'type': 'object', 'additionalProperties': False, 'required': ['message'], 'properties': {'message': {'type': 'string', 'minLength': 1, 'maxLength': 500}}},
    'Hashtag': {'type': 'string', 'minLength': 1, 'maxLength': 30, 'pattern': '\\S'},
    'HeardAnswer': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'content', 'user', 'createdAt', 'images'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'content': {'$ref': '#/$defs/AnswerText'}, 'user': {'$ref': '#/$defs/UserRef'}, 'createdAt': {'$ref': '#/$defs/Timestamp'}, 'images': {'type': 'array', 'maxItems': 5, 'items': {'$ref': '#/$defs/ImageUrl'}}}},
    'ImageUrl': {'type': 'string', 'format': 'uri', 'pattern': '^https?://', 'maxLength': 500},
    'Latitude': {'type': 'number', 'minimum': -90, 'maximum': 90},
    'Location': {'type': 'object', 'additionalProperties': False, 'required': ['lat', 'lng'], 'properties': {'lat': {'$ref': '#/$defs/Latitude'}, 'lng': {'$ref': '#/$defs/Longitude'}}},
    'LocationData': {'type': 'object', 'additionalProperties': False, 'required': ['latitude', 'longitude'], 'properties': {'latitude': {'$ref': '#/$defs/Latitude'}, 'longitude': {'$ref': '#/$defs/Longitude'}, 'accuracy': {'type': 'number', 'minimum': 0}}},
    'Longitude': {'type': 'number', 'minimum': -180, 'maximum': 180},
    'MessageStatus': {'type': 'object', 'additionalProperties': False, 'required': ['answerId', 'status'], 'properties': {'answerId': {'$ref': '#/$defs/Id'}, 'status': {'type': 'string', 'enum': ['sent', 'delivered', 'read']}}},
    'MetricsByRegion': {'type': 'object', 'additionalProperties': False, 'required': ['애월', '한림', '제주시', '조천', '구좌', '성산', '표선', '남원', '서귀포', '안덕', '대정'], 'properties': {'애월': {'$ref': '#/$defs/ResponseTimes'}, '한림': {'$ref': '#/$defs/ResponseTimes'}, '제주시': {'$ref': '#/$defs/ResponseTimes'}, '조천': {'$ref': '#/$defs/ResponseTimes'}, '구좌': {'$ref': '#/$defs/ResponseTimes'}, '성산': {'$ref': '#/$defs/ResponseTimes'}, '표선': {'$ref': '#/$defs/ResponseTimes'}, '남원': {'$ref': '#/$defs/ResponseTimes'}, '서귀포': {'$ref': '#/$defs/ResponseTimes'}, '안덕': {'$ref': '#/$defs/ResponseTimes'}, '대정': {'$ref': '#/$defs/ResponseTimes'}}},
    'MetricsUpdate': {'type': 'object', 'additionalProperties': False, 'required': ['connectedUsers', 'totalMessages', 'messageRate', 'errorRate', 'averageResponseTime', 'under10MinuteResponseRate', 'under5MinuteResponseRate', 'under1MinuteResponseRate', 'overall', 'urgent', 'locationBasedResponseTime', 'urgentQuestionResponseTime', 'activeRooms', 'timestamp'], 'properties': {'connectedUsers': {'type': 'integer', 'minimum': 0}, 'totalMessages': {'type': 'integer', 'minimum': 0}, 'messageRate': {'type': 'number', 'minimum': 0}, 'errorRate': {'$ref': '#/$defs/Percentage'}, 'averageResponseTime': {'type': 'number', 'minimum': 0}, 'under10MinuteResponseRate': {'$ref': '#/$defs/Percentage'}, 'under5MinuteResponseRate': {'$ref': '#/$defs/Percentage'}, 'under1MinuteResponseRate': {'$ref': '#/$defs/Percentage'}, 'overall': {'$ref': '#/$defs/ResponseTimes'}, 'urgent': {'$ref': '#/$defs/ResponseTimes'}, 'locationBasedResponseTime': {'$ref': '#/$defs/MetricsByRegion'}, 'urgentQuestionResponseTime': {'type': 'number', 'minimum': 0}, 'activeRooms': {'type': 'integer', 'minimum': 0}, 'timestamp': {'$ref': '#/$defs/Timestamp'}}},
    'NearbyQuestion': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'title', 'distance', 'urgency', 'createdAt'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'title': {'$ref': '#/$defs/Title'}, 'distance': {'type': 'number', 'minimum': 0}, 'urgency': {'$ref': '#/$defs/Urgency'}, 'createdAt': {'$ref': '#/$defs/Timestamp'}}},
    'NearbyQuestionsUpdate': {'type': 'object', 'additionalProperties': False, 'required': ['location', 'questions'], 'properties': {'location': {'$ref': '#/$defs/LocationData'}, 'questions': {'type': 'array', 'maxItems': 5, 'items': {'$ref': '#/$defs/NearbyQuestion'}}}},
    'NewAnswer': {'type': 'object', 'additionalProperties': False, 'required': ['answer'], 'properties': {'answer': {'$ref': '#/$defs/HeardAnswer'}}},
    'NewQuestionNotification': {'type': 'object', 'additionalProperties': False, 'required': ['question', 'priority', 'sound', 'vibration'], 'properties': {'question': {'$ref': '#/$defs/QuestionSummary'}, 'priority': {'type': 'string', 'enum': ['IMMEDIATE', 'QUICK', 'EXTENDED', 'FINAL']}, 'sound': {'type': 'string', 'enum': ['urgent', 'normal']}, 'vibration': {'type': 'string', 'enum': ['strong', 'light']}}},
    'Nickname': {'type': 'string', 'minLength': 1, 'maxLength': 20, 'pattern': '\\S'},
    'Notification': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'type', 'title', 'message', 'data', 'priority', 'timestamp', 'sound'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'type': {'type': 'string', 'minLength': 1, 'maxLength': 50}, 'title': {'type': 'string', 'minLength': 1, 'maxLength': 100}, 'message': {'type': 'string', 'maxLength': 1000}, 'data': {'$ref': '#/$defs/NotificationData'}, 'priority': {'type': 'integer', 'minimum': 1, 'maximum': 4}, 'timestamp': {'$ref': '#/$defs/Timestamp'}, 'sound': {'type': 'string', 'enum': ['urgent', 'normal', 'silent']}}},
    'NotificationData': {'type': 'object', 'additionalProperties': False, 'properties': {'questionId': {'$ref': '#/$defs/Id'}, 'answerId': {'$ref': '#/$defs/Id'}, 'points': {'type': 'integer', 'minimum': 0}, 'totalPoints': {'type': 'integer', 'minimum': 0}}},
    'Percentage': {'type': 'number', 'minimum': 0, 'maximum': 100},
    'Presence': {'type': 'object', 'additionalProperties': False, 'required': ['userId', 'timestamp'], 'properties': {'userId': {'$ref': '#/$defs/Id'}, 'timestamp': {'$ref': '#/$defs/Timestamp'}}},
    'Question': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'userId', 'title', 'content', 'location', 'hashtags', 'urgency', 'createdAt'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'userId': {'$ref': '#/$defs/Id'}, 'title': {'$ref': '#/$defs/Title'}, 'content': {'$ref': '#/$defs/Content'}, 'location': {'$ref': '#/$defs/Location'}, 'regionCode': {'$ref': '#/$defs/RegionCode'}, 'hashtags': {'type': 'array', 'maxItems': 5, 'items': {'$ref': '#/$defs/Hashtag'}}, 'category': {'$ref': '#/$defs/Category'}, 'urgency': {'$ref': '#/$defs/Urgency'}, 'createdAt': {'$ref': '#/$defs/Timestamp'}}},
    'QuestionCreated': {'type': 'object', 'additionalProperties': False, 'required': ['question'], 'properties': {'question': {'$ref': '#/$defs/Question'}}},
    'QuestionMessages': {'type': 'object', 'additionalProperties': False, 'required': ['questionId', 'messages'], 'properties': {'questionId': {'$ref': '#/$defs/Id'}, 'messages': {'type': 'array', 'maxItems': 500, 'items': {'$ref': '#/$defs/Answer'}}}},
    'QuestionRef': {'type': 'object', 'additionalProperties': False, 'required': ['questionId'], 'properties': {'questionId': {'$ref': '#/$defs/Id'}}},
    'QuestionSummary': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'title', 'location', 'hashtags', 'urgency', 'createdAt'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'title': {'$ref': '#/$defs/Title'}, 'location': {'$ref': '#/$defs/Location'}, 'hashtags': {'type': 'array', 'maxItems': 5, 'items': {'$ref': '#/$defs/Hashtag'}}, 'urgency': {'$ref': '#/$defs/Urgency'}, 'createdAt': {'$ref': '#/$defs/Timestamp'}}},
    'RegionCode': {'type': 'string', 'enum': ['애월', '한림', '제주시', '조천', '구좌', '성산', '표선', '남원', '서귀포', '안덕', '대정']},
    'ResponseTimes': {'type': 'object', 'additionalProperties': False, 'required': ['questionCount', 'answeredCount', 'averageTime', 'under1MinCount', 'under5MinCount', 'under10MinCount', 'under1MinRate', 'under5MinRate', 'under10MinRate'], 'properties': {'questionCount': {'type': 'integer', 'minimum': 0}, 'answeredCount': {'type': 'integer', 'minimum': 0}, 'averageTime': {'type': 'number', 'minimum': 0}, 'under1MinCount': {'type': 'integer', 'minimum': 0}, 'under5MinCount': {'type': 'integer', 'minimum': 0}, 'under10MinCount': {'type': 'integer', 'minimum': 0}, 'under1MinRate': {'$ref': '#/$defs/Percentage'}, 'under5MinRate': {'$ref': '#/$defs/Percentage'}, 'under10MinRate': {'$ref': '#/$defs/Percentage'}}},
    'RoomUsers': {'type': 'object', 'additionalProperties': False, 'required': ['questionId', 'users'], 'properties': {'questionId': {'$ref': '#/$defs/Id'}, 'users': {'type': 'array', 'minItems': 1, 'maxItems': 10000, 'items': {'$ref': '#/$defs/UserRef'}}}},
    'SlowResponseAlert': {'type': 'object', 'additionalProperties': False, 'required': ['questionId', 'responseTime', 'message', 'urgency'], 'properties': {'questionId': {'$ref': '#/$defs/Id'}, 'responseTime': {'type': 'integer', 'minimum': 0}, 'message': {'type': 'string', 'minLength': 1, 'maxLength': 500}, 'urgency': {'type': 'string', 'const': 'high'}}},
    'SyncUnreadMessages': {'type': 'object', 'additionalProperties': False, 'required': ['lastSyncTimestamp'], 'properties': {'lastSyncTimestamp': {'anyOf': [{'$ref': '#/$defs/Timestamp'}, {'$ref': '#/$defs/EpochMilliseconds'}]}}},
    'Timestamp': {'type': 'string', 'format': 'date-time'},
    'Title': {'type': 'string', 'minLength': 1, 'maxLength': 100, 'pattern': '\\S'},
    'UnreadMessages': {'type': 'object', 'additionalProperties': False, 'required': ['messages', 'syncedAt'], 'properties': {'messages': {'type': 'array', 'maxItems': 2000, 'items': {'$ref': '#/$defs/Answer'}}, 'syncedAt': {'$ref': '#/$defs/Timestamp'}}},
    'Urgency': {'type': 'string', 'enum': ['normal', 'urgent']},
    'UserRef': {'type': 'object', 'additionalProperties': False, 'required': ['id', 'nickname'], 'properties': {'id': {'$ref': '#/$defs/Id'}, 'nickname': {'$ref': '#/$defs/Nickname'}}},
    'UserStopTyping': {'type': 'object', 'additionalProperties': False, 'required': ['userId', 'questionId'], 'properties': {'userId': {'$ref': '#/$defs/Id'}, 'questionId': {'$ref': '#/$defs/Id'}}},
    'UserTyping': {'type': 'object', 'additionalProperties': False, 'required': ['userId', 'username', 'questionId'], 'properties': {'userId': {'$ref': '#/$defs/Id'}, 'username': {'$ref': '#/$defs/Nickname'}, 'questionId': {'$ref': '#/$defs/Id'}}},
}
# fmt: on

PROTOCOL = Protocol(
    name="dongne",
    title="동네물어봐, questions in a neighbourhood of Jeju. Who is near hears of a question first, and answers it while the asker waits.",
    namespace="/dongne",
    operations=OPERATIONS,
    requirements=REQUIREMENTS,
    handshake=Handshake(
        claims="DongneClaims",
        missing="Authentication failed",
        expired="Authentication failed",
        invalid="Authentication failed",
    ),
    connect=(
        Trigger(
            operation="emitUserOnline",
            to=Audience.NAMESPACE,
            within_ms=1000,
            when=(Condition.parse("not elsewhere"),),
            where={"userId": "{sender.id}"},
            requirement="dongne/presence/1",
        ),
        Trigger(
            operation="emitUserOnline",
            to=Audience.NAMESPACE,
            within_ms=1000,
            when=(Condition.parse("elsewhere"),),
            where={"userId": "{sender.id}"},
            level=Level.MAY,
            requirement="dongne/presence/1",
        ),
    ),
    disconnected=(
        Trigger(
            operation="emitUserStopTyping",
            to=Audience.OTHERS,
            within_ms=1000,
            room="{sender.typingRooms}",
            where={"userId": "{sender.id}"},
            requirement="dongne/typing/5",
        ),
        Trigger(
            operation="emitUserOffline",
            to=Audience.NAMESPACE,
            within_ms=1000,
            when=(Condition.parse("not elsewhere"),),
            where={"userId": "{sender.id}"},
            requirement="dongne/presence/2",
        ),
    ),
    conditions={
        "elsewhere": "the sender's user is connected through another socket too",
        "known": "questionId names a question",
        "full": "the named question has 500 answers already",
        "asker": "the sender's user asked the named question",
        "typing": "the sender's user is typing in the named question",
        "typing-here": "the sender's user is typing in the named question, and said so last through this socket",
        "rooms-full": "the sender's socket is in the rooms of 500 questions, and not in that of the named one",
        "spam": "one of the texts or hashtags, read without markup, holds 광고, 홍보, 할인, 무료 or 클릭, be it in decomposed letters or with characters of no width in between",
        "blank": "of the title of a question, or of the content of an answer, nothing but markup and white space is there",
        "answer-known": "answerId names an answer",
        "answer-asker": "the sender's user asked the question that the named answer answers",
        "author": "the sender's user wrote the named answer",
        "author-listens": "the settings of the author of the named answer allow notifications by socket",
        "accepted": "an answer of the question that the named answer answers is accepted already",
    },
    schemas=SCHEMAS,
)
