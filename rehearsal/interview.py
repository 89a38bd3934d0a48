"""Finds out what one has to know of a server to judge it: by looking at it, and by asking whoever sits there."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast, get_args

import typer
from rich.console import Console

from protocols import PROTOCOLS
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard, TargetUnreachable, UsageError
from rehearsal.target_file import WAYS, Answers, Way, render
from simulators.connection import Connection
from simulators.endpoint import TransportName
from simulators.engine import Engine
from simulators.people import People
from simulators.target import Target

USUAL_NAME: Final = "target.toml"
_TRANSPORTS: Final = get_args(TransportName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was said on the command line; None where nothing was."""

    url: str
    protocol: str | None = None
    namespace: str | None = None
    transport: TransportName | None = None


def write_target_file(known: Known, path: Path, *, asks: bool, overwrites: bool, console: Console) -> None:
    """Look at a server, ask what that cannot show, and write a target file for it.

    Where it must not ask, what was found out stands in the file, and comments say the rest. Raises UsageError where a
    file is there that nobody gave up, and TargetUnreachable.
    """
    _must_be_free(path, asks=asks, overwrites=overwrites)
    console.print(f"Looking at {known.url} …", soft_wrap=True)
    found = look(known)
    console.print(f"It serves {found.protocol} at {found.namespace}.", soft_wrap=True)
    answers = interview(found) if asks else found
    text = render(answers)
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    Target.load(path)  # a file of ours that cannot be read is a bug of ours
    console.print(f"{path} is written. Judge the server with:  rehearsal check --target {path}", soft_wrap=True)


def _must_be_free(path: Path, *, asks: bool, overwrites: bool) -> None:
    if not path.exists() or overwrites:
        return
    if not asks or not typer.confirm(f"{path} is there already. Write it anew?", default=False):
        raise UsageError(f"{path} is there already; --force writes it anew, --target FILE another one")


# ---- looking -----------------------------------------------------------------------------------------------------


def look(known: Known) -> Answers:
    """Return what a server shows by itself; raises UsageError where that is not enough, TargetUnreachable."""
    target = Target.at(known.url)
    if known.transport is not None:
        target = replace(target, transport=known.transport)
    with Engine() as engine:
        protocol, namespace = _place(engine, target, known)
        found = replace(target, protocol=protocol, namespace=namespace)
        way: Way = "reference" if _lets_reference_people_in(engine, found) else _likely(protocol)
    return Answers(url=known.url, protocol=protocol, namespace=namespace, transport=target.transport, way=way)


def _place(engine: Engine, target: Target, known: Known) -> tuple[str, str]:
    """Return what it speaks, and where: as it was said, the first protocol that has its own namespace, or `/`."""
    names = [known.protocol] if known.protocol is not None else list(PROTOCOLS)
    if known.namespace is None:
        for name in names:
            if engine.submit(replace(target, protocol=name).has_own_namespace()):
                return name, PROTOCOLS[name].namespace
    namespace = known.namespace or "/"
    if known.protocol is not None:
        return known.protocol, namespace
    if (guessed := _guess(engine, target, namespace)) is not None:
        return guessed, namespace
    raise UsageError(f"it does not show what it speaks at {namespace}; say it: --protocol {' or '.join(PROTOCOLS)}")


def _guess(engine: Engine, target: Target, namespace: str) -> str | None:
    """Return the one protocol whose people of our reference server it lets in, if there is just one."""
    fitting = [
        name
        for name in PROTOCOLS
        if PROTOCOLS[name].handshake is not None
        and _lets_reference_people_in(engine, replace(target, protocol=name, namespace=namespace))
    ]
    return fitting[0] if len(fitting) == 1 else None


