"""Who should hear what, and who did: the contract's triggers, applied to what simulated people know of their places.

When somebody says something, everybody who is surely in its audience is expected to hear it, with the fields that the
trigger's `where` names. Who is only perhaps there (on the way in or out) may hear it, and nobody counts on it. What is
heard is matched by those fields; what matches nothing is a duplicate, or was heard by somebody who should not have.

Under load there are twenty deliveries to everything said, and each costs a look-up or two: what is expected stands once
in the place where it is heard, and who has heard it is marked there.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from protocols.contract import Ack, Condition, Event, Json, Level, Operation, Protocol, Refusal, Trigger
from simulators.acks import fixed, tells_refusal
from simulators.actor import Standing
from simulators.cue import Cue, Facts
from simulators.expectation import (
    EVERYWHERE,
    HEARD,
    IN_PERSON,
    IN_ROOMS,
    MAY,
    MUST,
    Deed,
    Expectation,
    Key,
    Notice,
    Pattern,
    Patterns,
    Waiting,
    find,
)
from simulators.membership import Hearers, Member, Membership
from simulators.tally import Row, Tally

CONNECT: Final = "(connect)"
DISCONNECT: Final = "(disconnect)"
UNKNOWN_EVENT: Final = "(unknown event)"
NOBODY: Final = "(nobody)"
"""The cause of what no deed explains."""
_NO_EVENT: Final = Event()
"""What is said by coming or going."""
_AFTERWARDS_NS: Final = 5_000_000_000
_REFUSAL_MS: Final = 1000
_ALL_PLACES: Final = IN_PERSON | IN_ROOMS | EVERYWHERE
_MOST_MISSED: Final = 100
"""What may still come to one receiver who missed it, the latest; a target that owes more is beyond that."""
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
        self._by_name = self._members.by_name
        self._patterns = Patterns(protocol)
        self._cues = {operation.id: self._ready(operation.triggers) for operation in protocol.operations}
        self._connect_cues = self._ready(protocol.connect)
        self._disconnect_cues = self._ready(protocol.disconnected)
        self._waiting: dict[int, deque[Expectation]] = {}  # how long it may take -> oldest first
        self._deeds = 0
        self.pending = 0
        """Deliveries that must come and have not."""
        self.grace_ns = _AFTERWARDS_NS
        """How long something said may be under way: 5 s, and twice the longest time that was seen.

        So long it is waited for; so long who has left a room may hear of it; so far back may a cut swallow it.
        """

    def _ready(self, triggers: Iterable[Trigger]) -> tuple[Cue, ...]:
        return tuple(Cue(trigger, self._protocol, self._patterns) for trigger in triggers)

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
        if self._connect_cues:
            self._expect_cues(self._deed(member, CONNECT, now_ns, now_ns), self._connect_cues, _NO_EVENT)

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
        # Nothing of this connection reaches a later one.
        for place in self._members.reached(member, _ALL_PLACES):
            for expectation in (each for same in place.expected.values() for each in same):
                if state := expectation.hearers.pop(member, HEARD):
                    expectation.row.excluded += not expectation.is_refusal
                    self.pending -= state == MUST
        member.inbox = type(member.inbox)()
        self._members.disconnect(member, now_ns)

    @property
    def lost_after_ns(self) -> int:
        """How long after it was sent something is waited for at least, before it is called lost."""
        return self.grace_ns

    @property
    def memory_ns(self) -> int:
        """How long it is known who has left a room: while something may be under way to them that was said before."""
        return max(self.lost_after_ns, *self._waiting, 0)

    # --- for who measures more ---

    def came_late(self, row: Row) -> None:
        """Take in that a delivery which was demanded came after its deadline."""

    def came_back(self, deed: Deed, pattern: Pattern, at_ns: int) -> None:
        """Take in that somebody heard what came of their own deed, as was demanded."""

    # --- for who keeps an account with others ---

    def promised(self, deed: Deed, cue: Cue, room: str, key: Key, facts: Facts, *, sure: bool, refusable: bool) -> None:
        """Take in what somebody's deed promises to a room, also to those there who are not ours."""

    def overheard(self, member: Member, notice: Notice, at_ns: int, *, explained: bool) -> None:
        """Take in what somebody heard that nobody of ours caused; `explained` where it need have no cause."""

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
        self._expect_cues(
            deed,
            self._cues[operation.id],
            event,
            certain=not self._is_surplus(deed, operation),
            refusable=allowed is None or refused is None,
        )

    def _expect_cues(
        self, deed: Deed, cues: Iterable[Cue], event: Event, *, certain: bool = True, refusable: bool = False
    ) -> None:
        """Expect what these triggers say; if the deed is not certain to arrive, demand nothing."""
        standing = deed.sender.standing
        facts: Facts = {"payload": event.to_json(), "sender": standing.facts, "session": standing.session}
        since_ns = deed.sent_ns - self.grace_ns
        for cue in cues:
            trigger = cue.trigger
            holds = _all(standing, trigger.when, event)
            if holds is False:
                continue
            sure = holds is True and certain and trigger.level is Level.MUST
            key = cue.key(facts)
            for room in cue.rooms(facts):
                self.promised(deed, cue, room, key, facts, sure=sure, refusable=refusable)
                for place, members in self._members.audience(deed.sender, trigger, room, facts, since_ns):
                    self._await(
                        deed,
                        Hearers(place, members if sure else dict.fromkeys(members, MAY)),
                        cue.heard,
                        key,
                        within_ms=trigger.within_ms,
                        room=place.name or (room if cue.is_by_room else ""),
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
            where = fixed(refusal)
            self._await(
                deed,
                Hearers(deed.sender.place, {deed.sender: MUST if must else MAY}),
                self._protocol.by_id[refusal.operation].name,
                self._patterns.shape(refusal.operation, where).key(where),
                within_ms=_REFUSAL_MS,
                is_refusal=True,
            )

    def _expect_disconnect(self, member: Member, due_ns: int, sent_ns: int, *, certain: bool = True) -> None:
        deed = self._deed(member, DISCONNECT, due_ns, sent_ns)
        self._expect_cues(deed, self._disconnect_cues, _NO_EVENT, certain=certain)

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
        hearers: Hearers,
        heard: str,
        key: Key,
        *,
        within_ms: int,
        room: str = "",
        refusable: bool = False,
        is_refusal: bool = False,
    ) -> None:
        """Expect one delivery for each hearer, of those who MUST a certain one."""
        row = self._tally.row(deed.cause, heard)
        allowed_ns = int(self._deadline_s(within_ms) * 1e9)
        place, members = hearers
        expectation = Expectation(
            place, deed, row, key, deed.sent_ns + allowed_ns, members, room, refusable, is_refusal
        )
        place.put(expectation)  # also where nobody is: newcomers may hear it, when the target reads their join first
        queue = self._waiting.get(allowed_ns)
        if queue is None:
            queue = self._waiting[allowed_ns] = deque()
        queue.append(expectation)
        self.pending += list(members.values()).count(MUST)

    def answered(self, name: str, event: Event, ack: Ack, at_ns: int) -> None:
        """Note how something that somebody said was acknowledged."""
        member = self._members[name]
        if tells_refusal(ack, self._protocol.operation(event)):
            member.refused_ns = at_ns
        member.standing.answered(event, ack)
        self._members.follow(member, at_ns)

    # --- what is heard ---

    def notice(self, operation: Operation, payload: Mapping[str, Json], read: Callable[[], Event | None]) -> Notice:
        """Return what has to be known of something that was heard, for all who hear the same.

        `payload` is as it came; `read` returns the typed event, or None where it breaks its schema.
        """
        return Notice(self._patterns[operation.id], payload, read)

    def heard(self, name: str, event: Event, payload: Mapping[str, Json], at_ns: int) -> None:
        """Note that somebody heard something that keeps to its schema; `payload` is the same as it came."""
        self.noticed(name, self.notice(self._protocol.operation(event), payload, lambda: event), at_ns)

    def noticed(self, name: str, notice: Notice, at_ns: int, waiting: Waiting | None = None) -> bool:
        """Note that somebody heard something; return False, having noted nothing, if it turns out to be invalid.

        `waiting` may be handed in again for those who hear the same next, while nothing else is noted in between.
        """
        member, pattern = self._by_name[name], notice.pattern
        standing = member.standing
        notes = standing.notes
        matters = notes is None or pattern.event in notes
        if matters and notice.event is None:
            return False
        if pattern.is_refusal:
            member.refused_ns = at_ns
        places = member.reach.get(pattern.reach)
        if places is None:
            places = self._members.reached(member, pattern.reach)
        expectation = find(places, Waiting(notice.keys) if waiting is None else waiting, member)
        if expectation is not None:
            self._deliver(expectation, member, pattern, at_ns)
        elif (event := notice.event) is None:
            return False
        else:
            explained = standing.may_hear(event)
            self.overheard(member, notice, at_ns, explained=explained)
            if not explained:
                self._wonder(member, event, notice)
        if matters and (event := notice.event) is not None:
            standing.heard(event)
            self._members.follow(member, at_ns)
        return True

    def _deliver(self, expectation: Expectation, hearer: Member, pattern: Pattern, at_ns: int) -> None:
        row, deed, hearers = expectation.row, expectation.deed, expectation.hearers
        state = hearers[hearer]
        hearers[hearer] = HEARD
        row.delivered += 1
        if state != MUST:
            return  # it may be the answer to something other than what it was matched with
        self.pending -= 1
        if (twice_ns := 2 * (at_ns - deed.sent_ns)) > self.grace_ns:
            self.grace_ns = twice_ns
        if at_ns > expectation.deadline_ns:
            row.late += 1
            self.came_late(row)
        if hearer is deed.sender:
            self.came_back(deed, pattern, at_ns)
        row.times.add(deed.due_ns, at_ns)
        # Where a message does not tell its author, as with the space's own words, its order says nothing.
        if not pattern.authors:
            return
        sequences, sender = hearer.inbox.sequences, deed.sender.name
        if deed.sequence < sequences.get(sender, 0):
            row.misordered += 1
            self._complain(expectation, hearer, f"heard {row.heard}, after what followed it,")
        else:
            sequences[sender] = deed.sequence

    def _wonder(self, member: Member, event: Event, notice: Notice) -> None:
        """Find out what is wrong with something heard that nobody waited for."""
        pattern, payload = notice.pattern, notice.payload
        is_ours = self._members.is_ours(pattern.author(payload))
        for key in notice.keys:
            for place, since_ns in self._members.entered(member):
                if any(each.deed.sent_ns <= since_ns for each in place.expected.get(key, ())):
                    return  # said before they came in, and handled by the target after it
            places = self._members.reached(member, _ALL_PLACES)
            came = (
                each for place in places for each in place.expected.get(key, ()) if each.hearers.get(member) == HEARD
            )
            if (before := max(came, key=lambda each: each.deed.sequence, default=None)) is not None:
                # Others in a room may have said the same, where what is heard does not tell whose doing it was.
                if is_ours or not self._outsiders or (not before.room and before.deed.sender is member):
                    before.row.duplicated += 1
                    self._complain(before, member, f"heard {pattern.operation.name} twice")
                return
            if (missed := member.inbox.missed.pop(key, None)) is not None:
                row, was_due = missed
                row.late += was_due
                return
        if is_ours or not self._outsiders or member.standing.must_not_hear(event):
            name = pattern.operation.name
            self._tally.row(NOBODY, name).misheard += 1
            self._tally.complain(f"{member.name} heard {name} {dict(payload)}, which was not for them")

    # --- what did not come ---

    def settle(self, now_ns: int) -> None:
        """Count as lost what has not come in time, unless who should hear it left meanwhile."""
        for wait_ns, queue in self._waiting.items():
            while queue and queue[0].deed.sent_ns + max(wait_ns, self.lost_after_ns) <= now_ns:
                self._settle(queue.popleft())
        self._members.forget(now_ns - self.memory_ns)

    def finish(self) -> None:
        """Settle everything, since nothing more will come."""
        for queue in self._waiting.values():
            while queue:
                self._settle(queue.popleft())

    def _settle(self, expectation: Expectation) -> None:
        row, place = expectation.row, expectation.place
        place.remove(expectation)
        self._members.leave_alone(place)
        for hearer, state in expectation.hearers.items():
            if not state:
                continue
            missed = hearer.inbox.missed
            missed[expectation.key] = row, state == MUST
            if len(missed) > _MOST_MISSED:
                del missed[next(iter(missed))]
            self.pending -= state == MUST
            if state != MUST or self._is_excused(expectation, hearer):
                row.excluded += not expectation.is_refusal
            else:
                row.lost += 1
                self._complain(expectation, hearer, f"never heard {row.heard}")

    def _is_excused(self, expectation: Expectation, hearer: Member) -> bool:
        """Say whether something happened since, because of which nobody can demand this delivery."""
        deed = expectation.deed
        sender, sent_ns = deed.sender, deed.sent_ns
        if expectation.room:
            moved = expectation.is_left_behind(hearer)
        else:
            moved = hearer is not sender and hearer.moved_ns >= sent_ns
        refused = expectation.is_doubtful
        # A cut may swallow what was said before it, but goes itself not unnoticed.
        swallowed = deed.cause != DISCONNECT and 0 <= sender.cut_ns - sent_ns <= self.grace_ns
        return moved or refused or swallowed

    def _complain(self, expectation: Expectation, hearer: Member, what: str) -> None:
        deed = expectation.deed
        self._tally.complain(f"{hearer.name} {what} because of {deed.sender.name}'s {deed.cause}")


def _all(standing: Standing, conditions: Iterable[Condition], event: Event) -> bool | None:
    """Say whether all conditions hold; None where that depends on what only others know."""
    known = True
    for condition in conditions:
        truth = standing.holds(condition, event)
        if truth is False:
            return False
        known = known and truth is not None
    return True if known else None


def _is_for_invalid(refusal: Refusal) -> bool:
    return [str(condition) for condition in refusal.when] == ["invalid"]
