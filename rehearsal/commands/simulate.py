"""`rehearsal simulate`: people who use a server as people do, and what they heard of each other."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from rehearsal.output import output
from rehearsal.parameters import Namespace, ProtocolOption, Seed, TargetFile, Transport, duration_s, examples

EPILOG = examples(
    "rehearsal simulate http://127.0.0.1:3001",
    "rehearsal simulate http://127.0.0.1:3001 --cast player=200,guest=50,heckler=2 --for 2m",
    "rehearsal simulate http://127.0.0.1:3001 --protocol hub --cast talker=100,heckler=1",
    "rehearsal simulate http://127.0.0.1:3001 --seed 7 --history history.jsonl",
)


def simulate(
    url: Annotated[str | None, typer.Argument(metavar="URL", help="The server.", show_default=False)] = None,
    cast: Annotated[
        str | None,
        typer.Option(
            metavar="KIND=N,...",
            help="Who comes, and how many; about twenty who behave when absent.",
            show_default=False,
        ),
    ] = None,
    for_s: Annotated[
        float, typer.Option("--for", parser=duration_s, metavar="DURATION", help="How long they stay.")
    ] = "30s",  # type: ignore[assignment]  # the parser reads defaults, too
    seed: Seed = None,
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write what everybody sent and heard, a line of JSON each.", show_default=False
        ),
    ] = None,
    protocol: ProtocolOption = None,
    namespace: Namespace = None,
    target: TargetFile = None,
    transport: Transport = None,
) -> None:
    """Let simulated people use a server.

    Watch them, and see what was lost and how long things took. Exit code 0: all was heard that should be. 1:
    something was lost, doubled, out of order, heard by somebody else or broke its schema. 2: the server cannot be
    reached.
    """
    from rehearsal.simulate import simulate as play
    from rehearsal.target_options import TargetOptions
    from simulators.scenario import Cast

    options = TargetOptions(url=url, file=target, protocol=protocol, namespace=namespace, transport=transport)
    where = options.played([] if cast is None or options.named(()) else Cast.speakers(cast))
    raise typer.Exit(
        play(
            where,
            Cast.usual(where.protocol) if cast is None else Cast.parse(cast, where.protocol),
            for_s=for_s,
            seed=secrets.randbits(32) if seed is None else seed,
            history_path=history,
            console=output(),
        )
    )
