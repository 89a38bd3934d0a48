"""The people of `hub`: ana, ben and cho in one room, dee in another, eve in none; some come with several sockets."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, cast

from conformance.case import Skipped
from conformance.cast import Cast
from conformance.checks import Check
from conformance.expectation import Expectation, Outlook
from conformance.http import Reply
from conformance.models.hub import HubModel
from conformance.person import Person
from conformance.scene import require
from conformance.symptom import HTTP, Symptom, Test
from conformance.verdict import Broken
from protocols import hub
from protocols.contract import Event, Json, Operation
from protocols.errors import UsageError
from simulators.history import Direction

NOTIFICATIONS: Final = "/internal/notifications"
CREATED: Final = 201
REFUSED: Final = frozenset({401, 403})
SERVICE: Final = "service"
"""Who posts there, in conversations."""


class HubCast(Cast):
    """Knows how to join and leave rooms, and how services post notifications."""

    entry = hub.JoinRoom
    talk: ClassVar[Mapping[type[Event], str]] = {hub.SendMessage: "content", hub.ReadMessage: "messageId"}

    @property
    def model(self) -> HubModel:
        """What the judge knows of these people."""
        return cast("HubModel", self.stage.model)

    def choose_places(self, number: int) -> None:
        """Take so many rooms that nobody else knows."""
        super().choose_places(number)
        self.model.places[:] = self.places

    async def prepare(self, names: Sequence[str], places: int) -> None:
        """Connect people who are in no room yet; the last of them is another socket of the first."""
        self.choose_places(places)
        first, *others, last = names
        ana = await self.come(first)
        for name in others:
            await self.come(name)
        await self.come(last, like=ana)

    async def assemble(self) -> None:
        """Bring ana, ben and cho into one room and dee into another; eve only connects."""
        self.choose_places(2)
        for name, place in (("ana", 0), ("ben", 0), ("cho", 0), ("dee", 1)):
            await self.enter(await self.come(name), place)
        await self.outsider()

    def people_here(self) -> tuple[Person, Person, Person]:
        """Return ana, ben and cho."""
        return self.person("ana"), self.person("ben"), self.person("cho")

    # ---- rooms -------------------------------------------------------------------------------------------------

    async def enter(self, who: Person, place: int) -> None:
        """Let somebody join one of the case's rooms, be they in it or not."""
        await self.stage.say(who, hub.JoinRoom(roomId=self.places[place]))

    async def outsider(self) -> Person:
        """Return eve, connected and in no room."""
        eve = next((person for person in self.stage.people if person.name == "eve"), None)
        if eve is None or not eve.is_connected:
            return await self.come("eve")
        await self.depart(eve)
        return eve

    async def depart(self, who: Person) -> None:
        """Let somebody leave every room that they are in."""
        for room in self.model.joined(who):
            await self.stage.say(who, hub.LeaveRoom(roomId=room))

    async def say(self, who: Person, content: str, place: int = 0) -> hub.Message:
        """Let somebody say something in a room they are in, and return it as they hear it themselves."""
        heard = await self.stage.say(who, hub.SendMessage(roomId=self.places[place], content=content))
        [message] = [received.event for received in heard.by[who] if isinstance(received.event, hub.Message)]
        return message

    async def ready(self, operation: Operation) -> Person:
        """Return eve at the door to join a room, or ana in the first room for all else."""
        if not self.stage.people:
            await self.assemble()
        if operation.event is hub.JoinRoom:
            return await self.outsider()
        ana = self.person("ana")
        if ana not in self.model.members(f"room:{self.places[0]}"):
            await self.enter(ana, 0)
        return ana

    def likely(self, who: Person) -> list[Operation]:
        """Return what somebody may emit next; who is in no room does little but join one."""
        operations = super().likely(who)
        entry = self.model.protocol.operation(hub.JoinRoom)
        return operations if self.model.joined(who) else [entry] * len(operations) + operations

    def base(self, operation: Operation, who: Person) -> Json:
        """Return a plain payload, of a room they are in where they are in one."""
        if operation.event is hub.UpdatePresence:
            return "away"
        joined = self.model.joined(who)
        is_entry = operation.event is hub.JoinRoom or not joined
        everything: dict[str, Json] = {
            "roomId": self.places[0] if is_entry else joined[0],
            "content": "hello",
            "isTyping": True,
            "messageId": "message-1",
        }
        assert operation.schema is not None
        return {field: everything[field] for field in self.model.protocol.schemas[operation.schema]["required"]}

    async def settle(self) -> None:
        """Let a newcomer join the first room, speak and vanish: so it shows who is in the room, and who is not."""
        newcomer = await self.come(f"new{len(self.stage.people)}")
        await self.enter(newcomer, 0)
        await self.say(newcomer, "who is here?")
        await self.stage.leave(newcomer)

    # ---- notifications -----------------------------------------------------------------------------------------

    @property
    def service_bearer(self) -> str:
        """The header that opens the HTTP for services; raises Skipped where the token is not known."""
        if not (token := self.stage.target.service_token):
            raise Skipped("the target's service token is not known; add a [service] table with token or token_env")
        return f"Bearer {token}"

    async def post(self, bearer: str, body: Json, requirement: str) -> Reply:
        """Post something to where services post notifications; it and its answer stand in the conversation."""
        headers = {"Authorization": bearer} if bearer else {}
        history = self.stage.history
        history.append(SERVICE, Direction.SENT, f"POST {NOTIFICATIONS}", [body])
        reply = await self.http.ask("POST", NOTIFICATIONS, requirement, headers=headers, json=body)
        history.append(SERVICE, Direction.RECEIVED, str(reply))
        return reply

    def _prove_service(self, reply: Reply) -> None:
        """Take a token of the target file for wrong where it never did any good; from then on a refusal is a fault."""
        token, proven = self.stage.target.service_token, self.people.proven
        if reply.status == CREATED:
            proven.add(token)
        elif reply.status in REFUSED and self.stage.target.service is not None and token not in proven:
            raise UsageError(f"the target refuses the service token: {reply}; is it right in [service]?")

    async def notify(self, user_id: str, title: str, kind: str = "system") -> str:
        """Let a service tell a user something: all its sockets hear it, or it waits. Returns its id."""
        self.stage.begin(f"{SERVICE} = notifies {user_id}: {title}")
        posted: dict[str, Json] = {"type": kind, "title": title, "content": f"{title}, in full"}
        requirement = "hub/notification/3"
        reply = await self.post(self.service_bearer, {"userId": user_id, **posted}, requirement)
        self._prove_service(reply)
        answer = reply.expect(requirement, CREATED).json(requirement)
        receivers = self.model.sockets(user_id)
        is_right = isinstance(answer.get("id"), str) and answer.get("delivered") is bool(receivers)
        test = Test(("body",), "lacks", "id") if "id" not in answer else None
        delivered = test or Test(("body", "delivered"), "is not", bool(receivers))
        require(
            is_right,
            requirement,
            f"an id, and delivered: {bool(receivers)}",
            reply,
            check=Check.HTTP_BODY,
            shown=[Symptom.heard(HTTP, HTTP, delivered, times=1)],
        )
        whole = {**posted, "id": str(answer["id"]), "isRead": False}
        operation = self.model.protocol.operation(hub.Notification)
        due = [Expectation(who, operation, {}, 1000, "hub/notification/1") for who in receivers]
        try:
            heard = await self.stage.overhear(f"POST {NOTIFICATIONS}", Outlook(due))
        except Broken as broken:
            if "hub/all/5" in (broken.requirement, *broken.also):  # heard by somebody whom it does not concern
                raise broken.at("hub/notification/2") from broken
            raise
        for who in receivers:
            [told] = heard.payloads(who, hub.Notification.event_name)
            came = {name: told[name] for name in whole}
            wrong = [name for name in whole if came[name] != whole[name]]
            shown = [Symptom.told(who, hub.Notification.event_name, (name,), whole[name]) for name in wrong[:1]]
            require(came == whole, requirement, f"{who} hears what was posted: {whole}", came, shown=shown)
        if not receivers:
            self.model.waiting.setdefault(user_id, []).append(whole)
        return str(answer["id"])
