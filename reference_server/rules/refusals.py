"""The refusals of a protocol, in the order of its `x-errors`: the contract is the table of what is allowed when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from protocols.contract import Ack, Action, Condition, Event, Operation, Protocol, Refusal

Situation = TypeVar("Situation")
"""What the conditions of one protocol are asked about: who speaks, and what it says."""


@dataclass(frozen=True, slots=True)
class Refused:
    """How an event is refused."""

    told: Event | Ack
    """What its sender hears, or the failing ack."""
    code: str
    reason: str
    disconnects: bool

    @property
    def event(self) -> Event:
        """What its sender hears, where no ack tells it."""
        assert isinstance(self.told, Event)
        return self.told


class Refusals(Generic[Situation]):
    """Tells whether an event is refused, and how. The condition `invalid` is not asked: the gate has done so."""

    def __init__(
        self,
        protocol: Protocol,
        conditions: Mapping[str, Callable[[Situation], bool]],
        reasons: Mapping[str, str],
    ) -> None:
        """Take the meaning of each condition, and for each that refuses (`not joined`) the words its sender reads.

        Raises KeyError when the contract has a condition that nobody explained here.
        """
        # class of event -> what refuses it, in order; each condition with the value it must have
        self._table: dict[type[Event], list[tuple[list[tuple[Callable[[Situation], bool], bool]], Refused]]] = {}
        for operation in protocol.operations:
            if operation.action is not Action.RECEIVE:
                continue
            rows = self._table[operation.event] = []
            for refusal in operation.refusals:
                if refusal.when == (Condition(name="invalid"),):
                    continue
                reason = reasons[str(refusal.when[-1])]
                told = _told(protocol, operation, refusal, reason)
                asked = [(conditions[condition.name], not condition.negated) for condition in refusal.when]
                rows.append((asked, Refused(told, refusal.code, reason, refusal.disconnects)))

    def first(self, event: Event, situation: Situation) -> Refused | None:
        """Return the first refusal whose conditions all hold, or None when the event is allowed."""
        for asked, refused in self._table[type(event)]:
            for holds, expected in asked:
                if holds(situation) is not expected:
                    break
            else:
                return refused
        return None


def _told(protocol: Protocol, operation: Operation, refusal: Refusal, reason: str) -> Event | Ack:
    """Put the reason into the field that the contract has for it, and the code where it has one and says no other."""
    shape = operation.ack if refusal.by_ack else protocol.by_id[refusal.operation].event
    assert shape is not None  # the lint: only who has an ack refuses by it
    words = {"message": reason, "error": reason, "code": refusal.code}
    said = {name: word for name, word in words.items() if name in shape.model_fields}
    return shape.model_validate({**said, **refusal.where})
