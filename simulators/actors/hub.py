"""The people of hub: Talker and Visitor, who behave, and Heckler, who does not."""

import math
from abc import abstractmethod
from collections.abc import Iterable
from random import Random
from typing import ClassVar, Final, Literal

from protocols.contract import Event
from protocols.hub import JoinRoom, LeaveRoom, Message, ReadMessage, SendMessage, TypingRequest, UpdatePresence
from simulators.actor import Act, Actor, Cut, Emit, Leave
from simulators.actors.hub_pranks import PRANKS
from simulators.actors.hub_standing import MATTERS, HubStanding
from simulators.people import Identity

LINES: Final = (
    "안녕하세요!",
    "다들 점심 드셨어요?",
    "ㅋㅋㅋㅋ 진짜요?",
    "잠깐만요, 회의 들어가요",
    "그 링크 다시 보내 주실 수 있어요?",
    "반가워요 😊",
    "Good morning everyone",
    "Has anybody seen the new build?",
    "brb",
    "haha, same here",
    "Let me check and come back to you",
    "See you tomorrow!",
)
IMAGE: Final = "https://example.org/pictures/{n}.png"
TYPING_S: Final = 1.2
"""How long one types, on average."""


class HubActor(Actor):
    """Somebody with one socket and a room to be in."""

    cares: ClassVar[frozenset[type[Event]]] = MATTERS | {Message}

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        """Take the room to be in. A token is needed in any mode, so it makes no difference which one it is."""
        self.place = HubStanding()
        super().__init__(name, scope, random, self.place)
        self.session: Identity
        self.side_room = f"{scope[:59]}-side"
        """A second room beside it, where some talkers of the same scope are, and no heckler."""

    def connected(self, identity: Identity, now_s: float) -> None:
        """Begin to live, with a session on a new connection."""
        self.session = self.identity = identity
        self._agenda.clear()
        self.live(now_s)

    @abstractmethod
    def live(self, now_s: float) -> None:
        """Plan what is done from now on."""

    def hear(self, event: Event, now_s: float) -> None:
        """Take in what was heard; most do nothing about it."""

    def disconnected(self, now_s: float) -> None:
        """Come back soon."""
        self.come(now_s + self.random.uniform(1.0, 3.0))

    def greet(self, room_id: str) -> Iterable[Act]:
        """Join a room, and say so; the answer to that tells that one is in."""
        yield Emit(JoinRoom(roomId=room_id))
        yield Emit(SendMessage(roomId=room_id, content=self.random.choice(LINES)))


class Talker(HubActor):
    """Types and talks, reads what others say, steps into a room beside the first, and sometimes goes for coffee."""

    kind: ClassVar[str] = "talker"

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        super().__init__(name, scope, random, production=production)
        self._latest: dict[str, str] = {}  # id of a room -> the last message of somebody else in it, not read yet
        self._status: Literal["online", "away"] = "online"

    def live(self, now_s: float) -> None:
        """Join the room at once, talk and read, move about, and be away now and then."""
        self._latest.clear()
        self._status = "online"
        self.plan(now_s, lambda _: self.greet(self.scope))
        self.now_and_then(now_s, 8.0, self._begin_to_type)
        self.now_and_then(now_s, 8.0, self._read)
        self.now_and_then(now_s, 25.0, self._move)
        self.now_and_then(now_s, 90.0, self._change_presence)

    def hear(self, event: Event, now_s: float) -> None:
        """Remember the latest message of each room, to read it some time."""
        if isinstance(event, Message) and event.senderId != self.session.id and self.place.is_in(event.roomId):
            self._latest[event.roomId] = event.id

    def _begin_to_type(self, due_s: float) -> Iterable[Act]:
        if not self.place.room_ids:
            return  # the connection is gone, and soon that will be known
        room_id = self.random.choice(self.place.room_ids)
        yield Emit(TypingRequest(roomId=room_id, isTyping=True))
        self.plan(due_s + self.random.expovariate(1 / TYPING_S), lambda _: self._say(room_id))

    def _say(self, room_id: str) -> Iterable[Act]:
        if not self.place.is_in(room_id):
            return
        yield Emit(TypingRequest(roomId=room_id, isTyping=False))
        if self.random.random() < 0.15:
            picture = IMAGE.format(n=self.random.randrange(1000))
            yield Emit(SendMessage(roomId=room_id, content=picture, type="image"))
        else:
            yield Emit(SendMessage(roomId=room_id, content=self.random.choice(LINES)))

    def _read(self, due_s: float) -> Iterable[Act]:
        for room_id, message_id in self._latest.items():
            yield Emit(ReadMessage(roomId=room_id, messageId=message_id))
        self._latest.clear()

    def _move(self, due_s: float) -> Iterable[Act]:
        if self.place.is_in(self.side_room):
            self._latest.pop(self.side_room, None)
            yield Emit(LeaveRoom(roomId=self.side_room))
        else:
            yield from self.greet(self.side_room)

    def _change_presence(self, due_s: float) -> Iterable[Act]:
        self._status = "online" if self._status == "away" else "away"
        yield Emit(UpdatePresence(value=self._status))


class Visitor(Talker):
    """Talks for a while and leaves one way or another; then somebody else comes."""

    kind: ClassVar[str] = "visitor"

    def live(self, now_s: float) -> None:
        """Do what talkers do, and leave after a log-normal while: half within 12 s, one in forty after a minute."""
        super().live(now_s)
        self.plan(now_s + self.random.lognormvariate(math.log(12.0), 0.8), self._go)

    def _go(self, due_s: float) -> Iterable[Act]:
        self.identity = None
        match self.random.choice(("with a word", "politely", "cut off")):
            case "with a word":
                yield Emit(LeaveRoom(roomId=self.scope))
                yield Leave()
            case "politely":
                yield Leave()
            case _:
                yield Cut()


class Heckler(HubActor):
    """Breaks every rule of conversation, but none of the transport's: a correct target keeps it connected."""

    kind: ClassVar[str] = "heckler"

    def live(self, now_s: float) -> None:
        """Misbehave about three times a second, also before having joined."""
        self.plan(now_s + self.random.uniform(0.5, 1.5), lambda _: self.greet(self.scope))
        self.now_and_then(now_s, 0.35, self._prank)

    def _prank(self, due_s: float) -> Iterable[Act]:
        yield from self.random.choice(PRANKS)(self)


ACTORS: Final[dict[str, type[HubActor]]] = {actor.kind: actor for actor in (Talker, Visitor, Heckler)}
"""Who may stand in a cast."""
