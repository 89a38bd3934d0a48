"""Casts on paper: the same to the last byte, right rules without a fault, and broken ones found out."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

import orjson
import pytest

from protocols import PROTOCOLS, gateway, space
from protocols.contract import Json, Protocol
from protocols.errors import UsageError
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
    Question,
    Reply,
    Rules,
    Said,
    Stamp,
)
from reference_server.mode import Mode
from reference_server.rules.gateway import Gateway
from reference_server.rules.space import Space
from reference_server.world import World
from rehearsal.virtual import EPOCH_MS, PaperServer, VirtualRun, rehearse
from simulators.history import Direction, Record
from simulators.scenario import Cast
from simulators.tally import Tally

CAST = Cast.parse("player=12,guest=4,staff=1,heckler=2", "space")


def account(rules: Rules | None = None, *, seed: int = 1, for_s: float = 30.0) -> Tally:
    outcome = VirtualRun(CAST, seed=seed, rules=rules, accounting=True, ramp_s=2.0).play(for_s)
    assert outcome.tally is not None
    return outcome.tally


# --- the same every time ---


def test_one_seed_one_history() -> None:
    first, same, other = (rehearse(CAST, seed=seed, for_s=20.0) for seed in (1, 1, 2))
    assert first == same
    assert first.digest != other.digest
    assert first.deliveries > 1000


def test_accounting_changes_nothing() -> None:
    plain = rehearse(CAST, seed=3, for_s=10.0)
    accounted = VirtualRun(CAST, seed=3, accounting=True).play(10.0)
    assert replace(accounted, tally=None) == plain


def test_another_process_writes_the_same_history() -> None:
    """In two processes whose sets and dicts of strings are ordered differently."""
    script = (
        "from rehearsal.virtual import rehearse; from simulators.scenario import Cast;"
        "print(rehearse(Cast.parse('player=30,guest=10,staff=2,heckler=3', 'space'), seed=5, for_s=20.0).digest)"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_hundred_players_for_a_minute() -> None:
    """The benchmark plays 1,000 for ten minutes."""
    people = Cast.parse("player=100", "space")
    first, same = (rehearse(people, seed=1, for_s=60.0) for _ in range(2))
    assert first == same
    assert first.deliveries > 50_000


def test_the_history_is_written_as_any_other() -> None:
    lines: list[bytes] = []
    rehearse(CAST, seed=1, for_s=8.0, sink=lines.append)
    records = [orjson.loads(line) for line in lines]
    assert [record["order"] for record in records] == list(range(len(lines)))
    assert {record["direction"] for record in records} == {">", "<", "="}
    for line, fields in zip(lines, records, strict=True):
        if "base64" not in line.decode():
            assert Record(**{**fields, "direction": Direction(fields["direction"])}).to_json() == line


# --- every protocol ---

CASTS = {
    "gateway": "chatter=14,commuter=6,heckler=3",
    "dongne": "asker=6,answerer=14,admin=1,heckler=3",
    "gopang": "messenger=6,tablet=3,trader=4,owner=3,requester=4,heckler=2",
    "hub": "talker=14,visitor=6,heckler=2",
}


@pytest.mark.parametrize("protocol", CASTS)
def test_each_protocol_is_played_without_a_fault_and_the_same_with_and_without_an_account(protocol: str) -> None:
    people = Cast.parse(CASTS[protocol], protocol)
    accounted = VirtualRun(people, protocol=protocol, seed=2, accounting=True, ramp_s=2.0).play(40.0)
    plain = VirtualRun(people, protocol=protocol, seed=2, ramp_s=2.0).play(40.0)
    assert replace(accounted, tally=None) == plain
    tally = accounted.tally
    assert tally is not None
    assert (tally.examples, tally.faults) == ([], 0)
    assert tally.total("delivered") > 1000
    acked = {operation.name for operation in PROTOCOLS[protocol].operations if operation.ack is not None}
    assert tally.acks.keys() <= acked
    assert bool(tally.acks) is bool(acked)


def test_more_people_than_the_world_has_are_told_so() -> None:
    with pytest.raises(UsageError, match="more sessions are needed"):
        VirtualRun(Cast.parse("owner=1100", "gopang"), protocol="gopang", seed=1).play(20.0)


def test_acks_that_are_wrong_or_never_come_are_found_out() -> None:
    class Forgetful(Gateway):
        def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
            for effect in super().handle(entry, stamp):
                match effect:
                    case Acknowledge(value=gateway.HeartbeatAck()):
                        pass
                    case Acknowledge(value=gateway.SendMessageAck() as ack):
                        yield replace(effect, value=ack.model_copy(update={"clientMsgId": "another"}))
                    case _:
                        yield effect

    rules = Forgetful(World.built_in(), Mode.PRODUCTION)
    people = Cast.parse("chatter=2", "gateway")
    tally = VirtualRun(people, protocol="gateway", seed=1, rules=rules, accounting=True, ramp_s=1.0).play(30.0).tally
    assert tally is not None
    assert any("the ack of sendMessage says {'clientMsgId': 'another'" in example for example in tally.examples)
    assert "chatter-1 got no ack of heartbeat" in tally.examples


# --- right rules ---


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_right_rules_make_no_fault(seed: int) -> None:
    tally = account(seed=seed)
    assert tally.examples == []
    assert tally.faults == 0
    assert tally.total("late") == 0
    assert tally.total("delivered") > 3000
    # What is not counted must stay the exception, or the account says nothing.
    assert tally.total("excluded") < tally.total("delivered") / 20
    causes = {cause for cause, _ in tally.rows}
    assert causes >= {"join:space", "player:move", "chat:message", "whisper:send", "joinParty", "(disconnect)"}


# --- broken rules ---


class Broken:
    """The rules of space, with their effects changed on the way out."""

    protocol: ClassVar[Protocol] = Space.protocol

    def __init__(self, change: Callable[[Entry, Effect], Iterator[Effect]]) -> None:
        self._rules = Space(World.built_in(), Mode.PRODUCTION)
        self._change = change

    def admits(self, claims: Mapping[str, Json]) -> str:
        return ""

    def health(self) -> Mapping[str, Json]:
        return {}

    def question(self, entry: Entry) -> Question | None:
        return self._rules.question(entry)

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        for effect in self._rules.handle(entry, stamp):
            yield from self._change(entry, effect)


def loses_jumps(entry: Entry, effect: Effect) -> Iterator[Effect]:
    if not (isinstance(effect, Emit) and isinstance(effect.event, space.PlayerJumped)):
        yield effect


def says_everything_twice(entry: Entry, effect: Effect) -> Iterator[Effect]:
    yield effect
    if isinstance(effect, Emit) and isinstance(effect.event, space.ChatMessageEvent):
        yield effect


def echoes_moves(entry: Entry, effect: Effect) -> Iterator[Effect]:
    moved = isinstance(effect, Emit) and isinstance(effect.event, space.PlayerMoved)
    yield replace(effect, skip="") if moved and isinstance(effect, Emit) else effect


def whispers_to_all(entry: Entry, effect: Effect) -> Iterator[Effect]:
    yield effect
    if isinstance(effect, Emit) and isinstance(effect.event, space.WhisperReceived):
        for n in range(40):
            yield replace(effect, room=f"sid-{n}")


def keeps_ghosts(entry: Entry, effect: Effect) -> Iterator[Effect]:
    left = isinstance(effect, Emit) and isinstance(effect.event, space.PlayerLeft)
    if not (left and isinstance(entry, Gone)):
        yield effect


def swallows_errors(entry: Entry, effect: Effect) -> Iterator[Effect]:
    if not (isinstance(entry, Garbled) and isinstance(effect, Emit)):
        yield effect


def trusts_ids(entry: Entry, effect: Effect) -> Iterator[Effect]:
    match entry, effect:
        case Said(event=space.PlayerMove(id=str(forged))), Emit(event=space.PlayerMoved() as moved):
            yield replace(effect, event=moved.model_copy(update={"id": forged}))
        case _:
            yield effect


def forgets_who_is_there(entry: Entry, effect: Effect) -> Iterator[Effect]:
    if not (isinstance(effect, Enter) and effect.room.startswith("zone:")):
        yield effect


class Late:
    """Holds back each move until the same player's next event has been told."""

    def __init__(self) -> None:
        self._held: dict[str, Effect] = {}

    def __call__(self, entry: Entry, effect: Effect) -> Iterator[Effect]:
        match entry, effect:
            case Said(sid=sid, event=space.PlayerMove()), Emit(event=space.PlayerMoved()):
                held = self._held.pop(sid, None)
                if held is None:
                    self._held[sid] = effect
                else:
                    yield effect
                    yield held
            case _:
                yield effect


