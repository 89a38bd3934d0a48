"""Plays a scenario at a target: thousands of connections in one loop, each event sent when it is due.

Durations count from the moment an event was due. When this side or the network stalls, what should have been sent
meanwhile is sent late and counts as late, so a stalled generator cannot hide a stalled target.
"""

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, ClassVar, Final, Self

from protocols.contract import Event, Operation
from protocols.errors import ConnectionLost, ConnectRefused, RehearsalError, TargetUnreachable, UsageError
from simulators.acks import Acks, due_acks, due_acks_of_invalid, fault_of_ack
from simulators.actor import Act, Actor, Connect, Cut, Emit, EmitRaw, Leave, Post
from simulators.backlog import Backlog
from simulators.connection import Connection
from simulators.delivery import Ledger
from simulators.garbage import Garbage
from simulators.hearing import Heard, Reader, Validate
from simulators.history import History
from simulators.http_calls import CallRefused
from simulators.lag import Lag
from simulators.people import WHOLE, Identity, Part, People
from simulators.questions import Question, Questions
from simulators.received import Answer
from simulators.scenario import KINDS, PER_SCOPE, Cast, Scenario
from simulators.snapshot import Snapshot
from simulators.tally import Tally
from simulators.target import Target
from simulators.turns import Turns

_AT_ONCE: Final = 64
"""How many may be on their way in at a time."""
_LISTEN_S: Final = 30.0
"""How long the last deliveries are waited for at most."""
_GIVE_UP_S: Final = 10.0
"""How long everybody tries to come back to a target that is gone, as one that begins anew is for a while."""
_ALL: Final = 1_000_000
_ACK_MS: Final = 1000
"""How long an ack may take where the contract does not say."""
_ARRIVALS_PER_S: Final = 100


