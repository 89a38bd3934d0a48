"""Rules alone, in virtual time, for a million messages: what each costs, and what is kept of them.

As a process: `python -m benchmarks.endless PROTOCOL COUNT…` prints, for each count of messages, a line of JSON.
"""

import argparse
import gc
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from rich.table import Table

from protocols import dongne, gateway, gopang, hub, space
from protocols.contract import Event
from reference_server.clock import ManualClock
from reference_server.effects import Command, Connected, Delivery, Effect, Emit, Entry, Later, Notify, Rules, Said
from reference_server.journal import Journal, seeded_entropy
from reference_server.mode import Mode
from reference_server.rules.dongne import Dongne
from reference_server.rules.gateway import Gateway
from reference_server.rules.gopang import Gopang
from reference_server.rules.hub import Hub
from reference_server.rules.space import Space
from reference_server.world import World
from reference_server.worlds.dongne import DongneWorld
from reference_server.worlds.gopang import GopangWorld

COUNTS: Final = (10_000, 100_000, 1_000_000)
EVERY_MS: Final = 10
"""Of virtual time, between two messages."""
START_MS: Final = 1_700_000_000_000
USERS: Final = 20


@dataclass(frozen=True, slots=True)
class State:
    """What it had come to after so many messages."""

    protocol: str
    messages: int
    us_each: float
    """CPU for each message since the mark before, what followed from it by timers included; microseconds."""
    memory_mb: float
    """What the process has grown by since the first message."""


class Stage:
    """The rules of one protocol, whose timers ring in virtual time; nobody delivers anything outside."""

    def __init__(self, rules: Rules) -> None:
        self.clock = ManualClock(START_MS)
        self._journal = Journal(rules, self.clock, seeded_entropy(1, rules.protocol.name))

    def enter(self, entry: Entry) -> Sequence[Effect]:
        """Have an entry handled, and return what came of it; raises what the rules raised."""
        outcome = self._journal.enter(entry)
        if outcome.crash is not None:
            raise outcome.crash
        for effect in outcome.effects:
            match effect:
                case Later(after_ms, command):
                    self.clock.later(after_ms, partial(self._ring, command))
                case Notify(receipt=receipt) if receipt is not None:
                    self.clock.later(0, partial(self._ring, replace(receipt, delivery=Delivery.NOBODY)))
                case _:
                    pass
        return outcome.effects

    def say(self, sid: str, event: Event) -> Sequence[Effect]:
        """Have somebody say something, a little later than what was said before."""
        self.clock.advance(EVERY_MS)
        return self.enter(Said(sid, event))

    def _ring(self, command: Command) -> None:
        self.enter(command)


Life: TypeAlias = Callable[[], Iterator[None]]
"""Says one message at each step, without end."""


def _space() -> Iterator[None]:
    """Move and talk in one space."""
    stage = Stage(Space(World(), Mode.DEVELOPMENT))
    for n in range(USERS):
        stage.enter(Connected(f"s{n}"))
        stage.enter(Said(f"s{n}", space.JoinSpace(spaceId="a", playerId=f"p{n}", nickname=f"n{n}", avatarColor="blue")))
    for n in itertools.count():
        event: Event = space.PlayerMove(x=n % 1000, y=0, direction="left", isMoving=True)
        if n % 10 == 0:
            event = space.ChatMessageRequest(content=f"message {n}", type="message")
        stage.say(f"s{n % USERS}", event)
        yield


def _gateway() -> Iterator[None]:
    """Write into one room."""
    world = World.built_in()
    stage = Stage(Gateway(world, Mode.PRODUCTION))
    room = world.gateway.rooms[0]
    members = world.gateway.users  # of its first room all are
    for n, member in enumerate(members):
        stage.enter(Connected(f"s{n}", claims={"sub": member.id}))
        stage.enter(Said(f"s{n}", gateway.JoinRoom(roomId=room.id)))
    for n in itertools.count():
        message = gateway.SendMessage(roomId=room.id, clientMsgId=f"m{n}", content=f"message {n}")
        stage.say(f"s{n % len(members)}", message)
        yield


