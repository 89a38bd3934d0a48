"""Rules about what our extensions say: every operation, condition, field and requirement they name exists."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from protocols import template
from protocols.contract import Audience
from protocols.document import Place
from protocols.errors import SpecError, shorten
from protocols.lint.finding import Finding
from protocols.lint.operations import payload
from protocols.lint.values import fits
from protocols.schema import carried, types
from protocols.template import Source

Fields: TypeAlias = Mapping[str, Sequence[Place]]
"""The fields of a payload, each with its schema in every branch that has it."""

INVALID = "invalid"
"""The one condition that no protocol declares: the payload breaks its schema."""

# to -> the key that says which one; the other audiences need none
_WHICH: Mapping[str, str] = {"room": "room", "others": "room", "user": "user", "users": "user"}


class Promises:
    """What the operations of one document promise, with what they may name at hand."""

    def __init__(self, top: Place) -> None:
        self._operations = dict(_items(top.find("operations")))
        self._channels = dict(_items(top.find("channels")))
        # channel's pointer -> requirement's id -> where it stands first
        self._requirements: dict[str, dict[str, Place]] = {}
        # channel's pointer -> the names of the conditions that somebody uses
        self._used: dict[str, set[str]] = {}
        self._duplicates = list(self._collect())

    def check(self) -> Iterator[Finding]:
        """Check everything."""
        yield from self._duplicates
        for operation in self._operations.values():
            channel = operation.find("channel")
            if channel is not None:
                yield from self._operation(operation, channel)
        for channel in self._channels.values():
            yield from self._channel(channel)

    def _collect(self) -> Iterator[Finding]:
        owners = [(channel, channel) for channel in self._channels.values()]
        owners += [(op, channel) for op in self._operations.values() if (channel := op.find("channel")) is not None]
        for owner, channel in owners:
            known = self._requirements.setdefault(channel.pointer, {})
            for _, item in _items(owner.get("x-requirements")):
                requirement = item.find("id")
                if requirement is None or requirement.text is None:
                    continue
                if (first := known.setdefault(requirement.text, item)) is not item:
                    message = f"the requirement {requirement.text} stands on line {first.line} already"
                    place = item if item.ref else requirement
                    yield Finding.at(place, "duplicate-address", message, "Give each requirement a number of its own")

    def _channel(self, channel: Place) -> Iterator[Finding]:
        yield from _handshake(channel)
        yield from self._triggers(channel.get("x-connect"), channel, None)
        leaving = channel.get("x-disconnect")
        if leaving is not None and leaving.text is not None:
            yield from self._leaving(leaving, channel)
        else:
            yield from self._triggers(leaving, channel, None)
        for name, condition in _items(channel.get("x-conditions")):
            if name == INVALID:
                yield Finding.at(
                    condition, "condition", f"{INVALID} has its meaning already", "Choose another name for it"
                )
            elif name not in self._used.get(channel.pointer, set()):
                remedy = "Let a trigger, x-requires or x-errors depend on it, or remove it"
                yield Finding.at(condition, "unused-condition", f"nothing depends on {name}", remedy)

    def _leaving(self, named: Place, channel: Place) -> Iterator[Finding]:
        """Check the operation that a client's vanishing is the same as."""
        operation = self._operations.get(named.text or "")
        if operation is None or _action(operation) != "receive" or _channel_of(operation) != channel.pointer:
            remedy = "Name the operation of this channel that receives a client's leaving, or list triggers"
            yield Finding.at(named, "disconnect-operation", f"{shorten(named.text or '')} is no such operation", remedy)
        elif payload(operation) is not None:
            remedy = "Name an operation without payload: a connection that is gone sends none"
            yield Finding.at(named, "disconnect-operation", f"{named.text} needs a payload", remedy)

    def _operation(self, operation: Place, channel: Place) -> Iterator[Finding]:
        yield from self._conditions(operation.get("x-requires"), channel, invalid=False)
        yield from self._triggers(operation.get("x-triggers"), channel, operation)
        for _, error in _items(operation.get("x-errors")):
            yield from self._conditions(error.get("when"), channel, invalid=True)
            yield from self._names_emission(error.get("event"), channel, "error-operation")
            yield from self._cites(error, channel)
            yield from _answer(error, operation)
            yield from self._told(error, operation)
        for key in ("x-rate", "x-ack"):
            if (owner := operation.get(key)) is not None:
                yield from self._cites(owner, channel)
        if (ack := operation.get("x-ack")) is not None and operation.get("reply") is not None:
            yield from _wheres(ack, f"the ack of {operation.key}", _ack_fields(operation), operation)
        if _action(operation) == "receive":
            yield from _answered(operation)
            yield from _derived(operation)
            if not any(True for _ in _items(operation.get("x-requirements"))):
                remedy = "Add x-requirements with what a correct server must do about it"
                yield Finding.at(operation, "no-requirement", f"{operation.key} promises nothing", remedy)

    def _conditions(self, place: Place | None, channel: Place, *, invalid: bool) -> Iterator[Finding]:
        known = channel.find("x-conditions")
        for _, item in _items(place):
            if item.text is None or (invalid and item.text == INVALID):
                continue
            name = item.text.removeprefix("not ")
            self._used.setdefault(channel.pointer, set()).add(name)
            if known is None or known.get(name) is None:
                remedy = f"Explain it in x-conditions of {channel.key}, or use one that stands there"
                yield Finding.at(item, "condition", f"{shorten(name)} is no condition here", remedy)

    def _names_emission(self, place: Place | None, channel: Place, rule: str) -> Iterator[Finding]:
        if place is None or place.text is None:
            return
        named = self._operations.get(place.text)
        if named is None:
            yield Finding.at(place, rule, f"there is no operation {shorten(place.text)}", "Name one that exists")
        elif _action(named) == "receive":
            remedy = "Name an operation with action send"
            yield Finding.at(place, rule, f"{place.text} is what the server receives, not what it sends", remedy)
        elif _channel_of(named) != channel.pointer:
            remedy = f"Name an operation of {channel.key}"
            yield Finding.at(place, rule, f"{place.text} belongs to another channel", remedy)

    def _cites(self, owner: Place, channel: Place) -> Iterator[Finding]:
        cited = owner.get("requirement")
        if cited is not None and cited.text is not None and cited.text not in self._requirements[channel.pointer]:
            remedy = "Cite an id that stands in x-requirements of the channel or of one of its operations"
            yield Finding.at(cited, "requirement", f"there is no requirement {shorten(cited.text)}", remedy)

    def _triggers(self, place: Place | None, channel: Place, operation: Place | None) -> Iterator[Finding]:
        """Check triggers: those of an operation, or where there is none those of connecting and vanishing."""
        for _, trigger in _items(place):
            yield from self._conditions(trigger.get("when"), channel, invalid=False)
            yield from self._names_emission(trigger.get("operation"), channel, "trigger-operation")
            yield from self._cites(trigger, channel)
            yield from self._trigger(trigger, operation)

    def _trigger(self, trigger: Place, operation: Place | None) -> Iterator[Finding]:
        to = trigger.get("to")
        needed = _WHICH.get(to.text or "") if to else None
        for key in ("room", "user"):
            which = trigger.get(key)
            if which is None and key == needed:
                yield Finding.at(trigger, "audience", f"it does not say which {key}", f"Add {key}")
            elif which is not None and key != needed and to is not None and to.text in set(Audience):
                remedy = f"Remove it, or change `to: {to.text}`"
                yield Finding.at(which, "audience", f"{key} says nothing about {to.text}", remedy)
            elif which is not None:
                yield from _template(which, operation)
        yield from self._emitted(trigger, "operation", operation)

    def _told(self, error: Place, operation: Place) -> Iterator[Finding]:
        if error.get("event") is not None:
            yield from self._emitted(error, "event", operation)
        elif operation.get("reply") is not None:
            yield from _wheres(error, f"the ack of {operation.key}", _ack_fields(operation), operation)

    def _emitted(self, owner: Place, key: str, operation: Place | None) -> Iterator[Finding]:
        """Check `where` of a trigger or error, which is about what the operation carries that `key` names."""
        named = owner.find(key)
        emission = self._operations.get(named.text or "") if named else None
        known = _fields(emission) if emission is not None and _action(emission) == "send" else None
        yield from _wheres(owner, emission.key if emission else "", known, operation)


