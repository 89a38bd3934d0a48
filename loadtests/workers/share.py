"""What one process of a load test measured, on its way to whoever keeps the record.

A `Meter` takes batches in, hands out shares. Of a share, the seconds are those that are over and were in none before,
and all else is how things stand since the beginning: a share that gets lost costs its seconds, and nothing else.
"""

import math
from collections import Counter
from typing import Self, TypeVar

from pydantic import BaseModel, Field

from loadtests.results.record import Delivery, FailureCount
from loadtests.samples import Account, Batch, Failure

T = TypeVar("T", int, str)


class Second(BaseModel):
    """One second in one process, or in several together. Times are microseconds, as `Times.counts` has them."""

    users: int = 0
    sent: int = 0
    heard: int = 0
    lost: int = 0
    lag: dict[int, int] = Field(default_factory=dict)
    times: dict[str, dict[int, int]] = Field(default_factory=dict)
    """`ack chat:message` -> how long it took, how often."""
    failures: dict[str, int] = Field(default_factory=dict)
    untimed: dict[str, int] = Field(default_factory=dict)
    """What ended in it, well or not, and is not among the times."""

    def include(self, other: Self) -> None:
        """Add what another process measured in the same second."""
        self.users += other.users
        self.sent += other.sent
        self.heard += other.heard
        self.lost += other.lost
        add(self.lag, other.lag)
        for label, counts in other.times.items():
            add(self.times.setdefault(label, {}), counts)
        add(self.failures, other.failures)
        add(self.untimed, other.untimed)


class Share(BaseModel):
    """A message to whoever keeps the record."""

    seconds: dict[int, Second] = Field(default_factory=dict)
    """Second of the clock on the wall, since the epoch -> what it gave."""
    failures: list[FailureCount] = Field(default_factory=list)
    sent: dict[str, int] = Field(default_factory=dict)
    deliveries: list[Delivery] = Field(default_factory=list)
    examples: list[str] = Field(default_factory=list)


class Meter:
    """Takes in what the people of one process measured."""

    def __init__(self) -> None:
        self._seconds: dict[int, Second] = {}
        self._failures: Counter[Failure] = Counter()
        self._accounts: dict[str, Account] = {}  # of each protocol

    def include(self, protocol: str, batch: Batch, *, at_s: float, users: int) -> None:
        """Take in a batch that was measured until this moment, while so many users were there."""
        second = self._seconds.setdefault(int(at_s), Second())
        second.users = users
        if batch.account is not None:
            before, self._accounts[protocol] = self._accounts.get(protocol, Account()), batch.account
            second.sent += sum(batch.account.sent.values()) - sum(before.sent.values())
            for account, sign in ((batch.account, 1), (before, -1)):
                second.heard += sign * sum(row.delivered for row in account.deliveries)
                second.lost += sign * sum(row.lost for row in account.deliveries)
        add(second.lag, batch.lag.counts)
        for label, times in batch.times.items():
            add(second.times.setdefault(" ".join(label), {}), times.counts)
        for label, count in batch.untimed.items():
            add(second.untimed, {" ".join(label): count})
        for failure, count in batch.failures.items():
            name = " ".join(failure.label)
            add(second.failures, {name: count})
            if not failure.timed:
                add(second.untimed, {name: count})
        self._failures += batch.failures

    def take(self, *, until_s: float = math.inf) -> Share:
        """Return the seconds that were over at a moment and not returned before, and how things stand."""
        over = {second: self._seconds.pop(second) for second in sorted(self._seconds) if second + 1 <= until_s}
        accounts = self._accounts.values()
        return Share(
            seconds=over,
            failures=[
                FailureCount(kind=failure.label.kind, name=failure.label.name, error=failure.error, count=count)
                for failure, count in self._failures.items()
            ],
            sent=dict(sum((Counter(account.sent) for account in accounts), Counter())),
            deliveries=[row for account in accounts for row in account.deliveries],
            examples=[example for account in accounts for example in account.examples],
        )


def add(to: dict[T, int], counts: dict[T, int]) -> None:
    """Add counts to others."""
    for key, count in counts.items():
        to[key] = to.get(key, 0) + count
