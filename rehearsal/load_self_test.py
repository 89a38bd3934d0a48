"""`rehearsal load --self-test`: starts three servers that are wrong in a known way, and loads them all at once."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadtests.results.record import FILE, Record
from loadtests.self_test.proof import PROOFS, USERS, Finding, Proof
from loadtests.self_test.server import Little
from rehearsal.load import Load, start
from simulators.engine import Engine
from simulators.target import Target

_WITHIN_S: Final = 120.0
_SEED: Final = 1


def self_test(console: Console) -> int:
    """Print what had to be seen of each server, and what was; return 0 when all of it was, else 1.

    Raises UsageError where Locust is not installed.
    """
    console.print(f"Three servers, each wrong in one way; {USERS} people load each of them at once.")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("a server that", "wanted", "seen", ""):
        table.add_column(name)
    is_right = True
    for proof, findings in _play():
        for number, finding in enumerate(findings):
            mark = Text("right", "green") if finding.is_right else Text("WRONG", "bold red")
            table.add_row(proof.name if number == 0 else "", finding.wanted, finding.seen, mark)
            is_right = is_right and finding.is_right
    console.print(table)
    console.print(
        Text("The instrument sees what it must.", "green")
        if is_right
        else Text("The instrument cannot be trusted on this machine.", "bold red")
    )
    return 0 if is_right else 1


def _play() -> Iterator[tuple[Proof, list[Finding]]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        runs: list[tuple[Proof, Path, subprocess.Popen[bytes]]] = []
        for number, proof in enumerate(PROOFS):
            server = stack.enter_context(_serving(proof.server()))
            report = folder / str(number)
            load = Load(
                target=Target.at(server.url, protocol="gateway"),
                cast=f"chatter={USERS}",
                rate=USERS,
                for_s=proof.for_s,
                seed=_SEED,
                report=report,
                view="plain",
            )
            load.check()
            log = stack.enter_context((folder / f"{number}.log").open("wb"))
            runs.append((proof, report, stack.enter_context(start(load.words(), output=log))))
        try:
            for proof, report, run in runs:
                yield proof, _judge(proof, report, run.wait(_WITHIN_S))
        finally:
            for _, _, run in runs:
                if run.poll() is None:
                    run.kill()


def _judge(proof: Proof, report: Path, exit_code: int) -> list[Finding]:
    if not (report / FILE).exists():
        said = report.with_suffix(".log").read_text(errors="replace").strip().splitlines()
        return [Finding("a record", said[-1] if said else "nothing at all", is_right=False)]
    return proof.judge(Record.read(report), exit_code)


@contextmanager
def _serving(server: Little) -> Iterator[Little]:
    """Run a server in a thread of its own, in which it may freeze."""
    with Engine() as engine:
        engine.submit(server.start())
        try:
            yield server
        finally:
            engine.submit(server.close())
