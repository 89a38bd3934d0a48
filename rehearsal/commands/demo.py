"""`rehearsal demo`: all of it on one's own machine, in about a minute."""

import typer

from rehearsal.output import output
from rehearsal.parameters import Seed, examples

EPILOG = examples("rehearsal demo", "rehearsal demo --seed 7")


def demo(seed: Seed = None) -> None:
    """See all of it in about a minute.

    Starts the reference server on a free port, lets simulated people use all of its protocols at once, judges
    each of them, and puts it under load. Exit code 0: nothing was lost, and every MUST is kept.
    """
    from rehearsal.demo import demo as show

    raise typer.Exit(show(output(), seed))
