"""What a player of `space` may rely on: who sits in which space, party and zone, and what each of them may do.

The contract says who hears what; here stands only what it cannot say by itself: how an accepted event changes who is
where, and what its named conditions mean.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, TypeGuard

import hypothesis.strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import MISSING

from conformance.checks import Check
from conformance.expectation import Heard
from conformance.model import Model
from conformance.person import Person
from conformance.strategies import valid
from conformance.symptom import EACH, Symptom
from conformance.verdict import Broken
from protocols import space
from protocols.contract import Event, Json, Operation, Protocol
from simulators.people import Identity
from simulators.target import Target

NOBODY: Final = "nobody-is-called-this"
"""An id that no player and no party has."""


@dataclass
class Seat:
    """Somebody's place in a space, as others see it."""

    scope: str
    id: str
    nickname: str
    avatar: str
    is_staff: bool = False
    position: Mapping[str, Json] | None = None
    """x, y, direction and isMoving as last told; None when nobody can know them."""
    party: str | None = None
    zone: str | None = None


@dataclass
class Party:
    """A party and who may enter it."""

    name: str
    members: list[Person] = field(default_factory=list)
    invited: list[Person] = field(default_factory=list)


class SpaceModel(Model):
    """Seats, parties, zones and the proximity setting of every space that the cast plays in."""

    protocol: ClassVar[Protocol] = space.PROTOCOL

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.scopes: list[str] = []
        self.identities: dict[str, Identity] = {}  # token -> who holds it
        self.seats: dict[Person, Seat] = {}
        self.parties: dict[str, Party] = {}
        self.proximity: dict[str, bool] = {}  # space -> setting, where it was heard
        self.staff: dict[str, set[str]] = {}  # space -> ids of its OWNER and STAFF

    # ---- facts -------------------------------------------------------------------------------------------------

    def facts(self, who: Person) -> Mapping[str, Json]:
        """Return what the server knows about this player; what it cannot know is absent."""
        seat = self.seats.get(who)
        if seat is None:
            return {}
        facts: dict[str, Json] = {
            "id": seat.id,
            "nickname": seat.nickname,
            "avatarColor": seat.avatar,
            "spaceId": seat.scope,
        }
        if seat.party is not None:
            facts |= {"partyId": seat.party, "partyName": self.parties[seat.party].name}
        if seat.zone is not None:
            facts["zoneId"] = seat.zone
        return facts

    def session(self, who: Person, event: Event | None) -> Mapping[str, Json]:
        """Return whom the session token of a join stands for."""
        if not isinstance(event, space.JoinSpace) or (identity := self._identity(event)) is None:
            return {}
        return {"id": identity.id, "nickname": identity.nickname}

    def _identity(self, event: space.JoinSpace) -> Identity | None:
        """Return who a join stands for: the session's holder, or in development whoever the client says."""
        token = event.sessionToken
        identity = None if token is MISSING else self.identities.get(token)
        if identity is not None and identity.scope in (None, event.spaceId):
            return identity
        if self.target.mode == "development":
            return Identity(token="", id=event.playerId, nickname=event.nickname)
        return None

    def holds(self, condition: str, who: Person, event: Event | None) -> bool:
        """Say whether a condition of the contract holds; each name is a method below."""
        return bool(getattr(self, "_" + condition.replace("-", "_"))(who, self.seats.get(who), event))

    def _joined(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        return seat is not None

    def _admitted(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        return isinstance(event, space.JoinSpace) and self._identity(event) is not None

    def _full(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        return False  # no cast of ours is large enough

    def _session_in_use(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        return self._other_socket(who, event) is not None

    def _taking_over(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        other = self._other_socket(who, event)
        return isinstance(event, space.JoinSpace) and other is not None and self.seats[other].scope == event.spaceId

    def _other_socket(self, who: Person, event: Event | None) -> Person | None:
        user_id = self.session(who, event).get("id")
        return next((p for p, seat in self.seats.items() if p is not who and seat.id == user_id), None)

    def _staff(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        return seat is not None and seat.is_staff

    def _target_here(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        if seat is None or not isinstance(event, space.WhisperSend | space.PartyInvite):
            return False
        target = self._other(event.targetId, who)
        return target is not None and self.seats[target].scope == seat.scope

    def _target_in_party(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        if not isinstance(event, space.PartyInvite) or (party := self.parties.get(event.partyId)) is None:
            return False
        return self._other(event.targetId, who) in party.members

    def _in_party(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        return seat is not None and seat.party is not None

    def _party_member(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        return _names_party(event) and seat is not None and seat.party == event.partyId

    def _party_full(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        return False  # no cast of ours is large enough

    def _invited(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        party = self.parties.get(event.partyId) if _names_party(event) else None
        return party is not None and who in party.invited

    def _zone_talk(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        return isinstance(event, space.ChatMessageRequest) and event.type == "party"

    def _in_zone(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        return seat is not None and seat.zone is not None

    def _in_other_zone(self, who: Person, seat: Seat | None, event: Event | None) -> bool:
        zone = None if seat is None else seat.zone
        return zone is not None and isinstance(event, space.JoinParty) and zone != event.partyId

    # ---- rooms -------------------------------------------------------------------------------------------------

    def members(self, room: str) -> Collection[Person]:
        """Return who is in `space:ID`, `party:ID` or `zone:SPACE/ID`."""
        kind, _, name = room.partition(":")
        match kind:
            case "space":
                return [person for person, seat in self.seats.items() if seat.scope == name]
            case "party":
                return list(self.parties[name].members) if name in self.parties else []
            case "zone":
                return [person for person, seat in self.seats.items() if f"{seat.scope}/{seat.zone}" == name]
        raise LookupError(f"the contract speaks of a room {room!r} that the model does not know")

    def user_id(self, who: Person) -> Json:
        """Return under which id somebody sits in a space."""
        return self.seats[who].id if who in self.seats else None

    def sockets(self, user_id: Json) -> Collection[Person]:
        """Return who sits in any space under this id."""
        return [person for person, seat in self.seats.items() if seat.id == user_id]

    def _other(self, user_id: str, who: Person) -> Person | None:
        return next((person for person in self.sockets(user_id) if person is not who), None)

    def describe(self) -> str:
        """Say who is where."""
        places: list[str] = []
        for scope in dict.fromkeys(seat.scope for seat in self.seats.values()):
            places.append(f"{', '.join(p.name for p in self.members(f'space:{scope}'))} in {scope}")
        for party_id, party in self.parties.items():
            invited = f" ({', '.join(p.name for p in party.invited)} invited)" if party.invited else ""
            places.append(f"{', '.join(p.name for p in party.members)} in party {party_id[:8]}{invited}")
        for scope, zone in dict.fromkeys((s.scope, s.zone) for s in self.seats.values() if s.zone is not None):
            places.append(f"{', '.join(p.name for p in self.members(f'zone:{scope}/{zone}'))} in zone {zone}")
        return "; ".join(places) or "nobody is in a space"

    # ---- changes -----------------------------------------------------------------------------------------------

    def apply(self, who: Person, event: Event, heard: Heard) -> None:
        """Change who is where as this accepted event does."""
        match event:
            case space.JoinSpace():
                self._join(who, event, heard)
            case space.LeaveSpace():
                self.leave(who)
            case space.PlayerMove():
                fields = ("x", "y", "direction", "isMoving")
                self.seats[who].position = {key: value for key, value in event.to_json().items() if key in fields}
            case space.PlayerJump():
                self.seats[who].position = None  # whether a jump ends where it began is nowhere promised
            case space.PartyCreate():
                party_id = str(heard.payloads(who, space.PartyJoined.event_name)[0]["partyId"])
                self.parties[party_id] = Party(event.name, [who])
                self.seats[who].party = party_id
            case space.PartyInvite():
                guest = self._other(event.targetId, who)
                party = self.parties[event.partyId]
                if guest is not None and guest not in party.invited:
                    party.invited.append(guest)
            case space.PartyAccept():
                self.parties[event.partyId].invited.remove(who)
                self.parties[event.partyId].members.append(who)
                self.seats[who].party = event.partyId
            case space.PartyDecline():
                self.parties[event.partyId].invited.remove(who)
            case space.PartyLeave():
                self._leave_party(who)
            case space.ProximitySet():
                self.proximity[self.seats[who].scope] = event.enabled
            case space.JoinParty():
                self.seats[who].zone = event.partyId
            case space.LeaveParty():
                self.seats[who].zone = None

    def _join(self, who: Person, event: space.JoinSpace, heard: Heard) -> None:
        identity = self._identity(event)
        assert identity is not None  # else it would have been refused
        if (other := self._other_socket(who, event)) is not None:
            self.leave(other)
        self.leave(who)
        mine = [player for player in self._roster(who, heard) if player["id"] == identity.id]
        position = {key: mine[0][key] for key in ("x", "y", "direction", "isMoving")} if mine else None
        is_staff = identity.id in self.staff.get(event.spaceId, ())
        self.seats[who] = Seat(event.spaceId, identity.id, identity.nickname, event.avatarColor, is_staff, position)

    def leave(self, who: Person) -> None:
        """Take somebody out of space, party and zone; open invitations go too."""
        if who in self.seats:
            self._leave_party(who)
            scope = self.seats.pop(who).scope
            if not self.members(f"space:{scope}"):
                self.proximity.pop(scope, None)
        for party in self.parties.values():
            if who in party.invited:
                party.invited.remove(who)

    def _leave_party(self, who: Person) -> None:
        party_id, self.seats[who].party = self.seats[who].party, None
        if party_id is not None:
            self.parties[party_id].members.remove(who)
            if not self.parties[party_id].members:
                del self.parties[party_id]

    # ---- beyond the templates ----------------------------------------------------------------------------------

    def promises(self, who: Person, event: Event, heard: Heard) -> Iterator[Broken]:
        """Check rosters, members and settings, which the contract promises in words."""
        match event:
            case space.JoinSpace():
                yield from self._check_roster(who, event, heard)
                yield from self._check_proximity(who, event, heard)
            case space.PartyAccept():
                members = [*self.members(f"party:{event.partyId}"), who]
                yield from self._check_members(members, heard, "space/party/6")
            case space.JoinParty():
                zone = f"zone:{self.seats[who].scope}/{event.partyId}"
                yield from self._check_members(list(dict.fromkeys([*self.members(zone), who])), heard, "space/zone/2")

    def _roster(self, who: Person, heard: Heard) -> Sequence[Mapping[str, Json]]:
        for payload in heard.payloads(who, space.RoomJoined.event_name):
            players = payload["players"]
            assert isinstance(players, Sequence)
            return [player for player in players if isinstance(player, Mapping)]
        return []

    def _check_roster(self, who: Person, event: space.JoinSpace, heard: Heard) -> Iterator[Broken]:
        identity = self._identity(event)
        assert identity is not None
        seats = {self.seats[p].id: self.seats[p] for p in self.members(f"space:{event.spaceId}") if p is not who}
        wanted = sorted({*seats, identity.id})
        roster = self._roster(who, heard)
        came = sorted(str(player["id"]) for player in roster)
        if came != wanted:
            yield Broken(
                "space/join/2",
                f"players are exactly {', '.join(wanted)}",
                f"players {', '.join(came)}",
                check=Check.PRESENCE_CONVERGES,
            ).shown(Symptom.listed(who, space.RoomJoined.event_name, ("players", EACH, "id"), [*wanted], [*came]))
        for player in roster:
            seat = seats.get(str(player["id"]))
            if seat is None or player["id"] == identity.id:
                continue
            known = {"nickname": seat.nickname, "avatarColor": seat.avatar, **(seat.position or {})}
            wrong = {key: player.get(key) for key, value in known.items() if player.get(key) != value}
            if wrong:
                told = {key: known[key] for key in wrong}
                yield Broken(
                    "space/join/2",
                    f"{seat.id} is listed with its last known {told}",
                    f"it is listed with {wrong}",
                    check=Check.PRESENCE_CONVERGES,
                ).shown(
                    Symptom.told(
                        who,
                        space.RoomJoined.event_name,
                        ("players", roster.index(player), name := next(iter(wrong))),
                        known[name],
                    )
                )

    def _check_proximity(self, who: Person, event: space.JoinSpace, heard: Heard) -> Iterator[Broken]:
        known = self.proximity.get(event.spaceId)
        for payload in heard.payloads(who, space.ProximityChanged.event_name):
            if known is not None and payload["enabled"] != known:
                yield Broken(
                    "space/proximity/3",
                    f"the newcomer learns enabled={known}",
                    f"enabled={payload['enabled']}",
                    check=Check.PRESENCE_CONVERGES,
                ).shown(Symptom.told(who, space.ProximityChanged.event_name, ("enabled",), known))

    def _check_members(self, members: Sequence[Person], heard: Heard, requirement: str) -> Iterator[Broken]:
        wanted = sorted(self.seats[member].id for member in members)
        for member in members:
            for payload in heard.payloads(member, space.PartyJoined.event_name):
                listed = payload["members"]
                came = sorted(map(str, listed)) if isinstance(listed, Sequence) else []
                if came != wanted:
                    expected = f"{member.name} hears party:joined with members {', '.join(wanted)}"
                    shown = Symptom.listed(member, space.PartyJoined.event_name, ("members",), [*wanted], [*came])
                    wrong = Broken(requirement, expected, f"members {', '.join(came)}", check=Check.PRESENCE_CONVERGES)
                    yield wrong.shown(shown)

    # ---- payloads ----------------------------------------------------------------------------------------------

    def payloads(self, operation: Operation, who: Person) -> SearchStrategy[Json]:
        """Return valid payloads that speak, as far as they can, of people, parties and spaces that exist."""
        assert operation.schema is not None
        if operation.event is space.JoinSpace:
            return st.sampled_from([scope for scope in self.scopes if scope in who.identities]).flatmap(
                lambda scope: valid(
                    self.protocol,
                    "JoinSpace",
                    overrides={"spaceId": st.just(scope), "sessionToken": st.just(who.identities[scope].token)},
                )
            )
        ids = [seat.id for seat in self.seats.values()]
        parties = [*self.parties, "fountain", NOBODY]
        overrides: dict[str, SearchStrategy[Json]] = {
            "targetId": st.sampled_from([*ids, NOBODY]),
            "partyId": st.sampled_from(parties),
            "id": st.sampled_from([*ids, NOBODY]),
        }
        fields = self.protocol.schemas[operation.schema]["properties"]
        return valid(
            self.protocol, operation.schema, overrides={key: item for key, item in overrides.items() if key in fields}
        )


_AboutParty = space.PartyAccept | space.PartyDecline | space.PartyLeave | space.PartyInvite | space.PartyMessageRequest


def _names_party(event: Event | None) -> TypeGuard[_AboutParty]:
    return isinstance(event, _AboutParty)