class Crowd:
    """The people of one run, at one target; made by `gather`, belongs to one loop.

    Who wants to measure something else overrides `account`, `ack_wait_s`, `opened` and `refused`.
    """

    is_open: ClassVar[bool] = False
    """Whether others than its cast may be admitted; then it lives on when nobody is there, or the first is refused."""

    def __init__(
        self,
        target: Target,
        scenario: Scenario,
        people: People,
        *,
        history: History | None = None,
        outsiders: bool,
        validate: Validate = Validate.ALL,
    ) -> None:
        self.target = target
        self._scenario = scenario
        self._people = people
        self._history = history
        self.tally, ledger = self.account(outsiders=outsiders)
        self._backlog = Backlog(ledger, self.tally)
        self._reader = Reader(target.contract, target.endpoint().namespace, ledger, validate)
        self._questions = Questions()
        self._connections: dict[str, Connection] = {}  # name of an actor -> its connection, while it lives
        self._visits: dict[str, int] = {}  # name of an actor -> which of its connections counts
        self._accounts: deque[Identity] = deque()  # sessions to lend where a guest's will not do
        # name of an actor whose session others hold too -> that session
        self._shared: dict[str, Identity | None] = {
            actor.session_of: None for actor in scenario.actors if actor.session_of != actor.name
        }
        self._doors = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrivals: dict[str, asyncio.Task[None]] = {}  # name of an actor -> what brings it in
        self._loop = asyncio.get_running_loop()
        self.finished = False
        """Whether the run is over."""
        self._lag = Lag(self.tally)
        self._turns = Turns(self._do, self._goes_on, self._lag)
        self._alive_s = 0.0  # when somebody was last there, or the target
        self._goes_home = False
        self._garbage = Garbage()
        self._arrived = False
        self._unreachable: TargetUnreachable | None = None
        self._said: deque[tuple[str, str, str]] = deque(maxlen=6)
        self._pranks: deque[tuple[str, str]] = deque(maxlen=4)

    @classmethod
    async def gather(
        cls,
        target: Target,
        cast: Cast,
        *,
        seed: int,
        run: str,
        history: History | None = None,
        validate: Validate = Validate.ALL,
        part: Part = WHOLE,
    ) -> Self:
        """Find the target and cast the roles; `run` goes into the names of new spaces.

        Where several crowds play together, each has a `part` of the target's sessions. Raises UsageError when the
        target has not enough sessions for the cast, TargetUnreachable.
        """
        target = await target.located()
        people = People(target, part)
        try:
            if target.has_rooms_made:
                rooms = await people.make_rooms(-(-cast.size // PER_SCOPE), run)
                target = replace(target, scopes=tuple(rooms))
            scenario = Scenario.plan(
                cast,
                protocol=target.protocol,
                seed=seed,
                scope=lambda n: target.place(n, run),
                posts=await people.posts(cast.staff(target.protocol)),
                production=target.mode == "production",
                ramp_s=max(1.0, cast.size / _ARRIVALS_PER_S),
            )
            outsiders = bool(scenario.staff) or not target.makes_places
            crowd = cls(target, scenario, people, history=history, outsiders=outsiders, validate=validate)
            await crowd._lend_accounts()
        except BaseException:
            await people.close()
            raise
        return crowd

    async def _lend_accounts(self) -> None:
        """Have the sessions of users ready for those who need them."""
        taken = {identity.id for identity in self._scenario.staff.values()}
        needed = sum(map(self._needs_account, self._scenario.actors)) - len(taken)
        if needed or (self.is_open and self._may_need_accounts):
            self._accounts.extend(user for user in await self._people.users() if user.id not in taken)
        if needed > len(self._accounts):
            raise UsageError(
                f"cast: {needed} sessions are needed, but the target has {len(self._accounts)} users to lend them; "
                "ask for fewer people, or add [[people.users]]"
            )

    @property
    def _may_need_accounts(self) -> bool:
        kinds = KINDS[self.target.protocol].values()
        return not self._people.gives_guests or any(kind.is_known or kind.is_staff for kind in kinds)

    def _needs_account(self, actor: Actor) -> bool:
        return actor.is_staff or actor.is_known or not self._people.gives_guests

    # --- what others may measure, and who else may come ---

    def account(self, *, outsiders: bool) -> tuple[Tally, Ledger]:
        """Return where this crowd counts, and who keeps the account of its deliveries; asked once."""
        tally = Tally()
        target = self.target
        ledger = Ledger(
            target.contract,
            tally,
            deadline_s=target.deadline_s,
            time_scale=target.time_scale,
            outsiders=outsiders,
        )
        return tally, ledger

    def ack_wait_s(self, within_s: float) -> float:
        """Return how long an ack is waited for that has so long to come."""
        return within_s

    def opened(self, actor: Actor, begin_ns: int, end_ns: int) -> None:
        """Take in that somebody is connected, and how long that took."""

    def refused(self, error: RehearsalError) -> None:
        """Take in that a connection was refused, or came to nothing."""

    @property
    def seats(self) -> float:
        """How many may be there at once: as many as the target has sessions for."""
        return math.inf if self._people.gives_guests else len(self._accounts)

    async def posts(self) -> list[tuple[str, Identity]]:
        """Return every OWNER and STAFF once, with a space of theirs; raises TargetUnreachable."""
        return await self._people.posts(_ALL)

    def admit(self, actor: Actor) -> None:
        """Let somebody come now who is not in the cast."""
        if actor.shares or any(kind.shares == actor.kind for kind in KINDS[self.target.protocol].values()):
            self._shared.setdefault(actor.session_of, None)
        self._backlog.ledger.add(actor.name, actor.standing)
        actor.come(self.elapsed_s)
        self._turns.put(actor)

    def dismiss(self, actor: Actor) -> None:
        """Let somebody go now, politely and for good, also one who is still on the way in."""
        arrival = self._arrivals.pop(actor.name, None)
        if actor.name in self._connections:
            self._hang_up(actor, time.monotonic_ns(), politely=True)
        elif arrival is not None and not arrival.done():
            arrival.cancel()
            self._disconnected(actor)
        actor.come(math.inf)
        self._turns.put(actor)

    # --- the run ---

    async def play(self, for_s: float) -> Tally:
        """Let everybody come, live for so many seconds, hear the last of it, and leave.

        Raises TargetUnreachable when the target is not there, or not there any more.
        """
        self._garbage.look_seldom()
        self._turns.begin()
        for actor in self._scenario.actors:
            self._backlog.ledger.add(actor.name, actor.standing)
            self._turns.put(actor)
        self._lag.begin()
        try:
            await self._turns.take(for_s)
            self._lag.end()  # what is still heard was said in time or not
            await self._listen()
            self._backlog.ledger.finish()
        finally:
            await self._go_home()
            self._backlog.catch_up()  # who is on the way home hears the last of it
            self.finished = True
        if self._unreachable is not None and not self._connections:
            raise self._unreachable
        return self.tally

    def stop(self) -> None:
        """Have everybody stop acting now; the run ends as if its time were over."""
        self._turns.stop()

    def snapshot(self) -> Snapshot:
        """Return what goes on; only in the crowd's own loop."""
        scopes: dict[str, Counter[str]] = {}
        for actor in self._scenario.actors:
            if actor.name in self._connections:
                scopes.setdefault(actor.scope, Counter())[actor.kind] += 1
        waiting = self._backlog.ledger.pending
        return Snapshot(
            elapsed_s=self.elapsed_s,
            scopes=scopes,
            said=list(self._said),
            pranks=list(self._pranks),
            sent=sum(self.tally.sent.values()),
            delivered=self.tally.total("delivered"),
            lost=self.tally.total("lost"),
            faults=self.tally.faults,
            waiting=waiting,
            latest=self.tally.take_latest(),
            lag_ms=self._lag.take_longest_ms(),
        )

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return self._turns.elapsed_s

    def _goes_on(self, now_s: float) -> bool:
        """Settle what has not come in time; say whether there is still somebody to play, or somebody to play at."""
        self._settle()
        self._garbage.leave_alone(len(self._connections))
        if self._connections or self._unreachable is None or self.is_open:
            self._alive_s = now_s
        return now_s - self._alive_s < _GIVE_UP_S

    async def _listen(self) -> None:
        """Wait for what is under way."""
        end_s = self.elapsed_s + min(self._backlog.ledger.lost_after_ns / 1e9, _LISTEN_S)
        last_ack_s = self.elapsed_s + _LISTEN_S
        while self._connections and (
            (self._backlog.ledger.pending and self.elapsed_s < end_s)
            or (self._questions.is_one_open(self._visits) and self.elapsed_s < last_ack_s)
        ):
            await asyncio.sleep(0.02)
            self._settle()

    def _settle(self) -> None:
        """Count what has not come in time."""
        now_ns = time.monotonic_ns()
        self._backlog.ledger.settle(now_ns)
        for question in self._questions.overdue(now_ns):
            if self._visits[question.actor.name] == question.visit:
                self._miss(question)

    async def _go_home(self) -> None:
        self._goes_home = True
        self._garbage.end()
        self._lag.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in self._connections.values()), return_exceptions=True)
        await self._people.close()

    # --- what actors do ---

    def _do(self, actor: Actor, act: Act, due_ns: int) -> None:
        match act:
            case Connect():
                self._arrivals[actor.name] = self._spawn(self._visit(actor))
            case Emit():
                self._emit(actor, act.event, due_ns)
            case EmitRaw():
                self._emit_raw(actor, act, due_ns)
            case Post():
                self._spawn(self._post(actor, act))
            case Leave() | Cut():
                self._hang_up(actor, due_ns, politely=isinstance(act, Leave))

    def _emit(self, actor: Actor, event: Event, due_ns: int) -> None:
        connection = self._connections.get(actor.name)
        if connection is None or connection.closed is not None:
            return
        operation = self.target.contract.operation(event)
        if operation.ack is None:
            sent_ns = connection.emit(event)
        else:
            due = due_acks(operation, event, actor.standing)
            ack_id, sent_ns = connection.ask_raw(event.event_name, *event.to_args())
            self._await_ack(ack_id, actor, operation, due_ns, sent_ns, due, event)
        notes = actor.standing.notes_said
        keeper = self._backlog.ledger if notes is None or type(event) in notes else self._backlog
        keeper.said(actor.name, event, due_ns, sent_ns)
        if isinstance(words := vars(event).get("content"), str):  # a model without the field is slow to say so
            self._said.append((actor.scope, f"{actor.name} ({event.event_name})", words))

    def _emit_raw(self, actor: Actor, act: EmitRaw, due_ns: int) -> None:
        connection = self._connections.get(actor.name)
        if connection is None or connection.closed is not None:
            return
        operation = self.target.contract.inbound.get(act.name)
        if operation is None or not (due := due_acks_of_invalid(operation)):
            sent_ns = connection.emit_raw(act.name, *act.arguments)
        else:
            ack_id, sent_ns = connection.ask_raw(act.name, *act.arguments)
            self._await_ack(ack_id, actor, operation, due_ns, sent_ns, due, None)
        self._backlog.ledger.said_wrong(actor.name, act.name, due_ns, sent_ns)
        self._pranks.append((actor.name, act.prank))

    def _await_ack(
        self,
        ack_id: int,
        actor: Actor,
        operation: Operation,
        due_ns: int,
        sent_ns: int,
        due: Acks,
        event: Event | None,
    ) -> None:
        within_s = self.target.deadline_s(operation.ack_timeout_ms or _ACK_MS)
        wait_ns = int(self.ack_wait_s(within_s) * 1e9)
        deadline_ns, until_ns = sent_ns + int(within_s * 1e9), sent_ns + wait_ns
        visit = self._visits[actor.name]
        question = Question(actor, visit, operation, due_ns, deadline_ns, until_ns, due, event)
        self._questions.put(ack_id, question, wait_ns)

    def _miss(self, question: Question) -> None:
        """Count an ack that has not come in time."""
        name = question.operation.name
        text = f"{question.actor.name} got no ack of {name}"
        self.tally.unanswered(name, question.due_ns, question.until_ns, text)

    def _on_answer(self, actor: Actor, visit: int, answer: Answer) -> None:
        """Take in an ack, which must be one of those that are due."""
        if not answer.name:
            self.tally.violated(f"{answer} that nobody waits for")
            return
        question = self._questions.take((actor.name, visit, answer.packet.ack_id))
        if question is None or self._visits[actor.name] != visit:
            return  # what comes too late has been counted, and so has the end of its connection
        if answer.at_ns > question.until_ns:
            self._miss(question)
            return
        ack, event = answer.ack, question.event
        if ack is None:
            self.tally.violated(f"{actor.name}: {answer.violation}")
            return
        if (wrong := fault_of_ack(ack, question.due)) is not None:
            self.tally.violated(f"{actor.name}: the ack of {answer.name} {wrong}")
        is_late = answer.at_ns > question.deadline_ns
        self.tally.acknowledged(answer.name, question.due_ns, answer.at_ns, is_late=is_late)
        if event is not None:
            self._backlog.ledger.answered(actor.name, event, ack, answer.at_ns)
            actor.answered(event, ack, self.elapsed_s)
            self._turns.put(actor)

    async def _post(self, actor: Actor, act: Post) -> None:
        assert actor.identity is not None  # who has no session has nothing to ask for
        try:
            if act.room:
                await self._people.join_room(actor.identity, act.room)
            else:
                await self._people.post(actor.identity, act.path, act.body)
        except CallRefused as refused:
            if act.room:
                self.tally.shut_out_of(act.room, f"{actor.name} was not let into room {act.room}: {refused}")
            else:
                self.tally.complain(f"{actor.name} asked for something in vain: {refused}")
        except TargetUnreachable as error:
            self.tally.complain(f"{actor.name} asked for something and got nothing: {error}")

    def _hang_up(self, actor: Actor, due_ns: int, *, politely: bool) -> None:
        connection = self._connections.pop(actor.name, None)
        if connection is None:
            return
        self._visits[actor.name] += 1
        if politely:
            self._spawn(connection.close())
        else:
            connection.abort()
        self._backlog.ledger.hung_up(actor.name, due_ns, time.monotonic_ns(), politely=politely)
        actor.disconnected(self.elapsed_s)

    # --- coming and going ---

    async def _visit(self, actor: Actor) -> None:
        """Connect an actor."""
        try:
            async with self._doors:
                identity = await self._identity(actor)
                ledger = self._backlog.ledger
                actor.standing.connected(identity)
                ledger.connected(actor.name, time.monotonic_ns())
                begin_ns = time.monotonic_ns()
                connection = await self._open(actor, identity)
                end_ns = time.monotonic_ns()
        except TargetUnreachable as error:
            self._unreachable = error
            self._turned_away(actor, error)
            return
        except (ConnectRefused, ConnectionLost) as error:
            self._turned_away(actor, error)
            return
        self._arrived, self._unreachable = True, None
        self._arrivals.pop(actor.name, None)
        self._connections[actor.name] = connection
        actor.connected(identity, self.elapsed_s)
        self._turns.put(actor)
        connection.when_closed(lambda reason: self._closed(actor, connection, reason))
        self.opened(actor, begin_ns, end_ns)

    def _closed(self, actor: Actor, connection: Connection, reason: str) -> None:
        """Take in that a connection has ended, unless it was the actor who ended it, or all of them."""
        if self._connections.get(actor.name) is not connection or self._goes_home:
            return
        del self._connections[actor.name]
        if not actor.standing.expelled:
            self.tally.lose_connection(f"{actor.name} was disconnected: {reason}")
        self._disconnected(actor)

    def _open(self, actor: Actor, identity: Identity) -> Coroutine[Any, Any, Connection]:
        name, visit, visits = actor.name, self._visits.setdefault(actor.name, 0), self._visits
        known, keep = self._reader.known, self._backlog.heard
        unheeded = actor.unheeded(self.target.contract)

        # A connection that was cut may still have something to read: what comes of it counts no longer.
        def on_heard(heard: Heard, at_ns: int) -> None:
            if visits[name] == visit:
                if heard.event_type in unheeded:
                    keep(name, heard, at_ns)  # as nearly everything under load
                else:
                    self._on_heard(actor, heard, at_ns)

        def is_known(frame: bytes, at_ns: int) -> bool:
            heard = known.get(frame)
            if heard is None:
                return False
            on_heard(heard, at_ns)
            return True

        return Connection.open(
            self.target.door(identity),
            self.target.contract,
            name,
            self._history,
            patience_s=max(5.0, self.target.patience),
            on_event=lambda received: on_heard(self._reader.read(received), received.at_ns),
            on_answer=lambda answer: self._on_answer(actor, visit, answer),
            is_known=is_known,
        )

    async def _identity(self, actor: Actor) -> Identity:
        if (staff := self._scenario.staff.get(actor.name)) is not None:
            return staff
        if actor.identity is not None:
            return actor.identity
        if actor.session_of not in self._shared:
            return await self._new_identity(actor)
        if (held := self._shared[actor.session_of]) is None:
            new = await self._new_identity(actor)
            held = self._shared[actor.session_of] or new  # the other device may have been quicker
            self._shared[actor.session_of] = held
        return held

    async def _new_identity(self, actor: Actor) -> Identity:
        if self._needs_account(actor):
            self._accounts.rotate(-1)
            return self._accounts[-1]
        return await self._people.guest(actor.scope, actor.nickname)

    def _turned_away(self, actor: Actor, error: RehearsalError) -> None:
        self.refused(error)
        if not self._arrived and not self.is_open:
            self._turns.fail(error if isinstance(error, TargetUnreachable) else TargetUnreachable(str(error)))
        self.tally.refused += 1
        self.tally.complain(f"{actor.name} was turned away: {error}")
        self._disconnected(actor)

    def _disconnected(self, actor: Actor) -> None:
        self._visits[actor.name] = self._visits.get(actor.name, 0) + 1
        self._backlog.ledger.lost(actor.name, time.monotonic_ns())
        actor.disconnected(self.elapsed_s)
        self._turns.put(actor)

    def _on_heard(self, actor: Actor, heard: Heard, at_ns: int) -> None:
        ledger = self._backlog.ledger
        notice, matters = heard.notice, heard.event_type in actor.cares
        if notice is None or (matters and notice.event is None) or not ledger.noticed(actor.name, notice, at_ns):
            self._violated(actor, heard)
        elif matters and (event := notice.event) is not None and actor.name in self._connections:
            actor.hear(event, self.elapsed_s)
            self._turns.put(actor)

    def _violated(self, actor: Actor, heard: Heard) -> None:
        self.tally.violated(f"{actor.name} heard {heard.received}")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._turns.fail(error)
