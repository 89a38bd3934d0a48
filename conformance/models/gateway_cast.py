"""The people of `gateway`: ana, ben and cho in one room, dee in another, eve in none; and HTTP that lets them in."""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, cast

from conformance.cast import Cast
from conformance.checks import Check
from conformance.expectation import differing, told
from conformance.http import Reply
from conformance.models.gateway import NOWHERE, GatewayModel, Room
from conformance.person import Person
from conformance.symptom import EACH, HTTP, Path, Symptom, Test
from conformance.verdict import Broken
from protocols import gateway
from protocols.contract import Event, Json, Operation
from simulators import strict_json
from simulators.history import Direction
from simulators.people import Identity
from simulators.strict_json import Value

PAGE: Final = 100
"""Messages that one page holds at most."""
STORED_MS: Final = 1000
"""By when an accepted message has arrived, and so can be read."""


class GatewayCast(Cast):
    """Knows how to make a room, become a member, listen, and read what was said."""

    talk: ClassVar[Mapping[type[Event], str]] = {gateway.SendMessage: "content"}

    ids_at: Path = ()
    """Where in an answer the ids of a page stand; by the first page."""

    @property
    def model(self) -> GatewayModel:
        """What the judge knows of these people."""
        return cast("GatewayModel", self.stage.model)

    # ---- coming ------------------------------------------------------------------------------------------------

    async def prepare(self, names: Sequence[str], places: int) -> None:
        """Connect people who are in no room, and make rooms in which nobody is but a host who never connects.

        The last of the people is another socket of the first.
        """
        host = await self.stranger("host")
        for number in range(places):
            await self.make_room(host, f"Place {number + 1}")
        first, *others, last = names
        ana = await self.come(first)
        for name in others:
            await self.come(name)
        await self.come(last, like=ana)

    async def assemble(self) -> None:
        """Let ana make a room, and ben and cho join it; dee makes another, and eve is in none."""
        for name in ("ana", "ben", "cho", "dee", "eve"):
            await self.come(name)
        for maker, guests in (("ana", ("ben", "cho")), ("dee", ())):
            room = await self.make_room(self.identity(self.person(maker)), f"The room of {maker}")
            for name in (maker, *guests):
                await self.admit(self.person(name), room)
                await self.listen_in(self.person(name), room)

    async def outsider(self) -> Person:
        """Return eve, connected and a member of no room."""
        if not any(person.name == "eve" for person in self.stage.people):
            return await self.come("eve")
        eve = self.person("eve")
        return eve if eve.is_connected else await self.stage.connect("eve")

    async def reconnect(self, who: Person) -> None:
        """Connect somebody again; like any client, they read what was said in their rooms meanwhile."""
        await self.stage.connect(who.name)
        for room in self.model.rooms.values():
            if self.model.is_member(who, room.id):
                await self.recall(room, who)

    async def enter(self, who: Person, place: int) -> None:
        """Make somebody a member of one of the case's rooms, let them hear it, and read what was said before."""
        room = self.room(place)
        await self.admit(who, room)
        await self.listen_in(who, room)
        await self.recall(room, who)

    async def ready(self, operation: Operation) -> Person:
        """Bring the people to where this operation is accepted; who joins is a member already, and new if possible."""
        if not self.stage.people:
            await self.assemble()
        if operation.event is not gateway.JoinRoom:
            return self.person("ana")
        if any(person.name == "fay" for person in self.stage.people):
            return self.person("fay")
        fay = await self.come("fay")
        await self.admit(fay, self.room(0))
        return fay

    def base(self, operation: Operation, who: Person) -> Mapping[str, Json]:
        """Return a plain payload, about the first room that they are a member of."""
        mine = [room.id for room in self.model.rooms.values() if self.model.is_member(who, room.id)]
        room_id = [*mine, *self.places, NOWHERE][0]
        if operation.event is gateway.JoinRoom:
            return {"roomId": room_id}
        if operation.event is gateway.SendMessage:
            return {"roomId": room_id, "clientMsgId": new_id(), "content": "hello"}
        return {}

    def room(self, place: int) -> Room:
        """Return one of the case's rooms."""
        return self.model.rooms[self.places[place]]

    def identity(self, who: Person) -> Identity:
        """Return somebody's credentials; whoever connects to gateway has some."""
        assert who.identity is not None
        return who.identity

    # ---- saying ------------------------------------------------------------------------------------------------

    async def listen_in(self, who: Person, room: Room) -> None:
        """Let a socket hear a room, unless it does already."""
        if who not in room.listeners:
            await self.stage.say(who, gateway.JoinRoom(roomId=room.id))

    async def send(self, who: Person, room: Room, content: str, client_msg_id: str = "") -> str:
        """Let somebody say something, as something new unless an id is given; return its clientMsgId."""
        client_msg_id = client_msg_id or new_id()
        await self.stage.say(
            who, gateway.SendMessage(roomId=room.id, clientMsgId=client_msg_id, type="TEXT", content=content)
        )
        return client_msg_id

    # ---- HTTP --------------------------------------------------------------------------------------------------

    async def ask(
        self,
        method: str,
        path: str,
        requirement: str,
        *,
        by: Identity | None = None,
        headers: Mapping[str, str] | None = None,
        json: Json = None,
    ) -> Reply:
        """Make a request as `Http.ask` does; it and its answer stand in the conversation."""
        actor = next((who.name for who in self.stage.people if by is not None and who.identity == by), "somebody")
        self.stage.begin()
        history = self.stage.history
        history.append(actor, Direction.SENT, f"{method} {path}", [] if json is None else [cast("Value", json)])
        reply = await self.http.ask(method, path, requirement, by=by, headers=headers, json=json)
        body = _body(reply)
        history.append(actor, Direction.RECEIVED, f"HTTP {reply.status}", [] if body is None else [body])
        return reply

    async def make_room(self, maker: Identity, name: str) -> Room:
        """Make a room for the case to play in; its maker is a member."""
        if self.stage.target.rooms.make:
            return self._know_room(await self.people.make_room(maker, name), name, maker)
        requirement = self.address("rooms/1")
        reply = await self.ask("POST", "/rooms", requirement, by=maker, json={"name": name})
        made = reply.expect(requirement, 200, 201).json(requirement)
        if not isinstance(made.get("id"), str) or made.get("name") != name:
            raise Broken(requirement, f"a room with an id and the name {name!r}", str(reply), check=Check.HTTP_BODY)
        return self._know_room(made["id"], name, maker)

    def _know_room(self, room_id: str, name: str, maker: Identity) -> Room:
        room = self.model.rooms[room_id] = Room(room_id, name, {maker.id: maker})
        self.places.append(room_id)
        return room

    async def admit(self, who: Person, room: Room) -> None:
        """Make somebody a member, unless they are one."""
        identity, requirement = self.identity(who), self.address("rooms/2")
        if identity.id in room.members:
            return
        self.stage.steps.append(f"{who} = becomes a member")
        if self.stage.target.rooms.join:
            await self.people.join_room(identity, room.id)
        else:
            reply = await self.ask("POST", f"/rooms/{room.id}/join", requirement, by=identity)
            reply.expect(requirement, 200, 201, 204)
        room.members[identity.id] = identity

    async def page(self, room: Room, by: Identity, **query: str | int) -> list[Mapping[str, Any]]:
        """Return a page of what was said in a room, which rises by messageId."""
        requirement = self.address("history/1")
        words = "&".join(f"{name}={value}" for name, value in query.items())
        reply = await self.ask("GET", f"/rooms/{room.id}/messages?{words}", requirement, by=by)
        page = listed(reply.expect(requirement, 200), requirement)
        self.ids_at = ("body", *array_of(reply), EACH, "messageId")
        ids = [one.get("messageId") for one in page]
        if not all(isinstance(one, str) for one in ids):
            raise Broken(requirement, "messages as newMessage carries them", str(reply), check=Check.HTTP_BODY)
        if ids != sorted(ids, key=str):
            broken = Broken(
                requirement, "a page that rises by messageId", ", ".join(map(str, ids)), check=Check.HTTP_BODY
            )
            raise broken.shown(Symptom.heard(HTTP, HTTP, Test(self.ids_at, "falls"), times=1))
        return page

    async def history(self, room: Room, by: Identity, *, least: int = 0) -> list[Mapping[str, Any]]:
        """Return all that was said in a room, read from its end to its beginning.

        It is not read much further than what is known to have been said there, or than `least` messages.
        """
        least = max(least, len(room.said))
        page = whole = await self.page(room, by, limit=PAGE)
        # A page may be short of what was asked for and not be the last, which is wrong, but is for others to say.
        while page and len(whole) <= least and (len(page) >= PAGE or len(whole) < len(room.said)):
            page = await self.page(room, by, limit=PAGE, before=page[0]["messageId"])
            whole = [*page, *whole]
        return whole

    async def recall(self, room: Room, who: Person | None = None) -> None:
        """Check that the history of a room is what was accepted there, read by a member; where one is claimed."""
        if self.stage.target.scope.reason(self.address("history")):
            return
        by = next(iter(room.members.values())) if who is None else self.identity(who)
        self.stage.steps.append(f"{'a member' if who is None else who} = reads the history")
        deadline = time.monotonic() + self.stage.target.deadline_s(STORED_MS)
        found = await self.history(room, by)
        while len(found) < len(room.said) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            found = await self.history(room, by)
        self._compare(room, found)

    def _compare(self, room: Room, found: Sequence[Mapping[str, Any]]) -> None:
        wanted, came = [_key(one) for one in room.said], [_key(one) for one in found]
        # Under which id it was sent, for which one it got is known from this answer alone.
        sent_at: Path = (*self.ids_at[:-1], "clientMsgId")
        if strange := [one for one in found if _key(one) not in wanted]:
            raise Broken(
                self.address("send/4"),
                "the history holds what was ACCEPTED alone",
                f"it holds {strange[0]}",
                check=Check.HISTORY_KEPT,
            ).shown(Symptom.heard(HTTP, HTTP, Test(sent_at, "has", strange[0].get("clientMsgId")), times=1))
        if again := [key for key in came if came.count(key) > 1]:
            raise Broken(
                self.address("send/9"),
                "the history holds a message once",
                f"{again[0]} stands there twice",
                check=Check.HISTORY_KEPT,
            ).shown(stands_twice(self.ids_at, [one["messageId"] for one in found], came.index(again[0])))
        if missing := [one for one in room.said if _key(one) not in came]:
            raise Broken(
                self.address("send/7"),
                "the history holds all that was ACCEPTED",
                f"without {missing[0]}",
                check=Check.HISTORY_KEPT,
            ).shown(Symptom.answered_otherwise(Test(self.ids_at, "has", missing[0]["messageId"])))
        if came != wanted:
            raise Broken(
                self.address("history/3"), f"in the order of delivery: {wanted}", str(came), check=Check.HISTORY_KEPT
            ).shown(Symptom.answered_otherwise(Test(self.ids_at, "is", [one["messageId"] for one in room.said])))
        for one, known in zip(found, room.said, strict=True):
            if wrong := differing(known, one):
                expected = f"message {one['messageId']} as newMessage carried it: {dict(known)}"
                raise Broken(
                    self.address("history/1"), expected, f"it stands there{told(wrong)}", check=Check.HISTORY_KEPT
                )

    async def settle(self) -> None:
        """Let somebody speak in each room, then compare what its history and members are with what they are to be."""
        for place in self.places:
            room = self.model.rooms[place]
            speaker = next((person for person in room.listeners if person.is_connected), None)
            if speaker is None:
                await self.stage.listen()
            else:
                await self.send(speaker, room, "is all as it was?")
            await self.recall(room)
            await self.count_members(room)

    async def count_members(self, room: Room) -> None:
        """Check that the members of a room are those who became one over HTTP; where it claims to list them."""
        requirement = self.address("rooms/4")
        if self.stage.target.scope.reason(requirement):
            return
        by = next(iter(room.members.values()))
        reply = await self.ask("GET", f"/rooms/{room.id}/members", requirement, by=by)
        ids = sorted(str(one.get("id")) for one in listed(reply.expect(requirement, 200), requirement))
        shown = Symptom.listed(HTTP, HTTP, ("body", *array_of(reply), EACH, "id"), sorted(room.members), ids)
        if set(ids) > room.members.keys():
            expected, came = f"nobody is a member but {', '.join(sorted(room.members))}", f"members {', '.join(ids)}"
            raise Broken(self.address("join/3"), expected, came, check=Check.PRESENCE_CONVERGES).shown(shown)
        if ids != sorted(room.members):
            raise Broken(
                requirement,
                f"members {', '.join(sorted(room.members))}, once each",
                str(reply),
                check=Check.PRESENCE_CONVERGES,
            ).shown(shown)


