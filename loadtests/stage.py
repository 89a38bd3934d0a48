"""One load test in one process of Locust: people in a thread of their own, and a greenlet that reports on them."""

import logging
import secrets

import gevent
from gevent.lock import BoundedSemaphore
from locust.env import Environment
from locust.exception import StopUser

from loadtests.casting import Casting
from loadtests.population import Population
from loadtests.reporting import report
from loadtests.samples import Batch, Failure, Label
from protocols.errors import TargetUnreachable, UsageError
from simulators.actor import Actor
from simulators.engine import Engine, Job
from simulators.scenario import Cast
from simulators.tally import Tally
from simulators.target import Target

REPORT_S = 0.5
_FOREVER_S = 1e7

_log = logging.getLogger(__name__)


class Stage:
    """Where the users of one Locust process play; it opens with the first, and ends with `close`."""

    def __init__(self, environment: Environment, target: Target, seed: str) -> None:
        self._environment = environment
        self._target = target
        self._run = secrets.token_hex(3)
        self._seed = seed
        self._casting = Casting(target, seed=seed, run=self._run)  # without staff, until the target is known
        self._engine = Engine()
        self._entrance = BoundedSemaphore()
        self._closed = False
        self._population: Population | None = None
        self._life: Job[Tally] | None = None
        self._reporter: gevent.Greenlet | None = None

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

    def leave(self, actor: Actor) -> None:
        """Let somebody go; does nothing after `close`, when everybody has gone."""
        population = self._population
        if population is not None:
            self._casting.take_back(actor)
            self._engine.call(lambda: population.dismiss(actor))

    def close(self) -> None:
        """Have everybody stop, hear the last of it and go home, and report it."""
        with self._entrance:
            self._closed = True
            population, life = self._population, self._life
            self._population = None
        try:
            if population is not None and life is not None:
                if self._reporter is not None:
                    self._reporter.kill()
                self._engine.call(population.stop)
                self._wait(life)
                report(self._environment.stats, self._engine.call(population.take))
                for example in population.tally.examples:
                    _log.warning("%s", example)
        finally:
            self._engine.close()

    def _open(self) -> Population:
        try:
            gathering = Population.gather(self._target, Cast({}), seed=0, run=self._run)
            population = self._engine.submit(gathering)
            posts = self._engine.submit(population.posts())
        except TargetUnreachable as error:
            failure = Failure(Label("connect", self._target.transport), str(error), timed=False)
            batch = Batch()
            batch.failures[failure] = 1
            report(self._environment.stats, batch)
            raise
        self._casting = Casting(self._target, seed=self._seed, run=self._run, posts=posts)
        self._life = self._engine.spawn(population.play(_FOREVER_S))
        self._reporter = gevent.spawn(self._report, population)
        self._population = population
        return population

    def _report(self, population: Population) -> None:
        """Report now and then; ends the test when the people have ended, which none of them may do."""
        while not population.finished:
            gevent.sleep(REPORT_S)
            report(self._environment.stats, self._engine.call(population.take))
        _log.error("the load engine stopped: the load test ends")
        self._environment.process_exit_code = 2
        if self._environment.runner is not None:
            gevent.spawn(self._environment.runner.quit)

    def _wait(self, life: "Job[Tally]") -> None:
        try:
            life.result()
        except TargetUnreachable:
            _log.warning("the target was gone in the end")  # each attempt to connect stands in the statistics
