"""What shows a fault to anybody who listens: something that came and must not, or that did not come and must."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

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
HTTP: Final = "(http)"
"""An answer over HTTP; its value has `status`, `body` and `headers`, whose names are in lower case."""

HEARD_S: Final = 2.0
"""How long somebody listens who does the same, for what must not come."""
MISSED_S: Final = 5.0
"""How long for what must come, at least: nobody knows how busy their machine is."""

Like: TypeAlias = Literal["is", "is not", "is one of", "has", "lacks", "is long"]


@dataclass(frozen=True, slots=True)
class Test:
    """One thing that holds for a value: what stands at a path in it is so."""

    path: tuple[str | int, ...]
    like: Like
    value: Json = None
    """What it is or is not; the key that it has or lacks; how many items it has."""

    def holds(self, value: object) -> bool:
        """Say whether it holds; where the path leads nowhere nothing holds but `is not` and `lacks`."""
        for step in self.path:
            match value:
                case Mapping() if step in value:
                    value = value[step]
                case list() | tuple() if isinstance(step, int) and step < len(value):
                    value = value[step]
                case _:
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
                return isinstance(value, Mapping) and self.value in value
            case "lacks":
                return not (isinstance(value, Mapping) and self.value in value)
            case "is long":
                return isinstance(value, list | tuple | str) and len(value) == self.value


def _same(one: object, other: object) -> bool:
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
    """How often it comes at least; 0 for as often as it came when the fault was found."""
    is_missing: bool = False
    """Whether the fault is that it does not come; otherwise it is that it does."""
    within_s: float = 1.0
    """How long to wait until it is known not to come."""
    is_late: bool = False
    """Whether it does come, only later than that."""
    is_belated: bool = False
    """Whether it comes by itself, some time after the last thing that anybody did."""

    @property
    def waits_s(self) -> float:
        """How long somebody waits who does the same, until they know."""
        if not self.is_missing:
            return HEARD_S
        return self.within_s if self.is_late else max(MISSED_S, self.within_s)

    @classmethod
    def heard(cls, who: object, name: str, *tests: Test, times: int = 0) -> Self:
        """Return that somebody hears what they must not."""
        return cls(who=str(who), names=(name,), tests=tests, times=times)

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
