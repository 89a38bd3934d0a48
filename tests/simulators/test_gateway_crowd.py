"""The people of gateway at our server, and at one that says things twice, or lies."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from protocols.gateway import SendMessageAck
from reference_server.effects import Acknowledge, Effect, Emit, Entry, Stamp
from reference_server.mode import Mode
from reference_server.rules.gateway import Gateway
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from simulators.crowd import Crowd
from simulators.engine import Engine
from simulators.scenario import Cast
from simulators.tally import Tally
from simulators.target import Target

Change = Callable[[Effect], Iterator[Effect]]


def play(engine: Engine, url: str, cast: str, for_s: float) -> Tally:
    async def go() -> Tally:
        target = Target.at(url, protocol="gateway")
        crowd = await Crowd.gather(target, Cast.parse(cast, "gateway"), seed=1, run="t")
        return await crowd.play(for_s)

    return engine.submit(go())


def test_a_cast_at_our_server_loses_nothing(engine: Engine) -> None:
    # Among the other protocols, so that the people have to find their own namespace.
    with running(Settings(port=0, protocols=("space", "gateway")), log_stream=io.StringIO()) as url:
        tally = play(engine, url, "chatter=14,commuter=6,heckler=3", 3.0)
    assert (tally.examples, tally.faults) == ([], 0)
    assert tally.total("delivered") > 50
    assert tally.acks.keys() >= {"joinRoom", "sendMessage", "heartbeat"}
    assert tally.acks["joinRoom"].count >= 20


def doubles(effect: Effect) -> Iterator[Effect]:
    yield effect
    if isinstance(effect, Emit):
        yield effect


def lies(effect: Effect) -> Iterator[Effect]:
    if isinstance(effect, Acknowledge) and isinstance(effect.value, SendMessageAck):
        yield replace(effect, value=effect.value.model_copy(update={"status": "FAILED", "error": "no"}))
    else:
        yield effect


@pytest.mark.parametrize(("change", "complaint"), [(doubles, "twice"), (lies, "'FAILED'")])
def test_a_server_that_is_wrong_is_found_out(engine: Engine, change: Change, complaint: str) -> None:
    class Wrong(Gateway):
        def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
            for effect in super().handle(entry, stamp):
                yield from change(effect)

    rules = Wrong(World.built_in(), Mode.PRODUCTION)
    with running(Settings(port=0, protocols=("gateway",)), [rules], log_stream=io.StringIO()) as url:
        tally = play(engine, url, "chatter=10", 2.0)
    assert tally.faults > 0
    assert any(complaint in example for example in tally.examples)