@pytest.mark.parametrize(
    ("change", "column", "heard"),
    [
        (loses_jumps, "lost", "player:jumped"),
        (says_everything_twice, "duplicated", "chat:message"),
        (echoes_moves, "misheard", "player:moved"),
        (whispers_to_all, "misheard", "whisper:received"),
        (keeps_ghosts, "lost", "player:left"),
        (swallows_errors, "lost", "error"),
        (trusts_ids, "misheard", "player:moved"),
        (trusts_ids, "lost", "player:moved"),
        (forgets_who_is_there, "lost", "party:joined"),
        (Late(), "misordered", "player:moved"),
    ],
)
def test_broken_rules_are_found_out(
    change: Callable[[Entry, Effect], Iterator[Effect]], column: str, heard: str
) -> None:
    tally = account(Broken(change))
    found = sum(getattr(row, column) for row in tally.rows.values() if row.heard == heard)
    assert found > 0
    assert tally.examples


# --- the paper server ---


class Script:
    """Rules that do what the test says."""

    protocol: ClassVar[Protocol] = Space.protocol

    def __init__(self) -> None:
        self.seen: list[tuple[Entry, int]] = []
        self.entropies: list[bytes] = []
        self.effects: dict[str, list[Effect]] = {}

    def admits(self, claims: Mapping[str, Json]) -> str:
        return ""

    def health(self) -> Mapping[str, Json]:
        return {}

    def question(self, entry: Entry) -> Question | None:
        return None

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        self.seen.append((entry, stamp.now_ms))
        self.entropies.append(stamp.entropy)
        yield from self.effects.get(type(entry).__name__, ())


