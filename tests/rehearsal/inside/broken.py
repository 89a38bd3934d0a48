"""Servers with something wrong that only an insider can see, and what is said of them."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TextIO

from conformance.playground import Playground
from conformance.runner import Finished, run
from conformance.verdict import Outcome, Verdict
from protocols import space
from reference_server.clock import Clock
from reference_server.effects import Effect, Entry, Said, Stamp
from reference_server.rules.space import Space
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from rehearsal.inside.scene import InsideScene, Serve


def play(ground: Playground, scene: InsideScene, serve: Serve) -> list[Verdict]:
    """Play one scene with servers that are started so."""
    (finished,) = [event for event in run(ground, [scene.case(serve)]) if isinstance(event, Finished)]
    return list(finished.verdicts)


def failure(ground: Playground, scene: InsideScene, serve: Serve = running) -> Verdict:
    """Play one scene that must fail, and return its verdict, of the requirement that the scene is about."""
    (verdict,) = play(ground, scene, serve)
    assert verdict.outcome is Outcome.FAIL, verdict
    assert verdict.requirement == scene.case(serve).cites[0], verdict
    assert verdict.expected
    assert len(verdict.conversation) <= 8
    return verdict


class Started:
    """Starts servers that differ from what was asked for."""

    def __init__(
        self,
        *,
        settings: Callable[[Settings], Settings] = lambda settings: settings,
        rules: type[Space] = Space,
        line: "Callable[[str], str] | None" = None,
    ) -> None:
        self._settings, self._rules, self._line = settings, rules, line

    def __call__(
        self, settings: Settings, *, clock: Clock | None = None, log_stream: TextIO | None = None
    ) -> AbstractContextManager[str]:
        settings = self._settings(settings)
        world = World.built_in() if settings.world is None else World.load(settings.world)
        rules = self._rules(world, settings.mode, external=bool(settings.verify_url))
        if self._line is not None and log_stream is not None:
            log_stream = Rewritten(log_stream, self._line)
        return running(settings, [rules], clock=clock, log_stream=log_stream)


class Rewritten(io.StringIO):
    """A log whose lines are changed on their way into another."""

    def __init__(self, into: TextIO, line: Callable[[str], str]) -> None:
        super().__init__()
        self._into, self._line = into, line

    def write(self, text: str) -> int:
        return self._into.write(self._line(text) if text.strip() else text)


class Changed(Space):
    """A server whose effects pass through `change` before they are carried out."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        for effect in super().handle(entry, stamp):
            yield from self.change(effect)

    def change(self, effect: Effect) -> Iterator[Effect]:
        raise NotImplementedError


class TalksSlowly(Space):
    """Lets everybody wait at each chat message, as if for somebody outside."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Said) and isinstance(entry.event, space.ChatMessageRequest):
            time.sleep(0.6)
        yield from super().handle(entry, stamp)
