"""What reaches the rules of hub from beside the socket: notifications that other services post."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from reference_server.effects import Command

NotificationType: TypeAlias = Literal["message", "friend_request", "like", "comment", "system"]


@dataclass(frozen=True, slots=True)
class PostNotification(Command):
    """Tell a user something; 201 `{id, delivered}`, where `delivered` is whether one of its sockets is open now."""

    user_id: str
    type: NotificationType
    title: str
    content: str
