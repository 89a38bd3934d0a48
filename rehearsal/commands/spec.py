"""`rehearsal spec`: tools for the contract's documents."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from protocols.errors import SpecError, UsageError
from rehearsal.output import output
from rehearsal.parameters import examples

app = typer.Typer(
    rich_markup_mode=None,
    epilog=examples(
        "rehearsal spec lint",
        "rehearsal spec generate --check",
        "rehearsal spec diff main/spec/asyncapi.yaml spec/asyncapi.yaml",
    ),
)

SpecFolder = Annotated[
    Path, typer.Option("--spec", metavar="DIR", help="The folder of the contract, with protocols/NAME.yaml in it.")
]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when something would change.")]
_SPEC = Path("spec")


@app.callback(invoke_without_command=True)
def spec(context: typer.Context) -> None:
    """Check, join and compare contract documents.

    Also generate Python from them.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(
    epilog=examples("rehearsal spec lint", "rehearsal spec lint spec/protocols/space.yaml", "rehearsal spec lint api/")
)
def lint(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Documents, or folders of a contract.", show_default="spec"),
    ] = None,
) -> None:
    """Say what is wrong with documents.

    Each finding names file, line and rule, and what to do about it. Exit code 0: nothing. 1: something. 2: there
    are no such documents.
    """
    from protocols.lint import lint as findings_of

    documents = [document for path in paths or [_SPEC] for document in _documents(path)]
    found = []
    for document in documents:
        try:
            found += [str(finding) for finding in findings_of(document)]
        except SpecError as error:  # no readable YAML: nothing else can be said of it
            found.append(str(error))
    console = output()
    lines = list(dict.fromkeys(found))  # what is shared is found once by each that shares it
    for line in lines:
        console.print(Text(line, "red"), soft_wrap=True)
    console.print(f"{_count(len(lines), 'finding')} in {_count(len(documents), 'document')}")
    raise typer.Exit(1 if lines else 0)


@app.command(epilog=examples("rehearsal spec bundle", "rehearsal spec bundle --check"))
def bundle(spec: SpecFolder = _SPEC, check: Check = False) -> None:
    """Join all protocols in one asyncapi.yaml.

    It needs no other file, and is what other AsyncAPI tools read.
    """
    from protocols.bundle import bundle_text

    _documents(spec)
    _settle({spec / "asyncapi.yaml": bundle_text(spec)}, check, "rehearsal spec bundle")


@app.command(epilog=examples("rehearsal spec generate", "rehearsal spec generate --check"))
def generate(
    spec: SpecFolder = _SPEC,
    package: Annotated[
        Path, typer.Option("--package", metavar="DIR", help="The folder that gets NAME.py for each protocol.")
    ] = Path("protocols"),
    pages: Annotated[
        Path, typer.Option("--pages", metavar="DIR", help="The folder that gets NAME.md for each protocol.")
    ] = Path("docs/protocols"),
    check: Check = False,
) -> None:
    """Write all that follows from the documents.

    That is a Python module and a page for each protocol, and asyncapi.yaml.
    """
    from protocols.generate import outputs

    _documents(spec)
    if not package.is_dir():
        raise UsageError(f"{package} is no folder; go to the checkout, or name the folder with --package")
    if not pages.is_dir():
        raise UsageError(f"{pages} is no folder; make it, or name another with --pages")
    _settle(outputs(spec, package, pages), check, "rehearsal spec generate")


@app.command(epilog=examples("rehearsal spec diff old/asyncapi.yaml spec/asyncapi.yaml"))
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The document, or folder, that clients were written for.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The document that they are to live with.")],
) -> None:
    """Say which changes may break clients.

    Compares the document that clients were written for with a newer one; of a contract's folder, its asyncapi.yaml.
    Exit code 0: nothing breaks. 1: something does. 2: one of the documents cannot be read.
    """
    from protocols.diff import Kind, compare

    old, new = _whole(old), _whole(new)
    styles = {Kind.BREAKING: "red", Kind.REVIEW: "yellow", Kind.COMPATIBLE: "green"}
    console = output()
    changes = compare(old, new)
    for change in changes:
        console.print(Text(str(change), styles[change.kind]), soft_wrap=True)
    counts = [f"{sum(change.kind is kind for change in changes)} {kind}" for kind in Kind]
    console.print(f"{_count(len(changes), 'change')}: {', '.join(counts)}")
    raise typer.Exit(1 if any(change.kind is Kind.BREAKING for change in changes) else 0)


def _whole(path: Path) -> Path:
    """Return the one document that a path names: itself, or of a contract's folder the bundle; raises UsageError."""
    document = path / "asyncapi.yaml" if path.is_dir() else path
    if not document.is_file():
        where = f"{path} has no asyncapi.yaml; `rehearsal spec bundle` writes it, or name a document"
        raise UsageError(where if path.is_dir() else f"{path}: there is no such document")
    return document


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _documents(path: Path) -> list[Path]:
    """Return a document, or those of a contract's folder; raises UsageError where there are none."""
    if path.is_file():
        return [path]
    found = [*sorted((path / "protocols").glob("*.yaml")), *path.glob("asyncapi.yaml")]
    if not found:
        raise UsageError(
            f"there is no contract in {path}: neither protocols/NAME.yaml nor asyncapi.yaml; go to where spec/ is, "
            "or name another"
        )
    return found


def _settle(wanted: Mapping[Path, str], check: bool, command: str) -> None:
    """Write the files that say something else than wanted, or only tell of them."""
    from protocols.generate import stale

    console = output()
    drifted = stale(wanted)
    for path in drifted:
        if not check:
            path.write_text(wanted[path], "utf-8")
        console.print(f"{path}: {f'is not what `{command}` writes' if check else 'written'}", soft_wrap=True)
    if not drifted:
        verb = "is" if len(wanted) == 1 else "are"
        console.print(f"{_count(len(wanted), 'file')} {verb} up to date")
    raise typer.Exit(1 if check and drifted else 0)
