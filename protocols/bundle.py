"""The whole contract in one document: the sources of `spec/protocols` joined, for tools that read a single file."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import yaml

from protocols.document import Document, Place, load
from protocols.errors import SpecError
from protocols.schema import is_named
from protocols.strict_yaml import Node, plain

SHARED = "common.yaml"
"""The source that is no protocol but what protocols share."""

_HEADER = "# Bundled from spec/protocols by `rehearsal spec bundle`. Do not edit.\n"

Mapping: TypeAlias = dict[str, Node]


def bundle_text(spec: Path) -> str:
    """Return what `spec/asyncapi.yaml` has to say, given the folder `spec`; raises SpecError."""
    neighbours: dict[Path, Document] = {}
    sources = sorted(path for path in (spec / "protocols").glob("*.yaml") if path.name != SHARED)
    if not sources:
        raise SpecError(f"{spec / 'protocols'}:1: holds no protocol")
    return _HEADER + dump(bundle([load(path, neighbours) for path in sources]))


def bundle(documents: Sequence[Document]) -> Mapping:
    """Join protocols into one AsyncAPI document that needs no other file; raises SpecError.

    Operations, messages, schemas and servers are prefixed by the file they stand in (`space.JoinSpace`, `common.Id`),
    channels keep their names. A key that has a prefix already keeps it, so a bundle bundles into itself.
    """
    joined = _Bundle()
    for document in documents:
        joined.add(document)
    return {**_head(documents), **joined.body()}


def dump(document: Mapping) -> str:
    """Spell a document as YAML, the same way every time."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """PyYAML's dumper, which thinks in YAML 1.1, made to say what a YAML 1.2 reader reads back."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_str(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style: str | None = None
    if _BREAKS.search(text):
        style = '"'
    elif plain(text) is not text:
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


# Line breaks to YAML 1.1, which it folds unless they are escaped.
_BREAKS = re.compile("[\x85\u2028\u2029]")

_Dumper.add_representer(str, _represent_str)


def _head(documents: Sequence[Document]) -> Mapping:
    """Return what stands before servers and channels: one document's own words, or those of all in a row."""
    infos = [document.top["info"] for document in documents]
    info = infos[0].node
    if len(infos) > 1:
        titles = [str(one["title"].node) for one in infos]
        info = {
            "title": ", ".join(titles),
            "version": ", ".join(f"{title} {one['version'].node}" for title, one in zip(titles, infos, strict=True)),
        }
        licenses = [found.node for found in (one.get("license") for one in infos) if found is not None]
        if licenses and licenses == [licenses[0]] * len(infos):
            info["license"] = licenses[0]
    return {"asyncapi": documents[0].top["asyncapi"].node, "info": info, "defaultContentType": "application/json"}


class _Bundle:
    """The joined document while it grows."""

    def __init__(self) -> None:
        self.servers: Mapping = {}
        self.channels: Mapping = {}
        self.operations: Mapping = {}
        self.messages: Mapping = {}
        self.schemas: Mapping = {}

    def add(self, document: Document) -> None:
        for place in _children(document, "servers"):
            self._put(self.servers, place.name, place)
        for place in _children(document, "channels"):
            self._put(self.channels, place.key, place)
        for place in _children(document, "operations"):
            self._put(self.operations, place.name, place)
        for place in _children(document, "components", "messages"):
            self._put(self.messages, place.name, place)
        for place in _children(document, "components", "schemas"):
            self._schema(place)

    def body(self) -> Mapping:
        return {
            "servers": self.servers,
            "channels": self.channels,
            "operations": self.operations,
            "components": {"messages": self.messages, "schemas": dict(sorted(self.schemas.items()))},
        }

    def _put(self, target: Mapping, name: str, place: Place) -> None:
        if name in target:
            raise SpecError(f"{place}: {name} stands in the bundle already; rename one of the two")
        target[name] = self._rewrite(place)

    def _rewrite(self, place: Place) -> Node:
        """Copy a node, with every name in it as the bundle spells it."""
        if place.ref is not None:
            return self._reference(place)
        match place.node:
            case dict():
                return {key: self._value(key, child) for key, child in place.items()}
            case list():
                return [self._rewrite(child) for child in place.values()]
            case scalar:
                return scalar

    def _value(self, key: str, place: Place) -> Node:
        match key, place.node:
            case (("examples" | "enum" | "const" | "default" | "where"), data):
                return data
            case "properties", dict():  # its keys are names, which may be those of keywords
                return {name: self._rewrite(child) for name, child in place.items()}
            case "x-disconnect", str(operation):
                return _prefixed(place.document, operation)
            case (("x-triggers" | "x-connect" | "x-disconnect"), list()):
                return [self._naming("operation", item) for item in place.values()]
            case "x-errors", list():
                return [self._naming("event", item) for item in place.values()]
            case _:
                return self._rewrite(place)

    def _naming(self, key: str, place: Place) -> Node:
        """Copy a trigger or error, whose `key` names an operation."""
        copy = self._rewrite(place)
        if isinstance(copy, dict) and isinstance(name := copy.get(key), str):
            copy[key] = _prefixed(place.document, name)
        return copy

    def _reference(self, place: Place) -> Node:
        try:
            target = place.document.resolve(place.ref or "")
        except SpecError as error:
            raise SpecError(f"{place}: {error}") from None
        if target.pointer.startswith("/x-requirements/"):
            return target.node
        if named := _NAMED.fullmatch(target.pointer):
            name = named["key"] if named["kind"] == "channels" else _prefixed(target.document, named["key"])
            return {"$ref": f"#/{named['kind']}/{name}{named['rest']}"}
        return {"$ref": f"#/components/schemas/{self._schema(target)}"}

    def _schema(self, place: Place) -> str:
        """Take a schema in, from whichever file, and return its name in the bundle."""
        if not is_named(place):
            raise SpecError(f"{place}: {place.pointer} is no schema with a name of its own")
        name = place.name
        if name not in self.schemas:
            self.schemas[name] = None  # until it is copied: it may refer to itself
            self.schemas[name] = self._rewrite(place)
        return name


_NAMED = re.compile(r"/(?P<kind>servers|channels|operations|components/messages)/(?P<key>[^/]+)(?P<rest>.*)")


def _prefixed(document: Document, key: str) -> str:
    return key if "." in key else f"{document.path.stem}.{key}"


def _children(document: Document, *keys: str) -> Iterator[Place]:
    place: Place | None = document.top
    for key in keys:
        place = place and place.get(key)
    return place.values() if place else iter(())
