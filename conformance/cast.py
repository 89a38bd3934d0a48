"""The people of a case and how they get where it needs them; each protocol knows its own ways."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import aiohttp

from conformance.model import Model
from conformance.person import Person
from conformance.stage import Stage
from protocols.contract import Action, Event, Json, Operation
from simulators.people import People


class Cast(ABC):
    """People on a stage. Made anew for each case; its connections are closed with it."""

    def __init__(self, stage: Stage, people: People, http: aiohttp.ClientSession, scopes: "Scopes") -> None:
        self.stage = stage
        self.people = people
        self.http = http
        self.scopes = scopes

    @property
    def model(self) -> Model:
        """What the judge knows of these people."""
        return self.stage.model

    def person(self, name: str) -> Person:
        """Return somebody by name."""
        return next(person for person in self.stage.people if person.name == name)

    def likely(self, who: Person) -> list[Operation]:
        """Return what somebody may emit next in a random conversation, oftener what would be accepted.

        The entry is among it only for who can do nothing else.
        """
        accepted: list[Operation] = []
        refused: list[Operation] = []
        for operation in self.model.protocol.inbound.values():
            if operation.event is not self.entry:
                arguments = [] if operation.schema is None else [self.base(operation, who)]
                event = self.model.protocol.parse(Action.RECEIVE, operation.name, arguments)
                (accepted if self.model.foresee(who, event).refusal is None else refused).append(operation)
        if not accepted:
            accepted = [self.model.protocol.operation(self.entry)] * len(refused)
        return [*accepted * 4, *refused]

    @property
    @abstractmethod
    def entry(self) -> type[Event]:
        """The event by which one enters a place; random conversations use `enter` for it."""

    @abstractmethod
    async def prepare(self, names: Sequence[str], places: int) -> None:
        """Connect people who have done nothing yet, and choose so many places for them to play in."""

    async def reconnect(self, who: Person) -> None:
        """Connect somebody again whose connection has ended."""
        await self.stage.connect(who.name)

    @abstractmethod
    async def assemble(self) -> None:
        """Bring the usual people to their usual places: some together, one elsewhere, one not yet in."""

    @abstractmethod
    async def ready(self, operation: Operation) -> Person:
        """Bring the people to where this operation is accepted, from wherever they are, and return who may emit it."""

    @abstractmethod
    def base(self, operation: Operation, who: Person) -> Mapping[str, Json]:
        """Return a plain payload that is accepted from this person now."""

    @abstractmethod
    async def outsider(self) -> Person:
        """Return somebody who is connected and has done nothing else, for whom almost everything is too early."""

    @abstractmethod
    def inadmissible(self) -> Event:
        """Return an entry that is valid and refused."""

    @abstractmethod
    async def settle(self) -> None:
        """Check, as a newcomer would see it, that the state is what the model says."""

    @abstractmethod
    async def enter(self, who: Person, place: int) -> Event:
        """Return the event that brings somebody into one of the places that the case plays in."""


class Scopes:
    """Hands out the places to play in; new ones as long as the target lets anybody make them."""

    def __init__(self, stage_run: str) -> None:
        self.run = stage_run
        self._next = 0

    def next(self) -> int:
        """Return the number of the next place."""
        self._next += 1
        return self._next - 1
