"""Plays a cast against the rules themselves, in virtual time: no sockets, no waiting, always the same to the last byte.

Rules and actors neither know what time it is nor toss coins of their own, so a run is a function of cast, seed and
length, and the digest of its history says whether anything at all has changed.
"""

import hashlib
import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeAlias, cast

from protocols.contract import Action, Event, Json, Protocol
from protocols.errors import PayloadError
from reference_server.effects import (
    Acknowledge,
    Command,
    Connected,
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
from reference_server.mode import Mode
from reference_server.rules.space import Space
from reference_server.rules.space_commands import CreateGuest
from reference_server.world import World
from simulators import actor as acts
from simulators import strict_json
from simulators.actor import Actor
from simulators.delivery import Ledger
from simulators.history import Direction, Record
from simulators.people import Identity
from simulators.scenario import Cast, Scenario
from simulators.schedule import Schedule
from simulators.strict_json import Value
from simulators.tally import Tally

EPOCH_MS: Final = 1_750_000_000_000
"""When every virtual run begins: a day in June 2025."""

Heard: TypeAlias = Callable[[list[str], Event], None]
"""Told of every event, and the sids that it is delivered to, in their order."""


class PaperServer:
    """Rules, and a hub on paper that carries out what they ask for: rooms, deliveries, timers and disconnections."""

    def __init__(self, rules: Rules, seed: int, on_heard: Heard, on_dropped: Callable[[str], None]) -> None:
        self._rules = rules
        self._random = Random(f"{seed}/server")
        self._on_heard = on_heard
        self._on_dropped = on_dropped
        self._rooms: dict[str, dict[str, None]] = {}  # room -> sids in the order in which they entered
        self._timers: list[tuple[float, int, Command]] = []
        self._count = 0
        self.entries = 0

    def enter(self, entry: Entry, now_s: float) -> Reply | None:
        """Let something happen, carry out what the rules make of it, and return their answer if they give one."""
        match entry:
            case Connected():
                self._rooms[entry.sid] = {entry.sid: None}
            case Gone():
                for room in list(self._rooms):
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
                    self._rooms.setdefault(effect.room, {})[effect.sid] = None
                case Leave():
                    self._take_out(effect.sid, effect.room)
                case Later():
                    heapq.heappush(self._timers, (now_s + effect.after_ms / 1000, self._count, effect.command))
                    self._count += 1
                case Drop():
                    dropped.append(effect.sid)
                case Reply():
                    reply = effect
                case Notify() | Note() | Acknowledge() | Publish() | Withdraw() | Renew():
                    pass  # nothing leaves a rehearsal on paper
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


class VirtualRun:
    """One cast on paper."""

    def __init__(
        self,
        people: Cast,
        *,
        seed: int,
        rules: Rules | None = None,
        sink: Callable[[bytes], object] | None = None,
        accounting: bool = False,
        ramp_s: float = 10.0,
    ) -> None:
        """Prepare a run of the protocol `space`.

        `sink` is given every line of the history, `accounting` has every delivery accounted for, which takes longer.
        """
        world = World.built_in()
        self._server = PaperServer(rules or Space(world, Mode.PRODUCTION), seed, self._on_heard, self._on_dropped)
        self._scenario = Scenario.plan(
            people, protocol="space", seed=seed, scope=lambda n: f"virtual-{n}", posts=_posts(world), ramp_s=ramp_s
        )
        self._protocol: Protocol = Space.protocol
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
            case acts.Leave() | acts.Cut():
                self._hang_up(person, due_ns, politely=isinstance(act, acts.Leave))

    def _connect(self, person: Actor) -> None:
        identity = self._scenario.staff.get(person.name) or person.identity or self._guest(person)
        sid = f"sid-{self._connections}"
        self._connections += 1
        self._actors[sid], self._sids[person.name] = person, sid
        self._record(person, Direction.STATE, "connected")
        person.standing.connected(identity)
        if self._ledger is not None:
            self._ledger.connected(person.name, self._now_ns)
        self._server.enter(Connected(sid), self._now_s)
        person.connected(identity, self._now_s)

    def _guest(self, person: Actor) -> Identity:
        reply = self._server.enter(CreateGuest(person.scope, person.nickname), self._now_s)
        assert reply is not None  # every HTTP command is answered
        session = cast("dict[str, str]", reply.value)
        return Identity(
            token=session["sessionToken"],
            id=session["participantId"],
            nickname=session["nickname"],
            scope=person.scope,
        )

    def _emit(self, person: Actor, event: Event, due_ns: int) -> None:
        if (sid := self._sids.get(person.name)) is None:
            return
        self._outcome.sent += 1
        self._record(person, Direction.SENT, event.event_name, event.to_args())
        if self._ledger is not None:
            self._ledger.said(person.name, event, due_ns, self._now_ns)
        else:
            person.standing.said(event)
        self._server.enter(Said(sid, event), self._now_s)

    def _emit_raw(self, person: Actor, act: acts.EmitRaw, due_ns: int) -> None:
        if (sid := self._sids.get(person.name)) is None:
            return
        self._outcome.sent += 1
        self._record(person, Direction.SENT, act.name, cast("tuple[Value, ...]", act.arguments))
        if self._ledger is not None:
            self._ledger.said_wrong(person.name, act.name, due_ns, self._now_ns)
        try:
            event = self._protocol.parse(Action.RECEIVE, act.name, act.arguments)
        except PayloadError as error:
            self._server.enter(Garbled(sid, act.name, str(error)[:300]), self._now_s)
        else:
            raise AssertionError(f"a prank that breaks nothing: {act.prank}: {event}")

    def _hang_up(self, person: Actor, due_ns: int, *, politely: bool) -> None:
        if (sid := self._sids.pop(person.name, None)) is None:
            return
        del self._actors[sid]
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
        for person in hearers:
            if self._ledger is not None:
                self._ledger.heard(person.name, event, payload, self._now_ns)
            elif type(event) in person.cares:
                person.standing.heard(event)
            if type(event) in person.cares:
                person.hear(event, self._now_s)
                self._schedule.put(person)

    def _on_dropped(self, sid: str) -> None:
        person = self._actors.pop(sid, None)
        if person is None:
            return
        del self._sids[person.name]
        self._record(person, Direction.STATE, "closed: io server disconnect")
        if self._ledger is not None:
            self._ledger.lost(person.name, self._now_ns)
        else:
            person.standing.disconnected()
        person.disconnected(self._now_s)
        self._schedule.put(person)

    # --- history ---

    def _record(self, person: Actor, direction: Direction, name: str, arguments: object = ()) -> None:
        record = Record(
            order=self._outcome.records,
            at_ns=self._now_ns,
            actor=person.name,
            direction=direction,
            name=name,
            arguments=cast("list[Value]", arguments),
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


def _posts(world: World) -> list[tuple[str, Identity]]:
    """Return every OWNER and STAFF of a world once, each with a space of theirs."""
    users = {user.id: user for user in world.users}
    posts: dict[str, tuple[str, Identity]] = {}
    for place in world.spaces:
        for user_id in (place.owner, *place.staff):
            user = users[user_id]
            identity = Identity(token=user.token, id=user.id, nickname=user.nickname, role=place.role(user_id).value)
            posts.setdefault(user_id, (place.id, identity))
    return list(posts.values())


def rehearse(people: Cast, *, seed: int, for_s: float, sink: Callable[[bytes], object] | None = None) -> Outcome:
    """Play a cast against the rules for so many virtual seconds."""
    return VirtualRun(people, seed=seed, sink=sink).play(for_s)
