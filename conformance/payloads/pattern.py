"""The shortest readable text that a regular expression of a contract accepts."""

import re
import string
from functools import lru_cache

from protocols.errors import SpecError

READABLE = string.ascii_lowercase + string.digits + string.ascii_uppercase + "가é-_.,:;#@+/!?*=~%&$'\"()[]{}<>|^`\\ "
"""What a character class is tried with, in this order; then the rest of Latin-1."""
_CHARACTERS = READABLE + "".join(map(chr, range(1, 256)))

_ANCHOR = re.compile(r"\^|\$|\\[bB]")
_OPEN = re.compile(r"\((\?:|(?!\?))")
_ATOM = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[^bBu0-9]|\[\^?(\\.|[^\]\\])+\]|[^\\()\[\]|?*+{}^$]")
_REPEAT = re.compile(r"([?*+]|\{(?P<least>\d+)(,\d*)?\})\??")


@lru_cache(maxsize=256)
def shortest(pattern: str) -> str:
    """Return the shortest text on the first way through a pattern; raises SpecError where it cannot be read.

    Read are literals, escapes, classes, groups, alternatives, repetitions and anchors: no look-around, no back
    references.
    """
    matches(pattern, "")  # a wrong one is found here, with Python's own words for what is wrong
    reader = _Reader(pattern)
    text = reader.alternatives()
    if reader.rest or not matches(pattern, text):
        raise SpecError(f"no text could be made for the pattern {pattern}")
    return text


def matches(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern, as far as Python reads it like the contract; the gate has the last word."""
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise SpecError(f"the pattern {pattern} cannot be read: {error}") from None


class _Reader:
    """Walks along a pattern and writes what it asks for, as little as it asks for."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.rest = pattern

    def alternatives(self) -> str:
        text = self._sequence()
        while self._take("|"):
            self._sequence()
        return text

    def _sequence(self) -> str:
        text = ""
        while self.rest and self.rest[0] not in "|)":
            text += self._repeated()
        return text

    def _repeated(self) -> str:
        if self._match(_ANCHOR):
            return ""
        text = self._one()
        repeat = self._match(_REPEAT)
        if repeat is None:
            return text
        return text * int(repeat["least"] or (repeat[0][0] == "+"))

    def _one(self) -> str:
        if self._match(_OPEN):
            text = self.alternatives()
            if self._take(")"):
                return text
        elif atom := self._match(_ATOM):
            for character in _CHARACTERS:
                if re.fullmatch(atom[0], character):
                    return character
        raise SpecError(f"no text could be made for the pattern {self.pattern}, at {self.rest!r}")

    def _match(self, token: re.Pattern[str]) -> re.Match[str] | None:
        found = token.match(self.rest)
        if found:
            self.rest = self.rest[found.end() :]
        return found

    def _take(self, character: str) -> bool:
        taken = self.rest.startswith(character)
        self.rest = self.rest[taken:]
        return taken
