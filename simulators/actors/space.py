"""The people of a space: Player, Guest and Staff, who behave, and Heckler, who does not."""

import math
from abc import abstractmethod
from collections.abc import Iterable
from random import Random
from typing import ClassVar, Final, cast

from protocols.contract import Event
from protocols.space import (
    AvatarColor,
    ChatMessageRequest,
    Direction,
    JoinParty,
    JoinSpace,
    LeaveParty,
    LeaveSpace,
    PartyAccept,
    PartyCreate,
    PartyDecline,
    PartyInvite,
    PartyInvited,
    PartyLeave,
    PartyMessageRequest,
    PlayerJoined,
    PlayerJump,
    PlayerLeft,
    PlayerMove,
    ProximitySet,
    RoomJoined,
    WhisperSend,
)
from simulators.actor import Act, Actor, Cut, Emit, Leave
from simulators.actors.space_map import LINES, PARTY_NAMES, WAYPOINTS, zone_at
from simulators.actors.space_pranks import PRANKS
from simulators.actors.space_standing import MATTERS, SpaceStanding
from simulators.people import Identity

STEP_S: Final = 0.2
SPEED: Final = 5.0
"""Units of the map in a second."""
AVATARS: Final[tuple[str, ...]] = ("default", "red", "green", "purple", "orange", "pink", "yellow", "blue")


class SpaceActor(Actor):
    """Somebody in a space: joins it on arrival, and knows who else is there."""

    cares: ClassVar[frozenset[type[Event]]] = MATTERS | {PlayerJoined, PlayerLeft}

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        self.place = SpaceStanding(production=production)
        super().__init__(name, scope, random, self.place)
        self.seen: dict[str, str] = {}
        """Id -> nickname of the others in the space."""
        self.session: Identity
        self._avatar = cast("AvatarColor", random.choice(AVATARS))

    def connected(self, identity: Identity, now_s: float) -> None:
        """Join the space at once, and live there."""
        self.session = self.identity = identity
        self.seen.clear()
        self._agenda.clear()
        self.plan(now_s, lambda _: [self.join()])
        self.live(now_s)

    @abstractmethod
    def live(self, now_s: float) -> None:
        """Plan what is done from now on."""

    def join(self, **changes: str) -> Emit:
        """Return the act of joining, with the session that it has, or with something else on purpose."""
        payload = {
            "spaceId": self.scope,
            "playerId": self.session.id,
            "nickname": self.session.nickname,
            "avatarColor": self._avatar,
            "sessionToken": self.session.token,
            **changes,
        }
        return Emit(JoinSpace.model_validate(payload))

    def hear(self, event: Event, now_s: float) -> None:
        """Learn who is there."""
        match event:
            case RoomJoined():
                self.seen = {player.id: player.nickname for player in event.players if player.id != self.session.id}
            case PlayerJoined():
                self.seen[event.id] = event.nickname
            case PlayerLeft():
                self.seen.pop(event.id, None)
            case PartyInvited():
                self.invited(event, now_s)
            case _:
                pass

    def invited(self, event: PartyInvited, now_s: float) -> None:
        """Take in an invitation; most do nothing about it."""

    def disconnected(self, now_s: float) -> None:
        """Come back soon."""
        self.come(now_s + self.random.uniform(1.0, 3.0))


