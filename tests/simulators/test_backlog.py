"""What is accounted for many at a time comes to the same as what is accounted for when it happens."""

from collections.abc import Sequence
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from protocols.contract import Json
from protocols.space import PROTOCOL
from simulators import wire
from simulators.backlog import Backlog
from simulators.delivery import Ledger
from simulators.hearing import Heard, Reader, Validate
from simulators.received import Received
from tests.simulators.play import MS, Play, move, moved

NAMES = ("ann", "ben", "cat")
Step: TypeAlias = tuple[str, str, int]
"""What happens, to whom, and which of the moves it is: each mover has moves of their own, that are made again."""

steps = st.lists(
    st.tuples(
        st.sampled_from(["moves", "moves", "hears", "hears", "hears", "leaves", "waits"]),
        st.sampled_from(NAMES),
        st.integers(0, 3),
    ),
    max_size=80,
)


class AtOnce(Play):
    """Three people, of whom everything is accounted for when it happens."""

    def begin(self) -> None:
        for n, name in enumerate(NAMES):
            self.join(name, *NAMES[:n])

    @property
    def account(self) -> Ledger:
        return self.ledger

    def moves(self, name: str, n: int) -> None:
        self.say(name, move(n))

    def hears(self, name: str, n: int) -> None:
        self.hear(name, moved(NAMES[n % 3], n), after_ms=0)

    def perform(self, script: Sequence[Step]) -> None:
        """Let a millisecond pass before each step; who has left does nothing more."""
        self.begin()
        here = set(NAMES)
        for what, name, n in script:
            self.now_ns += MS
            if what == "waits":
                self.now_ns += n * 1000 * MS
                self.account.settle(self.now_ns)
            elif what == "moves" and NAMES[n % 3] in here:
                self.moves(NAMES[n % 3], n)
            elif what == "hears" and name in here:
                self.hears(name, n)
            elif what == "leaves" and name in here:
                here.remove(name)
                self.account.hung_up(name, self.now_ns, self.now_ns, politely=False)
        self.account.finish()


class Kept(AtOnce):
    """The same, kept until somebody asks."""

    def __init__(self, validate: Validate = Validate.ALL) -> None:
        super().__init__()
        self.backlog = Backlog(self.ledger, self.tally)
        self.reader = Reader(PROTOCOL, "/space", self.ledger, validate)

    @property
    def account(self) -> Ledger:
        return self.backlog.ledger

    def read(self, payload: Json) -> Heard:
        """Return what a `player:moved` says; what has been heard before is not read again."""
        packet = wire.Event.of("player:moved", payload, namespace="/space")
        known = self.reader.known.get(b"42/space," + packet.body)
        return known or self.reader.read(Received("player:moved", 1, packet, PROTOCOL))

    def moves(self, name: str, n: int) -> None:
        self.backlog.said(name, move(n), self.now_ns, self.now_ns)

    def hears(self, name: str, n: int) -> None:
        self.backlog.heard(name, self.read(moved(NAMES[n % 3], n).to_json()), self.now_ns)


@given(steps)
def test_it_comes_to_the_same(script: Sequence[Step]) -> None:
    at_once, kept = AtOnce(), Kept()
    at_once.perform(script)
    kept.perform(script)
    assert kept.tally.rows == at_once.tally.rows
    assert kept.tally.sent == at_once.tally.sent
    assert kept.tally.examples == at_once.tally.examples
    assert kept.ledger.pending == at_once.ledger.pending


def test_what_breaks_its_schema_is_told_with_who_heard_it() -> None:
    kept = Kept()
    kept.begin()
    kept.backlog.heard("ben", kept.read({"id": "id-ann"}), kept.now_ns)
    assert kept.tally.violations == 0
    kept.backlog.catch_up()
    assert kept.tally.violations == 1
    assert kept.tally.examples[0].startswith('ben heard player:moved {"id":"id-ann"} (invalid ')


def test_what_nobody_caused_is_told_though_no_schema_is_looked_at() -> None:
    kept = Kept(Validate.NONE)
    kept.begin()
    kept.backlog.heard("ben", kept.read(moved("ann", 7).to_json()), kept.now_ns)
    kept.backlog.heard("ben", kept.read({"id": 7}), kept.now_ns)
    kept.backlog.catch_up()
    assert (kept.tally.violations, kept.tally.total("misheard")) == (1, 1)


def test_no_more_is_kept_than_is_soon_accounted_for() -> None:
    kept = Kept()
    kept.begin()
    heard = kept.read(moved("ann", 1).to_json())
    for _ in range(1000):
        kept.backlog.heard("ben", heard, kept.now_ns)
    assert kept.tally.total("misheard") > 700
    for _ in range(1000):
        kept.backlog.said("ann", move(1), kept.now_ns, kept.now_ns)
    assert kept.tally.sent["player:move"] > 700
