"""Where somebody stands in gopang, line by line."""

import pytest

from protocols.contract import Condition, Event
from protocols.gopang import (
    PROTOCOL,
    Connected,
    ConsentRequest,
    ConsentRespond,
    ConsentStatus,
    ConversationJoin,
    ConversationLeave,
    GopangError,
    MessageNew,
    MessageRead,
    MessageSend,
    MessagesSync,
    MessageStatus,
    OpenhashRecord,
    OpenhashVerifyRequest,
    SyncRequest,
    TransactionCancel,
    TransactionComplete,
    TransactionCreate,
    TransactionCreateAck,
    TransactionStatus,
    VaultAccess,
    VaultContent,
)
from simulators.actors.gopang_standing import LARGEST, NOBODY, REMEMBERED, GopangStanding
from simulators.people import Identity

ME = Identity(token="a.b.c", id="me", nickname="Me", details={"email": "me@example.org"})
SYNCED = MessagesSync(count=0, messages=[])


@pytest.fixture
def me() -> GopangStanding:
    me = GopangStanding("plaza")
    me.connected(ME)
    return me


def truth(standing: GopangStanding, condition: str, event: Event) -> bool | None:
    return standing.holds(Condition.parse(condition), event)


def message(message_id: str = "m", sender: str = "you") -> MessageNew:
    fields = {"messageId": message_id, "conversationId": "plaza", "senderId": sender, "senderEmail": "you@example.org"}
    return MessageNew.model_validate(fields | {"content": "hi", "messageType": "text", "timestamp": 1})


def request(consent_id: str = "c") -> ConsentRequest:
    fields = {"consentId": consent_id, "requesterId": "you", "requesterName": "You", "dataType": "MEDICAL"}
    return ConsentRequest.model_validate(fields | {"purpose": "x", "expiresAt": 1})


def consent(status: str) -> ConsentStatus:
    return ConsentStatus.model_validate({"consentId": "c", "status": status, "updatedAt": 1})


def transaction(status: str) -> TransactionStatus:
    return TransactionStatus.model_validate({"transactionId": "t", "status": status, "updatedAt": 1})


def drawer(vault_id: str = "vault-me") -> VaultContent:
    fields = {"vaultId": vault_id, "drawerId": "d", "drawerType": "MEDICAL", "content": {}, "updatedAt": 0}
    return VaultContent.model_validate(fields)


def access(action: str = "read", vault_id: str = "vault-me", **fields: object) -> VaultAccess:
    return VaultAccess.model_validate({"vaultId": vault_id, "action": action} | fields)


def test_from_its_connection_on_it_may_be_a_member_already(me: GopangStanding) -> None:
    assert me.rooms == {"user:me": False, "conversation:plaza": False}
    assert me.facts == {"id": "me", "userId": "me", "email": "me@example.org"}
    assert truth(me, "member", MessageSend(conversationId="plaza", content="x")) is None
    assert truth(me, "member", MessageSend(conversationId="other", content="x")) is False


def test_a_join_is_sure_when_a_sync_after_it_was_answered(me: GopangStanding) -> None:
    me.said(SyncRequest())
    me.said(ConversationJoin(value="side"))
    me.said(SyncRequest())
    me.heard(SYNCED)
    assert (me.confirmed, me.rooms["conversation:side"]) == (True, False)
    version = me.version
    me.heard(SYNCED)
    assert me.rooms["conversation:side"] is True
    assert me.version > version
    assert truth(me, "member", MessageSend(conversationId="side", content="x")) is True
    me.said(ConversationJoin(value="side"))
    assert me.rooms["conversation:side"] is True
    me.heard(SYNCED)  # answers nothing


def test_who_leaves_before_the_answer_is_no_member(me: GopangStanding) -> None:
    me.said(ConversationJoin(value="side"))
    me.said(SyncRequest())
    version = me.version
    me.said(ConversationLeave(value="side"))
    assert me.version > version
    me.heard(SYNCED)
    assert "conversation:side" not in me.rooms
    assert truth(me, "member", MessageSend(conversationId="side", content="x")) is False


