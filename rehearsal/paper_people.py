"""Who comes to a rehearsal on paper: the sessions that a target would give, and what the rules are told of them."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final, cast

from protocols.contract import Json
from protocols.errors import UsageError
from protocols.gopang import DrawerType
from reference_server.effects import Command, Reply
from reference_server.rules.gateway_commands import Bearer, EnterRoom, MarkRead
from reference_server.rules.gopang_consents import AskConsent
from reference_server.rules.space_commands import CreateGuest
from simulators.actor import Actor, Post
from simulators.people import Identity, Role
from simulators.people_config import Account
from simulators.target import Target

Ask = Callable[[Command], Reply | None]
"""Puts a command before the rules, as HTTP does, and returns their answer."""

_CLAIMS: Final[Mapping[str, Callable[[Identity], Mapping[str, Json]]]] = {
    "gateway": lambda who: {"sub": who.id, "email": who.details["email"]},
    "dongne": lambda who: {"userId": who.id},
    "gopang": lambda who: {"userId": who.id, "email": who.details["email"], "userType": "member"},
    "hub": lambda who: {"id": who.id, "email": who.details["email"], "nickname": who.nickname},
}


class PaperPeople:
    """The sessions of one run: guests where there are some, else the users of the built-in world, each in turn."""

    def __init__(self, protocol: str) -> None:
        self._protocol = protocol
        self._target = Target.at("http://paper.invalid", protocol=protocol)
        config = self._target.sessions
        self._gives_guests = config.guests is not None
        self.posts = _posts(config.users)
        """The places that have staff, with whom, each once."""
        staff = {identity.id for _, identity in self.posts}
        self._accounts = deque(account for account in config.users if account.id not in staff)
        # name of an actor whose session others hold too -> that session, once there is one
        self._shared: dict[str, Identity | None] = {}
        self._guests = 0

    def expect(self, actors: Iterable[Actor]) -> None:
        """Take in who will come, and with that whose sessions are shared."""
        self._shared = {actor.session_of: None for actor in actors if actor.session_of != actor.name}

    def scope(self, n: int) -> str:
        """Name the n-th place to play in."""
        return f"virtual-{n}" if self._target.makes_places else self._target.place(n, "virtual")

    def claims(self, identity: Identity) -> Mapping[str, Json]:
        """Return what a verified token says of somebody; nothing where connecting takes none."""
        return _CLAIMS[self._protocol](identity) if self._protocol in _CLAIMS else {}

    def identity(self, actor: Actor, ask: Ask) -> Identity:
        """Return the session that somebody holds from now on; raises UsageError where there is none left."""
        if actor.identity is not None:
            return actor.identity
        if actor.session_of not in self._shared:
            return self._new(actor, ask)
        held = self._shared[actor.session_of] or self._new(actor, ask)
        self._shared[actor.session_of] = held
        return held

    def _new(self, actor: Actor, ask: Ask) -> Identity:
        if actor.is_known or not self._gives_guests:
            if not self._accounts:
                raise UsageError("cast: more sessions are needed than the built-in world has users; ask for fewer")
            return _lent(self._accounts.popleft(), "PARTICIPANT")
        if self._protocol == "space":
            return _guest_of_space(actor, ask)
        self._guests += 1
        guest = f"guest-{self._guests}"
        details = {"email": f"{guest}@example.org"}
        return Identity(token="", id=guest, nickname=actor.nickname, details=details)


def command(protocol: str, identity: Identity, post: Post) -> Command:
    """Return what reaches the rules of an HTTP request that somebody makes; raises ValueError for an unknown one."""
    match protocol, post.path.split("/")[1:]:
        case "gateway", ["rooms", room_id, "join"]:
            return EnterRoom(_bearer(identity), room_id)
        case "gateway", ["rooms", room_id, "read"]:
            return MarkRead(_bearer(identity), room_id, str(post.body["lastReadMessageId"]))
        case "gopang", ["consents"]:
            return AskConsent(
                requester_id=identity.id,
                owner_id=str(post.body["ownerId"]),
                data_type=cast("DrawerType", post.body["dataType"]),
                purpose=str(post.body["purpose"]),
                expires_at=cast("int", post.body["expiresAt"]),
            )
        case _:
            raise ValueError(f"POST {post.path} of {protocol} cannot be played on paper yet")


def _bearer(identity: Identity) -> Bearer:
    return Bearer(identity.id, identity.details["email"])


def _guest_of_space(actor: Actor, ask: Ask) -> Identity:
    reply = ask(CreateGuest(actor.scope, actor.nickname))
    assert reply is not None  # every HTTP command is answered
    session = cast("dict[str, str]", reply.value)
    return Identity(
        token=session["sessionToken"], id=session["participantId"], nickname=session["nickname"], scope=actor.scope
    )


def _lent(account: Account, role: Role) -> Identity:
    return Identity(
        token=account.token, id=account.id, nickname=account.nickname, role=role, details=dict(account.details)
    )


def _posts(users: Iterable[Account]) -> list[tuple[str, Identity]]:
    """Return every OWNER and STAFF once, each with a place of theirs."""
    return [
        (place, _lent(user, "OWNER" if user.owner_of else "STAFF"))
        for user in users
        for place in (*user.owner_of, *user.staff_of)[:1]
    ]
