"""People of the space on paper, whose lines a test writes, all of them."""

from protocols.contract import Event
from protocols.space import (
    PROTOCOL,
    ChatMessageEvent,
    ChatSystem,
    JoinSpace,
    PlayerJoined,
    PlayerMove,
    PlayerMoved,
    RoomJoined,
)
from simulators.actors.space_standing import SpaceStanding
from simulators.delivery import Ledger
from simulators.people import Identity
from simulators.tally import Row, Tally

MS = 1_000_000


class Play:
    """A few people on paper whose lines the test writes, all of them."""

    def __init__(self, *, outsiders: bool = False) -> None:
        self.tally = Tally()
        self.ledger = Ledger(PROTOCOL, self.tally, deadline_s=lambda within_ms: within_ms / 1000, outsiders=outsiders)
        self.now_ns = 0
        self.identities: dict[str, Identity] = {}
        self.standings: dict[str, SpaceStanding] = {}

    def connect(self, name: str) -> None:
        if name not in self.standings:
            self.standings[name] = SpaceStanding(production=True)
            self.ledger.add(name, self.standings[name])
        self.identities[name] = Identity(token=f"guest-{name}", id=f"id-{name}", nickname=name, scope="plaza")
        self.standings[name].connected(self.identities[name])
        self.ledger.connected(name, self.now_ns)

    def say(self, name: str, event: Event) -> None:
        self.ledger.said(name, event, self.now_ns, self.now_ns)

    def hear(self, name: str, event: Event, *, after_ms: float = 1) -> None:
        self.ledger.heard(name, event, event.to_json(), self.now_ns + int(after_ms * MS))

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)
        self.ledger.settle(self.now_ns)

    def row(self, cause: str, heard: str) -> Row:
        return self.tally.row(cause, heard)

    def join(self, name: str, *others: str) -> None:
        """Have somebody join, and everybody hear what they should."""
        self.connect(name)
        self.say(
            name,
            JoinSpace(spaceId="plaza", playerId="me", nickname="x", avatarColor="blue", sessionToken=f"guest-{name}"),
        )
        self.hear(name, RoomJoined(spaceId="plaza", players=[], yourPlayerId=f"id-{name}"))
        self.hear(name, SYSTEM)
        for other in others:
            self.hear(
                other,
                PlayerJoined(
                    id=f"id-{name}", nickname=name, x=0, y=0, direction="down", isMoving=False, avatarColor="blue"
                ),
            )
            self.hear(other, SYSTEM)


SYSTEM = ChatSystem(id="m", senderId="system", senderNickname="System", content="hm", timestamp=0, type="system")


def move(x: float, **changes: str) -> PlayerMove:
    return PlayerMove(x=x, y=0, direction="up", isMoving=True, **changes)


def moved(name: str, x: float) -> PlayerMoved:
    return PlayerMoved(id=f"id-{name}", nickname=name, x=x, y=0, direction="up", isMoving=True, avatarColor="blue")


def chat(name: str, content: str) -> ChatMessageEvent:
    return ChatMessageEvent(
        id="m", senderId=f"id-{name}", senderNickname=name, content=content, timestamp=0, type="message"
    )
