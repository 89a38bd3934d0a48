"""A model and a cast of hub that know no more than the machinery needs to be tried on a server of our own."""

from collections.abc import Collection, Mapping
from typing import ClassVar

from conformance.cast import Cast
from conformance.expectation import Heard
from conformance.model import Model
from conformance.person import Person
from protocols import hub
from protocols.contract import Event, Json, Operation, Protocol
from simulators.received import Received
from simulators.target import Target


class SmallHub(Model):
    """Who is in which room, socket by socket."""

    protocol: ClassVar[Protocol] = hub.PROTOCOL

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.rooms: dict[str, list[Person]] = {}

    def facts(self, who: Person) -> Mapping[str, Json]:
        assert who.identity is not None
        mine = [room for room, members in self.rooms.items() if who in members]
        sole = [f"room:{room}" for room in mine if not self._twins(who) & set(self.rooms[room])]
        return {"id": who.identity.id, "nickname": who.identity.nickname, "soleRooms": sole}

    def holds(self, condition: str, who: Person, event: Event | None) -> bool:
        room = self.rooms.get(getattr(event, "roomId", ""), [])
        match condition:
            case "in-room":
                return who in room
            case "user-in-room":
                return bool(self._twins(who) & set(room))
            case "other-socket":
                return bool(self._twins(who))
            case "image":
                return getattr(event, "type", "") == "image"
        return False

    def _twins(self, who: Person) -> set[Person]:
        return set(self.sockets(self.user_id(who))) - {who}

    def members(self, room: str) -> Collection[Person]:
        return self.rooms.get(room.removeprefix("room:"), [])

    def apply(self, who: Person, event: Event, heard: Heard) -> None:
        match event:
            case hub.JoinRoom() if who not in self.rooms.setdefault(event.roomId, []):
                self.rooms[event.roomId].append(who)
            case hub.LeaveRoom():
                self.rooms[event.roomId].remove(who)

    def leave(self, who: Person) -> None:
        for members in self.rooms.values():
            if who in members:
                members.remove(who)

    def describe(self) -> str:
        return "; ".join(f"{', '.join(map(str, members))} in {room}" for room, members in self.rooms.items())

    def possible(self, who: Person, received: Received) -> bool:
        """Allow the goodbyes of people of cases before this one."""
        ids = {self.user_id(person) for person in self.present}
        return isinstance(received.event, hub.PresenceUpdate) and received.event.userId not in ids


class SmallHubCast(Cast):
    """ana, ben and cho in one room, dee in another, eve in none."""

    entry = hub.JoinRoom

    async def assemble(self) -> None:
        self.choose_places(2)
        for name, place in (("ana", 0), ("ben", 0), ("cho", 0), ("dee", 1)):
            await self.enter(await self.come(name), place)
        await self.outsider()

    async def enter(self, who: Person, place: int) -> None:
        await self.stage.say(who, hub.JoinRoom(roomId=self.places[place]))

    async def outsider(self) -> Person:
        eve = next((person for person in self.stage.people if person.name == "eve"), None)
        return eve if eve is not None and eve.is_connected else await self.come("eve")

    async def ready(self, operation: Operation) -> Person:
        if not self.stage.people:
            await self.assemble()
        ana = self.person("ana")
        if ana not in self.model.members(f"room:{self.places[0]}"):
            await self.enter(ana, 0)
        return ana

    def base(self, operation: Operation, who: Person) -> Json:
        if operation.event is hub.UpdatePresence:
            return "away"
        everything: dict[str, Json] = {"roomId": self.places[0], "content": "hi", "isTyping": True, "messageId": "m-1"}
        assert operation.schema is not None
        return {field: everything[field] for field in self.model.protocol.schemas[operation.schema]["required"]}
