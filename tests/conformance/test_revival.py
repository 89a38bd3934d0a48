"""A target that dies is a verdict with the killing input, and its restart command brings it back."""

import subprocess
import sys
from pathlib import Path

from conformance.checks import Check
from conformance.playground import Options
from conformance.runner import Finished, RunEvent, TargetDied, TargetRevived, run
from conformance.suite import ground, suite_of
from conformance.verdict import Outcome
from simulators.process import Process
from simulators.target import Target
from tests.free_port import free_port

# A server of space that a whisper to nobody kills, the way an unhandled error kills a process.
MORTAL = """
import os, sys
from protocols import space
from reference_server.effects import Said
from reference_server.mode import Mode
from reference_server.rules.space import Space
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World

class Mortal(Space):
    def handle(self, entry, stamp):
        if isinstance(entry, Said) and isinstance(entry.event, space.WhisperSend) and entry.event.targetId == "nobody":
            os._exit(1)
        yield from super().handle(entry, stamp)

with running(Settings(port=int(sys.argv[1])), [Mortal(World.built_in(), Mode.PRODUCTION)]) as url:
    print(url, flush=True)
    sys.stdin.read() if sys.argv[2:] else __import__("threading").Event().wait()
"""
ROOT = Path(__file__).parents[2]


def _play(restarts: bool) -> list[RunEvent]:
    port = free_port()
    command = (sys.executable, "-c", MORTAL, str(port))
    with subprocess.Popen(
        [*command, "until stdin ends"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        server.stdout.readline()
        target = Target(url=f"http://127.0.0.1:{port}", process=Process(start=command) if restarts else Process())
        whispers = [case for case in suite_of("space").select(["space/whisper"]) if case.kind == "scene"]
        others = suite_of("space").select(["space/chat/trimmed"])
        with ground(target, Options(seed=0)) as played:
            events = list(run(played, [*whispers, *others]))
        server.stdin.close()
    return events


def test_death_is_a_failure_with_the_killing_input() -> None:
    events = _play(restarts=False)

    verdict = next(event for event in events if isinstance(event, Finished)).verdicts[-1]
    assert (verdict.requirement, verdict.outcome) == ("space/all/1", Outcome.FAIL)
    assert verdict.check is Check.SERVER_SURVIVES
    assert any('"targetId":"nobody"' in line for line in verdict.conversation)
    assert isinstance(events[-1], TargetDied)


def test_restart_command_brings_it_back_and_the_run_goes_on() -> None:
    events = _play(restarts=True)

    assert [type(event) for event in events if isinstance(event, TargetDied | TargetRevived)] == [
        TargetDied,
        TargetRevived,
    ]
    last = events[-1]
    assert isinstance(last, Finished)
    assert {verdict.outcome for verdict in last.verdicts} == {Outcome.PASS}
