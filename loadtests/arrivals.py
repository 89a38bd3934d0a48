"""The open model: people come whether or not those before them were served, and stay for a drawn while."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from loadtests.plan import Plan

DOORS: Final = 60
"""By how many doors they come: each is a user of Locust's, so that any number of workers have their part of them."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who comes."""

    at_s: float
    """Seconds since the run began."""
    protocol: str
    kind: str
    stay_s: float


def arrivals(
    random: Random,
    people: Sequence[tuple[str, str, float]],
    *,
    rate: float,
    stay_s: float,
    for_s: float,
    plan: Plan | None,
) -> Iterator[Arrival]:
    """Yield who comes by one door, in order: a Poisson process of `rate` a second, times what the plan says.

    `people` are the protocol, the kind and the weight of all who may come; they stay exponentially long, `stay_s` on
    average. Several doors together are a Poisson process again, of all their rates.
    """
    weights = [weight for _, _, weight in people]
    at_s = random.expovariate(rate)
    while at_s < for_s:
        [(protocol, kind, _)] = random.choices(people, weights)
        arrival = Arrival(at_s, protocol, kind, random.expovariate(1 / stay_s))
        # Thinned: of those that the highest rate gives, as many come as the plan says for that moment.
        if plan is None or random.random() < plan.users_at(at_s / for_s):
            yield arrival
        at_s += random.expovariate(rate)