def _lets_reference_people_in(engine: Engine, target: Target) -> bool:
    """Say whether people get in as at our own reference server."""

    async def try_it() -> None:
        async with People(target) as people:
            place = target.place(0, "init")
            known = people.guest(place, "scout") if people.gives_guests else people.somebody("scout")
            identity = await known
            connection = await Connection.open(
                target.door(identity), target.contract, "scout", patience_s=target.connect_s
            )
            await connection.fence(within_s=target.connect_s)  # some admit everybody, and disconnect at once
            await connection.close()

    try:
        engine.submit(try_it())
    except (ConnectRefused, ConnectionLost, NotHeard, TargetUnreachable, UsageError):
        return False
    return True


def _likely(protocol: str) -> Way:
    return "guests" if PROTOCOLS[protocol].handshake is None else "jwt"


# ---- asking ------------------------------------------------------------------------------------------------------


def interview(found: Answers) -> Answers:
    """Ask what was found, for it to be corrected, and what cannot be found."""
    protocol = _choose("What does it speak?", {name: PROTOCOLS[name].title for name in PROTOCOLS}, found.protocol)
    namespace = typer.prompt("In which namespace?", default=found.namespace, value_proc=_begins_with_slash)
    transport = _choose("How do its clients connect?", dict.fromkeys(_TRANSPORTS, ""), found.transport)
    way = cast("Way", _choose("How do people get in?", dict[str, str](WAYS.items()), found.way))
    answers = _ASK[way](replace(found, protocol=protocol, namespace=namespace, transport=transport, way=way))
    start = typer.prompt("Which command starts it? (empty for none)", default="", show_default=False)
    return replace(answers, start=start.strip())


def _ask_call(answers: Answers) -> Answers:
    what = "guests" if answers.way == "guests" else "accounts"
    call = typer.prompt(f"Where do {what} post for a session?", default=answers.call)
    token_at = typer.prompt(
        "Where in the answer is the token? (/pointer/in/json, or cookie:NAME)",
        default=answers.token_at,
        value_proc=_is_a_place,
    )
    return replace(answers, call=call, token_at=token_at)


def _ask_secret(answers: Answers) -> Answers:
    name = typer.prompt("Which environment variable holds the secret?", default=answers.secret_env)
    return replace(answers, secret_env=name)


def _ask_accounts(answers: Answers) -> Answers:
    secret = "password" if answers.way == "login" else "token"
    accounts: dict[str, str] = {}
    while True:
        line = typer.prompt(f"An account, as ID {secret.upper()} (empty to end)", default="", show_default=False)
        name, _, value = line.strip().partition(" ")
        if name and value.strip():
            accounts[name] = value.strip()
        elif name:
            typer.echo(f"Write its id, a space and its {secret}.")
        elif accounts:
            return replace(answers, accounts=accounts)
        else:
            typer.echo("One account is needed at least; a case needs up to seven.")


_ASK: Final[Mapping[Way, Callable[[Answers], Answers]]] = {
    "reference": lambda answers: answers,
    "guests": _ask_call,
    "jwt": _ask_secret,
    "login": lambda answers: _ask_accounts(_ask_call(answers)),
    "accounts": _ask_accounts,
}


def _choose(question: str, choices: Mapping[str, str], default: str) -> str:
    """Ask for one of several, by its name or any beginning of it that no other has."""
    typer.echo(question)
    for name, words in choices.items():
        typer.echo(f"  {name:<12}{words}".rstrip())

    def chosen(text: str) -> str:
        meant = [name for name in choices if name == text] or [name for name in choices if name.startswith(text)]
        if len(meant) != 1:
            raise typer.BadParameter(f"choose one of {', '.join(choices)}")
        return meant[0]

    return str(typer.prompt("  ", default=default, value_proc=chosen, prompt_suffix="> "))


def _begins_with_slash(text: str) -> str:
    if not text.startswith("/"):
        raise typer.BadParameter("a namespace begins with /")
    return text


def _is_a_place(text: str) -> str:
    if not text.startswith(("/", "cookie:", "header:")):
        raise typer.BadParameter("write /pointer/in/json, cookie:NAME or header:NAME")
    return text


def is_at_a_terminal() -> bool:
    """Say whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()
