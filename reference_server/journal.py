"""Orders what happens to one protocol's rules, and stamps it.

Rule 1: an entry is stamped, handled and its effects are listed in one call, with nothing awaited between.
Rule 2: the entries and their stamps are all that the rules' state depends on. So whoever reads the same journal holds
the same state, be it a test, a replay, or another instance.
"""

import contextlib
import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from reference_server.clock import Clock
from reference_server.effects import (
    Command,
    Connected,
    Delivery,
    Effect,
    Entry,
    Gone,
    Later,
    Notify,
    Receipt,
    Rules,
    Stamp,
)
from reference_server.journal_file import JournalFile

ENTROPY_BYTES = 32
DRAWN_AT_ONCE = 128

Entropy = Callable[[], bytes]
"""Gives each entry random bytes of its own."""


def system_entropy() -> Entropy:
    """Draw from the system: what nobody can guess. Many at a time, for each drawing is a system call."""

    def drawn() -> Iterator[bytes]:
        while True:
            pool = secrets.token_bytes(ENTROPY_BYTES * DRAWN_AT_ONCE)
            yield from (pool[at : at + ENTROPY_BYTES] for at in range(0, len(pool), ENTROPY_BYTES))

    return drawn().__next__


def seeded_entropy(seed: int, protocol: str) -> Entropy:
    """Draw from a seed: the same for the same protocol each time, and different for each protocol."""
    source = random.Random(f"{seed}/{protocol}")
    return lambda: source.randbytes(ENTROPY_BYTES)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an entry came to. After a crash the effects are those before it, which the state already reflects."""

    effects: tuple[Effect, ...]
    crash: Exception | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """What an earlier process left behind."""

    sids: tuple[str, ...]
    """The sockets that were connected to it."""
    timers: tuple[tuple[int, Command], ...]
    """What it still had to enter, and when, in milliseconds since the epoch."""


class Journal:
    """The journal of one process: to append an entry is to have it handled. It may be kept in a file."""

    def __init__(
        self, rules: Rules, clock: Clock, entropy: Entropy | None = None, file: JournalFile | None = None
    ) -> None:
        self.rules = rules
        self._clock = clock
        self._entropy = entropy or system_entropy()
        self._file = file

    def enter(self, entry: Entry) -> Outcome:
        """Append an entry, and return what is to be done about it."""
        stamp = Stamp(self._clock.now_ms(), self._entropy())
        effects: list[Effect] = []
        try:
            if self._file is not None:
                self._file.append(entry, stamp)
            effects.extend(self.rules.handle(entry, stamp))  # keeps those before a crash
        except Exception as crash:  # noqa: BLE001  # a fault of ours must cost nobody but its sender anything
            return Outcome(tuple(effects), crash)
        return Outcome(tuple(effects))

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def resume(self) -> Left:
        """Bring the rules to where the file ends; what they asked for on the way was carried out by others, or is left.

        Call it once, before anything is entered. Raises UsageError for a file that cannot be read.
        """
        sids: dict[str, None] = {}
        timers = _Timers()
        for entry, stamp in self._file.read() if self._file is not None else ():
            self._entropy()  # from a seed, an id that was given once must not be given again
            self._clock.catch_up(stamp.now_ms)
            match entry:
                case Connected():
                    sids[entry.sid] = None
                case Gone():
                    sids.pop(entry.sid, None)
                case Command():
                    timers.rang(entry)
                case _:
                    pass
            with contextlib.suppress(Exception):  # what crashed then crashes again, and was reported then
                for effect in self.rules.handle(entry, stamp):
                    timers.note(effect, stamp.now_ms)
        return Left(tuple(sids), timers.left())


class _Timers:
    """What rules have asked to be entered later, until it is."""

    def __init__(self) -> None:
        self._due: dict[str, list[tuple[int, Command]]] = {}  # what a command looks like -> those that are due

    def note(self, effect: Effect, now_ms: int) -> None:
        match effect:
            case Later(after_ms, command):
                self._due.setdefault(repr(command), []).append((now_ms + after_ms, command))
            case Notify(receipt=Receipt() as receipt):  # a delivery of which nobody has heard has failed
                self._due.setdefault(repr(receipt), []).append((now_ms, receipt))
            case _:
                pass

    def rang(self, command: Command) -> None:
        plain = replace(command, delivery=Delivery.FAILED) if isinstance(command, Receipt) else command
        if waiting := self._due.get(repr(plain)):
            waiting.remove(min(waiting, key=lambda timer: timer[0]))

    def left(self) -> tuple[tuple[int, Command], ...]:
        return tuple(sorted((timer for timers in self._due.values() for timer in timers), key=lambda timer: timer[0]))
