"""The people of `dongne`: ana, ben and cho around ana's question, dee far away with one of her own, eve with none.

Every case plays at a place of its own, somewhere at sea where nobody else is: so who is near, and what was asked there,
is known to the last question.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Unpack, cast

from conformance.case import Skipped
from conformance.cast import Cast
from conformance.models.dongne import UNKNOWN, DongneModel, Question
from conformance.models.dongne_places import Point, nowhere_else
from conformance.models.dongne_texts import SPAM
from conformance.person import Person
from protocols import dongne
from protocols.contract import Event, Json, Operation
from simulators.target import EndpointChanges

FAR: Final = 500
"""Steps to where somebody lives who is near to nobody: more than 50 km."""
LOCAL: Final = {"local": "yes", "alerts": "yes"}
"""Whom the first stage may name."""


class DongneCast(Cast):
    """Knows how people come, say where they are, ask, answer, and open questions."""

    _origin: Point | None = None
    _moved: int = 0

    @property
    def model(self) -> DongneModel:
        """What the judge knows of these people."""
        return cast("DongneModel", self.stage.model)

    @property
    def origin(self) -> Point:
        """The middle of where the case plays."""
        if self._origin is None:
            self._origin = nowhere_else(f"{self.scopes.run} {self.scopes.next()}")
        return self._origin

    # ---- coming ------------------------------------------------------------------------------------------------

    async def come(
        self,
        name: str,
        *,
        like: Person | None = None,
        having: Mapping[str, str] | None = None,
        at: Point | None = None,
        **changes: Unpack[EndpointChanges],
    ) -> Person:
        """Connect somebody new, who says where they are: at a place that is named, or within a kilometre of the middle.

        With `like` it is another socket of the same user, who is where they are.
        """
        who = await super().come(name, like=like, having=having, **changes)
        if like is None:
            await self.move(who, at or self._near())
        return who

    def _near(self) -> Point:
        self._moved += 1
        return self.origin.moved(self._moved % 5, self._moved // 5 % 5)

    async def reconnect(self, who: Person) -> None:
        """Connect somebody again, who says where they are unless another socket of theirs has."""
        await self.stage.connect(who.name)
        if self.model.user_id(who) not in self.model.at:
            await self.move(who, self._near())

    async def prepare(self, names: Sequence[str], places: int) -> None:
        """Bring people together, the last of whom is another socket of the first, and let them ask their questions."""
        first, *others, last = names
        people = [await self.come(first), *[await self.come(name) for name in others]]
        await self.come(last, like=people[0])
        for number in range(places):
            await self.place(people[number % len(people)])

    async def assemble(self) -> None:
        """Let ana ask, and ben and cho open her question; dee asks another, far away, and eve none."""
        far = self.origin.moved(FAR)
        for name in ("ana", "ben", "cho"):
            await self.come(name)
        await self.come("dee", at=far)
        for name in ("ana", "dee"):
            await self.place(self.person(name))
        for name in ("ben", "cho"):
            await self.enter(self.person(name), 0)
        await self.outsider()

    def people_here(self) -> tuple[Person, Person, Person]:
        """Return ana, ben and cho."""
        return self.person("ana"), self.person("ben"), self.person("cho")

    async def outsider(self) -> Person:
        """Return eve, far from everybody, who has not opened anything."""
        eve = next((person for person in self.stage.people if person.name == "eve"), None)
        if eve is None:
            return await self.come("eve", at=self.origin.moved(-FAR))
        if not eve.is_connected:
            await self.stage.connect("eve")
        await self.depart(eve)
        return eve

    async def depart(self, who: Person) -> None:
        """Let somebody close every question that they have open."""
        for question in list(self.model.questions.values()):
            if who in question.members:
                await self.stage.say(who, dongne.LeaveQuestion(questionId=question.id))

    # ---- doing -------------------------------------------------------------------------------------------------

    async def move(self, who: Person, at: Point) -> None:
        """Let somebody say where they are."""
        await self.stage.say(who, dongne.UpdateLocation(latitude=at.lat, longitude=at.lng))

    async def place(self, who: Person) -> Question:
        """Let somebody ask a question that others will have open; it is one of the case's places."""
        question = await self.ask(who)
        self.places.append(question.id)
        return question

    async def ask(
        self, who: Person, title: str = "", at: Point | None = None, more: Mapping[str, Json] | None = None
    ) -> Question:
        """Let somebody ask something, about where they are unless a place is named, with these fields besides."""
        there = at or self.model.at.get(self.model.user_id(who), self.origin)
        title = title or f"누가 아시나요? {len(self.model.questions) + 1}"
        payload: dict[str, Json] = {"title": title, "location": {"lat": there.lat, "lng": there.lng}}
        payload |= more or {}
        await self.stage.say(who, dongne.CreateQuestion.model_validate(payload))
        return list(self.model.questions.values())[-1]

    async def answer(self, who: Person, question: Question, content: str = "알아요") -> str:
        """Let somebody answer, and return the answer's id."""
        await self.stage.say(who, dongne.CreateAnswer(questionId=question.id, content=content))
        return str(question.answers[-1]["id"])

    async def enter(self, who: Person, place: int) -> None:
        """Let somebody open one of the case's questions, be it open or not."""
        await self.stage.say(who, dongne.JoinQuestion(questionId=self.places[place]))

    def details_of(self, requires: Callable[[Mapping[str, str]], bool]) -> Mapping[str, str]:
        """Return the details of the first user of whom something is known, for `come`; raises Skipped."""
        for account in self.stage.target.sessions.users:
            if requires(account.details):
                return account.details
        raise Skipped("nobody of whom this would be known is named; say more of the users in `details`")

    def question(self, place: int = 0) -> Question:
        """Return one of the case's questions."""
        return self.model.questions[self.places[place]]

    # ---- what the cases of the contract ask for ------------------------------------------------------------------

    async def ready(self, operation: Operation) -> Person:
        """Bring the people to where this operation is accepted; where it changes something, it still can."""
        if not self.stage.people:
            await self.assemble()
        ana, ben, _ = self.people_here()
        question = self.question()
        match operation.event:
            case dongne.JoinQuestion:
                return await self.outsider()
            case dongne.CreateQuestion | dongne.UpdateLocation | dongne.SyncUnreadMessages:
                return ana
            case dongne.AcceptAnswer:
                if all(self._is_accepted(question) for question in self._asked_by(ana)):
                    await self.answer(ben, await self.ask(ana))
                return ana
            case dongne.MessageRead:
                if not question.answers:
                    await self.answer(ben, question)
                return ana
        if ben not in question.members:
            await self.enter(ben, 0)
        if operation.event is dongne.TypingStop:
            await self.stage.say(ben, dongne.TypingStart(questionId=question.id))
        return ben

    def _asked_by(self, who: Person) -> list[Question]:
        return [q for q in self.model.questions.values() if q.notices.asker_id == self.model.user_id(who)]

    def _is_accepted(self, question: Question) -> bool:
        return question.accepted or not question.answers

    def base(self, operation: Operation, who: Person) -> Json:
        """Return a plain payload, about a question that they have open, or may accept an answer to."""
        opened = [question.id for question in self.model.questions.values() if who in question.members]
        places = [*opened, *self.places, UNKNOWN]
        match operation.event:
            case dongne.CreateQuestion:
                return {"title": "어디 있나요?", "location": {"lat": self.origin.lat, "lng": self.origin.lng}}
            case dongne.CreateAnswer:
                return {"questionId": places[0], "content": "저기 있어요"}
            case dongne.AcceptAnswer | dongne.MessageRead:
                return {"answerId": self._answer_for(who)}
            case dongne.UpdateLocation:
                return {"latitude": self.origin.lat, "longitude": self.origin.lng}
            case dongne.SyncUnreadMessages:
                return {"lastSyncTimestamp": 0}
            case dongne.JoinQuestion:
                return {"questionId": [*self.places, UNKNOWN][0]}
        return {"questionId": places[0]}

    def _answer_for(self, who: Person) -> str:
        """Return an answer that somebody may accept, or else read; the last one."""
        open_ones = [question for question in self._asked_by(who) if not self._is_accepted(question)]
        for question in [*reversed(open_ones), *self.model.questions.values()]:
            if question.answers:
                return str(question.answers[-1]["id"])
        return UNKNOWN

    def inadmissible(self, operation: Operation) -> Event | None:
        """Return an event about a question that nobody asked, or a question that advertises."""
        match operation.event:
            case dongne.CreateQuestion:
                here = dongne.Location(lat=self.origin.lat, lng=self.origin.lng)
                return dongne.CreateQuestion(title=SPAM[0], location=here)
            case dongne.CreateAnswer:
                return dongne.CreateAnswer(questionId=UNKNOWN, content="저기 있어요")
            case dongne.JoinQuestion | dongne.LeaveQuestion | dongne.TypingStart | dongne.TypingStop as event:
                return cast("type[dongne.JoinQuestion]", event)(questionId=UNKNOWN)
        return None

    async def settle(self) -> None:
        """Let a newcomer open each question of the case: it shows who has it open, and every answer to it."""
        newcomer = await self.come(f"new{len(self.stage.people)}", at=self.origin.moved(-FAR))
        for place in range(len(self.places)):
            await self.enter(newcomer, place)
        await self.stage.leave(newcomer)