def _wheres(owner: Place, what: str, known: Fields | None, operation: Place | None) -> Iterator[Finding]:
    """Check the fields of `where`; `known` are those of what it is about, None where the document hides them."""
    for name, value in _items(owner.get("where")):
        if known is not None and name not in known:
            yield Finding.at(value, "where", f"{what} has no field {shorten(name)}", _one_of(known))
        yield from _where(value, (known or {}).get(name, []), operation)


def _handshake(channel: Place) -> Iterator[Finding]:
    handshake, claims = channel.find("x-handshake"), channel.find("x-handshake", "claims")
    if handshake is not None and claims is not None and "object" not in types(claims):
        place = handshake.get("claims") or handshake
        remedy = "Refer to the schema of an object: a JWT's claims have names"
        yield Finding.at(place, "handshake", f"{claims.key} is no object", remedy)


def _where(value: Place, schemas: Sequence[Place], operation: Place | None) -> Iterator[Finding]:
    """Check the value that a field has to have: a template, a constant, or a list of these."""
    texts = [place for place in value.walk() if place.text is not None]
    for text in texts:
        yield from _template(text, operation)
    if schemas and not any("{" in (text.text or "") for text in texts):
        misfits = [list(fits(schema, value, "the constant")) for schema in schemas]
        yield from misfits[0] if all(misfits) else ()  # one branch of a union that admits it is enough


