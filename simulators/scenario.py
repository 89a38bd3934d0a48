"""A cast and who plays in it: how many of each kind, in which spaces, from when on, all from one seed."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol, Self

from protocols.errors import UsageError
from simulators.actor import Actor
from simulators.actors import dongne, gateway, gopang, hub, space
from simulators.people import Identity

PER_SCOPE: Final = 20
"""How many share a space."""
MAX_CAST: Final = 20_000


class Kind(Protocol):
    """A kind of actor, as its class stands in a cast."""

    @property
    def is_staff(self) -> bool:
        """Whether it needs the session of somebody who is OWNER or STAFF."""
        ...

    @property
    def is_known(self) -> bool:
        """Whether it needs the session of somebody whom the target knew before."""
        ...

    @property
    def shares(self) -> str:
        """The kind whose session it holds too; empty where it has one of its own."""
        ...

    def __call__(self, name: str, scope: str, random: Random, *, production: bool) -> Actor:
        """Make one of them."""
        ...


KINDS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "space": space.ACTORS,
    "gateway": gateway.ACTORS,
    "dongne": dongne.ACTORS,
    "gopang": gopang.ACTORS,
    "hub": hub.ACTORS,
}
"""Who speaks which protocol."""
_USUAL: Final[Mapping[str, str]] = {
    "space": "player=20,guest=5",
    "gateway": "chatter=14,commuter=6",
    "dongne": "asker=6,answerer=14,admin=1",
    "gopang": "messenger=8,tablet=3,trader=4,owner=3,requester=4",
    "hub": "talker=14,visitor=6",
}


@dataclass(frozen=True, slots=True)
class Cast:
    """How many of each kind there are."""

    counts: Mapping[str, int]

    @classmethod
    def usual(cls, protocol: str) -> Self:
        """Return about twenty people of the kinds that behave."""
        if (usual := _USUAL.get(protocol)) is not None:
            return cls.parse(usual, protocol)
        kinds = [name for name, kind in KINDS[protocol].items() if name != "heckler" and not kind.is_staff]
        return cls(dict.fromkeys(kinds, max(1, PER_SCOPE // len(kinds))))

    @classmethod
    def parse(cls, text: str, protocol: str) -> Self:
        """Read `player=20,guest=5`; raises UsageError."""
        kinds = KINDS[protocol]
        counts: dict[str, int] = {}
        for part in text.split(","):
            kind, equals, number = (piece.strip() for piece in part.partition("="))
            if not equals or not number.isdecimal():
                raise UsageError(f"cast: {part.strip()!r} is not a kind and a number; write it like player=20,guest=5")
            if kind not in kinds:
                near = difflib.get_close_matches(kind, kinds, n=1)
                raise UsageError(
                    f"cast: nobody is a {kind!r} in {protocol}; "
                    + (f"did you mean {near[0]}?" if near else f"there is {', '.join(kinds)}")
                )
            counts[kind] = counts.get(kind, 0) + int(number)
        if not 1 <= sum(counts.values()) <= MAX_CAST:
            raise UsageError(f"cast: {sum(counts.values())} people; it takes 1 to {MAX_CAST}")
        return cls(counts)

    @classmethod
    def speakers(cls, text: str) -> list[str]:
        """Return the protocols that a cast can speak, by the kinds it names; raises UsageError where there is none."""
        refusals: dict[str, UsageError] = {}
        for protocol in KINDS:
            try:
                cls.parse(text, protocol)
            except UsageError as refused:
                refusals[protocol] = refused
        if spoken := [protocol for protocol in KINDS if protocol not in refusals]:
            return spoken
        kinds = {part.partition("=")[0].strip() for part in text.split(",")}
        # That of the protocol which was meant, by most of what stands there or by what it nearly says.
        raise max(
            refusals.items(), key=lambda each: (len(kinds & KINDS[each[0]].keys()), "did you mean" in str(each[1]))
        )[1]

    @property
    def size(self) -> int:
        """How many there are, all in all."""
        return sum(self.counts.values())

    def staff(self, protocol: str) -> int:
        """Return how many of them need the session of OWNER or STAFF."""
        return sum(count for kind, count in self.counts.items() if KINDS[protocol][kind].is_staff)

    def __str__(self) -> str:
        plural = {kind: kind if count == 1 or kind == "staff" else f"{kind}s" for kind, count in self.counts.items()}
        return ", ".join(f"{count} {plural[kind]}" for kind, count in self.counts.items())


@dataclass(frozen=True, slots=True)
class Scenario:
    """The people of one run, each with an agenda that begins with coming."""

    actors: Sequence[Actor]
    staff: Mapping[str, Identity]
    """Name of each actor who needs a staff session -> that session."""

    @classmethod
    def plan(
        cls,
        cast: Cast,
        *,
        protocol: str,
        seed: int,
        scope: Callable[[int], str],
        posts: Sequence[tuple[str, Identity]] = (),
        production: bool = True,
        ramp_s: float = 1.0,
    ) -> Self:
        """Hand out the roles.

        `scope(n)` names the n-th space; `posts` are the spaces that have staff, with whom. Those are filled first when
        the cast has staff. Everybody comes within `ramp_s` seconds. Raises UsageError when there is not enough staff.
        """
        posts = _taken(cast, protocol, posts)
        scopes = _scopes(cast, posts, scope)
        actors: list[Actor] = []
        staff: dict[str, Identity] = {}
        for kind, count in cast.counts.items():
            role = KINDS[protocol][kind]
            for n in range(count):
                name = f"{kind}-{n + 1}"
                if role.is_staff:
                    place, staff[name] = posts[n]
                else:
                    place = scopes[n % len(scopes)]
                # A name of its own gives each a chance of its own: one more guest changes nothing for the players.
                random = Random(f"{seed}/{name}")
                actor = role(name, place, random, production=production)
                actor.come(random.uniform(0.0, ramp_s))
                actors.append(actor)
        return cls(actors, staff)


def _taken(cast: Cast, protocol: str, posts: Sequence[tuple[str, Identity]]) -> Sequence[tuple[str, Identity]]:
    """Return as many posts as the cast has staff."""
    needed = cast.staff(protocol)
    if needed > len(posts):
        raise UsageError(
            f"cast: {needed} staff, but the target has {len(posts)}, each of whom can be in one space; "
            "ask for fewer, or name more in [[people.users]]"
        )
    return posts[:needed]


def _scopes(cast: Cast, posts: Sequence[tuple[str, Identity]], scope: Callable[[int], str]) -> list[str]:
    """Return as many spaces as the cast fills, those with staff first."""
    staffed = list(dict.fromkeys(place for place, _ in posts))
    wanted = max(len(staffed), -(-cast.size // PER_SCOPE))
    return staffed + [scope(n) for n in range(wanted - len(staffed))]
