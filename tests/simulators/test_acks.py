"""What acks may be: of what is surely accepted, surely refused, and what only others know."""

from protocols.contract import Condition, Event
from protocols.gateway import PROTOCOL, Heartbeat, HeartbeatAck, SendMessage, SendMessageAck
from protocols.hub import PROTOCOL as HUB
from protocols.hub import JoinRoom
from simulators.acks import due_acks, due_acks_of_invalid, fault_of_ack
from simulators.actor import Standing
from simulators.people import Identity

NAME = "9b2f1a34-5f0f-4d7e-8d61-0f6a3b1c2d4e"
TALK = SendMessage(roomId="00000000-0000-4000-9000-000000000001", clientMsgId=NAME, content="hi")
SEND = PROTOCOL.operation(TALK)
ACCEPTED, FAILED = ({"clientMsgId": NAME, "status": status} for status in ("ACCEPTED", "FAILED"))


class Knows(Standing):
    """Somebody to whom every condition is as the test says; nothing is ever said in an invalid way."""

    def __init__(self, member: bool | None) -> None:
        super().__init__()
        self._member = member

    def connected(self, identity: Identity) -> None: ...
    def said(self, event: Event) -> None: ...
    def heard(self, event: Event) -> None: ...
    def disconnected(self) -> None: ...

    def holds(self, condition: Condition, event: Event) -> bool | None:
        truth = self._member if condition.name == "member" else False
        return None if truth is None else truth != condition.negated


def test_what_is_surely_accepted_or_refused_has_one_ack_and_else_there_are_two() -> None:
    assert due_acks(SEND, TALK, Knows(True)) == [ACCEPTED]
    assert due_acks(SEND, TALK, Knows(False)) == [FAILED]
    assert due_acks(SEND, TALK, Knows(None)) == [FAILED, ACCEPTED]


def test_what_is_invalid_may_have_been_unreadable() -> None:
    assert due_acks_of_invalid(SEND) == [{"status": "FAILED"}]
    assert due_acks_of_invalid(HUB.operation(JoinRoom)) == []


def test_an_ack_is_one_of_those_that_are_due() -> None:
    accepted = SendMessageAck(clientMsgId=NAME, status="ACCEPTED")
    assert fault_of_ack(accepted, [ACCEPTED]) is None
    assert fault_of_ack(accepted, [FAILED, ACCEPTED]) is None
    assert fault_of_ack(accepted, [{"clientMsgId": None, "status": "ACCEPTED"}]) is None
    wrong = fault_of_ack(accepted, [FAILED])
    assert wrong is not None
    assert wrong.startswith("says {'clientMsgId': ")
    other = fault_of_ack(SendMessageAck(clientMsgId="x", status="ACCEPTED"), [ACCEPTED])
    assert other is not None
    assert f"not {ACCEPTED}" in other


def test_where_the_contract_says_nothing_every_ack_is_right() -> None:
    assert fault_of_ack(HeartbeatAck(success=False), []) is None
    assert due_acks(PROTOCOL.operation(Heartbeat), Heartbeat(), Knows(None)) == [{"success": True}]
