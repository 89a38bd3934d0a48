"""Who has registered, and what was made of their passwords."""

from dataclasses import dataclass, replace

from reference_server.worlds.gateway import GatewayWorld

MAX_ACCOUNTS = 10_000
"""Whoever reaches the server can register; an account takes 1 KB or so."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can log in: with a password that was digested, or, in the world, with one that is not yet."""

    id: str
    email: str
    """As it was written at first; emails that differ in case alone are the same."""
    salt: str = ""
    digest: str = ""
    """Both in hexadecimal."""
    password: str = ""
    """Of the world alone, until somebody logs in with it."""


class Accounts:
    """All accounts of one server."""

    def __init__(self, world: GatewayWorld) -> None:
        # case-folded email -> account
        self._accounts = {
            user.email.casefold(): Account(user.id, user.email, password=user.password) for user in world.users
        }

    def find(self, email: str) -> Account | None:
        """Return the account of an email, in whatever case it is written."""
        return self._accounts.get(email.casefold())

    def add(self, account: Account) -> None:
        """Add somebody whose email nobody has."""
        self._accounts[account.email.casefold()] = account

    def keep_digest(self, account: Account, salt: str, digest: str) -> None:
        """Remember the digest instead of the password."""
        self.add(replace(account, salt=salt, digest=digest, password=""))

    @property
    def full(self) -> bool:
        """Whether nobody more can register."""
        return len(self._accounts) >= MAX_ACCOUNTS
