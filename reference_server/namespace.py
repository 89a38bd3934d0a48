"""Serves one protocol on its namespace: check the payload, ask the rules, carry out the effects.

Rule 1: an entry is handled and its effects are on their way before the next one is made: nothing is awaited between.
Rule 2: what leaves has passed the same gate as what comes in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import assert_never, cast

from protocols.contract import Ack, Action, Event, Json
from protocols.errors import PayloadError
from reference_server.board import Board
from reference_server.clock import Clock
from reference_server.effects import (
    Acknowledge,
    Command,
    Connected,
    Delivery,
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
    Publish,
    Receipt,
    Renew,
    Reply,
    Said,
    Withdraw,
)
from reference_server.gate import BadToken, Gate, Verified
from reference_server.http.body import bearer
from reference_server.journal import Journal
from reference_server.logs import Line, Log
from reference_server.meter import Meter
from reference_server.outbox import Outbox
from reference_server.session import Session, Sessions
from reference_server.strict import Frame, Refusal, StrictServer, Visit
from reference_server.verify import Verifier

# A client may call an event what it likes, at a length of up to a megabyte; nobody needs to read all of it.
MAX_EVENT_NAME = 100
# A refusal may echo an id; ids are no longer than this.
MAX_TEXT = 64

NOT_ADMITTED = "E1001"
RULES_FAILED = "E3500"
INVALID_OUTPUT = "E3501"
EFFECT_FAILED = "E3502"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all namespaces of one server share."""

    server: StrictServer
    clock: Clock
    log: Log
    board: Board
    outbox: Outbox
    verifier: Verifier
    meter: Meter


@dataclass(frozen=True, slots=True)
class Guest:
    """Who has been let in: what the handshake said, and what of it is verified."""

    visit: Visit
    verified: Verified


