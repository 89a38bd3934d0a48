"""Contract documents: what stands in them, on which line, and what a `$ref` in them names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from protocols import strict_yaml
from protocols.errors import SpecError, shorten
from protocols.strict_yaml import Node, escape

# A chain of references as long as this goes in a circle.
_CHAIN = 32


@dataclass(slots=True, eq=False)
class Document:
    """One file: its content, and the line on which each of its nodes stands."""

    path: Path
    root: Node
    lines: Mapping[str, int]
    """JSON pointer -> line, counted from 1: that of the key in a mapping, of the item in a list."""
    neighbours: "dict[Path, Document]" = field(repr=False)
    """Every file read so far on behalf of the first one, by absolute path; shared by all of them."""

    @property
    def top(self) -> "Place":
        """The whole document, as the place to walk from."""
        return Place(self, "", self.root)

    def line(self, pointer: str) -> int:
        """Return the line of a JSON pointer, or that of its nearest ancestor where it does not exist."""
        while pointer not in self.lines and pointer:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 1)

    def resolve(self, ref: str) -> "Place":
        """Return what `common.yaml#/Id` or `#/components/schemas/Id` names; raises SpecError where that is nothing."""
        name, _, fragment = ref.partition("#")
        if "://" in name:
            raise SpecError(f"{shorten(ref)} is remote; a contract stands in files beside this one")
        document = self if not name else load(self.path.parent / unquote(name), self.neighbours)
        place = document.top
        for token in filter(None, unquote(fragment).split("/")):
            found = place.get(token.replace("~1", "/").replace("~0", "~"))
            if found is None:
                raise SpecError(f"{shorten(ref)} names nothing: {place.pointer or 'the document'} has no {token}")
            place = found
        return place


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a document together with where it stands."""

    document: Document
    pointer: str
    node: Node

    def __str__(self) -> str:
        return f"{self.document.path}:{self.line}"

    @property
    def line(self) -> int:
        """The line in the file, from 1."""
        return self.document.line(self.pointer)

    @property
    def key(self) -> str:
        """The last step of the pointer, unescaped: the name of a schema, message or operation."""
        return self.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")

    @property
    def ref(self) -> str | None:
        """The text of `$ref` where this node is a reference."""
        found = self.node.get("$ref") if isinstance(self.node, dict) else None
        return found if isinstance(found, str) else None

    @property
    def name(self) -> str:
        """The key as it is told apart among several files, `space.JoinSpace`; one with a dot in it is so already."""
        return self.key if "." in self.key else f"{self.document.path.stem}.{self.key}"

    @property
    def text(self) -> str | None:
        """The node where it is a string, else None."""
        return self.node if isinstance(self.node, str) else None

    def get(self, key: str) -> "Place | None":
        """Return one child by its key or index, or None; a reference is not followed."""
        pointer = f"{self.pointer}/{escape(key)}"
        match self.node:
            case dict() if key in self.node:
                return Place(self.document, pointer, self.node[key])
            case list() if key.isdecimal() and int(key) < len(self.node):
                return Place(self.document, pointer, self.node[int(key)])
            case _:
                return None

    def __getitem__(self, key: str) -> "Place":
        """Return one child that has to be there; raises SpecError."""
        found = self.get(key)
        if found is None:
            raise SpecError(f"{self}: {self.pointer or 'the document'} has no {shorten(key)}")
        return found

    def find(self, *keys: str) -> "Place | None":
        """Return what stands below, references followed at every step and at the end; None where one leads nowhere."""
        place = self
        try:
            for key in keys:
                found = place.follow().get(key)
                if found is None:
                    return None
                place = found
            return place.follow()
        except SpecError:
            return None

    def items(self) -> "Iterator[tuple[str, Place]]":
        """Yield the children of a mapping by key, or of a list by index; a scalar has none."""
        match self.node:
            case dict():
                pairs: Iterator[tuple[str, Node]] = iter(self.node.items())
            case list():
                pairs = ((str(index), item) for index, item in enumerate(self.node))
            case _:
                return
        for key, child in pairs:
            yield key, Place(self.document, f"{self.pointer}/{escape(key)}", child)

    def values(self) -> "Iterator[Place]":
        """Yield the children of a mapping or list; a scalar has none."""
        return (child for _, child in self.items())

    def walk(self) -> "Iterator[Place]":
        """Yield this place and everything below it, in the order of the file; references are not followed."""
        yield self
        for child in self.values():
            yield from child.walk()

    def follow(self) -> "Place":
        """Return what stands at the end of this node's references; itself where it is none. Raises SpecError."""
        place = self
        for _ in range(_CHAIN):
            if place.ref is None:
                return place
            try:
                place = place.document.resolve(place.ref)
            except SpecError as error:
                raise SpecError(f"{place}: {error}") from None
        raise SpecError(f"{self}: {shorten(self.ref or '')} refers to itself")


def load(path: Path, neighbours: dict[Path, Document] | None = None) -> Document:
    """Read one YAML file; raises SpecError, with file and line, where it is none.

    `neighbours` are the files read before, by absolute path: a file is read once, however often it is named.
    """
    known = {} if neighbours is None else neighbours
    absolute = path.resolve()
    if absolute not in known:
        root, lines = strict_yaml.read(path)
        known[absolute] = Document(path, root, lines, known)
    return known[absolute]
