"""`rehearsal check`: judge any server by its URL."""

import os
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from protocols.errors import UsageError
from rehearsal.output import output
from rehearsal.parameters import Namespace, ProtocolOption, Seed, TargetFile, Transport, duration_s, examples
from simulators.endpoint import TransportName

EPILOG = examples(
    "rehearsal check http://127.0.0.1:3001",
    "rehearsal check http://127.0.0.1:3001 space/whisper space/join:space/invalid",
    "rehearsal check --list space/party",
    "rehearsal check http://127.0.0.1:3001 --wire",
    "rehearsal check --init http://127.0.0.1:3001",
    "rehearsal check --target target.toml --report reports --junit reports/junit.xml",
    "rehearsal check --replay reports/replays/space-whisper-1-room-isolation.json",
)


def check(
    url: Annotated[str | None, typer.Argument(metavar="URL", help="The server.", show_default=False)] = None,
    addresses: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ADDRESS",
            help="What to try: requirements or cases, by any beginning of their addresses; everything when absent.",
            show_default=False,
        ),
    ] = None,
    protocol: ProtocolOption = None,
    namespace: Namespace = None,
    target: TargetFile = None,
    transport: Transport = None,
    wire: Annotated[
        bool,
        typer.Option("--wire", help="Judge Engine.IO and Socket.IO below, of any server, with no contract at all."),
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show requirements and their cases; needs no server.")] = False,
    cases: Annotated[
        bool, typer.Option("--cases", help="With --list: show every case and example, and what it cites.")
    ] = False,
    init: Annotated[
        bool,
        typer.Option(
            "--init", help="Write a target.toml for the server at URL, or the file that --target names; judge nothing."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --init: ask nothing, take what can be found out.")] = False,
    force: Annotated[bool, typer.Option("--force", help="With --init: write over a file that is there.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let a broken SHOULD fail the run.")] = False,
    slow: Annotated[bool, typer.Option("--slow", help="Try what takes minutes, too.")] = False,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Play one failure again, from the replays/ of a report; exit code 1 when it still shows.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = None,
    budget_s: Annotated[
        float | None,
        typer.Option(
            "--budget",
            parser=duration_s,
            metavar="DURATION",
            help="Time for the whole run, which random cases fill; 35s for each protocol when absent.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write report.html, report.json and report.txt there; the page shows every target judged into DIR.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What the page calls the target; its URL when absent.")
    ] = "",
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Known failures, which do not fail the run.", show_default=False)
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write what is broken as known failures.", show_default=False),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show every case, and everything that is sent and received.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.", show_default=False)] = None,
    sarif: Annotated[Path | None, typer.Option(metavar="FILE", help="Write SARIF 2.1.0.", show_default=False)] = None,
    github: Annotated[
        bool | None,
        typer.Option(
            "--github/--no-github",
            help="Write annotations and a job summary for GitHub Actions; on by itself there.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Judge a server by its URL.

    Does it keep what the protocol promises? Exit code 0: every MUST is kept. 1: one is broken; the report names it,
    shows the conversation, and gives the command that repeats it. 2: nobody can tell.
    """
    from conformance.known import Known
    from conformance.playground import Options
    from conformance.report.terminal import listing, listing_of_cases
    from conformance.reproduce.files import Reproducers
    from protocols import PROTOCOLS
    from rehearsal.check import Request, Telling, begin, each, listeners_for, split_url
    from rehearsal.check import check as judge
    from rehearsal.replay import replay as play_again
    from rehearsal.target_options import TargetOptions

    if init:
        _begin(url, target, protocol, namespace, transport, yes=yes, force=force)
        return
    if wire and (transport or protocol):
        raise UsageError("--wire tries every transport, and knows no protocol; leave out --transport and --protocol")
    words = [word for word in (url, *(addresses or ())) if word is not None]
    url, chosen = split_url(words, needs_url=target is None and not list_ and replay is None)
    if replay is not None:
        raise typer.Exit(play_again(replay, url, output()))
    where = TargetOptions(url=url, file=target, protocol=protocol, namespace=namespace, transport=transport)
    options = Options(seed=secrets.randbits(32) if seed is None else seed, slow=slow)
    known = Known() if baseline is None else Known.read(baseline)
    request = Request(
        where=where,
        addresses=chosen,
        options=options,
        strict=strict,
        baseline=known,
        budget_s=budget_s,
        wire=wire,
        reproducers=None if report is None or list_ else Reproducers(report, name),
    )
    console = output()
    if cases and not list_:
        raise UsageError("--cases is for --list: rehearsal check --list --cases")
    if list_:
        shown = listing_of_cases if cases else listing
        request = request if url or target else replace(request, where=replace(where, url="http://127.0.0.1"))
        for one in [request] if wire else each(request, where.named(chosen) or tuple(PROTOCOLS)):
            for line in shown(begin(one, one.where.target())):
                console.print(line, soft_wrap=True)
        return
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    telling = Telling(
        folder=report,
        name=name,
        junit=junit,
        sarif=sarif,
        baseline=write_baseline,
        verbose=verbose,
        github=os.environ.get("GITHUB_ACTIONS") == "true" if github is None else github,
        summary=Path(summary) if summary else None,
    )
    raise typer.Exit(judge(request, listeners_for(console, telling)))


def _begin(
    url: str | None,
    target: Path | None,
    protocol: str | None,
    namespace: str | None,
    transport: TransportName | None,
    *,
    yes: bool,
    force: bool,
) -> None:
    """Write a target file."""
    from rehearsal.interview import USUAL_NAME, Known, is_at_a_terminal, write_target_file

    if url is None:
        raise UsageError("which server? Give its URL: rehearsal check --init http://127.0.0.1:3001")
    write_target_file(
        Known(url=url, protocol=protocol, namespace=namespace, transport=transport),
        target or Path(USUAL_NAME),
        asks=is_at_a_terminal() and not yes,
        overwrites=force,
        console=output(),
    )
