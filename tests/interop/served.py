"""Servers in processes of their own, in Node or not, and what the judge finds in them."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.playground import Options
from conformance.runner import Finished, run
from conformance.suite import ground, suite_of
from conformance.verdict import Verdict
from simulators.target import Target

ROOT = Path(__file__).parents[2]
LISTENING = "listening on "
"""What such a server prints first, before its URL."""


@contextlib.contextmanager
def served(*command: str | Path, **environment: str) -> Iterator[str]:
    """Run a server on any port that is free, and give its URL; it is ended with the block."""
    # What it complains of stands in the output of the test that fails.
    variables = {**os.environ, **environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=variables) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            assert line.startswith(LISTENING), f"{command} said {line!r}"
            yield line.removeprefix(LISTENING)
        finally:
            process.kill()


def judged(target: Target, addresses: Sequence[str] = (), *, seed: int = 0, budget_s: float = 1.0) -> list[Verdict]:
    """Return every verdict on a server, of all cases or of those that are named."""
    cases = suite_of(target.protocol).select(addresses)
    with ground(target, Options(seed=seed, budget_s=budget_s)) as playground:
        ended = [event for event in run(playground, cases) if isinstance(event, Finished)]
    assert len(ended) == len(cases)
    return [verdict for one in ended for verdict in one.verdicts]
