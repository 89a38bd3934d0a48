"""One delivery that somebody is to have, and how it is recognised among all that they hear."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from protocols.contract import Json, Protocol
from simulators.acks import fixed
from simulators.tally import Row

if TYPE_CHECKING:
    from simulators.membership import Member

Fields: TypeAlias = tuple[str, ...]
Key: TypeAlias = tuple[str, Fields, tuple[object, ...]]
"""The operation heard, the names of the fields that count, and their values."""

_AUTHOR: Final = ("{sender.id}", "{sender.userId}", "{session.id}")


@dataclass(frozen=True, slots=True)
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
    """One delivery to one receiver."""

    receiver: "Member"
    deed: Deed
    row: Row
    key: Key
    deadline_ns: int
    must: bool
    """Whether it is demanded; else it may come."""
    room: str = ""
    """The room by which the receiver hears of it; empty when it is meant in person."""
    refusable: bool = False
    """Whether the target may refuse the deed for reasons that its sender cannot know."""
    is_refusal: bool = False
    is_settled: bool = False
    """Whether it has come, or never will."""

    @property
    def is_left_behind(self) -> bool:
        """Whether its receiver has left the room since, so that it may come or not."""
        return bool(self.room) and self.receiver.left_ns.get(self.room, -1) >= self.deed.sent_ns

    @property
    def is_doubtful(self) -> bool:
        """Whether its sender has heard of a refusal since, which may have been that of this deed."""
        return self.refusable and self.deed.sender.refused_ns >= self.deed.sent_ns

    @property
    def is_firm(self) -> bool:
        """Whether nothing has happened because of which it need not come."""
        return self.must and not self.is_left_behind and not self.is_doubtful


@dataclass(slots=True)
class Inbox:
    """What one receiver waits for and has got on its present connection."""

    pending: dict[Key, deque[Expectation]] = field(default_factory=dict)
    delivered: dict[Key, Expectation] = field(default_factory=dict)
    """The last one of each key, for as long as a second one would be one too many."""
    missed: dict[Key, Expectation] = field(default_factory=dict)
    """What did not come in time, and may come yet."""
    sequences: dict[str, int] = field(default_factory=dict)
    """Sender -> the last of its deeds that was heard."""

    def put(self, expectation: Expectation) -> None:
        """Wait for something."""
        self.pending.setdefault(expectation.key, deque()).append(expectation)

    def take(self, keys: Iterable[Key]) -> Expectation | None:
        """Take out the oldest expectation of one of these keys, one that must come before one that may."""
        queues = [queue for key in keys if (queue := self.pending.get(key))]
        musts = [must for queue in queues if (must := next((each for each in queue if each.is_firm), None)) is not None]
        candidates = musts or [queue[0] for queue in queues]
        if not candidates:
            return None
        # A message may fit two, as a zone's `party:joined` fits a party's; what was done first is answered first.
        found = min(candidates, key=lambda expectation: expectation.deed.sequence)
        self.remove(found)
        return found

    def remove(self, expectation: Expectation) -> None:
        """Wait for something no longer."""
        queue = self.pending[expectation.key]
        queue.remove(expectation)
        if not queue:
            del self.pending[expectation.key]

    def forget_delivery(self, expectation: Expectation) -> None:
        """From now on, the same again would be something new."""
        if self.delivered.get(expectation.key) is expectation:
            del self.delivered[expectation.key]


class Lately:
    """What was said in which room a short while ago: newcomers may hear it, when the target reads their join first."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, Key], deque[int]] = {}  # room and what -> when, oldest first
        self._order: deque[tuple[int, str, Key]] = deque()

    def note(self, room: str, key: Key, sent_ns: int) -> None:
        """Note what has just been said."""
        self._said.setdefault((room, key), deque()).append(sent_ns)
        self._order.append((sent_ns, room, key))

    def has(self, room: str, key: Key, before_ns: int) -> bool:
        """Say whether it was said before that moment."""
        times = self._said.get((room, key))
        return times is not None and times[0] <= before_ns

    def forget(self, until_ns: int) -> None:
        """Forget what is older."""
        while self._order and self._order[0][0] <= until_ns:
            _, room, key = self._order.popleft()
            times = self._said[room, key]
            times.popleft()
            if not times:
                del self._said[room, key]


class Shapes:
    """What counts in each event that is heard: the fields that triggers speak of, and which of them name the author."""

    def __init__(self, protocol: Protocol) -> None:
        fields: dict[str, dict[Fields, None]] = {}  # operation heard -> sets of fields that count together
        authors: dict[str, dict[str, None]] = {}  # operation heard -> fields that hold who caused it
        for refusal in (refusal for operation in protocol.operations for refusal in operation.refusals):
            if not refusal.by_ack:
                fields.setdefault(refusal.operation, {})[tuple(sorted(fixed(refusal)))] = None
        triggers = [trigger for operation in protocol.operations for trigger in operation.triggers]
        for trigger in (*triggers, *protocol.connect, *protocol.disconnected):
            fields.setdefault(trigger.operation, {})[tuple(sorted(trigger.where))] = None
            named = [name for name, template in trigger.where.items() if template in _AUTHOR]
            authors.setdefault(trigger.operation, {}).update(dict.fromkeys(named))
        self._fields = {operation: tuple(sets) for operation, sets in fields.items()}
        self._authors = {operation: tuple(names) for operation, names in authors.items() if names}

    def keys(self, operation: str, payload: Mapping[str, Json]) -> list[Key]:
        """Return every key that a message heard may be waited for by."""
        return [key_of(operation, fields, payload) for fields in self._fields.get(operation, ())]

    def names_author(self, operation: str) -> bool:
        """Say whether messages of this operation tell who caused them."""
        return operation in self._authors

    def author(self, operation: str, payload: Mapping[str, Json]) -> Json:
        """Return who caused a message; None where it does not say."""
        return next((payload.get(name) for name in self._authors.get(operation, ())), None)


def key_of(operation: str, fields: Fields, payload: Mapping[str, Json]) -> Key:
    """Return what makes a message one that is waited for."""
    return operation, fields, tuple([_frozen(payload.get(name)) for name in fields])


def _frozen(value: Json) -> object:
    if isinstance(value, str | int | float):
        return value
    match value:
        case Mapping():
            return tuple(sorted((key, _frozen(item)) for key, item in value.items()))
        case list() | tuple():
            return tuple(_frozen(item) for item in value)
        case _:
            return value