def _template(place: Place, operation: Place | None) -> Iterator[Finding]:
    try:
        named = template.fields(place.text or "")
    except SpecError as error:
        remedy = "Write {payload.x}, {sender.x} or {session.x}, each with |trim or without"
        yield Finding.at(place, "template", str(error), remedy)
        return
    if operation is None:
        if any(field.source is not Source.SENDER for field in named):
            remedy = "Write {sender.x}: nothing is said by connecting or vanishing"
            yield Finding.at(place, "template", f"{shorten(place.text or '')} is about an event", remedy)
        return
    known = _fields(operation)
    for field in named:
        if field.source is Source.PAYLOAD and known is not None and field.name not in known:
            message = f"{operation.key} has no field {shorten(field.name)}"
            yield Finding.at(place, "template", message, _one_of(known))


def _answer(error: Place, operation: Place) -> Iterator[Finding]:
    event, ack = error.get("event"), error.get("ack")
    if (event is None) == (ack is None):
        remedy = "Say either event: the operation that refuses, or ack: true"
        yield Finding.at(error, "error-answer", "a refusal is told in one way", remedy)
    elif ack is not None and operation.get("reply") is None:
        remedy = "Add reply, or refuse by an event"
        yield Finding.at(ack, "error-answer", f"{operation.key} has no ack that could refuse", remedy)


def _answered(operation: Place) -> Iterator[Finding]:
    """Whatever an operation requires has an answer for those who lack it, and so has an invalid payload."""
    answers = [[item.text for _, item in _items(error.get("when"))] for _, error in _items(operation.get("x-errors"))]
    if [INVALID] not in answers:
        remedy = f"Add x-errors with when: [{INVALID}]"
        yield Finding.at(operation, "unanswered", f"{operation.key} does not say how it refuses bad payloads", remedy)
    for _, item in _items(operation.get("x-requires")):
        lacking = (item.text or "").removeprefix("not ") if (item.text or "").startswith("not ") else f"not {item.text}"
        if item.text is not None and [lacking] not in answers:
            remedy = f"Add x-errors with when: [{lacking}]"
            yield Finding.at(item, "unanswered", f"{operation.key} does not say how it refuses `{lacking}`", remedy)


def _derived(operation: Place) -> Iterator[Finding]:
    known = _fields(operation)
    for _, item in _items(operation.get("x-server-derived")):
        if item.text is not None and known is not None and item.text not in known:
            message = f"{operation.key} has no field {shorten(item.text)}"
            yield Finding.at(item, "server-derived", message, _one_of(known))


def _fields(operation: Place) -> Fields | None:
    """Return the fields of what an operation carries; None where the document does not let us know."""
    message = operation.find("messages", "0")
    if message is None:
        return None
    schema = message.find("payload")
    if schema is None:
        return None if message.get("payload") else {}
    return carried(schema)


def _ack_fields(operation: Place) -> Fields | None:
    schema = operation.find("reply", "messages", "0", "payload")
    return None if schema is None else carried(schema)


def _one_of(known: Fields) -> str:
    return f"Use one of {', '.join(known)}" if known else "Remove it: this event carries no fields"


def _items(place: Place | None) -> Iterator[tuple[str, Place]]:
    return place.items() if place is not None else iter(())


def _action(operation: Place) -> str | None:
    action = operation.get("action")
    return action.text if action else None


def _channel_of(operation: Place) -> str | None:
    channel = operation.find("channel")
    return channel.pointer if channel else None
