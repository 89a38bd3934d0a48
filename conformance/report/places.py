"""Where a requirement stands in the contract: file and line, for reports that want a place for everything."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import protocols

SPEC: Final = Path("spec") / "protocols"
COMMON: Final = "common"


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

    What all protocols share stands in a file of its own.
    """
    protocol, _, rest = address.partition("/")
    for root in (Path(), Path(protocols.__file__).parents[1]):
        for name in (protocol, COMMON):
            file = SPEC / f"{name}.yaml"
            if line := _line(root / file, rest):
                return Place(file.as_posix(), line, is_here=file.is_file())
    return Place((SPEC / f"{protocol}.yaml").as_posix())


def _line(file: Path, identifier: str) -> int | None:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    found = re.search(rf"^ *(?:- )?id: {re.escape(identifier)}$", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None
