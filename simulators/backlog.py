"""What people say and hear, kept until it is accounted for: many at a time, since in a row each costs a fraction.

Between two messages stand system calls, which drive out of the caches much of what an account needs. Times are those of
the moments themselves.
"""

from typing import Final, TypeAlias

from protocols.contract import Event
from simulators.delivery import Ledger
from simulators.expectation import Waiting
from simulators.hearing import Heard
from simulators.tally import Tally

_MOST: Final = 256
"""So many are kept before they are accounted for: a long row costs less, and what comes meanwhile waits for its end."""


_Entry: TypeAlias = tuple[str, Event | Heard, int, int]
"""A name, what they said or heard, when it was due, and when it was sent or came."""


class Backlog:
    """What has yet to be accounted for, in its order; nothing in it may change anybody's place."""

    def __init__(self, ledger: Ledger, tally: Tally) -> None:
        self._ledger = ledger
        self._tally = tally
        self._kept: list[_Entry] = []

    @property
    def ledger(self) -> Ledger:
        """The account, with all in it that has happened so far."""
        if self._kept:
            self.catch_up()
        return self._ledger

    def said(self, name: str, event: Event, due_ns: int, sent_ns: int) -> None:
        """Note that somebody said something which changes nothing for them."""
        self._keep((name, event, due_ns, sent_ns))

    def heard(self, name: str, heard: Heard, at_ns: int) -> None:
        """Note that somebody heard something which changes nothing for them."""
        self._keep((name, heard, at_ns, at_ns))

    def _keep(self, entry: _Entry) -> None:
        self._kept.append(entry)
        if len(self._kept) >= _MOST:
            self.catch_up()

    def catch_up(self) -> None:
        """Account for all that was kept."""
        kept, self._kept = self._kept, []
        latest: Heard | None = None
        waiting: Waiting | None = None
        for name, what, due_ns, at_ns in kept:
            if not isinstance(what, Heard):
                self._ledger.said(name, what, due_ns, at_ns)
                latest = None
                continue
            notice = what.notice
            if what is not latest:
                latest, waiting = what, None if notice is None else Waiting(notice.keys)
            if notice is None or not self._ledger.noticed(name, notice, at_ns, waiting):
                self._tally.violated(f"{name} heard {what.received}")