def array_of(reply: Reply) -> tuple[str, ...]:
    """Return where in a body the array stands that `listed` returns: it is the body, or under a name there."""
    body = _body(reply)
    return tuple(name for name, value in body.items() if isinstance(value, list)) if isinstance(body, dict) else ()


def listed(reply: Reply, requirement: str) -> list[Mapping[str, Any]]:
    """Return the objects that a reply lists: its body is an array of them, or an object with one such array."""
    body = _body(reply)
    arrays = [value for value in body.values() if isinstance(value, list)] if isinstance(body, dict) else [body]
    match arrays:
        case [list(items)] if all(isinstance(item, dict) for item in items):
            return cast("list[Mapping[str, Any]]", items)
    raise Broken(requirement, "a JSON array of objects, or an object with one", str(reply), check=Check.HTTP_BODY)


def _body(reply: Reply) -> Value:
    """Return the JSON of a reply's body; None where it is none."""
    try:
        return strict_json.loads(reply.text.encode())
    except ValueError:
        return None


def new_id() -> str:
    """Return a clientMsgId that nobody has used."""
    return str(uuid.uuid4())


def stands_twice(at: Path, ids: Sequence[str], first: int) -> Symptom:
    """Return what shows that a message stands in a history twice, of whose messages these are the ids."""
    # What does not fit on a page was read from several: each of two holds it, and the second of them is too many.
    test = Test(at, "has", ids[first]) if len(ids) > PAGE else Test(at, "is", ids)
    return Symptom.heard(HTTP, HTTP, test, times=1)


def _key(message: Mapping[str, Any]) -> tuple[Any, Any]:
    return message.get("senderId"), message.get("clientMsgId")
