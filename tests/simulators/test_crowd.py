"""Crowds at real servers: ours, a stock one with acks, ones that die, and ones that say no."""

import io
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import ClassVar

import pytest

import protocols
from protocols.contract import Condition, Event
from protocols.errors import TargetUnreachable, UsageError
from reference_server.mode import Mode
from reference_server.serve import running
from reference_server.settings import Settings
from simulators import crowd as crowds
from simulators.actor import Act, Actor, Emit, Standing
from simulators.crowd import Crowd
from simulators.endpoint import Endpoint
from simulators.engine import Engine
from simulators.history import Direction, History
from simulators.people import Identity, People
from simulators.people_config import Account, PeopleConfig
from simulators.scenario import Cast, Scenario
from simulators.snapshot import Snapshot
from simulators.tally import Tally
from simulators.target import Target

EXAMPLE = Path(__file__).parents[2] / "examples/target.toml"


@pytest.fixture
def url() -> Iterator[str]:
    with running(Settings(port=0, protocols=("space",)), log_stream=io.StringIO()) as url:
        yield url


def play(
    engine: Engine, target: Target, cast: str, for_s: float, *, history: History | None = None, seed: int = 1
) -> Tally:
    async def go() -> Tally:
        crowd = await Crowd.gather(target, Cast.parse(cast, "space"), seed=seed, run="t", history=history)
        return await crowd.play(for_s)

    return engine.submit(go())


def test_a_cast_at_our_server_loses_nothing(engine: Engine, url: str) -> None:
    history = History()
    tally = play(engine, Target.at(url), "player=12,guest=4,staff=1,heckler=2", 5.0, history=history)
    assert tally.examples == []
    assert tally.faults == 0
    assert tally.total("delivered") > 300
    assert tally.total("excluded") < tally.total("delivered") / 5
    assert {"player-1", "guest-1", "staff-1", "heckler-1"} <= {record.actor for record in history}
    heard = sum(record.direction is Direction.RECEIVED for record in history)
    assert heard >= tally.total("delivered")


@pytest.mark.parametrize("transport", ["polling", "upgrade"])
def test_other_transports(engine: Engine, url: str, transport: str) -> None:
    target = Target.at(url, transport="polling" if transport == "polling" else "upgrade")
    tally = play(engine, target, "player=6", 3.0)
    assert (tally.examples, tally.faults) == ([], 0)
    assert tally.total("delivered") > 20


def test_a_server_in_development(engine: Engine) -> None:
    with running(Settings(port=0, mode=Mode.DEVELOPMENT), log_stream=io.StringIO()) as url:
        tally = play(engine, Target.at(url, mode="development"), "player=4,heckler=2", 3.0)
    assert (tally.examples, tally.faults) == ([], 0)
    assert tally.total("delivered") > 20


def test_the_example_of_a_target_plays_at_our_server(engine: Engine, url: str) -> None:
    tally = play(engine, Target.load(EXAMPLE, url=url), "player=3,staff=2", 2.0)
    assert (tally.examples, tally.faults) == ([], 0)


def test_where_there_are_no_guests_users_lend_their_sessions(engine: Engine, url: str) -> None:
    users = tuple(
        Account(id=f"user-{name}", nickname=name.title(), token=f"auth-{name}-test") for name in ("mina", "jun", "sora")
    )
    target = Target(url=url, people=PeopleConfig(users=users))
    tally = play(engine, target, "player=3", 2.0)
    assert (tally.examples, tally.faults) == ([], 0)
    assert tally.total("delivered") > 0
    with pytest.raises(UsageError, match="4 sessions are needed, but the target has 3 users"):
        play(engine, target, "player=4", 1.0)


def test_more_staff_than_the_target_has(engine: Engine, url: str) -> None:
    with pytest.raises(UsageError, match="6 staff, but the target has 5"):
        play(engine, Target.at(url), "staff=6", 1.0)


def test_nobody_there(engine: Engine) -> None:
    with pytest.raises(TargetUnreachable, match="cannot be reached"):
        play(engine, Target.at("http://127.0.0.1:9"), "player=2", 1.0)
    with pytest.raises(TargetUnreachable):
        play(engine, Target.at("http://127.0.0.1:9", namespace="/"), "player=2", 1.0)


def test_a_server_that_dies_under_way_is_given_up_after_a_while(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowds, "_GIVE_UP_S", 1.0)

    async def begin(url: str) -> Crowd:
        return await Crowd.gather(Target.at(url), Cast.parse("player=4", "space"), seed=1, run="t")

    with running(Settings(port=0), log_stream=io.StringIO()) as url:
        crowd = engine.submit(begin(url))
        job = engine.spawn(crowd.play(3600.0))
        wait_for(engine, crowd, lambda seen: sum(sum(kinds.values()) for kinds in seen.scopes.values()) == 4)
    with pytest.raises(TargetUnreachable):
        job.result()
    assert crowd.finished
    assert crowd.tally.dropped == 4
    assert crowd.tally.total("lost") == 0


