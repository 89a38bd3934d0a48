"""What shows a fault to anybody who listens: something that came and must not, or that did not come and must."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Self, TypeAlias, TypeVar, cast

from protocols.contract import Json
from protocols.errors import Fault, InvalidPayload
from simulators.received import Answer, Received

ACK: Final = "(ack)"
"""What the ack of somebody's event is called beside the names of events."""
STRAY_ACK: Final = "(stray ack)"
"""An ack that nobody asked for."""
CLOSED: Final = "(closed)"
"""The end of a connection that its own side has not brought about."""
REFUSED: Final = "(refused)"
"""The answer no to somebody who wants to connect; its value is the text."""
ADMITTED: Final = "(admitted)"
HANDSHAKE: Final = "(handshake)"
"""What a connection was told when it was opened; its value has `pingInterval` and `pingTimeout`, in ms."""
HTTP: Final = "(http)"
"""An answer over HTTP; its value has `status`, `body` and `headers`, whose names are in lower case."""
GONE: Final = "(gone)"
"""The end of the server, which answers nobody any more; nobody hears it, whoever asks sees it."""
EACH: Final = "*"
"""In the path of a test: all items of a list, one after the other."""

HEARD_S: Final = 2.0
"""How long somebody listens who does the same, for what must not come."""
ALL: Final = 1_000_000
"""More than anybody hears, so that all their time is waited for."""
GONE_S: Final = 15
"""How long nothing is answered by a server that hangs."""
MISSED_S: Final = 2.5
"""How long for what must come, at least: nobody knows how busy their machine is."""

Like: TypeAlias = Literal[
    "is",
    "is not",
    "is one of",
    "has",
    "lacks",
    "is long",
    "is under",
    "is over",
    "falls",
    "strays from",
    "repeats",
    "is no hash of",
    "is no hash of its",
]
T = TypeVar("T")
Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Test:
    """One thing that holds for a value: what stands at a path in it is so."""

    path: Path
    like: Like
    value: Json = None
    """What it is or is not; the key, the item or the words that it has or lacks; how many items it has.

    Also what it is no hash of, or the order that it is not in:
    a list strays from another where those items that are in both stand otherwise in it, or more often, and repeats
    another where one of its items is there more than once.
    """

    def holds(self, whole: object) -> bool:
        """Say whether it holds; where the path leads nowhere nothing holds but `is not` and `lacks`."""
        try:
            value = value_at(whole, self.path)
        except LookupError:
            return self.like in {"is not", "lacks"}
        match self.like:
            case "is":
                return _same(value, self.value)
            case "is not":
                return not _same(value, self.value)
            case "is one of":
                assert isinstance(self.value, list | tuple)
                return any(_same(value, one) for one in self.value)
            case "has":
                return _has(value, self.value)
            case "lacks":
                return not _has(value, self.value)
            case "is long":
                return isinstance(value, list | tuple | str) and len(value) == self.value
            case "is under":
                return _are_alike(value, self.value) and value < self.value  # type: ignore[operator]
            case "is over":
                return _are_alike(value, self.value) and value > self.value  # type: ignore[operator]
            case "falls":
                return isinstance(value, list | tuple) and list(value) != sorted(value)
            case "strays from":
                assert isinstance(self.value, list | tuple)
                return isinstance(value, list | tuple) and _strays(value, self.value)
            case "repeats":
                assert isinstance(self.value, list | tuple)
                return isinstance(value, list | tuple) and any(value.count(one) > 1 for one in self.value)
            case "is no hash of":
                return value != canonical_hash(self.value)
            case "is no hash of its":
                assert isinstance(self.value, list | tuple)
                return isinstance(whole, Mapping) and value != canonical_hash({key: whole[key] for key in self.value})


def value_at(value: object, path: Path) -> object:
    """Return what stands at a path in a value; raises LookupError where it leads nowhere."""
    for number, step in enumerate(path):
        match value:
            case Mapping() if step in value:
                value = value[step]
            case list() | tuple() if isinstance(step, int) and step < len(value):
                value = value[step]
            case list() | tuple() if step == EACH:
                return [value_at(one, path[number + 1 :]) for one in value]
            case _:
                raise LookupError(step)
    return value


