"""gopang over real sockets: who may come in, devices, messages, money, vaults, and what a restart leaves."""

from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from protocols import gopang
from protocols.contract import Json
from protocols.errors import ConnectRefused
from reference_server.gate import DEVELOPMENT_SECRET
from reference_server.rules.gopang_canonical import fingerprint
from simulators.engine import Engine, SyncConnection

from .gopang_house import GopangHouse, open_gopang, token
from .house import WITHIN_S, http


@pytest.fixture(scope="module")
def house(engine: Engine) -> Iterator[GopangHouse]:
    with open_gopang(engine) as house:
        yield house


def forged(**claims: Json) -> str:
    """Sign with the right secret what only a service with a fault would sign."""
    whole = {"userId": "u", "email": "u@x.yz", "userType": "member", "iat": 1, "exp": 4_000_000_000, **claims}
    return jwt.encode({key: value for key, value in whole.items() if value is not None}, DEVELOPMENT_SECRET)


def names(connection: SyncConnection) -> list[str]:
    """Return the names of what has been heard, nothing more being under way."""
    connection.fence(within_s=WITHIN_S)
    return [received.name for received in connection.drain()]


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        (None, "Authentication required"),
        ({"token": ""}, "Authentication required"),
        ({"token": token("mina", lifetime_s=-1)}, "Token expired"),
        ({"token": "rubbish"}, "Invalid token"),
        ({"token": token("mina", secret="s" * 32)}, "Invalid token"),
        ({"token": forged(userId=7)}, "Invalid token"),
        ({"token": forged(email="nowhere")}, "Invalid token"),
        ({"token": forged(exp=None)}, "Invalid token"),
    ],
)
def test_who_brings_no_valid_token_is_turned_away(
    house: GopangHouse, auth: dict[str, Json] | None, message: str
) -> None:
    with pytest.raises(ConnectRefused) as refused:
        house.open("stranger", auth)
    assert refused.value.message == message


def test_a_message_reaches_all_devices_and_its_sender_hears_how_far_it_has_come(house: GopangHouse) -> None:
    phone, laptop = house.connect("mina", "conversation-1"), house.connect("mina")
    jun = house.connect("jun", "conversation-1")
    stranger = house.connect("99")
    stranger.emit(gopang.ConversationJoin(value="conversation-1"))
    stranger.expect(gopang.Error, within_s=WITHIN_S)

    answer = phone.call(gopang.MessageSend(conversationId="conversation-1", content="안녕하세요"), within_s=WITHIN_S)
    ack = answer.ack
    assert isinstance(ack, gopang.MessageSendAck)
    assert ack.success
    assert isinstance(ack.messageId, str)
    assert names(phone) == ["gopang:status", "message:status", "gopang:status", "message:status"]
    for device in (laptop, jun):
        new = device.expect(gopang.MessageNew, within_s=WITHIN_S)
        assert (new.messageId, new.senderId, new.senderEmail) == (ack.messageId, "user-mina", "mina@example.org")
    jun.emit(gopang.MessageRead(value=ack.messageId))
    for device in (phone, laptop):
        device.expect(gopang.MessageStatus, lambda status: status.status == "read", within_s=WITHIN_S)
    jun.emit(gopang.SyncRequest(lastMessageId=ack.messageId))
    assert jun.expect(gopang.MessagesSync, within_s=WITHIN_S).count == 0
    refused = stranger.call(gopang.MessageSend(conversationId="conversation-1", content="x"), within_s=WITHIN_S).ack
    assert isinstance(refused, gopang.MessageSendAck)
    assert not refused.success
    assert names(stranger) == []
    for connection in (phone, laptop, jun, stranger):
        connection.close()


def test_the_fourth_device_takes_the_place_of_the_first(engine: Engine) -> None:
    with open_gopang(engine) as house:
        first, *others = [house.connect("sora") for _ in range(4)]
        first.expect(gopang.ConnectionReplaced, within_s=WITHIN_S)
        first.wait_closed(WITHIN_S)
        assert [names(device) for device in others] == [[], [], []]
        health = http(f"{house.url}/health").json()
        assert (health["totalUsers"], health["totalConnections"]) == (1, 3)


