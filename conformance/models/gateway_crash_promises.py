"""What `gateway` promises for the day on which it dies: whatever was ACKed is delivered, or stands in the history."""

import asyncio
import time
from contextlib import suppress
from typing import Final

from conformance.checks import Check
from conformance.crash import come_back, demand
from conformance.models.gateway import Room
from conformance.models.gateway_cast import GatewayCast, new_id
from conformance.person import Person
from conformance.reproduce.unshown import IN_A_CRASH
from conformance.scene import Scenes, attributed, checking, require, unseen
from protocols import gateway
from protocols.errors import NotHeard
from simulators.received import Answer

SCENES: Final[Scenes[GatewayCast]] = Scenes("gateway")
shows = SCENES.shows

SPOKEN: Final = 200
"""Messages that are on their way when the target dies: some are ACKed by then, some are not."""
LAST_WORDS_MS: Final = 100
"""What the target said before its death takes to arrive; times its patience."""
LOOK_S: Final = 0.05
"""Between two looks at what is not yet so."""


@shows("durability/1")
async def durability__crash(cast: GatewayCast) -> None:
    """The target dies amid a hundred messages; what was ACKed has been heard, or is in the history once it is back."""
    target = cast.stage.target
    demand(target)
    await cast.assemble()
    ana, room = cast.person("ana"), cast.room(0)
    for number in range(3):
        await cast.send(ana, room, f"before the crash {number}")
    accepted = await _crash_amid(cast, ana, room)
    heard = {event.clientMsgId for who in room.listeners for event in _heard(who)}
    for person in cast.stage.people:
        person.is_here = False
        cast.model.leave(person)
    await come_back(cast.stage, cast.identity(ana))
    with unseen(IN_A_CRASH):
        await _check_kept(cast, room, accepted, heard)


async def _check_kept(cast: GatewayCast, room: Room, accepted: set[str], heard: set[str]) -> None:
    with attributed("gateway/durability/1"), checking(Check.CRASH_RECOVERY):
        kept = {str(one["clientMsgId"]) for one in await _whole(cast, room, accepted - heard)}
    lost = accepted - heard - kept
    expected = f"each of {len(accepted)} ACKed messages was heard, or is in the history"
    require(not lost, "gateway/durability/1", expected, f"{len(lost)} of them are lost", check=Check.CRASH_RECOVERY)
    early = {str(one["clientMsgId"]) for one in room.said} - kept
    expected = "what was in the history before the crash still is"
    require(not early, "gateway/durability/1", expected, f"{len(early)} messages are lost", check=Check.CRASH_RECOVERY)


async def _crash_amid(cast: GatewayCast, ana: Person, room: Room) -> set[str]:
    """Let somebody speak, and the target die once the first ACK has come; return what was ACKed."""
    target, connection = cast.stage.target, ana.connection
    assert connection is not None
    cast.stage.begin("= the target crashes while ana speaks")
    for person in cast.stage.people:
        person.forget()
    for _ in range(SPOKEN):
        message = gateway.SendMessage(roomId=room.id, clientMsgId=new_id(), content="can anybody hear me?")
        connection.ask_raw(message.event_name, *message.to_args())
    await cast.stage.until(lambda: bool(_accepted(ana)), [ana], time.monotonic() + target.deadline_s(1000))
    await cast.stage.keeper.crash()
    with suppress(NotHeard):  # where only a worker has died; else what was on its way is here when the connection ends
        await connection.wait_closed(target.deadline_s(LAST_WORDS_MS))
    return _accepted(ana)


def _accepted(who: Person) -> set[str]:
    acks = [one.ack for one in who.arrivals if isinstance(one, Answer)]
    return {ack.clientMsgId for ack in acks if isinstance(ack, gateway.SendMessageAck) and ack.status == "ACCEPTED"}


def _heard(who: Person) -> list[gateway.NewMessage]:
    return [received.event for received in who.inbox if isinstance(received.event, gateway.NewMessage)]


async def _whole(cast: GatewayCast, room: Room, wanted: set[str]) -> list[dict[str, object]]:
    """Read the history until it holds what is wanted, or should."""
    by = cast.identity(cast.person("ana"))
    deadline = time.monotonic() + cast.stage.target.deadline_s(1000)
    while True:
        whole = [dict(one) for one in await cast.history(room, by, least=SPOKEN + len(room.said))]
        if wanted <= {str(one["clientMsgId"]) for one in whole} or time.monotonic() >= deadline:
            return whole
        await asyncio.sleep(LOOK_S)
