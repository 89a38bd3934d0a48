"""What a fault is: one part of the whole server with one small patch, the promise that it breaks, and its kind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from sys import modules
from typing import Any, Final, Literal, TypeAlias, TypeVar, get_args

Kind: TypeAlias = Literal[
    "dropped",  # what is due does not come
    "late",  # it comes at another time than it is due
    "duplicated",  # it comes, or is counted, more than once
    "misordered",
    "misdirected",  # it reaches others than it should
    "forged",  # something counts that a client only claims
    "leaked",  # somebody learns what is not for them
    "off by one",  # a limit or a count is a little wrong
    "forgotten clean-up",  # something that is over goes on
    "lost update",  # of two that come at once, one is as if it had never been
    "wrong type",  # the shape, not the value
    "wrong value",
    "missing field",
    "accepted invalid",
    "refused valid",
    "unauthorised",  # somebody may do what they must not
    "disconnected",  # a connection pays with its life for what is to be answered
    "crash",  # the whole process dies
    "hang",  # it lives, and answers nobody any more
    "memory",  # it grows with whatever is thrown at it
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
WIRE: Final = "wire"
"""In the place of a protocol's name: what Socket.IO itself promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A faulty server: the whole one, with one part of it in whose place stands another."""

    part: type[Any]
    requirement: str
    """The address of what it breaks: of a requirement, or of a case of the wire."""
    kind: Kind
    case: str = ""
    """The case that must see it; empty where any that cites the requirement will do."""
    time_scale: float = 1.0
    """How fast its time must pass in a test, for it to show soon."""
    in_redis: bool = False
    """Whether it shows only in what others read there."""
    survives: str = ""
    """Why a whole run does not find it, where it does not."""

    @property
    def protocol(self) -> str:
        """The protocol that it is seen at."""
        return self.requirement.partition("/")[0]

    @property
    def name(self) -> str:
        """What it is called: the protocol, and the class of the part."""
        return f"{self.protocol}/{self.part.__name__}"

    @property
    def whole(self) -> type[Any]:
        """The part of the whole server in whose place the faulty one is put."""
        return next(base for base in self.part.__mro__ if base.__module__.startswith("reference_server."))


FAULTS: Final[list[Fault]] = []
Part = TypeVar("Part", bound=type[Any])


def breaks(
    requirement: str, kind: Kind, *, at: str = "", time_scale: float = 1.0, in_redis: bool = False, survives: str = ""
) -> Callable[[Part], Part]:
    """Enter a part into the list of faults; `at` is the address of a case of the same protocol, without its name."""

    def register(part: Part) -> Part:
        case = f"{requirement.partition('/')[0]}/{at}" if at else ""
        fault = Fault(
            part=part,
            requirement=requirement,
            kind=kind,
            case=case,
            time_scale=time_scale,
            in_redis=in_redis,
            survives=survives,
        )
        assert all(fault.name != other.name for other in FAULTS), f"there are two {fault.name}"
        FAULTS.append(fault)
        return part

    return register


@contextmanager
def built_in(fault: Fault) -> Iterator[None]:
    """Put the faulty part in the place of the whole one, wherever the server looks for it."""
    whole, name = fault.whole, fault.whole.__name__
    places = [
        module
        for path, module in list(modules.items())
        if path.startswith("reference_server.") and getattr(module, name, None) is whole
    ]
    assert places, f"{fault.name}: the server does not know {name}"
    for place in places:
        setattr(place, name, fault.part)
    try:
        yield
    finally:
        for place in places:
            setattr(place, name, whole)
