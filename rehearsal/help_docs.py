"""Keeps docs/cli.md as the command line's own help has it: `python -m rehearsal.help_docs [--check]`."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import typer
import typer.testing

from rehearsal.application import app

PAGE: Final = Path("docs/cli.md")
WIDTH: Final = 80
# <!-- help: rehearsal check --> and the code block after it
_PLACE: Final = re.compile(r"<!-- help: (?P<command>[a-z ]+) -->\n(?:```text\n.*?```\n)?", re.DOTALL)


def rendered(page: str) -> str:
    """Return the page with every help text as the commands give it now; raises ValueError for an unknown command."""
    return _PLACE.sub(
        lambda place: f"<!-- help: {place['command']} -->\n```text\n{help_of(place['command'])}```\n", page
    )


def help_of(command: str) -> str:
    """Return what `--help` prints for a command; raises ValueError where there is none."""
    words = command.split()[1:]
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(WIDTH)
    try:
        result = typer.testing.CliRunner().invoke(app, [*words, "--help"], prog_name="rehearsal", color=False)
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    if result.exit_code != 0:
        raise ValueError(f"{command} is no command")
    return result.output


def commands() -> Iterator[str]:
    """Yield every command that there is, `rehearsal` first."""
    yield "rehearsal"
    yield from _below(app, "rehearsal")


def _below(group: typer.Typer, name: str) -> Iterator[str]:
    for command in group.registered_commands:
        assert command.callback is not None  # each is registered with its function
        yield f"{name} {command.name or command.callback.__name__}"
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield f"{name} {inner.name}"
        yield from _below(inner.typer_instance, f"{name} {inner.name}")


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only say whether it is current; returns the exit code."""
    page = PAGE.read_text("utf-8")
    wanted = rendered(page)
    if page == wanted:
        print(f"{PAGE} is up to date")
        return 0
    if "--check" in arguments:
        print(f"{PAGE} is not what `python -m rehearsal.help_docs` writes")
        return 1
    PAGE.write_text(wanted, "utf-8")
    print(f"{PAGE}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
