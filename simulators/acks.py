"""What the acks of something said may be, by the contract: `x-ack` says it of what is accepted, `x-errors` of the rest.

Whether something is accepted may depend on what only others know; then any of several acks is right.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from protocols.contract import Ack, Event, Json, Operation, Refusal
from simulators.actor import Standing, expand

Acks: TypeAlias = Sequence[Mapping[str, Json]]
"""The fields that each ack has that would be right; none where the contract says nothing."""


def due_acks(operation: Operation, event: Event, standing: Standing) -> Acks:
    """Return the acks that may come of something which is about to be said by whoever stands there."""
    facts = {"payload": event.to_json(), "sender": standing.facts, "session": standing.session}
    right: list[Mapping[str, Json]] = []
    for refusal in operation.refusals:
        truths = [standing.holds(condition, event) for condition in refusal.when]
        if False in truths:
            continue
        if refusal.by_ack:
            right.append({name: expand(template, facts) for name, template in refusal.where.items()})
        if None not in truths:
            return right  # it is refused, if not for this reason then for one before
    if False in [standing.holds(condition, event) for condition in operation.requires]:
        return right
    return [*right, {name: expand(template, facts) for name, template in operation.ack_where.items()}]


def due_acks_of_invalid(operation: Operation) -> Acks:
    """Return the acks that may come of an invalid payload; what they repeat of it may have been unreadable."""
    return [
        fixed(refusal)
        for refusal in operation.refusals
        if refusal.by_ack and [str(condition) for condition in refusal.when] == ["invalid"]
    ]


def tells_refusal(ack: Ack, operation: Operation) -> bool:
    """Say whether an ack is that of something refused."""
    fields = ack.to_json()
    refusals = [fixed(refusal) for refusal in operation.refusals if refusal.by_ack]
    return any(one and all(fields.get(name) == value for name, value in one.items()) for one in refusals)


def fixed(refusal: Refusal) -> dict[str, Json]:
    """Return the fields that a refusal always has; what depends on the refused payload may not be readable in it."""
    return {name: value for name, value in refusal.where.items() if not (isinstance(value, str) and "{" in value)}


def fault_of_ack(ack: Ack, due: Acks) -> str | None:
    """Say how an ack is none of those that may come; None where it is one. What nobody can know is not compared."""
    fields = ack.to_json()
    if not due or any(all(value is None or fields.get(name) == value for name, value in one.items()) for one in due):
        return None
    return f"says {dict(fields)}, not {' or '.join(str(dict(one)) for one in due)}"
