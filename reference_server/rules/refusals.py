"""The refusals of a protocol, in the order of its `x-errors`: the contract is the table of what is allowed when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from protocols.contract import Action, Condition, Event, Protocol

Situation = TypeVar("Situation")
"""What the conditions of one protocol are asked about: who speaks, and what it says."""


@dataclass(frozen=True, slots=True)
class Refused:
    """How an event is refused."""

    event: Event
    """What its sender hears."""
    code: str
    reason: str
    disconnects: bool


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
                event = protocol.by_id[refusal.operation].event.model_validate({"message": reason, **refusal.where})
                asked = [(conditions[condition.name], not condition.negated) for condition in refusal.when]
                rows.append((asked, Refused(event, refusal.code, reason, refusal.disconnects)))

    def first(self, event: Event, situation: Situation) -> Refused | None:
        """Return the first refusal whose conditions all hold, or None when the event is allowed."""
        for asked, refused in self._table[type(event)]:
            if all(holds(situation) is expected for holds, expected in asked):
                return refused
        return None
