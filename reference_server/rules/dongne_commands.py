"""What reaches the rules of dongne from beside the socket: its timers, and HTTP requests.

Timers are answered by nothing, and one that comes too late for what it was about changes nothing. Requests are answered
by one `Reply`: its value is the JSON body, `{"error": {"code", "message"}}` with 401 for somebody who does not exist.
Those of the notification centre (`CenterCommand`) are its own affair.
"""

from dataclasses import dataclass
from typing import TypeAlias

from reference_server.effects import Command
from reference_server.rules.dongne_center import CenterCommand, Channel


@dataclass(frozen=True, slots=True)
class StageDue(Command):
    """It is time for a further stage of a question's notifications."""

    question_id: str
    stage: int


@dataclass(frozen=True, slots=True)
class BatchDue(Command):
    """It is time for the next batch of those whom the stages of a question have named."""

    question_id: str


@dataclass(frozen=True, slots=True)
class AnswerOverdue(Command):
    """A question should have had an answer by now."""

    question_id: str


@dataclass(frozen=True, slots=True)
class TypingLapse(Command):
    """Somebody who does not say again that they are typing may have stopped."""

    question_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class MetricsDue(Command):
    """A second has passed since the admins heard how the service does."""


@dataclass(frozen=True, slots=True)
class ReadNotifications(Command):
    """Read what a user was notified of, the oldest first; 200 `{notifications}`."""

    user_id: str


@dataclass(frozen=True, slots=True)
class ReadSettings(Command):
    """Read by what a user wants to be told of things; 200 `{immediateAlerts, channels}`."""

    user_id: str


@dataclass(frozen=True, slots=True)
class ChangeSettings(Command):
    """Change these; None leaves one as it is. 200 `{immediateAlerts, channels}`."""

    user_id: str
    immediate_alerts: bool | None = None
    channels: tuple[Channel, ...] | None = None


DongneCommand: TypeAlias = (
    StageDue
    | BatchDue
    | AnswerOverdue
    | TypingLapse
    | MetricsDue
    | ReadNotifications
    | ReadSettings
    | ChangeSettings
    | CenterCommand
)