@pytest.fixture
def script() -> Script:
    return Script()


Delivery = tuple[list[str], str]


@pytest.fixture
def deliveries() -> list[Delivery]:
    return []


@pytest.fixture
def server(script: Script, deliveries: list[Delivery]) -> PaperServer:
    return PaperServer(
        script,
        7,
        lambda sids, event: deliveries.append((sids, event.event_name)),
        lambda sid: deliveries.append(([sid], "dropped")),
    )


LEFT = space.PlayerLeft(id="x")


def test_rooms_are_entered_left_and_told_in_order(
    server: PaperServer, script: Script, deliveries: list[Delivery]
) -> None:
    for sid in ("a", "b", "c"):
        server.enter(Connected(sid), 0.0)
    script.effects["Garbled"] = [*(Enter(sid, "r") for sid in ("c", "a", "b")), Emit(LEFT, "r", skip="b")]
    server.enter(Garbled("a", "x", ""), 0.0)
    script.effects["Garbled"] = [Leave("c", "r"), Emit(LEFT, "r"), Emit(LEFT, "b"), Emit(LEFT, "nowhere")]
    server.enter(Garbled("a", "x", ""), 0.0)
    assert deliveries == [
        (["c", "a"], "player:left"),
        (["a", "b"], "player:left"),
        (["b"], "player:left"),
    ]
    server.enter(Gone("a"), 0.0)
    script.effects["Garbled"] = [Emit(LEFT, "r")]
    server.enter(Garbled("b", "x", ""), 0.0)
    assert deliveries[-1] == (["b"], "player:left")


def test_who_is_dropped_is_told_all_that_came_before_and_is_gone(
    server: PaperServer, script: Script, deliveries: list[Delivery]
) -> None:
    server.enter(Connected("a"), 0.0)
    script.effects["Garbled"] = [Drop("a"), Emit(LEFT, "a")]
    server.enter(Garbled("a", "x", ""), 1.0)
    assert deliveries == [(["a"], "player:left"), (["a"], "dropped")]
    assert isinstance(script.seen[-1][0], Gone)


def test_timers_come_back_as_commands_at_their_time(server: PaperServer, script: Script) -> None:
    later, sooner = Command(), Command()
    script.effects["Gone"] = [Later(5000, later), Later(2000, sooner)]
    server.enter(Gone("a"), 10.0)
    assert server.next_s == 12.0
    server.run_timer()
    assert server.next_s == 15.0
    server.run_timer()
    assert server.next_s == float("inf")
    assert [now_ms - EPOCH_MS for _, now_ms in script.seen] == [10_000, 12_000, 15_000]
    assert script.seen[1][0] is sooner


def test_every_entry_has_randomness_of_its_own_and_the_answer_comes_back(server: PaperServer, script: Script) -> None:
    script.effects["Command"] = [Reply({"n": 1})]
    assert server.enter(Command(), 0.0) == Reply({"n": 1})
    assert server.enter(Gone("a"), 0.0) is None
    assert len(set(script.entropies)) == 2