def canonical_hash(value: Json) -> str:
    """Return the SHA-256 of a value as JSON with sorted keys and no white space, in lowercase hexadecimal."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _are_alike(one: object, other: object) -> bool:
    """Say whether two values can be compared: two texts, such as moments, or two numbers."""
    kinds = str if isinstance(one, str) else int | float
    return all(isinstance(value, kinds) and not isinstance(value, bool) for value in (one, other))


def _has(value: object, wanted: Json) -> bool:
    if isinstance(value, str):
        return isinstance(wanted, str) and wanted in value
    return isinstance(value, Mapping | list | tuple) and wanted in value


def _strays(value: Sequence[object], other: Sequence[Json]) -> bool:
    return [one for one in value if one in other] != [one for one in other if one in value]


def _same(one: object, other: object) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other and isinstance(one, bool) is isinstance(other, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One thing that somebody hears, or does not hear, of the step that shows the fault."""

    who: str
    """The actor; of an answer over HTTP whoever asked."""
    names: tuple[str, ...]
    """Names of events, or of what else comes, any of which is meant."""
    tests: tuple[Test, ...] = ()
    """What holds for its first value."""
    times: int = 1
    """How often it comes at least, or is missed; 0 for as often as it came when the fault was found."""
    is_missing: bool = False
    """Whether the fault is that it does not come; otherwise it is that it does."""
    within_s: float = 1.0
    """How long to wait until it is known not to come, or for what only a timer brings."""
    is_late: bool = False
    """Whether it does come, only later than that."""
    is_ever: bool = False
    """Whether it counts from the beginning on, and not from the step that shows the fault."""
    is_belated: bool = False
    """Whether it comes by itself, some time after the last thing that anybody did."""
    is_of_all: bool = False
    """Whether it depends on everybody who is there, as it does who is nearest."""
    until_ns: int = 0
    """`time.monotonic_ns()` before which it came and must not; a trace turns it into `within_s` after the last deed."""
    is_early: bool = False
    """Whether it comes too early, so that nobody listens for longer."""
    later: "Symptom | None" = None
    """What the same actor hears as well, only later: the fault is that order."""
    gathers: Path | None = None
    """Where a value stands in each thing of these names: the tests are of the list of all these, in their order."""
    beside: str = ""
    """Another actor, with whose list it is compared: the fault is that they differ."""

    @property
    def waits_s(self) -> float:
        """How long somebody waits who does the same, until they know."""
        if self.is_early:
            return self.within_s
        if not self.is_missing:
            return max(HEARD_S, self.within_s)
        return self.within_s if self.is_late else max(MISSED_S, self.within_s)

    @classmethod
    def heard(cls, who: object, name: str, *tests: Test, times: int = 0) -> Self:
        """Return that somebody hears what they must not."""
        return cls(who=str(who), names=(name,), tests=tests, times=times)

    @classmethod
    def told(cls, who: object, name: str, path: Path, wanted: Json) -> Self:
        """Return that somebody hears something in which another value stands than is promised."""
        return cls.heard(who, name, Test(path, "is not", wanted))

    @classmethod
    def listed(cls, who: object, name: str, path: Path, wanted: Sequence[Json], came: Sequence[Json]) -> Self:
        """Return that somebody hears a list in which other items stand than are promised, in whatever order.

        Where all are there, the order is what is wrong. The path is that of the items, such as `users/*/id`.
        """
        if missing := [one for one in wanted if one not in came]:
            return cls.heard(who, name, Test(path, "lacks", missing[0]))
        if strange := [one for one in came if one not in wanted]:
            return cls.heard(who, name, Test(path, "has", strange[0]))
        if len(came) != len(wanted):
            return cls.heard(who, name, Test(path, "is long", len(came)))
        return cls.told(who, name, path, list(wanted))

    @classmethod
    def in_order(cls, first: Self, second: Self) -> Self:
        """Return that somebody hears one thing before another, and must hear it after."""
        return replace(first, times=1, later=replace(second, times=1))

    @classmethod
    def gathered(cls, who: object, name: str, path: Path, test: Test, times: int, within_s: float = MISSED_S) -> Self:
        """Return that somebody hears something, so often at least, whose values at a path make such a list."""
        return cls(who=str(who), names=(name,), tests=(test,), times=times, gathers=path, within_s=within_s)

    @classmethod
    def told_apart(cls, who: object, other: object, name: str, path: Path, times: int) -> Self:
        """Return that two people hear the same in different orders, or not the same, so often at least."""
        return cls(who=str(who), names=(name,), times=times, gathers=path, beside=str(other), within_s=MISSED_S)

    @classmethod
    def gone(cls) -> Self:
        """Return that the server answers nobody any more."""
        return cls(who="", names=(GONE,))

    @classmethod
    def answered_otherwise(cls, *tests: Test, within_s: float = 3.0) -> Self:
        """Return that no such answer comes over HTTP."""
        return cls(who=HTTP, names=(HTTP,), tests=tests, is_missing=True, within_s=within_s)

    @classmethod
    def unheard(cls, who: object, name: str, where: Mapping[str, Json], within_s: float) -> Self:
        """Return that somebody does not hear what they must, with these fields, in time."""
        return cls(who=str(who), names=(name,), tests=fields_are(where), is_missing=True, within_s=within_s)


