"""Parties and zones: two ways to talk to a few. That of a party is by invitation, that of a zone by standing in it.

Whether an event is allowed has been asked before; here is what it does.
"""

from collections.abc import Iterator

from protocols import space
from reference_server.effects import Effect, Emit, Enter, Leave, Stamp
from reference_server.rules.space_state import Party, Player, Zone


def found(player: Player, name: str, stamp: Stamp) -> Iterator[Effect]:
    """Make a party whose first member is its founder."""
    party = Party(id=stamp.fresh("party"), name=name)
    player.place.parties[party.id] = party
    yield from _become_member(player, party)


def invite(player: Player, party: Party, target: Player) -> Iterator[Effect]:
    """Invite a player. Doing so again changes nothing: the same invitation is heard once more."""
    party.invited.add(target.id)
    yield Emit(space.PartyInvited(partyId=party.id, partyName=party.name, inviterId=player.id), target.sid)


def accept(player: Player, party: Party) -> Iterator[Effect]:
    """Use up an invitation by becoming a member; invitations to other parties stay open."""
    party.invited.remove(player.id)
    yield from _become_member(player, party)


def decline(player: Player, party: Party) -> Iterator[Effect]:
    """Use up an invitation; nobody hears of it."""
    party.invited.remove(player.id)
    yield from ()


def leave_party(player: Player) -> Iterator[Effect]:
    """Leave one's party, if there is one; the last one out ends it, and every invitation to it."""
    if (party := player.party) is None:
        return
    player.party = None
    del party.members[player.id]
    yield Leave(player.sid, party.room)
    if party.members:
        yield Emit(space.PartyMemberLeft(partyId=party.id, memberId=player.id), party.room)
    else:
        del player.place.parties[party.id]


def say(player: Player, party: Party, content: str) -> Iterator[Effect]:
    """Talk to the party."""
    event = space.PartyMessageEvent(partyId=party.id, senderId=player.id, senderName=player.nickname, content=content)
    yield Emit(event, party.room)


def enter_zone(player: Player, zone_id: str, name: str) -> Iterator[Effect]:
    """Enter a zone, and leave the one before. Entering it again moves nobody: the zone hears who is in it once more.

    A zone is called what the one who opened it said, or each newcomer could rename it under the others' feet.
    """
    if player.zone is None or player.zone.id != zone_id:
        yield from leave_zone(player)
        zone = player.place.zones.setdefault(zone_id, Zone(zone_id, name, player.place.id))
        zone.visitors[player.id] = player
        player.zone = zone
        yield Enter(player.sid, zone.room)
    yield Emit(space.PartyJoined(partyId=zone_id, members=list(player.zone.visitors)), player.zone.room)


def leave_zone(player: Player) -> Iterator[Effect]:
    """Leave one's zone, if there is one; an empty zone is forgotten."""
    if (zone := player.zone) is None:
        return
    player.zone = None
    del zone.visitors[player.id]
    yield Leave(player.sid, zone.room)
    if zone.visitors:
        yield Emit(space.PartyMemberLeft(partyId=zone.id, memberId=player.id), zone.room)
    else:
        del player.place.zones[zone.id]


def _become_member(player: Player, party: Party) -> Iterator[Effect]:
    party.members[player.id] = player
    player.party = party
    yield Enter(player.sid, party.room)
    yield Emit(space.PartyJoined(partyId=party.id, members=list(party.members)), party.room)
