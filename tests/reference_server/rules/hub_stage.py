"""A stage for the rules of hub: carries their effects out in memory, and remembers what every socket heard."""

from collections import defaultdict

from protocols import hub
from protocols.contract import Event
from reference_server.effects import (
    Command,
    Connected,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Gone,
    Leave,
    Note,
    Reply,
    Said,
    Stamp,
)
from reference_server.mode import Mode
from reference_server.rules.hub import Hub
from reference_server.rules.hub_commands import PostNotification
from reference_server.world import World

START_MS = 1_700_000_000_123


def notice(user_id: str, title: str = "Hi") -> PostNotification:
    return PostNotification(user_id, "like", title, "Somebody likes you")


class Stage:
    """One server's rules, and the sockets in front of them; the socket `mina-2` is one of the user `mina`."""

    def __init__(self, *connected: str) -> None:
        self.rules = Hub(World(), Mode.PRODUCTION)
        self.now_ms = START_MS
        self.rooms: dict[str, set[str]] = {}  # sid of every open socket -> rooms
        self.effects: list[Effect] = []
        self._heard: defaultdict[str, list[Event]] = defaultdict(list)  # sid -> events since it was last asked
        self._entries = 0
        self.connect(*connected)
        self.hush()

    def enter(self, entry: Entry) -> list[Effect]:
        if isinstance(entry, Connected):
            self.rooms.setdefault(entry.sid, {entry.sid})
        if isinstance(entry, Gone):
            self.rooms.pop(entry.sid, None)
        self._entries += 1
        effects = list(self.rules.handle(entry, Stamp(self.now_ms, self._entries.to_bytes(8, "big"))))
        for effect in effects:
            self._carry_out(effect)
        self.effects += effects
        return effects

    def connect(self, *sids: str) -> None:
        for sid in sids:
            name = sid.partition("-")[0]
            claims = {"id": name, "email": f"{name}@example.org", "nickname": sid.title()}
            self.enter(Connected(sid, claims=claims))

    def say(self, sid: str, event: Event) -> list[Effect]:
        return self.enter(Said(sid, event))

    def join(self, room_id: str, *sids: str) -> None:
        """Have sockets join a room, and forget what was heard of it."""
        for sid in sids:
            self.say(sid, hub.JoinRoom(roomId=room_id))
        self.hush()

    def garble(self, sid: str, reason: str = "no") -> list[Effect]:
        return self.enter(Garbled(sid, "x", reason))

    def go(self, *sids: str) -> None:
        for sid in sids:
            self.enter(Gone(sid))

    def order(self, command: Command) -> Reply:
        (reply,) = [effect for effect in self.enter(command) if isinstance(effect, Reply)]
        return reply

    def heard(self) -> dict[str, list[Event]]:
        """Return, and forget, what everybody heard; who heard nothing is not in it."""
        heard = dict(self._heard)
        self.hush()
        return heard

    def hush(self) -> None:
        self._heard.clear()

    def notes(self) -> list[str]:
        """Return the codes of what was noted as refused."""
        return [effect.code for effect in self.effects if isinstance(effect, Note) and effect.code]

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Emit(event, room, skip):
                schema = hub.PROTOCOL.operation(event).schema
                assert schema is not None
                assert hub.PROTOCOL.faults(schema, event.to_args()[0]) == []
                for sid, rooms in self.rooms.items():
                    if room in rooms and sid != skip:
                        self._heard[sid].append(event)
            case Enter(sid, room):
                assert sid in self.rooms, f"{sid} is gone and cannot enter {room}"
                self.rooms[sid].add(room)
            case Leave(sid, room):
                self.rooms.get(sid, set()).discard(room)
            case Note() | Reply():
                pass
            case _:
                raise AssertionError(f"hub does not {effect}")
