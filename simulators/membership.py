"""Who is in which room, as those who are there know it themselves, and who therefore hears what."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from protocols.contract import Audience, Json, Trigger
from simulators.actor import Standing, expand
from simulators.expectation import Inbox


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
    left_ns: dict[str, int] = field(default_factory=dict)  # room -> when they last left it
    moved_ns: int = -1  # when they last left any room
    cut_ns: int = -1  # when their connection last broke off
    refused_ns: int = -1  # when they last heard that something was refused
    recent: dict[str, deque[int]] = field(default_factory=dict)  # limited operation -> when they sent it, last second
    inbox: Inbox = field(default_factory=Inbox)


class Membership:
    """All members of one run, indexed by id and by room."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._by_id: dict[Json, dict[str, Member]] = {}  # id -> name -> whoever has, or had, a session of that id
        self._rooms: dict[str, dict[str, bool]] = {}  # room -> name -> surely in it
        self._leaving: dict[str, dict[str, int]] = {}  # room -> name -> when they left

    def __getitem__(self, name: str) -> Member:
        return self._members[name]

    def add(self, name: str, standing: Standing) -> None:
        """Count somebody in."""
        self._members[name] = Member(name, standing)

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
        for leaving in self._leaving.values():
            leaving.pop(member.name, None)

    def follow(self, member: Member, now_ns: int) -> None:
        """Bring the index up to what somebody now knows of their place."""
        standing = member.standing
        if standing.version == member.version:
            return
        member.version = standing.version
        for room in member.rooms.keys() - standing.rooms.keys():
            del self._rooms[room][member.name]
            if not self._rooms[room]:
                del self._rooms[room]
            self._leaving.setdefault(room, {})[member.name] = now_ns
            member.left_ns[room] = member.moved_ns = now_ns
        for room, sure in standing.rooms.items():
            if room not in member.rooms:
                member.entered_ns[room] = now_ns
            self._rooms.setdefault(room, {})[member.name] = sure
        member.rooms = dict(standing.rooms)

    def audience(
        self, sender: Member, trigger: Trigger, room: str, facts: Mapping[str, Mapping[str, Json]], since_ns: int
    ) -> Iterator[tuple[Member, bool]]:
        """Yield who may hear what a deed triggers, and whether they surely do; who left since `since_ns` may."""
        match trigger.to:
            case Audience.SENDER:
                yield sender, True
            case Audience.ROOM:
                if sender.standing.enters:
                    yield sender, True  # whoever triggers it is in the room by then, if not before
                elif room in sender.rooms:
                    yield sender, sender.rooms[room]
                yield from self._others(sender, room, since_ns)
            case Audience.OTHERS:
                yield from self._others(sender, room, since_ns)
            case Audience.USER | Audience.USERS:
                users = expand(trigger.user, facts)
                for identity in users if isinstance(users, list) else [users]:
                    for user in self._by_id.get(identity, {}).values():
                        if user.connected and user.standing.session.get("id") == identity:
                            yield user, _meet(sender, user)
            case Audience.PEERS:
                # Who is surely in some room has surely been let in; who is connecting may hear it or not.
                for member in self._members.values():
                    if member.connected and member.standing.session.get("id") != sender.standing.session.get("id"):
                        yield member, any(member.rooms.values())
            case Audience.NAMESPACE:
                for member in self._members.values():
                    if member.connected:
                        yield member, member is sender or any(member.rooms.values())

    def _others(self, sender: Member, room: str, since_ns: int) -> Iterator[tuple[Member, bool]]:
        here = self._rooms.get(room, {})
        yield from ((self._members[name], sure) for name, sure in here.items() if name != sender.name)
        leaving = self._leaving.get(room)
        if leaving is None:
            return
        for name, left_ns in list(leaving.items()):
            if left_ns < since_ns:
                del leaving[name]
            elif name not in here and name != sender.name:
                yield self._members[name], False
        if not leaving:
            del self._leaving[room]


def _meet(sender: Member, receiver: Member) -> bool:
    """Say whether two are surely in one room."""
    return any(sure and room in sender.rooms for room, sure in receiver.rooms.items())
