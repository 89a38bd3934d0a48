"""`rehearsal load`: crowds at a server, and what they felt."""

import secrets
from pathlib import Path
from typing import Annotated, Literal

import typer

from rehearsal.output import output
from rehearsal.parameters import ProtocolOption, Seed, TargetFile, duration_s, examples

EPILOG = examples(
    "rehearsal load http://127.0.0.1:3001",
    "rehearsal load http://127.0.0.1:3001 --users 500 --shape spike --for 2m --report load",
    "rehearsal load http://127.0.0.1:3001 --protocol gateway --users 200 --slo gateway",
    "rehearsal load http://127.0.0.1:3001 --arrivals 20 --users 1000 --for 5m --processes 2",
    "rehearsal load --self-test",
)


def load(
    url: Annotated[str | None, typer.Argument(metavar="URL", help="The server.", show_default=False)] = None,
    cast: Annotated[
        str | None,
        typer.Option(
            metavar="KIND=N,...",
            help="Who comes, in which proportion; the usual when absent.",
            show_default=False,
        ),
    ] = None,
    users: Annotated[
        int | None,
        typer.Option(min=1, help="How many at a time at most; the size of the cast when absent.", show_default=False),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.01, help="How many come in a second; all within 5 s when absent.", show_default=False),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="How many are there when: ramp, spike, soak, step, storm, zipf, or a FILE.toml.",
            show_default=False,
        ),
    ] = None,
    arrivals: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            metavar="R",
            help="Open model: R users come a second at random, whether or not others were served.",
            show_default=False,
        ),
    ] = None,
    stay: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="How long each of these stays on average.", show_default="30s"),
    ] = None,
    for_s: Annotated[
        float, typer.Option("--for", parser=duration_s, metavar="DURATION", help="How long it lasts.")
    ] = "60s",  # type: ignore[assignment]  # the parser reads defaults, too
    slo: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What must hold: dongne, gateway, gopang, hub, space, or a FILE.toml.",
            show_default=False,
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            metavar="FAULTS", help="How bad the network is: latency=50ms,jitter=20ms,cut=0.1/s.", show_default=False
        ),
    ] = None,
    validate: Annotated[
        Literal["all", "sample", "none"],
        typer.Option(help="Which of the messages that come are checked against their schemas."),
    ] = "sample",
    processes: Annotated[int, typer.Option(min=1, help="How many generate the load.")] = 1,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Leave the report there: load.html for people, load.json for programs.",
            show_default=False,
        ),
    ] = None,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Prove the instrument on three servers that are wrong in a known way.")
    ] = False,
    seed: Seed = None,
    protocol: ProtocolOption = None,
    target: TargetFile = None,
) -> None:
    """Put a server under load, and measure what its users feel.

    Times count from the moment an event was due to the moment each receiver heard it, and every delivery is accounted
    for. A front to Locust, whose own command line does the same and more (`docs/load.md`). Exit code 0: the objectives
    were kept, or without any, nothing failed. 1: something was broken. 2: it could not be done, or nobody can tell.
    """
    if self_test:
        from rehearsal.load_self_test import self_test as prove

        raise typer.Exit(prove(output()))
    from rehearsal.load import Load
    from rehearsal.target_options import TargetOptions
    from simulators.scenario import Cast

    options = TargetOptions(url=url, file=target, protocol=protocol)
    where = options.played([] if cast is None or options.named(()) else Cast.speakers(cast))
    asked = Load(
        target=where,
        file=target,
        cast=cast or "",
        users=users,
        rate=rate,
        shape=shape or "",
        arrivals=arrivals,
        stay=stay or "",
        for_s=for_s,
        slo=slo or "",
        network=network or "",
        validate=validate,
        seed=secrets.randbits(32) if seed is None else seed,
        processes=processes,
        report=report,
    )
    raise typer.Exit(asked.run())
