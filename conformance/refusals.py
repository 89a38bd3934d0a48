"""Ways of refusal that a target file lets count beside the contract's; that something is refused stays demanded."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from conformance.expectation import Expectation, Heard, Outlook
from conformance.judge import Step
from conformance.person import Person
from protocols.contract import Json, Level
from simulators.received import Answer, Received
from simulators.terms import Refusals

Arrivals = Mapping[Person, Sequence[Received | Answer]]


def is_otherwise(step: Step, arrivals: Arrivals, ways: Refusals) -> bool:
    """Say whether something that is to be refused has been, in one of these ways."""
    return bool(_signs(step, arrivals, ways)) or is_cut_off(step, ways)


def is_cut_off(step: Step, ways: Refusals) -> bool:
    """Say whether it has been refused by a disconnect, where that counts."""
    return ways.disconnect and _is_to_be_refused(step) and step.who is not None and not step.who.is_connected


def settled(step: Step, heard: Heard, ways: Refusals) -> tuple[Step, Heard]:
    """Return what is left to be judged: without the sign of a refusal, and without the one that the contract names."""
    if not is_otherwise(step, heard.arrivals, ways):
        return step, heard
    signs = _signs(step, heard.arrivals, ways)[:1]
    left = {
        who: tuple(one for one in came if one not in signs) if who is step.who else came
        for who, came in heard.arrivals.items()
    }
    return replace(step, outlook=_without(step, left)), replace(heard, arrivals=left)


def _is_to_be_refused(step: Step) -> bool:
    return step.outlook.refusal is not None or bool(step.outlook.requirement)


def _signs(step: Step, arrivals: Arrivals, ways: Refusals) -> list[Received | Answer]:
    if step.who is None or not _is_to_be_refused(step):
        return []
    return [one for one in arrivals.get(step.who, ()) if _is_sign(one, step, ways)]


def _is_sign(arrival: Received | Answer, step: Step, ways: Refusals) -> bool:
    match arrival:
        case Received():
            return bool(ways.event) and arrival.name == ways.event
        case Answer():
            if ways.ack is None or arrival.packet.ack_id != step.ack_id:
                return False
            fields = arrival.arguments[0] if arrival.arguments else None
            return isinstance(fields, Mapping) and all(
                name in fields and fields[name] == value for name, value in cast("Mapping[str, Json]", ways.ack).items()
            )


def _without(step: Step, left: Arrivals) -> Outlook:
    """Return the outlook in which what the contract says of the refusal may come, and need not."""
    outlook = step.outlook
    expectations = [_optional(item) if item.receiver is step.who else item for item in outlook.expectations]
    assert step.who is not None  # somebody was refused
    answered = any(isinstance(one, Answer) and one.packet.ack_id == step.ack_id for one in left.get(step.who, ()))
    return replace(outlook, expectations=expectations, ack=outlook.ack if answered else None)


def _optional(expectation: Expectation) -> Expectation:
    return replace(expectation, level=Level.MAY, disconnects=False)
