"""People come and go while others play, at a real server; what a broken one does wrong becomes failures."""

import contextlib
import io
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from random import Random

import pytest

from loadtests.casting import Casting
from loadtests.population import Population
from loadtests.samples import Batch, Label
from protocols import space
from protocols.errors import TargetUnreachable
from reference_server.effects import Effect, Emit, Entry, Stamp
from reference_server.mode import Mode
from reference_server.rules.space import Space
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from simulators.actor import Actor
from simulators.engine import Engine
from simulators.scenario import Cast
from simulators.tally import Times
from simulators.target import Target

WITHIN_S = 20.0
SETTINGS = Settings(protocols=("space",), port=0)


class House:
    """A population at a target, everything it measured so far, and who may come to it."""

    def __init__(self, engine: Engine, url: str) -> None:
        target = Target.at(url)
        self.engine = engine
        self.population = engine.submit(Population.gather(target, Cast({}), seed=1, run="r"))
        self.casting = Casting(self.population.target, seed="1", run="r")
        self.batches: list[Batch] = []
        self._life = engine.spawn(self.population.play(1e6))

    def enter(self, kind: str = "player") -> Actor:
        actor = self.casting.give(kind)
        self.engine.call(lambda: self.population.admit(actor))
        return actor

    def leave(self, actor: Actor) -> None:
        self.engine.call(lambda: self.population.dismiss(actor))

    def connected(self) -> int:
        """How many connections the server has."""
        with urllib.request.urlopen(f"{self.population.target.url}/metrics") as response:
            return int(json.load(response)["connections"]["total"])

    def take(self) -> None:
        self.batches.append(self.engine.call(self.population.take))

    def count(self, kind: str, name: str) -> int:
        return sum(batch.times.get(Label(kind, name), Times()).count for batch in self.batches)

    def failures(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for batch in self.batches:
            for failure, count in batch.failures.items():
                words = f"{failure.label.kind} {failure.label.name} {failure.error}"
                found[words] = found.get(words, 0) + count
        return found

    def until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not happened():
            assert time.monotonic() < deadline, f"it did not happen; {self.failures()}"
            time.sleep(0.02)
            self.take()

    def close(self) -> None:
        self.engine.call(self.population.stop)
        self._life.result()
        self.take()


@contextlib.contextmanager
def house(rules: type[Space] = Space) -> Iterator[House]:
    made = [rules(World.built_in(), Mode.PRODUCTION)]
    with running(SETTINGS, made, log_stream=io.StringIO()) as url, Engine() as engine:
        opened = House(engine, url)
        try:
            yield opened
        finally:
            opened.close()


def test_everybody_who_enters_is_timed_and_nothing_goes_wrong() -> None:
    with house() as plaza:
        for _ in range(5):
            plaza.enter()
        plaza.until(lambda: plaza.count("deliver", "player:moved") > 40)
        assert plaza.count("connect", "websocket") == plaza.count("ack", "join:space") == 5
    assert plaza.failures() == {}
    assert all(us > 1 for batch in plaza.batches for times in batch.times.values() for us in times.counts)


def test_who_leaves_is_gone_and_the_others_hear_of_it() -> None:
    with house() as plaza:
        players = [plaza.enter() for _ in range(3)]
        plaza.until(lambda: plaza.count("ack", "join:space") == 3)
        plaza.leave(players[0])
        plaza.until(lambda: plaza.count("deliver", "player:left") == 2)
    assert plaza.count("connect", "websocket") == 3, "who has left comes back no more"
    assert plaza.failures() == {}


def test_who_is_cut_off_comes_back_and_nothing_of_it_is_the_target_s_fault() -> None:
    with house() as plaza:
        plaza.engine.call(lambda: plaza.population.cut_connections(2.0, Random(1)))
        for _ in range(4):
            plaza.enter()
        plaza.until(lambda: plaza.count("connect", "websocket") >= 12)
    assert plaza.failures() == {}
    account = plaza.batches[-1].account
    assert account is not None
    assert account.sent["(disconnect)"] >= 8


def test_who_leaves_on_the_way_in_never_arrives() -> None:
    with house() as plaza:
        plaza.leave(plaza.enter())
        plaza.enter()
        plaza.until(lambda: plaza.count("ack", "join:space") == 1)
        assert plaza.connected() == 1
    assert plaza.failures() == {}


class MovesUntold(Space):
    """Tells nobody of a move."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        for effect in super().handle(entry, stamp):
            if not (isinstance(effect, Emit) and isinstance(effect.event, space.PlayerMoved)):
                yield effect


def test_what_a_broken_server_loses_is_a_failure() -> None:
    with house(MovesUntold) as plaza:
        for _ in range(3):
            plaza.enter()
        plaza.until(lambda: bool(plaza.failures()))
    assert list(plaza.failures()) == ["deliver player:moved lost: not heard by its deadline"]


def test_a_target_that_goes_away_is_a_failed_connection_each_time_it_is_tried() -> None:
    with Engine() as engine:
        with running(SETTINGS, log_stream=io.StringIO()) as url:
            plaza = House(engine, url)
            plaza.enter()
            plaza.until(lambda: plaza.count("ack", "join:space") == 1)
        plaza.until(lambda: len(plaza.failures()) == 2)
        with pytest.raises(TargetUnreachable):
            plaza.close()
    ended, unreachable = plaza.failures()
    assert ended == "connect websocket the target ended the connection"
    assert "cannot be reached" in unreachable


def test_after_a_storm_everybody_is_back_and_nothing_is_lost() -> None:
    with house() as plaza:
        for _ in range(6):
            plaza.enter()
        plaza.until(lambda: plaza.connected() == 6 and plaza.count("ack", "join:space") == 6)
        plaza.engine.call(lambda: plaza.population.storm(0.5, Random(1)))
        plaza.until(lambda: plaza.count("connect", "websocket") == 9 and plaza.count("ack", "join:space") == 9)
        plaza.until(lambda: plaza.connected() == 6)
    assert plaza.failures() == {}
