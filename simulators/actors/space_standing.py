"""Where somebody stands in a space: its party, its zone, its invitations, by what it said and heard itself."""

from typing import ClassVar, Final

from protocols.contract import Condition, Event
from protocols.space import (
    ChatMessageRequest,
    Error,
    JoinParty,
    JoinSpace,
    LeaveParty,
    LeaveSpace,
    PartyAccept,
    PartyCreate,
    PartyDecline,
    PartyInvite,
    PartyInvited,
    PartyJoined,
    PartyLeave,
    PartyMessageRequest,
    RoomJoined,
    WhisperSend,
)
from simulators.actor import Standing
from simulators.people import Identity

MATTERS: Final[frozenset[type[Event]]] = frozenset({RoomJoined, PartyJoined, PartyInvited, Error})
"""What is heard about one's own place."""


class SpaceStanding(Standing):
    """One player's place. What it says counts at once, since the target handles it in order; what it hears confirms."""

    notes: ClassVar[frozenset[type[Event]] | None] = MATTERS
    notes_said: ClassVar[frozenset[type[Event]] | None] = frozenset(
        {JoinSpace, LeaveSpace, JoinParty, LeaveParty, PartyCreate, PartyAccept, PartyDecline, PartyLeave}
    )

    def __init__(self, *, production: bool) -> None:
        super().__init__()
        self.space: str | None = None
        self.party: str | None = None
        self.zone: str | None = None
        self.invitations: dict[str, str] = {}
        """Party id -> the party's name, for the invitations that it has neither accepted nor declined."""
        self.verifies = production
        """Whether the target admits nobody without a session of its own."""
        self._identity: Identity | None = None
        self._comes_back = False  # under a session that the target may still take for connected
        self._joins = 0  # said and not confirmed
        self._zones: set[str] = set()  # every zone that it ever walked into
        self._asked_party: str | None = None  # name of the party that was founded or accepted and not confirmed

    @property
    def confirmed(self) -> bool:
        """Whether the target has said that it is in its space."""
        return self.space is not None and self.rooms.get(f"space:{self.space}", False)

    @property
    def waits_for_party(self) -> bool:
        """Whether it has founded or accepted a party and not heard what came of it."""
        return self._asked_party is not None

    def connected(self, identity: Identity) -> None:
        """Begin anew, with a session on a new connection."""
        self._comes_back = self._identity == identity
        self._identity = identity
        self.expelled = False
        self.session = {"id": identity.id, "nickname": identity.nickname}
        self.disconnected()

    def disconnected(self) -> None:
        """Note that the connection is gone, and all that it was in."""
        self._leave_space()
        self._joins = 0

    def said(self, event: Event) -> None:
        """Note what was said, where it has an effect."""
        match event:
            case JoinSpace() if self._admitted(event):
                self._leave_space()
                self.space = event.spaceId
                self.facts = {**self.session, "spaceId": event.spaceId, "avatarColor": event.avatarColor}
                self._joins += 1
                self._enter(f"space:{event.spaceId}", sure=False)
            case JoinSpace():
                self.expelled = True
            case _ if self.space is None:
                pass
            case LeaveSpace():
                self._leave_space()
            case JoinParty():
                if self.zone != event.partyId:
                    self._leave_zone()
                    self.zone = event.partyId
                    self._zones.add(event.partyId)
                    self.facts["zoneId"] = event.partyId
                    self._enter(f"zone:{self.space}/{event.partyId}", sure=False)
            case LeaveParty():
                self._leave_zone()
            case PartyCreate() if self.party is None:
                self._asked_party = event.name
            case PartyAccept() if self.party is None:
                self._asked_party = self.invitations.pop(event.partyId, None)
            case PartyDecline():
                self.invitations.pop(event.partyId, None)
            case PartyLeave() if event.partyId == self.party:
                self._leave_party()
            case _:
                pass

    def heard(self, event: Event) -> None:
        """Note what was heard, where it is about its own place."""
        match event:
            case RoomJoined():
                self._joins = max(0, self._joins - 1)
                if self._joins == 0 and event.spaceId == self.space:
                    self._enter(f"space:{event.spaceId}", sure=True)
            case PartyJoined() if self.session["id"] in event.members:
                self._confirm_party(event)
            case PartyInvited():
                self.invitations[event.partyId] = event.partyName
            case Error():
                self._asked_party = None
            case _:
                pass

    def _confirm_party(self, event: PartyJoined) -> None:
        # Parties and zones are told by the same event; which ids are zones is for those who walk there to say.
        if event.partyId in self._zones:
            if event.partyId == self.zone:
                self._enter(f"zone:{self.space}/{event.partyId}", sure=True)
        elif self._asked_party is not None:
            self.party = event.partyId
            self.facts |= {"partyId": event.partyId, "partyName": self._asked_party}
            self._asked_party = None
            self._enter(f"party:{event.partyId}", sure=True)

    def holds(self, condition: Condition, event: Event) -> bool | None:
        """Say whether a condition holds for what is about to be said."""
        truth = self._truth(condition.name, event)
        return None if truth is None else truth != condition.negated

    def _truth(self, name: str, event: Event) -> bool | None:
        match name, event:
            case "joined", _:
                return self.space is not None
            case "admitted", JoinSpace():
                return self._admitted(event)
            case "taking-over" | "session-in-use", _:
                return None if self._comes_back else False
            case "full" | "party-full" | "invalid", _:
                return False  # casts are smaller than that, and what is invalid is not said as an event
            case "staff", _:
                return self._identity is not None and self._identity.role != "PARTICIPANT"
            case "target-here", WhisperSend() | PartyInvite():
                return False if event.targetId == self.session["id"] else None
            case "in-party", _:
                return None if self._asked_party is not None else self.party is not None
            case "party-member", PartyInvite() | PartyLeave() | PartyMessageRequest():
                return None if self._asked_party is not None else self.party == event.partyId
            case "invited", PartyAccept() | PartyDecline():
                return None if event.partyId in self.invitations else False
            case "zone-talk", ChatMessageRequest():
                return event.type == "party"
            case "in-zone", _:
                return self.zone is not None
            case "in-other-zone", JoinParty():
                return self.zone is not None and self.zone != event.partyId
            case _:
                return None

    def _admitted(self, event: JoinSpace) -> bool:
        identity = self._identity
        if not self.verifies:
            return True
        return identity is not None and event.sessionToken == identity.token and identity.scope in {None, event.spaceId}

    def _enter(self, room: str, *, sure: bool) -> None:
        self.rooms[room] = sure
        self.version += 1

    def _exit(self, room: str) -> None:
        if self.rooms.pop(room, None) is not None:
            self.version += 1

    def _leave_space(self) -> None:
        self._leave_zone()
        self._leave_party()
        self._exit(f"space:{self.space}")
        self.space = None
        self.facts = dict(self.session)
        self.invitations.clear()
        self._asked_party = None

    def _leave_zone(self) -> None:
        self._exit(f"zone:{self.space}/{self.zone}")
        self.zone = None
        self.facts.pop("zoneId", None)

    def _leave_party(self) -> None:
        self._exit(f"party:{self.party}")
        self.party = None
        self.facts.pop("partyId", None)
        self.facts.pop("partyName", None)
