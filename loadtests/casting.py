"""Names and places for those who come to a load test one by one."""

import heapq
from bisect import bisect
from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random

from protocols.errors import UsageError
from simulators.actor import Actor
from simulators.people import Identity
from simulators.scenario import KINDS, PER_SCOPE
from simulators.target import Target


class Casting:
    """Gives each newcomer a name of its own, a chance of its own, and the first free place.

    Somebody's second device has a place as well, and is where the first is all the same.
    """

    def __init__(
        self,
        target: Target,
        *,
        seed: str,
        run: str,
        posts: Sequence[tuple[str, Identity]] = (),
        space_of: Callable[[int], int] = lambda place: place // PER_SCOPE,
    ) -> None:
        """Begin with empty spaces; `run` goes into the names of new ones, so that no two runs meet.

        `posts` are the spaces that have staff, with whom; `space_of` says in which space the n-th place is.
        """
        self._space_of = space_of
        self._target = target
        self._seed = seed
        self._run = run
        self._counts: Counter[str] = Counter()  # kind -> how many have come
        self._posts = deque(posts)  # those that are free
        self._free: list[int] = []  # places that were left, the first on top
        self._places: dict[str, int] = {}  # name -> its place
        self._shared = {role.shares for role in KINDS[target.protocol].values() if role.shares}  # kinds with a twin
        self._homes: dict[str, str] = {}  # name of whose session several hold -> the space that all of them are in

    @property
    def seated(self) -> int:
        """How many have a place."""
        return len(self._places)

    def give(self, kind: str) -> Actor:
        """Return somebody of this kind; raises UsageError where no staff is left."""
        role = KINDS[self._target.protocol][kind]
        if role.is_staff and not self._posts:
            raise UsageError(f"the target has no more staff to lend to a {kind}; ask for fewer")
        place = heapq.heappop(self._free) if self._free else len(self._places)
        self._counts[kind] += 1
        # Those who share a session are found by their numbers: the third tablet is the third messenger's.
        name = f"{kind}-{self._counts[kind]}"
        self._places[name] = place
        scope = self._target.place(self._space_of(place), self._run)
        if (holder := role.shares or kind) in self._shared:
            # They are devices of one person, who is in one place: a target may tell each what is for the person.
            scope = self._homes.setdefault(f"{holder}-{self._counts[kind]}", scope)
        identity = None
        if role.is_staff:
            scope, identity = self._posts.popleft()
        actor = role(name, scope, Random(f"{self._seed}/{name}"), production=self._target.mode == "production")
        actor.identity = identity
        return actor

    def take_back(self, actor: Actor) -> None:
        """Let somebody else have this one's place."""
        heapq.heappush(self._free, self._places.pop(actor.name))
        if actor.is_staff and actor.identity is not None:
            self._posts.append((actor.scope, actor.identity))


def zipf(exponent: float, *, people: int, seed: str) -> Callable[[int], int]:
    """Return in which space each place is, where the n-th space is `1 / n ** exponent` as often chosen as the first.

    There are as many spaces as these people would fill by twenties.
    """
    weights = list(accumulate(1 / n**exponent for n in range(1, max(1, -(-people // PER_SCOPE)) + 1)))

    def space_of(place: int) -> int:
        # By a chance of its own, since places are left and taken again.
        return bisect(weights, Random(f"{seed}/place/{place}").random() * weights[-1])

    return space_of
