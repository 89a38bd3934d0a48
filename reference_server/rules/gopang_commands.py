"""What reaches the rules of gopang from beside the socket. Consents, bank and records have commands of their own."""

from dataclasses import dataclass

from reference_server.effects import Command


@dataclass(frozen=True, slots=True)
class ReadAccount(Command):
    """`GET /accounts/me` of a verified user: 200 `{userId, balance}`."""

    user_id: str
    email: str


@dataclass(frozen=True, slots=True)
class RemindOfToken(Command):
    """The token of a socket ends in so many milliseconds; nothing, where the socket is gone by now."""

    sid: str
    left_ms: int


@dataclass(frozen=True, slots=True)
class GiveUpStoring(Command):
    """A message has had its time to be stored; nothing, where it has been."""

    message_id: str