class Player(SpaceActor):
    """Walks from place to place, talks, whispers, and likes parties."""

    kind: ClassVar[str] = "player"

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        super().__init__(name, scope, random, production=production)
        self._x, self._y = 0.0, 0.0
        self._goal = random.choice(WAYPOINTS)
        self._direction: Direction = "down"

    def live(self, now_s: float) -> None:
        """Walk, jump, talk, whisper and meet people."""
        self._x, self._y = 0.0, 0.0
        self.plan(now_s + self.random.uniform(0.2, 1.5), self._walk)
        self.now_and_then(now_s, 15.0, self._jump)
        self.now_and_then(now_s, 10.0, self._chat)
        self.now_and_then(now_s, 20.0, self._whisper)
        self.now_and_then(now_s, 12.0, self._mingle)

    def _walk(self, due_s: float) -> Iterable[Act]:
        if not self.place.confirmed:
            self.plan(due_s + STEP_S, self._walk)
            return
        dx, dy = self._goal[0] - self._x, self._goal[1] - self._y
        distance = math.hypot(dx, dy)
        arrives = distance <= SPEED * STEP_S
        part = 1.0 if arrives else SPEED * STEP_S / distance
        self._x, self._y = round(self._x + dx * part, 3), round(self._y + dy * part, 3)
        self._direction = _direction(dx, dy)
        yield Emit(PlayerMove(x=self._x, y=self._y, direction=self._direction, isMoving=not arrives))
        yield from self._mind_the_zone()
        if arrives:
            x, y = self.random.choice(WAYPOINTS)
            self._goal = (round(x + self.random.uniform(-2, 2), 3), round(y + self.random.uniform(-2, 2), 3))
        self.plan(due_s + (self.random.lognormvariate(1.3, 0.7) if arrives else STEP_S), self._walk)

    def _mind_the_zone(self) -> Iterable[Act]:
        zone = zone_at(self._x, self._y)
        if zone is not None and zone.id != self.place.zone:
            yield Emit(JoinParty(partyId=zone.id, partyName=zone.name))
        elif zone is None and self.place.zone is not None:
            yield Emit(LeaveParty())

    def _jump(self, due_s: float) -> Iterable[Act]:
        if self.place.confirmed:
            yield Emit(PlayerJump(x=self._x, y=self._y))

    def _chat(self, due_s: float) -> Iterable[Act]:
        if self.place.confirmed:
            line = self.random.choice(LINES)
            to_zone = self.place.zone is not None and self.random.random() < 0.5
            yield Emit(ChatMessageRequest(content=line, type="party") if to_zone else ChatMessageRequest(content=line))

    def _whisper(self, due_s: float) -> Iterable[Act]:
        if self.place.confirmed and self.seen:
            yield Emit(WhisperSend(targetId=self._somebody(), content=self.random.choice(LINES)))

    def _mingle(self, due_s: float) -> Iterable[Act]:
        if not self.place.confirmed:
            return
        party = self.place.party
        if party is None:
            if not self.place.waits_for_party and self.random.random() < 0.4:
                yield Emit(PartyCreate(name=self.random.choice(PARTY_NAMES)))
            return
        match self.random.random():
            case chance if chance < 0.5 and self.seen:
                yield Emit(PartyInvite(partyId=party, targetId=self._somebody()))
            case chance if chance < 0.85:
                yield Emit(PartyMessageRequest(partyId=party, content=self.random.choice(LINES)))
            case _:
                yield Emit(PartyLeave(partyId=party))

    def invited(self, event: PartyInvited, now_s: float) -> None:
        """Think about it for a moment, and accept most."""

        def answer(due_s: float) -> Iterable[Act]:
            if event.partyId not in self.place.invitations:
                return
            free = self.place.party is None and not self.place.waits_for_party
            if free and self.random.random() < 0.7:
                yield Emit(PartyAccept(partyId=event.partyId))
            else:
                yield Emit(PartyDecline(partyId=event.partyId))

        self.plan(now_s + self.random.uniform(0.5, 3.0), answer)

    def _somebody(self) -> str:
        return self.random.choice(list(self.seen))


class Guest(Player):
    """Comes with a guest's session, stays for a while, leaves one way or another; then somebody else comes."""

    kind: ClassVar[str] = "guest"

    def live(self, now_s: float) -> None:
        """Do what players do, and leave after a log-normal while: half within 12 s, one in forty after a minute."""
        super().live(now_s)
        self.plan(now_s + self.random.lognormvariate(math.log(12.0), 0.8), self._go)

    def _go(self, due_s: float) -> Iterable[Act]:
        self.identity = None
        match self.random.choice(("with a word", "politely", "cut off")):
            case "with a word":
                if self.place.confirmed:
                    yield Emit(LeaveSpace())
                yield Leave()
            case "politely":
                yield Leave()
            case _:
                yield Cut()


class Staff(Player):
    """A player who also switches proximity talk."""

    kind: ClassVar[str] = "staff"
    is_staff: ClassVar[bool] = True

    def live(self, now_s: float) -> None:
        """Do what players do, and switch proximity talk on and off."""
        super().live(now_s)
        self.now_and_then(now_s, 8.0, self._switch)

    def _switch(self, due_s: float) -> Iterable[Act]:
        if self.place.confirmed:
            yield Emit(ProximitySet(enabled=self.random.random() < 0.5))


class Heckler(SpaceActor):
    """Breaks every rule of conversation, but none of the transport's: a correct target keeps it connected."""

    kind: ClassVar[str] = "heckler"

    def connected(self, identity: Identity, now_s: float) -> None:
        """Begin to misbehave before having joined."""
        self.session = self.identity = identity
        self.seen.clear()
        self._agenda.clear()
        self.plan(now_s + self.random.uniform(0.5, 1.5), lambda _: [self.join()])
        self.live(now_s)

    def live(self, now_s: float) -> None:
        """Play a prank about three times a second."""
        self.now_and_then(now_s, 0.35, self._prank)

    def _prank(self, due_s: float) -> Iterable[Act]:
        yield from self.random.choice(PRANKS)(self)


ACTORS: Final[dict[str, type[SpaceActor]]] = {actor.kind: actor for actor in (Player, Guest, Staff, Heckler)}
"""Who may stand in a cast."""


def _direction(dx: float, dy: float) -> Direction:
    if abs(dx) > abs(dy):
        return "right" if dx > 0 else "left"
    return "down" if dy > 0 else "up"
