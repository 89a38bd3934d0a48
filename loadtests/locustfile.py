"""Simulated people as Locust users: `locust -f loadtests/locustfile.py --host http://127.0.0.1:3001`.

There is a class for every kind of actor of every protocol: `PlayerUser`, `ChatterUser`, and for the hecklers, of whom
each protocol has its own, `SpaceHecklerUser`, `HubHecklerUser` and so on.
"""

import sys
from argparse import Namespace
from typing import Any, ClassVar, NoReturn, cast

import gevent
from locust import User, events, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner
from locust.stats import CSV_STATS_INTERVAL_SEC

from loadtests.arrivals import DOORS
from loadtests.options import SAID, Options, Said, add_options
from loadtests.results.metrics import serve
from loadtests.results.reporting import keep_three_digits
from loadtests.results.view import quieten
from loadtests.session import FINISH, FINISHED, REFUSED, Session, refuse
from loadtests.shape import PlannedShape
from loadtests.workers.neighbours import introduce
from loadtests.workers.promises import Bulletin
from protocols.errors import TargetUnreachable, UsageError
from simulators.actor import Actor
from simulators.scenario import KINDS, Cast

_RETRY_S = 1.0
_LONG_S = 3600.0

# The test that runs in each environment; Locust knows users and environments, no more.
_sessions: dict[Environment, Session] = {}


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
        session = _sessions.get(self.environment)
        if self._actor is None and session is not None:
            try:
                self._actor = session.stage(self.protocol).enter(self.kind)
            except TargetUnreachable:
                pass  # counted as a connection that failed
            except UsageError as error:
                session.give_up(str(error))

    def on_stop(self) -> None:
        """Go out."""
        session = _sessions.get(self.environment)
        if session is not None and self._actor is not None:
            session.leave(self.protocol, self._actor)


class Door(User):
    """Where people of the open model come in; Locust's users then are these."""

    abstract = True  # nobody asks for one by name
    weight = 1

    @task
    def stand_open(self) -> None:
        """Let people in until the test ends."""
        if (session := _sessions.get(self.environment)) is not None:
            session.let_in()
        gevent.sleep(_LONG_S)


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


def _prepare(environment: Environment, **_: Any) -> None:
    keep_three_digits()
    _connect(environment)
    parsed = _parsed(environment)
    if parsed.csv_prefix:
        environment.events.quit.add_listener(_let_csv_be_written)
    try:
        if isinstance(environment.runner, WorkerRunner):
            _choose_people(environment, list(KINDS))  # its master says later whom it wants
            environment.user_classes = [*environment.user_classes, Door]
        elif environment.host or parsed.target or parsed.headless:
            _plan(environment, Options.read(parsed, environment.host))
        else:  # the web page will say where the target is
            _choose_people(environment, [parsed.protocol or "space"])
    except UsageError as error:
        _refuse(error)
    quieten(parsed.view)
    serve(environment, lambda: None if (session := _sessions.get(environment)) is None else session.recorder)
    # Timers count from when their loop last looked at the clock, which is before all that was imported: a slow machine
    # would lose that time of its run.
    gevent.get_hub().loop.update_now()


def _plan(environment: Environment, options: Options) -> None:
    """Have come whom the options say, and as many as they say when."""
    parsed = _parsed(environment)
    _choose_people(environment, [options.target.protocol], options.cast)
    for user in _persons(environment):
        options.admit(user.protocol)
    said = Said(users=options.users, for_s=options.for_s)
    if (options.plan is not None or options.arrivals is not None) and options.for_s is None:
        raise UsageError("a shape and arrivals need to know for how long: add -t 60s")
    if options.arrivals is not None:
        said["people"] = _people(environment)
        environment.user_classes = [Door]
        parsed.num_users = parsed.spawn_rate = DOORS
    elif options.plan is not None and options.for_s is not None:
        shape = PlannedShape(options.plan, users=options.users or 1, for_s=options.for_s, rate=options.rate)
        shape.runner = environment.runner
        environment.shape_class = shape
        parsed.num_users = options.users
    else:
        parsed.num_users = options.users
    setattr(parsed, SAID, said)


