"""Simulated people as Locust users: `locust -f loadtests/locustfile.py --host http://127.0.0.1:3001`.

There is a class for every kind of actor of every protocol: `PlayerUser`, `ChatterUser`, and for the hecklers, of whom
each protocol has its own, `SpaceHecklerUser`, `HubHecklerUser` and so on.
"""

import logging
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, ClassVar

import gevent
from locust import User, events, task
from locust.env import Environment
from locust.stats import CSV_STATS_INTERVAL_SEC

from loadtests.reporting import keep_three_digits
from loadtests.stage import Stage
from protocols.errors import TargetUnreachable, UsageError
from simulators.actor import Actor
from simulators.scenario import KINDS, Cast
from simulators.target import Overrides, Target

_RETRY_S = 1.0
_LONG_S = 3600.0

_log = logging.getLogger(__name__)
# One for each protocol of each test that runs; Locust knows users and environments, no more.
_stages: dict[tuple[Environment, str], Stage] = {}


class Person(User):
    """Somebody whom the engine plays; the greenlet only brings them in and takes them out."""

    abstract = True
    protocol: ClassVar[str]
    kind: ClassVar[str]
    """Who it is in the cast."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._actor: Actor | None = None

    def wait_time(self) -> float:
        """Wait in vain for ever once it is in, else try again soon."""
        return _RETRY_S if self._actor is None else _LONG_S

    @task
    def come(self) -> None:
        """Go in, if it is not in."""
        if self._actor is None:
            try:
                self._actor = _stage(self.environment, self.protocol).enter(self.kind)
            except TargetUnreachable:
                pass  # counted as a connection that failed
            except UsageError as error:
                _give_up(self.environment, error)

    def on_stop(self) -> None:
        """Go out."""
        stage = _stages.get((self.environment, self.protocol))
        if stage is not None and self._actor is not None:
            stage.leave(self._actor)


def _users(protocol: str) -> dict[str, type[Person]]:
    """Return a class for each kind of actor, by its name; they are as frequent as in the usual cast."""
    counts = Cast.usual(protocol).counts
    users: dict[str, type[Person]] = {}
    for kind, actor in KINDS[protocol].items():
        shared = sum(kind in kinds for kinds in KINDS.values()) > 1
        name = f"{protocol.title() if shared else ''}{kind.title()}User"
        body = {"__doc__": actor.__doc__, "protocol": protocol, "kind": kind, "weight": counts.get(kind, 1)}
        users[name] = type(name, (Person,), {**body, "__module__": __name__, "abstract": False})
    return users


for _protocol in KINDS:
    globals().update(_users(_protocol))  # where Locust looks for them


def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--target", metavar="FILE", default="", help="A target.toml, for servers other than the reference server"
    )
    parser.add_argument(
        "--protocol",
        choices=list(KINDS),
        default=None,
        help="Whose usual people come where no User classes are named; the target file's, or space, when absent",
    )
    parser.add_argument("--seed", type=int, default=1, help="What the simulated people do follows from it")


def _prepare(environment: Environment, **_: Any) -> None:
    keep_three_digits()
    _choose_usual_people(environment)
    if getattr(environment.parsed_options, "csv_prefix", None):
        environment.events.quit.add_listener(_let_csv_be_written)
    # Timers count from when their loop last looked at the clock, which is before all that was imported: a slow machine
    # would lose that time of its run.
    gevent.get_hub().loop.update_now()


def _choose_usual_people(environment: Environment) -> None:
    """Let those of one protocol come who behave, unless somebody has said who is to come."""
    options = environment.parsed_options
    if getattr(options, "user_classes", None):
        return
    protocol = getattr(options, "protocol", None) or "space"
    try:
        if (path := getattr(options, "target", "")) and not getattr(options, "protocol", None):
            protocol = Target.load(Path(path)).protocol
    except UsageError:
        pass  # is said when the first of them comes
    usual = Cast.usual(protocol).counts
    environment.user_classes = [user for user in _users(protocol).values() if user.kind in usual]


def _let_csv_be_written(**_: Any) -> None:
    """Keep the process for one turn of what writes the CSV, which would else lack the last second of the test."""
    gevent.sleep(CSV_STATS_INTERVAL_SEC * 1.1)


def _finish(environment: Environment, **_: Any) -> None:
    for protocol in KINDS:
        if (stage := _stages.pop((environment, protocol), None)) is not None:
            stage.close()


def _stage(environment: Environment, protocol: str) -> Stage:
    """Return the stage of a protocol in the test that runs; raises UsageError where the target cannot be."""
    stage = _stages.get((environment, protocol))
    if stage is None:
        options = environment.parsed_options
        path: str = getattr(options, "target", "")
        # Workers share the seed and are still not to do the same at the same moments.
        seed = f"{getattr(options, 'seed', 1)}/{getattr(environment.runner, 'worker_index', 0)}"
        stage = Stage(environment, _target(environment.host, path, protocol), seed)
        _stages[environment, protocol] = stage
    return stage


def _target(host: str | None, path: str, protocol: str) -> Target:
    if path:
        beside: Overrides = {"url": host} if host else {}
        target = Target.load(Path(path), **beside)
        if target.protocol != protocol:
            raise UsageError(f"{path}: is about {target.protocol}, and these users speak {protocol}; choose others")
        return target
    if not host:
        raise UsageError("name the target: --host http://127.0.0.1:3001, or --target FILE")
    return Target.at(host, protocol=protocol)


def _give_up(environment: Environment, error: UsageError) -> None:
    _log.error("%s", error)
    environment.process_exit_code = 2
    if environment.runner is not None:
        gevent.spawn(environment.runner.quit)  # not from here: it ends this greenlet too


# Plain calls: Locust's hooks are untyped as decorators.
events.init_command_line_parser.add_listener(_add_options)
events.init.add_listener(_prepare)
events.test_stopping.add_listener(_finish)
