"""A stage for rules: carries their effects out in memory, in virtual time, and remembers what every socket heard."""

import heapq
from collections import defaultdict
from typing import TypeVar

from protocols import space
from protocols.contract import Event, Json
from reference_server.effects import (
    Answer,
    Command,
    Connected,
    Drop,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Gone,
    Later,
    Leave,
    Note,
    Notify,
    Reply,
    Said,
    Stamp,
)
from reference_server.mode import Mode
from reference_server.rules.space import Space
from reference_server.rules.space_commands import CreateGuest
from reference_server.world import KnownSpace, User, World

E = TypeVar("E", bound=Event)

USERS = ("mina", "jun", "sora", "hana")
WORLD = World(
    users=tuple(User(id=f"user-{name}", nickname=name.title(), token=f"auth-{name}") for name in USERS),
    spaces=(
        KnownSpace(id="plaza", name="The plaza", owner="user-mina", staff=("user-jun",)),
        KnownSpace(id="studio", name="The studio", owner="user-sora"),
    ),
)
START_MS = 1_700_000_000_000


def join(space_id: str = "plaza", token: str | None = None, player_id: str = "me", **fields: Json) -> space.JoinSpace:
    """A join as a client sends it; by default with an id and a nickname that nobody may believe."""
    payload = {"spaceId": space_id, "playerId": player_id, "nickname": "Liar", "avatarColor": "blue"} | fields
    return space.JoinSpace.model_validate(payload | ({} if token is None else {"sessionToken": token}))


def move(x: float, y: float = 0) -> space.PlayerMove:
    return space.PlayerMove(id="somebody-else", x=x, y=y, direction="left", isMoving=True)


class Stage:
    """One server's rules, and the sockets in front of them."""

    def __init__(self, mode: Mode = Mode.PRODUCTION, *, external: bool = False, world: World = WORLD) -> None:
        self.rules = Space(world, mode, external=external)
        self.now_ms = START_MS
        self.effects: list[Effect] = []
        self.rooms: defaultdict[str, set[str]] = defaultdict(set)  # sid -> rooms
        self.connected: set[str] = set()
        self._heard: defaultdict[str, list[Event]] = defaultdict(list)  # sid -> events since it was last asked
        self._later: list[tuple[int, int, Command]] = []  # heap of (due, number, command)
        self._entries = 0

    def enter(self, entry: Entry) -> list[Effect]:
        """Handle an entry and carry out what follows; the Gone of a dropped socket is an entry of its own, after it."""
        if isinstance(entry, Connected):
            self.connected.add(entry.sid)
        if isinstance(entry, Gone):
            self._forget(entry.sid)
        self._entries += 1
        effects = list(self.rules.handle(entry, Stamp(self.now_ms, self._entries.to_bytes(8, "big"))))
        dropped = [sid for effect in effects for sid in self._carry_out(effect)]
        self.effects += effects
        for sid in dropped:
            assert self.enter(Said(sid, space.LeaveSpace())) == [], "a dropped socket is not answered any more"
            assert self.enter(Gone(sid, "dropped")) == [], "a dropped socket leaves before it is gone"
        return effects

    def connect(self, *sids: str) -> None:
        for sid in sids:
            self.enter(Connected(sid))

    def say(self, sid: str, event: Event, answer: Answer | None = None) -> list[Effect]:
        return self.enter(Said(sid, event, answer))

    def garble(self, sid: str, event_name: str, reason: str) -> list[Effect]:
        return self.enter(Garbled(sid, event_name, reason))

    def order(self, command: Command) -> Reply:
        (reply,) = [effect for effect in self.enter(command) if isinstance(effect, Reply)]
        return reply

    def guest(self, space_id: str = "plaza", nickname: str = "Gil") -> tuple[str, str]:
        """Make a guest session; return its token and the participant's id."""
        value = self.order(CreateGuest(space_id, nickname)).value
        assert isinstance(value, dict)
        return str(value["sessionToken"]), str(value["participantId"])

    def seat(self, *names: str, space_id: str = "plaza") -> None:
        """Connect users of the world, have them join, and forget what they heard on the way."""
        for name in names:
            self.connect(name)
            self.say(name, join(space_id, f"auth-{name}"))
        self.hush()

    def wait(self, ms: int) -> list[Effect]:
        """Let time pass; what was put off until then is entered when it is due."""
        until = self.now_ms + ms
        effects = []
        while self._later and self._later[0][0] <= until:
            self.now_ms, _, command = heapq.heappop(self._later)
            effects += self.enter(command)
        self.now_ms = until
        return effects

    def heard(self, sid: str) -> list[Event]:
        """Return, and forget, what a socket heard."""
        return self._heard.pop(sid, [])

    def only(self, sid: str, kind: type[E]) -> list[E]:
        """Return, and forget, what a socket heard, all of which must be of one kind."""
        events = self.heard(sid)
        matching = [event for event in events if isinstance(event, kind)]
        assert matching == events
        return matching

    def names(self, sid: str) -> list[str]:
        """Return, and forget, the wire names of what a socket heard."""
        return [event.event_name for event in self.heard(sid)]

    def hush(self) -> None:
        self._heard.clear()

    def notes(self, code: str) -> list[Note]:
        return [effect for effect in self.effects if isinstance(effect, Note) and effect.code == code]

    def logged(self) -> list[dict[str, Json]]:
        """Return everything that went to the external log."""
        return [dict(effect.body) for effect in self.effects if isinstance(effect, Notify)]

    def _carry_out(self, effect: Effect) -> list[str]:
        """Carry one effect out; return the socket it dropped."""
        match effect:
            case Emit(event, room, skip):
                self._deliver(event, room, skip)
            case Enter(sid, room):
                assert sid in self.connected, f"{sid} is gone and cannot enter {room}"
                self.rooms[sid].add(room)
            case Leave(sid, room):
                self.rooms[sid].discard(room)
            case Drop(sid):
                assert not self.rooms.get(sid), f"{sid} is dropped, and still in a room"
                self._forget(sid)
                return [sid]
            case Later(after_ms, command):
                assert after_ms > 0
                heapq.heappush(self._later, (self.now_ms + after_ms, self._entries, command))
        return []

    def _deliver(self, event: Event, room: str, skip: str) -> None:
        operation = space.PROTOCOL.operation(event)
        assert operation.schema is not None
        assert space.PROTOCOL.faults(operation.schema, event.to_json()) == []
        audience = [sid for sid in self.connected if sid == room or room in self.rooms[sid]]
        for sid in audience:
            if sid != skip:
                self._heard[sid].append(event)

    def _forget(self, sid: str) -> None:
        self.connected.discard(sid)
        self.rooms.pop(sid, None)
