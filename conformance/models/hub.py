"""What a user of `hub` may rely on: which socket is in which room, who is connected, and what waits for who is not.

The contract says who hears what; here stands only what it cannot say by itself. Presence is not kept at all: somebody
is online as long as one of the sockets that are `present` is theirs.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Final

import hypothesis.strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.expectation import Expectation, Heard, Outlook
from conformance.model import Model
from conformance.person import Person
from conformance.strategies import valid
from conformance.symptom import Symptom, Test
from conformance.verdict import Broken
from protocols import hub
from protocols.contract import Event, Json, Level, Operation, Protocol
from simulators.received import Received
from simulators.target import Target

MOST_ROOMS: Final = 100
"""As the contract's condition `rooms-full` says."""
KEPT: Final = 100
"""`hub/notification/6`: so many of a user who is offline are kept at least."""
LONGEST_ROOM: Final = 64


class HubModel(Model):
    """The rooms that the cast has joined, socket by socket."""

    protocol: ClassVar[Protocol] = hub.PROTOCOL

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.places: list[str] = []
        """The rooms that the case plays in; nobody but the cast knows them."""
        self.rooms: dict[str, list[Person]] = {}
        self.waiting: dict[Json, list[Mapping[str, Json]]] = {}  # user id -> its notifications, the oldest first
        self.handed_out: list[str] = []
        """Ids of the notifications that the last who came got with coming, in the order of their arrival."""
        self.underway: Json = None
        """Id of a user to whom notifications come at this moment, nobody knows when."""
        self._known: set[Json] = set()  # ids of everybody who was ever here
        self._message_ids: set[Json] = set()

    # ---- facts -------------------------------------------------------------------------------------------------

    def facts(self, who: Person) -> Mapping[str, Json]:
        """Return what the token said, and the rooms that no other socket of the same user is in."""
        assert who.identity is not None  # nobody is let in without
        sole: list[Json] = [f"room:{room}" for room in self.joined(who) if not self._twins_in(who, room)]
        return {"id": who.identity.id, "nickname": who.identity.nickname, "soleRooms": sole}

    def joined(self, who: Person) -> list[str]:
        """Return the rooms that a socket is in."""
        return [room for room, members in self.rooms.items() if who in members]

    def twins(self, who: Person) -> list[Person]:
        """Return the other open sockets of the same user."""
        return [socket for socket in self.sockets(self.user_id(who)) if socket is not who]

    def _twins_in(self, who: Person, room: str) -> bool:
        return any(twin in self.rooms.get(room, ()) for twin in self.twins(who))

    def holds(self, condition: str, who: Person, event: Event | None) -> bool:
        """Say whether a condition of the contract holds."""
        room = str(getattr(event, "roomId", ""))
        is_in = who in self.rooms.get(room, ())
        match condition:
            case "in-room":
                return is_in
            case "user-in-room":
                return self._twins_in(who, room)
            case "other-socket":
                return bool(self.twins(who))
            case "rooms-full":
                return not is_in and len(self.joined(who)) >= MOST_ROOMS
            case "image":
                return isinstance(event, hub.SendMessage) and event.type == "image"
        raise LookupError(f"the contract speaks of a condition {condition!r} that the model does not know")

    def members(self, room: str) -> Collection[Person]:
        """Return who is in `room:ID`."""
        return list(self.rooms.get(room.removeprefix("room:"), ()))

    def possible(self, who: Person, received: Received) -> bool:
        """Allow strangers to come, to go and to step away, which everybody hears, and what is under way to somebody."""
        match received.event:
            case hub.PresenceUpdate(userId=user_id):
                return user_id not in self._known | set(map(self.user_id, self.present))
            case hub.Notification():
                return self.underway is not None and self.user_id(who) == self.underway
        return False

    def describe(self) -> str:
        """Say who is where."""
        places = [f"{', '.join(map(str, members))} in {room}" for room, members in self.rooms.items() if members]
        users: dict[Json, list[Person]] = {}
        for who in self.present:
            users.setdefault(self.user_id(who), []).append(who)
        twins = [" and ".join(map(str, sockets)) + " are one user" for sockets in users.values() if len(sockets) > 1]
        return "; ".join([*places, *twins]) or "nobody is in a room"

    # ---- changes -----------------------------------------------------------------------------------------------

    def foresee_connect(self, who: Person) -> Outlook:
        """Add what waits for the user to what the contract says of coming."""
        outlook = super().foresee_connect(who)
        return replace(outlook, expectations=[*outlook.expectations, *self._due(who)])

    def _due(self, who: Person) -> Iterator[Expectation]:
        """Yield what somebody is to be handed out; of very many those before the last hundred may be lost."""
        notification = self.protocol.operation(hub.Notification)
        waiting = self.waiting.get(self.user_id(who), [])
        for left, where in zip(range(len(waiting), 0, -1), waiting, strict=True):
            level, requirement = Level.MUST, "hub/notification/4"
            if len(waiting) > KEPT:
                level, requirement = Level.SHOULD if left <= KEPT else Level.MAY, "hub/notification/6"
            yield Expectation(who, notification, where, 1000, requirement, level)

    def arrive(self, who: Person, heard: Heard) -> None:
        """Know somebody, who has got by now what waited."""
        self._known.add(self.user_id(who))
        self.waiting.pop(self.user_id(who), None)
        self.handed_out = [str(payload["id"]) for payload in heard.payloads(who, hub.Notification.event_name)]

    def apply(self, who: Person, event: Event, heard: Heard) -> None:
        """Change who is where as this accepted event does."""
        match event:
            case hub.JoinRoom():
                members = self.rooms.setdefault(event.roomId, [])
                if who not in members:
                    members.append(who)
            case hub.LeaveRoom():
                self.rooms[event.roomId].remove(who)

    def leave(self, who: Person) -> None:
        """Take a socket out of its rooms."""
        for room in self.joined(who):
            self.rooms[room].remove(who)

    # ---- beyond the templates ----------------------------------------------------------------------------------

    def promises(self, who: Person, event: Event, heard: Heard) -> Iterator[Broken]:
        """Check that a message is one message: everybody hears the same, under the id that its sender is told."""
        if not isinstance(event, hub.SendMessage):
            return
        sent = [payload["messageId"] for payload in heard.payloads(who, hub.MessageSent.event_name)]
        told = {listener: heard.payloads(listener, hub.Message.event_name) for listener in heard.by}
        first = told[who][0]
        for listener, payloads in told.items():
            for payload in payloads:
                if payload != first:
                    name = next(name for name, value in first.items() if payload.get(name) != value)
                    expected = f"{listener} hears the message that {who} hears, {first}"
                    shown = Symptom.told(listener, hub.Message.event_name, (name,), first[name])
                    yield Broken("hub/send/1", expected, str(payload)).shown(shown)
        if sent != [first["id"]]:
            shown = Symptom.told(who, hub.MessageSent.event_name, ("messageId",), first["id"])
            expected = f"{who} is told of {first['id']!r}, the id of the message"
            yield Broken("hub/send/3", expected, f"{sent}").shown(shown)
        if first["id"] in self._message_ids:
            shown = Symptom.heard(who, hub.Message.event_name, Test(("id",), "is", first["id"]))
            came = f"{first['id']!r} was another's already"
            yield Broken("hub/send/3", "a message has an id of its own", came).shown(shown)
        self._message_ids.add(first["id"])

    # ---- payloads ----------------------------------------------------------------------------------------------

    def payloads(self, operation: Operation, who: Person) -> SearchStrategy[Json]:
        """Return valid payloads, of rooms of the cast or such as nobody else would name."""
        assert operation.schema is not None
        if operation.event is hub.UpdatePresence:
            return valid(self.protocol, operation.schema)
        new = st.text(max_size=LONGEST_ROOM).map(lambda text: f"{self.places[0]} {text}"[:LONGEST_ROOM])
        room: SearchStrategy[Json] = st.sampled_from([*self.places, *self.rooms]) | new
        return valid(self.protocol, operation.schema, overrides={"roomId": room})
