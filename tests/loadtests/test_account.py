"""Deliveries, and what stands in for acks, are sampled from the moment at which they were due."""

import pytest

from loadtests.account import TimedLedger, TimedTally, answers
from loadtests.samples import Batch, Failure, Label, Samples
from protocols.contract import Event
from protocols.space import (
    PROTOCOL,
    ChatMessageEvent,
    ChatMessageRequest,
    ChatSystem,
    JoinSpace,
    PlayerJoined,
    RoomJoined,
)
from simulators.actors.space_standing import SpaceStanding
from simulators.people import Identity
from tests.loadtests.timing import times

MS = 1_000_000
CHAT = Label("deliver", "chat:message")
SYSTEM = ChatSystem(id="m", senderId="system", senderNickname="System", content="hm", timestamp=0, type="system")
HEARD = ChatMessageEvent(id="m", senderId="id-ann", senderNickname="ann", content="Hi", timestamp=0, type="message")


class Plaza:
    """Ann and Ben, who are in one space on paper."""

    def __init__(self) -> None:
        self.samples = Samples()
        self.tally = TimedTally(self.samples, PROTOCOL, Label("connect", "websocket"))
        self.ledger = TimedLedger(
            PROTOCOL, self.tally, self.samples, deadline_s=lambda ms: ms / 1000, time_scale=1, outsiders=False
        )
        self._join("ann")
        self._join("ben")
        self.hear(
            "ann",
            PlayerJoined(id="id-ben", nickname="ben", x=0, y=0, direction="down", isMoving=False, avatarColor="blue"),
            at_ms=1,
        )
        self.hear("ann", SYSTEM, at_ms=1)
        self.joining = self.take()

    def hear(self, name: str, event: Event, *, at_ms: float) -> None:
        self.ledger.heard(name, event, event.to_json(), int(at_ms * MS))

    def take(self) -> Batch:
        self.tally.sample_deliveries()
        return self.samples.take()

    def chat(self, *, due_ms: float, sent_ms: float) -> None:
        self.ledger.said("ann", ChatMessageRequest(content="Hi"), int(due_ms * MS), int(sent_ms * MS))

    def _join(self, name: str) -> None:
        standing = SpaceStanding(production=True)
        self.ledger.add(name, standing)
        standing.connected(Identity(token=f"guest-{name}", id=f"id-{name}", nickname=name, scope="plaza"))
        self.ledger.connected(name, 0)
        join = JoinSpace(
            spaceId="plaza", playerId="me", nickname=name, avatarColor="blue", sessionToken=f"guest-{name}"
        )
        self.ledger.said(name, join, 0, 0)
        self.hear(name, RoomJoined(spaceId="plaza", players=[], yourPlayerId=f"id-{name}"), at_ms=2)
        self.hear(name, SYSTEM, at_ms=3)


@pytest.fixture
def plaza() -> Plaza:
    return Plaza()


def test_the_answer_stands_in_for_the_ack(plaza: Plaza) -> None:
    assert plaza.joining.times[Label("ack", "join:space")] == times(2.0, 2.0)
    assert plaza.joining.times[Label("deliver", "room:joined")] == times(2.0, 2.0)
    assert not plaza.joining.failures


def test_time_runs_from_when_an_event_was_due_and_not_from_when_it_was_sent(plaza: Plaza) -> None:
    plaza.chat(due_ms=1000, sent_ms=1040)
    plaza.hear("ann", HEARD, at_ms=1050)
    plaza.hear("ben", HEARD, at_ms=1075)
    batch = plaza.take()
    assert batch.times == {CHAT: times(50.0, 75.0), Label("ack", "chat:message"): times(50.0)}
    assert not batch.failures


def test_what_is_heard_after_its_deadline_is_timed_and_a_failure(plaza: Plaza) -> None:
    plaza.chat(due_ms=1000, sent_ms=1000)
    plaza.hear("ann", HEARD, at_ms=1001)
    plaza.hear("ben", HEARD, at_ms=2500)
    batch = plaza.take()
    assert batch.times[CHAT] == times(1.0, 1500.0)
    assert list(batch.failures.items()) == [(Failure(CHAT, "late: heard after its deadline", True), 1)]


def test_what_is_never_heard_is_a_failure_once(plaza: Plaza) -> None:
    plaza.chat(due_ms=1000, sent_ms=1000)
    plaza.hear("ann", HEARD, at_ms=1001)
    plaza.ledger.settle(60_000 * MS)
    assert list(plaza.take().failures.items()) == [(Failure(CHAT, "lost: not heard by its deadline", False), 1)]
    assert not plaza.take().failures


def test_what_is_heard_twice_is_a_failure(plaza: Plaza) -> None:
    plaza.chat(due_ms=1000, sent_ms=1000)
    for at_ms in (1001, 1002):
        plaza.hear("ben", HEARD, at_ms=at_ms)
    batch = plaza.take()
    assert batch.times == {CHAT: times(1.0)}
    assert list(batch.failures.items()) == [(Failure(CHAT, "heard twice", False), 1)]


def test_breaches_and_broken_connections_are_failures_and_acks_are_timed(plaza: Plaza) -> None:
    plaza.tally.violated("ann heard nonsense")
    plaza.tally.lose_connection("ann was disconnected")
    plaza.tally.acknowledged("chat:message", 1 * MS, 4 * MS)
    batch = plaza.take()
    assert {failure.label for failure in batch.failures} == {Label("contract", "space"), Label("connect", "websocket")}
    assert batch.times == {Label("ack", "chat:message"): times(3.0)}
    assert plaza.tally.examples == ["ann heard nonsense", "ann was disconnected"]


def test_what_stands_in_for_acks_follows_from_the_contract() -> None:
    assert answers(PROTOCOL) == {
        "join:space": "emitRoomJoined",
        "chat:message": "emitChatMessage",
        "party:create": "emitPartyJoined",
        "party:accept": "emitPartyJoined",
        "party:message": "emitPartyMessage",
        "proximity:set": "emitProximityChanged",
        "joinParty": "emitPartyJoined",
    }


def test_an_ack_that_never_came_is_timed_at_its_limit_and_fails(plaza: Plaza) -> None:
    plaza.tally.unanswered("chat:message", 0, 5000 * MS, "ann got no ack")
    batch = plaza.take()
    label = Label("ack", "chat:message")
    assert batch.times == {label: times(5000)}
    assert batch.failures == {Failure(label, "no ack until its limit", timed=True): 1}
    assert plaza.tally.examples == ["ann got no ack"]


def test_an_ack_that_is_late_is_timed_as_it_was_and_fails(plaza: Plaza) -> None:
    plaza.tally.acknowledged("chat:message", 0, 700 * MS, is_late=True)
    batch = plaza.take()
    label = Label("ack", "chat:message")
    assert batch.times == {label: times(700)}
    assert batch.failures == {Failure(label, "late: acknowledged after its deadline", timed=True): 1}