def test_the_connection_takes_the_rooms_with_it_and_not_what_was_learned(me: GopangStanding) -> None:
    me.said(SyncRequest())
    me.heard(message())
    me.disconnected()
    assert me.rooms == {}
    assert me.last_message == "m"
    me.connected(ME)
    me.heard(SYNCED)  # of the connection before
    assert not me.confirmed


def test_the_token_s_address_is_what_the_target_says_it_is() -> None:
    me = GopangStanding("plaza")
    me.connected(Identity(token="a.b.c", id="me", nickname="Me"))
    user = {"userId": "me", "email": "told@example.org", "userType": "member"}
    me.heard(Connected.model_validate({"socketId": "s", "user": user, "serverTime": 1}))
    assert me.facts["email"] == me.session["email"] == "told@example.org"
    assert me.rooms["user:me"] is True


def test_messages_are_known_by_their_authors(me: GopangStanding) -> None:
    me.heard(message())
    me.heard(MessageStatus(messageId="own", status="sent", timestamp=1))
    me.heard(MessageStatus(messageId="another", status="read", timestamp=1))
    assert me.messages == {"m": "you", "own": "me"}
    assert list(me.people) == ["you"]
    about = MessageRead(value="m")
    assert truth(me, "known-message", MessageRead(value=NOBODY)) is False
    assert truth(me, "known-message", about) is True
    assert truth(me, "own-message", about) is False
    assert truth(me, "own-message", MessageRead(value="own")) is True
    assert truth(me, "not read", about) is None
    me.about(about)
    assert me.facts["authorId"] == "you"
    me.said(about)
    assert truth(me, "not read", about) is False


def test_it_keeps_no_more_in_mind_than_it_can() -> None:
    me = GopangStanding("plaza")
    me.connected(ME)
    for n in range(REMEMBERED + 5):
        me.heard(message(f"m{n}", f"you{n}"))
    assert len(me.messages) == len(me.people) == REMEMBERED
    assert "m4" not in me.messages
    assert me.last_message == f"m{REMEMBERED + 4}"


@pytest.mark.parametrize("end", [ConsentRespond(consentId="c", approved=False), consent("expired")])
def test_a_consent_can_be_answered_until_it_was_or_is_over(me: GopangStanding, end: Event) -> None:
    answer = ConsentRespond(consentId="c", approved=True)
    assert truth(me, "asked-of-sender", answer) is False
    me.heard(request())
    me.heard(consent("pending"))
    assert truth(me, "asked-of-sender", answer) is True
    assert truth(me, "consent-pending", answer) is None  # another device may have answered, or time has
    assert truth(me, "approving", answer) is True
    me.about(answer)
    assert me.facts["consentParties"] == ["you", "me"]
    if isinstance(end, ConsentRespond):
        me.said(end)
    else:
        me.heard(end)
    assert truth(me, "consent-pending", answer) is False
    assert truth(me, "asked-of-sender", answer) is None


def test_payments_go_to_those_whom_it_has_heard(me: GopangStanding) -> None:
    me.heard(message())
    paid = {who: TransactionCreate(receiverId=who, amount=1) for who in ("you", "me", NOBODY, "stranger")}
    assert [truth(me, "other-party", paid[who]) for who in paid] == [True, False, False, None]
    assert truth(me, "not overloaded", paid["you"]) is True
    assert truth(me, "own-transaction", TransactionCancel(value=NOBODY)) is False
    assert truth(me, "own-transaction", TransactionCancel(value="t")) is None
    me.about(TransactionCancel(value="t"))
    assert me.facts["transactionParties"] == [
        "me"
    ]  # whom it is paid to, or whether it is its own, is for others to say


def test_a_payment_is_its_own_when_it_was_acknowledged(me: GopangStanding) -> None:
    create = TransactionCreate(receiverId="you", amount=1)
    me.answered(create, TransactionCreateAck(success=False, error="no"))
    assert me.payments == {}
    me.answered(create, TransactionCreateAck(success=True, transactionId="t"))
    cancel = TransactionCancel(value="t")
    assert truth(me, "own-transaction", cancel) is True
    me.about(cancel)
    assert me.facts["transactionParties"] == ["me", "you"]
    me.heard(transaction("pending"))
    assert truth(me, "transaction-pending", cancel) is None
    me.heard(transaction("completed"))
    assert truth(me, "transaction-pending", cancel) is False


