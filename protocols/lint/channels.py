"""Rules about channels and messages: one namespace, one wire name, one payload, and nothing that nobody uses."""

import re
from collections.abc import Iterator

from protocols.document import Place
from protocols.errors import shorten
from protocols.lint.finding import Finding
from protocols.lint.schemas import CLASS_NAME, is_class_name
from protocols.lint.values import fits
from protocols.schema import types

# Emitted by Socket.IO's libraries themselves, which refuse them from us. `error` is free since version 3.
RESERVED = frozenset({"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"})

_NAMESPACE = re.compile(r"/[\w./-]*", re.ASCII)

# AsyncAPI's words that none of our tools reads: they would promise what nobody keeps.
_UNREAD_OF_CHANNELS = frozenset({"parameters", "bindings"})
_UNREAD_OF_MESSAGES = frozenset({"headers", "correlationId", "bindings", "traits"})


def channels(top: Place) -> Iterator[Finding]:
    """Check the channels of a document."""
    addresses: dict[str, Place] = {}
    section = top.find("channels")
    for channel in section.values() if section else ():
        yield from unread(channel, _UNREAD_OF_CHANNELS)
        address = channel.get("address")
        if address is None:
            remedy = "Add address: the Socket.IO namespace, or null where the channel holds acks"
            yield Finding.at(channel, "namespace", f"{channel.key} has no address", remedy)
        elif address.text is not None:
            if not _NAMESPACE.fullmatch(address.text):
                remedy = "Begin with / and use letters, digits, and _ . / - only"
                yield Finding.at(address, "namespace", f"{shorten(address.text)} is no namespace", remedy)
            if (first := addresses.setdefault(address.text, channel)) is not channel:
                message = f"{shorten(address.text)} is the address of {first.key} already"
                yield Finding.at(address, "duplicate-address", message, "Give each channel a namespace of its own")
        messages = channel.get("messages")
        for entry in messages.values() if messages else ():
            yield from _entry(entry)


def _entry(entry: Place) -> Iterator[Finding]:
    """Check that a channel lists a message by reference, under the name that it has in the components."""
    if not (entry.ref or "").startswith("#/components/messages/"):
        remedy = "Write the message under components/messages, and refer to it"
        yield Finding.at(entry, "wrong-ref", f"{entry.key} is not a reference to components/messages", remedy)
        return
    message = entry.find()
    if message is not None and message.key.rpartition(".")[2] != entry.key.rpartition(".")[2]:
        remedy = f"Call it {message.key.rpartition('.')[2]} here too"
        yield Finding.at(entry, "message-key", f"{entry.key} is another name for {message.key}", remedy)


def messages(top: Place) -> Iterator[Finding]:
    """Check the messages of a document."""
    section = top.find("components", "messages")
    used = _used(top)
    for message in section.values() if section else ():
        yield from unread(message, _UNREAD_OF_MESSAGES)
        yield from _message(message)
        if message.pointer not in used:
            remedy = "Let a channel list it and an operation carry it, or remove it"
            yield Finding.at(message, "unused-message", f"no operation carries {message.key}", remedy)


def _message(message: Place) -> Iterator[Finding]:
    if not is_class_name(message.key):
        yield Finding.at(message, "message-key", f"{shorten(message.key)} can be no class of ours", CLASS_NAME)
    name = message.get("name")
    if name is None or not name.text:
        yield Finding.at(message, "event-name", f"{message.key} has no name", "Add name: the event's name on the wire")
    elif name.text in RESERVED:
        remedy = "Choose another event name: Socket.IO emits this one itself"
        yield Finding.at(name, "reserved-event", f"{shorten(name.text)} is reserved", remedy)
    yield from _payload(message)


def _payload(message: Place) -> Iterator[Finding]:
    payload, none = message.get("payload"), message.get("x-no-payload")
    if (payload is None) == (none is None):
        remedy = "Write either payload or x-no-payload: true"
        yield Finding.at(message, "payload", f"{message.key} has {'both' if payload else 'no payload'}", remedy)
    if payload is not None and payload.ref is None:
        remedy = "Move the schema to components/schemas and refer to it"
        yield Finding.at(payload, "inline-object", f"the payload of {message.key} has no name of its own", remedy)
    yield from _shape(message)
    examples = message.get("examples")
    for example in examples.values() if examples else ():
        value = example.get("payload")
        if value is None:
            continue
        if payload is None:
            remedy = "Remove the example's payload"
            yield Finding.at(value, "example", f"{message.key} carries no payload", remedy)
        else:
            yield from fits(payload, value, "the example")


def _shape(message: Place) -> Iterator[Finding]:
    """Check that a class can hold the payload: an object, or one scalar, under names that do not meet."""
    schema = message.find("payload")
    if schema is None and message.get("payload") is not None:
        return  # it leads nowhere
    if schema is not None and types(schema) & {"array", "null"}:
        remedy = "Make it an object, or one string, number or boolean"
        kinds = " or ".join(sorted(types(schema)))
        place = message.get("payload") or message
        yield Finding.at(place, "payload", f"the payload of {message.key} is of type {kinds}", remedy)
    namesake = message.document.top.find("components", "schemas", message.key)
    if namesake is None or (schema is not None and namesake.pointer == schema.pointer and "object" in types(schema)):
        return
    remedy = "Rename one of the two: only an object that is the payload becomes its message's class"
    yield Finding.at(message, "message-key", f"a schema is called {message.key} too", remedy)


def _used(top: Place) -> set[str]:
    """Return the pointers of the messages that some operation carries."""
    used: set[str] = set()
    for operation in _values(top.find("operations")):
        for lists in (operation.find("messages"), operation.find("reply", "messages")):
            used |= {found.pointer for item in _values(lists) if (found := item.find()) is not None}
    return used


def _values(place: Place | None) -> Iterator[Place]:
    return place.values() if place is not None else iter(())


def unread(owner: Place, keys: frozenset[str]) -> Iterator[Finding]:
    """Refuse the keys of AsyncAPI that none of our tools reads."""
    for key, child in owner.items():
        if key in keys:
            remedy = "Remove it, or say it in a description"
            yield Finding.at(child, "unread-key", f"none of our tools reads {shorten(key)} on {owner.key}", remedy)