def _choose_people(environment: Environment, protocols: list[str], people: Cast | None = None) -> None:
    """Let the people of these protocols come who behave, or these, unless classes are named on the command line."""
    if _parsed(environment).user_classes:
        return
    chosen: list[type[User]] = []
    for protocol in protocols:
        counts = (people or Cast.usual(protocol)).counts
        everybody = [user for user in _users(protocol).values() if user.kind in counts or len(protocols) > 1]
        for user in everybody:
            user.weight = counts.get(user.kind, user.weight)
        chosen += everybody
    environment.user_classes = chosen


def _begin(environment: Environment, **_: Any) -> None:
    try:
        options = Options.read(_parsed(environment), environment.host)
    except UsageError as error:
        _sessions.pop(environment, None)
        refuse(environment, str(error))
        return
    if isinstance(environment.runner, MasterRunner):
        said: Said = getattr(_parsed(environment), SAID, Said()).copy()
        said["workers"] = max(1, environment.runner.worker_count)
        setattr(_parsed(environment), SAID, said)
    _sessions[environment] = Session(environment, options, options.people or _people(environment))


def _finish(environment: Environment, **_: Any) -> None:
    if (session := _sessions.get(environment)) is not None:
        session.finish()


def _connect(environment: Environment) -> None:
    """Have a master and its workers tell each other what there is to tell."""
    runner, hooks = environment.runner, environment.events
    introduce(environment, lambda protocol, worker, bulletin: _hear(environment, protocol, worker, bulletin))
    if isinstance(runner, WorkerRunner):
        hooks.report_to_master.add_listener(lambda data, **_: _send_share(environment, data))
        runner.register_message(FINISH, lambda **_: _finish_worker(environment, runner))
    elif isinstance(runner, MasterRunner):
        hooks.worker_report.add_listener(lambda client_id, data, **_: _take_share(environment, client_id, data))
        runner.register_message(REFUSED, lambda msg, **_: refuse(environment, msg.data["why"]))
        runner.register_message(FINISHED, lambda msg, **_: _worker_finished(environment, msg.node_id))


def _hear(environment: Environment, protocol: str, worker: str, bulletin: Bulletin) -> None:
    if (session := _sessions.get(environment)) is not None:
        session.told(protocol, worker, bulletin)


def _send_share(environment: Environment, data: dict[str, Any]) -> None:
    if (session := _sessions.get(environment)) is not None:
        data.update(session.share())


def _take_share(environment: Environment, worker: str, data: dict[str, Any]) -> None:
    if (session := _sessions.get(environment)) is not None:
        session.take_in(worker, data)


def _finish_worker(environment: Environment, runner: WorkerRunner) -> None:
    """Let everybody hear the last of it, and report once more, since the master waits for no regular report."""
    _finish(environment)
    data: dict[str, Any] = {}
    environment.events.report_to_master.fire(client_id=runner.client_id, data=data)
    runner.send_message("stats", data)
    runner.send_message(FINISHED)


def _worker_finished(environment: Environment, worker: str) -> None:
    if (session := _sessions.get(environment)) is not None:
        session.worker_finished(worker)


def _persons(environment: Environment) -> list[type[Person]]:
    return [user for user in environment.user_classes if issubclass(user, Person)]


def _people(environment: Environment) -> list[tuple[str, str, float]]:
    return [(user.protocol, user.kind, float(user.weight)) for user in _persons(environment)]


def _parsed(environment: Environment) -> Namespace:
    assert environment.parsed_options is not None  # the command `locust` has read them
    return cast("Namespace", environment.parsed_options)


def _let_csv_be_written(**_: Any) -> None:
    """Keep the process for one turn of what writes the CSV, which would else lack the last second of the test."""
    gevent.sleep(CSV_STATS_INTERVAL_SEC * 1.1)


def _refuse(error: UsageError) -> NoReturn:
    """End before anything has begun."""
    for line in str(error).splitlines():
        print(f"error: {line}", file=sys.stderr)
    sys.exit(2)


# Plain calls: Locust's hooks are untyped as decorators.
events.init_command_line_parser.add_listener(add_options)
events.init.add_listener(_prepare)
events.test_start.add_listener(_begin)
events.test_stopping.add_listener(_finish)
