"""Scenes: what a protocol promises in words, played by hand; each is a case with the requirements that it shows."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Generic, TypeVar

from conformance.case import Case
from conformance.cast import Cast
from conformance.checks import Check
from conformance.playground import Playground
from conformance.symptom import Symptom
from conformance.verdict import Broken

C = TypeVar("C", bound=Cast)
Scene = Callable[[C], Awaitable[None]]


class Scenes(Generic[C]):
    """The scenes of one protocol, in the order in which they are written."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        self.cases: list[Case] = []

    def shows(self, *cites: str, slow: bool = False) -> Callable[[Scene[C]], Scene[C]]:
        """Make a scene of a function: `topic__what_happens`, citing requirements such as `join/3`."""

        def register(scene: Scene[C]) -> Scene[C]:
            topic, _, name = scene.__name__.partition("__")
            case = Case(
                address=f"{self.protocol}/{topic}/{name.replace('_', '-')}",
                subject=topic,
                kind="scene",
                cites=tuple(f"{self.protocol}/{cite}" for cite in cites),
                play=lambda ground: _play(scene, ground),
                is_slow=slow,
            )
            self.cases.append(case)
            return scene

        return register


def _play(scene: Callable[[Any], Awaitable[None]], ground: Playground) -> None:
    async def play() -> None:
        async with ground.cast() as cast:
            await scene(cast)

    ground.run(play())


@contextmanager
def attributed(requirement: str) -> Iterator[None]:
    """Say which requirement is broken when something goes wrong here: the scene knows better than the single step."""
    try:
        yield
    except Broken as broken:
        if requirement == broken.requirement:
            raise
        raise broken.at(requirement) from broken


@contextmanager
def reckoning() -> Iterator[None]:
    """Say that what goes wrong here depends on everybody who is there: nobody of them can be left out."""
    try:
        yield
    except Broken as broken:
        broken.symptoms = tuple(replace(one, is_of_all=True) for one in broken.symptoms)
        raise


@contextmanager
def checking(check: Check) -> Iterator[None]:
    """Say which kind of check fails when something goes wrong here: the scene knows what it is played for."""
    try:
        yield
    except Broken as broken:
        broken.check = check
        raise


@contextmanager
def unseen(why: str) -> Iterator[None]:
    """Say why no stock client could see what goes wrong here, where nobody has said what shows it."""
    try:
        yield
    except Broken as broken:
        if not broken.symptoms:
            broken.hidden(why)
        raise


def require(
    holds: bool,
    requirement: str,
    expected: str,
    came: object,
    *,
    check: Check = Check.LAW,
    about: str = "",
    shown: Sequence[Symptom] = (),
) -> None:
    """Raise Broken unless something holds; `shown` says how others can see that it does not."""
    if not holds:
        raise Broken(requirement, expected, str(came), check=check, about=about).shown(*shown)
