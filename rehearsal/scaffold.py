"""Begins a new protocol: `python -m rehearsal.scaffold NAME`, in a checkout, writes a small but whole one to grow from.

The skeleton is a protocol called echo that stands in `rehearsal/skeleton`, each file where it belongs in a checkout.
It is copied under the new name, its contract is generated, and it is entered in every table that lists the protocols.
Either all of it is written or nothing is.
"""

import ast
import keyword
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocols.errors import SpecError, UsageError, shorten
from protocols.generate import generate

SKELETON: Final = Path(__file__).with_name("skeleton")
SUFFIX: Final = ".tmpl"
"""What the skeleton's files end with besides, so that no tool takes them for code of ours."""
PLACEHOLDER: Final = "echo"
SHARED: Final = Path("spec/protocols/common.yaml")
LONGEST: Final = 20
"""Characters of a name: with more, lines of the skeleton would become too long."""
PACKAGES: Final = ("conformance", "protocols", "reference_server", "simulators", "tests")
"""Where the modules of a protocol are."""
YAML_WORDS: Final = frozenset({"false", "null", "true"})
EXIT_CANNOT: Final = 2

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Registration:
    """What one module needs to know of a new protocol, in the words of the skeleton."""

    path: Path
    imports: tuple[str, ...]
    entries: Mapping[str, str]
    """Name of a table, a tuple or a dict that is written out there -> what is added at its end."""


REGISTRATIONS: Final = (
    Registration(Path("protocols/__init__.py"), ("from protocols import echo",), {"PROTOCOLS": "echo.PROTOCOL"}),
    Registration(
        Path("reference_server/served.py"),
        ("from reference_server.rules.echo import Echo",),
        {"SERVED": '"echo": Served(rules=lambda _world, _settings: Echo())'},
    ),
    Registration(
        Path("simulators/scenario.py"),
        ("from simulators.actors import echo",),
        {"KINDS": '"echo": echo.ACTORS', "_USUAL": '"echo": "speaker=20"'},
    ),
    Registration(
        Path("conformance/suite.py"),
        (
            "from conformance.models import echo_promises",
            "from conformance.models.echo import EchoModel",
            "from conformance.models.echo_cast import EchoCast",
            "from protocols import echo",
        ),
        {
            "SUITES": "Suite(protocol=echo.PROTOCOL, make_model=EchoModel, make_cast=EchoCast, "
            "promises=echo_promises.SCENES.cases, untested={}, shown=echo_promises.SHOWN,)"
        },
    ),
    Registration(Path("rehearsal/paper_people.py"), (), {"_CLAIMS": '"echo": lambda who: {"id": who.id}'}),
)
"""Every table that lists the protocols."""


def scaffold(name: str, checkout: Path) -> dict[Path, str]:
    """Return the files of a new protocol, and those that list all protocols, with what they are to say; writes nothing.

    Raises UsageError when the name cannot be used or something stands in the way.
    """
    _check_name(name)
    if not (checkout / SHARED).is_file():
        raise UsageError(f"there is no {SHARED} here; go to the checkout that is to have the protocol {name}")
    skeleton = {path: path.read_text("utf-8") for path in sorted(SKELETON.rglob(f"*{SUFFIX}"))}
    made = {
        Path(_named(str(path.relative_to(SKELETON).with_suffix("")), name)): text for path, text in skeleton.items()
    }
    if taken := next((path for path in made if (checkout / path).exists()), None):
        raise UsageError(f"{taken} exists already; choose another name than {name}")
    listing = {one.path: (checkout / one.path).read_text("utf-8") for one in REGISTRATIONS}
    _check_words(name, {**{path.relative_to(SKELETON): text for path, text in skeleton.items()}, **listing})
    wanted = {path: _named(text, name) for path, text in made.items()}
    for registration in REGISTRATIONS:
        wanted[registration.path] = _registered(registration, listing[registration.path], name)
    source = Path(f"spec/protocols/{name}.yaml")
    formatted = {
        path: _formatted(path, text, checkout) if path.suffix == ".py" else text for path, text in wanted.items()
    }
    return {**formatted, Path(f"protocols/{name}.py"): _generated(source.name, wanted[source], checkout)}


def _check_name(name: str) -> None:
    """Raise UsageError unless the name can be that of a namespace, of modules, and in front of class names."""
    if not name:
        raise UsageError("a name is missing; write it like make new-protocol NAME=echo")
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise UsageError(
            f"{shorten(name)} is no name for a protocol; write up to {LONGEST} small letters, digits and single _, "
            "a letter first"
        )
    if keyword.iskeyword(name) or name in YAML_WORDS:
        raise UsageError(f"{name} is a word of Python or YAML; choose another name")


