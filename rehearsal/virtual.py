"""Plays a cast against the rules themselves, in virtual time: no sockets, no waiting, always the same to the last byte.

Rules and actors neither know what time it is nor toss coins of their own, so a run is a function of cast, seed and
length, and the digest of its history says whether anything at all has changed.
"""

import hashlib
import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final, TypeAlias, cast

from protocols import PROTOCOLS
from protocols.contract import Ack, Action, Event, Json, Operation, Protocol
from protocols.errors import PayloadError
from reference_server.effects import (
    Acknowledge,
    Command,
    Connected,
    Delivery,
    Drop,
    Emit,
    Enter,
    Entry,
    Garbled,
    Gone,
    Later,
    Leave,
    Note,
    Notify,
    Publish,
    Renew,
    Reply,
    Rules,
    Said,
    Stamp,
    Withdraw,
)
from reference_server.served import SERVED
from reference_server.settings import Settings
from reference_server.world import World
from rehearsal.paper_people import PaperPeople, command
from simulators import actor as acts
from simulators import strict_json
from simulators.acks import Acks, due_acks, due_acks_of_invalid, fault_of_ack
from simulators.actor import Actor
from simulators.delivery import Ledger
from simulators.history import Direction, Record
from simulators.scenario import Cast, Scenario
from simulators.schedule import Schedule
from simulators.strict_json import Value
from simulators.tally import Tally

_ACK_MS: Final = 1000
"""How long an ack may take where the contract does not say."""
EPOCH_MS: Final = 1_750_000_000_000
"""When every virtual run begins: a day in June 2025."""

Heard: TypeAlias = Callable[[list[str], Event], None]
"""Told of every event, and the sids that it is delivered to, in their order."""
Answered: TypeAlias = Callable[[str, int, Ack], None]
"""Told of every ack: by whom it was asked for, its id, and what it says."""
Watcher: TypeAlias = Callable[[float, Event, list[str]], None]
"""Told of an event: when it was heard, what, and by whom."""


class PaperServer:
    """Rules, and a hub on paper that carries out what they ask for: rooms, deliveries, timers and disconnections."""

    def __init__(
        self,
        rules: Rules,
        seed: int,
        on_heard: Heard,
        on_dropped: Callable[[str], None],
        on_answered: Answered = lambda sid, ack_id, ack: None,
    ) -> None:
        self._rules = rules
        self._random = Random(f"{seed}/server")
        self._on_heard = on_heard
        self._on_dropped = on_dropped
        self._on_answered = on_answered
        self._rooms: dict[str, dict[str, None]] = {}  # room -> sids in the order in which they entered
        self._of: dict[str, dict[str, None]] = {}  # sid -> its rooms
        self._timers: list[tuple[float, int, Command]] = []
        self._count = 0
        self.entries = 0

    def enter(self, entry: Entry, now_s: float) -> Reply | None:
        """Let something happen, carry out what the rules make of it, and return their answer if they give one."""
        match entry:
            case Connected():
                self._put_in(entry.sid, entry.sid)
            case Gone():
                for room in self._of.pop(entry.sid, ()):
                    self._take_out(entry.sid, room)
            case _:
                pass
        self.entries += 1
        stamp = Stamp(EPOCH_MS + round(now_s * 1000), self._random.randbytes(16))
        reply: Reply | None = None
        dropped: list[str] = []
        for effect in list(self._rules.handle(entry, stamp)):
            match effect:
                case Emit():
                    self._emit(effect)
                case Enter():
                    self._put_in(effect.sid, effect.room)
                case Leave():
                    self._of.get(effect.sid, {}).pop(effect.room, None)
                    self._take_out(effect.sid, effect.room)
                case Later():
                    self._set_timer(now_s + effect.after_ms / 1000, effect.command)
                case Acknowledge():
                    self._on_answered(effect.sid, effect.ack, effect.value)
                case Notify() if effect.receipt is not None:
                    # Nothing leaves a rehearsal on paper, and the rules hear that nobody is there to deliver it.
                    self._set_timer(now_s, replace(effect.receipt, delivery=Delivery.NOBODY))
                case Drop():
                    dropped.append(effect.sid)
                case Reply():
                    reply = effect
                case Notify() | Note() | Publish() | Withdraw() | Renew():
                    pass
        for sid in dropped:
            self._on_dropped(sid)
            self.enter(Gone(sid, "server disconnect"), now_s)
        return reply

    @property
    def next_s(self) -> float:
        """When the next timer is due; infinite when there is none."""
        return self._timers[0][0] if self._timers else math.inf

    def run_timer(self) -> None:
        """Enter the command whose timer is due next."""
        due_s, _, command = heapq.heappop(self._timers)
        self.enter(command, due_s)

    def _set_timer(self, due_s: float, command: Command) -> None:
        heapq.heappush(self._timers, (due_s, self._count, command))
        self._count += 1

    def _put_in(self, sid: str, room: str) -> None:
        self._rooms.setdefault(room, {})[sid] = None
        self._of.setdefault(sid, {})[room] = None

    def _emit(self, emit: Emit) -> None:
        if sids := [sid for sid in self._rooms.get(emit.room, ()) if sid != emit.skip]:
            self._on_heard(sids, emit.event)

    def _take_out(self, sid: str, room: str) -> None:
        members = self._rooms.get(room)
        if members is not None and sid in members:
            del members[sid]
            if not members:
                del self._rooms[room]


