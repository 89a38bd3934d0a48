"""A case of the wire: a case like all others, played on a bench instead of a playground."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from conformance.case import Case
from protocols.errors import RehearsalError

if TYPE_CHECKING:
    from conformance.playground import Playground
    from conformance.wire.bench import Bench

Scene: TypeAlias = Callable[["Bench"], Awaitable[None]]


class Untold(RehearsalError):
    """What happened has more than one possible cause; the text names them."""


def _nowhere(_ground: "Playground") -> None:
    raise TypeError("a case of the wire is played by conformance.wire.run")


@dataclass(frozen=True, slots=True, kw_only=True)
class WireCase(Case):
    """An addressed case such as `wire/upgrade/probe`, or an input such as `wire/malformed/ws/event-empty`."""

    scene: Scene
    play: Callable[["Playground"], None] = _nowhere
    is_beside: bool = False
    """Whether it only waits, and is played beside all others."""


class Wires:
    """Cases of one topic, in the order in which they are written."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.cases: list[WireCase] = []

    def shows(self, *cites: str, beside: bool = False) -> Callable[[Scene], Scene]:
        """Make a case of a function, citing requirements such as `handshake/1`; the first is broken when it fails."""

        def register(scene: Scene) -> Scene:
            name = scene.__name__.replace("_", "-")
            self.cases.append(
                WireCase(
                    address=f"wire/{self.topic}/{name}",
                    subject=self.topic,
                    kind="scene",
                    cites=tuple(f"wire/{cite}" for cite in cites),
                    scene=scene,
                    is_beside=beside,
                )
            )
            return scene

        return register
