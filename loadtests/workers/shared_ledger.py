"""The account of one worker's people in places where those of other workers are too."""

from collections.abc import Callable

from loadtests.account import TimedLedger, TimedTally
from loadtests.samples import Samples
from loadtests.workers.across import LATEST_NS, Across
from loadtests.workers.promises import Bulletin, Promises, Sieve, digest_of, texts
from protocols.contract import Audience, Protocol
from simulators.actor import expand
from simulators.cue import Cue, Facts
from simulators.expectation import Deed, Key, Notice
from simulators.membership import Member


class SharedLedger(TimedLedger):
    """Accounts for what the people of other workers cause, too, where what is heard says whose doing it was."""

    def __init__(
        self,
        protocol: Protocol,
        tally: TimedTally,
        samples: Samples,
        *,
        deadline_s: Callable[[float], float],
        time_scale: float,
    ) -> None:
        """Begin an account; the arguments are those of `Ledger`, and there are outsiders."""
        super().__init__(protocol, tally, samples, deadline_s=deadline_s, time_scale=time_scale, outsiders=True)
        sieve = Sieve()
        self._promises = Promises(sieve)
        self._across = Across(self._members, tally, sieve)
        self._latest: Notice | None = None  # of what was heard, with who caused it and what may have been promised
        self._author = ""
        self._digests: list[int] = []

    def tell(self, now_ns: int) -> Bulletin:
        """Return what the other workers are to know, since the last time."""
        return self._promises.tell(now_ns, self.grace_ns)

    def told(self, worker: str, bulletin: Bulletin, now_ns: int) -> None:
        """Take in what another worker tells."""
        self._across.told(worker, bulletin, now_ns)

    def settle(self, now_ns: int) -> None:
        """Settle what is due, of our own people and of others."""
        super().settle(now_ns)
        self._across.settle(now_ns, self.grace_ns)

    @property
    def memory_ns(self) -> int:
        """Who has left a room is known for as long as others may yet tell what was said there before."""
        return super().memory_ns + self.grace_ns + LATEST_NS

    def promised(self, deed: Deed, cue: Cue, room: str, key: Key, facts: Facts, *, sure: bool, refusable: bool) -> None:
        """Note what the people of other workers are to hear, if they can tell that it was ours who caused it."""
        trigger = cue.trigger
        if trigger.to is Audience.SENDER or not self._patterns[trigger.operation].always_names_author:
            return
        users = texts(expand(trigger.user, facts)) if trigger.user else []
        self._promises.add(deed, cue.heard, digest_of(key), trigger.to, room, users, must=sure, refusable=refusable)

    def overheard(self, member: Member, notice: Notice, at_ns: int, *, explained: bool) -> None:
        """Keep what somebody heard of a person who is not ours."""
        super().overheard(member, notice, at_ns, explained=explained)
        if notice is not self._latest:  # what twenty hear is one and the same
            pattern = notice.pattern
            author = pattern.author(notice.payload)
            is_theirs = pattern.always_names_author and not self._members.is_ours(author)
            self._latest, self._author = notice, str(author)
            self._digests = [digest_of(key) for key in notice.keys] if is_theirs else []
        if self._digests:
            name = notice.pattern.operation.name
            self._across.overheard(member, self._digests, name, self._author, at_ns, explained=explained)
