"""Several people speak on a stage at once, nobody waiting for anybody, and perhaps somebody is cut off meanwhile."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from conformance.burst import in_order, misordered, told_apart
from conformance.dues import is_answered
from conformance.expectation import Heard, Outlook
from conformance.judge import Step
from conformance.person import Person
from conformance.stage import DISCONNECT, HURRY, Stage
from protocols.contract import Event
from simulators.history import Direction, describe


async def say_at_once(stage: Stage, said: Sequence[tuple[Person, Event]], leaving: Person | None = None) -> None:
    """Let people emit valid events that change nothing, and check what all hear; raises Broken.

    Somebody who says nothing may be cut off meanwhile: what they still hear is open.
    """
    for who, event in said:
        await who.pace(stage.model.protocol.operation(event))
    stage.begin()
    steps = [_speak(stage, who, event, leaving) for who, event in said]
    if leaving is not None:
        steps.append(_cut_off(stage, leaving))
    stage.deeds = len(steps)
    await _judge(stage, steps, leaving)


def _speak(stage: Stage, who: Person, event: Event, leaving: Person | None) -> Step:
    outlook = stage.model.foresee(who, event)
    outlook = replace(outlook, expectations=[item for item in outlook.expectations if item.receiver is not leaving])
    stage.steps.append(f"{who} {Direction.SENT} {describe(event.event_name, event.to_args())}")
    return stage.emit(who, event, event.event_name, event.to_args(), outlook, asks=outlook.ack is not None)


def _cut_off(stage: Stage, who: Person) -> Step:
    assert who.connection is not None
    outlook = stage.model.foresee_end(who)
    stage.steps.append(f"{who} = is cut off")
    who.is_here = False
    who.connection.abort()
    return Step(who, None, DISCONNECT, outlook, time.monotonic_ns())


async def _judge(stage: Stage, steps: Sequence[Step], leaving: Person | None) -> None:
    """Wait until all has come, tell it apart, and judge each by itself, and the order of all."""
    model, protocol = stage.model, stage.model.protocol
    await _hear_acks(stage, steps, leaving)
    due = Outlook([item for step in steps for item in step.outlook.expectations])
    whole = await stage.hear(Step(None, None, stage.cause, due, steps[0].began_ns), speaker=steps[0].who)
    heard = Heard({who: came for who, came in whole.arrivals.items() if who is not leaving})
    parts, orders = told_apart(protocol, steps, heard)
    extras = [extra for step, part in zip(steps, parts, strict=True) for extra in stage.compare(step, part)]
    for broken in misordered(protocol, steps, orders, model.one_order):
        raise broken
    for number in in_order(steps, orders):
        step, part = steps[number], parts[number]
        if step.event is not None and step.who is not None:
            for broken in model.promises(step.who, step.event, part):
                raise broken
            model.apply(step.who, step.event, part)
    if leaving is not None:
        stage.gone(leaving)
    stage.explain(extras)


async def _hear_acks(stage: Stage, steps: Sequence[Step], leaving: Person | None) -> None:
    """Wait for the acks, and until all has been handled that was said."""
    speakers = {step.who for step in steps if step.who is not None and step.who is not leaving}
    acks = [step.outlook.ack.within_ms for step in steps if step.outlook.ack is not None]
    within_s = HURRY if stage.hurried else stage.target.deadline_s(max(acks, default=0))
    await stage.until(lambda: all(map(is_answered, steps)), speakers, time.monotonic() + within_s)
    await asyncio.gather(*(stage.fence_one(who) for who in speakers if who.is_connected))
