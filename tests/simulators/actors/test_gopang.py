"""What the people of gopang do, on paper."""

from collections.abc import Iterator
from random import Random

import pytest

from protocols.contract import Event
from protocols.gopang import (
    PROTOCOL,
    ConsentRequest,
    ConsentRespond,
    ConsentStatus,
    ConversationJoin,
    MessageNew,
    MessageRead,
    MessageSend,
    MessagesSync,
    OpenhashRecord,
    OpenhashVerifyRequest,
    SyncedMessage,
    SyncRequest,
    TransactionCancel,
    TransactionCreate,
    TransactionStatus,
    VaultAccess,
    VaultContent,
)
from simulators.actor import Act, Connect, Cut, Emit, Leave, Post
from simulators.actors.gopang import (
    ACTORS,
    FULL_SYNC,
    GopangActor,
    Heckler,
    Messenger,
    Owner,
    Requester,
    Tablet,
    Trader,
)
from simulators.actors.gopang_words import LINES, OPEN_VAULT_LINE, PURCHASES, PURPOSES
from simulators.people import Identity

ME = Identity(token="a.b.c", id="me", nickname="Me", details={"email": "me@example.org"})
BEHAVED = [kind for kind in ACTORS.values() if kind is not Heckler]
NOW_MS = 1_700_000_000_000


def started(kind: type[GopangActor], seed: str = "1") -> GopangActor:
    """Return somebody who has connected with a token, and has not been heard yet."""
    actor = kind("me-1", "plaza", Random(seed))
    actor.standing.connected(ME)
    actor.connected(ME, 0.0)
    return actor


def hear(actor: GopangActor, event: Event, now_s: float = 0.0) -> None:
    actor.standing.heard(event)
    if type(event) in actor.cares:
        actor.hear(event, now_s)


def live(actor: GopangActor, for_s: float) -> Iterator[tuple[float, Act]]:
    """Yield what somebody does, on a target that answers every sync and where somebody else has spoken."""
    while actor.due_s < for_s:
        for due_s, act in actor.act(actor.due_s):
            if isinstance(act, Emit):
                actor.standing.said(act.event)
                if isinstance(act.event, SyncRequest):
                    hear(actor, synced(), due_s)
            yield due_s, act


def first_post(actor: GopangActor) -> tuple[float, Post]:
    """Have somebody live until it asks for something over HTTP; return when that was, and what."""
    while actor.due_s < 300.0:
        acts = list(actor.act(actor.due_s))
        if posts := [(due_s, act) for due_s, act in acts if isinstance(act, Post)]:
            return posts[0]
    raise AssertionError("nothing was asked for")


def synced(count: int = 1) -> MessagesSync:
    messages = [
        SyncedMessage(
            messageId=f"m{n}",
            conversationId="plaza",
            senderId="you",
            content="hi",
            messageType="text",
            timestamp=NOW_MS,
        )
        for n in range(count)
    ]
    return MessagesSync(count=count, messages=messages)


def said_by(sender: str, content: str = "hi", message_id: str = "m") -> MessageNew:
    return MessageNew(
        messageId=message_id,
        conversationId="plaza",
        senderId=sender,
        senderEmail=f"{sender}@example.org",
        content=content,
        messageType="text",
        timestamp=NOW_MS,
    )


def asked(consent_id: str = "c") -> ConsentRequest:
    return ConsentRequest(
        consentId=consent_id, requesterId="you", requesterName="You", dataType="MEDICAL", purpose="x", expiresAt=NOW_MS
    )


def consent(status: str, consent_id: str = "c") -> ConsentStatus:
    return ConsentStatus.model_validate({"consentId": consent_id, "status": status, "updatedAt": NOW_MS})


def transaction(status: str, transaction_id: str = "t") -> TransactionStatus:
    return TransactionStatus.model_validate({"transactionId": transaction_id, "status": status, "updatedAt": NOW_MS})


def drawer(drawer_id: str, vault_id: str = "vault-me") -> VaultContent:
    fields = {"vaultId": vault_id, "drawerId": drawer_id, "drawerType": "MEDICAL", "content": {}, "updatedAt": 0}
    return VaultContent.model_validate(fields)


