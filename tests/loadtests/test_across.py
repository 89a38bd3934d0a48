"""Deliveries between the people of several workers, on paper: all that is lost, doubled or swapped is counted."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.account import ELSEWHERE, TimedTally
from loadtests.samples import Label, Samples
from loadtests.workers.promises import Bulletin, Promises, Sieve, digest_of
from loadtests.workers.shared_ledger import SharedLedger
from protocols.contract import Event
from protocols.space import (
    PROTOCOL,
    ChatMessageEvent,
    ChatMessageRequest,
    JoinSpace,
    LeaveSpace,
    PlayerJoined,
    PlayerLeft,
    PlayerMove,
    PlayerMoved,
    RoomJoined,
    WhisperReceived,
    WhisperSend,
)
from simulators.actors.space_standing import SpaceStanding
from simulators.delivery import NOBODY
from simulators.expectation import Shape
from simulators.people import Identity
from simulators.tally import Row

S = 1_000_000_000
MS = 1_000_000
CAST = {"ann": "one", "ben": "one", "cho": "two", "dan": "two", "eve": "three"}


class Worker:
    """One worker with its people, all of whom are in the plaza; its clock is its own."""

    def __init__(self, name: str, ahead_ns: int) -> None:
        self.name = name
        self.ahead_ns = ahead_ns
        self.people = [person for person, where in CAST.items() if where == name]
        self.standings: dict[str, SpaceStanding] = {}
        samples = Samples()
        self.tally = TimedTally(samples, PROTOCOL, Label("connect", "websocket"))
        # So quick a target that no rate limit is in the way.
        self.ledger = SharedLedger(PROTOCOL, self.tally, samples, deadline_s=lambda ms: ms / 1000, time_scale=10_000)
        for person in self.people:
            self.join(person, 0)

    def join(self, person: str, at_ns: int) -> None:
        if person not in self.standings:
            self.standings[person] = SpaceStanding(production=True)
            self.ledger.add(person, self.standings[person])
            self.standings[person].connected(Identity(token=person, id=f"id-{person}", nickname=person, scope="plaza"))
            self.ledger.connected(person, at_ns + self.ahead_ns)
        self.say(
            person,
            JoinSpace(spaceId="plaza", playerId="me", nickname=person, avatarColor="blue", sessionToken=person),
            at_ns,
        )
        self.hear(person, RoomJoined(spaceId="plaza", players=[], yourPlayerId=f"id-{person}"), at_ns)

    def say(self, person: str, event: Event, at_ns: int) -> None:
        self.ledger.said(person, event, at_ns + self.ahead_ns, at_ns + self.ahead_ns)

    def hear(self, person: str, event: Event, at_ns: int) -> None:
        self.ledger.heard(person, event, event.to_json(), at_ns + self.ahead_ns)

    def row(self, cause: str, heard: str) -> Row:
        return self.tally.row(cause + ELSEWHERE, heard)


class House:
    """Three workers, and a master that hands on what they tell every half second, as late as it is told to."""

    def __init__(self, ahead_s: tuple[float, float, float]) -> None:
        self.workers = {
            name: Worker(name, int(ahead * S)) for name, ahead in zip(("one", "two", "three"), ahead_s, strict=True)
        }
        self.now_ns = 0
        self.late_ns: Iterator[int] = iter(())

    def of(self, person: str) -> Worker:
        return self.workers[CAST[person]]

    def others(self, person: str) -> list[str]:
        """Everybody who has another worker than this one."""
        return [other for other, worker in CAST.items() if worker != CAST[person]]

    def pass_time(self, until_ns: int) -> None:
        """Let the workers tell each other, and settle, until that moment."""
        while self.now_ns + S // 2 <= until_ns:
            self.now_ns += S // 2
            for worker in self.workers.values():
                told = json.loads(json.dumps(worker.ledger.tell(self.now_ns + worker.ahead_ns)))
                for other in self.workers.values():
                    if other is not worker:
                        at_ns = self.now_ns + next(self.late_ns, 0) + other.ahead_ns
                        other.ledger.told(worker.name, Bulletin.read(told), at_ns)
            for worker in self.workers.values():
                worker.ledger.settle(self.now_ns + worker.ahead_ns)

    def say(self, person: str, event: Event) -> None:
        self.of(person).say(person, event, self.now_ns)

    def hear(self, person: str, event: Event) -> None:
        self.of(person).hear(person, event, self.now_ns)

    def total(self, column: str) -> int:
        """The sum of a column over all that was accounted for across workers."""
        rows = [row for worker in self.workers.values() for row in worker.tally.rows.values()]
        return sum(int(getattr(row, column)) for row in rows if row.cause.endswith(ELSEWHERE))

    def counts(self) -> dict[str, int]:
        names = ("expected", "delivered", "lost", "duplicated", "misordered", "misheard")
        return {name: count for name in names if (count := self.total(name))}


def moved(person: str, x: float) -> PlayerMoved:
    return PlayerMoved(id=f"id-{person}", nickname=person, x=x, y=0, direction="up", isMoving=True, avatarColor="blue")


def move(x: float) -> PlayerMove:
    return PlayerMove(x=x, y=0, direction="up", isMoving=True)


def chat(person: str, content: str) -> ChatMessageEvent:
    return ChatMessageEvent(
        id="m", senderId=f"id-{person}", senderNickname=person, content=content, timestamp=0, type="message"
    )


@pytest.fixture
def house() -> House:
    """Everybody is in the plaza for ten seconds, and the workers know of each other."""
    house = House((10_000, 400, 86_400))
    house.pass_time(10 * S)
    assert house.counts() == {}
    return house


@dataclass
class Deed:
    """Somebody moves, and what comes of it for each person of another worker: how long after, as often as it comes."""

    author: str
    at_ms: int
    heard_ms: dict[str, list[int]] = field(default_factory=dict)


@st.composite
def deeds(draw: st.DrawFn) -> list[Deed]:
    made = []
    at_ms = 10_000
    for _ in range(draw(st.integers(1, 12))):
        at_ms += draw(st.integers(1, 1500))
        deed = Deed(draw(st.sampled_from(list(CAST))), at_ms)
        for other, worker in CAST.items():
            if worker != CAST[deed.author]:
                deed.heard_ms[other] = draw(st.lists(st.integers(0, 4000), max_size=2))
        made.append(deed)
    return made


def misordered(deeds: list[Deed]) -> int:
    """Count deliveries that came after something that the same author did later, the plain way."""
    first: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for number, deed in enumerate(deeds):
        for person, after in deed.heard_ms.items():
            if after:
                first.setdefault((person, deed.author), []).append((deed.at_ms + min(after), number))
    return sum(any(later[1] > one[1] and later < one for later in heard) for heard in first.values() for one in heard)


@settings(max_examples=25, deadline=None)
@given(deeds(), st.lists(st.integers(0, 1900), max_size=60), st.tuples(*[st.integers(100, 100_000)] * 3))
def test_what_comes_of_every_deed_is_counted_exactly(
    deeds: list[Deed], late_ms: list[int], ahead_s: tuple[int, int, int]
) -> None:
    house = House(ahead_s)
    house.pass_time(10 * S)
    house.late_ns = iter(ms * MS for ms in late_ms)
    lines: list[tuple[int, int, int, str]] = []  # when, whether it is heard, which deed, by whom
    for number, deed in enumerate(deeds):
        lines.append((deed.at_ms, 0, number, deed.author))
        for person, after in deed.heard_ms.items():
            lines.extend((deed.at_ms + ms, 1, number, person) for ms in after)
    for at_ms, is_heard, number, person in sorted(lines):
        house.pass_time(at_ms * MS)
        if is_heard:
            house.of(person).hear(person, moved(deeds[number].author, number), at_ms * MS)
        else:
            house.of(person).say(person, move(number), at_ms * MS)
    house.pass_time(house.now_ns + 30 * S)

    came = Counter(min(len(after), 2) for deed in deeds for after in deed.heard_ms.values())
    wanted = {
        "expected": sum(came.values()),
        "delivered": came[1] + came[2],
        "lost": came[0],
        "duplicated": came[2],
        "misordered": misordered(deeds),
    }
    assert house.counts() == {name: count for name, count in wanted.items() if count}


def test_who_says_the_same_twice_is_to_be_heard_twice(house: House) -> None:
    for _ in range(2):
        house.say("ann", ChatMessageRequest(content="hi"))
        for person in house.others("ann"):
            house.hear(person, chat("ann", "hi"))
    house.say("ann", ChatMessageRequest(content="hi"))
    house.hear("cho", chat("ann", "hi"))
    house.pass_time(40 * S)
    assert house.counts() == {"expected": 9, "delivered": 7, "lost": 2}
    lost = "never heard chat:message because of another worker's chat:message"
    assert house.of("dan").tally.examples[-1] == f"dan {lost}"


def test_a_duplicate_does_not_stand_in_for_what_is_said_later(house: House) -> None:
    for times in (2, 0):
        house.say("ann", ChatMessageRequest(content="hi"))
        for person in ("dan", "eve"):
            house.hear(person, chat("ann", "hi"))
        for _ in range(times):
            house.hear("cho", chat("ann", "hi"))
        house.pass_time(house.now_ns + 3 * S)
    house.pass_time(house.now_ns + 40 * S)
    assert house.counts() == {"expected": 6, "delivered": 5, "lost": 1, "duplicated": 1}


def test_what_a_cut_may_have_swallowed_may_be_heard_all_the_same(house: House) -> None:
    house.say("ben", move(1))
    house.hear("eve", moved("ben", 1))
    house.of("ben").ledger.lost("ben", house.now_ns + house.of("ben").ahead_ns)
    house.pass_time(house.now_ns + 40 * S)
    assert house.counts() == {}
    assert house.of("eve").row("player:move", "player:moved").excluded == 1


def test_a_whisper_that_others_hear_was_not_for_them(house: House) -> None:
    house.say("ann", WhisperSend(targetId="id-cho", content="psst"))
    whisper = WhisperReceived(senderId="id-ann", senderName="ann", content="psst")
    for person in ("cho", "dan", "eve"):
        house.hear(person, whisper)
    house.pass_time(40 * S)
    assert house.counts() == {"expected": 1, "delivered": 1, "misheard": 2}
    assert house.of("eve").row("whisper:send", "whisper:received").misheard == 1


def test_what_nobody_said_was_for_nobody_and_strangers_may_say_what_they_like(house: House) -> None:
    house.say("ann", move(1))
    for person in house.others("ann"):
        house.hear(person, moved("ann", 1 if person != "cho" else 2))
        house.hear(person, moved("somebody", 1))
    house.pass_time(40 * S)
    assert house.counts() == {"expected": 3, "delivered": 2, "lost": 1, "misheard": 1}
    assert house.of("cho").row(NOBODY, "player:moved").misheard == 1


def test_who_came_or_left_meanwhile_or_was_cut_off_is_not_demanded_of(house: House) -> None:
    house.say("ann", move(1))
    house.pass_time(house.now_ns + S)
    house.say("cho", LeaveSpace())
    house.of("dan").ledger.lost("dan", house.now_ns + house.of("dan").ahead_ns)
    house.hear("eve", moved("ann", 1))
    house.pass_time(house.now_ns + S)
    house.of("cho").join("cho", house.now_ns)
    house.say("ben", move(2))
    house.of("ben").ledger.lost("ben", house.now_ns + house.of("ben").ahead_ns)
    house.pass_time(house.now_ns + 40 * S)
    moves = [worker.row("player:move", "player:moved") for worker in house.workers.values()]
    assert [(row.expected, row.lost) for row in moves] == [(0, 0), (0, 0), (1, 0)]
    assert house.total("misheard") == 0


def test_what_may_be_heard_takes_nothing_from_what_must_be_and_its_order_says_nothing(house: House) -> None:
    """Whoever joins may be taking over from another connection, of which others may hear as of a leave."""
    cho = house.of("cho")
    cho.say("cho", LeaveSpace(), house.now_ns)
    for person in house.others("cho"):
        house.hear(person, PlayerLeft(id="id-cho"))
    house.pass_time(house.now_ns + 11 * S)
    before = house.counts()
    house.of("cho").join("cho", house.now_ns)
    house.pass_time(house.now_ns + S)
    house.say("cho", move(1))
    house.pass_time(house.now_ns + S)
    house.say("cho", LeaveSpace())
    for person in house.others("cho"):
        house.hear(
            person,
            PlayerJoined(id="id-cho", nickname="cho", x=0, y=0, direction="down", isMoving=False, avatarColor="blue"),
        )
        house.hear(person, moved("cho", 1))
        house.hear(person, PlayerLeft(id="id-cho"))
    house.pass_time(house.now_ns + 40 * S)
    assert (before["expected"], before["delivered"]) == (3, 3)
    assert house.counts() == {"expected": 12, "delivered": 12}


def test_a_worker_that_tells_late_accuses_nobody_of_having_heard_what_they_heard_before_they_left(house: House) -> None:
    house.of("ann").ledger.grace_ns = 100 * S  # its own people heard something very late
    house.say("ann", move(1))
    for person in house.others("ann"):
        house.hear(person, moved("ann", 1))
    house.say("cho", LeaveSpace())
    for person in house.others("cho"):
        house.hear(person, PlayerLeft(id="id-cho"))
    house.pass_time(house.now_ns + 200 * S)
    assert house.total("misheard") == 0
    assert house.of("dan").row("player:move", "player:moved").delivered == 1


def test_a_worker_that_came_later_or_fell_silent_accuses_nobody(house: House) -> None:
    silent = house.workers.pop("three")
    house.say("ann", move(1))
    for person in ("cho", "dan"):
        house.hear(person, moved("ann", 1))
    silent.say("eve", move(2), house.now_ns)
    house.pass_time(house.now_ns + 60 * S)  # nobody is told what she did
    assert house.counts() == {"expected": 2, "delivered": 2}
    house.workers["three"] = silent
    house.pass_time(house.now_ns + 60 * S)
    assert house.total("lost") == 0


def test_what_was_said_before_a_worker_was_known_may_be_heard_after_it() -> None:
    house = House((100, 100, 100))
    house.say("ann", ChatMessageRequest(content="hi"))  # when nobody has told anything yet
    house.pass_time(3 * S)
    for _ in range(2):
        house.hear("cho", chat("ann", "hi"))
    house.say("ann", ChatMessageRequest(content="hi"))
    for person in ("dan", "eve"):
        house.hear(person, chat("ann", "hi"))
    house.pass_time(40 * S)
    assert house.counts() == {"expected": 3, "delivered": 3}


def test_many_deeds_are_sampled_and_those_of_the_sample_counted_exactly(house: House) -> None:
    for number in range(3000):
        house.say("ann", move(number))
        for person in house.others("ann"):
            if number % 10 or person != "dan":
                house.hear(person, moved("ann", number))
    house.pass_time(house.now_ns + 40 * S)
    fields = ("avatarColor", "direction", "id", "isMoving", "nickname", "x", "y")
    sample = [
        number
        for number in range(3000)
        if digest_of(Shape("emitPlayerMoved", fields).key(moved("ann", number).to_json())) % 4 == 0
    ]
    lost = sum(number % 10 == 0 for number in sample)
    assert 500 < len(sample) < 1000
    assert lost > 20
    assert house.counts() == {"expected": 3 * len(sample), "delivered": 3 * len(sample) - lost, "lost": lost}


def test_a_digest_is_the_same_for_what_is_the_same_in_json() -> None:
    fields = ("content", "x")
    whole, broken = (digest_of(Shape("op", fields).key({"content": ["안녕", {"a": 1}], "x": x})) for x in (1, 1.0))
    assert whole == broken
    assert whole != digest_of(Shape("op", fields).key({"content": ["안녕", {"a": 1}], "x": 1.5}))
    assert digest_of(Shape("op", ()).key({})) == 10385478606300741000


def test_the_sieve_lets_nothing_pass_that_it_held_back() -> None:
    sieve = Sieve()
    before = {number for number in range(64) if sieve.passes(number)}
    sieve.halve()
    sieve.narrow(8)
    sieve.narrow(2)
    after = {number for number in range(64) if sieve.passes(number)}
    assert after < before
    assert len(after) == 8
    assert Promises(sieve).tell(10, 5) == Bulletin(10, 5, 8, [])
