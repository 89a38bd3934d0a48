"""Entries are stamped, handled and answered in one call."""

from collections.abc import Iterator

from reference_server.clock import ManualClock
from reference_server.effects import Connected, Drop, Effect, Entry, Leave, Stamp
from reference_server.journal import Journal, seeded_entropy

from .toy import Ring, Toy


def drop_everybody(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
    yield Drop(stamp.fresh("one"))
    yield Drop(stamp.fresh("two"))


def test_an_entry_gets_the_time_and_its_own_entropy() -> None:
    clock, rules = ManualClock(5000), Toy(drop_everybody)
    journal = Journal(rules, clock)
    first = journal.enter(Connected("a"))
    clock.advance(7)
    second = journal.enter(Connected("b"))
    assert [(entry, stamp.now_ms) for entry, stamp in rules.entries] == [(Connected("a"), 5000), (Connected("b"), 5007)]
    ids = {effect.sid for effect in (*first.effects, *second.effects) if isinstance(effect, Drop)}
    assert len(ids) == 4


def test_a_seed_gives_the_same_ids_again_and_each_protocol_its_own() -> None:
    def ids(seed: int, protocol: str) -> tuple[Effect, ...]:
        journal = Journal(Toy(drop_everybody), ManualClock(), seeded_entropy(seed, protocol))
        return journal.enter(Ring()).effects + journal.enter(Ring()).effects

    assert ids(1, "toy") == ids(1, "toy")
    assert len({ids(1, "toy"), ids(2, "toy"), ids(1, "other")}) == 3


def test_a_crash_keeps_what_was_asked_for_before_it() -> None:
    def half(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield Leave("a", "room")
        raise ZeroDivisionError

    outcome = Journal(Toy(half), ManualClock()).enter(Connected("a"))
    assert outcome.effects == (Leave("a", "room"),)
    assert isinstance(outcome.crash, ZeroDivisionError)
