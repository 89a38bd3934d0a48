"""Serves one protocol on its namespace: check the payload, ask the rules, carry out the effects.

Rule 1: an entry is handled and its effects are on their way before the next one is made: nothing is awaited between.
Rule 2: what leaves has passed the same gate as what comes in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import assert_never

from protocols.contract import Ack, Action, Event, Json
from protocols.errors import PayloadError
from reference_server.clock import Clock
from reference_server.effects import (
    Command,
    Connected,
    Drop,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Gone,
    Later,
    Leave,
    Note,
    Notify,
    Reply,
    Said,
)
from reference_server.journal import Journal
from reference_server.logs import Line, Log
from reference_server.meter import Meter
from reference_server.outbox import Outbox
from reference_server.session import Session, Sessions
from reference_server.strict import StrictServer, Visit
from reference_server.verify import Verifier

# A client may call an event what it likes, at a length of up to a megabyte; nobody needs to read all of it.
MAX_EVENT_NAME = 100

RULES_FAILED = "E3500"
INVALID_OUTPUT = "E3501"
EFFECT_FAILED = "E3502"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all namespaces of one server share."""

    server: StrictServer
    clock: Clock
    log: Log
    outbox: Outbox
    verifier: Verifier
    meter: Meter


class ProtocolNamespace:
    """One protocol on one Socket.IO namespace; the handler that the strict server calls."""

    def __init__(self, path: str, journal: Journal, surroundings: Surroundings) -> None:
        self.path = path
        self.protocol = journal.rules.protocol
        self.sessions = Sessions()
        self._journal = journal
        self._around = surroundings
        self._meter = surroundings.meter.of(self.protocol)

    # ---- what the wire brings ----------------------------------------------------------------------------------------

    async def admit(self, visit: Visit) -> Visit:
        """Let everybody in: credentials are for the rules to judge."""
        return visit

    async def connect(self, sid: str, visit: Visit) -> None:
        """Enter a socket that was admitted."""
        self.sessions.add(Session(sid, visit.address))
        self._log("debug", f"connected to {self.path}", sid, {"address": visit.address})
        self._enter(Connected(sid, dict(visit.auth)))

    async def event(self, sid: str, name: str, args: tuple[object, ...]) -> tuple[object, ...] | None:
        """Enter what a socket said; the ack, if the rules give one.

        A question to the outside is waited for here: later events of this socket queue behind it, nobody else's do.
        """
        if sid not in self.sessions:
            return None
        entry = self._read(sid, name, args)
        try:
            question = self._journal.rules.question(entry)
        except Exception as crash:  # noqa: BLE001  # see _enter: the journal does the same for `handle`
            return _arguments(self._crashed(entry, crash))
        if isinstance(entry, Said) and question is not None:
            entry = replace(entry, answer=await self._around.verifier.ask(question))
        return _arguments(self._enter(entry))

    async def disconnect(self, sid: str, reason: str) -> None:
        """Enter that a socket is gone, once."""
        if self.sessions.remove(sid):
            self._log("debug", f"disconnected from {self.path}: {reason}", sid)
            self._enter(Gone(sid, reason))

    def command(self, command: Command) -> Reply | None:
        """Enter what reached the rules from beside the socket, and return their reply."""
        return self._enter(command)

    def _read(self, sid: str, name: str, args: tuple[object, ...]) -> Said | Garbled:
        try:
            event = self.protocol.parse(Action.RECEIVE, name, args)
        except PayloadError as error:
            self._meter.garbled()
            return Garbled(sid, name[:MAX_EVENT_NAME], str(error))
        self._meter.received[name]()
        return Said(sid, event)

    # ---- the rules, and what they ask for ----------------------------------------------------------------------------

    def _enter(self, entry: Entry) -> Reply | None:
        outcome = self._journal.enter(entry)
        reply: Reply | None = None
        for effect in outcome.effects:
            if isinstance(effect, Reply):
                reply = effect
            else:
                self._try_to_carry_out(effect)
        if outcome.crash is not None:
            return self._crashed(entry, outcome.crash) or reply
        return reply

    def _crashed(self, entry: Entry, crash: Exception) -> Reply | None:
        """Report a fault of ours; who said what brought it to light gets the protocol's error and goes on."""
        self._meter.crashed()
        sid = "" if isinstance(entry, Command) else entry.sid
        context = {"socketId": sid} if sid else {}
        self._around.log.crash(f"the rules failed at {_describe(entry)}", RULES_FAILED, crash, context)
        if isinstance(entry, Said):
            return self._enter(
                Garbled(sid, entry.event.event_name, "the server failed to handle this", entry.wants_ack)
            )
        return None

    def _try_to_carry_out(self, effect: Effect) -> None:
        try:
            self._carry_out(effect)
        except Exception as crash:  # noqa: BLE001  # one effect that cannot be must not cost the others anything
            self._around.log.crash(f"could not carry out {type(effect).__name__}", EFFECT_FAILED, crash)

    def _carry_out(self, effect: Effect) -> None:
        server, path = self._around.server, self.path
        match effect:
            case Emit(event, room, skip):
                self._emit(event, room, skip)
            case Enter(sid, room):
                server.enter(sid, path, room)
            case Leave(sid, room):
                server.leave(sid, path, room)
            case Drop(sid):
                server.drop(sid, path)  # its departure comes back as `disconnect`
            case Later(after_ms, command):
                self._around.clock.later(after_ms, partial(self._ring, command))
            case Notify(channel, body):
                self._around.outbox.put(channel, body)
            case Note(level, message, code, context):
                self._around.log.write(Line(level, message, code, context))
            case Reply():
                pass  # is the result of the entry, see `_enter`
            case _:
                assert_never(effect)

    def _emit(self, event: Event, room: str, skip: str) -> None:
        operation = self.protocol.operation(event)
        args = event.to_args()
        faults = self.protocol.faults(operation.schema, args[0]) if operation.schema else []
        if faults or operation.action is not Action.SEND:
            reasons = "; ".join(map(str, faults[:3])) or "not the server's to say"
            self._around.log.write(
                Line("error", f"did not emit an invalid {operation.name}: {reasons}", INVALID_OUTPUT)
            )
            return
        self._meter.emitted[operation.name]()
        self._around.server.broadcast(self.path, room, operation.name, *args, skip_sid=skip or None)

    def _ring(self, command: Command) -> None:
        self._enter(command)

    def _log(self, level: str, message: str, sid: str, more: Mapping[str, Json] | None = None) -> None:
        self._around.log.write(Line(level, message, context={"socketId": sid, **(more or {})}))


def _arguments(reply: Reply | None) -> tuple[object, ...] | None:
    if reply is None:
        return None
    return (reply.value.to_json() if isinstance(reply.value, Ack) else reply.value,)


def _describe(entry: Entry) -> str:
    """Name an entry without what was said in it, which may be secret."""
    match entry:
        case Said():
            return f"Said {entry.event.event_name}"
        case Garbled():
            return f"Garbled {entry.event_name!r}"
        case _:
            return type(entry).__name__
