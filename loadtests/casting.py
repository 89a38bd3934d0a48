"""Names and places for those who come to a load test one by one."""

import heapq
from random import Random

from simulators.actor import Actor
from simulators.scenario import KINDS, PER_SCOPE
from simulators.target import Target


class Casting:
    """Gives each newcomer a name of its own, a chance of its own, and the first free place, 20 to a space."""

    def __init__(self, target: Target, *, seed: str, run: str) -> None:
        """Begin with empty spaces; `run` goes into the names of new ones, so that no two runs meet."""
        self._target = target
        self._seed = seed
        self._run = run
        self._count = 0
        self._free: list[int] = []  # places that were left, the first on top
        self._places: dict[str, int] = {}  # name -> its place

    @property
    def seated(self) -> int:
        """How many have a place."""
        return len(self._places)

    def give(self, kind: str) -> Actor:
        """Return somebody of this kind."""
        place = heapq.heappop(self._free) if self._free else len(self._places)
        self._count += 1
        name = f"{kind}-{self._count}"
        self._places[name] = place
        role = KINDS[self._target.protocol][kind]
        scope = self._target.scope(place // PER_SCOPE, self._run)
        return role(name, scope, Random(f"{self._seed}/{name}"), production=self._target.mode == "production")

    def take_back(self, actor: Actor) -> None:
        """Let somebody else have this one's place."""
        heapq.heappush(self._free, self._places.pop(actor.name))
