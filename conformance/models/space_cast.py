"""The people of `space`: ana, ben and cho together, dee in another space, eve at the door."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, cast

from conformance.case import Skipped
from conformance.cast import Cast
from conformance.models.space import SpaceModel
from conformance.person import Person
from conformance.verdict import Broken
from protocols import space
from protocols.contract import Event, Json, Operation
from protocols.errors import UsageError
from simulators.people import Identity, refused_session

ZONE: Final = "fountain"


class SpaceCast(Cast):
    """Knows how to enter a space, found a party and walk into a zone."""

    entry = space.JoinSpace
    talk: ClassVar[Mapping[type[Event], str]] = {
        space.ChatMessageRequest: "content",
        space.PartyMessageRequest: "content",
        space.WhisperSend: "content",
    }

    async def prepare(self, names: Sequence[str], places: int) -> None:
        """Connect people who are in no space yet."""
        self.model.scopes[:] = [self._scope() for _ in range(places)]
        for name in names:
            await self.stage.connect(name)

    async def assemble(self) -> None:
        """Seat ana, ben and cho in one space and dee in another; eve only connects."""
        self.model.scopes[:] = [self._scope(), self._scope()]
        for name, place in (("ana", 0), ("ben", 0), ("cho", 0), ("dee", 1)):
            await self.join(await self.stage.connect(name), place)
        await self.outsider()

    async def assemble_staffed(self) -> Person:
        """Seat everybody in a space that has staff, and return its OWNER or STAFF, sam."""
        scope = self.people.staffed_scopes[self.scopes.next() % len(self.people.staffed_scopes)]
        self.model.scopes[:] = [scope, self._scope()]
        staff = await self.people.staff_of(scope)
        self.model.staff[scope] = {identity.id for identity in staff}
        sam = await self.stage.connect("sam")
        self._give(sam, scope, staff[0])
        for name, place in (("ana", 0), ("ben", 0), ("dee", 1)):
            await self.join(await self.stage.connect(name), place)
        await self.join(sam, 0)
        return sam

    @property
    def model(self) -> SpaceModel:
        """What the judge knows of these people."""
        return cast("SpaceModel", self.stage.model)

    def _scope(self) -> str:
        return self.stage.target.place(self.scopes.next(), self.scopes.run)

    # ---- entering ----------------------------------------------------------------------------------------------

    async def join(self, who: Person, place: int) -> None:
        """Let somebody enter one of the case's spaces, with a session of their own.

        Raises UsageError when the target refuses one that somebody wrote down for it.
        """
        scope = self.model.scopes[place]
        identity = await self.identity(who, scope)
        join = space.JoinSpace(
            spaceId=scope,
            playerId=f"{who.name}-says",
            nickname=who.name,
            avatarColor="blue",
            sessionToken=identity.token,
        )
        try:
            await self.stage.say(who, join)
        except Broken as broken:
            # A guest's session is the target's own; one that stands in [people] may be wrong there.
            if (
                identity.scope is None
                and identity.token not in self.people.proven
                and self.stage.was_told(who, "error")
            ):
                raise UsageError(refused_session(identity, broken.came)) from broken
            raise
        self.people.proven.add(identity.token)

    async def enter(self, who: Person, place: int) -> None:
        """Let somebody enter one of the case's spaces, with a session of their own."""
        await self.join(who, place)

    async def identity(self, who: Person, scope: str) -> Identity:
        """Return somebody's session for a space, and get one where there is none yet."""
        if scope not in who.identities:
            self._give(who, scope, await self._new_identity(who, scope))
        return who.identities[scope]

    async def _new_identity(self, who: Person, scope: str) -> Identity:
        if self.people.gives_guests:
            return await self.people.guest(scope, who.name)
        taken = {identity.id for person in self.stage.people for identity in person.identities.values()}
        mine = {identity.id for identity in who.identities.values()}
        users = await self.people.users()
        for user in users:
            if user.id in mine or user.id not in taken:
                return user
        raise Skipped(f"more people are needed than the target's {len(users)} users; add users, or a way to get guests")

    def _give(self, who: Person, scope: str, identity: Identity) -> None:
        who.identities[scope] = identity
        self.model.identities[identity.token] = identity

    async def outsider(self) -> Person:
        """Return eve, connected and in no space."""
        eve = next((person for person in self.stage.people if person.name == "eve"), None)
        if eve is None or not eve.is_connected:
            return await self.stage.connect("eve")
        await self.depart(eve)
        return eve

    async def depart(self, who: Person) -> None:
        """Let somebody leave the space that they are in, if any."""
        if who in self.model.seats:
            await self.stage.say(who, space.LeaveSpace())

    # ---- getting ready -----------------------------------------------------------------------------------------

    async def ready(self, operation: Operation) -> Person:
        """Bring the people to where this operation is accepted, and return who may emit it."""
        event = operation.event
        if event is space.ProximitySet:
            return next((p for p in self.stage.people if p.name == "sam"), None) or await self.assemble_staffed()
        if not self.stage.people:
            await self.assemble()
        if event is space.JoinSpace:
            eve = await self.outsider()
            await self.identity(eve, self.model.scopes[0])
            return eve
        if event is space.LeaveSpace:
            eve = await self.outsider()
            await self.join(eve, 0)
            return eve
        ana, ben = self.person("ana"), self.person("ben")
        if event is space.PartyCreate:
            await self.leave_party(ana)
        elif event in (space.PartyInvite, space.PartyMessageRequest, space.PartyLeave):
            await self.party_up(ana, ben)
        elif event in (space.PartyAccept, space.PartyDecline):
            return await self._invited(ana)
        elif event in (space.ChatMessageRequest, space.LeaveParty):
            await self.walk_in(ana)
            await self.walk_in(ben)
        elif event is space.JoinParty:
            await self.walk_in(ben)
        return ana

    async def _invited(self, ana: Person) -> Person:
        cho = self.person("cho")
        await self.leave_party(cho)
        party_id = await self.found(ana)
        if cho not in self.model.parties[party_id].invited:
            await self.invite(ana, cho)
        return cho

    async def found(self, who: Person) -> str:
        """Let somebody found a party unless they are in one, and return its id."""
        if self.model.seats[who].party is None:
            await self.stage.say(who, space.PartyCreate(name="walkers"))
        party_id = self.model.seats[who].party
        assert party_id is not None
        return party_id

    async def invite(self, who: Person, guest: Person) -> None:
        """Let a member invite somebody into its party."""
        party_id = await self.found(who)
        await self.stage.say(who, space.PartyInvite(partyId=party_id, targetId=self.model.seats[guest].id))

    async def party_up(self, host: Person, *guests: Person) -> str:
        """Bring people into one party, and return its id."""
        party_id = await self.found(host)
        for guest in guests:
            if self.model.seats[guest].party != party_id:
                await self.leave_party(guest)
                await self.invite(host, guest)
                await self.stage.say(guest, space.PartyAccept(partyId=party_id))
        return party_id

    async def leave_party(self, who: Person) -> None:
        """Let somebody leave its party, if it has one."""
        if (party_id := self.model.seats[who].party) is not None:
            await self.stage.say(who, space.PartyLeave(partyId=party_id))

    async def walk_in(self, who: Person, zone: str = ZONE) -> None:
        """Let somebody walk into a zone, unless it is there."""
        if self.model.seats[who].zone != zone:
            await self.stage.say(who, space.JoinParty(partyId=zone, partyName="By the fountain"))

    # ---- payloads ----------------------------------------------------------------------------------------------

    def base(self, operation: Operation, who: Person) -> Mapping[str, Json]:
        """Return a plain payload that is accepted from this person now."""
        model = self.model
        if operation.event is space.JoinSpace:
            scope = model.scopes[0]
            return {
                "spaceId": scope,
                "playerId": "eve-says",
                "nickname": "eve",
                "avatarColor": "green",
                "sessionToken": who.identities[scope].token,
            }
        seat = model.seats.get(who)
        neighbours = [] if seat is None else [p for p in model.members(f"space:{seat.scope}") if p is not who]
        strangers = [p for p in neighbours if seat is not None and model.seats[p].party != seat.party] or neighbours
        invitations = [party_id for party_id, party in model.parties.items() if who in party.invited]
        party = (seat.party if seat is not None else None) or (invitations[0] if invitations else "no-party")
        everything: dict[str, Json] = {
            "x": 12.5,
            "y": -3,
            "direction": "left",
            "isMoving": True,
            "content": "hello",
            "name": "walkers",
            "enabled": True,
            "targetId": model.seats[strangers[0]].id if strangers else "nobody",
            "partyId": ZONE if operation.event is space.JoinParty else party,
            "partyName": "By the fountain",
        }
        schema = self.model.protocol.schemas[operation.schema] if operation.schema else {"required": []}
        return {field: everything[field] for field in schema["required"]}

    def inadmissible(self, operation: Operation) -> Event | None:
        """Return a join that is refused."""
        return self.forged_join() if operation.event is space.JoinSpace else None

    def forged_join(self) -> space.JoinSpace:
        """Return a join whose session token nobody has given out."""
        return space.JoinSpace(
            spaceId=self.model.scopes[0],
            playerId="intruder",
            nickname="intruder",
            avatarColor="red",
            sessionToken="guest-that-nobody-gave-out",
        )

    async def settle(self) -> None:
        """Let a newcomer enter the first space and leave again, so that its roster is compared with the model."""
        newcomer = await self.stage.connect(f"new{len(self.stage.people)}")
        await self.join(newcomer, 0)
        await self.stage.leave(newcomer)
