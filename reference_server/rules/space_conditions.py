"""What the conditions of the contract's `x-errors` mean, asked of what the rules of space remember."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from protocols import space
from reference_server.rules.refusals import Refusals
from reference_server.rules.space_state import CAPACITY, PARTY_CAPACITY, Identity, Party, Place, Player
from reference_server.world import Role


@dataclass(frozen=True, slots=True)
class Situation:
    """Who says what: `player` is the sender's seat, if it has one; the rest is known of a join alone."""

    event: space.Inbound
    player: Player | None
    identity: Identity | None = None
    destination: Place | None = None
    """The space to join, if anybody is in it."""

    def named_party(self) -> Party | None:
        """Return the party in the sender's space that `partyId` names."""
        return self.player.place.parties.get(getattr(self.event, "partyId", "")) if self.player else None

    def target(self) -> Player | None:
        """Return somebody else in the sender's space, whom `targetId` names."""
        found = self.player.place.players.get(getattr(self.event, "targetId", "")) if self.player else None
        return None if found is self.player else found


def _full(situation: Situation) -> bool:
    """Whether a newcomer has no room; who is in already, through whatever socket, takes no second seat."""
    place, identity = situation.destination, situation.identity
    if place is None or identity is None:
        return False
    staying = {identity.id}
    if situation.player is not None and situation.player.place is place:
        staying.add(situation.player.id)
    return len(place.players) - len(staying & place.players.keys()) >= CAPACITY


def _target_in_party(situation: Situation) -> bool:
    party, target = situation.named_party(), situation.target()
    return party is not None and target is not None and target.id in party.members


def _party_member(situation: Situation) -> bool:
    party, player = situation.named_party(), situation.player
    return party is not None and player is not None and player.party is party


def _party_full(situation: Situation) -> bool:
    party = situation.named_party()
    return party is not None and len(party.members) >= PARTY_CAPACITY


def _invited(situation: Situation) -> bool:
    party, player = situation.named_party(), situation.player
    return party is not None and player is not None and player.id in party.invited


CONDITIONS: Mapping[str, Callable[[Situation], bool]] = {
    "joined": lambda situation: situation.player is not None,
    "admitted": lambda situation: situation.identity is not None,
    "full": _full,
    "staff": lambda situation: situation.player is not None and situation.player.identity.role is not Role.PARTICIPANT,
    "target-here": lambda situation: situation.target() is not None,
    "target-in-party": _target_in_party,
    "in-party": lambda situation: situation.player is not None and situation.player.party is not None,
    "party-member": _party_member,
    "party-full": _party_full,
    "invited": _invited,
    "zone-talk": lambda situation: getattr(situation.event, "type", None) == "party",
    "in-zone": lambda situation: situation.player is not None and situation.player.zone is not None,
}

REASONS: Mapping[str, str] = {
    "not joined": "join a space first",
    "not admitted": "the session is not valid for this space",
    "full": f"the space is full: {CAPACITY} players are in it",
    "not staff": "only OWNER and STAFF of the space may set proximity",
    "not target-here": "there is nobody else of that id in your space",
    "target-in-party": "that player is in the party already",
    "in-party": "you are in a party already; leave it first",
    "not party-member": "you are not a member of that party",
    "party-full": f"the party is full: {PARTY_CAPACITY} players are in it",
    "not invited": "you hold no unused invitation to that party",
    "not in-zone": "you are in no zone",
}

REFUSALS = Refusals(space.PROTOCOL, CONDITIONS, REASONS)
