"""The messages that were said, how far each has come, and which of them somebody has missed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from protocols import gopang

CAPACITY = 20_000
"""Messages that are kept: of 4000 characters at most, so some 300 MB at worst, and usually 10. Beyond these the oldest
is forgotten, and counts as one that the server does not know."""
PAGE = 100
"""Messages in one answer to `sync:request` (`gopang/sync/2`)."""
RECENT_MS = 24 * 3600 * 1000
"""How far back an answer goes where the client does not say what it has (`gopang/sync/4`)."""


class Progress(IntEnum):
    """How far a message has come. Only ever forward (`gopang/status/1`)."""

    SENT = 0
    DELIVERED = 1
    """A device of a member other than who wrote it has it."""
    READ = 2
    """A member other than who wrote it says so."""


@dataclass(eq=False, slots=True)
class Message:
    """Something that was said."""

    id: str
    conversation_id: str
    sender_id: str
    sender_email: str
    content: str
    type: gopang.MessageType
    sent_ms: int
    progress: Progress = Progress.SENT
    readers: set[str] = field(default_factory=set)
    """Ids of the members other than who wrote it who say that they have read it."""

    def advance(self, progress: Progress) -> bool:
        """Come so far, unless it has already; return whether that is news."""
        if progress <= self.progress:
            return False
        self.progress = progress
        return True

    def new(self) -> gopang.MessageNew:
        """Return it as members hear it."""
        return gopang.MessageNew(
            messageId=self.id,
            conversationId=self.conversation_id,
            senderId=self.sender_id,
            senderEmail=self.sender_email,
            content=self.content,
            messageType=self.type,
            timestamp=self.sent_ms,
        )

    def missed(self) -> gopang.SyncedMessage:
        """Return it as who missed it learns it."""
        return gopang.SyncedMessage(
            messageId=self.id,
            conversationId=self.conversation_id,
            senderId=self.sender_id,
            content=self.content,
            messageType=self.type,
            timestamp=self.sent_ms,
        )


class Messages:
    """All messages that are kept, in the order in which they were stored."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._messages: dict[str, Message] = {}  # message id -> message, the oldest first

    def keep(self, message: Message) -> None:
        """Store a message, and forget the oldest where there is no room for both."""
        if len(self._messages) >= self._capacity:
            del self._messages[next(iter(self._messages))]
        self._messages[message.id] = message

    def get(self, message_id: str) -> Message | None:
        """Return the message of an id, if it is kept."""
        return self._messages.get(message_id)

    def missed(self, user_id: str, is_own: Callable[[str], bool], last_id: str, now_ms: int) -> list[Message]:
        """Return the first messages that a user has missed, oldest first, at most one `PAGE` of them.

        `is_own` tells which conversations are the user's. With the id of a message that is kept these are the messages
        after it; with any other, or none, the recent ones of others that the user has not read. Who asks for what is
        after the last of one answer gets what follows it in the same order: nothing is lost, nothing comes twice.
        """
        last = self._messages.get(last_id)
        if last is not None:
            found = self._back_to(lambda message: message is last)
            return [message for message in found if is_own(message.conversation_id)][:PAGE]
        recent = self._back_to(lambda message: message.sent_ms < now_ms - RECENT_MS)
        return [
            message
            for message in recent
            if is_own(message.conversation_id) and user_id != message.sender_id and user_id not in message.readers
        ][:PAGE]

    def _back_to(self, ends: Callable[[Message], bool]) -> Iterable[Message]:
        """Return the messages after the last of which `ends` holds, oldest first; who has missed little is quick."""
        found: list[Message] = []
        for message in reversed(self._messages.values()):
            if ends(message):
                break
            found.append(message)
        return reversed(found)