class ProtocolNamespace:
    """One protocol on one Socket.IO namespace; the handler that the strict server calls."""

    def __init__(self, path: str, journal: Journal, gate: Gate, surroundings: Surroundings) -> None:
        self.path = path
        self.protocol = journal.rules.protocol
        self.gate = gate
        self.sessions = Sessions()
        self._journal = journal
        self._around = surroundings
        self._meter = surroundings.meter.of(self.protocol)
        self._told: Event | None = None  # what was emitted last, and how it went on the wire
        self._frames: Sequence[Frame] = ()
        self._ack_schemas = {op.ack: str(op.ack_schema) for op in self.protocol.operations if op.ack is not None}

    # ---- what the wire brings ----------------------------------------------------------------------------------------

    async def admit(self, visit: Visit) -> Guest | Refusal:
        """Let in whoever brings a valid token, where the protocol wants one, and may come in as far as it knows."""
        try:
            verified = self.gate.verify(self._token(visit))
            reason = self._journal.rules.admits(verified.claims)
        except BadToken as bad:
            reason = str(bad)
        if reason:
            self._around.log.write(Line("warn", reason, NOT_ADMITTED, {"address": visit.address}))
            return Refusal(reason)
        return Guest(visit, verified)

    def _token(self, visit: Visit) -> Json:
        """Return the token that somebody brings: in `auth`, or in the header where the protocol looks there too."""
        handshake = self.protocol.handshake
        token = cast("Json", visit.auth.get("token"))
        if handshake is not None and handshake.header and token in (None, ""):
            return bearer(visit.headers)
        return token

    async def connect(self, sid: str, guest: Guest) -> None:
        """Enter a socket that was admitted."""
        address, verified = guest.visit.address, guest.verified
        self.sessions.add(Session(sid, address))
        self._log("debug", f"connected to {self.path}", sid, {"address": address})
        # The token has done its work: neither rules nor a journal need to keep what opens doors.
        auth = {name: value for name, value in guest.visit.auth.items() if name != "token"}
        self._enter(Connected(sid, auth, verified.claims, verified.expires_in_ms, address))

    async def event(self, sid: str, name: str, args: tuple[object, ...], ack: int | None) -> None:
        """Enter what a socket said.

        A question to the outside is waited for here: later events of this socket queue behind it, nobody else's do.
        """
        if sid not in self.sessions:
            return
        entry = self._read(sid, name, args, ack)
        try:
            question = self._journal.rules.question(entry)
        except Exception as crash:  # noqa: BLE001  # see _enter: the journal does the same for `handle`
            self._crashed(entry, crash)
            return
        if isinstance(entry, Said) and question is not None:
            entry = replace(entry, answer=await self._around.verifier.ask(question))
        self._enter(entry)

    async def disconnect(self, sid: str, reason: str) -> None:
        """Enter that a socket is gone, once."""
        if self.sessions.remove(sid):
            self._log("debug", f"disconnected from {self.path}: {reason}", sid)
            self._enter(Gone(sid, reason))

    def resume(self) -> None:
        """Go on where an earlier process ended: its sockets are gone, and what it had put off is still to come."""
        left = self._journal.resume()
        clock = self._around.clock
        for due_ms, command in left.timers:
            clock.later(max(0, due_ms - clock.now_ms()), partial(self._ring, command))
        for sid in left.sids:
            self._enter(Gone(sid, "the server went down"))

    def close(self) -> None:
        """Let go of the journal; nothing is entered any more."""
        self._journal.close()

    def command(self, command: Command) -> Reply | None:
        """Enter what reached the rules from beside the socket, and return their reply."""
        return self._enter(command)

    def health(self) -> Mapping[str, Json]:
        """Return what `GET /health` is to say of this protocol besides."""
        return self._journal.rules.health()

    def _read(self, sid: str, name: str, args: tuple[object, ...], ack: int | None) -> Said | Garbled:
        try:
            event = self.protocol.parse(Action.RECEIVE, name, args)
        except PayloadError as error:
            self._meter.garbled += 1
            return Garbled(sid, name[:MAX_EVENT_NAME], str(error), ack, self._texts(name, args))
        self._meter.received[name] += 1
        return Said(sid, event, ack=ack)

    def _texts(self, name: str, args: tuple[object, ...]) -> dict[str, str]:
        """Return the short texts in what should have been a payload, of the fields that it may have."""
        operation, payload = self.protocol.inbound.get(name), args[0] if args else None
        if operation is None or operation.schema is None or not isinstance(payload, dict):
            return {}
        known = self.protocol.schemas[operation.schema].get("properties", {})
        found = {key: payload[key] for key in known if isinstance(payload.get(key), str)}
        return {key: text for key, text in found.items() if len(text) <= MAX_TEXT and _is_unicode(text)}

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
            self._crashed(entry, outcome.crash)
        return reply

    def _crashed(self, entry: Entry, crash: Exception) -> None:
        """Report a fault of ours; who said what brought it to light gets the protocol's error and goes on."""
        self._meter.crashed += 1
        sid = "" if isinstance(entry, Command) else entry.sid
        context = {"socketId": sid} if sid else {}
        self._around.log.crash(f"the rules failed at {_describe(entry)}", RULES_FAILED, crash, context)
        if isinstance(entry, Said):
            name, args = entry.event.event_name, tuple(entry.event.to_args())
            self._enter(Garbled(sid, name, "the server failed to handle this", entry.ack, self._texts(name, args)))

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
            case Acknowledge(sid, ack, value):
                self._acknowledge(sid, ack, value)
            case Enter(sid, room):
                server.enter(sid, path, room)
            case Leave(sid, room):
                server.leave(sid, path, room)
            case Drop(sid):
                server.drop(sid, path)  # its departure comes back as `disconnect`
            case Later(after_ms, command):
                self._around.clock.later(after_ms, partial(self._ring, command))
            case Publish(key, value, ttl_s, name):
                self._around.board.publish(key, value, ttl_s, name)
            case Withdraw(key, name):
                self._around.board.withdraw(key, name)
            case Renew(key, ttl_s):
                self._around.board.renew(key, ttl_s)
            case Notify(channel, body, receipt):
                self._around.outbox.put(channel, body, partial(self._receive, receipt) if receipt else None)
            case Note(level, message, code, context):
                self._around.log.write(Line(level, message, code, context))
            case Reply():
                pass  # is the result of the entry, see `_enter`
            case _:
                assert_never(effect)

    def _emit(self, event: Event, room: str, skip: str) -> None:
        # Rules tell the same event to one room after the other: it is checked and encoded for the first of them.
        if event is not self._told:
            self._told, self._frames = event, self._encode(event)
        if self._frames:
            self._meter.emitted[event.event_name] += 1
            self._around.server.tell(self.path, room, self._frames, skip_sid=skip or None)

    def _encode(self, event: Event) -> Sequence[Frame]:
        """Return an event as it goes on the wire; nothing, and a line in the log, for one that must not."""
        operation = self.protocol.operation(event)
        args = event.to_args()
        faults = self.protocol.faults(operation.schema, args[0]) if operation.schema else []
        if faults or operation.action is not Action.SEND:
            reasons = "; ".join(map(str, faults[:3])) or "not the server's to say"
            self._around.log.write(
                Line("error", f"did not emit an invalid {operation.name}: {reasons}", INVALID_OUTPUT)
            )
            return ()
        return self._around.server.encode(self.path, operation.name, *args)

    def _acknowledge(self, sid: str, ack: int, value: Ack) -> None:
        schema = self._ack_schemas[type(value)]
        [argument] = value.to_args()
        if faults := self.protocol.faults(schema, argument):
            reasons = "; ".join(map(str, faults[:3]))
            self._around.log.write(
                Line("error", f"did not send an invalid {type(value).__name__}: {reasons}", INVALID_OUTPUT)
            )
            return
        self._around.server.acknowledge(sid, self.path, ack, argument)

    def _ring(self, command: Command) -> None:
        self._enter(command)

    def _receive(self, receipt: Receipt, delivery: Delivery) -> None:
        """Enter how a delivery went, never within the entry that asked for it."""
        self._around.clock.later(0, partial(self._ring, replace(receipt, delivery=delivery)))

    def _log(self, level: str, message: str, sid: str, more: Mapping[str, Json] | None = None) -> None:
        self._around.log.write(Line(level, message, context={"socketId": sid, **(more or {})}))


def _is_unicode(text: str) -> bool:
    """Whether a text can be written at all: JSON can bring lone surrogates."""
    return text.isascii() or text.encode(errors="replace").decode() == text


def _describe(entry: Entry) -> str:
    """Name an entry without what was said in it, which may be secret."""
    match entry:
        case Said():
            return f"Said {entry.event.event_name}"
        case Garbled():
            return f"Garbled {entry.event_name!r}"
        case _:
            return type(entry).__name__