def events(actor: GopangActor, for_s: float) -> list[Event]:
    return [act.event for _, act in live(actor, for_s) if isinstance(act, Emit)]


@pytest.mark.parametrize("kind", ACTORS.values())
def test_one_seed_one_life(kind: type[GopangActor]) -> None:
    first, same, other = (list(live(started(kind, seed), 60.0)) for seed in ("1", "1", "2"))
    assert first == same
    if kind is not Requester:  # who knows nobody to ask does nothing by chance
        assert first != other


@pytest.mark.parametrize("kind", BEHAVED)
def test_who_behaves_says_nothing_that_breaks_the_contract(kind: type[GopangActor]) -> None:
    actor = started(kind)
    hear(actor, drawer("medical"))
    hear(actor, said_by("you", OPEN_VAULT_LINE))
    hear(actor, asked())
    said = events(actor, 200.0)
    assert len(said) > 1
    for event in said:
        schema = PROTOCOL.operation(event).schema
        assert schema is None or PROTOCOL.faults(schema, event.to_args()[0]) == []


@pytest.mark.parametrize("kind", ACTORS.values())
def test_everybody_joins_first_and_then_asks_what_it_missed(kind: type[GopangActor]) -> None:
    first, second, *_ = [act.event for _, act in started(kind).act(0.0) if isinstance(act, Emit)]
    assert first == ConversationJoin(value="plaza")
    assert second == SyncRequest()


def test_who_comes_back_asks_from_the_last_message_on_and_goes_on_while_there_is_more() -> None:
    actor = started(Messenger)
    list(actor.act(0.0))
    hear(actor, synced(FULL_SYNC))
    assert [act for _, act in actor.act(0.0)] == [Emit(SyncRequest(lastMessageId=f"m{FULL_SYNC - 1}"))]
    hear(actor, synced(FULL_SYNC - 1))
    assert [act for _, act in actor.act(0.0)] == []


def test_a_messenger_says_nothing_before_it_is_surely_in() -> None:
    actor = started(Messenger)
    said = [act.event for _ in range(40) for _, act in actor.act(actor.due_s) if isinstance(act, Emit)]
    assert not [event for event in said if isinstance(event, MessageSend)]
    assert [event for event in events(started(Messenger), 60.0) if isinstance(event, MessageSend)]


def test_a_messenger_reads_half_of_what_others_say_and_nothing_of_its_own() -> None:
    actor = started(Messenger, "3")
    list(live(actor, 0.1))
    for n in range(100):
        hear(actor, said_by("you", message_id=f"y{n}"))
        hear(actor, said_by("me", message_id=f"own{n}"))
    read = {event.value for event in events(actor, 3.1) if isinstance(event, MessageRead)}
    assert 30 < len(read) < 70
    assert all(message_id.startswith("y") for message_id in read)


def test_a_messenger_loses_the_network_one_way_or_another_and_comes_back_as_the_same() -> None:
    ends: set[type[Act]] = set()
    for seed in range(20):
        actor = started(Messenger, str(seed))
        ends.add(next(type(act) for _, act in live(actor, 2000.0) if isinstance(act, Leave | Cut)))
        actor.disconnected(10.0)
        assert 11.0 <= actor.due_s <= 13.0
        assert [act for _, act in actor.act(13.0)] == [Connect()]
        assert actor.identity == ME
    assert ends == {Leave, Cut}


def test_a_tablet_is_a_messenger_s() -> None:
    assert Tablet.shares == Messenger.kind
    assert ACTORS[Tablet.shares] is Messenger


def test_a_trader_pays_whom_it_has_heard_and_at_times_what_cannot_be_paid() -> None:
    payments = [
        event
        for seed in range(6)
        for event in events(started(Trader, str(seed)), 300.0)
        if isinstance(event, TransactionCreate)
    ]
    assert {event.receiverId for event in payments} == {"you", "me"}
    amounts = {event.amount for event in payments}
    assert amounts & {float(amount) for amount, _, _ in PURCHASES}
    assert max(amounts) > 1_000_000


