"""What was said in each room, in order, for as long as there is room for it."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from operator import attrgetter

from protocols.gateway import NewMessage

MAX_MESSAGES = 100_000
"""Of all rooms together; some 150 MB. Beyond it the oldest of the server is forgotten, and with it its clientMsgId."""
MAX_CHARACTERS = 20_000_000
"""Likewise: 4,000 messages of the greatest length, each character of up to 4 bytes."""

_ID = attrgetter("messageId")


class Conversation:
    """The messages of one room, rising by messageId."""

    def __init__(self) -> None:
        self._messages: list[NewMessage] = []
        self._forgotten = 0  # so many at the beginning of the list do not count any more
        self._accepted: set[tuple[str, str]] = set()  # (senderId, clientMsgId) of each
        self.last_id = 0
        """The last messageId as a number; stays when the message is forgotten."""

    def has(self, sender_id: str, client_msg_id: str) -> bool:
        """Whether that message of that sender was accepted before."""
        return (sender_id, client_msg_id) in self._accepted

    def add(self, message: NewMessage) -> None:
        """Add what was said last."""
        self._messages.append(message)
        self._accepted.add((message.senderId, message.clientMsgId))

    def forget_oldest(self) -> NewMessage:
        """Forget what was said first, and return it. In the long run as quick as a list's `pop`."""
        oldest = self._messages[self._forgotten]
        self._accepted.discard((oldest.senderId, oldest.clientMsgId))
        self._forgotten += 1
        if self._forgotten * 10 > len(self._messages):  # so that what is forgotten takes little room until then
            del self._messages[: self._forgotten]
            self._forgotten = 0
        return oldest

    def holds(self, message_id: str) -> bool:
        """Whether that message was said here, and is not forgotten."""
        index = bisect_left(self._messages, message_id, self._forgotten, key=_ID)
        return index < len(self._messages) and self._messages[index].messageId == message_id

    def page(self, *, after: str = "", before: str = "", limit: int) -> Sequence[NewMessage]:
        """Return those next behind `after`, those next in front of `before`, or the last of all; rising, up to `limit`.

        Between two the page begins behind `after`.
        """
        messages = self._messages
        begin, end = self._forgotten, len(messages)
        if before:
            end = bisect_left(messages, before, begin, end, key=_ID)
        if after:
            begin = bisect_right(messages, after, begin, end, key=_ID)
            return messages[begin : min(end, begin + limit)]
        return messages[max(begin, end - limit) : end]


class History:
    """All conversations of one server, and how much they hold together."""

    def __init__(self, *, max_messages: int = MAX_MESSAGES, max_characters: int = MAX_CHARACTERS) -> None:
        self._max_messages, self._max_characters = max_messages, max_characters
        self._said_in: deque[Conversation] = deque()  # where each message was said, oldest first
        self._characters = 0

    def accept(self, conversation: Conversation, message: NewMessage) -> None:
        """Keep a message, at the price of the oldest where there is no room for it."""
        conversation.add(message)
        self._said_in.append(conversation)
        self._characters += len(message.content)
        while len(self._said_in) > self._max_messages or self._characters > self._max_characters:
            forgotten = self._said_in.popleft().forget_oldest()
            self._characters -= len(forgotten.content)
