"""Consents: asked once, answered once by the one asked, over by themselves."""

import pytest

from protocols import gopang
from protocols.contract import Event
from reference_server.rules.gopang_consents import LONGEST_MS, MAX_ASKED, AskConsent, ConsentCommand, Consents

from .gopang_clockwork import START_MS, Clockwork

NAMES = {"ann": "Ann", "ben": "Ben", "cho": "Cho"}
SOON_MS = 1_000


class Registry(Clockwork):
    """Consents, and those who hear of them."""

    def __init__(self) -> None:
        self.consents = Consents(NAMES)
        super().__init__(lambda command, stamp: self.consents.handle(_mine(command), stamp))

    def ask(
        self, requester: str = "ann", owner: str = "ben", *, for_ms: int = SOON_MS, data_type: str = "MEDICAL"
    ) -> str:
        """Ask for a consent; return its id, or the status of the refusal."""
        fields = {"requester_id": requester, "owner_id": owner, "purpose": "a check-up"}
        self.order(AskConsent(**fields, data_type=data_type, expires_at=self.now_ms + for_ms))  # type: ignore[arg-type]
        reply = self.replies.pop()
        assert isinstance(reply.value, dict)
        return str(reply.value["consentId"]) if reply.status == 201 else str(reply.status)

    def answer(self, consent_id: str, *, approved: bool) -> None:
        event = gopang.ConsentRespond(consentId=consent_id, approved=approved)
        self.run(self.consents.respond(event, self.stamp))

    def allows(self, requester: str = "ann", owner: str = "ben", data_type: str = "MEDICAL") -> bool:
        return self.consents.allows(requester, owner, data_type, self.now_ms)  # type: ignore[arg-type]


def _mine(command: object) -> ConsentCommand:
    assert isinstance(command, ConsentCommand)
    return command


def statuses(events: list[Event]) -> list[str]:
    return [event.status for event in events if isinstance(event, gopang.ConsentStatus)]


@pytest.fixture
def registry() -> Registry:
    return Registry()


def test_the_owner_is_asked_and_both_hear_that_it_is_pending(registry: Registry) -> None:
    consent_id = registry.ask()
    request, *rest = registry.heard("ben")
    assert request == gopang.ConsentRequest(
        consentId=consent_id,
        requesterId="ann",
        requesterName="Ann",
        dataType="MEDICAL",
        purpose="a check-up",
        expiresAt=START_MS + SOON_MS,
    )
    assert rest == registry.heard("ann")
    assert rest == [gopang.ConsentStatus(consentId=consent_id, status="pending", updatedAt=START_MS)]
    assert registry.heard("cho") == []


def test_only_the_one_asked_may_answer_and_only_once(registry: Registry) -> None:
    consent_id = registry.ask()
    assert registry.consents.is_asked("ben", consent_id)
    assert not registry.consents.is_asked("ann", consent_id)
    assert not registry.consents.is_asked("cho", consent_id)
    assert not registry.consents.is_asked("ben", "another")
    assert registry.consents.is_open(consent_id, registry.now_ms)
    assert not registry.consents.is_open("another", registry.now_ms)
    registry.answer(consent_id, approved=True)
    assert not registry.consents.is_open(consent_id, registry.now_ms)


@pytest.mark.parametrize("approved", [True, False])
def test_an_answer_is_told_to_both_and_counts_until_the_end(registry: Registry, approved: bool) -> None:
    consent_id = registry.ask()
    assert not registry.allows()
    registry.answer(consent_id, approved=approved)
    answered = "approved" if approved else "rejected"
    assert statuses(registry.heard("ann")) == statuses(registry.heard("ben")) == ["pending", answered]
    registry.wait(SOON_MS - 1)
    assert registry.allows() is approved
    assert registry.heard("ann") == []
    registry.now_ms += 1  # the moment has come, the timer has not
    assert not registry.allows()
    registry.wait(0)
    assert not registry.allows()
    over = ["expired"] if approved else []  # what was rejected is over already
    assert statuses(registry.heard("ann")) == statuses(registry.heard("ben")) == over


def test_what_nobody_answers_expires_by_itself_and_cannot_be_answered_any_more(registry: Registry) -> None:
    consent_id = registry.ask()
    registry.wait(SOON_MS - 1)
    assert registry.consents.is_open(consent_id, registry.now_ms)
    registry.now_ms += 1  # the moment has come, the timer has not
    assert not registry.consents.is_open(consent_id, registry.now_ms)
    registry.wait(0)
    assert statuses(registry.heard("ann")) == statuses(registry.heard("ben")) == ["pending", "expired"]
    assert not registry.consents.is_open(consent_id, registry.now_ms)
    assert registry.consents.is_asked("ben", consent_id)  # too late, which is another thing than not at all
    assert not registry.consents.is_asked("ann", consent_id)


def test_a_consent_is_for_one_requester_one_owner_and_one_type(registry: Registry) -> None:
    registry.answer(registry.ask(), approved=True)
    assert registry.allows()
    assert not registry.allows(requester="cho")
    assert not registry.allows(owner="cho")
    assert not registry.allows(requester="ben", owner="ann")
    assert not registry.allows(data_type="FINANCE")


@pytest.mark.parametrize("longer_first", [True, False])
def test_of_two_consents_the_longer_counts(registry: Registry, longer_first: bool) -> None:
    longest_ms = 2 * SOON_MS
    for for_ms in (longest_ms, SOON_MS) if longer_first else (SOON_MS, longest_ms):
        registry.answer(registry.ask(for_ms=for_ms), approved=True)
    registry.wait(longest_ms - 1)
    assert registry.allows()
    registry.wait(1)
    assert not registry.allows()


@pytest.mark.parametrize(
    ("owner", "for_ms", "status"),
    [
        ("ann", SOON_MS, "400"),
        ("dan", SOON_MS, "404"),
        ("ben", 0, "400"),
        ("ben", -1, "400"),
        ("ben", LONGEST_MS + 1, "400"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_and_nobody_hears_of_it(
    registry: Registry, owner: str, for_ms: int, status: str
) -> None:
    assert registry.ask(owner=owner, for_ms=for_ms) == status
    assert registry.timers == []
    assert registry.heard("ann") + registry.heard("ben") + registry.heard("dan") == []


def test_a_requester_has_only_so_many_that_have_not_expired(registry: Registry) -> None:
    assert registry.ask(for_ms=LONGEST_MS) != "400"
    for _ in range(MAX_ASKED - 1):
        registry.answer(registry.ask(), approved=False)  # an answer frees nothing, or its timers would pile up
    assert registry.ask() == "429"
    assert registry.ask(requester="cho") != "429"
    registry.wait(SOON_MS)
    assert len(registry.timers) == 1
    assert registry.ask() != "429"