def test_the_server_has_room_for_so_many(engine: Engine) -> None:
    with open_gopang(engine, max_connections=2) as house:
        house.connect("mina")
        house.connect("jun")
        late = house.open("sora", {"token": token("sora")})
        late.expect(gopang.Error, within_s=WITHIN_S)
        late.wait_closed(WITHIN_S)


def test_a_token_is_said_to_end(engine: Engine) -> None:
    with open_gopang(engine, time_scale=20) as house:
        soon = house.open("mina", {"token": token("mina", lifetime_s=605)})  # 5 s before, which take a quarter of one
        assert soon.expect(gopang.TokenRefresh, within_s=WITHIN_S).expiresIn == 600
        ending = house.open("jun", {"token": token("jun", lifetime_s=60)})
        assert ending.expect(gopang.TokenRefresh, within_s=WITHIN_S).expiresIn in (58, 59, 60)


def test_a_consent_opens_a_drawer(house: GopangHouse) -> None:
    mina, jun = house.connect("mina"), house.connect("jun")
    read = gopang.VaultAccess(vaultId="vault-user-mina", drawerId="finance", action="read")
    jun.emit(read)
    jun.expect(gopang.GopangError, within_s=WITHIN_S)
    wanted = {"ownerId": "user-mina", "dataType": "FINANCE", "purpose": "대출", "expiresAt": 4_000_000_000_000}
    assert house.ask("jun", wanted).status == 400, "too far ahead"
    health = http(f"{house.url}/health").json()
    asked = house.ask("jun", {**wanted, "expiresAt": int(health["timestamp"]) + 60_000})
    assert asked.status == 201
    request = mina.expect(gopang.ConsentRequest, within_s=WITHIN_S)
    assert (request.consentId, request.requesterId, request.requesterName) == (
        asked.json()["consentId"], "user-jun", "Jun",
    )  # fmt: skip
    mina.emit(gopang.ConsentRespond(consentId=request.consentId, approved=True))
    jun.expect(gopang.ConsentStatus, lambda status: status.status == "approved", within_s=WITHIN_S)
    jun.emit(read)
    content = jun.expect(gopang.VaultContent, within_s=WITHIN_S)
    proof = jun.expect(gopang.VaultProof, within_s=WITHIN_S)
    assert proof.proof == fingerprint(content.content.to_json())
    assert "vault:content" not in names(mina)
    for connection in (mina, jun):
        connection.close()


def test_what_was_recorded_is_verified_after_a_restart(engine: Engine, tmp_path: Path) -> None:
    with open_gopang(engine, journal=tmp_path) as house:
        mina, jun = house.connect("mina"), house.connect("jun")
        paid = mina.call(gopang.TransactionCreate(receiverId="user-jun", amount=2500), within_s=WITHIN_S).ack
        assert isinstance(paid, gopang.TransactionCreateAck)
        complete = jun.expect(gopang.TransactionComplete, within_s=WITHIN_S)
        record = jun.expect(gopang.OpenhashRecord, within_s=WITHIN_S)
        assert paid.transactionId == complete.transactionId == record.documentId
        assert (house.balance("mina"), house.balance("jun")) == (997_500, 1_002_500)
    with open_gopang(engine, journal=tmp_path) as house:
        verified = house.connect("sora").call(
            gopang.OpenhashVerifyRequest(value=record.hashValue), within_s=WITHIN_S
        )  # fmt: skip
        assert isinstance(verified.ack, gopang.OpenhashVerifyAck)
        assert verified.ack.verified
        assert (house.balance("mina"), house.balance("jun")) == (997_500, 1_002_500)
        assert http(f"{house.url}/health").json()["totalConnections"] == 1, "nobody of before is here any more"
