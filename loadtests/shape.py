"""Shapes as Locust plays them: how many users are there at each second."""

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


def _run_time_s(shape: LoadTestShape) -> float:
    return float(shape.get_run_time())
