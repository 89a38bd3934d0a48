"""What a step waits for: each thing that is due, and whether it is any use to wait longer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from conformance.expectation import AckDue, Expectation
from conformance.judge import Step
from conformance.person import Person
from protocols.contract import Level
from simulators.received import Answer

ACK: Final = "the ack"


@dataclass(frozen=True, slots=True)
class Due:
    """Something that a step waits for."""

    what: Expectation | AckDue
    key: tuple[str, str]
    """What causes it, and what it is: an event's name, or `ACK`."""
    receiver: Person
    has_come: Callable[[], bool]

    @property
    def level(self) -> Level:
        """How strongly it is promised."""
        return self.what.level if isinstance(self.what, Expectation) else Level.MUST


def is_settled(counted: tuple[Expectation, int]) -> bool:
    """Say whether it is no use to wait: everything has come, or nothing more can."""
    expectation, wanted = counted
    receiver = expectation.receiver
    came = sum(received.name == expectation.operation.name for received in receiver.inbox)
    return came >= wanted or not receiver.is_connected


def is_answered(step: Step) -> bool:
    """Say whether the ack that was asked for is there, or none will come."""
    if step.outlook.ack is None or step.who is None:
        return True
    acks = (arrival for arrival in step.who.arrivals if isinstance(arrival, Answer))
    return any(answer.packet.ack_id == step.ack_id for answer in acks) or not step.who.is_connected


def counted(due: Iterable[Expectation]) -> list[tuple[Expectation, int]]:
    """Count how often each receiver is to hear each name."""
    counts: dict[tuple[Person, str], tuple[Expectation, int]] = {}
    for item in due:
        key = item.receiver, item.operation.name
        counts[key] = item, counts.get(key, (item, 0))[1] + 1
    return list(counts.values())
