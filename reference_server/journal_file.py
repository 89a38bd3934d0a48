"""A journal that outlives its process: one file a protocol, a line an entry, written before the entry is handled.

What the rules have acknowledged, promised for later or recorded is a function of their entries, so a server that reads
its journal again goes on where the last one ended, however that was. A line is in the system's hands before anybody
hears of the entry: it survives the death of this process, not that of the machine.
"""

import dataclasses
import fcntl
import importlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from pydantic import TypeAdapter

from protocols.contract import Action, Protocol
from protocols.errors import PayloadError, UsageError
from reference_server.effects import Answer, Command, Connected, Entry, Garbled, Gone, Said, Stamp

_PACKAGE: Final = "reference_server."
_PLAIN: Final = {kind.__name__: kind for kind in (Connected, Garbled, Gone)}


class JournalFile:
    """The entries of one protocol on disk; `with` it, or close it."""

    def __init__(self, path: Path, protocol: Protocol) -> None:
        """Open a journal, new or old; raises UsageError where that cannot be."""
        self._path, self._protocol = path, protocol
        self._adapters: dict[type[Command], TypeAdapter[Any]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # What was said stands in it word for word, so it is for its owner alone.
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise UsageError(f"another server writes the journal {path}; give each a folder of its own") from None
        except OSError as error:
            raise UsageError(f"the journal {path} cannot be opened: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def append(self, entry: Entry, stamp: Stamp) -> None:
        """Write an entry at the end."""
        line = {"now": stamp.now_ms, "entropy": stamp.entropy.hex(), **self._written(entry)}
        # The standard library's: what was garbled may hold what orjson refuses, such as a lone surrogate.
        os.write(self._file, json.dumps(line, separators=(",", ":")).encode() + b"\n")

    def read(self) -> Iterator[tuple[Entry, Stamp]]:
        """Yield all entries from the beginning; raises UsageError at what no server of this protocol wrote.

        A last line that is cut off is what a dying process left: nobody heard of that entry, and it is dropped.
        """
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    os.truncate(self._path, lines.tell() - len(line))
                    return
                try:
                    yield self._read(json.loads(line))
                except (ValueError, LookupError, TypeError, AttributeError, ImportError, PayloadError) as error:
                    raise UsageError(
                        f"{self._path}:{number}: no entry of {self._protocol.name} ({str(error)[:100]}); "
                        "it was written by another version, or changed: begin with another folder"
                    ) from None

    # ---- one line ----------------------------------------------------------------------------------------------

    def _written(self, entry: Entry) -> Mapping[str, object]:
        match entry:
            case Said():
                answer = None if entry.answer is None else dataclasses.asdict(entry.answer)
                return {"said": [entry.sid, entry.event.event_name, entry.event.to_args(), entry.ack, answer]}
            case Command():
                kind = type(entry)
                name = f"{kind.__module__.removeprefix(_PACKAGE)}:{kind.__qualname__}"
                return {"command": name, "of": self._adapter(kind).dump_python(entry, mode="json")}
            case _:
                return {"entry": type(entry).__name__, "of": dataclasses.asdict(entry)}

    def _read(self, line: dict[str, Any]) -> tuple[Entry, Stamp]:
        stamp = Stamp(line["now"], bytes.fromhex(line["entropy"]))
        if "said" in line:
            sid, name, args, ack, answer = line["said"]
            event = self._protocol.parse(Action.RECEIVE, name, args)
            return Said(sid, event, None if answer is None else Answer(**answer), ack), stamp
        if "command" in line:
            command: Command = self._adapter(_command(line["command"])).validate_python(line["of"])
            return command, stamp
        return _PLAIN[line["entry"]](**line["of"]), stamp

    def _adapter(self, kind: type[Command]) -> TypeAdapter[Any]:
        if kind not in self._adapters:
            self._adapters[kind] = TypeAdapter(kind)
        return self._adapters[kind]


def _command(name: str) -> type[Command]:
    """Return a command's class by its name; nothing but commands of this server can be named."""
    module, _, qualname = name.partition(":")
    kind = getattr(importlib.import_module(_PACKAGE + module), qualname)
    if not (isinstance(kind, type) and issubclass(kind, Command)):
        raise TypeError(f"{name} is no command")
    return kind
