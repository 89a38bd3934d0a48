"""Whether a target lives, is slow, hangs or has died; and the process of one that we may start."""

import asyncio
import os
import re
import signal
import subprocess
import threading
import time
import urllib.parse
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import aiohttp

from protocols.errors import ConnectionLost, ConnectRefused, RehearsalError, TargetUnreachable, UsageError, shorten
from simulators.connection import Connection
from simulators.process import READY_S, Process
from simulators.target import Target

HANG: Final = 2
"""Who answers nothing for so many deadlines of a handshake hangs; who answers in the end is slow."""
LOOK_S: Final = 0.05
"""Between two looks whether a target is ready."""
GOODBYE_S: Final = 2.0
"""How long a process may take over a polite end."""
_ERROR: Final = re.compile(r"\b(\w*Error|\w*Exception|panic|fatal)\b", re.IGNORECASE)


class Life(Enum):
    """What is known of a target that something went wrong with."""

    ALIVE = "alive"
    SLOW = "slow"
    """It answers, but later than it should."""
    HUNG = "hung"
    """It is there and takes connections, and answers nothing."""
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Condition:
    """How a target is, and the words for it; none while nothing is wrong."""

    life: Life
    words: str = ""

    @property
    def is_gone(self) -> bool:
        """Whether nothing more can be tried unless it is brought back."""
        return self.life in {Life.HUNG, Life.DEAD}


FINE: Final = Condition(Life.ALIVE)


async def examine(target: Target, *, hang_s: float = 0.0) -> Condition:
    """Knock, and say how the target is. One that answers nothing is waited for until `hang_s`, by default `HANG`."""
    hang_s = hang_s or HANG * target.connect_s
    endpoint = target.endpoint(namespace=target.namespace or "/")
    if endpoint.pace is not None:
        await endpoint.pace.turn()  # is no time of the target's
    began = time.monotonic()
    try:
        door = replace(endpoint, pace=None)
        connection = await Connection.open(door, target.contract, "knock", patience_s=hang_s)
        await connection.close()
    except (ConnectRefused, ConnectionLost):
        pass  # it says no, and lives
    except RehearsalError as error:
        if time.monotonic() - began < hang_s:
            return Condition(Life.DEAD, str(error))
        return await _silent(target, hang_s)
    took_s = time.monotonic() - began
    if took_s > target.connect_s:
        words = f"it is slow: a handshake took {took_s:.1f} s; patience in the target file allows more"
        return Condition(Life.SLOW, words)
    return FINE


async def _silent(target: Target, waited_s: float) -> Condition:
    """Tell a process that is there and answers nothing from a machine that is gone."""
    parts = urllib.parse.urlsplit(target.url)
    port = parts.port or (443 if parts.scheme in {"https", "wss"} else 80)
    silence = f"has answered nothing for {waited_s:.1f} s"
    try:
        async with asyncio.timeout(target.connect_s):
            _, writer = await asyncio.open_connection(parts.hostname, port)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError):
        return Condition(Life.DEAD, f"it takes no connections, and {silence}")
    return Condition(Life.HUNG, f"it takes connections, and {silence}")