def test_a_crowd_that_is_stopped_goes_home_at_once(engine: Engine, url: str) -> None:
    async def begin() -> Crowd:
        return await Crowd.gather(Target.at(url), Cast.parse("player=4,guest=2", "space"), seed=1, run="t")

    crowd = engine.submit(begin())
    job = engine.spawn(crowd.play(3600.0))
    seen = wait_for(engine, crowd, lambda seen: seen.delivered > 10)
    assert sum(sum(kinds.values()) for kinds in seen.scopes.values()) <= 6
    assert set(seen.scopes) == {"rehearsal-t-0"}
    begun = time.monotonic()
    engine.call(crowd.stop)
    assert job.result().faults == 0
    assert time.monotonic() - begun < 8
    assert engine.call(lambda: crowd.finished)


def wait_for(engine: Engine, crowd: Crowd, holds: Callable[[Snapshot], bool]) -> Snapshot:
    deadline = time.monotonic() + 15
    while not holds(seen := engine.call(crowd.snapshot)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return seen


def test_a_stall_of_this_side_is_told_as_often_as_it_delayed_something(engine: Engine, url: str) -> None:
    async def begin() -> Crowd:
        return await Crowd.gather(Target.at(url), Cast.parse("player=2", "space"), seed=1, run="t")

    crowd = engine.submit(begin())
    job = engine.spawn(crowd.play(3600.0))
    wait_for(engine, crowd, lambda seen: seen.delivered > 0)
    before = engine.call(lambda: crowd.tally.lag.count)
    engine.call(lambda: time.sleep(0.5))
    wait_for(engine, crowd, lambda seen: seen.lag_ms >= 400)
    engine.call(crowd.stop)
    lag = job.result().lag
    assert lag.count - before >= 50
    assert sum(count for us, count in lag.counts.items() if us >= 100_000) >= 40


# --- a protocol with acks, at a stock server ---


class Loose(Standing):
    """Everything is allowed, and there is nowhere to be."""

    def connected(self, identity: Identity) -> None:
        self.session = {"id": identity.id}

    def said(self, event: Event) -> None: ...
    def heard(self, event: Event) -> None: ...
    def disconnected(self) -> None: ...
    def holds(self, condition: Condition, event: Event) -> bool | None:
        return True


class Asker(Actor):
    """Asks ten questions at once, and then says something."""

    kind: ClassVar[str] = "asker"
    cares: ClassVar[frozenset[type[Event]]] = frozenset()
    lines: ClassVar[list[Event]] = []

    def connected(self, identity: Identity, now_s: float) -> None:
        self.plan(now_s, self._ask)

    def _ask(self, due_s: float) -> Iterable[Act]:
        return [Emit(event) for event in self.lines]

    def hear(self, event: Event, now_s: float) -> None: ...
    def disconnected(self, now_s: float) -> None: ...


def test_acks_are_timed_and_nothing_overtakes_a_question(
    engine: Engine, stock_url: str, toy: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(protocols.PROTOCOLS, "toy", toy.PROTOCOL)
    monkeypatch.setattr(
        Asker, "lines", [event for n in range(10) for event in (toy.Ask(text=str(n)), toy.Say(text=str(n)))]
    )
    history = History()

    async def go() -> Tally:
        actor = Asker("asker-1", "here", Random(1), Loose())
        actor.identity = Identity(token="", id="a", nickname="a")
        actor.come(0.0)
        target = Target(url=stock_url, protocol="toy", namespace="/", people=PeopleConfig())
        crowd = Crowd(target, Scenario([actor], {}), People(target), history=history, outsiders=True)
        return await crowd.play(1.5)

    tally = engine.submit(go())
    assert tally.sent == {"ask": 10, "say": 10}
    assert tally.acks["ask"].count == 10
    sent = [
        (record.name, dict(record.arguments[0])["text"])  # type: ignore[arg-type]  # the toy says {"text": …}
        for record in history
        if record.direction is Direction.SENT
    ]
    assert sent == [(name, str(n)) for n in range(10) for name in ("ask", "say")]


def test_messages_that_break_their_schema_are_violations(engine: Engine, hostile: Callable[..., Endpoint]) -> None:
    async def rave(peer) -> None:  # type: ignore[no-untyped-def]  # conftest's Peer cannot be imported from here
        await peer.connect()
        peer.frame(b'42["player:moved",{"x":1}]')
        peer.frame(b'42["player:flew",{}]')
        while await peer.read_frame():  # until the client hangs up
            pass

    users = (Account(id="a", nickname="A", token="auth-a"),)
    target = Target(url=hostile(rave).url, namespace="/", people=PeopleConfig(users=users))
    tally = play(engine, target, "player=1", 3.0)
    assert tally.violations == 2
    assert {row.heard: row.lost for row in tally.rows.values() if row.lost} == {"room:joined": 1, "chat:system": 1}
    assert tally.dropped == 0
    assert "player-1 heard player:moved" in tally.examples[0]
