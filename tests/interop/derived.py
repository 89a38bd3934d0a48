"""Our contract as asyncapi-python can read it.

It takes a channel for one topic and gives every operation all messages of its channel, so it is given a document that
is derived from ours, in which each operation has a channel of its own.
"""

import copy
from collections.abc import Collection
from typing import Any


def derive(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with a channel for each operation, and one for its reply, that carry its messages alone."""
    derived = copy.deepcopy(document)
    derived["channels"] = channels = {}
    for name, operation in derived["operations"].items():
        sides = {name: operation} | ({f"{name}Reply": operation["reply"]} if "reply" in operation else {})
        for key, side in sides.items():
            messages = {_last(message["$ref"]): message for message in _messages(document, side)}
            address = None if key.endswith("Reply") else _name(document, messages)
            channels[key] = {"address": address, "messages": messages}
            side["channel"] = {"$ref": f"#/channels/{key}"}
            side["messages"] = [{"$ref": f"#/channels/{key}/messages/{message}"} for message in messages]
    return derived


def alone(document: dict[str, Any], protocol: str, operations: Collection[str]) -> dict[str, Any]:
    """Return a derived document with these operations of one protocol, and what they need, as its generator wants it.

    Nothing has a dot in its name, and messages are named like classes: its codecs look for a class of that name.
    """
    chosen = {f"{protocol}.{name}": document["operations"][f"{protocol}.{name}"] for name in operations}
    derived = derive({**document, "operations": chosen})
    components: dict[str, dict[str, Any]] = {"messages": {}, "schemas": {}}
    waiting = _references(derived["channels"])
    while waiting:
        kind, name = waiting.pop().split("/")[2:]
        if name not in components[kind]:
            components[kind][name] = derived["components"][kind][name]
            waiting |= _references(components[kind][name])
    for name, message in components["messages"].items():
        message["name"] = _last(name)
    kept = {**derived, "components": components}
    whole: dict[str, Any] = _without_dots(kept)
    return whole


def _references(node: object) -> set[str]:
    """Return all references to components."""
    match node:
        case {"$ref": str(reference)} if reference.startswith("#/components/"):
            return {reference}
        case dict():
            return set().union(*map(_references, node.values()))
        case list():
            return set().union(*map(_references, node))
    return set()


def _without_dots(node: Any, depth: int = 0) -> Any:
    """Return a document whose operations, channels and components are called by the last word of their names."""
    match node:
        case dict():
            return {_last(key) if depth < 3 else key: _without_dots(value, depth + 1) for key, value in node.items()}
        case list():
            return [_without_dots(item, depth + 1) for item in node]
        case str() if node.startswith("#/"):
            return "/".join(map(_last, node.split("/")))
    return node


def _messages(document: dict[str, Any], side: dict[str, Any]) -> list[dict[str, str]]:
    """Return references to the components behind an operation's messages, which name those of its channel."""
    return [_at(document, message["$ref"]) for message in side["messages"]]


def _name(document: dict[str, Any], messages: dict[str, Any]) -> str:
    (message,) = messages.values()
    return str(_at(document, message["$ref"])["name"])


def _at(document: dict[str, Any], reference: str) -> Any:
    node = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def _last(reference: str) -> str:
    return reference.rpartition("/")[2].rpartition(".")[2]
