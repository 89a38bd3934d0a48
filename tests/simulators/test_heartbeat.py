"""The heartbeat, on a real loop with short times."""

import asyncio

from simulators.heartbeat import Heartbeat


def test_silence_is_noticed_after_the_last_ping_and_once() -> None:
    async def watch() -> tuple[float, list[float]]:
        loop = asyncio.get_running_loop()
        silences: list[float] = []
        heartbeat = Heartbeat(30, 20, lambda: silences.append(loop.time()))
        begin = last = loop.time()
        while loop.time() < begin + 0.15 and not silences:  # three times its patience
            await asyncio.sleep(0.01)
            if not silences:
                heartbeat.beat()
                last = loop.time()
        await asyncio.sleep(0.15)
        return last, silences

    last, silences = asyncio.run(watch())
    assert len(silences) == 1
    assert silences[0] >= last + 0.049  # the loop's clock ticks in milliseconds


def test_a_stopped_heartbeat_is_quiet() -> None:
    async def watch() -> list[str]:
        silences: list[str] = []
        stopped = Heartbeat(1, 1, lambda: silences.append("stopped"))
        stopped.stop()
        heard = asyncio.Event()
        Heartbeat(5, 5, heard.set)
        await asyncio.wait_for(heard.wait(), 5)  # by then the other would have spoken
        return silences

    assert asyncio.run(watch()) == []
