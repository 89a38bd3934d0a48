"""Who is a member of which conversation: users are, whether any of their devices is connected or not."""

from collections.abc import Collection, Iterable

from reference_server.worlds.gopang import GopangAi, GopangConversation

MAX_MEMBERSHIPS = 1000
"""Conversations of one user, as the contract's condition `in-too-many` says: more than anybody follows."""


class Conversations:
    """All conversations: those of the world, and public ones that are there as long as they have members.

    What is kept grows with memberships alone, and each user has at most `MAX_MEMBERSHIPS` of them.
    """

    def __init__(self, known: Iterable[GopangConversation]) -> None:
        self._participants: dict[str, frozenset[str]] = {}  # id of a private conversation -> who may join it
        self._ais: dict[str, GopangAi] = {}  # conversation id -> the AI that takes part in it
        for conversation in known:
            if conversation.participants is not None:
                self._participants[conversation.id] = frozenset(conversation.participants)
            if conversation.ai is not None:
                self._ais[conversation.id] = conversation.ai
        self._members: dict[str, dict[str, None]] = {}  # conversation id -> ids of its members; never an empty one
        self._of: dict[str, dict[str, None]] = {}  # user id -> ids of the conversations it is in; never an empty one

    def is_admissible(self, user_id: str, conversation_id: str) -> bool:
        """Say whether a user may join."""
        participants = self._participants.get(conversation_id)
        return participants is None or user_id in participants

    def has_too_many(self, user_id: str, conversation_id: str) -> bool:
        """Say whether a user is in as many others already as one may be in."""
        mine = self.of(user_id)
        return len(mine) - (conversation_id in mine) >= MAX_MEMBERSHIPS

    def is_member(self, user_id: str, conversation_id: str) -> bool:
        """Say whether a user is in a conversation."""
        return user_id in self._members.get(conversation_id, ())

    def members(self, conversation_id: str) -> Collection[str]:
        """Return the ids of everybody in a conversation, in the order of joining."""
        return self._members.get(conversation_id, {}).keys()

    def of(self, user_id: str) -> Collection[str]:
        """Return the ids of the conversations that a user is in, in the order of joining."""
        return self._of.get(user_id, {}).keys()

    def ai(self, conversation_id: str) -> GopangAi | None:
        """Return the AI that takes part in a conversation, if one does."""
        return self._ais.get(conversation_id)

    def join(self, user_id: str, conversation_id: str) -> None:
        """Make a user a member; who is one already stays one."""
        self._members.setdefault(conversation_id, {})[user_id] = None
        self._of.setdefault(user_id, {})[conversation_id] = None

    def leave(self, user_id: str, conversation_id: str) -> bool:
        """End a membership; return whether there was one."""
        if not self.is_member(user_id, conversation_id):
            return False
        for table, key, entry in ((self._members, conversation_id, user_id), (self._of, user_id, conversation_id)):
            del table[key][entry]
            if not table[key]:
                del table[key]
        return True


def room_of(conversation_id: str) -> str:
    """Return the room in which all devices of all members are."""
    return f"conversation:{conversation_id}"
