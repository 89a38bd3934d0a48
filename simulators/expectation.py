"""What others are to hear of one deed: one expectation for all of them, found again by what counts in the message."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from protocols.contract import Audience, Event, Json, Operation, Protocol
from simulators.acks import fixed
from simulators.tally import Row

if TYPE_CHECKING:
    from simulators.membership import Member

Fields: TypeAlias = tuple[str, ...]
Key: TypeAlias = tuple["Shape", object]
"""What makes a message one that is waited for: the operation with the fields that count, and their values."""

_AUTHOR: Final = ("{sender.id}", "{sender.userId}", "{session.id}")

# What an expectation is to one who may hear of it.
HEARD: Final = 0
MAY: Final = 1
MUST: Final = 2
"""It is demanded; what one MAY hear, nobody counts on."""

# Where something is heard of: what a `Pattern` adds up of these.
IN_PERSON: Final = 1
IN_ROOMS: Final = 2
EVERYWHERE: Final = 4
_REACH: Final = {
    Audience.SENDER: IN_PERSON,
    Audience.USER: IN_PERSON,
    Audience.USERS: IN_PERSON,
    Audience.ROOM: IN_PERSON | IN_ROOMS,  # in person where the sender is not in it yet
    Audience.OTHERS: IN_ROOMS,
    Audience.PEERS: EVERYWHERE,
    Audience.NAMESPACE: EVERYWHERE,
}


@dataclass(slots=True, eq=False)
class Deed:
    """Something that somebody of ours did, and that others may hear of."""

    sender: "Member"
    cause: str
    """Its name in the table."""
    sequence: int
    """Its place among all deeds."""
    due_ns: int
    sent_ns: int


@dataclass(slots=True, eq=False)
class Expectation:
    """What all in one place are to hear of one deed."""

    place: "Place"
    deed: Deed
    row: Row
    key: Key
    deadline_ns: int
    hearers: "dict[Member, int]"
    """Who may hear of it on their present connection -> MUST, MAY, or HEARD when it has come."""
    room: str = ""
    """The room by which they hear of it; empty when it is meant in person."""
    refusable: bool = False
    """Whether the target may refuse the deed for reasons that its sender cannot know."""
    is_refusal: bool = False

    def is_left_behind(self, hearer: "Member") -> bool:
        """Say whether somebody has left the room since, so that it may come or not."""
        return bool(self.room) and hearer.left_ns.get(self.room, -1) >= self.deed.sent_ns

    @property
    def is_doubtful(self) -> bool:
        """Whether its sender has heard of a refusal since, which may have been that of this deed."""
        return self.refusable and self.deed.sender.refused_ns >= self.deed.sent_ns

    def is_firm(self, hearer: "Member") -> bool:
        """Say whether nothing has happened because of which it need not come to somebody."""
        return self.hearers[hearer] == MUST and not self.is_left_behind(hearer) and not self.is_doubtful


@dataclass(slots=True, eq=False)
class Place:
    """Where something is heard of: a room, everywhere, or one person; who is there, and what they wait for."""

    name: str = ""
    here: "dict[Member, int]" = field(default_factory=dict)
    """Who is in it -> MUST, or MAY where the target has yet to confirm."""
    leaving: "dict[Member, int]" = field(default_factory=dict)
    """Who has left it a short while ago -> when."""
    expected: dict[Key, list[Expectation]] = field(default_factory=dict)
    """What has been said here, oldest first, until it is settled; heard by all or not."""

    def put(self, expectation: Expectation) -> None:
        """Wait for something."""
        same = self.expected.get(expectation.key)
        if same is None:
            self.expected[expectation.key] = [expectation]
        else:
            same.append(expectation)

    def remove(self, expectation: Expectation) -> None:
        """Wait for something no longer: from now on, the same again would be something new."""
        same = self.expected[expectation.key]
        same.remove(expectation)
        if not same:
            del self.expected[expectation.key]

    @property
    def is_forsaken(self) -> bool:
        """Whether nobody and nothing would miss it."""
        return not (self.here or self.leaving or self.expected)


class Waiting(dict[Place, list[Expectation]]):
    """What is waited for in each place that one message may be: looked up once for all there who hear the same."""

    def __init__(self, keys: Sequence[Key]) -> None:
        """Look for what stands under one of these keys."""
        super().__init__()
        self._keys = keys

    def __missing__(self, place: Place) -> list[Expectation]:
        expected = place.expected
        found = self[place] = [each for key in self._keys if key in expected for each in expected[key]]
        return found


def find(places: Iterable[Place], waiting: Waiting, hearer: "Member") -> Expectation | None:
    """Return what somebody has waited for longest in these places, what must come before what may."""
    found: Expectation | None = None
    others: list[Expectation] | None = None
    for place in places:
        for expectation in waiting[place]:
            if not expectation.hearers.get(hearer):
                continue
            if found is None:
                found = expectation
            elif others is None:
                others = [found, expectation]
            else:
                others.append(expectation)
    if others is None:
        return found
    # A message may fit two, as a zone's `party:joined` fits a party's; what was done first is answered first.
    return min([each for each in others if each.is_firm(hearer)] or others, key=lambda each: each.deed.sequence)


@dataclass(slots=True)
class Inbox:
    """What one receiver has got, and not got, on its present connection."""

    missed: dict[Key, tuple[Row, bool]] = field(default_factory=dict)
    """What did not come in time, and may come yet -> its row, and whether it was demanded."""
    sequences: dict[str, int] = field(default_factory=dict)
    """Sender -> the last of its deeds that was heard."""


class Shape:
    """The fields that count in an event that is heard; there is one of each."""

    __slots__ = ("_pick", "fields", "operation")

    def __init__(self, operation: str, fields: Fields) -> None:
        self.operation = operation
        self.fields = fields
        self._pick: Callable[[Mapping[str, Json]], object] = itemgetter(*fields) if fields else _nothing

    def key(self, payload: Mapping[str, Json]) -> Key:
        """Return what makes this message one that is waited for; fields that it lacks are None."""
        try:
            return self._key(self._pick(payload))
        except KeyError:
            return self.key_of([payload.get(name) for name in self.fields])

    def key_of(self, values: Sequence[Json]) -> Key:
        """Return what makes the message with these values of the fields one that is waited for."""
        return self._key(values[0] if len(values) == 1 else tuple(values))

    def _key(self, values: object) -> Key:
        try:
            hash(values)
        except TypeError:
            return self, _frozen(values)
        return self, values

    def __repr__(self) -> str:
        return f"{self.operation}{self.fields}"


def _nothing(_: Mapping[str, Json]) -> object:
    return ()


def _frozen(value: object) -> object:
    match value:
        case Mapping():
            return tuple(sorted((key, _frozen(item)) for key, item in value.items()))
        case list() | tuple():
            return tuple(_frozen(item) for item in value)
        case _:
            return value


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """How an event that is heard is recognised."""

    operation: Operation
    event: type[Event]
    shapes: tuple[Shape, ...]
    authors: Fields
    """The fields that may hold who caused it."""
    reach: int
    """Where it is heard of: the sum of what it may be of IN_PERSON, IN_ROOMS and EVERYWHERE."""
    is_refusal: bool

    @property
    def always_names_author(self) -> bool:
        """Whether nothing that it may be waited for by leaves open who caused it."""
        return bool(self.shapes) and all(set(shape.fields) & set(self.authors) for shape in self.shapes)

    def author(self, payload: Mapping[str, Json]) -> Json:
        """Return who caused a message; None where it does not say."""
        return next((payload.get(name) for name in self.authors), None)


class Notice:
    """Something heard, as the account sees it: one and the same for all who hear the same."""

    __slots__ = ("_read", "keys", "pattern", "payload")

    def __init__(self, pattern: Pattern, payload: Mapping[str, Json], read: Callable[[], Event | None]) -> None:
        """Take in the payload as it came; `read` returns the typed event, or None where it breaks its schema."""
        self.pattern = pattern
        self.payload = payload
        self.keys = tuple([shape.key(payload) for shape in pattern.shapes])
        self._read = read

    @property
    def event(self) -> Event | None:
        """The typed event, read when somebody looks."""
        return self._read()


class Patterns:
    """The patterns of one protocol: what counts is what its triggers and refusals speak of."""

    def __init__(self, protocol: Protocol) -> None:
        self._shapes: dict[tuple[str, Fields], Shape] = {}
        authors: dict[str, dict[str, None]] = {}  # operation heard -> fields that hold who caused it
        reach: dict[str, int] = {}
        refusals: set[str] = set()
        for refusal in (refusal for operation in protocol.operations for refusal in operation.refusals):
            if not refusal.by_ack:
                self.shape(refusal.operation, fixed(refusal))
                reach[refusal.operation] = reach.get(refusal.operation, 0) | IN_PERSON
                refusals.add(refusal.operation)
        triggers = [trigger for operation in protocol.operations for trigger in operation.triggers]
        for trigger in (*triggers, *protocol.connect, *protocol.disconnected):
            self.shape(trigger.operation, trigger.where)
            reach[trigger.operation] = reach.get(trigger.operation, 0) | _REACH[trigger.to]
            named = [name for name, template in trigger.where.items() if template in _AUTHOR]
            authors.setdefault(trigger.operation, {}).update(dict.fromkeys(named))
        self._patterns = {
            operation.id: Pattern(
                operation,
                operation.event,
                tuple(shape for shape in self._shapes.values() if shape.operation == operation.id),
                tuple(authors.get(operation.id, ())),
                reach.get(operation.id, 0),
                operation.id in refusals,
            )
            for operation in protocol.operations
        }

    def shape(self, operation: str, fields: Iterable[str]) -> Shape:
        """Return the shape of an operation in which these fields count."""
        names = tuple(sorted(fields))
        return self._shapes.setdefault((operation, names), Shape(operation, names))

    def __getitem__(self, operation: str) -> Pattern:
        return self._patterns[operation]
