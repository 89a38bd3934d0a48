"""The command line as a person has it: in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

COMMAND = Path(sys.executable).with_name("rehearsal")
# What makes commands speak to whoever runs these tests.
_RUNNERS = {"CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"}
OURSELVES = {name: value for name, value in os.environ.items() if name not in _RUNNERS}


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def rehearsal(
    *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, within_s: float = 60
) -> Ended:
    """Run `rehearsal` to its end."""
    done = subprocess.run(
        [COMMAND, *words],
        cwd=cwd,
        env={**OURSELVES, "NO_COLOR": "1", **(env or {})},
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


class Running:
    """`rehearsal` while it runs; a `with` block that ends it if it has not ended."""

    def __init__(self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [COMMAND, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**OURSELVES, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", **(env or {})},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def line_with(self, text: str) -> str:
        """Read what it prints until a line has this text; fails when it ends without."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return line
        raise AssertionError(f"it ended without printing {text!r}")

    def interrupt(self) -> Ended:
        """Press Ctrl-C, and wait for the end."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=20)
        return Ended(self.process.returncode, out, err)
