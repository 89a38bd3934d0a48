"""The same movers as a bare client in C, which is what is possible: `python -m benchmarks.bare URL --load JSON`."""

import asyncio
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks.movers import LISTEN_S, WARM_UP_S, Load, asked
from simulators.people import People
from simulators.target import Target

SOURCE: Final = Path(__file__).with_name("bare.c")


def can_compile() -> bool:
    """Say whether this machine has a compiler."""
    return shutil.which("cc") is not None


def compiled(source: Path, folder: Path) -> Path:
    """Return the program that a source makes, in that folder; raises CalledProcessError."""
    program = folder / source.stem
    subprocess.run(["cc", "-O2", "-o", str(program), str(source)], check=True)
    return program


async def sessions(url: str, load: Load) -> str:
    """Return everybody's space, name and token, a line for each."""
    lines = []
    async with People(Target.at(url, namespace="/")) as people:
        for n in range(load.clients):
            scope, name = f"bench-{n // load.per_room}", f"mover-{n}"
            lines.append(f"{scope} {name} {(await people.guest(scope, name)).token}\n")
    return "".join(lines)


def main() -> None:
    """Measure a generator of this kind, which prints its figures as JSON."""
    url, load = asked(__doc__)
    address = urlsplit(url)
    people = asyncio.run(sessions(url, load))
    times = [str(each) for each in (load.moves_per_s, WARM_UP_S, load.seconds, LISTEN_S)]
    with tempfile.TemporaryDirectory() as folder:
        command = [str(compiled(SOURCE, Path(folder))), str(address.hostname), str(address.port), *times]
        subprocess.run(command, input=people, text=True, check=True)


if __name__ == "__main__":
    main()
