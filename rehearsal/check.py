"""Judges one target: builds it from what was asked, plays the cases, and lets the listeners tell of it."""

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from conformance.case import Case
from conformance.known import Known
from conformance.playground import Options
from conformance.report import Listener, Report, Run
from conformance.report.baseline import BaselineFile
from conformance.report.github import GitHub
from conformance.report.html import HtmlFile
from conformance.report.json import JsonFile
from conformance.report.junit import JunitFile
from conformance.report.progress import Verbose, progress
from conformance.report.sarif import SarifFile
from conformance.report.terminal import Terminal, TextFile
from conformance.reproduce.files import Reproducers
from conformance.runner import RunEvent, run
from conformance.suite import ground, suite_of
from conformance.tally import Tally, uncited, worst
from conformance.wire.case import WireCase
from conformance.wire.requirements import PROTOCOL as WIRE
from conformance.wire.run import run as run_wire
from conformance.wire.run import wire_ground
from conformance.wire.suite import select as wire_cases
from protocols.errors import UsageError
from rehearsal.target_options import TargetOptions
from simulators.target import Target

INTERRUPTED: Final = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody wants to have judged, and how."""

    where: TargetOptions
    addresses: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    strict: bool = False
    baseline: Known = field(default_factory=Known)
    """What is known to fail besides what the target's file says."""
    budget_s: float | None = None
    """Seconds for all protocols together; without it, each has what `options` say."""
    wire: bool = False
    """Whether the wire below is judged, and not what is said over it."""
    beside: tuple[Case, ...] = ()
    """Further cases, which need nothing of the target."""
    reproducers: Reproducers | None = None
    """Writes how others can see what is broken; None where nobody wants to have that."""
    again: str = ""
    """The command that plays everything again, where it is not a `rehearsal check`."""

    def command(self, case: str) -> str:
        """Return the command that plays one case again."""
        if self.again:
            return self.again
        words = ["rehearsal", "check"]
        words += [] if self.where.url is None else [self.where.url]
        words += [case, *(["--wire"] if self.wire else ["--seed", str(self.options.seed)]), *self.where.words()]
        words += ["--slow"] if self.options.slow else []
        words += ["--strict"] if self.strict else []
        return shlex.join(words)


def begin(request: Request, target: Target) -> Tally:
    """Return an empty tally of the cases that were asked for; raises UsageError."""
    known = Known.wholly(target.known_failures).and_also(request.baseline)
    if request.wire:
        cases = wire_cases(request.addresses)
        return Tally(protocol=WIRE, cases=cases, known=known.of(WIRE), strict=request.strict)
    suite = suite_of(target.protocol)
    every = [*suite.cases(), *request.beside]
    return Tally(
        protocol=suite.protocol,
        cases=[*suite.select(request.addresses), *request.beside],
        untested={} if request.addresses else uncited(suite.protocol, every, suite.untested),
        known=known.of(suite.protocol),
        strict=request.strict,
    )


def check(request: Request, listeners: Sequence[Listener]) -> int:
    """Judge the target, every protocol that is asked for or that it serves, and return the exit code.

    Raises UsageError for what cannot be asked, TargetUnreachable when nobody answers to begin with.
    """
    requests = [request] if request.wire else each(request, request.where.protocols(request.addresses))
    for one in requests:
        begin(one, one.where.target())  # what cannot be asked is said before anything is played
    codes: list[int] = []
    for one in requests:
        report = judge(one, listeners)
        codes.append(report.tally.exit_code)
        if report.stopped:
            break
    return worst(codes)


def each(request: Request, protocols: Sequence[str]) -> list[Request]:
    """Return a request for each protocol; they share the time that is given for all."""
    options = request.options
    if request.budget_s is not None:
        options = replace(options, budget_s=request.budget_s / len(protocols))
    if len(protocols) == 1 and request.where.file is not None:
        return [replace(request, options=options)]  # the file says which
    return [
        replace(
            request,
            where=replace(request.where, protocol=name),
            addresses=tuple(address for address in request.addresses if address.split("/")[0] in (name, "")),
            options=options,
        )
        for name in protocols
    ]


