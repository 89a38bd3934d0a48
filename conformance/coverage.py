"""How much of the contract a run has exercised: event × keyword × valid or invalid, of what goes in and comes out.

`Tally.coverage` is filled from a run's events. `Coverage.rows()` gives a `Row` for each keyword of each payload: those
of the events that clients emit (`in`), of those that the server emits (`out`), and of the acks (`ack`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Final, TypeAlias

from conformance.case import Case
from conformance.examples import example_ids
from conformance.expectation import Heard
from conformance.payloads.boundaries import BOUNDARIES
from conformance.payloads.node import Node, is_of
from conformance.payloads.place import places
from protocols.contract import Json, Operation, Protocol
from protocols.errors import InvalidPayload
from simulators.received import Answer, Received

ENOUGH: Final = 64
"""How many payloads of one event are looked into in a case; the others are counted."""


class Way(StrEnum):
    """Which way a payload goes, seen from the server."""

    IN = "in"
    OUT = "out"
    ACK = "ack"


@dataclass(frozen=True, slots=True)
class Row:
    """One keyword of one event's payload."""

    event: str
    """Name on the wire; of an ack, the name of the event that it answers."""
    way: Way
    keyword: str
    valid: int
    """In: examples at a border of this keyword that were tried. Out and ack: payloads in which a value obeyed it."""
    invalid: int
    """In: examples that break it and were tried. Out and ack: payloads in which a value broke it."""
    of_valid: int = 0
    """In: how many such examples there are. 0 for the other ways: nobody can make a server say something."""
    of_invalid: int = 0

    @property
    def is_covered(self) -> bool:
        """Whether all was tried that could be, or some value came."""
        if self.way is Way.IN:
            return (self.valid, self.invalid) == (self.of_valid, self.of_invalid)
        return self.valid + self.invalid > 0


Mark: TypeAlias = tuple[Way, str, str, bool]
"""A way, an event, a keyword of its payload (empty: that it was heard at all), and whether a value obeyed it."""


@dataclass
class Coverage:
    """What a run has exercised so far."""

    protocol: Protocol
    _tried: Counter[Mark] = field(default_factory=Counter)
    _heard: Counter[Mark] = field(default_factory=Counter)

    def take(self, case: Case, untried: Iterable[str], heard: Mapping[Mark, int]) -> None:
        """Take in what a case has tried, and what was heard meanwhile."""
        if case.kind in _KINDS:
            left = set(untried)
            tried = (example.partition("/")[0] for example in case.examples if example not in left)
            self._tried.update((Way.IN, case.subject, keyword, _KINDS[case.kind]) for keyword in tried)
        self._heard.update(heard)

    def rows(self) -> Iterator[Row]:
        """Yield every keyword of every payload, in the contract's order."""
        for operation in self.protocol.inbound.values():
            yield from self._of_examples(operation)
        for operation in self.protocol.outbound.values():
            yield from self._of_values(Way.OUT, operation.name, operation.schema)
        for operation in self.protocol.inbound.values():
            if operation.ack is not None:
                yield from self._of_values(Way.ACK, operation.name, operation.ack_schema)

    def heard(self) -> dict[tuple[Way, str], int]:
        """Return how often each event and each ack of the server was heard, also those that never were."""
        outbound = [(Way.OUT, name) for name in self.protocol.outbound]
        acks = [(Way.ACK, one.name) for one in self.protocol.inbound.values() if one.ack is not None]
        return {
            (way, name): sum(self._heard[way, name, "", is_valid] for is_valid in (True, False))
            for way, name in (*outbound, *acks)
        }

    def _of_examples(self, operation: Operation) -> Iterator[Row]:
        if operation.schema is None:
            return
        of = {valid: Counter(_keywords(self.protocol, operation.schema, valid=valid)) for valid in (True, False)}
        for keyword in dict.fromkeys((*of[True], *of[False])):
            valid, invalid = (self._tried[Way.IN, operation.name, keyword, valid] for valid in (True, False))
            yield Row(operation.name, Way.IN, keyword, valid, invalid, of[True][keyword], of[False][keyword])

    def _of_values(self, way: Way, name: str, schema: str | None) -> Iterator[Row]:
        for keyword in () if schema is None else _own_keywords(self.protocol, schema):
            yield Row(name, way, keyword, *(self._heard[way, name, keyword, valid] for valid in (True, False)))


_KINDS: Final[Mapping[str, bool]] = {"valid": True, "invalid": False}


def _keywords(protocol: Protocol, schema: str, *, valid: bool) -> list[str]:
    return [example.partition("/")[0] for example in example_ids(protocol, schema, valid=valid)]


@cache
def _own_keywords(protocol: Protocol, schema: str) -> tuple[str, ...]:
    """Return the keywords at all places of a schema."""
    at_places = (place.node.keywords for place in places(Node.named(protocol, schema)))
    return tuple(dict.fromkeys(keyword for keywords in at_places for keyword in keywords if keyword in BOUNDARIES))


class Hearing:
    """Notes what the server says during a case."""

    def __init__(self) -> None:
        self._marks: Counter[Mark] = Counter()

    def note(self, heard: Heard) -> None:
        """Take in what was heard in one step."""
        for arrivals in heard.arrivals.values():
            for arrival in arrivals:
                self._marks.update(self._marks_of(arrival))

    def taken(self) -> dict[Mark, int]:
        """Return what was noted since the last time."""
        marks, self._marks = dict(self._marks), Counter()
        return marks

    def _marks_of(self, arrival: Received | Answer) -> Iterator[Mark]:
        is_event = isinstance(arrival, Received)
        way, protocol = Way.OUT if is_event else Way.ACK, arrival.protocol
        operation = protocol.outbound.get(arrival.name) if is_event else protocol.inbound.get(arrival.name)
        if operation is None:
            return
        heard = (way, arrival.name, "", arrival.violation is None)
        yield heard
        schema = operation.schema if is_event else operation.ack_schema
        if isinstance(arrival.violation, InvalidPayload):
            yield from (
                (way, arrival.name, keyword, False) for keyword in {f.keyword for f in arrival.violation.faults}
            )
        elif arrival.violation is None and schema is not None and arrival.arguments and self._marks[heard] < ENOUGH:
            keywords = set(_obeyed(Node.named(protocol, schema), arrival.arguments[0]))
            yield from ((way, arrival.name, keyword, True) for keyword in keywords)


def _obeyed(node: Node, value: Json) -> Iterator[str]:
    """Yield the keywords that a value obeys, at every place where it has something."""
    yield from (keyword for keyword in node.keywords if keyword in BOUNDARIES)
    for branch in node.branches:
        if branch.accepts(value) or (not branch.name and is_of(value, branch.types)):
            yield from _obeyed(branch, value)
    if isinstance(value, Mapping):
        for name, member in value.items():
            if name in node.properties:
                yield from _obeyed(node.member(name), member)
            elif node.extra is not None:
                yield from _obeyed(node.extra, member)
    elif isinstance(value, list) and "items" in node.keywords:
        for item in value[:ENOUGH]:
            yield from _obeyed(node.items, item)
