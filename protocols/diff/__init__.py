"""What changed between two contracts, and whether a client written for the older one may notice."""

from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs

from protocols.diff import promises
from protocols.diff.change import Change, Kind, breaking, compatible, review
from protocols.diff.handshakes import handshakes
from protocols.diff.payloads import payloads
from protocols.diff.servers import servers
from protocols.document import Document, Place, load
from protocols.errors import SpecError
from protocols.strict_yaml import Node

__all__ = ["Change", "Kind", "compare"]


def compare(old: Path, new: Path) -> list[Change]:
    """Return what changed from the document `old` to `new`: breaking changes first, then by address.

    Either may be a source or the bundle: keys are compared without their prefix. Raises SpecError for a document that
    the lint would refuse, where that keeps it from being compared.
    """
    before, after = load(old), load(new)
    try:
        found = [*servers(before.top.find("servers"), after.top.find("servers"))]
        found += _compare(_channels(before), _channels(after))
    except (KeyError, TypeError, ValueError, jsonschema_rs.ReferencingError) as error:
        raise SpecError(f"{new}:1: cannot be compared with {old}: one of them is not clean to the lint") from error
    rank = list(Kind)
    return sorted(found, key=lambda change: (rank.index(change.kind), change.address, change.what))


class _Channel:
    """One protocol's channel, its operations by what they carry, and its requirements by address."""

    def __init__(self, place: Place) -> None:
        self.place = place
        # (action, wire name) -> operation
        self.operations: dict[tuple[str, str], Place] = {}
        self.requirements: dict[str, promises.Item] = {}

    def take(self, operation: Place) -> None:
        message = operation["messages"]["0"].follow()
        self.operations[_text(operation["action"]), _text(message["name"])] = operation
        self.cite(operation)

    def cite(self, owner: Place) -> None:
        for item in _values(owner.get("x-requirements")):
            requirement = _mapping(item.follow().node)
            self.requirements[f"{self.place.key}/{requirement['id']}"] = requirement


def _channels(document: Document) -> dict[str, _Channel]:
    """Return the channels that are namespaces, by key."""
    found: dict[str, _Channel] = {}
    for place in _values(document.top["channels"]):
        if place["address"].node is not None:
            found[place.key] = _Channel(place)
            found[place.key].cite(place)
    for operation in _values(document.top["operations"]):
        home = operation["channel"].follow().key
        if home not in found:
            raise SpecError(f"{operation}: {operation.key} is on {home}, which is no namespace")
        found[home].take(operation)
    return found


def _compare(old: dict[str, _Channel], new: dict[str, _Channel]) -> Iterator[Change]:
    for key, channel in old.items():
        if key in new:
            yield from _channel(channel, new[key])
        else:
            yield breaking(key, "the protocol was removed")
    for key in new.keys() - old.keys():
        yield compatible(key, "the protocol was added")


def _channel(old: _Channel, new: _Channel) -> Iterator[Change]:
    key = old.place.key
    before, after = _text(old.place["address"]), _text(new.place["address"])
    if before != after:
        yield breaking(key, f"the namespace is {after} now, not {before}")
    for event, operation in old.operations.items():
        if (other := new.operations.get(event)) is not None:
            yield from _operation(operation, other, f"{key}/{_bare(operation.key)}")
        else:
            yield breaking(f"{key}/{_bare(operation.key)}", f"the event {event[1]} was removed")
    for event in new.operations.keys() - old.operations.keys():
        yield compatible(f"{key}/{_bare(new.operations[event].key)}", f"the event {event[1]} was added")
    yield from promises.requirements(old.requirements, new.requirements)
    yield from _conditions(old.place.get("x-conditions"), new.place.get("x-conditions"), key)
    yield from handshakes(old.place.get("x-handshake"), new.place.get("x-handshake"), f"{key}/x-handshake")
    yield from promises.triggers(_named(old.place, "x-connect"), _named(new.place, "x-connect"), f"{key}/x-connect")
    yield from _disconnect(old, new, f"{key}/x-disconnect")