def test_a_hash_is_recorded_that_it_heard_of(me: GopangStanding) -> None:
    recorded = "a" * 64
    assert truth(me, "recorded", OpenhashVerifyRequest(value=recorded)) is False
    me.heard(OpenhashRecord(documentId="t", hashValue=recorded, layer=1, timestamp=1))
    assert truth(me, "recorded", OpenhashVerifyRequest(value=recorded)) is True


def test_its_vault_is_its_own_when_it_was_shown(me: GopangStanding) -> None:
    assert truth(me, "vault-owner", access()) is None
    assert truth(me, "vault-owner", access(vault_id="vault-you")) is False
    me.heard(drawer("vault-you"))
    assert truth(me, "vault-owner", access()) is None
    me.heard(drawer())
    assert truth(me, "vault-owner", access()) is True
    known = [truth(me, "drawer-known", access(drawerId=drawer_id)) for drawer_id in ("d", "e", NOBODY)]
    assert known == [True, None, False]
    assert truth(me, "drawer-known", access()) is False


def test_another_s_drawer_may_be_seen_with_a_consent(me: GopangStanding) -> None:
    theirs = access(vault_id="vault-you", drawerId="d")
    assert truth(me, "consented", theirs) is False
    me.heard(consent("approved"))
    assert truth(me, "consented", theirs) is None
    me.heard(consent("expired"))
    assert truth(me, "consented", theirs) is False


def test_an_access_says_itself_what_it_is() -> None:
    me = GopangStanding("plaza")
    writing = access("write", content={"가": "x" * (LARGEST - len('{"가":""}'.encode()))})
    names = ("reading", "writing", "listing", "with-content", "oversized")
    assert [truth(me, name, writing) for name in names] == [False, True, False, True, False]
    assert [truth(me, name, access("list")) for name in names] == [False, False, True, False, False]
    assert truth(me, "oversized", access("write", content={"가": "x" * LARGEST})) is True


@pytest.mark.parametrize(
    ("event", "right"),
    [
        (request(), True),
        (consent("pending"), True),
        (consent("expired"), True),
        (consent("approved"), False),
        (transaction("completed"), True),
        (transaction("cancelled"), True),
        (transaction("pending"), False),
        (drawer(), True),
        (drawer("vault-you"), False),
        (message(), False),
        (MessageStatus(messageId="m", status="delivered", timestamp=1), False),
        (MessageStatus(messageId="own", status="delivered", timestamp=1), True),
        (MessageStatus(messageId="own", status="read", timestamp=1), False),
        (TransactionComplete(transactionId="t", amount=1, senderId="you", receiverId="me", completedAt=1), True),
        (TransactionComplete(transactionId="t", amount=1, senderId="you", receiverId="they", completedAt=1), False),
    ],
)
def test_what_nobody_caused_may_be_heard_by_those_it_is_for(me: GopangStanding, event: Event, right: bool) -> None:
    me.heard(message())
    me.heard(MessageStatus(messageId="own", status="sent", timestamp=1))
    assert me.may_hear(event) is right


def test_every_condition_has_an_answer(me: GopangStanding) -> None:
    for operation in PROTOCOL.inbound.values():
        named = {*operation.requires, *(each for trigger in operation.triggers for each in trigger.when)}
        example = {
            "message:send": MessageSend(conversationId="plaza", content="x"),
            "consent:respond": ConsentRespond(consentId="c", approved=True),
            "transaction:create": TransactionCreate(receiverId="you", amount=1),
            "vault:access": access(),
            "sync:request": SyncRequest(),
        }.get(operation.name) or (operation.event.from_wire("x") if operation.schema else operation.event())
        assert truth(me, "invalid", example) is False
        for condition in named:
            opposite = Condition(name=condition.name, negated=not condition.negated)
            holds, does_not = me.holds(condition, example), me.holds(opposite, example)
            assert (holds is None) is (does_not is None)
            assert holds is None or holds is not does_not


def test_who_breaks_the_contract_may_be_told_so() -> None:
    error = GopangError(code="E3001", message="no")
    assert GopangStanding("plaza", provokes=True).may_hear(error)
    assert not GopangStanding("plaza").may_hear(error)
