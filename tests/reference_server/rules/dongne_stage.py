"""A stage for the rules of dongne: carries their effects out in virtual time, and remembers who heard what."""

import heapq
import itertools
from collections import defaultdict
from collections.abc import Mapping
from typing import TypeVar

from pydantic import MISSING

from protocols import dongne
from protocols.contract import Event, Json
from reference_server.effects import (
    Command,
    Connected,
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
    Publish,
    Reply,
    Said,
    Stamp,
    Withdraw,
)
from reference_server.mode import Mode
from reference_server.rules.dongne import Dongne
from reference_server.world import World
from reference_server.worlds.dongne import DongneUser, DongneWorld, NotificationSettings, Position

E = TypeVar("E", bound=Event)

START_MS = 1_700_000_000_123
AEWOL = (33.4628, 126.3094)
METRE = 1 / 111_195  # in degrees of latitude


def north(metres: float, of: tuple[float, float] = AEWOL) -> Position:
    """A place so many metres north of another, which is south for less than none."""
    return Position(lat=of[0] + metres * METRE, lng=of[1])


def local(name: str, metres: float = 0, **fields: object) -> DongneUser:
    """A verified local so far north of Aewol's town hall."""
    given = {"id": name, "nickname": name.title(), "local_verified": True, "position": north(metres)}
    return DongneUser.model_validate({**given, **fields})


NEIGHBOURS = (
    local("mina", 0, device_token="device-mina"),
    local("jun", 500, device_token="device-jun"),
    local("sora", 1500, notification_settings=NotificationSettings(immediate_alerts=False)),
    local("hana", 4000),
    local("expert", 30_000, local_verified=False, expert_tags=("#주차", "Café"), region="제주시"),
    local("haru", 8000, local_verified=False, notification_settings=NotificationSettings(channels=("email",))),
    local("admin", 10, local_verified=False, admin=True),
    DongneUser(id="nowhere", nickname="Nowhere", region="성산"),
    DongneUser(id="abroad", nickname="Abroad", position=Position(lat=37.5665, lng=126.9780)),
)
"""mina asks at Aewol; who hears of it when follows from these."""


def question(title: str = "주차할 곳 있나요?", **fields: object) -> dongne.CreateQuestion:
    given = {"title": title, "location": {"lat": AEWOL[0], "lng": AEWOL[1]}}
    return dongne.CreateQuestion.model_validate({**given, **fields})


def answer(question_id: str, content: str = "공영주차장에 많아요", **fields: Json) -> dongne.CreateAnswer:
    return dongne.CreateAnswer.model_validate({"questionId": question_id, "content": content, **fields})


