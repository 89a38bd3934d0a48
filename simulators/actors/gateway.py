"""The people of gateway: Chatter and Commuter, who behave, and Heckler, who does not."""

import math
import uuid
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable
from random import Random
from typing import ClassVar, Final

from protocols.contract import Ack, Event
from protocols.gateway import Heartbeat, JoinRoom, JoinRoomAck, SendMessage
from simulators.actor import Act, Actor, Cut, Emit, Leave, Post
from simulators.actors.gateway_pranks import PRANKS
from simulators.actors.gateway_standing import MATTERS, GatewayStanding
from simulators.people import Identity

LINES: Final = (
    "안녕하세요!",
    "지금 회의실로 오실 수 있나요?",
    "ㅋㅋㅋ 그건 몰랐네요",
    "확인했습니다, 감사합니다 🙏",
    "조금 있다가 다시 연락드릴게요",
    "Morning! Anybody else in today?",
    "Deploy is through.",
    "on my way",
    "Could you send that again?",
    "haha, noted",
)
IMAGE: Final = "https://example.org/pictures/{n}.png"
HEARTBEAT_S: Final = 20.0
"""How often clients say that they are still there (`gateway/heartbeat/2`)."""
DOOR_S: Final = 0.3
"""Between asking over HTTP to be taken in and trying to hear the room."""
RETRY_S: Final = 1.0
"""Before somebody who was not let in tries again."""


class GatewayActor(Actor):
    """Somebody with one socket and a room to be in, of which one becomes a member over HTTP."""

    cares: ClassVar[frozenset[type[Event]]] = MATTERS

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        """Take the room to be in. A token is needed in any mode, so it makes no difference which one it is."""
        self.place = GatewayStanding()
        super().__init__(name, scope, random, self.place)

    def connected(self, identity: Identity, now_s: float) -> None:
        """Begin to live, with a session on a new connection."""
        self.identity = identity
        self._agenda.clear()
        self.plan(now_s + HEARTBEAT_S, self._beat)
        self.live(now_s)

    @abstractmethod
    def live(self, now_s: float) -> None:
        """Plan what is done from now on."""

    def hear(self, event: Event, now_s: float) -> None:
        """Take in what was heard; most do nothing about it."""

    def answered(self, event: Event, ack: Ack, now_s: float) -> None:
        """Try again where one was not let in: the room may not have taken one in yet."""
        match event, ack:
            case JoinRoom(roomId=self.scope), JoinRoomAck(success=False):
                self.plan(now_s + RETRY_S, self.come_in)
            case _:
                pass

    def disconnected(self, now_s: float) -> None:
        """Come back soon."""
        self.come(now_s + self.random.uniform(1.0, 3.0))

    def come_in(self, due_s: float) -> Iterable[Act]:
        """Become a member of the room where one is not known to be one, and begin to hear it."""
        if self.place.is_member(self.scope):
            yield Emit(JoinRoom(roomId=self.scope))
            return
        yield Post(f"/rooms/{self.scope}/join", {}, room=self.scope)
        self.plan(due_s + DOOR_S, lambda _: [Emit(JoinRoom(roomId=self.scope))])

    def new_id(self) -> str:
        """Return what a new message is called."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _beat(self, due_s: float) -> Iterable[Act]:
        yield Emit(Heartbeat())
        self.plan(due_s + HEARTBEAT_S, self._beat)


class Chatter(GatewayActor):
    """Talks, sends pictures, says it again when no ack came for long, and marks what it has read."""

    kind: ClassVar[str] = "chatter"

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        super().__init__(name, scope, random, production=production)
        self._latest: deque[SendMessage] = deque(maxlen=3)  # its own messages
        self._read = ""  # id of the last message that it has marked

    def live(self, now_s: float) -> None:
        """Come in at once, and talk and read for as long as the connection lives."""
        self._latest.clear()
        self.plan(now_s, self.come_in)
        self.now_and_then(now_s, 5.0, self._say)
        self.now_and_then(now_s, 40.0, self._say_again)
        self.now_and_then(now_s, 20.0, self._mark)

    def answered(self, event: Event, ack: Ack, now_s: float) -> None:
        """Say hello when one has been let in."""
        super().answered(event, ack, now_s)
        match event, ack:
            case JoinRoom(roomId=self.scope), JoinRoomAck(success=True):
                self.plan(now_s + self.random.uniform(0.0, 0.5), self._say)
            case _:
                pass

    def _say(self, due_s: float) -> Iterable[Act]:
        if not self.place.hears(self.scope):
            return
        match self.random.random():
            case chance if chance < 0.15:
                picture = IMAGE.format(n=self.random.randrange(1000))
                message = SendMessage(roomId=self.scope, clientMsgId=self.new_id(), type="IMAGE", content=picture)
            case chance if chance < 0.6:
                line = self.random.choice(LINES)
                message = SendMessage(roomId=self.scope, clientMsgId=self.new_id(), type="TEXT", content=line)
            case _:
                line = self.random.choice(LINES)
                message = SendMessage(roomId=self.scope, clientMsgId=self.new_id(), content=line)
        self._latest.append(message)
        yield Emit(message)

    def _say_again(self, due_s: float) -> Iterable[Act]:
        """Do as a phone does that was in a tunnel when the ack came."""
        if self._latest and self.place.hears(self.scope):
            yield Emit(self.random.choice(self._latest))

    def _mark(self, due_s: float) -> Iterable[Act]:
        latest = self.place.latest.get(self.scope, "")
        if latest > self._read:
            self._read = latest
            yield Post(f"/rooms/{self.scope}/read", {"lastReadMessageId": latest})


class Commuter(Chatter):
    """Talks for a while, is gone, with or without a word, and comes back as the same user."""

    kind: ClassVar[str] = "commuter"

    def live(self, now_s: float) -> None:
        """Do what chatters do, and be gone after a log-normal while: half within 12 s, one in forty after a minute."""
        super().live(now_s)
        self.plan(now_s + self.random.lognormvariate(math.log(12.0), 0.8), self._go)

    def _go(self, due_s: float) -> Iterable[Act]:
        yield self.random.choice((Leave(), Cut()))


class Heckler(GatewayActor):
    """Breaks every rule of conversation, but none of the transport's: a correct target keeps it connected."""

    kind: ClassVar[str] = "heckler"

    def live(self, now_s: float) -> None:
        """Misbehave about three times a second, also before having come in."""
        self.plan(now_s + self.random.uniform(0.5, 1.5), self.come_in)
        self.now_and_then(now_s, 0.35, self._prank)

    def _prank(self, due_s: float) -> Iterable[Act]:
        yield from self.random.choice(PRANKS)(self)


ACTORS: Final[dict[str, type[GatewayActor]]] = {actor.kind: actor for actor in (Chatter, Commuter, Heckler)}
"""Who may stand in a cast."""