def fields_are(where: Mapping[str, Json]) -> tuple[Test, ...]:
    """Return the tests of fields and what they are."""
    return tuple(Test((key,), "is", value) for key, value in where.items())


def miscounted(wanted: Sequence[str], came: Sequence[str], one: Callable[[str], Symptom]) -> list[Symptom]:
    """Return what shows that more or less than these come in all, whichever of them are too many or are missing.

    Their first words are their kinds; `one` says that one of a kind comes. Where each kind is counted right, it is one
    of them that is told.
    """
    due, got = (Counter(item.partition(" ")[0] for item in items) for items in (wanted, came))
    for kind, number in due.items():
        if number != got[kind]:
            times, is_missing = (number + 1, False) if got[kind] > number else (number, True)
            return [replace(one(kind), times=times, is_missing=is_missing, within_s=MISSED_S)]
    return misplaced(wanted, came, one)


def misplaced(wanted: Sequence[T], came: Sequence[T], one: Callable[[T], Symptom]) -> list[Symptom]:
    """Return what shows that not all of these come, as often and in this order; nothing where they do.

    `one` says that one of them comes.
    """
    for item in wanted:
        due, got = wanted.count(item), came.count(item)
        if got > due:
            return [_among(wanted, "repeats", one) or replace(one(item), times=due + 1)]
        if got < due:
            return [replace(one(item), times=due, is_missing=True)]
    if strange := [item for item in came if item not in wanted]:
        return [one(strange[0])]
    places = [wanted.index(item) for item in came]
    # The first that is overtaken was said right before whoever overtakes it: a little delay shows that again.
    wrong = [(item, wanted[due]) for item, place, due in zip(came, places, sorted(places), strict=True) if place != due]
    if not wrong:
        return []
    return [_among(wanted, "strays from", one) or Symptom.in_order(*map(one, wrong[0]))]


def _among(wanted: Sequence[T], like: Like, one: Callable[[T], Symptom]) -> Symptom | None:
    """Return that something is wrong with any of these, as of many at once it may be another each time.

    None where no field tells which of them it is.
    """
    sample, items = one(wanted[0]), cast("Sequence[Json]", wanted)
    path = next((test.path for test in sample.tests if test.value == items[0]), None)
    if path is None or len(set(wanted)) < len(wanted):
        return None
    return Symptom.gathered(sample.who, sample.names[0], path, Test((), like, items), ALL)


def broken_by(arrival: Received | Answer) -> tuple[Test, ...]:
    """Return what is wrong with what came, in the eyes of whoever has no schema; nothing where no field is."""
    violation = arrival.violation
    if not isinstance(violation, InvalidPayload) or not arrival.arguments:
        return ()
    [fault, *_] = violation.faults
    return () if fault.keyword == "arguments" else (_wrong(fault, arrival.arguments[0]),)


def _wrong(fault: Fault, value: object) -> Test:
    path = tuple(int(step) if step.isdecimal() else step for step in fault.pointer.split("/")[1:])
    keys = re.findall("'([^']*)'|\"([^\"]*)\"", fault.message)
    key = next((one or other for one, other in keys), "")
    at: object = value
    for step in path:
        at = at[step] if isinstance(at, Mapping | list | tuple) else None  # type: ignore[index]
    if fault.keyword == "additionalProperties" and key:
        return Test(path, "has", key)
    if fault.keyword == "required" and key:
        return Test(path, "lacks", key)
    return Test(path, "is", at)  # type: ignore[arg-type]