class Stage:
    """One server's rules, and the sockets in front of them; the socket `mina-2` is one of the user `mina`."""

    def __init__(self, *connected: str, users: tuple[DongneUser, ...] = NEIGHBOURS) -> None:
        self.rules = Dongne(World(dongne=DongneWorld(users=users)), Mode.PRODUCTION)
        self.now_ms = START_MS
        self.rooms: dict[str, set[str]] = {}  # sid of every open socket -> rooms
        self.journal: list[tuple[Entry, Stamp]] = []
        self.effects: list[Effect] = []
        self.board: dict[str, Json] = {}  # what others may read
        self._heard: defaultdict[str, list[Event]] = defaultdict(list)  # sid -> events since it was last asked
        self._later: list[tuple[int, int, Command]] = []  # heap of (due, number, command)
        self._numbers = itertools.count(1)
        self.connect(*connected)
        self.hush()

    def enter(self, entry: Entry) -> list[Effect]:
        if isinstance(entry, Connected):
            self.rooms.setdefault(entry.sid, {entry.sid})
        if isinstance(entry, Gone):
            self.rooms.pop(entry.sid, None)
        stamp = Stamp(self.now_ms, next(self._numbers).to_bytes(8, "big"))
        self.journal.append((entry, stamp))
        effects = list(self.rules.handle(entry, stamp))
        for effect in effects:
            self._carry_out(effect)
        self.effects += effects
        return effects

    def connect(self, *sids: str) -> None:
        for sid in sids:
            self.enter(Connected(sid, claims={"userId": sid.partition("-")[0]}))

    def say(self, sid: str, event: Event) -> list[Effect]:
        return self.enter(Said(sid, event))

    def garble(self, sid: str, reason: str = "no") -> list[Effect]:
        return self.enter(Garbled(sid, "x", reason))

    def go(self, *sids: str) -> None:
        for sid in sids:
            self.enter(Gone(sid))

    def order(self, command: Command) -> Reply:
        (reply,) = [effect for effect in self.enter(command) if isinstance(effect, Reply)]
        return reply

    def ask(self, sid: str, title: str = "주차할 곳 있나요?", **fields: object) -> str:
        """Have somebody ask; return the id of the question, and keep what the others heard of it."""
        self.say(sid, question(title, **fields))
        return self.only(sid, dongne.QuestionCreated)[0].question.id

    def reply(self, sid: str, question_id: str, content: str = "공영주차장에 많아요") -> dongne.Answer:
        """Have somebody answer; return the answer, and forget what everybody heard of it."""
        self.say(sid, answer(question_id, content))
        (created,) = [event for event in self.heard(sid) if isinstance(event, dongne.AnswerCreated)]
        self.hush()
        return created.answer

    def join(self, question_id: str, *sids: str) -> None:
        """Have sockets open a question, and forget what was heard of it."""
        for sid in sids:
            self.say(sid, dongne.JoinQuestion(questionId=question_id))
        self.hush()

    def wait(self, ms: int) -> list[Effect]:
        """Let time pass; what was put off until then is entered when it is due."""
        until, effects = self.now_ms + ms, list[Effect]()
        while self._later and self._later[0][0] <= until:
            self.now_ms, _, command = heapq.heappop(self._later)
            effects += self.enter(command)
        self.now_ms = until
        return effects

    @property
    def timers(self) -> int:
        """How many commands are on their way."""
        return len(self._later)

    def heard(self, sid: str) -> list[Event]:
        """Return, and forget, what a socket heard."""
        return self._heard.pop(sid, [])

    def only(self, sid: str, kind: type[E]) -> list[E]:
        """Return, and forget, what a socket heard, all of which must be of one kind."""
        events = self.heard(sid)
        matching = [event for event in events if isinstance(event, kind)]
        assert matching == events, f"{sid} heard {events}"
        return matching

    def error(self, sid: str) -> str:
        """Return, and forget, the only thing that a socket heard, which must be a refusal."""
        (error,) = self.only(sid, dongne.Error)
        return error.message

    def hearers(self, kind: type[Event]) -> set[str]:
        """Return who has heard something of a kind since it was last asked."""
        return {sid for sid, events in self._heard.items() if any(isinstance(event, kind) for event in events)}

    def hush(self) -> None:
        self._heard.clear()

    def posted(self, channel: str) -> list[Mapping[str, Json]]:
        """Return everything that went outside by one channel."""
        return [effect.body for effect in self.effects if isinstance(effect, Notify) and effect.channel == channel]

    def notes(self) -> list[str]:
        """Return the codes of what was noted as refused."""
        return [effect.code for effect in self.effects if isinstance(effect, Note) and effect.code]

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Emit(event, room, skip):
                schema = dongne.PROTOCOL.operation(event).schema
                assert schema is not None
                assert dongne.PROTOCOL.faults(schema, event.to_json()) == []
                for sid, rooms in self.rooms.items():
                    if room in rooms and sid != skip:
                        self._heard[sid].append(event)
            case Enter(sid, room):
                assert sid in self.rooms, f"{sid} is gone and cannot enter {room}"
                self.rooms[sid].add(room)
            case Leave(sid, room):
                self.rooms.get(sid, set()).discard(room)
            case Later(after_ms, command):
                heapq.heappush(self._later, (self.now_ms + after_ms, next(self._numbers), command))
            case Publish(key, value, ttl_s, ""):
                assert ttl_s > 0
                self.board[key] = value
            case Withdraw(key, ""):
                self.board.pop(key, None)
            case Note() | Notify() | Reply():
                pass
            case _:
                raise AssertionError(f"dongne does not {effect}")


ABSENT = MISSING
"""What an optional field holds that was left out."""
