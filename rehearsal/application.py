"""The command `rehearsal`: what it can do, and how it ends; `cli.py` begins it."""

import os
import sys
from importlib.metadata import version
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from protocols.errors import ConnectRefused, SpecError, TargetUnreachable, UsageError
from rehearsal.commands import check, demo, evening, load, serve, simulate, spec, token
from rehearsal.output import output
from rehearsal.parameters import examples

NOT_RUN: Final = 2
"""Exit code when nothing could be done or told."""

OVERVIEW: Final = (
    ("rehearsal demo", "see all of it in a minute"),
    ("rehearsal serve", "a correct server to build against"),
    ("rehearsal check http://127.0.0.1:3001", "judge a server by its URL"),
    ("rehearsal check --list", "what is judged"),
    ("rehearsal simulate http://127.0.0.1:3001", "fill it with people"),
    ("rehearsal load http://127.0.0.1:3001", "fill it with crowds, and measure what they feel"),
    ("rehearsal evening", "hours of a thousand neighbours in a minute, on paper"),
    ("rehearsal token --protocol hub …", "a session to connect with"),
    ("rehearsal spec lint", "what is wrong with a contract"),
    ("rehearsal spec diff OLD NEW", "which changes break clients"),
)

# Plain help: it reads the same on a terminal, in a pipe, and in docs/cli.md.
app = typer.Typer(
    name="rehearsal",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=examples(*(command for command, _ in OVERVIEW)),
)
app.command(epilog=serve.EPILOG)(serve.serve)
app.command(epilog=check.EPILOG)(check.check)
app.command(epilog=simulate.EPILOG)(simulate.simulate)
app.command(epilog=load.EPILOG)(load.load)
app.command(epilog=token.EPILOG)(token.token)
app.add_typer(spec.app, name="spec")
app.command(epilog=evening.EPILOG)(evening.evening)
app.command(epilog=demo.EPILOG)(demo.demo)


@app.callback(invoke_without_command=True)
def rehearsal(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Rehearse a Socket.IO application before its users arrive."""
    console = output()
    if show_version:
        console.print(f"rehearsal {version('socketio-rehearsal')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        _overview(console)


def run(arguments: list[str] | None = None) -> int | None:
    """Run the command line and return its exit code: 0 (or None) done or passed, 1 failed, 2 could not tell.

    What a person can mend is said in a line; what is our own fault is raised.
    """
    try:
        code: int | None = app(args=arguments, prog_name="rehearsal", standalone_mode=False)
    except typer.TyperException as error:
        path = getattr(getattr(error, "ctx", None), "command_path", "rehearsal")
        _say(f"{error.format_message().rstrip('.')} (see `{path} --help`)")
        return NOT_RUN
    except (UsageError, SpecError, TargetUnreachable, ConnectRefused) as error:
        _say(str(error))
        return NOT_RUN
    except BrokenPipeError:
        # Whoever read our output has gone; Python must not find that out again when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_RUN
    except typer.Abort:  # Ctrl-C, by another name
        raise KeyboardInterrupt from None
    return code


def _say(message: str) -> None:
    console = Console(stderr=True, highlight=False)
    for line in message.splitlines():
        console.print(Text("error: ", "bold red") + Text(line, "red"), soft_wrap=True)


def _overview(console: Console) -> None:
    console.print("[bold]Rehearsal[/bold]: rehearse a Socket.IO application before its users arrive.\n")
    table = Table.grid(padding=(0, 3))
    table.add_column(no_wrap=True)
    for command, what in OVERVIEW:
        table.add_row(Text(f"  {command}", "cyan"), what)
    console.print(table)
    console.print("\nEvery command explains itself: [cyan]rehearsal check --help[/cyan]")
