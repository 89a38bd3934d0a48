"""Consents, transactions, records and vaults as the rules of gopang join them together."""

import pytest

from protocols import gopang
from protocols.contract import Event, Json
from reference_server.rules.gopang_canonical import fingerprint
from reference_server.rules.gopang_commands import ReadAccount
from reference_server.rules.gopang_consents import AskConsent

from .gopang_stage import HOUR_MS, Stage


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.connect("mina-1", "mina-2", "jun-1", "sora-1")
    stage.hush()
    return stage


def ask(stage: Stage, data_type: gopang.DrawerType = "FINANCE", lasts_ms: int = HOUR_MS) -> str:
    """Have jun ask mina for a consent; return its id, and forget what was heard."""
    reply = stage.order(AskConsent("jun", "mina", data_type, "to help", stage.now_ms + lasts_ms))
    assert reply.status == 201
    stage.hush()
    return str(reply.value["consentId"])


def balance(stage: Stage, user_id: str) -> Json:
    return stage.order(ReadAccount(user_id, f"{user_id}@example.org")).value["balance"]


def read(drawer_id: str = "money", vault_id: str = "vault-mina") -> gopang.VaultAccess:
    return gopang.VaultAccess(vaultId=vault_id, drawerId=drawer_id, action="read")


def write(**content: Json) -> gopang.VaultAccess:
    drawer = gopang.DrawerContent.model_validate(content)
    return gopang.VaultAccess(vaultId="vault-mina", drawerId="money", action="write", content=drawer)


def test_a_transaction_is_acknowledged_verified_completed_recorded_and_verifiable(stage: Stage) -> None:
    stage.say("mina-1", gopang.TransactionCreate(receiverId="jun", amount=400), ack=True)
    stage.wait(HOUR_MS)
    told = [each for each in stage.heard("mina-1") if not isinstance(each, gopang.OpenhashSync)]
    events = [each for each in told if isinstance(each, Event)]
    (ack,) = [each for each in told if isinstance(each, gopang.TransactionCreateAck)]
    assert ack.success
    assert [event.event_name for event in events] == [
        "transaction:status", "transaction:verify", "transaction:verify", "transaction:verify",
        "transaction:status", "transaction:status", "transaction:complete", "openhash:record",
    ]  # fmt: skip
    for sid in ("mina-2", "jun-1"):
        assert [each for each in stage.heard(sid) if not isinstance(each, gopang.OpenhashSync)] == events
    assert stage.heard("sora-1") == []
    assert (balance(stage, "mina"), balance(stage, "jun"), balance(stage, "sora")) == (999_600, 1_000_400, 1_000_000)

    record = events[-1]
    assert isinstance(record, gopang.OpenhashRecord)
    stage.say("sora-1", gopang.OpenhashVerifyRequest(value=record.hashValue), ack=True)
    event, outcome = stage.heard("sora-1")
    verified = {"hashValue": record.hashValue, "verified": True, "layer": record.layer, "recordedAt": record.timestamp}
    assert event.to_json() == outcome.to_json() == verified


def test_a_hash_of_nothing_is_not_verified(stage: Stage) -> None:
    stage.say("mina-1", gopang.OpenhashVerifyRequest(value="0" * 64))
    assert stage.one("mina-1", gopang.OpenhashVerifyResult).to_json() == {"hashValue": "0" * 64, "verified": False}
    assert stage.heard("mina-2") == []


def test_a_transaction_is_cancelled_by_who_created_it_while_it_is_pending(stage: Stage) -> None:
    stage.say("mina-1", gopang.TransactionCreate(receiverId="jun", amount=400), ack=True)
    (ack,) = stage.of("mina-1", gopang.TransactionCreateAck)
    stage.hush()
    assert isinstance(ack.transactionId, str)
    cancel = gopang.TransactionCancel(value=ack.transactionId)
    for sid in ("jun-1", "sora-1"):
        stage.say(sid, cancel)
        assert stage.one(sid, gopang.GopangError).code == "E3005"
    stage.say("mina-2", cancel)
    for sid in ("mina-1", "mina-2", "jun-1"):
        assert stage.one(sid, gopang.TransactionStatus).status == "cancelled"
    stage.say("mina-2", cancel)
    assert stage.one("mina-2", gopang.GopangError).code == "E3004"
    stage.wait(HOUR_MS)
    assert stage.heard("jun-1") == []
    assert balance(stage, "mina") == 1_000_000


def test_nobody_has_more_transactions_under_way_than_they_may(stage: Stage) -> None:
    pay = gopang.TransactionCreate(receiverId="jun", amount=1)
    for _ in range(101):
        stage.say("mina-1", pay, ack=True)
    outcomes = [ack.success for ack in stage.of("mina-1", gopang.TransactionCreateAck)]
    assert outcomes == [True] * 100 + [False]