@dataclass(slots=True)
class Outcome:
    """What a virtual run came to."""

    digest: str
    """SHA-256 of its history, as JSON lines."""
    records: int
    sent: int
    """Events that actors emitted."""
    deliveries: int
    tally: Tally | None = field(repr=False, default=None)
    """The account of all deliveries, where one was asked for."""


@dataclass(frozen=True, slots=True)
class _Call:
    """Something said that an ack is waited for."""

    operation: Operation
    due_ns: int
    due: Acks
    event: Event | None
    """What it was; None where it broke the contract."""


class VirtualRun:
    """One cast on paper."""

    def __init__(
        self,
        people: Cast | Callable[[PaperPeople], Scenario],
        *,
        protocol: str = "space",
        seed: int,
        rules: Rules | None = None,
        sink: Callable[[bytes], object] | None = None,
        accounting: bool = False,
        ramp_s: float = 10.0,
        watchers: Mapping[type[Event], Watcher] | None = None,
    ) -> None:
        """Prepare a run.

        `people` is a cast, or what plans a scenario for those who are there. `sink` is given every line of the history,
        `accounting` has every delivery accounted for, which takes longer; `watchers` are told of the events of a kind.
        Raises UsageError where the cast needs more people than the built-in world has.
        """
        rules = rules or SERVED[protocol].rules(World.built_in(), Settings(port=0))
        self._server = PaperServer(rules, seed, self._on_heard, self._on_dropped, self._on_answered)
        self._people = PaperPeople(protocol)
        if isinstance(people, Cast):
            self._scenario = Scenario.plan(
                people,
                protocol=protocol,
                seed=seed,
                scope=self._people.scope,
                posts=self._people.posts,
                ramp_s=ramp_s,
            )
        else:
            self._scenario = people(self._people)
        self._people.expect(self._scenario.actors)
        self._protocol: Protocol = PROTOCOLS[protocol]
        self._watchers = watchers or {}
        self._calls: dict[tuple[str, int], _Call] = {}  # sid and id of an ack that is waited for
        self._asked = 0
        self._schedule = Schedule()
        self._actors: dict[str, Actor] = {}  # sid -> who is connected by it
        self._sids: dict[str, str] = {}  # name -> sid
        self._connections = 0
        self._now_s = 0.0
        self._sink = sink
        self._hash = hashlib.sha256()
        self._outcome = Outcome("", 0, 0, 0, Tally() if accounting else None)
        self._ledger: Ledger | None = None
        if self._outcome.tally is not None:
            self._ledger = Ledger(self._protocol, self._outcome.tally, deadline_s=lambda within_ms: within_ms / 1000)
        for person in self._scenario.actors:
            self._schedule.put(person)
            if self._ledger is not None:
                self._ledger.add(person.name, person.standing)

    def play(self, for_s: float) -> Outcome:
        """Let so many seconds of their time pass."""
        while (now_s := min(self._schedule.next_s, self._server.next_s)) < for_s:
            self._now_s = now_s
            if self._ledger is not None:
                self._ledger.settle(self._now_ns)
            if self._server.next_s <= now_s:
                self._server.run_timer()
            else:
                person = self._schedule.pop()
                for due_s, act in person.act(now_s):
                    self._do(person, act, round(due_s * 1e9))
                self._schedule.put(person)
        if self._ledger is not None:
            self._ledger.finish()
            self._look_for_acks()
        self._outcome.digest = self._hash.hexdigest()
        return self._outcome

    @property
    def _now_ns(self) -> int:
        return round(self._now_s * 1e9)

    # --- what actors do ---

    def _do(self, person: Actor, act: acts.Act, due_ns: int) -> None:
        match act:
            case acts.Connect():
                self._connect(person)
            case acts.Emit():
                self._emit(person, act.event, due_ns)
            case acts.EmitRaw():
                self._emit_raw(person, act, due_ns)
            case acts.Post():
                if person.identity is not None:
                    self._server.enter(command(self._protocol.name, person.identity, act), self._now_s)
            case acts.Leave() | acts.Cut():
                self._hang_up(person, due_ns, politely=isinstance(act, acts.Leave))

    def _connect(self, person: Actor) -> None:
        identity = self._scenario.staff.get(person.name) or self._people.identity(
            person, lambda command: self._server.enter(command, self._now_s)
        )
        sid = f"sid-{self._connections}"
        self._connections += 1
        self._actors[sid], self._sids[person.name] = person, sid
        self._record(person, Direction.STATE, "connected")
        person.standing.connected(identity)
        if self._ledger is not None:
            self._ledger.connected(person.name, self._now_ns)
        self._server.enter(Connected(sid, claims=self._people.claims(identity)), self._now_s)
        person.connected(identity, self._now_s)

    def _emit(self, person: Actor, event: Event, due_ns: int) -> None:
        if (sid := self._sids.get(person.name)) is None:
            return
        self._outcome.sent += 1
        operation = self._protocol.operation(event)
        ack_id = self._ask(person, operation, due_ns, event) if operation.ack is not None else None
        self._record(person, Direction.SENT, event.event_name, event.to_args(), ack_id=ack_id)
        if self._ledger is not None:
            self._ledger.said(person.name, event, due_ns, self._now_ns)
        else:
            person.standing.said(event)
        self._server.enter(Said(sid, event, ack=ack_id), self._now_s)

    def _ask(self, person: Actor, operation: Operation, due_ns: int, event: Event | None = None) -> int:
        """Wait for an ack, and return its id."""
        due: Acks = ()
        if self._ledger is not None:
            due = due_acks_of_invalid(operation) if event is None else due_acks(operation, event, person.standing)
        self._asked += 1
        self._calls[self._sids[person.name], self._asked] = _Call(operation, due_ns, due, event)
        return self._asked

    def _emit_raw(self, person: Actor, act: acts.EmitRaw, due_ns: int) -> None:
        if (sid := self._sids.get(person.name)) is None:
            return
        self._outcome.sent += 1
        operation = self._protocol.inbound.get(act.name)
        tells = operation is not None and bool(due_acks_of_invalid(operation))
        ack_id = self._ask(person, operation, due_ns) if operation is not None and tells else None
        self._record(person, Direction.SENT, act.name, cast("tuple[Value, ...]", act.arguments), ack_id=ack_id)
        if self._ledger is not None:
            self._ledger.said_wrong(person.name, act.name, due_ns, self._now_ns)
        try:
            event = self._protocol.parse(Action.RECEIVE, act.name, act.arguments)
        except PayloadError as error:
            self._server.enter(Garbled(sid, act.name, str(error)[:300], ack_id), self._now_s)
        else:
            raise AssertionError(f"a prank that breaks nothing: {act.prank}: {event}")

    def _hang_up(self, person: Actor, due_ns: int, *, politely: bool) -> None:
        if (sid := self._sids.pop(person.name, None)) is None:
            return
        self._forget(sid)
        self._record(person, Direction.STATE, "closed: io client disconnect" if politely else "closed: cut off")
        if self._ledger is not None:
            self._ledger.hung_up(person.name, due_ns, self._now_ns, politely=politely)
        else:
            person.standing.disconnected()
        self._server.enter(Gone(sid), self._now_s)
        person.disconnected(self._now_s)

    # --- what comes of it ---

    def _on_heard(self, sids: list[str], event: Event) -> None:
        hearers = [person for sid in sids if (person := self._actors.get(sid)) is not None]
        arguments = event.to_args()
        argument = arguments[0] if arguments else {}
        payload = argument if isinstance(argument, dict) else event.to_json()
        self._record_heard(hearers, event, arguments)
        self._outcome.deliveries += len(hearers)
        if (watcher := self._watchers.get(type(event))) is not None:
            watcher(self._now_s, event, [person.name for person in hearers])
        for person in hearers:
            if self._ledger is not None:
                self._ledger.heard(person.name, event, payload, self._now_ns)
            elif type(event) in person.cares:
                person.standing.heard(event)
            if type(event) in person.cares:
                person.hear(event, self._now_s)
                self._schedule.put(person)

    def _on_answered(self, sid: str, ack_id: int, ack: Ack) -> None:
        call, person = self._calls.pop((sid, ack_id), None), self._actors.get(sid)
        if call is None or person is None:
            return
        name, event = call.operation.name, call.event
        self._record(person, Direction.RECEIVED, name, ack.to_args(), ack_id=ack_id, is_ack=True)
        tally = self._outcome.tally
        if tally is not None:
            tally.acknowledged(name, call.due_ns, self._now_ns)
            if (wrong := fault_of_ack(ack, call.due)) is not None:
                tally.violated(f"{person.name}: the ack of {name} {wrong}")
        if event is None:
            return
        if self._ledger is not None:
            self._ledger.answered(person.name, event, ack, self._now_ns)
        else:
            person.standing.answered(event, ack)
        person.answered(event, ack, self._now_s)
        self._schedule.put(person)

    def _look_for_acks(self) -> None:
        """Count as faults the acks that those who are still there never got."""
        assert self._outcome.tally is not None  # whoever keeps an account counts
        for (sid, _), call in self._calls.items():
            allowed_ns = (call.operation.ack_timeout_ms or _ACK_MS) * 1_000_000
            if self._now_ns - call.due_ns > allowed_ns:
                self._outcome.tally.violated(f"{self._actors[sid].name} got no ack of {call.operation.name}")

    def _forget(self, sid: str) -> None:
        """Let go of a connection that has ended, and of what it waits for."""
        del self._actors[sid]
        for waiting in [call for call in self._calls if call[0] == sid]:
            del self._calls[waiting]

    def _on_dropped(self, sid: str) -> None:
        person = self._actors.get(sid)
        if person is None:
            return
        self._forget(sid)
        del self._sids[person.name]
        self._record(person, Direction.STATE, "closed: io server disconnect")
        if self._ledger is not None:
            self._ledger.lost(person.name, self._now_ns)
        else:
            person.standing.disconnected()
        person.disconnected(self._now_s)
        self._schedule.put(person)

    # --- history ---

    def _record(
        self,
        person: Actor,
        direction: Direction,
        name: str,
        arguments: object = (),
        *,
        ack_id: int | None = None,
        is_ack: bool = False,
    ) -> None:
        record = Record(
            order=self._outcome.records,
            at_ns=self._now_ns,
            actor=person.name,
            direction=direction,
            name=name,
            arguments=cast("list[Value]", arguments),
            ack_id=ack_id,
            is_ack=is_ack,
        )
        self._write([record.to_json()])

    def _record_heard(self, hearers: list[Actor], event: Event, said: list[Json]) -> None:
        """Write what a Record would: its lines differ in little from hearer to hearer, and there are millions."""
        arguments = b',"arguments":' + strict_json.dumps(said, _refuse, sort_keys=True) if said else b""
        middle = b'%b,"at_ns":%d,"direction":"<","name":"%b","order":' % (
            arguments,
            self._now_ns,
            event.event_name.encode(),
        )
        first = self._outcome.records
        self._write(
            [b'{"actor":"%b"%b%d}' % (person.name.encode(), middle, first + n) for n, person in enumerate(hearers)]
        )

    def _write(self, lines: list[bytes]) -> None:
        self._outcome.records += len(lines)
        self._hash.update(b"\n".join(lines) + b"\n" if lines else b"")
        if self._sink is not None:
            for line in lines:
                self._sink(line)


def _refuse(leaf: object) -> Value:
    raise TypeError(f"{type(leaf).__name__} is no JSON")


def rehearse(
    people: Cast,
    *,
    protocol: str = "space",
    seed: int,
    for_s: float,
    sink: Callable[[bytes], object] | None = None,
) -> Outcome:
    """Play a cast against the rules for so many virtual seconds."""
    return VirtualRun(people, protocol=protocol, seed=seed, sink=sink).play(for_s)
