"""A worse network between the people and the target, from one seed.

What delays is a TCP proxy: bytes take their time each way, each connection in order, as on a long line. What cuts is
the crowd, at its own end (`Population.cut_connections`): so it knows of each cut, and takes none for the target's.
"""

import asyncio
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Self
from urllib.parse import urlsplit

from loadtests.durations import per_second, seconds
from protocols.errors import UsageError
from simulators.target import Target

_CHUNK: Final = 65_536
_PARKED: Final = 64
"""How many chunks may be under way on a line before its sender has to wait."""
_WORDS: Final = "write it like latency=50ms,jitter=20ms,cut=0.1/s"


@dataclass(frozen=True, slots=True)
class Network:
    """What a network does to what goes through it."""

    latency_s: float = 0.0
    """Each way."""
    jitter_s: float = 0.0
    """By how much more or less than `latency_s` each piece takes; none overtakes another."""
    cut_per_s: float = 0.0
    """How often each connection is cut, in a second on average."""

    @property
    def delays(self) -> bool:
        """Whether anything takes longer than it would."""
        return self.latency_s > 0 or self.jitter_s > 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `latency=50ms,jitter=20ms,cut=0.1/s`; raises UsageError."""
        made = cls()
        for part in text.split(","):
            name, _, value = (piece.strip() for piece in part.partition("="))
            match name:
                case "latency":
                    made = replace(made, latency_s=seconds(value))
                case "jitter":
                    made = replace(made, jitter_s=seconds(value))
                case "cut":
                    made = replace(made, cut_per_s=per_second(value))
                case _:
                    raise UsageError(f"--network: {part.strip()!r} is no fault of a network; {_WORDS}")
        return made

    def delay_s(self, random: Random) -> float:
        """Draw how long the next piece takes."""
        return max(0.0, self.latency_s + random.uniform(-self.jitter_s, self.jitter_s))


class Proxy:
    """Listens at a free port of this machine, and passes everything on to one host; belongs to one loop."""

    def __init__(self, network: Network, host: str, port: int, seed: str) -> None:
        self._network = network
        self._host = host
        self._port = port
        self._seed = seed
        self._count = 0
        self._lines: set[asyncio.Task[None]] = set()

    @classmethod
    async def before(cls, target: Target, network: Network, seed: str) -> tuple[Self, Target]:
        """Start one before a target, and return it and the target as it is seen through it."""
        parts = urlsplit(target.url)
        assert parts.hostname is not None  # a target's URL has one
        proxy = cls(network, parts.hostname, parts.port or 80, seed)
        return proxy, replace(target, url=f"http://127.0.0.1:{await proxy.start()}")

    async def start(self) -> int:
        """Begin, and return the port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """End all connections, and listen no more."""
        self._server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.get_running_loop().create_task(self._pass_on(reader, writer))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Each connection has a chance of its own: what one draws changes nothing for the others.
        self._count += 1
        random = Random(f"{self._seed}/line/{self._count}")
        try:
            there = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.transport.abort()
            return
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._carry(reader, there[1], Random(random.random())))
                ways.create_task(self._carry(there[0], writer, Random(random.random())))
        except ExceptionGroup as errors:
            if errors.split(OSError)[1] is not None:  # an end that was reset is no fault of ours
                raise
        finally:
            writer.transport.abort()
            there[1].transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, random: Random) -> None:
        """Carry bytes one way until their sender is done, each piece at its time and in order."""
        clock = asyncio.get_running_loop().time
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_PARKED)

        async def hand_over() -> None:
            while True:
                at_s, data = await under_way.get()
                await asyncio.sleep(max(0.0, at_s - clock()))
                if not data:
                    writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()

        async with asyncio.TaskGroup() as group:
            group.create_task(hand_over())
            data = b"none yet"
            while data:
                data = await reader.read(_CHUNK)
                await under_way.put((clock() + self._network.delay_s(random), data))
