"""Every event from those who may not emit it now: strangers, those elsewhere, who left or was gone, who did it before.

What each state comes to, refused or not, the model of the contract says.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from conformance.case import Skipped
from conformance.cast import Cast
from conformance.model import INVALID
from conformance.person import Person
from conformance.playground import Playground
from conformance.trial import try_each
from protocols.contract import Event, Operation

Turn: TypeAlias = tuple[Person, Event]


def wrong_states(operation: Operation) -> list[str]:
    """Return the requirements by which this operation is refused because of a state."""
    return [
        refusal.requirement
        for refusal in operation.refusals
        if refusal.requirement and not any(condition.name == INVALID for condition in refusal.when)
    ]


def too_early(operation: Operation, ground: Playground) -> None:
    """Emit the event in a state that is not the one for it; what is refused changes nothing."""
    refused: set[str] = set()

    async def attempt(cast: Cast, name: str) -> None:
        who, event = await _STATES[name](cast, operation)
        if (refusal := cast.model.foresee(who, event).refusal) is not None:
            refused.add(refusal.requirement)
        await cast.stage.say(who, event)

    try_each(ground, attempt, Cast.settle, last=(LEFT, RECONNECTED))
    if not ground.found and not refused & set(ground.trial.case.cites):
        raise Skipped(f"nobody is refused {operation.name} for what they have done so far")


async def _newcomer(cast: Cast, operation: Operation) -> Turn:
    """Return somebody who has done nothing yet."""
    event = cast.event(operation, await cast.ready(operation))
    return await cast.outsider(), cast.inadmissible(operation) or event


async def _elsewhere(cast: Cast, operation: Operation) -> Turn:
    """Return somebody in another place, with what is accepted in this one."""
    event = cast.event(operation, await cast.ready(operation))
    return cast.person("dee"), event


async def _left(cast: Cast, operation: Operation) -> Turn:
    """Return somebody who was in the place, and has left it."""
    who = await cast.ready(operation)
    event = cast.event(operation, who)
    await cast.depart(who)
    return who, event


async def _reconnected(cast: Cast, operation: Operation) -> Turn:
    """Return somebody whose connection was cut, and who came back without entering again."""
    who = await cast.ready(operation)
    event = cast.event(operation, who)
    await cast.stage.leave(who, politely=False)
    await cast.reconnect(who)
    return who, event


async def _another_socket(cast: Cast, operation: Operation) -> Turn:
    """Return another socket of the one who may."""
    who = await cast.ready(operation)
    event = cast.event(operation, who)
    if cast.model.protocol.handshake is None:
        raise Skipped("two sockets of one user are known by the handshake, and this protocol has none")
    return await cast.come(f"twin{len(cast.stage.people)}", like=who), event


async def _again(cast: Cast, operation: Operation) -> Turn:
    """Return somebody who has just done it."""
    who = await cast.ready(operation)
    event = cast.event(operation, who)
    await cast.stage.say(who, event)
    return who, event


LEFT: Final = "left"
RECONNECTED: Final = "reconnected"
_STATES: Final[Mapping[str, Callable[[Cast, Operation], Awaitable[Turn]]]] = {
    "newcomer": _newcomer,
    "elsewhere": _elsewhere,
    "another-socket": _another_socket,
    "again": _again,
    LEFT: _left,
    RECONNECTED: _reconnected,
}
STATES: Final = tuple(_STATES)