def judge(request: Request, listeners: Sequence[Listener]) -> Report:
    """Judge one protocol; errors as `check`."""
    target = request.where.target()
    tally = begin(request, target)
    started, began = datetime.now(UTC), time.monotonic()
    verbose = next((listener for listener in listeners if isinstance(listener, Verbose)), None)
    with _played(request, target, tally, verbose) as (found, events):
        stopped = ""
        try:
            for event in events:
                tally.hear(event)
                for listener in listeners:
                    listener.hear(event, tally)
        except KeyboardInterrupt:
            stopped = INTERRUPTED
        circumstances = Run(
            target=found,
            options=request.options,
            addresses=request.addresses,
            started=started,
            repeat=request.command,
        )
    report = Report(run=circumstances, tally=tally, took_s=time.monotonic() - began, stopped=stopped)
    if request.reproducers is not None:
        written = request.reproducers.write(tally.defects(), tally.protocol.requirements)
        report = replace(report, reproducers=written)
    for listener in listeners:
        listener.end(report)
    return report


@contextmanager
def _played(
    request: Request, target: Target, tally: Tally, verbose: Verbose | None
) -> Iterator[tuple[Target, Iterator[RunEvent]]]:
    """Give the target as it was found, and what happens as the cases of a tally are played on it."""
    if request.wire:
        with wire_ground(target, request.options, verbose.tell if verbose else None) as bottom:
            yield bottom.located, run_wire(bottom, [case for case in tally.cases if isinstance(case, WireCase)])
    else:
        with ground(target, request.options, verbose.watch if verbose else None) as playground:
            yield playground.target, run(playground, tally.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Where a run is to be told of besides the console."""

    folder: Path | None = None
    """For report.html, report.json and report.txt."""
    name: str = ""
    """What the target is called beside others in that folder; its URL when empty."""
    junit: Path | None = None
    sarif: Path | None = None
    github: bool = False
    """Whether to speak to the runner of GitHub Actions."""
    summary: Path | None = None
    """Where that takes a summary in Markdown."""
    baseline: Path | None = None
    """For what is broken, as known failures of the next run."""
    verbose: bool = False
    """Whether the console shows every case, and everything that is sent and received."""


def listeners_for(console: Console, telling: Telling = Telling()) -> list[Listener]:
    """Return those who tell of a run: on the console, in the files that are wanted, to a runner.

    Raises UsageError for a file that cannot be written, before anything has been played.
    """
    listeners: list[Listener] = [Verbose(console) if telling.verbose else progress(console), Terminal(console)]
    folder = telling.folder
    if folder is not None:
        listeners += [
            JsonFile(_writable(folder / "report.json"), telling.name),
            TextFile(_writable(folder / "report.txt")),
            HtmlFile(_writable(folder / "report.html").parent, telling.name),
        ]
    if telling.junit is not None:
        listeners.append(JunitFile(_writable(telling.junit)))
    if telling.sarif is not None:
        listeners.append(SarifFile(_writable(telling.sarif)))
    if telling.baseline is not None:
        listeners.append(BaselineFile(_writable(telling.baseline)))
    if telling.github:
        listeners.append(GitHub(console, telling.summary and _writable(telling.summary)))
    return listeners


def _writable(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    return path


def split_url(words: Sequence[str], *, needs_url: bool) -> tuple[str | None, tuple[str, ...]]:
    """Tell the URL, which comes first, from the addresses; raises UsageError where one is needed and none stands."""
    if words and "://" in words[0]:
        return words[0], tuple(words[1:])
    if words and needs_url:
        raise UsageError(f"{words[0]!r} is no URL of a Socket.IO server; write it like http://127.0.0.1:3001")
    return None, tuple(words)
