"""Every promise of the contract about connections and messages that the rules of gopang keep, by plain calls."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from protocols import gopang
from reference_server.effects import Command, Connected, Effect, Entry, Garbled, Gone, Later, Said, Stamp
from reference_server.mode import Mode
from reference_server.rules import gopang_conversations
from reference_server.rules.gopang import STORE_MS, Gopang

from .gopang_stage import HOUR_MS, START_MS, WORLD, Stage, send


@pytest.fixture
def stage() -> Stage:
    return Stage()


def said(stage: Stage, sid: str, content: str = "hi", conversation_id: str = "duo") -> str:
    """Have somebody send a message; return its id, and forget what was heard."""
    stage.hush()
    stage.say(sid, send(content, conversation_id), ack=True)
    (ack,) = stage.of(sid, gopang.MessageSendAck)
    assert ack.success
    assert isinstance(ack.messageId, str)
    stage.hush()
    return ack.messageId


# ---- connections -----------------------------------------------------------------------------------------------------


def test_who_is_let_in_hears_who_it_is_by_its_token(stage: Stage) -> None:
    stage.connect("mina-1", email="other@example.org", userType="admin")
    connected = stage.one("mina-1", gopang.Connected)
    assert connected.socketId == "mina-1"
    assert connected.user.to_json() == {"userId": "mina", "email": "other@example.org", "userType": "admin"}
    assert connected.serverTime == START_MS


def test_the_fourth_device_pushes_out_the_oldest(stage: Stage) -> None:
    stage.gather("mina-1", "mina-2", "mina-3", "jun-1")
    stage.connect("mina-4")
    assert stage.names("mina-1") == ["connection:replaced"]
    assert "mina-1" not in stage.rooms
    assert [stage.names(sid) for sid in ("mina-2", "mina-3", "mina-4", "jun-1")] == [[], [], ["connected"], []]
    said(stage, "jun-1")
    stage.connect("mina-5")
    assert stage.names("mina-2") == ["connection:replaced"], "the oldest of those that are left"
    assert stage.rules.health() == {"totalUsers": 2, "totalConnections": 4}


def test_a_device_that_went_makes_room_for_another(stage: Stage) -> None:
    stage.connect("mina-1", "mina-2", "mina-3")
    stage.go("mina-2", "mina-2", "nobody")
    stage.connect("mina-4")
    assert "mina-1" in stage.rooms


def test_the_server_has_an_end() -> None:
    stage = Stage(Gopang(WORLD, Mode.PRODUCTION, max_connections=2))
    stage.connect("mina-1", "jun-1")
    stage.hush()
    stage.connect("sora-1")
    assert stage.names("sora-1") == ["error"]
    assert "sora-1" not in stage.rooms
    assert stage.rules.health() == {"totalUsers": 2, "totalConnections": 2}
    stage.go("jun-1")
    stage.connect("sora-2")
    assert stage.names("sora-2") == ["connected"]


@pytest.mark.parametrize("left_ms", [601_000, 2 * HOUR_MS, 30 * 24 * HOUR_MS])
def test_ten_minutes_before_its_end_a_token_is_said_to_end(stage: Stage, left_ms: int) -> None:
    stage.connect("mina-1", expires_in_ms=left_ms)
    stage.hush()
    stage.wait(left_ms - 600_001)
    assert max(stage.timers) <= HOUR_MS, "no timer outlives its socket for long"
    assert stage.names("mina-1") == []
    stage.wait(1)
    assert stage.one("mina-1", gopang.TokenRefresh).expiresIn == 600
    stage.wait(HOUR_MS)
    assert stage.heard("mina-1") == []
    assert stage.timers == []


@pytest.mark.parametrize(("left_ms", "seconds"), [(600_000, 600), (599_999, 599), (1_500, 1), (0, 0)])
def test_a_token_with_less_left_is_said_to_end_at_once(stage: Stage, left_ms: int, seconds: int) -> None:
    stage.connect("mina-1", expires_in_ms=left_ms)
    (refresh,) = stage.of("mina-1", gopang.TokenRefresh)
    assert refresh.expiresIn == seconds
    assert stage.timers == []


def test_nobody_is_reminded_who_is_gone(stage: Stage) -> None:
    stage.connect("mina-1", expires_in_ms=2 * HOUR_MS)
    stage.go("mina-1")
    stage.wait(HOUR_MS)
    assert stage.timers == []


# ---- conversations ---------------------------------------------------------------------------------------------------


def test_only_participants_may_join_a_private_conversation(stage: Stage) -> None:
    stage.gather("mina-1", "sora-1")
    stage.say("sora-1", gopang.ConversationJoin(value="duo"))
    assert stage.names("sora-1") == ["error"]
    assert stage.codes()[-1] == "E1003"
    stage.say("mina-1", send())
    assert stage.heard("sora-1") == []


def test_a_member_is_one_with_all_its_devices_until_it_leaves(stage: Stage) -> None:
    stage.connect("jun-1")
    stage.gather("mina-1", "jun-2")
    stage.connect("jun-3")
    stage.hush()
    stage.say("mina-1", send())
    assert [stage.names(f"jun-{n}") for n in (1, 2, 3)] == [["message:new"]] * 3
    stage.go("jun-1", "jun-2", "jun-3")
    stage.connect("jun-4", "jun-5")
    stage.hush()
    stage.say("mina-1", send())
    assert stage.names("jun-4") == ["message:new"], "who was away is a member still"
    stage.say("jun-4", gopang.ConversationLeave(value="duo"))
    stage.hush()
    stage.say("mina-1", send())
    assert stage.names("jun-4") == stage.names("jun-5") == []
    stage.say("jun-5", send(), ack=True)
    assert not stage.one("jun-5", gopang.MessageSendAck).success


def test_a_conversation_that_nobody_has_set_up_is_public(stage: Stage) -> None:
    stage.gather("mina-1", "sora-1", conversation_id="new")
    stage.say("sora-1", gopang.ConversationJoin(value="new"))
    stage.say("mina-1", send(conversation_id="new"))
    assert stage.names("sora-1") == ["message:new"], "who joined twice hears it once"
    for sid in ("mina-1", "sora-1"):
        stage.say(sid, gopang.ConversationLeave(value="new"))
        assert stage.say(sid, gopang.ConversationLeave(value="new")) == []


def test_memberships_have_an_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gopang_conversations, "MAX_MEMBERSHIPS", 2)
    stage.gather("mina-1")
    for name in ("one", "two", "one", "duo"):
        stage.say("mina-1", gopang.ConversationJoin(value=name))
    assert stage.names("mina-1") == ["error"], "the third, while the first two may be joined again"


# ---- sending ---------------------------------------------------------------------------------------------------------


def test_a_message_is_told_in_order(stage: Stage) -> None:
    stage.gather("mina-1", "mina-2", "jun-1", "jun-2")
    stage.connect("sora-1")
    stage.hush()
    stage.say("mina-1", send("안녕 ", messageType="system", metadata={"senderId": "jun"}), ack=True)
    processing, sent, completed, ack, delivered = stage.heard("mina-1")
    assert isinstance(processing, gopang.GopangStatus)
    assert processing.to_json() == {"status": "processing", "conversationId": "duo"}
    assert isinstance(sent, gopang.MessageStatus)
    assert (sent.status, sent.timestamp) == ("sent", START_MS)
    assert isinstance(completed, gopang.GopangStatus)
    assert completed.to_json() == {"status": "completed", "conversationId": "duo"}
    assert ack.to_json() == {"success": True, "messageId": sent.messageId, "status": "sent"}
    status = {"messageId": sent.messageId, "status": "delivered", "timestamp": START_MS}
    assert delivered.to_json() == status
    new = {
        "messageId": sent.messageId,
        "conversationId": "duo",
        "senderId": "mina",
        "senderEmail": "mina@example.org",
        "content": "안녕 ",
        "messageType": "system",
        "timestamp": START_MS,
    }
    assert [event.to_json() for event in stage.heard("mina-2")] == [new, status]
    assert [[event.to_json() for event in stage.heard(sid)] for sid in ("jun-1", "jun-2")] == [[new], [new]]
    assert stage.heard("sora-1") == []


def test_a_message_is_text_unless_it_says_otherwise_and_is_acknowledged_only_on_demand(stage: Stage) -> None:
    stage.gather("mina-1", "jun-1")
    stage.say("mina-1", send())
    assert stage.names("mina-1") == ["gopang:status", "message:status", "gopang:status", "message:status"]
    assert stage.one("jun-1", gopang.MessageNew).messageType == "text"


@pytest.mark.parametrize("ack", [True, False])
def test_sending_where_one_is_no_member_fails(stage: Stage, *, ack: bool) -> None:
    stage.gather("mina-1")
    stage.connect("jun-1", "sora-1")
    stage.hush()
    for sid in ("jun-1", "sora-1"):
        stage.say(sid, send(), ack=ack)
        if ack:
            outcome = stage.one(sid, gopang.MessageSendAck)
            assert not outcome.success
            assert outcome.error == "join that conversation first"
        else:
            assert stage.one(sid, gopang.GopangError).code == "E3005"
    assert stage.heard("mina-1") == []


@dataclass(frozen=True, slots=True)
class Store(Command):
    message_id: str


class Slow(Gopang):
    """Needs some time to store a message."""

    def __init__(self, takes_ms: int) -> None:
        super().__init__(WORLD, Mode.PRODUCTION)
        self.takes_ms = takes_ms

    def _store(self, message_id: str, stamp: Stamp) -> Iterator[Effect]:
        yield Later(self.takes_ms, Store(message_id))

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Store):
            yield from self._stored(entry.message_id, stamp)
        else:
            yield from super().handle(entry, stamp)


@pytest.mark.parametrize("takes_ms", [1, STORE_MS - 1, STORE_MS, STORE_MS + 1])
def test_a_message_is_stored_in_time_or_given_up_and_never_both(takes_ms: int) -> None:
    stage = Stage(Slow(takes_ms))
    stage.gather("mina-1", "jun-1")
    stage.say("mina-1", send(), ack=True)
    stage.wait(STORE_MS - 2)
    stage.wait(2)
    stage.wait(HOUR_MS)
    told = stage.heard("mina-1")
    (ack,) = [each for each in told if isinstance(each, gopang.MessageSendAck)]
    states = [each.status for each in told if isinstance(each, gopang.GopangStatus)]
    assert states == ["processing", "completed" if ack.success else "timeout"]
    assert stage.names("jun-1") == ["message:new"] * ack.success
    assert ack.status == ("sent" if ack.success else "timeout")
    assert ack.success is (takes_ms < STORE_MS) or takes_ms == STORE_MS
    stage.say("jun-1", gopang.SyncRequest())
    assert stage.one("jun-1", gopang.MessagesSync).count == ack.success, "what was given up was never said"


def test_a_message_is_given_up_after_thirty_seconds_and_not_before() -> None:
    stage = Stage(Slow(HOUR_MS))
    stage.gather("mina-1")
    stage.say("mina-1", send(), ack=True)
    stage.wait(29_999)
    assert stage.names("mina-1") == ["gopang:status"]
    stage.wait(1)
    assert stage.names("mina-1") == ["gopang:status", "ack"]
    assert stage.codes()[-1] == "E4002"


def test_who_went_before_its_message_was_stored_has_said_it_all_the_same() -> None:
    stage = Stage(Slow(100))
    stage.gather("mina-1", "jun-1")
    stage.say("mina-1", send(), ack=True)
    stage.go("mina-1")
    stage.wait(100)
    assert stage.names("jun-1") == ["message:new"]


# ---- status ----------------------------------------------------------------------------------------------------------


def test_a_message_is_delivered_when_another_member_gets_it(stage: Stage) -> None:
    stage.gather("mina-1", "mina-2", "jun-1")
    stage.go("jun-1")
    stage.say("mina-1", send())
    stage.say("mina-1", send())
    assert "delivered" not in [each.status for each in stage.of("mina-1", gopang.MessageStatus)]
    new = stage.of("mina-2", gopang.MessageNew)
    stage.say("mina-2", gopang.SyncRequest())
    stage.say("mina-2", gopang.SyncRequest(lastMessageId=new[0].messageId))
    (_, synced) = stage.of("mina-2", gopang.MessagesSync)
    assert [each.messageId for each in synced.messages] == [new[1].messageId], "what one wrote elsewhere, too"
    assert stage.names("mina-1") == [], "one's own device is nobody else"
    stage.connect("jun-2")
    stage.hush()
    for _ in range(2):
        stage.say("jun-2", gopang.SyncRequest())
    for sid in ("mina-1", "mina-2"):
        statuses = stage.of(sid, gopang.MessageStatus)
        assert [(each.messageId, each.status) for each in statuses] == [(each.messageId, "delivered") for each in new]


def test_the_first_other_member_who_has_read_it_is_news(stage: Stage) -> None:
    stage.gather("mina-1", "mina-2", "jun-1", "sora-1", conversation_id="open")
    message_id = said(stage, "mina-1", conversation_id="open")
    stage.say("mina-2", gopang.MessageRead(value=message_id))
    assert stage.names("mina-1") == [], "one's own reading moves nothing"
    for sid in ("jun-1", "jun-1", "sora-1"):
        stage.say(sid, gopang.MessageRead(value=message_id))
    for sid in ("mina-1", "mina-2"):
        status = stage.one(sid, gopang.MessageStatus)
        assert (status.messageId, status.status) == (message_id, "read")
    assert stage.heard("jun-1") == stage.heard("sora-1") == []


def test_what_was_read_is_never_delivered_after_that(stage: Stage) -> None:
    stage.gather("mina-1", "jun-1")
    stage.go("jun-1")
    message_id = said(stage, "mina-1")
    stage.connect("jun-2")
    stage.hush()
    stage.say("jun-2", gopang.MessageRead(value=message_id))
    stage.say("jun-2", gopang.SyncRequest())
    assert [each.status for each in stage.of("mina-1", gopang.MessageStatus)] == ["read"]


def test_only_members_may_say_that_they_have_read_a_message(stage: Stage) -> None:
    stage.gather("mina-1", "jun-1")
    stage.connect("sora-1")
    message_id = said(stage, "mina-1")
    stage.say("sora-1", gopang.MessageRead(value=message_id))
    stage.say("jun-1", gopang.MessageRead(value="no such message"))
    assert [stage.names(sid) for sid in ("sora-1", "jun-1", "mina-1")] == [["error"], ["error"], []]


# ---- AI --------------------------------------------------------------------------------------------------------------


class Shout:
    def respond(self, content: str) -> str:
        return content.upper()


def test_an_ai_answers_all_members_of_its_conversation() -> None:
    stage = Stage(Gopang(WORLD, Mode.PRODUCTION, responder=Shout()))
    stage.gather("mina-1", "mina-2", "jun-1", conversation_id="desk")
    stage.gather("sora-1")
    stage.say("mina-1", send("hello", "desk"), ack=True)
    for sid in ("mina-1", "mina-2", "jun-1"):
        (answer,) = stage.of(sid, gopang.GopangAiResponse)
        assert (answer.aiId, answer.aiName, answer.response, answer.conversationId) == ("ai", "고팡", "HELLO", "desk")
    stage.say("mina-1", send("x" * 4000, "desk"))
    assert stage.heard("sora-1") == []


def test_the_answer_to_the_longest_message_is_not_too_long(stage: Stage) -> None:
    stage.gather("mina-1", conversation_id="desk")
    stage.say("mina-1", send("x" * 4000, "desk"))
    (answer,) = stage.of("mina-1", gopang.GopangAiResponse)
    assert len(answer.response) == 4000


# ---- what breaks the contract, and who is not there ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event_name", "ack", "answer"),
    [
        ("no:such:event", True, "error"),
        ("ping", True, "error"),
        ("conversation:join", False, "error"),
        ("message:send", True, "ack"),
        ("message:send", False, "gopang:error"),
        ("transaction:create", True, "ack"),
        ("vault:access", False, "gopang:error"),
        ("openhash:verify", True, "gopang:error"),
    ],
)
def test_what_breaks_the_contract_is_told_to_its_sender_alone(
    stage: Stage, event_name: str, answer: str, *, ack: bool
) -> None:
    stage.gather("mina-1", "mina-2", "jun-1")
    stage.garble("mina-1", event_name, ack=ack)
    assert [stage.names(sid) for sid in ("mina-1", "mina-2", "jun-1")] == [[answer], [], []]
    assert stage.codes()[-1] == "E3001"


def test_a_garbled_message_fails_with_the_reason(stage: Stage) -> None:
    stage.gather("mina-1")
    stage.garble("mina-1", "message:send", ack=True)
    assert stage.one("mina-1", gopang.MessageSendAck).to_json() == {"success": False, "error": "no"}


def test_who_is_not_connected_is_not_answered(stage: Stage) -> None:
    for entry in (Said("ghost", gopang.Ping(), ack=1), Garbled("ghost", "ping", "no", 1), Gone("ghost")):
        assert stage.enter(entry) == []
    assert stage.rules.question(Connected("ghost")) is None
    assert stage.rules.admits({}) == ""


def test_a_ping_is_answered_with_the_time(stage: Stage) -> None:
    stage.connect("mina-1")
    stage.hush()
    stage.say("mina-1", gopang.Ping(), ack=True)
    assert stage.one("mina-1", gopang.PingAck).to_json() == {"pong": True, "time": START_MS}
    assert stage.say("mina-1", gopang.Ping()) == []