def _disconnect(old: _Channel, new: _Channel, address: str) -> Iterator[Change]:
    """Compare what a lost connection causes, however either document says it."""
    before, after = (_bare(_text(channel.place.get("x-disconnect"))) for channel in (old, new))
    if before and after:
        if before != after:
            yield review(address, f"a lost connection counts as {after} now, not as {before}")
    else:
        yield from promises.triggers(_vanishing(old, before), _vanishing(new, after), address)


def _vanishing(channel: _Channel, operation_id: str) -> list[promises.Item]:
    """Return the triggers of a lost connection: its own, or where it counts as an operation those of that one."""
    named = [place for place in channel.operations.values() if _bare(place.key) == operation_id]
    if not named:
        return _named(channel.place, "x-disconnect")
    needed: list[Node] = [*_texts(named[0].get("x-requires"))]
    return [{**item, "when": needed + _sequence(item.get("when"))} for item in _named(named[0], "x-triggers")]


def _conditions(old: Place | None, new: Place | None, key: str) -> Iterator[Change]:
    for condition in _values(old):
        other = new.get(condition.key) if new else None
        if other is not None and other.node != condition.node:
            yield review(key, f"the condition {condition.key} is worded differently")


def _operation(old: Place, new: Place, address: str) -> Iterator[Change]:
    receives = _text(old["action"]) == "receive"
    before, after = (operation["messages"]["0"].follow() for operation in (old, new))
    yield from payloads(before, after, address, client_writes=receives)
    yield from _ack(old, new, f"{address}/ack", client_writes=not receives)
    yield from promises.requires(_texts(old.get("x-requires")), _texts(new.get("x-requires")), address)
    yield from promises.rate(_rate(old), _rate(new), address)
    yield from promises.triggers(_named(old, "x-triggers"), _named(new, "x-triggers"), address)
    yield from promises.refusals(_named(old, "x-errors"), _named(new, "x-errors"), address)
    known, fresh = (_texts(operation.get("x-server-derived")) for operation in (old, new))
    for field in fresh:
        if field not in known:
            yield review(address, f"the server overrides {field} now")
    for field in known:
        if field not in fresh:
            yield review(address, f"the server takes {field} from the client now")


def _ack(old: Place, new: Place, address: str, *, client_writes: bool) -> Iterator[Change]:
    before, after = (operation.get("reply") for operation in (old, new))
    terms, other = (_mapping(place.node) if (place := operation.get("x-ack")) else {} for operation in (old, new))
    if before is None and after is not None:
        required = other.get("required") is True
        yield (breaking if required else compatible)(address, f"{'a required' if required else 'an'} ack was added")
    elif before is not None and after is None:
        yield breaking(address, "the ack was removed")
    elif before is not None and after is not None:
        yield from payloads(
            before.follow()["messages"]["0"].follow(),
            after.follow()["messages"]["0"].follow(),
            address,
            client_writes=client_writes,
        )
        if terms.get("required") != other.get("required"):
            required = other.get("required") is True
            yield (breaking if required else review)(address, f"is {'required' if required else 'optional'} now")
        yield from promises.deadline(terms.get("timeout-ms"), other.get("timeout-ms"), address)
        yield from promises.where(_mapping(terms.get("where")), _mapping(other.get("where")), address)


def _named(owner: Place, key: str) -> list[promises.Item]:
    """Return triggers or refusals, with the operations that they name spelled without prefix."""
    found: list[promises.Item] = []
    for item in _values(owner.get(key)):
        names = {"operation", "event"}
        found.append({k: _bare(v) if k in names and isinstance(v, str) else v for k, v in _mapping(item.node).items()})
    return found


def _rate(operation: Place) -> Node:
    found = operation.find("x-rate", "per-second")
    return found.node if found else None


def _bare(key: str) -> str:
    return key.rpartition(".")[2]


def _text(place: Place | None) -> str:
    return (place.text or "") if place is not None else ""


def _texts(place: Place | None) -> list[str]:
    return [item.text for item in _values(place) if item.text is not None]


def _values(place: Place | None) -> Iterator[Place]:
    return place.values() if place is not None else iter(())


def _mapping(node: Node) -> dict[str, Node]:
    return node if isinstance(node, dict) else {}


def _sequence(node: Node) -> list[Node]:
    return node if isinstance(node, list) else []