def _dongne() -> Iterator[None]:
    """Ask, and have each question answered nine times."""
    world = {"id": "user{n}", "nickname": "n{n}", "local_verified": True, "count": USERS}
    stage = Stage(Dongne(World(dongne=DongneWorld.model_validate({"users": [world]})), Mode.PRODUCTION))
    for n in range(USERS):
        stage.enter(Connected(f"s{n}", claims={"userId": f"user{n + 1}"}))
    question_id = ""
    for n in itertools.count():
        if n % 10 == 0:
            place = dongne.Location(lat=33.4996, lng=126.5312)
            asked = stage.say(f"s{n // 10 % USERS}", dongne.CreateQuestion(title=f"question {n}", location=place))
            [question_id] = [
                effect.event.question.id
                for effect in asked
                if isinstance(effect, Emit) and isinstance(effect.event, dongne.QuestionCreated)
            ]
        else:
            answer = dongne.CreateAnswer(questionId=question_id, content=f"answer {n}")
            stage.say(f"s{(n // 10 + n) % USERS}", answer)
        yield


def _gopang() -> Iterator[None]:
    """Write to one another, and read it."""
    ids = [f"u{n}" for n in range(USERS)]
    users = [{"id": name, "email": f"{name}@example.org", "name": name} for name in ids]
    conversations = [{"id": "all", "participants": ids}]
    world = World(gopang=GopangWorld.model_validate({"users": users, "conversations": conversations}))
    stage = Stage(Gopang(world, Mode.PRODUCTION))
    for name in ids:
        stage.enter(Connected(name, claims={"userId": name, "email": f"{name}@example.org", "userType": "individual"}))
        stage.enter(Said(name, gopang.ConversationJoin(value="all")))
    for n in itertools.count():
        stage.say(ids[n % USERS], gopang.MessageSend(conversationId="all", content=f"message {n}"))
        yield


def _hub() -> Iterator[None]:
    """Write into one room."""
    stage = Stage(Hub(World(), Mode.PRODUCTION))
    for n in range(USERS):
        stage.enter(Connected(f"s{n}", claims={"id": f"u{n}", "email": f"u{n}@example.org", "nickname": f"n{n}"}))
        stage.enter(Said(f"s{n}", hub.JoinRoom(roomId="room")))
    for n in itertools.count():
        stage.say(f"s{n % USERS}", hub.SendMessage(roomId="room", content=f"message {n}"))
        yield


LIVES: Final[Mapping[str, Life]] = {
    "space": _space,
    "gateway": _gateway,
    "dongne": _dongne,
    "gopang": _gopang,
    "hub": _hub,
}


def measure(protocol: str, counts: Sequence[int]) -> Iterator[State]:
    """Live through so many messages, and say at each count what it had come to."""
    life = LIVES[protocol]()
    next(life)
    before, said = _memory_mb(), 1
    for count in counts:
        begin, begin_s = said, time.process_time()
        for _ in range(count - said):
            next(life)
        said = count
        us_each = (time.process_time() - begin_s) / (count - begin) * 1e6
        gc.collect()
        yield State(protocol, count, us_each, max(0.0, _memory_mb() - before))


def _memory_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def compare(counts: Sequence[int] = COUNTS) -> list[State]:
    """Let each protocol live in a process of its own, one after the other."""
    states = []
    for protocol in LIVES:
        command = [sys.executable, "-m", "benchmarks.endless", protocol, *map(str, counts)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        states += [State(**json.loads(line)) for line in printed.splitlines()]
    return states


def table(states: Sequence[State]) -> Table:
    """Show a line for each protocol."""
    counts = sorted({state.messages for state in states})
    shown = Table(title="Rules alone: CPU µs for each message, and memory by then", title_justify="left")
    shown.add_column("")
    for count in counts:
        shown.add_column(f"after {count:,}", justify="right")
    for protocol in dict.fromkeys(state.protocol for state in states):
        row = {state.messages: state for state in states if state.protocol == protocol}
        shown.add_row(protocol, *(f"{row[count].us_each:.0f} µs  {row[count].memory_mb:6.1f} MB" for count in counts))
    return shown


def main() -> None:
    """Measure one protocol, and print what it came to as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol", choices=LIVES)
    parser.add_argument("counts", type=int, nargs="+", metavar="COUNT")
    options = parser.parse_args()
    for state in measure(options.protocol, options.counts):
        print(json.dumps(asdict(state)), flush=True)


if __name__ == "__main__":
    main()