def test_a_trader_regrets_some_payments_and_only_while_they_are_pending() -> None:
    regretted = 0
    for seed in range(40):
        actor = started(Trader, str(seed))
        hear(actor, transaction("pending", "early"))
        hear(actor, transaction("pending", "late"))
        hear(actor, transaction("completed", "late"))
        cancelled = [event.value for event in events(actor, 1.0) if isinstance(event, TransactionCancel)]
        assert set(cancelled) <= {"early"}
        regretted += len(cancelled)
    assert 1 <= regretted <= 15


def test_a_trader_has_verified_what_was_recorded() -> None:
    actor = started(Trader)
    assert not [event for event in events(actor, 60.0) if isinstance(event, OpenhashVerifyRequest)]
    hear(actor, OpenhashRecord(documentId="t", hashValue="a" * 64, layer=1, timestamp=NOW_MS))
    assert OpenhashVerifyRequest(value="a" * 64) in events(actor, 160.0)


def test_an_owner_lists_its_vault_and_then_reads_and_writes_what_is_there() -> None:
    actor = started(Owner)
    (listed,) = [event for event in events(actor, 60.0) if isinstance(event, VaultAccess)]
    assert (listed.vaultId, listed.action) == ("vault-me", "list")
    hear(actor, drawer("medical"))
    accesses = [event for event in events(actor, 200.0) if isinstance(event, VaultAccess)]
    assert {(event.vaultId, event.drawerId) for event in accesses} == {("vault-me", "medical")}
    assert {event.action for event in accesses} == {"read", "write"}


def test_an_owner_answers_a_request_after_a_moment_and_no_other_device_s() -> None:
    answers = []
    for seed in range(20):
        actor = started(Owner, str(seed))
        hear(actor, asked("mine"))
        hear(actor, asked("answered"))
        hear(actor, consent("approved", "answered"))
        answers += [
            (due_s, act.event)
            for due_s, act in live(actor, 3.1)
            if isinstance(act, Emit) and isinstance(act.event, ConsentRespond)
        ]
    assert len(answers) == 20
    assert all(0.5 <= due_s <= 3.0 and event.consentId == "mine" for due_s, event in answers)
    assert {event.approved for _, event in answers} == {True, False}


def test_a_requester_asks_an_owner_and_reads_what_it_may() -> None:
    actor = started(Requester)
    hear(actor, said_by("somebody", "hello"))
    assert not [act for _, act in live(actor, 100.0) if isinstance(act, Post)]
    hear(actor, said_by("you", OPEN_VAULT_LINE), 100.0)
    due_s, post = first_post(actor)
    assert post.path == "/consents"
    assert post.body["ownerId"] == "you"
    data_type = post.body["dataType"]
    assert data_type in PURPOSES
    expires_at = post.body["expiresAt"]
    assert isinstance(expires_at, int)
    assert expires_at == pytest.approx(NOW_MS + (due_s - 100.0 + 60.0) * 1000, abs=2)
    hear(actor, consent("pending"), due_s)
    hear(actor, consent("approved"), due_s)
    reads = [event for event in events(actor, due_s + 5.0) if isinstance(event, VaultAccess)]
    assert len(reads) == 2
    assert all(
        event == VaultAccess(vaultId="vault-you", drawerId=str(data_type).lower(), action="read") for event in reads
    )


@pytest.mark.parametrize("end", ["rejected", "expired", ""])
def test_a_requester_asks_again_when_the_first_has_come_to_an_end(end: str) -> None:
    actor = started(Requester)
    hear(actor, said_by("you", OPEN_VAULT_LINE))
    due_s, _ = first_post(actor)
    if end:
        hear(actor, consent("pending"), due_s)
        hear(actor, consent(end), due_s)
    later = [(at_s, act) for at_s, act in live(actor, due_s + 150.0) if isinstance(act, Post | Emit)]
    assert not [act for _, act in later if isinstance(act, Emit) and isinstance(act.event, VaultAccess)]
    again_s = next(at_s for at_s, act in later if isinstance(act, Post))
    assert (again_s < due_s + 60.0) is bool(end)


def test_what_is_said_keeps_to_the_contract_and_is_told_apart() -> None:
    for line in (*LINES, OPEN_VAULT_LINE):
        assert PROTOCOL.faults("MessageSend", {"conversationId": "c", "content": line}) == []
    assert OPEN_VAULT_LINE not in LINES
    assert len(set(LINES)) == len(LINES)
