"""The network between delays and keeps order, and says what is no fault of a network."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import pytest

from loadtests.network import Network, Proxy
from protocols.errors import UsageError
from simulators.target import Target


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
    writer.close()


async def through(network: Network, use: Callable[[str, int], Awaitable[None]]) -> None:
    """Use an echo as it is seen through a network."""
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy, seen = await Proxy.before(Target.at(f"http://127.0.0.1:{port}"), network, "seed")
    try:
        await asyncio.wait_for(use("127.0.0.1", int(seen.url.rpartition(":")[2])), 10)
    finally:
        await proxy.close()
        server.close()


def test_what_is_said_is_delayed_each_way_and_keeps_its_order() -> None:
    async def use(host: str, port: int) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        began_s = time.monotonic()
        for n in range(100):
            writer.write(b"%02d" % n)
            await asyncio.sleep(0)
        writer.write_eof()
        heard = await reader.read()
        assert time.monotonic() - began_s >= 0.1
        assert heard == b"".join(b"%02d" % n for n in range(100))
        writer.close()

    asyncio.run(through(Network(latency_s=0.05, jitter_s=0.0), use))


def test_a_target_that_is_not_there_refuses_through_the_network_too() -> None:
    async def use(host: str, port: int) -> None:
        proxy = Proxy(Network(), "127.0.0.1", 1, "seed")
        reader, writer = await asyncio.open_connection("127.0.0.1", await proxy.start())
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        await proxy.close()

    asyncio.run(through(Network(), use))


def test_faults_are_read() -> None:
    assert Network.parse("latency=50ms, jitter=20ms,cut=0.1/s") == Network(0.05, 0.02, 0.1)
    assert Network.parse("cut=2/s") == Network(cut_per_s=2)
    assert not Network.parse("cut=2/s").delays


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("loss=1%", "'loss=1%' is no fault of a network; write it like latency=50ms"),
        ("latency=50", "'50' is no duration"),
        ("cut=3", "'3' is no rate"),
    ],
)
def test_what_is_no_fault_is_said_so(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Network.parse(text)
