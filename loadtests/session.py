"""One load test in one process of Locust: its stages, what they measure, and with whoever reports, the record of it.

Workers measure, and send shares with Locust's own reports to its master, which keeps the record. At the end the master
asks each worker to let its people hear the last of it, and waits for its last share.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

import gevent
from gevent.pool import Group
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

from loadtests.arrivals import DOORS, Arrival, arrivals
from loadtests.options import Options
from loadtests.results.record import Asked, Record
from loadtests.results.recorder import Recorder
from loadtests.results.reporting import report
from loadtests.results.slo import exit_code
from loadtests.results.telemetry import Telemetry
from loadtests.results.view import View, view_for
from loadtests.samples import Batch
from loadtests.stage import Stage
from loadtests.workers.promises import Bulletin
from loadtests.workers.share import Meter, Share
from protocols.errors import TargetUnreachable, UsageError
from simulators.actor import Actor

FINISH: Final = "rehearsal: finish"
"""What a master says when everybody is to stop."""
FINISHED: Final = "rehearsal: finished"
REFUSED: Final = "rehearsal: refused"
"""What a worker says when there can be no test, with why."""
_KEY: Final = "rehearsal"
_TURN_S: Final = 0.5
_JUDGED_EVERY: Final = 4
"""Turns from one look at what would end a run early to the next."""
_LAST_WORD_S: Final = 60.0
"""How long a master waits for the last share of a worker, whose people hear the last of it meanwhile."""

_log = logging.getLogger(__name__)


class Session:
    """One test, from its start until everybody is home."""

    def __init__(self, environment: Environment, options: Options, people: Sequence[tuple[str, str, float]]) -> None:
        """Begin; `people` are the protocol, the kind and the weight of all who come."""
        self._environment = environment
        self._options = options
        self._people = people
        self._doors = 0  # that are open here
        self._visits = Group()
        self._stages: dict[str, Stage] = {}
        self._meter = Meter()
        self._telemetry = Telemetry.wanted(environment)
        self._finished: set[str] = set()  # workers that have sent their last share
        self._over = False
        self._silent = False  # nothing more will be measured
        self._aborted = ""
        self._keeper: gevent.Greenlet | None = None
        if not isinstance(environment.runner, WorkerRunner):
            self.recorder = Recorder(self._asked(people), time.time())
            self._view: View = view_for(options)
            self._keeper = gevent.spawn(self._keep)

    # --- people ---

    def stage(self, protocol: str) -> Stage:
        """Return where people of a protocol play; raises UsageError where the target does not speak it."""
        if (stage := self._stages.get(protocol)) is None:
            target = self._options.target
            if target.protocol != protocol:
                self._options.admit(protocol)
                target = replace(target, protocol=protocol)
            runner = self._environment.runner
            # Workers share the seed and are still not to do the same at the same moments.
            seed = f"{self._options.seed}/{getattr(runner, 'worker_index', 0)}"
            stage = self._stages[protocol] = Stage(
                self._environment,
                target,
                self._options,
                seed=seed,
                people=self._users // self._options.workers,
                hear=lambda batch: self._hear(protocol, batch),
                fail=lambda: self.give_up("the load engine stopped: the load test ends"),
            )
        return stage

    def leave(self, protocol: str, actor: Actor) -> None:
        """Let somebody go, where there is a stage to leave."""
        if (stage := self._stages.get(protocol)) is not None:
            stage.leave(actor)

    def let_in(self) -> None:
        """Let people of the open model in by one more door, until the time is over."""
        options = self._options
        assert options.arrivals is not None  # else there are no doors
        assert options.for_s is not None
        self._doors += 1
        worker = getattr(self._environment.runner, "worker_index", 0)
        coming = arrivals(
            Random(f"{options.seed}/{worker}/door/{self._doors}"),
            self._people,
            rate=options.arrivals / DOORS,
            stay_s=options.stay_s,
            for_s=options.for_s,
            plan=options.plan,
        )
        began_s = time.monotonic()
        for arrival in coming:
            gevent.sleep(max(0.0, began_s + arrival.at_s - time.monotonic()))
            self._visits.spawn(self._visit, arrival)  # whoever takes long to enter keeps nobody waiting

    def _visit(self, arrival: Arrival) -> None:
        stage = self.stage(arrival.protocol)
        if self._options.users is not None and stage.seated >= self._options.users * self._doors / DOORS:
            stage.turn_away(f"there is room for {self._options.users} alone: raise --users")
            return
        try:
            actor = stage.enter(arrival.kind)
        except (TargetUnreachable, StopUser):
            return  # counted as a connection that failed, or the test has ended meanwhile
        except UsageError as error:
            self.give_up(str(error))
            return
        gevent.sleep(arrival.stay_s)
        stage.leave(actor)

    def told(self, protocol: str, worker: str, bulletin: Bulletin) -> None:
        """Take in what another worker tells of its people, where there is anybody here who may have heard them."""
        if (stage := self._stages.get(protocol)) is not None:
            stage.told(worker, bulletin)

    def give_up(self, why: str) -> None:
        """End the test, since it cannot be."""
        refuse(self._environment, why)

    # --- what they measure ---

    def _hear(self, protocol: str, batch: Batch) -> None:
        report(self._environment.stats, batch)
        if self._telemetry is not None:
            self._telemetry.record(batch)
        users = sum(stage.seated for stage in self._stages.values())
        self._meter.include(protocol, batch, at_s=time.time(), users=users)

    def share(self) -> dict[str, Any]:
        """Return what a worker sends with its report: everything, once it is over."""
        share = self._meter.take() if self._silent else self._meter.take(until_s=time.time())
        return {_KEY: share.model_dump()}

    def take_in(self, worker: str, data: Mapping[str, Any]) -> None:
        """Take in what a worker has sent with its report."""
        if _KEY in data:
            self.recorder.include(worker, Share.model_validate(data[_KEY]))

    def worker_finished(self, worker: str) -> None:
        """Note that a worker has nothing more to say."""
        self._finished.add(worker)

    def _keep(self) -> None:
        """Keep the record while the test lasts: show how things stand, and end it where that is asked for."""
        for turn in count():
            gevent.sleep(_TURN_S)
            now_s = time.time()
            if not isinstance(self._environment.runner, MasterRunner):
                self.recorder.include("local", self._meter.take(until_s=now_s))
            self._view.show(self.recorder, now_s)
            objectives = self._options.objectives
            if objectives is None or objectives.abort_on is None or self._aborted or turn % _JUDGED_EVERY:
                continue
            if broken := objectives.broken_already(self.recorder.record(now_s)):
                self._aborted = f"abort-on: {broken}"
                _log.error("%s", self._aborted)
                if self._environment.runner is not None:
                    gevent.spawn(self._environment.runner.quit)

    # --- the end ---

    def finish(self) -> None:
        """Have everybody stop, hear the last of it, and go home; then, unless this is a worker, say what it came to.

        Once: a master asks its workers for it before Locust does.
        """
        if self._over:
            return
        self._over, ended_s = True, time.time()
        if isinstance(self._environment.runner, MasterRunner):
            self._finish_workers(self._environment.runner)
        self._visits.kill()
        gevent.joinall([gevent.spawn(stage.close) for stage in self._stages.values()], raise_error=True)
        self._silent = True
        if self._keeper is not None:
            self._keeper.kill()
            if not isinstance(self._environment.runner, MasterRunner):
                self.recorder.include("local", self._meter.take())
            self._conclude(ended_s)

    def _finish_workers(self, master: MasterRunner) -> None:
        master.send_message(FINISH)
        deadline_s = time.monotonic() + _LAST_WORD_S
        while missing := {client.id for client in master.clients.all} - self._finished:
            if time.monotonic() > deadline_s:
                _log.error("%d workers did not say what they measured in the end", len(missing))
                break
            gevent.sleep(0.05)

    def _conclude(self, ended_s: float) -> None:
        """Judge the run, write its record, show it, and decide the exit code."""
        record = self.recorder.record(ended_s, aborted=self._aborted)
        if self._options.objectives is not None:
            record = record.model_copy(update={"slo": self._options.objectives.judge(record)})
            if self._environment.process_exit_code is None:
                self._environment.process_exit_code = 1 if self._aborted else exit_code(record.slo)
        if self._environment.process_exit_code is None and not record.totals:
            self._environment.process_exit_code = 2  # nobody came, and nobody can tell
        self._view.end(record, self._report(record))

    def _report(self, record: Record) -> Path | None:
        """Write the record and its page where that is asked for, and return the page's path."""
        if self._options.report is None:
            return None
        from loadtests.report import page  # a template engine takes time to start, which other runs need not wait for

        record.write(self._options.report)
        return page.write(record, self._options.report)

    # --- what was asked ---

    @property
    def _users(self) -> int:
        runner = self._environment.runner
        return self._options.users or (0 if runner is None else runner.target_user_count)

    def _asked(self, people: Sequence[tuple[str, str, float]]) -> Asked:
        options = self._options
        return Asked(
            target=options.target.url,
            protocols=sorted({protocol for protocol, _, _ in people}),
            cast={kind: weight for _, kind, weight in people},
            shape=options.shape,
            seed=options.seed,
            users=self._users,
            rate=None if options.plan or options.arrivals else options.rate,
            for_s=options.for_s,
            arrivals=options.arrivals,
            validate_=options.validate.value,
            network=options.network_text,
        )


def refuse(environment: Environment, why: str) -> None:
    """End a test that cannot be."""
    _log.error("%s", why)
    environment.process_exit_code = 2
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        runner.send_message(REFUSED, {"why": why})  # and its master ends it for all
    if runner is not None:
        gevent.spawn(runner.quit)  # not from here: it ends this greenlet too
