"""Where several things are wrong at once, the first is found soon, and none hides the others."""

import io
from collections.abc import Iterator
from typing import Any, Final, cast

import pytest

from conformance.playground import Options
from conformance.runner import Finished, run
from conformance.suite import ground, suite_of
from conformance.verdict import Outcome
from reference_server.effects import Effect, Emit, Entry
from reference_server.mode import Mode
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from simulators.target import Target
from tests.faults import hub
from tests.faults.registry import EVERY_FAULT

SOON = 12
"""Cases, of hub's seventy, until the first of five faults has been found; each takes a fraction of a second."""
PATIENCE = 2.0


PARTS: Final = (hub.AnotherId, hub.TypingEchoed, hub.ReadEverywhere, hub.LeftUntold)


class Five(hub.InvalidSwallowed, hub.Changed):
    """A server that is wrong in what becomes of four events, and of invalid ones."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        for part in PARTS:
            if isinstance(effect, Emit) and isinstance(effect.event, part.event):
                yield from part.retell(cast("Any", self), effect, entry)
                return
        yield effect


@pytest.fixture(scope="module")
def finished() -> list[Finished]:
    fixed = [case for case in suite_of("hub").cases() if case.kind in {"asked", "state", "forged", "valid"}]
    with (
        running(Settings(port=0), [Five(World.built_in(), Mode.PRODUCTION)], log_stream=io.StringIO()) as url,
        ground(Target.at(url, protocol="hub", patience=PATIENCE), Options(seed=0)) as played,
    ):
        return [event for event in run(played, fixed) if isinstance(event, Finished)]


def test_the_first_is_found_soon(finished: list[Finished]) -> None:
    failed = [any(v.outcome is Outcome.FAIL for v in event.verdicts) for event in finished]
    assert True in failed[:SOON]


def test_none_hides_the_others(finished: list[Finished]) -> None:
    found = {v.requirement for event in finished for v in event.verdicts if v.outcome is Outcome.FAIL}
    assert found >= {fault.requirement for fault in EVERY_FAULT if fault.part in (*PARTS, hub.InvalidSwallowed)}