def _check_words(name: str, texts: Mapping[Path, str]) -> None:
    """Raise UsageError where one of these modules uses the name, or the class's, for something else."""
    for path, text in texts.items():
        if ".py" in path.suffixes:
            used = set(_words(text)) - {PLACEHOLDER, _title(PLACEHOLDER)}
            if clash := used & {name, _title(name)}:
                module = _named(str(path).removesuffix(SUFFIX), name)
                raise UsageError(f"{min(clash)} means something else in {module}; choose another name than {name}")


def _words(module: str) -> Iterator[str]:
    """Yield every name that a module binds or reads."""
    for node in ast.walk(ast.parse(module)):
        match node:
            case ast.Name(id=word) | ast.arg(arg=word) | ast.ClassDef(name=word) | ast.FunctionDef(name=word):
                yield word
            case ast.alias(name=path, asname=word):
                yield word or path.partition(".")[0]
            case _:
                pass


def _title(name: str) -> str:
    """Return the name as a class has it: `my_chat` as `MyChat`."""
    return "".join(part.capitalize() for part in name.split("_"))


def _named(text: str, name: str) -> str:
    """Call what the skeleton calls echo by its new name."""
    words = {PLACEHOLDER: name, _title(PLACEHOLDER): _title(name)}
    return re.sub("|".join(words), lambda word: words[word[0]], text)


def _registered(registration: Registration, text: str, name: str) -> str:
    """Return a module with the protocol in its tables, and what that takes imported."""
    for table, entry in registration.entries.items():
        text = _extended(text, table, _named(entry, name), registration.path)
    after = max(node.end_lineno or 0 for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom))
    lines = text.splitlines(keepends=True)
    imports = [f"{_named(line, name)}\n" for line in registration.imports]
    return "".join([*lines[:after], *imports, *lines[after:]])


def _extended(text: str, table: str, entry: str, path: Path) -> str:
    """Return a module with one more entry at the end of a table; raises UsageError where there is no such table."""
    for node in ast.parse(text).body:
        if not isinstance(node, ast.AnnAssign | ast.Assign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if not any(isinstance(target, ast.Name) and target.id == table for target in targets):
            continue
        value = node.value.generators[0].iter if isinstance(node.value, ast.DictComp) else node.value
        if isinstance(value, ast.Dict | ast.Tuple):
            # ast counts bytes; the last of them is the bracket that closes the table.
            whole = text.encode()
            before = sum(map(len, whole.splitlines(keepends=True)[: (value.end_lineno or 1) - 1]))
            end = before + (value.end_col_offset or 1) - 1
            held = whole[:end].rstrip()
            comma = b"" if held.endswith((b",", b"(", b"{")) else b","
            return (held + comma + f" {entry},".encode() + whole[end:]).decode()
    raise UsageError(f"{path} has no table {table} that is written out; enter the protocol there by hand")


def _formatted(path: Path, text: str, checkout: Path) -> str:
    """Return a module in the shape of all others; the new name may have changed the order of its imports."""
    # By itself ruff takes for ours only what is there already.
    ours = f"--config=lint.isort.known-first-party={list(PACKAGES)}"
    for arguments in (("check", "--fix", "--select=I", ours), ("format",)):
        command = [sys.executable, "-m", "ruff", *arguments, "--quiet", f"--stdin-filename={path}", "-"]
        done = subprocess.run(command, input=text, cwd=checkout, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
        if done.returncode != 0:
            raise UsageError(
                f"{path} cannot be put in shape: {done.stderr.strip()}; `make setup` installs what it takes"
            )
        text = done.stdout
    return text


def _generated(file: str, source: str, checkout: Path) -> str:
    """Return the module of a contract that stands nowhere yet; without it the package could not be imported."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(checkout / SHARED, folder)
        (path := Path(folder) / file).write_text(source, "utf-8")
        return generate(path)


def main(arguments: list[str]) -> int:
    """Write a new protocol into the checkout in the working directory; returns the exit code."""
    name = arguments[0] if len(arguments) == 1 else ""
    checkout = Path()
    try:
        wanted = scaffold(name, checkout)
    except (UsageError, SpecError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_CANNOT
    for path, text in wanted.items():
        verb = "changed" if (checkout / path).exists() else "written"
        (checkout / path).write_text(text, "utf-8")
        print(f"{path}: {verb}")
    print("\nNow `make generate`; docs/adding-a-protocol.md walks through the files.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
