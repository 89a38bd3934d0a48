"""One thing that is wrong with a contract document: where, by which rule, and what to do about it."""

from dataclasses import dataclass
from pathlib import Path

from protocols.document import Place


@dataclass(frozen=True, slots=True)
class Finding:
    """What the lint has to say about one place."""

    file: Path
    line: int
    pointer: str
    """JSON pointer into the file; empty for the document itself."""
    rule: str
    message: str
    """What is wrong, as a sentence without its full stop."""
    remedy: str
    """What to do about it, likewise."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}. {self.remedy}."

    @classmethod
    def at(cls, place: Place, rule: str, message: str, remedy: str) -> "Finding":
        """Make a finding about a place."""
        return cls(place.document.path, place.line, place.pointer, rule, message, remedy)
