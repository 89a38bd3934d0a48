"""What shows to whoever does the same that something is wrong with a transaction, its record, or a batch of those.

All of it comes by itself, some time after the transaction was created.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from conformance.person import Person
from conformance.symptom import Symptom, Test, fields_are
from protocols import gopang
from protocols.contract import Event, Json

SHOWN_S: Final = 15.0
"""How long the three steps of a transaction, its record and its batch may take, at most."""


def told(who: Person, event: Event, *tests: Test) -> Symptom:
    """Return that somebody hears such an event, which only a timer brings."""
    return replace(
        Symptom.heard(who, event.event_name, *tests, times=1), within_s=SHOWN_S, is_belated=True, is_ever=True
    )


def again(who: Person, event: Event) -> Symptom:
    """Return that somebody hears what they must not hear at all."""
    fields = event.to_json()
    names = ("transactionId", "documentId", "step", "result", "status", "batchId")
    return told(who, event, *fields_are({name: fields[name] for name in names if name in fields}))


def after_cancel(who: Person, event: Event) -> Symptom:
    """Return that somebody hears more of a transaction after they have heard that it was cancelled."""
    fields = event.to_json()
    if fields.get("status") == "cancelled":  # twice the same is in no order
        return replace(again(who, event), times=2)
    is_cancelled = fields_are({"transactionId": fields["transactionId"], "status": "cancelled"})
    cancelled = Symptom.heard(who, gopang.TransactionStatus.event_name, *is_cancelled)
    return replace(Symptom.in_order(cancelled, again(who, event)), is_belated=True, within_s=SHOWN_S)


def too_soon(who: Person, event: Event, last_step: int) -> Symptom:
    """Return that somebody hears of an end before the last of the steps, or of the end a second time."""
    last = Symptom.heard(who, gopang.TransactionVerify.event_name, Test(("step",), "is", last_step))
    return replace(Symptom.in_order(again(who, event), last), is_belated=True)


def misplaced(who: Person, event: gopang.TransactionVerify, due: int) -> Symptom:
    """Return that somebody hears of a step before the one that is due, or of one a second time."""
    if event.step < due:
        return replace(again(who, event), times=2)
    next_one = Symptom.heard(who, event.event_name, Test(("step",), "is", due))
    return replace(Symptom.in_order(again(who, event), next_one), is_belated=True)


def otherwise(who: Person, event: Event, due: Mapping[str, Json]) -> Symptom:
    """Return that somebody hears something with another value than is due."""
    fields = event.to_json()
    name = next(name for name, value in due.items() if fields.get(name) != value)
    return told(who, event, Test((name,), "is not", due[name]))


def unheard(who: Person, event: type[Event], due: Mapping[str, Json]) -> Symptom:
    """Return that somebody never hears what is due to them."""
    return replace(Symptom.unheard(who, event.event_name, due, SHOWN_S), is_belated=True)
