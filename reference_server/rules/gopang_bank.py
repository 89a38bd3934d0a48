"""Money: accounts, and transactions that are verified step by step and move an amount exactly once or never."""

from collections import Counter
from collections.abc import Container, Generator, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import MISSING

from protocols import gopang
from reference_server.effects import Command, Effect, Later, Stamp
from reference_server.rules.gopang_bygones import Bygones
from reference_server.rules.gopang_canonical import fingerprint
from reference_server.rules.gopang_records import Records
from reference_server.rules.gopang_rooms import tell

Status: TypeAlias = Literal["pending", "verified", "completed", "failed", "cancelled"]

OPENING_BALANCE: Final = 1_000_000
STEP_MS: Final = 200
"""How long each of the three steps takes. Until the last one is done, the sender can cancel."""
MAX_OPEN: Final = 100
"""Transactions that one sender may have under way: more than a person, or a test of concurrency, needs at a time."""


@dataclass(frozen=True, slots=True)
class BankCommand(Command):
    """A timer of the bank; goes to `Bank.handle`."""


@dataclass(frozen=True, slots=True)
class VerifyStep(BankCommand):
    """Take one step of a transaction, if it is under way and this is its next step."""

    transaction_id: str
    step: int


@dataclass(slots=True)
class _Transaction:
    """One that is under way. Of what is completed, failed or cancelled nothing is left that could befall it twice."""

    id: str
    sender: str
    receiver: str
    amount: float
    next_step: int = 1

    @property
    def parties(self) -> tuple[str, str]:
        return self.sender, self.receiver


class Bank:
    """The accounts of all users, and the transactions between them.

    Laws: the sum of all balances never changes, no balance is below zero, and a transaction moves its amount once, in
    the step that also finds the balance sufficient, so nothing can come between the two.
    """

    def __init__(self, users: Container[str], records: Records) -> None:
        """Take the ids of all users; whoever is added to them later has an account from then on."""
        self._users = users
        self._balances: dict[str, int] = {}  # user id -> balance, of those who have ever paid or been paid
        self._records = records
        self._open: dict[str, _Transaction] = {}  # transaction id -> what is under way
        self._over = Bygones()
        self._open_of: Counter[str] = Counter()  # sender -> how many of these are theirs

    def balance(self, user_id: str) -> int | None:
        """Return what a user has; None for who has no account."""
        return self._has(user_id) if user_id in self._users else None

    def takes_more(self, user_id: str) -> bool:
        """Say whether a user may create another transaction: `MAX_OPEN` each, and there must be room to record it."""
        return self._open_of[user_id] < MAX_OPEN and self._records.has_room(len(self._open) + 1)

    def is_own(self, user_id: str, transaction_id: str) -> bool:
        """Say whether this user created this transaction, be it under way or over."""
        transaction = self._open.get(transaction_id)
        return (transaction.sender if transaction else self._over.owner(transaction_id)) == user_id

    def is_pending(self, transaction_id: str) -> bool:
        """Say whether a transaction is under way; until its last step is taken, it can be cancelled."""
        return transaction_id in self._open

    def create(self, user_id: str, event: gopang.TransactionCreate, stamp: Stamp) -> Generator[Effect, None, str]:
        """Begin a transaction of somebody who may; return its id. Whether it can be done is for its steps to find."""
        transaction = _Transaction(stamp.fresh("transaction"), user_id, event.receiverId, event.amount)
        self._open[transaction.id] = transaction
        self._open_of[user_id] += 1
        yield from _status(transaction, "pending", stamp)
        yield Later(STEP_MS, VerifyStep(transaction.id, 1))
        return transaction.id

    def cancel(self, transaction_id: str, stamp: Stamp) -> Iterator[Effect]:
        """End a pending transaction; nothing was moved."""
        transaction = self._end(transaction_id)
        yield from _status(transaction, "cancelled", stamp)

    def handle(self, command: BankCommand, stamp: Stamp) -> Iterator[Effect]:
        """Take a step; one of a transaction that is over, or that was taken already, is nothing."""
        if not isinstance(command, VerifyStep):
            return
        transaction = self._open.get(command.transaction_id)
        if transaction is None or transaction.next_step != command.step:
            return
        reason = self._objection(transaction)
        yield from tell(_verdict(transaction, reason), *transaction.parties)
        if reason:
            self._end(transaction.id)
            yield from _status(transaction, "failed", stamp)
        elif command.step < 3:
            transaction.next_step += 1
            yield Later(STEP_MS, VerifyStep(transaction.id, transaction.next_step))
        else:
            yield from self._complete(transaction, stamp)

    def _objection(self, transaction: _Transaction) -> str:
        """Return why a transaction fails its next step; empty when it passes."""
        match transaction.next_step:
            case 1:
                if transaction.receiver == transaction.sender:
                    return "the receiver is the sender"
                roles = zip(("sender", "receiver"), transaction.parties, strict=True)
                lacking = next((role for role, party in roles if party not in self._users), None)
                return f"the {lacking} has no account" if lacking else ""
            case 2:
                whole = float(transaction.amount).is_integer()
                return "" if whole and transaction.amount > 0 else "the amount is no integer above zero"
            case _:
                enough = self._has(transaction.sender) >= transaction.amount
                return "" if enough else "the balance of the sender is too low"

    def _complete(self, transaction: _Transaction, stamp: Stamp) -> Iterator[Effect]:
        """Move the amount, tell both, and record it: the document is `transaction:complete` without its hash."""
        self._end(transaction.id)
        amount = int(transaction.amount)
        self._balances[transaction.sender] = self._has(transaction.sender) - amount
        self._balances[transaction.receiver] = self._has(transaction.receiver) + amount
        complete = gopang.TransactionComplete(
            transactionId=transaction.id,
            amount=amount,
            senderId=transaction.sender,
            receiverId=transaction.receiver,
            completedAt=stamp.now_ms,
        )
        document = complete.to_json()
        yield from _status(transaction, "verified", stamp)
        yield from _status(transaction, "completed", stamp)
        hashed = complete.model_copy(update={"blockchainHash": fingerprint(document)})
        yield from tell(hashed, *transaction.parties)
        yield from self._records.record(transaction.id, document, transaction.parties, stamp)

    def _has(self, user_id: str) -> int:
        return self._balances.get(user_id, OPENING_BALANCE)

    def _end(self, transaction_id: str) -> _Transaction:
        transaction = self._open.pop(transaction_id)
        self._over.add(transaction_id, transaction.sender)
        self._open_of[transaction.sender] -= 1
        if not self._open_of[transaction.sender]:
            del self._open_of[transaction.sender]
        return transaction


def _status(transaction: _Transaction, status: Status, stamp: Stamp) -> Iterator[Effect]:
    event = gopang.TransactionStatus(transactionId=transaction.id, status=status, updatedAt=stamp.now_ms)
    yield from tell(event, *transaction.parties)


def _verdict(transaction: _Transaction, reason: str) -> gopang.TransactionVerify:
    return gopang.TransactionVerify(
        transactionId=transaction.id,
        step=transaction.next_step,
        result="fail" if reason else "pass",
        reason=reason or MISSING,
    )
