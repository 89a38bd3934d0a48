"""YAML read strictly: JSON's values only, no key twice, no aliases, and the line of every node.

Built on PyYAML's events rather than its constructor, because that one reads YAML 1.1 (`on` is a boolean there), lets
the second of two equal keys win, and forgets the lines.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

from protocols.errors import SpecError, shorten

Node: TypeAlias = "dict[str, Node] | list[Node] | str | int | float | bool | None"
"""What a document may hold: exactly what JSON can say."""

# libyaml where PyYAML was built with it: several times as fast, and the same events.
_Loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Deeper than any contract, and shallow enough that everything after the reader may recurse.
_DEPTH = 64


def read(path: Path) -> tuple[Node, dict[str, int]]:
    """Return the content of a file, and JSON pointer -> line counted from 1; raises SpecError with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SpecError(f"{path}:1: cannot be read: {reason}") from None
    reader = _Reader()
    try:
        for event in yaml.parse(text, Loader=_Loader):
            reader.take(event)
    except _NotStrict as fault:
        raise SpecError(f"{path}:{fault.line}: {fault}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SpecError(f"{path}:{line}: not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise SpecError(f"{path}:1: not YAML: {error}") from None
    return reader.root, reader.lines


def escape(key: str) -> str:
    """Spell a key as one step of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


class _NotStrict(Exception):
    """YAML all right, but not what a contract may hold."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    pointer: str
    container: "dict[str, Node] | list[Node]"
    key: str | None = None
    """In a mapping: the key whose value comes next."""


class _Reader:
    """Builds one document from YAML's events. Not recursive, so no nesting can break it."""

    def __init__(self) -> None:
        self.root: Node = None
        self.lines: dict[str, int] = {"": 1}
        self._open: list[_Open] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        assert event.start_mark is not None  # only events that a program made up have none
        line = event.start_mark.line + 1
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _NotStrict(line, "a second document begins; one file holds one")
            case yaml.AliasEvent():
                raise _NotStrict(line, f"alias *{event.anchor}: say it with $ref, which other tools follow too")
            case yaml.ScalarEvent() | yaml.MappingStartEvent() | yaml.SequenceStartEvent() if event.tag:
                raise _NotStrict(line, f"tag {event.tag}: a contract holds plain JSON values")
            case yaml.ScalarEvent():
                self._scalar(event.value, quoted=not event.implicit[0], line=line)
            case yaml.MappingStartEvent():
                self._enter({}, line)
            case yaml.SequenceStartEvent():
                self._enter([], line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()

    def _scalar(self, text: str, *, quoted: bool, line: int) -> None:
        around = self._open[-1] if self._open else None
        if around and isinstance(around.container, dict) and around.key is None:
            pointer = f"{around.pointer}/{escape(text)}"
            if text in around.container:
                raise _NotStrict(line, f"{shorten(text)} stands here twice, first on line {self.lines[pointer]}")
            around.key = text
            self.lines[pointer] = line
            return
        value = text if quoted else plain(text)
        if isinstance(value, float) and not math.isfinite(value):
            raise _NotStrict(line, f"{text} is no JSON number")
        self._put(value, line)

    def _enter(self, container: "dict[str, Node] | list[Node]", line: int) -> None:
        around = self._open[-1] if self._open else None
        if around and isinstance(around.container, dict) and around.key is None:
            raise _NotStrict(line, "a key has to be a string")
        if len(self._open) == _DEPTH:
            raise _NotStrict(line, f"nested deeper than {_DEPTH} levels")
        self._open.append(_Open(self._put(container, line), container))

    def _put(self, value: Node, line: int) -> str:
        """Put a value where it belongs, and return its pointer."""
        if not self._open:
            self.root = value
            return ""
        around = self._open[-1]
        if isinstance(around.container, list):
            pointer = f"{around.pointer}/{len(around.container)}"
            around.container.append(value)
            self.lines[pointer] = line
            return pointer
        key, around.key = around.key, None
        assert key is not None  # _scalar and _enter have seen to it
        around.container[key] = value
        return f"{around.pointer}/{escape(key)}"


_DECIMAL = re.compile(r"[-+]?[0-9]{1,300}")
_BASED = re.compile(r"0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def plain(text: str) -> str | int | float | bool | None:
    """Return what an unquoted scalar means in YAML 1.2's core schema, where `on`, `yes` and dates are strings."""
    if text in _WORDS:
        return _WORDS[text]
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, base=0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NO_NUMBER.fullmatch(text):
        return float(text.replace(".", ""))
    return text
