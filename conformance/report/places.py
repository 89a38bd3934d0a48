"""Where a requirement stands in the contract: file and line, for reports that want a place for everything."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import protocols

SPEC: Final = Path("spec") / "protocols"
WIRE: Final = "wire"
_WIRE: Final = Path("conformance") / "wire" / "requirements.toml"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the contract."""

    file: str
    """From the root of a checkout, with slashes."""
    line: int = 1
    is_here: bool = False
    """Whether the file is there, seen from where the command runs; a team may have taken the folder into its own."""


def place_of(address: str) -> Place:
    """Return where a requirement stands: in the checkout that the command runs in, else in ours, else in neither.

    What all protocols share stands in a file of its own, and so does the wire below.
    """
    protocol, _, rest = address.partition("/")
    topic, _, number = rest.partition("/")
    within = {
        SPEC / f"{protocol}.yaml": (rf"^ *(?:- )?id: {re.escape(rest)}$", 1),
        SPEC / "common.yaml": (rf"^ *(?:- )?id: {re.escape(rest)}$", 1),
    }
    if protocol == WIRE and number.isdecimal():
        within = {_WIRE: (rf"^\[\[{re.escape(topic)}\]\]", int(number))}
    for root in (Path(), Path(protocols.__file__).parents[1]):
        for file, (pattern, nth) in within.items():
            if line := _line(root / file, pattern, nth):
                return Place(file.as_posix(), line, is_here=file.is_file())
    return Place(next(iter(within)).as_posix())


def _line(file: Path, pattern: str, nth: int) -> int | None:
    """Return the line of the nth place that a pattern matches; None where there is none."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    found = [match.start() for match in re.finditer(pattern, text, re.MULTILINE)]
    return text.count("\n", 0, found[nth - 1]) + 1 if 0 < nth <= len(found) else None
