"""The people of a case and how they get where it needs them; each protocol knows its own ways."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Unpack, cast

import jwt

from conformance.case import Skipped
from conformance.http import Http
from conformance.model import Model
from conformance.person import Person
from conformance.stage import Stage
from protocols.contract import Action, Event, Json, Operation
from protocols.errors import UsageError
from simulators.people import Identity, People
from simulators.target import EndpointChanges


class Cast(ABC):
    """People on a stage. Made anew for each case; its connections are closed with it."""

    def __init__(self, stage: Stage, people: People, http: Http, scopes: "Scopes") -> None:
        self.stage = stage
        self.people = people
        self.http = http
        self.scopes = scopes
        self.places: list[str] = []
        """The places that the case plays in, by the names that the target has for them."""
        self._ready: dict[str, Person] = {}  # id of an operation -> who is ready for it as long as nothing changes

    @property
    def model(self) -> Model:
        """What the judge knows of these people."""
        return self.stage.model

    def address(self, requirement: str) -> str:
        """Return the whole address of a requirement such as `all/8`."""
        return f"{self.model.protocol.name}/{requirement}"

    def person(self, name: str) -> Person:
        """Return somebody by name."""
        return next(person for person in self.stage.people if person.name == name)

    def likely(self, who: Person) -> list[Operation]:
        """Return what somebody may emit next in a random conversation, oftener what would be accepted.

        The entry is among it only for who can do nothing else.
        """
        accepted: list[Operation] = []
        refused: list[Operation] = []
        for operation in self.model.claimed:
            if operation.event is not self.entry:
                event = self.event(operation, who)
                (accepted if self.model.foresee(who, event).refusal is None else refused).append(operation)
        if not accepted and self.entry is not None:
            accepted = [self.model.protocol.operation(self.entry)] * len(refused)
        return [*accepted * 4, *refused]

    def remarks(self, who: Person, words: str) -> list[Event]:
        """Return what somebody may say in these words now without changing anything."""
        protocol = self.model.protocol
        remarks: list[Event] = []
        for event_type, field in self.talk.items():
            operation = protocol.operation(event_type)
            base = self.base(operation, who)
            if operation in self.model.claimed and isinstance(base, Mapping):
                remarks.append(protocol.parse(Action.RECEIVE, operation.name, [{**base, field: words}]))
        return [event for event in remarks if self.model.foresee(who, event).refusal is None]

    def event(self, operation: Operation, who: Person) -> Event:
        """Return a plain event that is accepted from this person now."""
        arguments = [] if operation.schema is None else [self.base(operation, who)]
        return self.model.protocol.parse(Action.RECEIVE, operation.name, arguments)

    # ---- coming --------------------------------------------------------------------------------------------------

    async def come(
        self,
        name: str,
        *,
        like: Person | None = None,
        having: Mapping[str, str] | None = None,
        **changes: Unpack[EndpointChanges],
    ) -> Person:
        """Connect somebody new; with `like`, through another socket of the same user; with `having`, a special user.

        Where the handshake wants credentials they get those of somebody who is nobody else here. Raises Skipped when
        the target has not so many people.
        """
        if self.model.protocol.handshake is None:
            return await self.stage.connect(name, **changes)
        identity = await self.stranger(name, **(having or {})) if like is None else like.identity
        return await self.stage.connect(name, identity, **changes)

    async def stranger(self, nickname: str, **having: str) -> Identity:
        """Return credentials of somebody who is nobody on this stage, and has these details; raises Skipped."""
        taken = {person.identity.id for person in self.stage.people if person.identity is not None}
        try:
            return await self.people.somebody(nickname, but=taken, **having)
        except UsageError as error:
            raise Skipped(str(error)) from error

    def claims(self, identity: Identity) -> dict[str, Json]:
        """Return what somebody's token says; raises Skipped where the target's tokens are no JWT."""
        try:
            token = identity.token.removeprefix(self.people.prefix)
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError as error:
            raise Skipped(f"the target's tokens are no JWT that could be changed: {error}") from error
        return cast("dict[str, Json]", claims)

    def signed(self, identity: Identity, claims: Mapping[str, Json]) -> Identity:
        """Return somebody with a token of these claims, such as one that ends soon.

        Raises Skipped where the target's secret is not known.
        """
        try:
            return replace(identity, token=self.people.sign(claims))
        except UsageError as error:
            raise Skipped(str(error)) from error

    async def prepare(self, names: Sequence[str], places: int) -> None:
        """Connect people who have done nothing yet, and choose so many places for them to play in.

        Where the handshake says who they are, the last of them is another socket of the first.
        """
        self.choose_places(places)
        first, *others, last = names
        ana = await self.come(first)
        for name in others:
            await self.come(name)
        await self.come(last, like=ana)

    def choose_places(self, number: int) -> None:
        """Take so many places to play in that no other case has had."""
        self.places[:] = [self.stage.target.place(self.scopes.next(), self.scopes.run) for _ in range(number)]

    async def reconnect(self, who: Person) -> None:
        """Connect somebody again whose connection has ended, as whom they were."""
        await self.stage.connect(who.name)

    # ---- what each protocol knows --------------------------------------------------------------------------------

    talk: ClassVar[Mapping[type[Event], str]] = {}
    """Events that change nothing but what is said, and the field with the words: several may be under way at once."""
    entry: ClassVar[type[Event] | None] = None
    """The event by which one enters a place, if there is one; random conversations use `enter` for it."""

    @abstractmethod
    async def assemble(self) -> None:
        """Bring the usual people to their usual places: ana, ben and cho together, dee elsewhere, eve not yet in."""

    @abstractmethod
    async def ready(self, operation: Operation) -> Person:
        """Bring the people to where this operation is accepted, from wherever they are, and return who may emit it."""

    @abstractmethod
    def base(self, operation: Operation, who: Person) -> Json:
        """Return a plain payload of an operation that has one; it is accepted from this person after `ready`.

        Asked of everybody at any time; where nothing could be accepted it is valid all the same.
        """

    @abstractmethod
    async def outsider(self) -> Person:
        """Return somebody who is connected and has done nothing else, for whom almost everything is too early."""

    async def still_ready(self, operation: Operation) -> Person:
        """Do as `ready` the first time, for attempts that change nothing, and return who is so still."""
        if operation.id not in self._ready:
            self._ready[operation.id] = await self.ready(operation)
        return self._ready[operation.id]

    async def depart(self, who: Person) -> None:
        """Let somebody leave all places by what the protocol has for it; raises Skipped where it has nothing."""
        raise Skipped("nobody leaves a place here but by disconnecting")

    def inadmissible(self, operation: Operation) -> Event | None:
        """Return a valid event that the outsider is refused, where they are not refused the plain one of `base`."""
        return None

    async def settle(self) -> None:
        """Check, as a newcomer would see it, that the state is what the model says; where nothing shows it, nothing."""
        await self.stage.listen()

    async def enter(self, who: Person, place: int) -> None:
        """Bring somebody into one of the places, by HTTP, by what they say, or both; nothing where there are none."""
        return


class Scopes:
    """Hands out the places to play in; new ones as long as the target lets anybody make them."""

    def __init__(self, stage_run: str) -> None:
        self.run = stage_run
        self._next = 0

    def next(self) -> int:
        """Return the number of the next place."""
        self._next += 1
        return self._next - 1
