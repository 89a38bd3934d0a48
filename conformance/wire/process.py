"""The process behind a port of this machine, and how much memory it holds; only where /proc tells."""

import os
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_LISTENING: Final = "0A"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine."""

    pid: int

    def memory(self) -> int:
        """Return the bytes it holds in RAM; 0 where it is gone."""
        try:
            return int((_PROC / str(self.pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError, ValueError):
            return 0


def behind(url: str) -> Process | None:
    """Return the process that listens at a URL of this machine; None where nobody can tell, or where it is this one."""
    parts = urllib.parse.urlsplit(url)
    if parts.hostname not in _LOOPBACK or parts.port is None or not _PROC.is_dir():
        return None
    inodes = {f"socket:[{inode}]" for name in ("tcp", "tcp6") for inode in _listening(_PROC / "net" / name, parts.port)}
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid() and _holds(folder / "fd", inodes):
            return Process(int(folder.name))
    return None


def _listening(table: Path, port: int) -> list[str]:
    """Return the inodes of the sockets that listen on a port."""
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port]


def _holds(folder: Path, inodes: set[str]) -> bool:
    try:
        return any(os.readlink(link) in inodes for link in folder.iterdir())
    except OSError:  # another user's, or gone
        return False
