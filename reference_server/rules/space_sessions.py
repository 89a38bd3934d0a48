"""Whose token is whose: users of the world, guests that came over HTTP, and what an external verifier says."""

from collections.abc import Container
from dataclasses import dataclass
from typing import NamedTuple

from protocols import space
from protocols.contract import Action, Json
from protocols.errors import InvalidPayload
from reference_server.effects import Answer, Note, Stamp
from reference_server.mode import Mode
from reference_server.rules.space_state import Identity, Kind
from reference_server.world import Role, User, World

GUESTS = 100_000
"""Guest sessions kept; beyond these the one longest unused is forgotten."""
GUEST_LIFETIME_MS = 24 * 3600 * 1000
"""Disuse after which a guest session is no longer valid."""
DEVELOPMENT_PREFIX = "dev-"


@dataclass(slots=True)
class _Guest:
    participant_id: str
    nickname: str
    space_id: str
    used_ms: int


class Admission(NamedTuple):
    """Whether somebody may join, and what the log is told about it."""

    identity: Identity | None
    notes: tuple[Note, ...] = ()


class Sessions:
    """All sessions of one running server."""

    def __init__(self, world: World, mode: Mode, seated: Container[str]) -> None:
        """Take the ids of verified players who are in a space now: being there is use of a session."""
        self._world = world
        self._mode = mode
        self._seated = seated
        self._users = {user.token: user for user in world.users}
        self._guests: dict[str, _Guest] = {}  # token -> guest, the longest unused first

    def is_own(self, token: str) -> bool:
        """Whether no external verifier need be asked about a token: it is ours, empty, or its prefix says it all."""
        return not token or token.startswith(DEVELOPMENT_PREFIX) or token in self._users or token in self._guests

    def user(self, token: str) -> User | None:
        """Return the signed-in user behind a bearer token."""
        return self._users.get(token)

    def create_guest(self, space_id: str, nickname: str, stamp: Stamp) -> tuple[str, Identity]:
        """Make a guest session for one space, and return its token and who that is."""
        self._forget_unused(stamp.now_ms)
        token = f"guest-{stamp.fresh('guest token')}"
        guest = _Guest(f"participant-{stamp.fresh('guest id')}", nickname, space_id, stamp.now_ms)
        self._guests[token] = guest
        return token, _identity_of(token, guest)

    def verify(self, token: str, space_id: str, now_ms: int) -> Identity | None:
        """Return who a session of ours says somebody is in a space; None where it is not valid there."""
        if user := self._users.get(token):
            return Identity(Kind.USER, user.id, user.nickname, self._world.role(space_id, user.id))
        guest = self._guests.get(token)
        if guest is None or guest.space_id != space_id or self._expired(guest, now_ms):
            return None
        self._use(token, now_ms)
        return _identity_of(token, guest)

    def touch(self, identity: Identity, now_ms: int) -> None:
        """Count the end of a stay as use of its session."""
        if identity.token in self._guests:
            self._use(identity.token, now_ms)

    def admit(self, join: space.JoinSpace, answer: Answer | None, now_ms: int) -> Admission:
        """Say who wants to join. In development who is not verified comes in under its own word, with a warning."""
        token = token_of(join)
        identity = self.verify(token, join.spaceId, now_ms)
        failure = ""
        if identity is None and answer is not None and not self.is_own(token):
            identity, failure = _vouched(token, answer)
        notes: tuple[Note, ...] = ()
        if failure:
            notes += (Note("error", f"external verification failed: {failure}", "E4001"),)
        if identity is not None or self._mode is Mode.PRODUCTION:
            return Admission(identity, notes)
        if not token.startswith(DEVELOPMENT_PREFIX):
            notes += (Note("warn", "session not valid; development lets it in", "E1001"),)
        # Unverified, it has no privileges either: an id that anybody may claim makes nobody OWNER.
        return Admission(Identity(Kind.UNVERIFIED, join.playerId, join.nickname, Role.PARTICIPANT), notes)

    def _use(self, token: str, now_ms: int) -> None:
        guest = self._guests.pop(token)
        guest.used_ms = now_ms
        self._guests[token] = guest

    def _expired(self, guest: _Guest, now_ms: int) -> bool:
        return now_ms - guest.used_ms > GUEST_LIFETIME_MS and guest.participant_id not in self._seated

    def _forget_unused(self, now_ms: int) -> None:
        """Make room for one more. Who is in a space now is not forgotten, so a full table of those may grow beyond."""
        for _ in range(len(self._guests)):
            token, guest = next(iter(self._guests.items()))
            if len(self._guests) < GUESTS and now_ms - guest.used_ms <= GUEST_LIFETIME_MS:
                return
            if guest.participant_id in self._seated:
                self._use(token, now_ms)
            else:
                del self._guests[token]


def token_of(join: space.JoinSpace) -> str:
    """Return the session token that came with a join; empty where none did."""
    return join.sessionToken if isinstance(join.sessionToken, str) else ""


def _identity_of(token: str, guest: _Guest) -> Identity:
    return Identity(Kind.GUEST, guest.participant_id, guest.nickname, Role.PARTICIPANT, token)


def _vouched(token: str, answer: Answer) -> tuple[Identity | None, str]:
    """Read what an external verifier said: who it is, or None; and how the verifier failed, if it did."""
    if answer.failed:
        return None, answer.failed
    if not answer.valid:
        return None, ""
    participant_id, nickname = answer.claims.get("participantId"), answer.claims.get("nickname")
    if not sayable(participant_id, nickname):
        return None, "it answered without a usable participantId and nickname"
    kind = Kind.USER if token.startswith("auth-") else Kind.GUEST
    return Identity(kind, str(participant_id), str(nickname), _role(answer.claims.get("role"))), ""


def sayable(player_id: Json, nickname: Json) -> bool:
    """Whether others can be told of a player by this id and nickname.

    Both are asked as a join would say them, so that no session that came by another way lets in what the gate would
    not: one player whom no event can describe would spoil the roster for everybody.
    """
    said = {"spaceId": "any", "playerId": player_id, "nickname": nickname, "avatarColor": "default"}
    try:
        space.PROTOCOL.parse(Action.RECEIVE, space.JoinSpace.event_name, [said])
    except InvalidPayload:
        return False
    return True


def _role(claim: Json) -> Role:
    return Role(claim) if isinstance(claim, str) and claim in set(Role) else Role.PARTICIPANT
