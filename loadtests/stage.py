"""One protocol of a load test in one process: people in a thread of their own, and who asks what they saw."""

import logging
import secrets
from collections.abc import Callable
from random import Random

import gevent
from gevent.lock import BoundedSemaphore
from locust.env import Environment
from locust.exception import StopUser

from loadtests.casting import Casting, zipf
from loadtests.network import Proxy
from loadtests.options import Options
from loadtests.population import Neighbours, Population
from loadtests.samples import Batch, Failure, Label
from loadtests.workers.neighbours import has_neighbours, part, tell
from loadtests.workers.promises import Bulletin
from protocols.errors import TargetUnreachable, UsageError
from simulators.actor import Actor
from simulators.engine import Engine, Job
from simulators.people import Identity
from simulators.scenario import Cast
from simulators.tally import Tally
from simulators.target import Target

REPORT_S = 0.5
_FOREVER_S = 1e7

_log = logging.getLogger(__name__)


class Stage:
    """Where the users of one Locust process play; it opens with the first, and ends with `close`."""

    def __init__(
        self,
        environment: Environment,
        target: Target,
        options: Options,
        *,
        seed: str,
        people: int,
        hear: Callable[[Batch], None],
        fail: Callable[[], None],
    ) -> None:
        """Prepare for about so many people; `hear` is given what they measured, `fail` called when they have ended.

        Both are called in greenlets of this thread.
        """
        self._environment = environment
        self._target = target
        self._options = options
        self._run = secrets.token_hex(3)
        self._seed = seed
        self._people = people
        self._hear = hear
        self._fail = fail
        self._casting = self._cast(())  # without staff, until the target is known
        self._engine = Engine()
        self._entrance = BoundedSemaphore()
        self._closed = False
        self._population: Population | None = None
        self._proxy: Proxy | None = None
        self._life: Job[Tally] | None = None
        self._greenlets: list[gevent.Greenlet] = []

    def enter(self, kind: str) -> Actor:
        """Let somebody of this kind come.

        Raises TargetUnreachable, UsageError when there is no session for them, StopUser after `close`.
        """
        with self._entrance:
            if self._closed:
                raise StopUser
            population = self._population or self._open()
            if self._casting.seated >= population.seats:
                raise UsageError(
                    f"the target has {population.seats} users and no guests; ask for fewer, or add [people.guests]"
                )
            actor = self._casting.give(kind)
            try:
                self._engine.call(lambda: population.admit(actor))
            except BaseException:  # such as the end of the user who waits for this
                self.leave(actor)
                raise
            return actor

    @property
    def seated(self) -> int:
        """How many have a place."""
        return self._casting.seated

    def turn_away(self, why: str) -> None:
        """Note that somebody who came did not find room."""
        batch = Batch()
        batch.failures[Failure(Label("connect", self._target.transport), why, timed=False)] = 1
        self._hear(batch)

    def leave(self, actor: Actor) -> None:
        """Let somebody go; does nothing after `close`, when everybody has gone."""
        population = self._population
        if population is not None:
            self._casting.take_back(actor)
            self._engine.call(lambda: population.dismiss(actor))

    def told(self, worker: str, bulletin: Bulletin) -> None:
        """Take in what another worker tells."""
        population = self._population
        if isinstance(population, Neighbours):
            self._engine.call(lambda: population.told(worker, bulletin))

    def close(self) -> None:
        """Have everybody stop, hear the last of it and go home, and report it."""
        with self._entrance:
            self._closed = True
            population, life = self._population, self._life
            self._population = None
        try:
            if population is not None and life is not None:
                gevent.killall(self._greenlets)
                self._engine.call(population.stop)
                self._wait(life)
                self._hear(self._engine.call(population.take))
            if self._proxy is not None:
                self._engine.submit(self._proxy.close())
        finally:
            self._engine.close()

    def _open(self) -> Population:
        try:
            people = Neighbours if has_neighbours(self._environment) else Population
            gathering = people.gather(
                self._reached(),
                Cast({}),
                seed=0,
                run=self._run,
                validate=self._options.validate,
                part=part(self._environment, self._options.workers),
            )
            population = self._engine.submit(gathering)
            posts = self._engine.submit(population.posts())
        except TargetUnreachable as error:
            batch = Batch()
            batch.failures[Failure(Label("connect", self._target.transport), str(error), timed=False)] = 1
            self._hear(batch)
            raise
        self._casting = self._cast(posts)
        if (network := self._options.network) is not None and network.cut_per_s > 0:
            per_s, random = network.cut_per_s, Random(f"{self._seed}/cuts")
            self._engine.call(lambda: population.cut_connections(per_s, random))
        self._life = self._engine.spawn(population.play(_FOREVER_S))
        self._greenlets = [gevent.spawn(self._report, population)]
        if self._options.plan is not None and self._options.plan.storm is not None:
            self._greenlets.append(gevent.spawn(self._storm, population))
        self._population = population
        return population

    def _reached(self) -> Target:
        """Return the target, as it is seen through the network that lies between."""
        network = self._options.network
        if network is None or not network.delays:
            return self._target
        if self._proxy is None:
            self._proxy, self._target = self._engine.submit(Proxy.before(self._target, network, self._seed))
        return self._target

    def _cast(self, posts: "list[tuple[str, Identity]] | tuple[()]") -> Casting:
        plan = self._options.plan
        if plan is None or plan.rooms is None:
            return Casting(self._target, seed=self._seed, run=self._run, posts=posts)
        space_of = zipf(plan.rooms.zipf, people=self._people, seed=self._seed)
        return Casting(self._target, seed=self._seed, run=self._run, posts=posts, space_of=space_of)

    def _report(self, population: Population) -> None:
        """Report now and then; ends the test when the people have ended, which none of them may do."""
        while not population.finished:
            gevent.sleep(REPORT_S)
            self._hear(self._engine.call(population.take))
            if isinstance(population, Neighbours):
                tell(self._environment, self._target.protocol, self._engine.call(population.tell))
        _log.error("the load engine stopped: the load test ends")
        self._fail()

    def _storm(self, population: Population) -> None:
        """Have a part of all lose their connections, again and again."""
        plan = self._options.plan
        assert plan is not None  # else there is no storm
        assert plan.storm is not None
        part, random = plan.storm.part, Random(f"{self._seed}/storm")
        while True:
            gevent.sleep(plan.storm.every_s)
            self._engine.call(lambda: population.storm(part, random))

    def _wait(self, life: "Job[Tally]") -> None:
        try:
            life.result()
        except TargetUnreachable:
            _log.warning("the target was gone in the end")  # each attempt to connect stands in the statistics