class Keeper:
    """Starts the target, by the command of its target file, and ends what it has started."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._children: list[_Child] = []

    @property
    def can_start(self) -> bool:
        """Whether the target file says how."""
        return bool(self.target.process.start)

    @property
    def last_words(self) -> str:
        """How the process ended that was started last, and what it printed to that end; empty while it runs."""
        return self._children[-1].last_words if self._children else ""

    async def await_end(self) -> None:
        """Wait a moment for the end of what was started last: its connections end before it does."""
        if self._children:
            await asyncio.to_thread(self._children[-1].wait, READY_S)

    def start(self) -> None:
        """Start the target anew, once what we started before has ended; raises UsageError where that cannot be run."""
        self.end()
        self._children.append(_Child(self.target.process))

    async def crash(self) -> None:
        """Run the command that makes the target die, to its end; raises UsageError where it fails."""
        command = self.target.process.crash
        try:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=self.target.process.cwd or None, stdin=subprocess.DEVNULL
            )
            code = await process.wait()
        except OSError as error:
            raise UsageError(f"{command[0]} cannot be run: {error}; mend crash in [process]") from error
        if code != 0:
            raise UsageError(f"{' '.join(command)} ended with {code}; mend crash in [process]")

    async def revive(self, condition: Condition) -> None:
        """Bring back a target that has died or hangs; raises UsageError, TargetUnreachable."""
        if not self.can_start:
            raise UsageError("nobody has said how the target is started; say start = […] in [process]")
        is_ours = any(child.is_running for child in self._children)
        if condition.life is Life.HUNG and not is_ours and self.target.process.crash:
            await self.crash()
        self.start()
        await self.until_ready()

    async def until_ready(self) -> None:
        """Wait until the target is ready as its target file says it; raises TargetUnreachable."""
        child, ready = self._children[-1], self.target.process.ready
        deadline = time.monotonic() + READY_S * self.target.patience
        while not await self._is_ready(child, ready):
            if child.failed:
                raise TargetUnreachable(f"{child.command[0]} {child.last_words}")
            if time.monotonic() >= deadline:
                limit_s = READY_S * self.target.patience
                raise TargetUnreachable(
                    f"{child.command[0]} was started, and the target is not ready after {limit_s:g} s"
                )
            await asyncio.sleep(LOOK_S)

    async def _is_ready(self, child: "_Child", ready: str) -> bool:
        if _is_url(ready):
            return await _answers(ready)
        if ready and not child.said_so.is_set():
            return False
        condition = await examine(self.target, hang_s=self.target.connect_s)
        return condition.life in {Life.ALIVE, Life.SLOW}

    def end(self) -> None:
        """End whatever was started."""
        for child in self._children:
            child.end()


class _Child:
    """A process that a target file has us run, and the last that it said."""

    def __init__(self, process: Process) -> None:
        self.command = command = process.start
        self.said_so = threading.Event()
        """Set once it has printed that it is ready."""
        self._ready = process.ready
        self._lines: deque[str] = deque(maxlen=200)
        try:
            # A group of its own, since what is run may be a shell or npm, and the server a child of that.
            self._process = subprocess.Popen(  # noqa: S603  # stands in the target file of whoever runs this
                command,
                cwd=process.cwd or None,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(f"{command[0]} cannot be run: {error}; mend start in [process]") from error
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def failed(self) -> bool:
        """Whether it has ended, and not well: what starts something else and ends is well."""
        return bool(self._process.poll())

    @property
    def last_words(self) -> str:
        """How it ended, with the line that tells most of why; empty while it runs."""
        code = self._process.poll()
        if code is None:
            return ""
        self._reader.join(GOODBYE_S)  # its last line may still be on the way
        ended = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        lines = [line for line in self._lines if line.strip()]
        telling = next((line for line in reversed(lines) if _ERROR.search(line)), lines[-1] if lines else "")
        return f"{ended}: {shorten(telling.strip(), 160)}" if telling else ended

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            if self._ready and self._ready in line:
                self.said_so.set()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait(self, within_s: float) -> None:
        """Wait so long at most for its end."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(within_s)

    def end(self) -> None:
        """End it and what it has started, politely first."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.is_running:
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GOODBYE_S)
                break
        self._reader.join(GOODBYE_S)
        if not self._reader.is_alive() and self._process.stdout is not None:
            self._process.stdout.close()


def _is_url(ready: str) -> bool:
    return ready.startswith(("http://", "https://"))


async def _answers(url: str) -> bool:
    """Say whether there is a good answer at a URL."""
    try:
        async with aiohttp.request("GET", url, timeout=aiohttp.ClientTimeout(total=GOODBYE_S)) as response:
            return response.ok
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
