"""Several things said at once, nobody waiting for anybody: what is heard is told apart by what each of them causes.

Who is heard first is for the target to decide; but what one person says, and what a room hears, has an order.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from conformance.checks import Check
from conformance.expectation import Heard, fits
from conformance.judge import Step
from conformance.person import Person
from conformance.symptom import Symptom, fields_are
from conformance.verdict import Broken
from protocols.contract import Protocol
from simulators.received import Answer, Received

Orders: TypeAlias = Mapping[Person, Sequence[int]]
"""The numbers of the steps of which each listener heard, in the order of hearing."""


def told_apart(protocol: Protocol, steps: Sequence[Step], heard: Heard) -> tuple[list[Heard], Orders]:
    """Return what was heard because of each of some steps at once, and in which order; the first has the rest."""
    parts: list[dict[Person, list[Received | Answer]]] = [{who: [] for who in heard.arrivals} for _ in steps]
    orders: dict[Person, list[int]] = {}
    for who, arrivals in heard.arrivals.items():
        listener = _Listener(protocol, steps, who)
        for arrival in arrivals:
            parts[listener.step_of(arrival)][who].append(arrival)
        orders[who] = list(dict.fromkeys(listener.met))
    asked = [None if step.who is None or step.ack_id is None else (step.who, step.ack_id) for step in steps]
    return [Heard(part, mine) for part, mine in zip(parts, asked, strict=True)], orders


class _Listener:
    """What one person may hear of some steps."""

    def __init__(self, protocol: Protocol, steps: Sequence[Step], who: Person) -> None:
        self.met: list[int] = []
        """Of which steps they have heard what they were to hear."""
        self._protocol = protocol
        self._steps = steps
        self._who = who
        each = [(number, item) for number, step in enumerate(steps) for item in step.outlook.expectations]
        self._all = [(number, item) for number, item in each if item.receiver is who]
        self._open = list(self._all)

    def step_of(self, arrival: Received | Answer) -> int:
        """Return the number of the step that has caused something."""
        if isinstance(arrival, Answer):
            mine = (n for n, s in enumerate(self._steps) if s.who is self._who and s.ack_id == arrival.packet.ack_id)
            return next(mine, 0)
        if due := next((one for one in self._open if fits(one[1], arrival)), None):
            self._open.remove(due)
            self.met.append(due[0])
            return due[0]
        again = (number for number, item in self._all if fits(item, arrival))
        alike = (number for number, item in self._open if item.operation.name == arrival.name)
        return next(itertools.chain(again, alike, self._telling(arrival.name)), 0)

    def _telling(self, name: str) -> Iterator[int]:
        """Yield the steps whose event tells anybody something of this name."""
        for number, step in enumerate(self._steps):
            triggers = step.outlook.operation.triggers if step.outlook.operation is not None else ()
            if any(self._protocol.by_id[trigger.operation].name == name for trigger in triggers):
                yield number


def in_order(steps: Sequence[Step], orders: Orders) -> list[int]:
    """Return the numbers of the steps in an order in which somebody has heard of them."""
    longest = sorted(orders.values(), key=len, reverse=True)
    return list(dict.fromkeys(itertools.chain(*longest, range(len(steps)))))


def misordered(protocol: Protocol, steps: Sequence[Step], orders: Orders, one_order: str) -> Iterator[Broken]:
    """Yield what is wrong with the order in which people heard of steps at once.

    `one_order` is the requirement that all hear a room in one order; empty where none is promised.
    """
    for listener, heard in orders.items():
        for earlier, later in itertools.combinations(heard, 2):
            if later < earlier and steps[later].who is steps[earlier].who:
                yield _overtaken(f"{protocol.name}/all/6", listener, steps[later], steps[earlier])
    if not one_order:
        return
    for (one, heard), (other, otherwise) in itertools.combinations(orders.items(), 2):
        common = [number for number in heard if number in otherwise]
        theirs = [number for number in otherwise if number in common]
        if first := next(((a, b) for a, b in zip(common, theirs, strict=True) if a != b), None):
            expected = f"{other} hears it in the order in which {one} does"
            came = f"{one} heard {_said(steps[first[0]])} before {_said(steps[first[1]])}, and {other} after it"
            broken = Broken(one_order, expected, came, check=Check.ORDER_PER_ROOM)
            yield broken.shown(_apart(steps, one, other, first))


def _apart(steps: Sequence[Step], one: Person, other: Person, first: tuple[int, int]) -> Symptom:
    """Return that two people hear of two steps in different orders, whichever of them hears it in which."""
    symptoms = [_heard_of(steps[number], one) for number in first]
    name, fields = symptoms[0].names[0], [{test.path: test.value for test in each.tests} for each in symptoms]
    path = next((path for path, value in fields[0].items() if fields[1].get(path, value) != value), ())
    return Symptom.told_apart(one, other, name, path, len(steps))


def _overtaken(requirement: str, listener: Person, first: Step, second: Step) -> Broken:
    expected = f"{listener} hears what {first.who} says in the order in which it was said"
    came = f"{listener} heard {_said(second)} before {_said(first)}"
    broken = Broken(requirement, expected, came, check=Check.ORDER_PER_SENDER)
    return broken.shown(Symptom.in_order(_heard_of(second, listener), _heard_of(first, listener)))


def _heard_of(step: Step, listener: Person) -> Symptom:
    """Return that somebody hears what a step is to cause for them first."""
    due = next(item for item in step.outlook.expectations if item.receiver is listener)
    return Symptom.heard(listener, due.operation.name, *fields_are(due.where), times=1)


def _said(step: Step) -> str:
    texts = [] if step.event is None else [str(value) for value in step.event.to_json().values() if " " in str(value)]
    return repr(texts[0]) if texts else f"{step.who}'s {step.event_name}"
