"""Writes for each defect what shows it to others: a script in Python, one for Node, and a replay for the judge."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conformance.defects import Defect
from conformance.reproduce import bare, codec
from conformance.reproduce.language import MAX_LINES, Language
from conformance.reproduce.node import Node
from conformance.reproduce.prune import pruned
from conformance.reproduce.python import Python
from conformance.reproduce.script import script
from conformance.reproduce.tape import Tape
from conformance.reproduce.trace import Env, Token, Trace, spoken
from conformance.verdict import Key, Verdict
from protocols.contract import Requirement
from protocols.errors import UsageError

SCRIPTS: Final = "reproducers"
REPLAYS: Final = "replays"
NOT_STAGED: Final = "no stock client can do this; the command above plays it again"
_SHOWN: Final = 160
"""Characters of each line that a script says about itself."""
_ENDS: Final = ". Exit code 1: the fault shows; 0: it does not; 2: nobody can tell."
_NEEDS: Final[Mapping[type[Language], str]] = {
    Python: 'Needs pip install "python-socketio[asyncio_client]"',
    Node: "Needs npm install socket.io-client, and Node 18",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproducer:
    """Where it stands how others can see a defect; paths are relative to the folder of the report."""

    python: str = ""
    node: str = ""
    replay: str = ""
    unshown: str = ""
    """Why there is none; empty where there are; below the events there are no replays."""

    @property
    def told(self) -> str:
        """Where it stands, or why it does not, in one line."""
        return self.unshown.splitlines()[0] if self.unshown else ", ".join(filter(None, self._paths))

    @property
    def _paths(self) -> tuple[str, ...]:
        return self.python, self.node, self.replay


class Reproducers:
    """Writes into the folder of a report; `name` is that of the target where several share it."""

    def __init__(self, folder: Path, name: str = "") -> None:
        self._folder = folder
        self._name = name
        self._taken: set[str] = set()
        try:
            for part in (SCRIPTS, REPLAYS):
                (folder / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder} cannot be written: {error.strerror}") from None

    def write(self, defects: Iterable[Defect], requirements: Mapping[str, Requirement]) -> dict[Key, Reproducer]:
        """Write what shows each of these, and return where it stands, by the keys of their verdicts."""
        return {
            defect.verdict.key: self._write(defect.verdict, requirements.get(defect.verdict.requirement))
            for defect in defects
        }

    def _write(self, verdict: Verdict, requirement: Requirement | None) -> Reproducer:
        if verdict.tape is not None:
            return self._write_tape(verdict, verdict.tape, requirement)
        trace = verdict.trace
        if trace is None or trace.unshown:
            return Reproducer(unshown=trace.unshown if trace else NOT_STAGED)
        slug = self._slug(verdict)
        replay = f"{REPLAYS}/{slug}.json"
        codec.write(trace, self._folder / replay)
        paths: dict[type[Language], str] = {}
        for kind in (Python, Node):
            paths[kind] = f"{SCRIPTS}/{slug}{kind.suffix}"
            text = _script(trace, verdict, requirement, kind)
            (self._folder / paths[kind]).write_bytes(text.encode("utf-8", "backslashreplace"))
        return Reproducer(python=paths[Python], node=paths[Node], replay=replay)

    def _write_tape(self, verdict: Verdict, tape: Tape, requirement: Requirement | None) -> Reproducer:
        if tape.unshown:
            return Reproducer(unshown=tape.unshown)
        slug, paths = self._slug(verdict), {}
        about = [*_about(verdict, requirement), f"{bare.needs(tape)}{_ENDS}"]
        for suffix, write in (Python.suffix, bare.python), (Node.suffix, bare.node):
            paths[suffix] = f"{SCRIPTS}/{slug}{suffix}"
            (self._folder / paths[suffix]).write_bytes(write(tape, about).encode("utf-8", "backslashreplace"))
        return Reproducer(python=paths[Python.suffix], node=paths[Node.suffix])

    def _slug(self, verdict: Verdict) -> str:
        words = [self._name, verdict.requirement, verdict.check or ""]
        whole = "-".join(re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-") for word in words if word)
        slug, again = whole, 1
        while slug in self._taken:
            again += 1
            slug = f"{whole}-{again}"
        self._taken.add(slug)
        return slug


def _script(trace: Trace, verdict: Verdict, requirement: Requirement | None, kind: type[Language]) -> str:
    """Return a script of all that was done; of less only where that would be too long, for who knows what mattered."""
    text = script(trace, _head(verdict, requirement, trace, kind), kind)
    if len(text.splitlines()) <= MAX_LINES:
        return text
    less = pruned(trace)
    return script(less, _head(verdict, requirement, less, kind), kind)


def _head(verdict: Verdict, requirement: Requirement | None, trace: Trace, kind: type[Language]) -> list[str]:
    env = dict.fromkeys(name for step in trace.steps for source in spoken(step) for name in _env(source))
    needed = "".join(f", and {name} in the environment" for name in env)
    return [*_about(verdict, requirement), f"{_NEEDS[kind]}{needed}{_ENDS}"]


def _about(verdict: Verdict, requirement: Requirement | None) -> list[str]:
    """Return what was promised, and what came instead."""
    promised = f"{requirement.address} {requirement.level}: {requirement.text}" if requirement else verdict.requirement
    return [_line(promised), _line(f"Expected {verdict.expected}; came {verdict.came}")]


def _env(source: object) -> list[str]:
    match source:
        case Env(name=name):
            return [name]
        case Token(secret_env=name) if name:
            return [name]
    return []


def _line(text: str) -> str:
    """Return a text as one line of a comment."""
    one = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return one if len(one) <= _SHOWN else f"{one[:_SHOWN]}…"