def test_whoever_comes_with_a_valid_token_has_an_account_and_a_name(stage: Stage) -> None:
    assert balance(stage, "stranger") == 1_000_000
    stage.connect("passer-1")
    stage.hush()
    stage.say("mina-1", gopang.TransactionCreate(receiverId="passer", amount=5))
    stage.wait(HOUR_MS)
    assert balance(stage, "passer") == 1_000_005
    stage.order(AskConsent("passer", "mina", "GENERAL", "hello", stage.now_ms + 1000))
    (request,) = stage.of("mina-1", gopang.ConsentRequest)
    assert request.requesterName == "passer@example.org"
    assert stage.order(AskConsent("jun", "nobody", "GENERAL", "?", stage.now_ms + 1000)).status == 404


def test_a_consent_is_answered_once_by_the_one_who_is_asked(stage: Stage) -> None:
    consent_id = ask(stage)
    approve = gopang.ConsentRespond(consentId=consent_id, approved=True)
    for sid in ("jun-1", "sora-1"):
        stage.say(sid, approve)
        assert stage.one(sid, gopang.GopangError).code == "E3005"
    stage.say("mina-2", gopang.ConsentRespond(consentId=consent_id, approved=False))
    for sid in ("mina-1", "mina-2", "jun-1"):
        status = stage.one(sid, gopang.ConsentStatus)
        assert (status.consentId, status.status) == (consent_id, "rejected")
    stage.say("mina-1", approve)
    assert stage.one("mina-1", gopang.GopangError).code == "E3004"
    assert stage.heard("sora-1") == []


def test_a_consent_expires_by_itself(stage: Stage) -> None:
    consent_id = ask(stage, lasts_ms=5_000)
    stage.wait(4_999)
    assert stage.names("jun-1") == []
    stage.wait(1)
    for sid in ("mina-1", "mina-2", "jun-1"):
        assert stage.one(sid, gopang.ConsentStatus).status == "expired"
    stage.say("mina-1", gopang.ConsentRespond(consentId=consent_id, approved=True))
    assert stage.names("mina-1") == ["gopang:error"]


def test_a_vault_is_its_owners(stage: Stage) -> None:
    stage.say("mina-1", write(won=[1, 2.5], memo="비밀"))
    content, proof = stage.heard("mina-1")
    assert isinstance(content, gopang.VaultContent)
    assert isinstance(proof, gopang.VaultProof)
    assert content.content.to_json() == {"won": [1, 2.5], "memo": "비밀"}
    assert content.updatedAt == stage.now_ms
    assert proof.proof == fingerprint({"memo": "비밀", "won": [1, 2.5]})
    stage.say("mina-2", read())
    assert stage.of("mina-2", gopang.VaultContent) == [content]
    stage.say("mina-1", gopang.VaultAccess(vaultId="vault-mina", action="list"))
    assert [each.drawerId for each in stage.of("mina-1", gopang.VaultContent)] == ["money", "health"]
    assert stage.heard("jun-1") == []


REFUSED = {
    "reading what one may not": ("jun-1", read(), "E1003"),
    "reading what is not there, as somebody else": ("jun-1", read("no"), "E1003"),
    "reading no vault": ("mina-1", read(vault_id="no"), "E1003"),
    "reading what is not there": ("mina-1", read("no"), "E3003"),
    "reading without saying what": ("mina-1", gopang.VaultAccess(vaultId="vault-mina", action="read"), "E3003"),
    "writing nothing": ("mina-1", gopang.VaultAccess(vaultId="vault-mina", drawerId="money", action="write"), "E3001"),
    "writing too much": ("mina-1", write(text="x" * 65_536), "E3009"),
    "writing as somebody else": ("jun-1", write(won=0), "E1003"),
    "listing as somebody else": ("jun-1", gopang.VaultAccess(vaultId="vault-mina", action="list"), "E1003"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("consented", [False, True])
def test_access_that_is_refused_shows_nothing(stage: Stage, what: str, *, consented: bool) -> None:
    sid, access, code = REFUSED[what]
    if consented:  # for another drawer: which opens that drawer, for reading, and nothing else
        stage.say("mina-1", gopang.ConsentRespond(consentId=ask(stage, "MEDICAL"), approved=True))
        stage.hush()
        stage.say("jun-1", read("health"))
        assert stage.names("jun-1") == ["vault:content", "vault:proof"]
    stage.say(sid, access)
    assert stage.one(sid, gopang.GopangError).code == code


def test_a_consent_opens_a_drawer_for_reading_until_it_expires(stage: Stage) -> None:
    stage.say("mina-1", gopang.ConsentRespond(consentId=ask(stage, lasts_ms=5_000), approved=True))
    stage.hush()
    stage.say("jun-1", read())
    assert stage.names("jun-1") == ["vault:content", "vault:proof"]
    stage.say("sora-1", read())
    assert stage.names("sora-1") == ["gopang:error"]
    stage.say("jun-1", write(won=0))
    assert stage.names("jun-1") == ["gopang:error"]
    stage.wait(5_000)
    stage.hush()
    stage.say("jun-1", read())
    assert stage.names("jun-1") == ["gopang:error"]
