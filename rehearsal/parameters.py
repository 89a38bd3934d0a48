"""What the options of several commands have in common: how their values are read, and what reads well as help."""

import difflib
import math
import os
import re
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from protocols import PROTOCOLS
from simulators.endpoint import TransportName

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST_S: Final = 24 * 3600.0


def duration_s(text: str) -> float:
    """Read `500ms`, `30s`, `2m` or `1h` as seconds; raises BadParameter."""
    found = _DURATION.fullmatch(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else math.nan
    if not 0 < seconds <= _LONGEST_S:
        raise typer.BadParameter(f"{text!r} is no duration; write it like 500ms, 30s or 2m, at most 24h")
    return seconds


def protocol_name(text: str) -> str:
    """Read the name of a protocol; raises BadParameter."""
    if text in PROTOCOLS:
        return text
    near = difflib.get_close_matches(text, PROTOCOLS, n=1)
    known = f"did you mean {near[0]}?" if near else f"there is {', '.join(PROTOCOLS)}"
    raise typer.BadParameter(f"there is no protocol {text!r}; {known}")


def from_environment(name: str) -> str:
    """Return what an environment variable holds, the empty string where none is named; raises BadParameter."""
    if name and not os.environ.get(name):
        raise typer.BadParameter(f"the environment variable {name} is not set; it must hold the secret")
    return os.environ[name] if name else ""


def examples(*commands: str) -> str:
    """Return the end of a help text: commands to copy, each on a line of its own."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {command}" for command in commands)])


Seed: TypeAlias = Annotated[
    int | None,
    typer.Option(help="Repeats what chance did under the same seed; drawn anew when absent.", show_default=False),
]
ProtocolOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--protocol",
        parser=protocol_name,
        metavar="NAME",
        help="What it speaks; found out when absent.",
        show_default=False,
    ),
]
Namespace: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="PATH", help="Where the target speaks it: /NAME or /, found out when absent.", show_default=False
    ),
]
TargetFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--target", metavar="FILE", help="A target.toml that says how to reach it and get sessions.", show_default=False
    ),
]
Transport: TypeAlias = Annotated[
    TransportName | None,
    typer.Option(
        help="How to connect; websocket when absent. Browsers begin with polling and upgrade.", show_default=False
    ),
]
