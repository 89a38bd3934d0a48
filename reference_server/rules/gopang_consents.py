"""Who may see whose data, of which type and until when: asked over HTTP, answered once by its owner, ended by time."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from protocols import gopang
from reference_server.effects import Command, Effect, Later, Reply, Stamp
from reference_server.rules.gopang_bygones import Bygones
from reference_server.rules.gopang_rooms import tell

Status: TypeAlias = Literal["pending", "approved", "rejected", "expired"]

MAX_ASKED: Final = 100
"""Consents that one requester may have asked for and that have not expired: those that were answered count too, since
each keeps a timer until then."""
LONGEST_MS: Final = 366 * 24 * 3600 * 1000
"""How far ahead a consent may expire: a year. What never ended would count against its requester for good."""


@dataclass(frozen=True, slots=True)
class ConsentCommand(Command):
    """A request or a timer about consents; goes to `Consents.handle`."""


@dataclass(frozen=True, slots=True)
class AskConsent(ConsentCommand):
    """`POST /consents` of a verified requester: 201 `{consentId, status: "pending"}`.

    400 for oneself as the owner and for an end that is past or too far ahead, 404 for an owner who does not exist, 429
    for more than `MAX_ASKED`. HTTP has checked the shapes.
    """

    requester_id: str
    owner_id: str
    data_type: gopang.DrawerType
    purpose: str
    expires_at: int
    """Epoch milliseconds."""


@dataclass(frozen=True, slots=True)
class ExpireConsent(ConsentCommand):
    """The end of a consent has come. There is one such timer for each, so none is ever obsolete."""

    consent_id: str


_Grant: TypeAlias = tuple[str, str, gopang.DrawerType]
"""Requester, owner, and type of the data."""


@dataclass(slots=True)
class _Consent:
    """One that has not expired."""

    id: str
    requester: str
    owner: str
    data_type: gopang.DrawerType
    expires_at: int
    status: Status = "pending"

    @property
    def grant(self) -> _Grant:
        return self.requester, self.owner, self.data_type


class Consents:
    """All consents that have not expired."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """Take the name of every user by id; whoever is added later can be asked from then on."""
        self._names = names
        self._consents: dict[str, _Consent] = {}  # consent id -> consent
        self._over = Bygones()
        self._asked_by: Counter[str] = Counter()  # requester -> how many of these are theirs
        self._granted: dict[_Grant, int] = {}  # what is approved -> until when (epoch ms), the longest counts

    def is_asked(self, user_id: str, consent_id: str) -> bool:
        """Say whether this user is, or was, the one whom this consent asks."""
        consent = self._consents.get(consent_id)
        return (consent.owner if consent else self._over.owner(consent_id)) == user_id

    def is_open(self, consent_id: str, now_ms: int) -> bool:
        """Say whether this consent still waits for its answer."""
        consent = self._consents.get(consent_id)
        return consent is not None and consent.status == "pending" and now_ms < consent.expires_at

    def allows(self, requester_id: str, owner_id: str, data_type: gopang.DrawerType, now_ms: int) -> bool:
        """Say whether an owner has approved that somebody sees data of a type, and that has not expired."""
        return now_ms < self._granted.get((requester_id, owner_id, data_type), 0)

    def respond(self, event: gopang.ConsentRespond, stamp: Stamp) -> Iterator[Effect]:
        """Take the answer of the one who was asked, to a consent that is open.

        Conditions that come along bind people, not this server: the protocol has no event that could pass them on.
        """
        consent = self._consents[event.consentId]
        consent.status = "approved" if event.approved else "rejected"
        if event.approved:
            self._granted[consent.grant] = max(consent.expires_at, self._granted.get(consent.grant, 0))
        yield from _told(consent, stamp)

    def handle(self, command: ConsentCommand, stamp: Stamp) -> Iterator[Effect]:
        """Ask for a consent, or let one expire."""
        match command:
            case AskConsent():
                yield from self._ask(command, stamp)
            case ExpireConsent():
                yield from self._expire(command.consent_id, stamp)
            case _:
                pass

    def _ask(self, command: AskConsent, stamp: Stamp) -> Iterator[Effect]:
        if command.owner_id not in self._names:
            yield _refusal(404, "E3010", "ownerId: there is no such user")
        elif command.owner_id == command.requester_id:
            yield _refusal(400, "E3001", "ownerId: that is you; one's own data need no consent")
        elif not stamp.now_ms < command.expires_at <= stamp.now_ms + LONGEST_MS:
            yield _refusal(400, "E3001", "expiresAt: this is past, or more than 366 days ahead")
        elif self._asked_by[command.requester_id] >= MAX_ASKED:
            yield _refusal(429, "E3011", f"{MAX_ASKED} of your consents have not expired; wait for one to end")
        else:
            yield from self._begin(command, stamp)

    def _begin(self, command: AskConsent, stamp: Stamp) -> Iterator[Effect]:
        consent = _Consent(
            stamp.fresh("consent"), command.requester_id, command.owner_id, command.data_type, command.expires_at
        )
        self._consents[consent.id] = consent
        self._asked_by[consent.requester] += 1
        request = gopang.ConsentRequest(
            consentId=consent.id,
            requesterId=consent.requester,
            requesterName=self._names.get(consent.requester, consent.requester),
            dataType=consent.data_type,
            purpose=command.purpose,
            expiresAt=consent.expires_at,
        )
        yield from tell(request, consent.owner)
        yield from _told(consent, stamp)
        yield Later(consent.expires_at - stamp.now_ms, ExpireConsent(consent.id))
        yield Reply({"consentId": consent.id, "status": consent.status}, status=201)

    def _expire(self, consent_id: str, stamp: Stamp) -> Iterator[Effect]:
        """Forget a consent; both hear that it is over, unless it was rejected, which is the end of it already."""
        consent = self._consents.pop(consent_id)
        self._over.add(consent_id, consent.owner)
        self._asked_by[consent.requester] -= 1
        if not self._asked_by[consent.requester]:
            del self._asked_by[consent.requester]
        if self._granted.get(consent.grant, stamp.now_ms + 1) <= stamp.now_ms:
            del self._granted[consent.grant]
        if consent.status != "rejected":
            consent.status = "expired"
            yield from _told(consent, stamp)


def _told(consent: _Consent, stamp: Stamp) -> Iterator[Effect]:
    """Tell both sides how a consent stands."""
    event = gopang.ConsentStatus(consentId=consent.id, status=consent.status, updatedAt=stamp.now_ms)
    yield from tell(event, consent.owner, consent.requester)


def _refusal(status: int, code: str, message: str) -> Reply:
    return Reply({"error": {"code": code, "message": message}}, status=status)
