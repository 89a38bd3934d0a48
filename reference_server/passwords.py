"""What is made of passwords: scrypt with a salt, off the event loop's thread, and no more than a machine can bear."""

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

# What scrypt's author recommends for logging in: 16 MB and some 50 ms each.
COST: Final = 2**14
BLOCK_SIZE: Final = 8

SALT_BYTES: Final = 16
DIGEST_BYTES: Final = 32

AT_ONCE: Final = 2
"""Each takes a core for itself: more of them would starve the event loop, not end sooner."""
MAX_WAITING: Final = 200
"""Some 5 s of work: who comes later would have given up before its turn."""


class Busy(Exception):
    """Too many passwords are waiting; try again later."""


@dataclass(frozen=True, slots=True)
class Digest:
    """A salt and what it made of a password, both in hexadecimal."""

    salt: str
    digest: str


class Passwords:
    """Digests passwords for one server."""

    def __init__(self, *, cost: int = COST, max_waiting: int = MAX_WAITING) -> None:
        """`cost` is scrypt's N, a power of 2."""
        self._cost, self._max_waiting = cost, max_waiting
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        # Nobody's: whoever asks for an account that there is not costs as much time as for one that there is.
        self._nobody = Digest(secrets.token_hex(SALT_BYTES), secrets.token_hex(DIGEST_BYTES))

    async def digest(self, password: str, salt: str = "") -> Digest:
        """Return the digest of a password, with a fresh salt where none is given. Raises Busy."""
        if self._waiting >= self._max_waiting:
            raise Busy
        salt = salt or secrets.token_hex(SALT_BYTES)
        self._waiting += 1
        try:
            async with self._turns:
                return Digest(salt, await asyncio.to_thread(self._compute, password, salt))
        finally:
            self._waiting -= 1

    async def matches(self, password: str, known: Digest | None) -> bool:
        """Say whether a password is the one; the work is the same where none is known. Raises Busy."""
        against = known or self._nobody
        given = await self.digest(password, against.salt)
        return hmac.compare_digest(given.digest, against.digest) and known is not None

    def _compute(self, password: str, salt: str) -> str:
        return hashlib.scrypt(
            password.encode(), salt=bytes.fromhex(salt), n=self._cost, r=BLOCK_SIZE, p=1, dklen=DIGEST_BYTES
        ).hex()
