"""Deliveries from the people of other workers, where several workers share places: counted, and not timed.

Each worker is told what the people of the others did (`promises.py`), and knows itself who of its own people was there
and what they heard. The clocks of two machines are compared by the quickest message between them, so a moment that is
told seems later than it was by the time which that took: too rough to time deliveries, and far within `_SLACK_NS`.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from loadtests.account import ELSEWHERE
from loadtests.workers.promises import Bulletin, Promise, Sieve
from protocols.contract import Audience
from simulators.delivery import NOBODY
from simulators.membership import Member, Membership
from simulators.tally import Row, Tally

_SLACK_NS: Final = 2_000_000_000
"""How far a moment that is told may be from when it was."""
_SILENT_NS: Final = 30_000_000_000
"""A worker that tells nothing for so long is gone."""
LATEST_NS: Final = _SILENT_NS + 3 * _SLACK_NS
"""So much later than it might, and its grace, something heard is looked at last."""
_MOST_HEARD: Final = 50_000
_MOST_AUTHORS: Final = 50_000
_CLOCK_LOOKS: Final = 64
_FOR_USERS: Final = frozenset({Audience.USER, Audience.USERS})
_FOR_ROOMS: Final = frozenset({Audience.ROOM, Audience.OTHERS})


@dataclass(slots=True)
class _Peer:
    """Another worker."""

    since_ns: int
    """When it was first heard of."""
    told_ns: int = 0
    until_ns: int = 0
    """Everything that its people did before has been told; on our clock."""
    shifts: deque[int] = field(default_factory=lambda: deque(maxlen=_CLOCK_LOOKS))
    """Our clock less its own, and the time under way, of its last bulletins."""
    due: deque[tuple[int, Promise]] = field(default_factory=deque)
    """When it was sent on our clock, and what; in the order of the deeds."""


@dataclass(slots=True)
class _Hearing:
    """Something that one of ours heard, and none of ours caused."""

    member: Member
    digests: list[int]
    """Of what it may be the delivery."""
    heard: str
    author: str
    at_ns: int
    place: int
    """Its place among all that was heard."""
    explained: bool
    """Whether it may have had no cause at all."""
    claimed: bool = False


@dataclass(slots=True)
class _Ears:
    """What one of ours heard of one digest lately."""

    hearings: deque[_Hearing] = field(default_factory=deque)
    row: Row | None = None
    """Where one of them was counted as delivered."""

    def claim(self, since_ns: int) -> _Hearing | None:
        """Take the oldest that nothing explains yet."""
        for hearing in self.hearings:
            if not hearing.claimed and hearing.at_ns >= since_ns:
                hearing.claimed = True
                return hearing
        return None


class Across:
    """The account of one worker's people as far as the others' cause what they hear. Times as in `Ledger`."""

    def __init__(self, members: Membership, tally: Tally, sieve: Sieve) -> None:
        self._members = members
        self._tally = tally
        self._sieve = sieve
        self._peers: dict[str, _Peer] = {}
        self._authors: dict[str, str] = {}  # id -> the worker whose people have it
        self._ears: dict[int, dict[str, _Ears]] = {}  # digest -> name of a member -> what they heard
        self._hearings: deque[_Hearing] = deque()  # all of those, oldest first
        self._promised: dict[int, deque[tuple[int, Promise]]] = {}  # digest -> when it was promised, and what
        self._kept: deque[tuple[int, int]] = deque()  # when each of them was promised, and its digest; oldest first
        self._passed: dict[tuple[str, str], list[tuple[_Hearing, Row]]] = {}
        """Name of a member, and an author -> what may yet turn out to have come too early or too late, least recent
        first; in each, what was done later was heard later."""
        self._places = 0
        self._remembered_ns = 0
        """Since when it is known who has left a room; a worker whose grace is long may speak of what was before."""

    def overheard(
        self, member: Member, digests: list[int], heard: str, author: str, at_ns: int, *, explained: bool
    ) -> None:
        """Keep what one of ours heard until the others have told what they did."""
        passing = [digest for digest in digests if self._sieve.passes(digest)]
        if not self._peers or not passing:
            return
        self._places += 1
        explained = explained or passing != digests  # by one that we are not told of
        hearing = _Hearing(member, passing, heard, author, at_ns, self._places, explained)
        self._hearings.append(hearing)
        for digest in passing:
            self._ears.setdefault(digest, {}).setdefault(member.name, _Ears()).hearings.append(hearing)
        while len(self._hearings) > _MOST_HEARD:
            self._sieve.halve()
            self._drop_what_does_not_pass()

    def told(self, worker: str, bulletin: Bulletin, now_ns: int) -> None:
        """Take in what another worker tells."""
        peer = self._peers.setdefault(worker, _Peer(now_ns))
        peer.shifts.append(now_ns - bulletin.now_ns)
        shift_ns = min(peer.shifts)
        peer.told_ns, peer.until_ns = now_ns, bulletin.until_ns + shift_ns
        if bulletin.one_in > self._sieve.one_in:
            self._sieve.narrow(bulletin.one_in)
            self._drop_what_does_not_pass()
        for promise in bulletin.promises:
            self._authors.pop(promise.author, None)
            self._authors[promise.author] = worker  # the latest last
            peer.due.append((promise.sent_ns + shift_ns, promise))
        while len(self._authors) > _MOST_AUTHORS:  # guests are new each, and a run may be long
            del self._authors[next(iter(self._authors))]

    def settle(self, now_ns: int, grace_ns: int) -> None:
        """Count what has had its time; nothing takes longer than `grace_ns`."""
        self._remembered_ns = now_ns - grace_ns - LATEST_NS
        for worker in [name for name, peer in self._peers.items() if now_ns - peer.told_ns > _SILENT_NS]:
            self._forget(worker)
        for peer in self._peers.values():
            while peer.due and peer.due[0][0] + grace_ns <= now_ns:
                sent_ns, promise = peer.due.popleft()
                if not self._sieve.passes(promise.digest):
                    continue
                # What was heard before may have been thrown away.
                certain = promise._replace(must=promise.must and sent_ns >= peer.since_ns)
                self._promised.setdefault(promise.digest, deque()).append((sent_ns, certain))
                self._kept.append((sent_ns, promise.digest))
                if certain.must:
                    self._demand(certain, sent_ns, grace_ns)
        told_ns = min((peer.until_ns for peer in self._peers.values()), default=now_ns)
        self._expire(min(now_ns - grace_ns - 2 * _SLACK_NS, told_ns - _SLACK_NS), grace_ns)

    def _forget(self, worker: str) -> None:
        del self._peers[worker]
        self._authors = {author: theirs for author, theirs in self._authors.items() if theirs != worker}

    # --- what was promised ---

    def _demand(self, promise: Promise, sent_ns: int, grace_ns: int) -> None:
        """Hold those to a promise who surely are in its audience."""
        row = self._row(promise)
        heard = self._ears.get(promise.digest, {})
        for member in self._candidates(promise):
            if not self._is_there(member, promise, sent_ns, grace_ns):
                continue
            ears = heard.get(member.name)
            hearing = None if ears is None else ears.claim(sent_ns - _SLACK_NS)
            if ears is None or hearing is None:
                row.lost += 1
                self._tally.complain(
                    f"{member.name} never heard {promise.heard} because of another worker's {promise.cause}"
                )
                continue
            ears.row = row
            row.delivered += 1
            self._put_in_order(hearing, promise, sent_ns, row)

    def _row(self, promise: Promise) -> Row:
        return self._tally.row(promise.cause + ELSEWHERE, promise.heard)

    def _candidates(self, promise: Promise) -> Iterable[Member]:
        """Return whoever may be in an audience."""
        to = Audience(promise.to)
        if to in _FOR_ROOMS:
            return self._members.room(promise.rooms[0])
        if to in _FOR_USERS:
            return {member.name: member for user in promise.users for member in self._members.having(user)}.values()
        return self._members

    def _is_there(self, member: Member, promise: Promise, sent_ns: int, grace_ns: int) -> bool | None:
        """Say whether somebody is in an audience; None where nobody can demand that they hear it, nor forbid it."""
        to, before_ns = Audience(promise.to), sent_ns - _SLACK_NS
        if to in _FOR_ROOMS:
            room = promise.rooms[0]
            if _is_surely_in(member, room, before_ns):
                return True
            # Whoever was there at all since then is still there, or has left since then.
            since_ns = sent_ns - grace_ns
            was_there = room in member.rooms or member.left_ns.get(room, -1) >= since_ns
            return None if was_there or since_ns < self._remembered_ns else False
        me, rooms = member.standing.session.get("id"), list(member.rooms)
        if to in _FOR_USERS:
            if me not in promise.users:
                had_it = any(each is member for user in promise.users for each in self._members.having(user))
                return None if had_it else False
            rooms = promise.rooms
        is_met = me != promise.author and any(_is_surely_in(member, room, before_ns) for room in rooms)
        return True if is_met else None

    def _put_in_order(self, hearing: _Hearing, promise: Promise, sent_ns: int, row: Row) -> None:
        """Count what was heard before this and done after it, or the other way round: each delivery at most once."""
        pair = (hearing.member.name, promise.author)
        # All of these were done before. Who was heard before this was done cannot have been overtaken by it.
        earlier = [each for each in self._passed.pop(pair, ()) if each[0].at_ns >= sent_ns - _SLACK_NS]
        while earlier and earlier[-1][0].place > hearing.place:
            overtaken, its_row = earlier.pop()
            its_row.misordered += 1
            self._tally.complain(f"{pair[0]} heard {overtaken.heard} of another worker's people after what followed it")
        self._passed[pair] = [*earlier, (hearing, row)]

    # --- what nobody was sure to hear ---

    def _expire(self, before_ns: int, grace_ns: int) -> None:
        """Wonder about what no demand explains, now that everything that could has been told."""
        while self._hearings and self._hearings[0].at_ns < before_ns:
            hearing = self._hearings.popleft()
            if not hearing.claimed and not hearing.explained:
                self._wonder(hearing, grace_ns)
            for digest in hearing.digests:
                self._unhear(digest, hearing.member.name)
        while self._passed and (oldest := next(iter(self._passed.items())))[1][-1][0].at_ns < before_ns:
            del self._passed[oldest[0]]
        while self._kept and self._kept[0][0] + grace_ns + _SLACK_NS < before_ns:
            _, digest = self._kept.popleft()
            promised = self._promised.get(digest)
            if promised is not None:  # it may no longer pass
                promised.popleft()
                if not promised:
                    del self._promised[digest]

    def _wonder(self, hearing: _Hearing, grace_ns: int) -> None:
        """Find out whether something heard may be right, and else what is wrong with it."""
        name = hearing.member.name
        promises = [
            (promise, self._is_there(hearing.member, promise, sent_ns, grace_ns))
            for digest in hearing.digests
            for sent_ns, promise in self._promised.get(digest, ())
            if sent_ns - _SLACK_NS <= hearing.at_ns <= sent_ns + grace_ns + _SLACK_NS
        ]
        for promise, is_there in promises:
            if is_there is None or (is_there and not promise.must):
                self._row(promise).excluded += 1
                return
        for digest in hearing.digests:
            if (row := self._ears[digest][name].row) is not None:
                row.duplicated += 1
                self._tally.complain(f"{name} heard {hearing.heard} of another worker's people twice")
                return
        peer = self._peers.get(self._authors.get(hearing.author, ""))
        if promises or (peer is not None and peer.since_ns + _SLACK_NS <= hearing.at_ns):
            row = self._row(promises[0][0]) if promises else self._tally.row(NOBODY + ELSEWHERE, hearing.heard)
            row.misheard += 1
            self._tally.complain(f"{name} heard {hearing.heard} of another worker's people, which was not for them")

    def _unhear(self, digest: int, name: str) -> None:
        """Forget the oldest thing that somebody heard of a digest."""
        ears = self._ears[digest][name]
        ears.hearings.popleft()
        if not ears.hearings:
            del self._ears[digest][name]
            if not self._ears[digest]:
                del self._ears[digest]

    def _drop_what_does_not_pass(self) -> None:
        self._ears = {digest: ears for digest, ears in self._ears.items() if self._sieve.passes(digest)}
        self._promised = {digest: each for digest, each in self._promised.items() if self._sieve.passes(digest)}
        for hearing in self._hearings:
            passing = [digest for digest in hearing.digests if self._sieve.passes(digest)]
            hearing.explained = hearing.explained or passing != hearing.digests
            hearing.digests = passing
        self._hearings = deque(hearing for hearing in self._hearings if hearing.digests)


def _is_surely_in(member: Member, room: str, since_ns: int) -> bool:
    return member.rooms.get(room, False) and member.sure_ns[room] <= since_ns
