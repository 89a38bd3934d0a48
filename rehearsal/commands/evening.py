"""`rehearsal evening`: what hours of a thousand neighbours would be like, in a minute or two and without a network."""

from typing import Annotated

import typer

from rehearsal.output import output
from rehearsal.parameters import examples

EPILOG = examples("rehearsal evening", "rehearsal evening --users 200 --hours 1 --seed 7")


def evening(
    users: Annotated[int, typer.Option(min=1, help="How many neighbours look in.")] = 1000,
    hours: Annotated[float, typer.Option(min=0.01, max=24, help="How long their evening is.")] = 3.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same evening, to the last byte.")] = 1,
) -> None:
    """Play an evening of dongne on paper.

    Simulated neighbours ask and answer against the rules themselves, in virtual time. Shows how soon questions were
    answered, who was told of them at which stage, and how many waited too long.
    """
    from rehearsal.evening import spend, tell

    tell(spend(users, hours=hours, seed=seed), output())
