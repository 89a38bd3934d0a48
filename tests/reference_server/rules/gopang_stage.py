"""A stage for the rules of gopang: carries their effects out in memory, in virtual time, and hears with every socket.

The socket `mina-2` is one of the user `mina`.
"""

import heapq
import itertools
from collections import defaultdict
from collections.abc import Mapping
from typing import TypeVar

from protocols import gopang
from protocols.contract import Ack, Action, Event, Json
from reference_server.effects import (
    Acknowledge,
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
    Reply,
    Said,
    Stamp,
)
from reference_server.mode import Mode
from reference_server.rules.gopang import Gopang
from reference_server.world import World
from reference_server.worlds.gopang import GopangWorld

M = TypeVar("M", bound=Event | Ack)

START_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
USERS = ("mina", "jun", "sora")
WORLD = World(
    gopang=GopangWorld.model_validate(
        {
            "users": [{"id": name, "email": f"{name}@example.org", "name": name.title()} for name in USERS],
            "conversations": [
                {"id": "duo", "participants": ["mina", "jun"]},
                {"id": "desk", "ai": {"id": "ai", "name": "고팡"}},
            ],
            "vaults": [
                {
                    "id": "vault-{user}",
                    "drawers": [
                        {"id": "money", "type": "FINANCE", "content": {"won": 1}},
                        {"id": "health", "type": "MEDICAL"},
                    ],
                }
            ],
        }
    )
)


def send(content: str = "hi", conversation_id: str = "duo", **fields: Json) -> gopang.MessageSend:
    return gopang.MessageSend.model_validate({"conversationId": conversation_id, "content": content, **fields})


class Stage:
    """One server's rules, and the sockets in front of them."""

    def __init__(self, rules: Gopang | None = None) -> None:
        self.rules = rules or Gopang(WORLD, Mode.PRODUCTION)
        self.now_ms = START_MS
        self.rooms: dict[str, set[str]] = {}  # sid of every open socket -> rooms
        self.effects: list[Effect] = []
        self._heard: defaultdict[str, list[Event | Ack]] = defaultdict(list)  # sid -> in the order of the wire
        self._later: list[tuple[int, int, Command]] = []  # heap of (due, number, command)
        self._numbers = itertools.count()
        self._entries = 0
        self._acked: set[tuple[str, int]] = set()

    def enter(self, entry: Entry) -> list[Effect]:
        """Handle an entry and carry out what follows; the Gone of a dropped socket is an entry of its own, after it."""
        if isinstance(entry, Connected):
            self.rooms[entry.sid] = {entry.sid}
        if isinstance(entry, Gone):
            self.rooms.pop(entry.sid, None)
        self._entries += 1
        effects = list(self.rules.handle(entry, Stamp(self.now_ms, self._entries.to_bytes(8, "big"))))
        self.effects += effects
        dropped = [sid for effect in effects for sid in self._carry_out(effect)]
        for sid in dropped:
            assert self.enter(Said(sid, gopang.Ping(), ack=1)) == [], "a dropped socket is not answered any more"
            assert self.enter(Gone(sid)) == [], "a dropped socket is forgotten before it is gone"
        return effects

    def connect(self, *sids: str, expires_in_ms: int | None = None, **claims: Json) -> None:
        for sid in sids:
            user = sid.partition("-")[0]
            known: Mapping[str, Json] = {"userId": user, "email": f"{user}@example.org", "userType": "member"}
            self.enter(Connected(sid, claims={**known, **claims}, expires_in_ms=expires_in_ms))

    def gather(self, *sids: str, conversation_id: str = "duo") -> None:
        """Connect sockets, have their users join a conversation, and forget what was heard on the way."""
        self.connect(*sids)
        for sid in sids:
            self.say(sid, gopang.ConversationJoin(value=conversation_id))
        self.hush()

    def say(self, sid: str, event: Event, *, ack: bool = False) -> list[Effect]:
        """Say something, and ask for an ack or not."""
        arguments = event.to_args()
        assert gopang.PROTOCOL.parse(Action.RECEIVE, event.event_name, arguments) == event
        return self.enter(Said(sid, event, ack=self._entries if ack else None))

    def go(self, *sids: str) -> None:
        for sid in sids:
            self.enter(Gone(sid))

    def garble(self, sid: str, event_name: str, *, ack: bool = False) -> None:
        self.enter(Garbled(sid, event_name, "no", ack=7 if ack else None))

    def order(self, command: Command) -> Reply:
        (reply,) = [effect for effect in self.enter(command) if isinstance(effect, Reply)]
        return reply

    def wait(self, ms: int) -> None:
        """Let time pass; what was put off until then is entered when it is due."""
        until = self.now_ms + ms
        while self._later and self._later[0][0] <= until:
            self.now_ms, _, command = heapq.heappop(self._later)
            self.enter(command)
        self.now_ms = until

    @property
    def timers(self) -> list[int]:
        """In how many milliseconds each timer rings, the next one first."""
        return sorted(due - self.now_ms for due, _, _ in self._later)

    def heard(self, sid: str) -> list[Event | Ack]:
        """Return, and forget, what a socket heard and how it was answered."""
        return self._heard.pop(sid, [])

    def names(self, sid: str) -> list[str]:
        """Return, and forget, the names of what a socket heard, `ack` for an answer."""
        return [each.event_name if isinstance(each, Event) else "ack" for each in self.heard(sid)]

    def one(self, sid: str, kind: type[M]) -> M:
        """Return, and forget, the one thing that a socket heard."""
        (only,) = self.heard(sid)
        assert isinstance(only, kind)
        return only

    def of(self, sid: str, kind: type[M]) -> list[M]:
        """Return what is of one kind, and forget all that a socket heard."""
        return [each for each in self.heard(sid) if isinstance(each, kind)]

    def hush(self) -> None:
        self._heard.clear()

    def codes(self) -> list[str]:
        return [effect.code for effect in self.effects if isinstance(effect, Note)]

    def _carry_out(self, effect: Effect) -> list[str]:
        """Carry one effect out; return the socket it dropped."""
        match effect:
            case Emit(event, room, skip):
                operation = gopang.PROTOCOL.operation(event)
                assert operation.action is Action.SEND
                assert gopang.PROTOCOL.faults(str(operation.schema), event.to_args()[0]) == []
                for sid, rooms in self.rooms.items():
                    if room in rooms and sid != skip:
                        self._heard[sid].append(event)
            case Acknowledge(sid, ack, value):
                assert (sid, ack) not in self._acked, "acknowledged twice"
                self._acked.add((sid, ack))
                (schema,) = {op.ack_schema for op in gopang.PROTOCOL.operations if op.ack is type(value)}
                assert gopang.PROTOCOL.faults(str(schema), value.to_args()[0]) == []
                self._heard[sid].append(value)
            case Enter(sid, room):
                assert sid in self.rooms, f"{sid} is gone and cannot enter {room}"
                self.rooms[sid].add(room)
            case Leave(sid, room):
                self.rooms.get(sid, set()).discard(room)
            case Drop(sid):
                assert self.rooms[sid] == {sid}, f"{sid} is dropped, and still in a room"
                del self.rooms[sid]
                return [sid]
            case Later(after_ms, command):
                assert after_ms > 0
                heapq.heappush(self._later, (self.now_ms + after_ms, next(self._numbers), command))
            case Note() | Reply():
                pass
            case _:
                raise AssertionError(f"gopang does not {effect}")
        return []
