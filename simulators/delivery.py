"""Who should hear what, and who did: the contract's triggers, applied to what simulated people know of their places.

When somebody says something, everybody who is surely in its audience is expected to hear it, with the fields that the
trigger's `where` names. Who is only perhaps there (on the way in or out) may hear it, and nobody counts on it. What is
heard is matched by those fields; what matches nothing is a duplicate, or was heard by somebody who should not have.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from protocols.contract import Ack, Audience, Condition, Event, Json, Level, Operation, Protocol, Refusal, Trigger
from simulators.acks import fixed, tells_refusal
from simulators.actor import Standing, expand
from simulators.expectation import Deed, Expectation, Key, Lately, Shapes, key_of
from simulators.membership import Member, Membership
from simulators.tally import Tally

CONNECT: Final = "(connect)"
DISCONNECT: Final = "(disconnect)"
UNKNOWN_EVENT: Final = "(unknown event)"
NOBODY: Final = "(nobody)"
"""The cause of what no deed explains."""
_EVERYWHERE: Final = "(everywhere)"
"""Stands for a room in what everybody may hear who is connected; a room of the contract has another name."""
_PLACES: Final = {Audience.PEERS: _EVERYWHERE, Audience.NAMESPACE: _EVERYWHERE}
_NO_EVENT: Final = Event()
"""What is said by coming or going."""
_AFTERWARDS_NS: Final = 5_000_000_000
_REFUSAL_MS: Final = 1000
_RATE_MARGIN: Final = 0.8
"""The part of a rate limit that surely passes, the network's own bunching considered."""


