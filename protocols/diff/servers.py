"""What a changed server entry means: where clients connect, over which transports, and how much they may send."""

from collections.abc import Iterator

from protocols.diff.change import Change, breaking, compatible, review
from protocols.document import Place
from protocols.strict_yaml import Node


def servers(old: Place | None, new: Place | None) -> Iterator[Change]:
    """Compare the servers that both documents name; hosts are not part of the contract."""
    after = {_bare(place): place for place in new.values()} if new else {}
    for place in old.values() if old else ():
        if (other := after.get(_bare(place))) is not None:
            yield from _server(place, other, f"servers/{_bare(place)}")


def _server(old: Place, new: Place, address: str) -> Iterator[Change]:
    for key in ("protocol", "protocolVersion", "pathname"):
        if (before := _node(old, key)) != (after := _node(new, key)):
            yield breaking(address, f"{key} is {after} now, not {before}")
    limit, other = _node(old, "x-socketio", "maxHttpBufferSize"), _node(new, "x-socketio", "maxHttpBufferSize")
    if isinstance(other, int) and limit != other:
        lower = not isinstance(limit, int) or other < limit
        yield (breaking if lower else compatible)(address, f"maxHttpBufferSize is {other} now, not {limit}")
    yield from _transports(_node(old, "x-socketio", "transports"), _node(new, "x-socketio", "transports"), address)
    for key in ("pingInterval-ms", "pingTimeout-ms"):
        if (before := _node(old, "x-socketio", key)) != (after := _node(new, "x-socketio", key)):
            yield review(address, f"{key} is {after} now, not {before}")


def _transports(old: Node, new: Node, address: str) -> Iterator[Change]:
    before, after = (set(map(str, names)) if isinstance(names, list) else set() for names in (old, new))
    for name in sorted(before - after):
        yield breaking(address, f"the transport {name} was removed")
    for name in sorted(after - before):
        yield compatible(address, f"the transport {name} was added")


def _node(place: Place, *keys: str) -> Node:
    found = place.find(*keys)
    return found.node if found else None


def _bare(place: Place) -> str:
    return place.key.rpartition(".")[2]
