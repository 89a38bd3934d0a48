"""Rules about operations: one event each, on the channel that lists it, under the name that the event gives it."""

import re
from collections.abc import Generator, Iterator

from protocols.document import Place
from protocols.errors import shorten
from protocols.lint.channels import unread
from protocols.lint.finding import Finding

_UNREAD = frozenset({"security", "bindings", "traits"})


def operations(top: Place) -> Iterator[Finding]:
    """Check the operations of a document."""
    events: dict[tuple[str, str, str], Place] = {}
    section = top.find("operations")
    for operation in section.values() if section else ():
        yield from unread(operation, _UNREAD)
        yield from _channel(operation)
        yield from _reply(operation)
        message = yield from _carried(operation, "message-channel")
        if message is not None:
            yield from _identity(operation, message, events)


def event_name(operation: Place) -> str | None:
    """Return the wire name of the event that an operation carries; None where the document does not say."""
    message = operation.find("messages", "0")
    name = message.get("name") if message else None
    return name.text if name else None


def payload(operation: Place) -> Place | None:
    """Return the schema of what an operation carries; None where there is none."""
    return operation.find("messages", "0", "payload")


def _channel(operation: Place) -> Iterator[Finding]:
    channel = operation.get("channel")
    if channel is None:
        return  # the official schema says so
    target = operation.find("channel")
    if not (channel.ref or "").startswith("#/channels/") or (channel.ref or "").count("/") != 2:
        remedy = "Refer to the channel of the protocol, as in #/channels/space"
        yield Finding.at(channel, "wrong-ref", f"{shorten(channel.ref or '')} is no channel", remedy)
    elif target is not None and (address := target.get("address")) is not None and address.node is None:
        remedy = "Refer to the channel that has the namespace as its address; this one holds acks"
        yield Finding.at(channel, "namespace", f"{target.key} has no namespace", remedy)


def _reply(operation: Place) -> Iterator[Finding]:
    reply, promise = operation.find("reply"), operation.get("x-ack")
    if reply is None:
        if promise is not None:
            remedy = "Add reply with the ack's channel and message, or remove x-ack"
            yield Finding.at(promise, "ack", f"{operation.key} promises an ack and has no reply", remedy)
        return
    if promise is None:
        remedy = "Add x-ack: {required, timeout-ms}"
        yield Finding.at(reply, "ack", f"{operation.key} does not say whether its ack is required, and by when", remedy)
    channel, address = reply.find("channel"), reply.find("channel", "address")
    if channel is None or address is None or address.node is not None or not channel.pointer.startswith("/channels/"):
        remedy = "Refer to a channel whose address is null: an ack goes back to who asked, through no namespace"
        yield Finding.at(reply.get("channel") or reply, "ack-channel", "an ack has a channel without address", remedy)
        return
    message = yield from _carried(reply, "ack-channel")
    if message is not None and message.get("payload") is None:
        remedy = "Give the ack's message a payload"
        yield Finding.at(message, "payload", f"{message.key} is an ack, and carries nothing", remedy)


def _carried(owner: Place, rule: str) -> Generator[Finding, None, Place | None]:
    """Return the one message of an operation or reply, which its channel has to list."""
    channel, listed = owner.find("channel"), owner.get("messages")
    entries = list(listed.values()) if listed else []
    if len(entries) != 1:
        remedy = "Carry exactly one message: one event is one operation"
        yield Finding.at(listed or owner, "one-message", f"{owner.key} carries {len(entries)} messages", remedy)
        return None
    ref = entries[0].ref or ""
    if channel is None or not ref.startswith(f"#{channel.pointer}/messages/"):
        home = channel.key if channel else "its channel"
        remedy = f"Refer to a message that {home} lists, as in #/channels/{home}/messages/PlayerMove"
        yield Finding.at(entries[0], rule, f"{shorten(ref)} is no message of {home}", remedy)
        return None
    return entries[0].find()


def _identity(operation: Place, message: Place, events: dict[tuple[str, str, str], Place]) -> Iterator[Finding]:
    name, action, channel = message.get("name"), operation.get("action"), operation.find("channel")
    if name is None or not name.text or action is None or action.text not in _PREFIX or channel is None:
        return
    first = events.setdefault((channel.pointer, action.text, name.text), operation)
    expected = _PREFIX[action.text] + pascal(name.text)
    if first is not operation:
        remedy = "Let one operation carry each event in each direction"
        yield Finding.at(
            operation, "duplicate-event", f"{shorten(name.text)} is carried by {first.key} already", remedy
        )
    elif operation.key.rpartition(".")[2] != expected:
        sentence = f"what {_VERB[action.text]} {shorten(name.text)} is {expected}"
        yield Finding.at(operation, "operation-id", sentence, f"Call it {expected}")


_PREFIX = {"receive": "on", "send": "emit"}
_VERB = {"receive": "receives", "send": "sends"}


def pascal(name: str) -> str:
    """Spell a wire name as part of an identifier: `party:member_left` is `PartyMemberLeft`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))