class Ledger:
    """The account of one run. Times are nanoseconds of one clock, and never go back."""

    def __init__(
        self,
        protocol: Protocol,
        tally: Tally,
        *,
        deadline_s: Callable[[float], float],
        time_scale: float = 1.0,
        outsiders: bool = False,
    ) -> None:
        """Begin an account.

        `deadline_s` turns a promise in milliseconds into the time that is given for it. With `outsiders`, others
        than those added here may be in the rooms, so what nobody caused is nobody's fault.
        """
        self._protocol = protocol
        self._tally = tally
        self._deadline_s = deadline_s
        self._rate_scale = time_scale * _RATE_MARGIN
        self._outsiders = outsiders
        self._members = Membership()
        self._shapes = Shapes(protocol)
        refusals = (refusal for operation in protocol.operations for refusal in operation.refusals)
        self._refusals = {refusal.operation for refusal in refusals if not refusal.by_ack}
        self._waiting: dict[int, deque[Expectation]] = {}  # how long it may take -> oldest first
        self._lately = Lately()
        self._deeds = 0
        self.pending = 0
        """Deliveries that must come and have not."""
        self.grace_ns = _AFTERWARDS_NS
        """How long something said may be under way: 5 s, and twice the longest time that was seen.

        So long it is waited for; so long who has left a room may hear of it; so far back may a cut swallow it.
        """

    # --- who is there ---

    def add(self, name: str, standing: Standing) -> None:
        """Take somebody into the account."""
        self._members.add(name, standing)

    def connected(self, name: str, now_ns: int) -> None:
        """Note that somebody's standing has begun anew, on a connection that is being made.

        What the contract says of connecting is expected from now on, since others may hear of it before the one does
        who connects. `lost` takes it back where nothing comes of it.
        """
        member = self._members[name]
        self._members.connect(member, now_ns)
        if self._protocol.connect:
            self._expect_triggers(self._deed(member, CONNECT, now_ns, now_ns), self._protocol.connect, _NO_EVENT)

    def hung_up(self, name: str, due_ns: int, now_ns: int, *, politely: bool) -> None:
        """Note that somebody ended their connection, and expect of it what the contract says of disconnecting."""
        member = self._members[name]
        # Before a join is confirmed, a cut may swallow it, and then there is nothing to hear of.
        self._expect_disconnect(member, due_ns, now_ns, certain=politely or all(member.rooms.values()))
        self._disconnect(member, now_ns, politely=politely)

    def lost(self, name: str, now_ns: int) -> None:
        """Note that the target, or the way to it, ended somebody's connection; nothing is expected of that."""
        self._disconnect(self._members[name], now_ns, politely=False)

    def _disconnect(self, member: Member, now_ns: int, *, politely: bool) -> None:
        if not politely:
            member.cut_ns = now_ns
        self._members.disconnect(member, now_ns)
        for queue in member.inbox.pending.values():
            for expectation in queue:
                expectation.is_settled = True
                expectation.row.excluded += not expectation.is_refusal
                self.pending -= expectation.must
        member.inbox = type(member.inbox)()  # nothing of this reaches a later connection

    # --- what is said ---

    def said(self, name: str, event: Event, due_ns: int, sent_ns: int) -> None:
        """Note that somebody said something, and expect what the contract says of it."""
        member = self._members[name]
        operation = self._protocol.operation(event)
        self._expect(self._deed(member, operation.name, due_ns, sent_ns), operation, event)
        member.standing.said(event)
        self._members.follow(member, sent_ns)

    def said_wrong(self, name: str, event_name: str, due_ns: int, sent_ns: int) -> None:
        """Note that somebody broke the contract, and expect that they alone hear of it."""
        member = self._members[name]
        operation = self._protocol.inbound.get(event_name)
        deed = self._deed(member, UNKNOWN_EVENT if operation is None else operation.name, due_ns, sent_ns)
        # An unknown name is treated as an invalid payload is, of whatever event.
        operations = self._protocol.inbound.values() if operation is None else [operation]
        refusals = (refusal for candidate in operations for refusal in candidate.refusals)
        if (refusal := next(filter(_is_for_invalid, refusals), None)) is not None:
            self._expect_answer(deed, refusal, must=True)

    def _deed(self, sender: Member, cause: str, due_ns: int, sent_ns: int) -> Deed:
        self._tally.say(cause)
        self._deeds += 1
        return Deed(sender, cause, self._deeds, due_ns, sent_ns)

    def _expect(self, deed: Deed, operation: Operation, event: Event) -> None:
        """Expect what an event triggers, or that it is refused."""
        standing = deed.sender.standing
        allowed = _all(standing, operation.requires, event)
        refused = self._expect_refusal(deed, operation, event)
        if allowed is False or refused:
            return
        self._expect_triggers(
            deed,
            operation.triggers,
            event,
            certain=not self._is_surplus(deed, operation),
            refusable=allowed is None or refused is None,
        )

    def _expect_triggers(
        self,
        deed: Deed,
        triggers: Iterable[Trigger],
        event: Event,
        *,
        certain: bool = True,
        refusable: bool = False,
    ) -> None:
        """Expect what these triggers say; if the deed is not certain to arrive, demand nothing."""
        standing = deed.sender.standing
        facts = {"payload": event.to_json(), "sender": standing.facts, "session": standing.session}
        for trigger in triggers:
            holds = _all(standing, trigger.when, event)
            if holds is False:
                continue
            sure = holds is True and certain and trigger.level is Level.MUST
            where = {name: expand(template, facts) for name, template in trigger.where.items()}
            rooms = expand(trigger.room, facts)
            for room in map(str, rooms if isinstance(rooms, list) else [rooms]):
                self._await(
                    deed,
                    (
                        (receiver, sure and present)
                        for receiver, present in self._members.audience(
                            deed.sender, trigger, room, facts, deed.sent_ns - self.grace_ns
                        )
                    ),
                    trigger.operation,
                    where,
                    within_ms=trigger.within_ms,
                    room=room if trigger.to in {Audience.ROOM, Audience.OTHERS} else _PLACES.get(trigger.to, ""),
                    refusable=refusable,
                )

    def _expect_refusal(self, deed: Deed, operation: Operation, event: Event) -> bool | None:
        """Expect the first refusal whose conditions hold; say whether one does, None where only others know."""
        certain: bool | None = False
        for refusal in operation.refusals:
            holds = _all(deed.sender.standing, refusal.when, event)
            if holds is False:
                continue
            self._expect_answer(deed, refusal, must=holds is True)
            if holds:
                if refusal.disconnects:
                    self._expect_disconnect(deed.sender, deed.due_ns, deed.sent_ns)
                return True
            certain = None
        return certain

    def _expect_answer(self, deed: Deed, refusal: Refusal, *, must: bool) -> None:
        """Expect that a sender hears of a refusal, unless its ack says so: whoever asked for that looks after it."""
        if not refusal.by_ack:
            self._await(deed, [(deed.sender, must)], refusal.operation, fixed(refusal), within_ms=_REFUSAL_MS)

    def _expect_disconnect(self, member: Member, due_ns: int, sent_ns: int, *, certain: bool = True) -> None:
        deed = self._deed(member, DISCONNECT, due_ns, sent_ns)
        self._expect_triggers(deed, self._protocol.disconnected, _NO_EVENT, certain=certain)

    def _is_surplus(self, deed: Deed, operation: Operation) -> bool:
        """Say whether a sender is so quick that the target may drop what they say."""
        if not operation.rate_per_second:
            return False
        recent = deed.sender.recent.setdefault(operation.id, deque())
        while recent and deed.sent_ns - recent[0] >= 1_000_000_000:
            recent.popleft()
        recent.append(deed.sent_ns)
        return len(recent) > operation.rate_per_second * self._rate_scale

    def _await(
        self,
        deed: Deed,
        receivers: Iterable[tuple[Member, bool]],
        operation: str,
        where: Mapping[str, Json],
        *,
        within_ms: int,
        room: str = "",
        refusable: bool = False,
    ) -> None:
        """Expect one delivery for each receiver, where it says so a certain one."""
        row = self._tally.row(deed.cause, self._protocol.by_id[operation].name)
        key = key_of(operation, tuple(sorted(where)), where)
        allowed_ns = int(self._deadline_s(within_ms) * 1e9)
        queue = self._waiting.setdefault(allowed_ns, deque())
        is_refusal = operation in self._refusals
        if room:
            self._lately.note(room, key, deed.sent_ns)
        for receiver, must in receivers:
            expectation = Expectation(
                receiver, deed, row, key, deed.sent_ns + allowed_ns, must, room, refusable, is_refusal
            )
            receiver.inbox.put(expectation)
            queue.append(expectation)
            self.pending += must

    def answered(self, name: str, event: Event, ack: Ack, at_ns: int) -> None:
        """Note how something that somebody said was acknowledged."""
        member = self._members[name]
        if tells_refusal(ack, self._protocol.operation(event)):
            member.refused_ns = at_ns
        member.standing.answered(event, ack)
        self._members.follow(member, at_ns)

    # --- what is heard ---

    def heard(self, name: str, event: Event, payload: Mapping[str, Json], at_ns: int) -> None:
        """Note that somebody heard something that keeps to its schema; `payload` is the same as it came."""
        member = self._members[name]
        operation = self._protocol.operation(event)
        keys = self._shapes.keys(operation.id, payload)
        if operation.id in self._refusals:
            member.refused_ns = at_ns
        expectation = member.inbox.take(keys)
        if expectation is not None:
            self._deliver(expectation, at_ns)
        elif not member.standing.may_hear(event):
            self._wonder(member, event, payload, keys)
        member.standing.heard(event)
        self._members.follow(member, at_ns)

    def _deliver(self, expectation: Expectation, at_ns: int) -> None:
        row, deed, inbox = expectation.row, expectation.deed, expectation.receiver.inbox
        expectation.is_settled = True
        inbox.delivered[expectation.key] = expectation
        row.expected += 1
        row.delivered += 1
        if not expectation.must:
            return  # it may be the answer to something other than what it was matched with
        self.pending -= 1
        self.grace_ns = max(self.grace_ns, 2 * (at_ns - deed.sent_ns))
        row.late += at_ns > expectation.deadline_ns
        row.times.add(deed.due_ns, at_ns)
        self._tally.latest_us.append((at_ns - deed.due_ns) // 1000)
        # Where a message does not tell its author, as with the space's own words, its order says nothing.
        if not self._shapes.names_author(expectation.key[0]):
            return
        if deed.sequence < inbox.sequences.get(deed.sender.name, 0):
            row.misordered += 1
            self._complain(expectation, f"heard {row.heard}, after what followed it,")
        else:
            inbox.sequences[deed.sender.name] = deed.sequence

    def _wonder(self, member: Member, event: Event, payload: Mapping[str, Json], keys: list[Key]) -> None:
        """Find out what is wrong with something heard that nobody waited for."""
        operation, inbox = self._protocol.operation(event), member.inbox
        entered = [(_EVERYWHERE, member.connected_ns), *((room, member.entered_ns[room]) for room in member.rooms)]
        for key in keys:
            if any(self._lately.has(room, key, since_ns) for room, since_ns in entered):
                return  # said before they came in, and handled by the target after it
            if (before := inbox.delivered.get(key)) is not None:
                before.row.duplicated += 1
                self._complain(before, f"heard {operation.name} twice")
                return
            if (missed := inbox.missed.pop(key, None)) is not None:
                missed.row.late += missed.must
                return
        is_ours = self._members.is_ours(self._shapes.author(operation.id, payload))
        if is_ours or not self._outsiders or member.standing.must_not_hear(event):
            self._tally.row(NOBODY, operation.name).misheard += 1
            self._tally.complain(f"{member.name} heard {operation.name} {dict(payload)}, which was not for them")

    # --- what did not come ---

    def settle(self, now_ns: int) -> None:
        """Count as lost what has not come in time, unless who should hear it left meanwhile."""
        for wait_ns, queue in self._waiting.items():
            while queue and queue[0].deed.sent_ns + max(wait_ns, self.grace_ns) <= now_ns:
                self._settle(queue.popleft())
        self._lately.forget(now_ns - self.grace_ns)

    def finish(self) -> None:
        """Settle everything, since nothing more will come."""
        for queue in self._waiting.values():
            while queue:
                self._settle(queue.popleft())

    def _settle(self, expectation: Expectation) -> None:
        row, inbox = expectation.row, expectation.receiver.inbox
        if expectation.is_settled:
            inbox.forget_delivery(expectation)
            return
        inbox.remove(expectation)
        inbox.missed[expectation.key] = expectation
        self.pending -= expectation.must
        if not expectation.must or self._is_excused(expectation):
            row.excluded += not expectation.is_refusal
            return
        row.expected += 1
        row.lost += 1
        self._complain(expectation, f"never heard {row.heard}")

    def _is_excused(self, expectation: Expectation) -> bool:
        """Say whether something happened since, because of which nobody can demand this delivery."""
        receiver, deed = expectation.receiver, expectation.deed
        sender, sent_ns = deed.sender, deed.sent_ns
        if expectation.room:
            moved = receiver.left_ns.get(expectation.room, -1) >= sent_ns
        else:
            moved = receiver is not sender and receiver.moved_ns >= sent_ns
        refused = expectation.is_doubtful
        # A cut may swallow what was said before it, but goes itself not unnoticed.
        swallowed = deed.cause != DISCONNECT and 0 <= sender.cut_ns - sent_ns <= self.grace_ns
        return moved or refused or swallowed

    def _complain(self, expectation: Expectation, what: str) -> None:
        deed = expectation.deed
        self._tally.complain(f"{expectation.receiver.name} {what} because of {deed.sender.name}'s {deed.cause}")


def _all(standing: Standing, conditions: Iterable[Condition], event: Event) -> bool | None:
    """Say whether all conditions hold; None where that depends on what only others know."""
    truths = [standing.holds(condition, event) for condition in conditions]
    return False if False in truths else None if None in truths else True


def _is_for_invalid(refusal: Refusal) -> bool:
    return [str(condition) for condition in refusal.when] == ["invalid"]
