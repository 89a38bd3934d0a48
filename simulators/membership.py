"""Who is in which room, as those who are there know it themselves, and who therefore hears what."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from protocols.contract import Audience, Json, Trigger
from simulators.actor import Standing, expand
from simulators.expectation import EVERYWHERE, IN_PERSON, IN_ROOMS, MAY, MUST, Inbox, Place

_EVERYWHERE: Final = "(everywhere)"
"""Stands for a room in what everybody may hear who is connected; a room of the contract has another name."""


@dataclass(slots=True, eq=False)
class Member:
    """Somebody of ours, with what their standing and their connection say."""

    name: str
    standing: Standing
    connected: bool = False
    connected_ns: int = -1  # when they last began to connect
    rooms: dict[str, bool] = field(default_factory=dict)  # as the index has it: room -> surely in it
    version: int = -1  # of the standing that the index has
    entered_ns: dict[str, int] = field(default_factory=dict)  # room -> when they last began to enter it
    sure_ns: dict[str, int] = field(default_factory=dict)  # room -> since when they are surely in it, or last were
    left_ns: dict[str, int] = field(default_factory=dict)  # room -> when they last left it, if that was a while ago
    moved_ns: int = -1  # when they last left any room
    cut_ns: int = -1  # when their connection last broke off
    refused_ns: int = -1  # when they last heard that something was refused
    recent: dict[str, deque[int]] = field(default_factory=dict)  # limited operation -> when they sent it, last second
    inbox: Inbox = field(default_factory=Inbox)
    place: Place = field(default_factory=Place)
    """What they are to hear in person."""
    reach: dict[int, tuple[Place, ...]] = field(default_factory=dict)
    """Reach of a pattern -> where they may hear of such; empty while nobody has asked since they moved."""


class Hearers(NamedTuple):
    """Those in one place who may hear of a deed."""

    place: Place
    members: dict[Member, int]
    """Who -> MUST or MAY."""


class Membership:
    """All members of one run, indexed by id and by room."""

    def __init__(self) -> None:
        self.by_name: dict[str, Member] = {}
        self._by_id: dict[Json, dict[str, Member]] = {}  # id -> name -> whoever has, or had, a session of that id
        self._rooms: dict[str, Place] = {}
        self._left: deque[tuple[int, str, Member]] = deque()  # when which room was left by whom, oldest first
        self._everywhere = Place(_EVERYWHERE)

    def __getitem__(self, name: str) -> Member:
        return self.by_name[name]

    def __iter__(self) -> Iterator[Member]:
        return iter(self.by_name.values())

    def room(self, room: str) -> Iterable[Member]:
        """Return who is in a room, surely or not."""
        return () if (place := self._rooms.get(room)) is None else place.here

    def having(self, identity: Json) -> Iterable[Member]:
        """Return whoever has, or had, a session of this id."""
        return self._by_id.get(identity, {}).values()

    def add(self, name: str, standing: Standing) -> None:
        """Count somebody in."""
        self.by_name[name] = Member(name, standing)

    def is_ours(self, identity: Json) -> bool:
        """Say whether this id is, or was, that of a member."""
        return identity in self._by_id

    def connect(self, member: Member, now_ns: int) -> None:
        """Note that somebody is connected, or about to be, with the session of their standing."""
        member.connected, member.connected_ns = True, now_ns
        self._by_id.setdefault(member.standing.session.get("id"), {})[member.name] = member

    def disconnect(self, member: Member, now_ns: int) -> None:
        """Note that somebody's connection is gone; nothing can reach them, not even what is under way."""
        member.connected = False
        member.standing.disconnected()
        self.follow(member, now_ns)
        for room in member.left_ns:
            if (place := self._rooms.get(room)) is not None:
                place.leaving.pop(member, None)

    def follow(self, member: Member, now_ns: int) -> None:
        """Bring the index up to what somebody now knows of their place."""
        standing = member.standing
        if standing.version == member.version:
            return
        member.version = standing.version
        for room in member.rooms.keys() - standing.rooms.keys():
            place = self._rooms[room]
            del place.here[member]
            place.leaving[member] = now_ns
            self._left.append((now_ns, room, member))
            member.left_ns[room] = member.moved_ns = now_ns
        for room, sure in standing.rooms.items():
            if room not in member.rooms:
                member.entered_ns[room] = now_ns
            if sure and not member.rooms.get(room):
                member.sure_ns[room] = now_ns
            self._room(room).here[member] = MUST if sure else MAY
        member.rooms = dict(standing.rooms)
        member.reach.clear()

    def forget(self, until_ns: int) -> None:
        """Forget who has left a room by then; what was said there before must have been settled."""
        while self._left and self._left[0][0] <= until_ns:
            left_ns, room, member = self._left.popleft()
            if member.left_ns.get(room) == left_ns:
                del member.left_ns[room]
                member.reach.clear()
            if (place := self._rooms.get(room)) is not None:
                if place.leaving.get(member) == left_ns:
                    del place.leaving[member]
                self.leave_alone(place)

    def leave_alone(self, place: Place) -> None:
        """Forget a room that nobody and nothing would miss."""
        if place.is_forsaken and self._rooms.get(place.name) is place:
            del self._rooms[place.name]

    def _room(self, room: str) -> Place:
        place = self._rooms.get(room)
        if place is None:
            place = self._rooms[room] = Place(room)
        return place

    def reached(self, member: Member, reach: int) -> tuple[Place, ...]:
        """Return where somebody may hear of what has such a reach: also where they were a short while ago."""
        places = member.reach.get(reach)
        if places is None:
            rooms = dict.fromkeys((*member.rooms, *member.left_ns)) if reach & IN_ROOMS else ()
            places = member.reach[reach] = (
                *((member.place,) if reach & IN_PERSON else ()),
                *(self._rooms[room] for room in rooms if room in self._rooms),
                *((self._everywhere,) if reach & EVERYWHERE else ()),
            )
        return places

    def entered(self, member: Member) -> Iterator[tuple[Place, int]]:
        """Yield where somebody is, with when they began to come in."""
        yield self._everywhere, member.connected_ns
        for room in member.rooms:
            yield self._rooms[room], member.entered_ns[room]

    def audience(
        self, sender: Member, trigger: Trigger, room: str, facts: Mapping[str, Mapping[str, Json]], since_ns: int
    ) -> Iterator[Hearers]:
        """Yield who may hear what a deed triggers, place by place; who left since `since_ns` may."""
        match trigger.to:
            case Audience.SENDER:
                yield Hearers(sender.place, {sender: MUST})
            case Audience.ROOM | Audience.OTHERS:
                hearers = self._others(sender, room, since_ns)
                if trigger.to is Audience.ROOM:
                    # Whoever triggers it is in the room by then, if not before, where saying something brings one in.
                    if room in sender.rooms:
                        sure = sender.standing.enters or sender.rooms[room]
                        hearers.members[sender] = MUST if sure else MAY
                    elif sender.standing.enters:
                        yield Hearers(sender.place, {sender: MUST})
                yield hearers
            case Audience.USER | Audience.USERS:
                users = expand(trigger.user, facts)
                for identity in users if isinstance(users, list) else [users]:
                    for user in self._by_id.get(identity, {}).values():
                        if user.connected and user.standing.session.get("id") == identity:
                            yield Hearers(user.place, {user: MUST if _meet(sender, user) else MAY})
            case Audience.PEERS:
                own = sender.standing.session.get("id")
                others = (each for each in self.by_name.values() if each.standing.session.get("id") != own)
                yield self._connected(others)
            case Audience.NAMESPACE:
                hearers = self._connected(self.by_name.values())
                if sender.connected:
                    hearers.members[sender] = MUST
                yield hearers

    def _others(self, sender: Member, room: str, since_ns: int) -> Hearers:
        place = self._room(room)
        hearers = place.here.copy()
        hearers.pop(sender, None)
        for member, left_ns in place.leaving.items():
            if left_ns >= since_ns and member not in place.here and member is not sender:
                hearers[member] = MAY
        return Hearers(place, hearers)

    def _connected(self, members: Iterable[Member]) -> Hearers:
        # Who is surely in some room has surely been let in; who is connecting may hear it or not.
        return Hearers(
            self._everywhere, {each: MUST if any(each.rooms.values()) else MAY for each in members if each.connected}
        )


def _meet(sender: Member, receiver: Member) -> bool:
    """Say whether two are surely in one room."""
    return any(sure and room in sender.rooms for room, sure in receiver.rooms.items())
