"""Shapes as Locust plays them: how many users are there at each second, by plan or as they come and go."""

import math
from random import Random
from typing import ClassVar, Final

from locust import LoadTestShape

from loadtests.plan import Plan

_TICK_S: Final = 1.0
"""How often Locust asks."""


class PlannedShape(LoadTestShape):
    """The closed model: as many users as the plan says, each of whom acts, hears, thinks, and acts again."""

    abstract: ClassVar[bool] = True  # Locust would take the first class it finds in a locustfile
    use_common_options: ClassVar[bool] = True

    def __init__(self, plan: Plan, *, users: int, for_s: float, rate: float | None) -> None:
        """Follow a plan with so many users for so long; `rate` bounds how many come or go in a second."""
        super().__init__()  # type: ignore[no-untyped-call]  # Locust says no types
        self._plan = plan
        self._users = users
        self._for_s = for_s
        self._rate = rate
        self._before = 0

    def tick(self) -> tuple[int, float] | None:
        """Return how many are to be there, and how many of them may come in a second; None when the time is over."""
        part = _run_time_s(self) / self._for_s
        if part >= 1:
            return None
        users = round(self._users * self._plan.users_at(part))
        change, self._before = abs(users - self._before), users
        return users, self._rate or max(1.0, change / _TICK_S)


class ArrivalShape(LoadTestShape):
    """The open model: users come whether or not those before them were served, and stay for a drawn while.

    They come as a Poisson process does, and stay exponentially long. Of such people it makes no difference which one
    leaves when somebody does, so that Locust may choose.
    """

    abstract: ClassVar[bool] = True
    use_common_options: ClassVar[bool] = True

    def __init__(self, plan: Plan | None, *, rate: float, stay_s: float, most: int, for_s: float, seed: int) -> None:
        """Let `rate` users come a second on average, times what the plan says, and stay `stay_s` on average.

        `most` is how many there is room for: who finds it full goes away again.
        """
        super().__init__()  # type: ignore[no-untyped-call]  # Locust says no types
        self._plan = plan
        self._rate = rate
        self._stays = math.exp(-_TICK_S / stay_s)
        self._most = most
        self._for_s = for_s
        self._random = Random(f"{seed}/arrivals")
        self._users = 0
        self.arrived = 0
        """How many have come so far."""

    def tick(self) -> tuple[int, float] | None:
        """Return how many are there a second later; None when the time is over."""
        part = _run_time_s(self) / self._for_s
        if part >= 1:
            return None
        staying = sum(self._random.random() < self._stays for _ in range(self._users))
        coming = poisson(
            self._rate * _TICK_S * (1.0 if self._plan is None else self._plan.users_at(part)), self._random
        )
        coming = min(coming, self._most - staying)
        self.arrived += coming
        self._users = staying + coming
        return self._users, max(1.0, float(self._most))


def _run_time_s(shape: LoadTestShape) -> float:
    return float(shape.get_run_time())


def poisson(mean: float, random: Random) -> int:
    """Draw how many of many independent rare things happen: by the gaps between them."""
    count, moment = 0, random.expovariate(1.0)
    while moment < mean:
        count += 1
        moment += random.expovariate(1.0)
    return count
