"""Money: the three steps, and the laws that hold whatever runs at the same time."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule
from pydantic import MISSING

from protocols import gopang
from protocols.contract import Event
from reference_server.effects import Command, Effect, Stamp
from reference_server.rules.gopang_bank import MAX_OPEN, OPENING_BALANCE, STEP_MS, Bank, BankCommand, VerifyStep
from reference_server.rules.gopang_bygones import REMEMBERED, Bygones
from reference_server.rules.gopang_canonical import fingerprint
from reference_server.rules.gopang_records import Records, RecordsCommand

from .gopang_clockwork import Clockwork

USERS = ("ann", "ben", "cho")


class Counter(Clockwork):
    """A bank with its records, and those who hear of it."""

    def __init__(self, capacity: int = 100_000) -> None:
        self.records = Records(capacity=capacity)
        self.users = set(USERS)
        self.bank = Bank(self.users, self.records)
        super().__init__(self._handle_either)

    def _handle_either(self, command: Command, stamp: Stamp) -> Iterator[Effect]:
        match command:
            case BankCommand():
                return self.bank.handle(command, stamp)
            case RecordsCommand():
                return self.records.handle(command, stamp)
            case _:
                raise AssertionError(command)

    def pay(self, sender: str, receiver: str, amount: float) -> str:
        """Create a transaction, and return its id."""
        event = gopang.TransactionCreate.model_validate({"receiverId": receiver, "amount": amount})
        transaction_id = self.run(self.bank.create(sender, event, self.stamp))
        assert isinstance(transaction_id, str)
        return transaction_id

    def balances(self) -> dict[str, int]:
        return {user_id: self.bank.balance(user_id) or 0 for user_id in USERS}


@pytest.fixture
def counter() -> Counter:
    return Counter()


def story(events: list[Event]) -> list[str]:
    """Tell what was heard of transactions in short."""
    told: list[str] = []
    for event in events:
        match event:
            case gopang.TransactionStatus():
                told.append(event.status)
            case gopang.TransactionVerify():
                told.append(f"{event.step} {event.result}")
            case gopang.TransactionComplete():
                told.append("complete")
            case gopang.OpenhashRecord():
                told.append("record")
            case gopang.OpenhashSync():
                pass
            case _:
                raise AssertionError(event)
    return told


def test_everybody_begins_with_a_million(counter: Counter) -> None:
    assert counter.balances() == dict.fromkeys(USERS, 1_000_000)
    assert counter.bank.balance("nobody") is None
    counter.users.add("nobody")  # until they come in
    assert counter.bank.balance("nobody") == 1_000_000


def test_a_transaction_goes_through_its_steps_and_both_hear_of_each(counter: Counter) -> None:
    counter.pay("ann", "ben", 300)
    counter.wait(3 * STEP_MS - 1)
    assert counter.balances()["ben"] == OPENING_BALANCE
    counter.wait(1)
    assert counter.balances() == {"ann": 999_700, "ben": 1_000_300, "cho": 1_000_000}
    heard = counter.heard("ann")
    assert heard == counter.heard("ben")
    assert story(heard) == ["pending", "1 pass", "2 pass", "3 pass", "verified", "completed", "complete", "record"]
    assert counter.heard("cho") == []


def test_what_is_recorded_is_the_completion_without_its_hash(counter: Counter) -> None:
    transaction_id = counter.pay("ann", "ben", 300)
    counter.wait(3 * STEP_MS)
    heard = counter.heard("ben")
    (complete,) = [event for event in heard if isinstance(event, gopang.TransactionComplete)]
    (record,) = [event for event in heard if isinstance(event, gopang.OpenhashRecord)]
    document = {key: value for key, value in complete.to_json().items() if key != "blockchainHash"}
    assert document == {
        "transactionId": transaction_id,
        "amount": 300,
        "senderId": "ann",
        "receiverId": "ben",
        "completedAt": counter.now_ms,
    }
    assert complete.blockchainHash == record.hashValue == fingerprint(document)
    assert record.documentId == transaction_id
    assert counter.records.find(record.hashValue) is not None


@pytest.mark.parametrize(
    ("receiver", "amount", "steps", "reason"),
    [
        ("ann", 1, ["1 fail"], "the receiver is the sender"),
        ("dan", 1, ["1 fail"], "the receiver has no account"),
        ("ben", 0, ["1 pass", "2 fail"], "the amount is no integer above zero"),
        ("ben", 0.5, ["1 pass", "2 fail"], "the amount is no integer above zero"),
        ("ben", -5, ["1 pass", "2 fail"], "the amount is no integer above zero"),
        ("ben", OPENING_BALANCE + 1, ["1 pass", "2 pass", "3 fail"], "the balance of the sender is too low"),
    ],
)
def test_the_first_failure_ends_it(
    counter: Counter, receiver: str, amount: float, steps: list[str], reason: str
) -> None:
    counter.pay("ann", receiver, amount)
    counter.wait(10 * STEP_MS)
    heard = counter.heard("ann")
    assert story(heard) == ["pending", *steps, "failed"]
    verdicts = [event for event in heard if isinstance(event, gopang.TransactionVerify)]
    assert [verdict.reason for verdict in verdicts] == [MISSING] * (len(steps) - 1) + [reason]
    assert counter.balances() == dict.fromkeys(USERS, OPENING_BALANCE)
    assert counter.heard(receiver) == ([] if receiver == "ann" else heard)


def test_a_transaction_of_somebody_without_an_account_fails(counter: Counter) -> None:
    counter.pay("dan", "ann", 1)
    counter.wait(STEP_MS)
    assert story(counter.heard("dan")) == ["pending", "1 fail", "failed"]


def test_everything_can_be_spent_and_not_twice(counter: Counter) -> None:
    counter.pay("ann", "ben", OPENING_BALANCE)
    counter.pay("ann", "cho", OPENING_BALANCE)
    counter.wait(3 * STEP_MS)
    assert counter.balances() == {"ann": 0, "ben": 2_000_000, "cho": 1_000_000}
    assert story(counter.heard("cho"))[-1] == "failed"


@pytest.mark.parametrize("after_ms", [0, STEP_MS, 3 * STEP_MS - 1])
def test_a_pending_transaction_is_its_sender_s_to_cancel_and_moves_nothing_then(
    counter: Counter, after_ms: int
) -> None:
    transaction_id = counter.pay("ann", "ben", 300)
    counter.wait(after_ms)
    assert counter.bank.is_own("ann", transaction_id)
    assert not counter.bank.is_own("ben", transaction_id)
    assert counter.bank.is_pending(transaction_id)
    counter.run(counter.bank.cancel(transaction_id, counter.stamp))
    heard = counter.heard("ann")
    assert story(heard)[-1] == "cancelled"
    assert counter.heard("ben") == heard
    counter.wait(10 * STEP_MS)
    assert counter.heard("ann") == []
    assert counter.balances()["ben"] == OPENING_BALANCE


@pytest.mark.parametrize(("amount", "cancelled"), [(300, False), (0, False), (300, True)])
def test_what_is_over_is_pending_no_more_and_still_known_as_its_sender_s(
    counter: Counter, amount: int, cancelled: bool
) -> None:
    transaction_id = counter.pay("ann", "ben", amount)
    if cancelled:
        counter.run(counter.bank.cancel(transaction_id, counter.stamp))
    counter.wait(3 * STEP_MS)
    assert not counter.bank.is_pending(transaction_id)
    assert counter.bank.is_own("ann", transaction_id)
    assert not counter.bank.is_own("ben", transaction_id)
    assert not counter.bank.is_own("ann", "another")


def test_of_what_is_over_only_the_latest_are_known() -> None:
    bygones = Bygones()
    for n in range(REMEMBERED + 2):
        bygones.add(f"t{n}", "ann")
    assert [bygones.owner(f"t{n}") for n in (0, 1, 2, REMEMBERED + 1)] == [None, None, "ann", "ann"]


def test_a_sender_has_only_so_many_under_way(counter: Counter) -> None:
    for _ in range(MAX_OPEN):
        assert counter.bank.takes_more("ann")
        counter.pay("ann", "ben", 1)
    assert not counter.bank.takes_more("ann")
    assert counter.bank.takes_more("ben")
    counter.wait(3 * STEP_MS)
    assert counter.bank.takes_more("ann")
    assert counter.balances()["ben"] == OPENING_BALANCE + MAX_OPEN


def test_no_transaction_begins_that_could_not_be_recorded() -> None:
    counter = Counter(capacity=2)
    counter.pay("ann", "ben", 1)
    assert counter.bank.takes_more("ben")
    counter.pay("ann", "ben", 1)
    assert not counter.bank.takes_more("ben")
    counter.wait(3 * STEP_MS)
    assert not counter.bank.takes_more("ben")


class Money(RuleBasedStateMachine):
    """Whatever people create and cancel, and whenever steps are taken, also out of turn and twice."""

    transactions: "Bundle[str]" = Bundle("transactions")

    def __init__(self) -> None:
        super().__init__()
        self.counter = Counter()
        self.expected = dict.fromkeys(USERS, OPENING_BALANCE)  # by what was heard alone
        self.over = dict[str, str]()  # transaction id -> how it ended, by what was heard

    @rule(
        target=transactions, sender=st.sampled_from(USERS), receiver=st.sampled_from((*USERS, "dan")), amount=st.data()
    )
    def create(self, sender: str, receiver: str, amount: st.DataObject) -> str:
        has = self.counter.bank.balance(sender) or 0
        chosen = amount.draw(st.sampled_from((has, has + 1, has // 2 + 1, 1, 0, -1)) | st.integers(-(2**53), 2**53))
        return self.counter.pay(sender, receiver, chosen)

    @rule(transaction_id=transactions, user_id=st.sampled_from(USERS))
    def cancel(self, transaction_id: str, user_id: str) -> None:
        bank = self.counter.bank
        if bank.is_own(user_id, transaction_id) and bank.is_pending(transaction_id):
            self.counter.run(bank.cancel(transaction_id, self.counter.stamp))

    @rule(ms=st.integers(0, 2 * STEP_MS))
    def wait(self, ms: int) -> None:
        self.counter.wait(ms)

    @rule(transaction_id=transactions, step=st.integers(0, 4))
    def step_out_of_turn(self, transaction_id: str, step: int) -> None:
        self.counter.order(VerifyStep(transaction_id, step))

    @precondition(lambda self: self.counter.timers)
    @rule()
    def ring_twice(self) -> None:
        self.counter.order(self.counter.timers[0])

    @invariant()
    def balances_are_what_was_heard_and_nothing_is_made_or_lost(self) -> None:
        for user_id in (*USERS, "dan"):
            for event in self.counter.heard(user_id):
                match event:
                    case gopang.TransactionComplete() if user_id == event.senderId:
                        self.expected[event.senderId] -= event.amount
                        self.expected[event.receiverId] += event.amount
                    case gopang.TransactionStatus(status="completed" | "failed" | "cancelled") if user_id != "dan":
                        ended = self.over.setdefault(event.transactionId, event.status)
                        assert ended == event.status
                    case _:
                        pass
        balances = self.counter.balances()
        assert balances == self.expected
        assert sum(balances.values()) == len(USERS) * OPENING_BALANCE
        assert min(balances.values()) >= 0

    def teardown(self) -> None:
        self.counter.wait(10 * STEP_MS)
        self.balances_are_what_was_heard_and_nothing_is_made_or_lost()
        assert not any(isinstance(timer, BankCommand) for timer in self.counter.timers)


TestMoney = Money.TestCase
TestMoney.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
