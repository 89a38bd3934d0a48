"""Whom the stages of a question are to notify, as far as anybody outside can know; of everybody else nothing is said.

A stage names people when its time comes, by where they are then. So each plan is made anew when somebody comes, moves
or goes, as long as the time is not near; about whoever changes while it is near, nobody can tell.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from conformance.models.dongne_places import Point, distance_m, on_island
from conformance.person import Person
from protocols.contract import Json
from simulators.people import Identity

IMMEDIATE_M: Final = 2000
IMMEDIATE: Final = 10
"""`dongne/stage/1`: at most so many."""
QUICK_M: Final = 5000
ALARM: Final = 5
"""What comes after the four stages: the admins hear that nobody answers."""
AFTER_MS: Final[Mapping[int, int]] = {1: 0, 2: 3_000, 3: 30_000, 4: 120_000, ALARM: 600_000}
MANNERS: Final[Mapping[int, Mapping[str, Json]]] = {
    1: {"priority": "IMMEDIATE", "sound": "urgent", "vibration": "strong"},
    2: {"priority": "QUICK", "sound": "normal", "vibration": "light"},
    3: {"priority": "EXTENDED", "sound": "normal", "vibration": "light"},
    4: {"priority": "FINAL", "sound": "normal", "vibration": "light"},
}


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A user who is online; what nobody told the judge of them is None."""

    user_id: Json
    sockets: tuple[Person, ...]
    at: Point | None
    local: bool | None
    alerts: bool | None
    admin: bool | None
    tags: frozenset[str] | None

    @classmethod
    def of(cls, identity: Identity, sockets: Iterable[Person], at: Point | None) -> "Neighbour":
        """Take what the people's configuration says: `local`, `alerts`, `admin` (yes or no) and `tags`."""
        local, alerts, admin = (_FLAG.get(identity.details.get(name, "")) for name in ("local", "alerts", "admin"))
        tags = identity.details.get("tags")
        known = None if tags is None else frozenset(map(tag_of, tags.split(","))) - {""}
        return cls(identity.id, tuple(sockets), at, local, alerts, admin, known)


_FLAG: Final = {"yes": True, "no": False}


def tag_of(hashtag: str) -> str:
    """Return a hashtag as it is compared."""
    return hashtag.strip().lstrip("#")


@dataclass(eq=False, slots=True)
class Notices:
    """What is to be told of one question, and to whom."""

    asker_id: Json
    at: Point
    tags: frozenset[str]
    notified: set[Json] = field(default_factory=set)
    """Ids of the users whom the first stage has named."""
    doubtful: set[Json] = field(default_factory=set)
    """Ids of the users who may be notified or not: too little is known of them."""
    answered: bool = False

    def named(self, stage: int, neighbours: Iterable[Neighbour], but: Collection[Json] = ()) -> Iterator[Neighbour]:
        """Yield whom a stage names surely, but those whom an earlier one has; count as doubtful whom it may name."""
        if stage in {4, ALARM} and self.answered:
            return
        eligible = [(one, self._is_eligible(stage, one)) for one in neighbours if one.user_id not in but]
        unsure = [one for one, is_eligible in eligible if is_eligible is None]
        sure = [one for one, is_eligible in eligible if is_eligible]
        self.doubtful.update(one.user_id for one in unsure)
        if stage == 1:
            sure.sort(key=lambda one: 0.0 if one.at is None else distance_m(one.at, self.at))
            first = max(0, IMMEDIATE - len(unsure))
            self.doubtful.update(one.user_id for one in sure[first:IMMEDIATE])
            sure = sure[:first]
        yield from sure

    def _is_eligible(self, stage: int, one: Neighbour) -> bool | None:
        if stage == ALARM:
            return one.admin
        if one.user_id == self.asker_id:
            return False
        if one.user_id in self.doubtful:
            return None
        match stage:
            case 1:
                return _all(one.local, one.alerts, _within(one.at, self.at, IMMEDIATE_M))
            case 2:
                return _all(one.local, _within(one.at, self.at, QUICK_M))
            case 3:
                if not self.tags or one.tags == frozenset():
                    return False
                return None if one.tags is None else bool(one.tags & self.tags)
            case _:
                return _all(None if one.admin is None else not one.admin, None if one.at is None else on_island(one.at))


def _within(one: Point | None, other: Point, radius_m: float) -> bool | None:
    return None if one is None else distance_m(one, other) <= radius_m


def _all(*facts: bool | None) -> bool | None:
    """Say whether all of these hold: not if one does not, whatever is unknown of the others."""
    if any(fact is False for fact in facts):
        return False
    return None if any(fact is None for fact in facts) else True
