"""What a member of `gateway` may rely on: who is a member of which room, who hears it, and what was said there.

The contract says who hears what; here stands only what it cannot say by itself: how membership comes about, which
messages are retries, and that the messageIds of a room rise.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

import hypothesis.strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import MISSING

from conformance.checks import Check
from conformance.expectation import Heard
from conformance.model import Model
from conformance.person import Person
from conformance.strategies import valid
from conformance.symptom import Symptom, Test
from conformance.verdict import Broken
from protocols import gateway
from protocols.contract import Event, Json, Operation, Protocol
from simulators.people import Identity
from simulators.target import Target

NOWHERE: Final = "00000000-0000-4000-8000-00000000dead"
"""The id of a room that there is not."""
READABLE: Final = 64
"""Characters of the longest clientMsgId that an ack has room for."""


@dataclass
class Room:
    """A room that somebody here has made."""

    id: str
    name: str
    members: dict[str, Identity] = field(default_factory=dict)
    """By the id of the user."""
    listeners: list[Person] = field(default_factory=list)
    """The sockets that joined, in that order."""
    said: list[Mapping[str, Json]] = field(default_factory=list)
    """What was accepted, in order, as newMessage has it; without messageId and createdAt where nobody heard it."""

    def has(self, sender_id: Json, client_msg_id: str) -> bool:
        """Say whether this message of this sender was accepted before."""
        return any(one["senderId"] == sender_id and one["clientMsgId"] == client_msg_id for one in self.said)

    @property
    def last_id(self) -> str:
        """The last messageId that anybody heard; empty where nobody heard any."""
        return next((str(one["messageId"]) for one in reversed(self.said) if "messageId" in one), "")


class GatewayModel(Model):
    """The rooms that the cast has made, and all that was accepted there."""

    protocol: ClassVar[Protocol] = gateway.PROTOCOL
    one_order: ClassVar[str] = "gateway/order/2"

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.rooms: dict[str, Room] = {}
        """By their ids, in the order in which they were made."""

    # ---- facts -------------------------------------------------------------------------------------------------

    def facts(self, who: Person) -> Mapping[str, Json]:
        """Return whom the token stands for."""
        return {} if who.identity is None else {"id": who.identity.id}

    def holds(self, condition: str, who: Person, event: Event | None) -> bool:
        """Say whether a condition of the contract holds."""
        match condition, event:
            case "member", gateway.JoinRoom(roomId=room_id) | gateway.SendMessage(roomId=room_id):
                return self.is_member(who, room_id)
            case "retried", gateway.SendMessage(roomId=room_id, clientMsgId=client_msg_id):
                room = self.rooms.get(room_id)
                return room is not None and room.has(self.user_id(who), client_msg_id)
            case "typed", gateway.SendMessage(type=kind):
                return kind is not MISSING
        raise LookupError(f"the contract speaks of a condition {condition!r} that the model does not know here")

    def is_member(self, who: Person, room_id: str) -> bool:
        """Say whether somebody is a member of a room."""
        room = self.rooms.get(room_id)
        return room is not None and self.user_id(who) in room.members

    def members(self, room: str) -> Collection[Person]:
        """Return the sockets that joined `room:ID`."""
        known = self.rooms.get(room.removeprefix("room:"))
        return [] if known is None else list(known.listeners)

    def enters(self, who: Person, room: str, event: Event | None) -> bool:
        """Say no: only joinRoom makes a socket hear a room."""
        return False

    def readable(self, operation: Operation, arguments: Sequence[object]) -> Mapping[str, Json]:
        """Return the clientMsgId that a refusal echoes: a text of up to 64 characters, else "" (`gateway/send/3`).

        What can be read of several arguments is left open.
        """
        if operation.event is not gateway.SendMessage or len(arguments) > 1:
            return {}
        payload = arguments[0] if arguments else None
        said = payload.get("clientMsgId") if isinstance(payload, Mapping) else None
        return {"clientMsgId": said if isinstance(said, str) and len(said) <= READABLE else ""}

    def describe(self) -> str:
        """Say who hears which room, and who else is a member."""
        places = [_described(room, number) for number, room in enumerate(self.rooms.values(), 1)]
        return "; ".join(places) or "there is no room"

    # ---- changes -----------------------------------------------------------------------------------------------

    def apply(self, who: Person, event: Event, heard: Heard) -> None:
        """Let a socket hear a room, or note what was said there."""
        match event:
            case gateway.JoinRoom(roomId=room_id):
                listeners = self.rooms[room_id].listeners
                if who not in listeners:
                    listeners.append(who)
            case gateway.SendMessage(roomId=room_id):
                room = self.rooms[room_id]
                if not room.has(self.user_id(who), event.clientMsgId):
                    told = next(iter(self._told(event, heard).values()), None)
                    room.said.append(told or self._accepted(who, event))

    def leave(self, who: Person) -> None:
        """Take a socket out of all rooms; its user stays a member."""
        for room in self.rooms.values():
            if who in room.listeners:
                room.listeners.remove(who)

    def _accepted(self, who: Person, event: gateway.SendMessage) -> Mapping[str, Json]:
        """Return what is known of a message that nobody was there to hear."""
        return {
            "roomId": event.roomId,
            "senderId": self.user_id(who),
            "clientMsgId": event.clientMsgId,
            "type": "TEXT" if event.type is MISSING else event.type,
            "content": event.content,
        }

    def _told(self, event: gateway.SendMessage, heard: Heard) -> dict[Person, Mapping[str, Json]]:
        """Return this message as each listener heard it."""
        told: dict[Person, Mapping[str, Json]] = {}
        for person in self.rooms[event.roomId].listeners:
            for payload in heard.payloads(person, gateway.NewMessage.event_name):
                if payload["clientMsgId"] == event.clientMsgId:
                    told.setdefault(person, payload)
        return told

    # ---- beyond the templates ----------------------------------------------------------------------------------

    def promises(self, who: Person, event: Event, heard: Heard) -> Iterator[Broken]:
        """Check that a message is the same for all who hear it, and stands behind those before it."""
        if not isinstance(event, gateway.SendMessage):
            return
        told = self._told(event, heard)
        ids = {person.name: str(payload["messageId"]) for person, payload in told.items()}
        if len(set(ids.values())) > 1:
            yield Broken(
                "gateway/order/2", "one messageId for all who hear a message", str(ids), check=Check.ORDER_PER_ROOM
            ).shown(_other_id(ids))
        last = self.rooms[event.roomId].last_id
        for name, message_id in ids.items():
            if message_id <= last:
                came = f"{name} heard {message_id} after it"
                yield Broken(
                    "gateway/order/1", f"a messageId above the last one, {last}", came, check=Check.ORDER_PER_ROOM
                ).shown(Symptom.heard(name, gateway.NewMessage.event_name, Test(("messageId",), "is under", last)))

    # ---- payloads ----------------------------------------------------------------------------------------------

    def payloads(self, operation: Operation, who: Person) -> SearchStrategy[Json]:
        """Return valid payloads that speak of rooms which exist and of messages that were accepted."""
        assert operation.schema is not None
        rooms = st.sampled_from([*self.rooms, *self.rooms, NOWHERE])
        used = [str(one["clientMsgId"]) for room in self.rooms.values() for one in room.said]
        fresh = st.uuids().map(str)
        overrides: dict[str, SearchStrategy[Json]] = {
            "roomId": rooms,
            "clientMsgId": st.sampled_from(used) | fresh if used else fresh,
        }
        fields = self.protocol.schemas[operation.schema].get("properties", {})
        known = {name: strategy for name, strategy in overrides.items() if name in fields}
        return valid(self.protocol, operation.schema, overrides=known)


def _other_id(ids: Mapping[str, str]) -> Symptom:
    """Return that somebody hears another messageId than the first does."""
    first = next(iter(ids.values()))
    name = next(name for name, message_id in ids.items() if message_id != first)
    return Symptom.told(name, gateway.NewMessage.event_name, ("messageId",), first)


def _described(room: Room, number: int) -> str:
    hearing = ", ".join(person.name for person in room.listeners) or "nobody"
    present = {person.identity.id for person in room.listeners if person.identity is not None}
    others = len(room.members.keys() - present)
    return f"{hearing} in room {number}" + (f" ({others} more may join)" if others else "")
