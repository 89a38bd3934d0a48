"""Who may enter: verifies JSON Web Tokens, and mints them for those who have shown who they are.

Only HS256, only with this server's secret, and every claim has to have the type that the contract gives it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import jwt

from protocols.contract import Json, Protocol
from protocols.errors import UsageError

DEVELOPMENT_SECRET: Final = "rehearsal-development-secret-known-to-everybody"  # noqa: S105 -- no secret at all
"""Signs tokens where nobody but this machine can reach the server; `Settings` sees to it that it opens nothing else."""
ALGORITHM: Final = "HS256"
LIFETIME_S: Final = 3600

# A token of ours has some 300 characters; a handshake could bring a megabyte.
MAX_TOKEN: Final = 4096


class BadToken(Exception):
    """A token that opens nothing; the message is the one that the contract has for it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token says, now that it can be believed."""

    claims: Mapping[str, Json]
    expires_in_ms: int | None
    """Milliseconds until it ends; None where it never does."""


class Gate:
    """Tells valid tokens of one protocol from others. A protocol without `x-handshake` has no gate: all may enter."""

    def __init__(self, protocol: Protocol, secret: str, now_s: Callable[[], float] = time.time) -> None:
        """Take the secret that tokens are signed with, and the wall clock that says when they end."""
        self._protocol, self._secret, self._now_s = protocol, secret, now_s

    @property
    def is_open(self) -> bool:
        """Whether everybody may enter, with or without a token."""
        return self._protocol.handshake is None

    def verify(self, token: Json) -> Verified:
        """Return what a token says; raises BadToken when there is none, when it has ended, or when it is not ours."""
        handshake = self._protocol.handshake
        if handshake is None:
            return Verified({}, None)
        if token in (None, ""):
            raise BadToken(handshake.missing)
        if not isinstance(token, str) or len(token) > MAX_TOKEN:
            raise BadToken(handshake.invalid)
        try:
            # Times are judged below: PyJWT would take its own look at the clock, and `1e400` for a time.
            options = jwt.types.Options(verify_signature=True, verify_exp=False, verify_nbf=False, verify_iat=False)
            claims: dict[str, Json] = jwt.decode(token, self._secret, algorithms=[ALGORITHM], options=options)
        except (jwt.InvalidTokenError, ValueError, UnicodeError, RecursionError):
            raise BadToken(handshake.invalid) from None
        if self._protocol.faults(handshake.claims, claims) or not _are_times(claims):
            raise BadToken(handshake.invalid)
        return Verified(claims, self._left_ms(claims, handshake.expired, handshake.invalid))

    def _left_ms(self, claims: Mapping[str, Json], expired: str, invalid: str) -> int | None:
        now_s, ends_s, begins_s = self._now_s(), claims.get("exp"), claims.get("nbf")
        if isinstance(begins_s, int | float) and begins_s > now_s:
            raise BadToken(invalid)
        if not isinstance(ends_s, int | float):
            return None
        if ends_s <= now_s:
            raise BadToken(expired)
        return int((ends_s - now_s) * 1000)

    def mint(self, claims: Mapping[str, Json], lifetime_s: int = LIFETIME_S) -> str:
        """Return a signed token with these claims, valid from now on; raises UsageError for claims of a wrong type."""
        now_s = int(self._now_s())
        whole = {"iat": now_s, "exp": now_s + lifetime_s, **claims}
        handshake = self._protocol.handshake
        if handshake is None:
            raise UsageError(f"{self._protocol.name} knows no such tokens: its sessions come from elsewhere")
        if faults := self._protocol.faults(handshake.claims, whole):
            raise UsageError(f"{self._protocol.name} has no such claims: {'; '.join(map(str, faults[:3]))}")
        return jwt.encode(whole, self._secret, algorithm=ALGORITHM)


def _are_times(claims: Mapping[str, Json]) -> bool:
    """Whether what claims to be a time is one that arithmetic can stand: from the epoch to the year 9999."""
    times = [claims[name] for name in ("exp", "nbf", "iat") if name in claims]
    return all(
        isinstance(moment, int | float) and not isinstance(moment, bool) and 0 <= moment < 253_402_300_800
        for moment in times
    )
